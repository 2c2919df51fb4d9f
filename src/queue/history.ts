import type { Queryable } from '../database/database';
import type { HistoryRow } from './batch';
import { NOT_BOOKED_SINCE } from './late-weight';

const ON_THIS_LINE = 'SELECT mo_id FROM {schema}.mo_histories WHERE line = $1 AND mo_id = ANY($2)';

/** Which of these MO names have a batch record on the line: a slot that still shows one is stale, not unknown. */
export async function namesInHistory(db: Queryable, line: string, moIds: readonly string[]): Promise<Set<string>> {
  if (moIds.length === 0) return new Set();
  const rows = await db.query<{ mo_id: string }>(ON_THIS_LINE, [line, moIds]);
  return new Set(rows.map((row) => row.mo_id));
}

/** What a batch fails with when Odoo shows its MO done already; one that is only confirmed there with other quantities is not in Odoo. */
const DONE_IN_ODOO = '^ODOO_DIFFERS: .* is done in Odoo';

/** Has somebody said of the batch record `h` that something of it is booked by hand? */
const BOOKED = `EXISTS (
    SELECT 1 FROM {schema}.mo_events b
    WHERE b.line = h.line AND b.mo_id = h.mo_id AND b.event = 'booked' AND (b.detail ->> 'run')::int = h.run)`;

/**
 * Of a batch record `h` that was not completed: is something of it gone from the silos, and nobody told Odoo? It was made, or begun,
 * and then cancelled or parked; nobody has said that it is booked by hand, and Odoo did not show the MO done by another hand.
 * Another run of the MO changes nothing: that books its own materials, because it is not loaded while the slot still has this one
 * (earlierRuns). What is weighed by hand is known of made ones alone.
 */
export const WEIGHED_NOT_BOOKED = `(
  (h.status_manufacturing = 1 OR jsonb_path_exists(h.actual, '$.* ? (@ > 0)'))
  AND NOT coalesce((
    SELECT f.detail ->> 'error' ~ '${DONE_IN_ODOO}' FROM {schema}.mo_events f
    WHERE f.line = h.line AND f.mo_id = h.mo_id AND f.event = 'failed' AND f.at BETWEEN h.created_at AND h.archived_at
    ORDER BY f.id DESC LIMIT 1), false)
  AND NOT ${BOOKED})`;

/** Events `e`: what came late of the batch record `h`. */
const LATE = `
FROM {schema}.mo_events e
WHERE e.line = h.line AND e.mo_id = h.mo_id AND e.event = 'refused' AND (e.detail ->> 'run')::int = h.run`;

/** Those that nobody has booked since. */
export const LATE_NOT_BOOKED = `${LATE} AND ${NOT_BOOKED_SINCE}`;

/** Did the PLC finish it? What it gave up says so. */
export const LATE_IS_MADE = `coalesce((e.detail ->> 'finished')::boolean, true)`;

/** Those that somebody has booked since. */
export const LATE_BOOKED = `${LATE} AND NOT ${NOT_BOOKED_SINCE}`;

/**
 * Is a part of what came late of the batch record `h` booked already? What came late is the whole of a batch that left the queue half
 * dosed, and of what came late before; of a made batch it is other figures than the record's.
 */
export const LATE_BOOKED_IN_PART = `((h.status_manufacturing = 0 AND ${BOOKED}) OR EXISTS (SELECT 1 ${LATE_BOOKED}))`;

/** Is there something of the batch record to be booked in Odoo by hand? About the table mo_histories as `h`. */
export const NOT_IN_ODOO = `(h.status <> 'completed' AND (${WEIGHED_NOT_BOOKED} OR EXISTS (SELECT 1 ${LATE_NOT_BOOKED})))`;

/** Which batch records are meant; null: whatever it is. */
export interface HistoryFilter {
  status: string | null;
  mo_id: string | null;
  /** What the MO's name ends with: 131 finds WH/MO/00131. */
  search?: string | null;
  /** Archived at this moment or later, and before `to`. */
  from?: Date | null;
  to?: Date | null;
  /** Only those that were made or dosed, and are not in Odoo. */
  notInOdoo?: boolean;
}

/** About the table mo_histories as `h`. The planner sees the values, so that each search uses its own index (migration 002). */
export const FILTERED = `
line = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR mo_id = $3) AND ($4::text IS NULL OR reverse(mo_id) LIKE $4)
  AND ($5::timestamptz IS NULL OR archived_at >= $5) AND ($6::timestamptz IS NULL OR archived_at < $6)
  AND (NOT $7::boolean OR ${NOT_IN_ODOO})`;

/** The parameters of {@link FILTERED}. */
export function filterParameters(line: string, filter: HistoryFilter): unknown[] {
  const { status, mo_id, search = null, from = null, to = null, notInOdoo = false } = filter;
  return [line, status, mo_id, search === null ? null : endingWith(search), from, to, notInOdoo];
}

