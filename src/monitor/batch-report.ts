import { compileCheck } from '../check';
import type { Line } from '../line/line';
import { sumByProduct } from '../odoo/compare';
import type { OdooRecord } from '../odoo/odoo';
import { type Batch, type BatchMaterial, type BatchRecord, type HistoryRow, type QueueRow, toBatch } from '../queue/batch';
import { withoutName } from '../queue/batch-words';
import { type BatchEvent, eventsOf } from '../queue/events';
import { recordsOf } from '../queue/history';
import { type ToBook, withBookings } from '../queue/bookings';
import { findRow } from '../queue/rows';
import { orderNow, type Shown, type SlotNow, slotNow, stateInOdoo } from './outside';
import { type BatchAction, helpfulActions, mayAct, possibleActions, type Told } from './possible-actions';
import { type ShownRecord, toShownRecord } from './shown-record';

/** Newest events that are shown of one MO. */
const MOST_EVENTS = 200;

const checkInput = compileCheck<{ mo_id: string }>(
  { type: 'object', properties: { mo_id: { type: 'string', minLength: 1, maxLength: 64 } }, required: ['mo_id'] },
  'payload',
  'INPUT_INVALID',
);

/** The MO as Odoo shows it now; quantities of the order in its own unit. */
export interface OrderNow extends Omit<OdooRecord, 'moves'> {
  /** Consumption per product. Name and unit are those of the batch; null for a component that was added in Odoo. */
  moves: { product_id: number; product: string | null; quantity: number; uom: string | null }[];
}

export interface BatchReport extends Record<string, unknown> {
  mo_id: string;
  /** State in the queue, else status of the newest record; null: nobody knows the MO. */
  state: Batch['state'] | BatchRecord['status'] | null;
  /** The batch while it is in the queue. */
  batch: Batch | null;
  /** Newest first. */
  records: ShownRecord[];
  /** All runs, oldest first. */
  events: (Omit<BatchEvent, 'at'> & { at: string })[];
  /** What the PLC shows in its slot now; null with a sentence in `slot_text`. */
  slot: SlotNow | null;
  slot_text: string | null;
  /** null with a sentence in `odoo_text`. */
  odoo: OrderNow | null;
  odoo_text: string | null;
  /** What an operator may press now. */
  can: BatchAction[];
}

/**
 * The report `batch`: everything that is known of one MO, in the tables and outside. PLC and Odoo are only asked for what
 * they show now, at the same time; when one is away its part is null and says why.
 * @throws INPUT_INVALID without payload.mo_id; DB_ codes
 */
export async function batchReport(line: Line, payload: unknown, signal: AbortSignal): Promise<BatchReport> {
  const { mo_id } = checkInput(payload);
  const { row, records } = await find(line, mo_id);
  const events = await eventsOf(line.database, line.line, mo_id, MOST_EVENTS);
  const latest = row ?? records[0];
  const unknown = { shown: null, text: `${mo_id} is not known on line ${line.line}`, away: false };
  const [slot, order] = latest ? await Promise.all([slotNow(line, latest, signal), orderNow(line, latest, signal)]) : [unknown, unknown];
  const toDo = row
    ? helpfulActions(line, row, toldBy(order))
    : possibleActions(line, null, records).filter((action) => action !== 'requeue' || mayReturn(order));
  return {
    mo_id,
    state: row?.state ?? records[0]?.status ?? null,
    batch: row && toBatch(row, line),
    records: records.map((record) => toShownRecord(record, line)),
    events: events.map((event) => ({ ...event, at: event.at.toISOString() })),
    slot: slot.shown,
    slot_text: slot.text,
    odoo: order.shown && toOrderNow(order.shown, latest?.materials ?? []),
    odoo_text: order.text,
    can: mayAct(line) ? [...(records.some(({ toBook }) => toBook !== null) ? (['booked'] as const) : []), ...toDo] : [],
  };
}

/** A batch only moves from the queue to the records: asked in this order it is found, and once although it moves meanwhile. */
async function find(line: Line, mo_id: string): Promise<{ row: QueueRow | null; records: (HistoryRow & { toBook: ToBook | null })[] }> {
  const row = await findRow(line.database, line.line, { mo_id });
  const stored = await recordsOf(line.database, line.line, mo_id);
  const records = await withBookings(line.database, line.line, stored, line.mapping.weightUnit);
  const left = records.some(({ run }) => run === row?.run);
  return { row: left ? null : row, records };
}

/** What Odoo shows of the MO, as its alarm would tell it. */
function toldBy({ shown }: Shown<OdooRecord>): Told {
  const code = shown && ({ cancel: 'mo-cancelled-in-odoo', done: 'mo-done-in-odoo' } as Record<string, string>)[shown.state];
  return code ? [{ code, value: null }] : [];
}

/** Only an MO that is open in Odoo is ever listed for a fetch again. An Odoo that cannot be asked keeps nobody. */
function mayReturn({ shown, away }: Shown<OdooRecord>): boolean {
  return shown ? shown.state !== 'cancel' && shown.state !== 'done' : away;
}

function toOrderNow(record: OdooRecord, materials: readonly BatchMaterial[]): OrderNow {
  const moves = [...sumByProduct(record.moves)].map(([product_id, quantity]) => {
    const material = materials.find((candidate) => candidate.product_id === product_id);
    return { product_id, product: material?.product ?? null, quantity, uom: material?.move_uom ?? null };
  });
  return { ...record, moves };
}

/** One sentence for people. */
export function batchSentence({ mo_id, state, batch, records, slot_text, odoo, odoo_text, can }: BatchReport, line: Line): string {
  const [record] = records;
  const at = batch ?? record;
  if (!at) return `${mo_id} is neither in the queue nor in the history of line ${line.line}`;
  const parts = [
    `${mo_id} is ${(batch ? state : record?.status_text) ?? ''} (slot ${at.batch_no}, run ${at.run})${reasonOf(at, batch ? batch.last_error : record?.notes)}`,
  ];
  if (slot_text !== null) parts.push(slot_text);
  parts.push(odoo ? stateInOdoo(odoo.state) : (odoo_text ?? ''));
  if (can.length > 0) parts.push(`possible now: ${can.join(', ')}`);
  return parts.join('; ');
}

function reasonOf(batch: { batch_no: number; mo_id: string }, text: string | null | undefined): string {
  return text ? `: ${withoutName(batch, text)}` : '';
}
