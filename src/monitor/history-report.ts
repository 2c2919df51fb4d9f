import { compileCheck } from '../check';
import { SmartMoError } from '../errors';
import type { Line } from '../line/line';
import { withBookings } from '../queue/bookings';
import { type HistoryFilter, historyPage, requeueable } from '../queue/history';
import { historyTotals, type Totals } from '../queue/history-totals';
import { unitFactor } from '../units';
import { type CsvStyle, historyCsv } from './csv';
import { mayAct } from './possible-actions';
import { type ShownRecord, toShownRecord } from './shown-record';

interface HistoryInput {
  limit?: number;
  offset?: number;
  status?: string | null;
  mo_id?: string | null;
  search?: string | null;
  from?: string | null;
  to?: string | null;
  timezone?: string | null;
  totals?: boolean | null;
  not_in_odoo?: boolean | null;
  csv?: CsvStyle | null;
}

const checkInput = compileCheck<HistoryInput>(
  {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 500, nullable: true },
      offset: { type: 'integer', minimum: 0, nullable: true },
      status: { type: 'string', enum: ['completed', 'failed', 'cancelled', null], nullable: true },
      mo_id: { type: 'string', minLength: 1, maxLength: 64, nullable: true },
      search: { type: 'string', maxLength: 64, nullable: true },
      from: { type: 'string', maxLength: 40, nullable: true },
      to: { type: 'string', maxLength: 40, nullable: true },
      timezone: { type: 'string', maxLength: 64, nullable: true },
      totals: { type: 'boolean', nullable: true },
      not_in_odoo: { type: 'boolean', nullable: true },
      csv: { type: 'string', enum: ['comma', 'semicolon', null] as never, nullable: true },
    },
  },
  'payload',
  'INPUT_INVALID',
);

/** Totals read every batch record of their span. */
const MOST_DAYS = 366;
const DAY_MS = 86_400_000;

export interface HistoryReport extends Record<string, unknown> {
  total: number;
  limit: number;
  offset: number;
  /** Newest first. */
  histories: (ShownRecord & { can: ('booked' | 'requeue')[] })[];
  /** With payload.totals: of all batch records that are meant, not of this page alone. */
  totals?: Omit<Totals, 'days'> & { days: (Totals['days'][number] & { planned_weight: number | null })[]; weight_uom: string };
  /** With payload.csv: this page as a table for a spreadsheet, its head on the first page only. */
  csv?: string;
}

/**
 * The report `history`: batch records by MO (`mo_id` is the whole name, `search` its end), status and time.
 * @throws INPUT_INVALID; DB_ codes
 */
export async function historyReport(line: Line, payload: Record<string, unknown>): Promise<HistoryReport> {
  const { limit, offset, status, mo_id, search, from, to, timezone, totals, not_in_odoo, csv } = checkInput(payload);
  const filter: HistoryFilter = {
    status: status ?? null,
    mo_id: mo_id ?? null,
    search: search?.trim() || null,
    from: moment('from', from),
    to: moment('to', to),
    notInOdoo: not_in_odoo ?? false,
  };
  const timeZone = timeZoneOf(timezone);
  const page = { limit: limit ?? 50, offset: offset ?? 0 };
  if (totals) checkSpan(filter);
  const { total, rows } = await historyPage(line.database, line.line, { ...filter, ...page });
  const told = await withBookings(line.database, line.line, rows, line.mapping.weightUnit);
  const records = told.map((row) => toShownRecord(row, line));
  const isOffered = mayAct(line);
  const mayReturn = await requeueable(line.database, line.line, isOffered ? namesOf(records) : []);
  return {
    total,
    ...page,
    histories: records.map((record) => ({
      ...record,
      can: [
        ...(isOffered && record.not_in_odoo ? (['booked'] as const) : []),
        ...(mayReturn.has(record.mo_id) ? (['requeue'] as const) : []),
      ],
    })),
    ...(totals
      ? { totals: inWeight(line, await historyTotals(line.database, line.line, filter, { timeZone, mapping: line.mapping })) }
      : {}),
    ...(csv ? { csv: historyCsv(records, csv, timeZone, page.offset === 0) } : {}),
  };
}

function namesOf(records: readonly ShownRecord[]): string[] {
  return records.filter(({ status }) => status !== 'completed').map(({ mo_id }) => mo_id);
}

/** Planned and actual of a day can only be compared in one unit; an order counted in bags has no weight. */
function inWeight({ mapping }: Line, totals: Totals): NonNullable<HistoryReport['totals']> {
  const days = totals.days.map((day) => {
    const factor = unitFactor(day.uom, mapping.weightUnit);
    return { ...day, planned_weight: factor === null || day.planned === null ? null : day.planned * factor };
  });
  return { ...totals, days, weight_uom: mapping.weightUnit };
}

function moment(key: string, text: string | null | undefined): Date | null {
  if (!text) return null;
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at;
  throw new SmartMoError('INPUT_INVALID', `payload.${key} must be a time such as 2026-03-01T00:00:00Z; it is "${text}"`, { value: text });
}

function checkSpan({ from, to }: HistoryFilter): void {
  if (from && (to?.getTime() ?? Date.now()) - from.getTime() <= MOST_DAYS * DAY_MS) return;
  throw new SmartMoError('INPUT_INVALID', `totals need payload.from, at most ${MOST_DAYS} days before payload.to`, { value: from });
}

/** Default: the clock of the plant. */
function timeZoneOf(given: string | null | undefined): string {
  try {
    return new Intl.DateTimeFormat('en', given ? { timeZone: given } : {}).resolvedOptions().timeZone;
  } catch {
    throw new SmartMoError('INPUT_INVALID', `payload.timezone must be a time zone such as Asia/Jakarta; it is "${given ?? ''}"`, {
      value: given,
    });
  }
}