/** A pattern for the reversed name, in which no letter of the search means anything else than itself. */
function endingWith(text: string): string {
  return `${Array.from(text.replaceAll(/[\\%_]/g, '$&\\'))
    .reverse()
    .join('')}%`;
}

const PAGE = `
SELECT * FROM {schema}.mo_histories h WHERE ${FILTERED}
ORDER BY archived_at DESC, id DESC LIMIT $8 OFFSET $9`;

const TOTAL = `SELECT count(*) AS total FROM {schema}.mo_histories h WHERE ${FILTERED}`;

export interface HistoryQuery extends HistoryFilter {
  limit: number;
  offset: number;
}

/** Batch records of a line, newest first, with how many there are in all. */
export async function historyPage(
  db: Queryable,
  line: string,
  { limit, offset, ...filter }: HistoryQuery,
): Promise<{ total: number; rows: HistoryRow[] }> {
  const where = filterParameters(line, filter);
  const [counted] = await db.query<{ total: number }>(TOTAL, where);
  const rows = await db.query<HistoryRow>(PAGE, [...where, limit, offset]);
  return { total: counted?.total ?? 0, rows };
}

/** All batch records of one MO, newest first, at most 50. */
export async function recordsOf(db: Queryable, line: string, moId: string): Promise<HistoryRow[]> {
  return (await historyPage(db, line, { status: null, mo_id: moId, limit: 50, offset: 0 })).rows;
}

const LAST_RECORDS = `
SELECT DISTINCT ON (mo_id) * FROM {schema}.mo_histories WHERE line = $1 AND mo_id = ANY($2) ORDER BY mo_id, id DESC`;

/** The newest batch record of each of these MOs that has one. */
export async function lastRecords(db: Queryable, line: string, moIds: readonly string[]): Promise<HistoryRow[]> {
  return db.query<HistoryRow>(LAST_RECORDS, [line, moIds]);
}

const RESULTS = `
SELECT mo_id, actual, actual_weight, status_manufacturing = 0 AND jsonb_path_exists(actual, '$.* ? (@ > 0)') AS is_half_dosed
FROM {schema}.mo_histories
WHERE line = $1 AND mo_id = ANY($2) AND actual IS NOT NULL
UNION ALL
SELECT mo_id, detail -> 'actual', (detail ->> 'actual_weight')::numeric, NOT ${LATE_IS_MADE} FROM {schema}.mo_events e
WHERE line = $1 AND mo_id = ANY($2) AND event = 'refused' AND detail ? 'actual_weight'`;

/** What earlier runs of these MOs weighed to the end or in part, also after their batch had left the queue. */
export async function resultsOf(
  db: Queryable,
  line: string,
  moIds: readonly string[],
): Promise<{ mo_id: string; actual: Record<string, number>; actual_weight: number | null; is_half_dosed: boolean }[]> {
  return db.query(RESULTS, [line, moIds]);
}

const MAY_BE_REQUEUED = `
SELECT mo_id FROM {schema}.mo_histories h
WHERE line = $1 AND mo_id = ANY($2) AND NOT requeued AND status <> 'completed'
  AND NOT EXISTS (SELECT 1 FROM {schema}.mo_histories c WHERE c.mo_id = h.mo_id AND c.status = 'completed')
  AND NOT EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.mo_id = h.mo_id)
  AND NOT coalesce((
    SELECT e.detail ->> 'odoo_state' IN ('cancel', 'done') OR e.detail ->> 'error' ~ '^ODOO_(CANCELLED|GONE):'
    FROM {schema}.mo_events e
    WHERE e.line = h.line AND e.mo_id = h.mo_id AND e.event IN ('cancelled', 'failed')
    ORDER BY e.id DESC LIMIT 1
  ), false)`;

/**
 * Which of these MOs the operator action requeue would let back in, and Odoo too: not one that was seen cancelled or done there
 * when its batch was cancelled, nor one that failed because it is cancelled or gone there, which no fetch lists again.
 */
export async function requeueable(db: Queryable, line: string, moIds: readonly string[]): Promise<Set<string>> {
  if (moIds.length === 0) return new Set();
  const rows = await db.query<{ mo_id: string }>(MAY_BE_REQUEUED, [line, moIds]);
  return new Set(rows.map(({ mo_id }) => mo_id));
}

const LAST_OF = `
SELECT status, archived_at FROM {schema}.mo_histories
WHERE line = $1 AND ($2::text IS NULL OR mo_id = $2) AND ($3::int IS NULL OR batch_no = $3)
ORDER BY id DESC LIMIT 1`;

/** The newest batch record of an MO or of a slot. */
export async function lastRecord(
  db: Queryable,
  line: string,
  of: { mo_id?: string | undefined; batch_no?: number | undefined },
): Promise<{ status: string; archived_at: Date } | null> {
  const [row] = await db.query<{ status: string; archived_at: Date }>(LAST_OF, [line, of.mo_id ?? null, of.batch_no ?? null]);
  return row ?? null;
}
