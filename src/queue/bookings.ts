import type { Queryable } from '../database/database';
import type { HistoryRow } from './batch';
import { LATE_BOOKED_IN_PART, LATE_IS_MADE, LATE_NOT_BOOKED, NOT_IN_ODOO } from './history';
import { lateOf, LESS_BOOKED } from './late-weight';
import type { Note } from './steps';

/** How far a batch got of which Odoo lacks something. */
export type ToBook = 'made' | 'dosed';

const WEIGHED = `
SELECT h.id, CASE WHEN ${NOT_IN_ODOO} THEN
  CASE WHEN h.status_manufacturing = 1 OR EXISTS (SELECT 1 ${LATE_NOT_BOOKED} AND ${LATE_IS_MADE}) THEN 'made' ELSE 'dosed' END
END AS to_book, ${LATE_BOOKED_IN_PART} AS in_part, (
  SELECT b.actor FROM {schema}.mo_events b
  WHERE b.line = h.line AND b.mo_id = h.mo_id AND b.event = 'booked' AND (b.detail ->> 'run')::int = h.run ORDER BY b.id LIMIT 1
) AS booked_by
FROM {schema}.mo_histories h WHERE h.id = ANY($1) AND h.status <> 'completed'`;

/**
 * The same batch records, with `toBook` where the PLC has weighed what Odoo was never told: after the batch had left the queue, or
 * before it was cancelled or parked. The notes say so of a weight that came late, and who has booked it.
 * @param unit of the finished weight
 */
export async function withBookings<R extends Pick<HistoryRow, 'id' | 'mo_id' | 'run' | 'notes'>>(
  db: Queryable,
  line: string,
  records: readonly R[],
  unit: string,
): Promise<(R & { toBook: ToBook | null })[]> {
  const names = records.map(({ mo_id }) => mo_id);
  const lateFor = await lateOf(db, line, names, unit);
  type Weighed = { id: number; to_book: ToBook | null; in_part: boolean; booked_by: string | null };
  const ids = records.map(({ id }) => id);
  const weighed = new Map((await db.query<Weighed>(WEIGHED, [ids])).map((one) => [one.id, one]));
  return records.map((record) => {
    const { to_book = null, in_part = false, booked_by = null } = weighed.get(record.id) ?? {};
    const late = lateFor(record);
    // What came late and is booked says so itself; what waits came after this booking.
    const booked = late?.isBooked !== true && booked_by !== null ? `booked in Odoo by hand (${booked_by})` : null;
    const told = late?.isBooked === false && in_part ? `${late.text}${LESS_BOOKED}` : late?.text;
    const notes = [record.notes, booked, told].filter(Boolean).join('; ') || null;
    return { ...record, notes, toBook: to_book };
  });
}

const BOOK = `
INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
SELECT h.line, h.mo_id, 'booked', $3, jsonb_build_object('batch_no', h.batch_no, 'run', h.run) || $4::jsonb
FROM {schema}.mo_histories h
WHERE h.line = $1 AND h.mo_id = $2 AND ($5::int IS NULL OR h.run = $5) AND ${NOT_IN_ODOO}
ORDER BY h.id DESC LIMIT 1
RETURNING (detail ->> 'batch_no')::int AS slot`;

/**
 * A person has booked in Odoo what a batch had weighed before it was cancelled or parked; noted with the name.
 * @param run the newest that is not booked when null
 * @returns the slot; null when nothing of this run waits to be booked
 */
export async function bookWeighed(
  db: Queryable,
  line: string,
  { mo_id, run }: { mo_id: string; run: number | null },
  { actor, detail }: Note,
): Promise<number | null> {
  const [booked] = await db.query<{ slot: number }>(BOOK, [line, mo_id, actor, JSON.stringify(detail ?? {}), run]);
  return booked?.slot ?? null;
}
