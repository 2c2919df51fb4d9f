import type { Queryable } from '../database/database';
import type { QueueRow } from './batch';
import type { Hold } from './hold';

/** What the gate looks at of a row. */
export type WaitingRow = Pick<QueueRow, 'batch_no' | 'mo_id' | 'state' | 'last_error' | 'updated_at' | 'finished_at'>;

/** Why a line is on hold, and its queue in slot order, as they were at one moment. */
export interface Glance {
  /** That moment by the database clock, which stamps the rows. */
  now: Date;
  hold: Pick<Hold, 'reason'> | null;
  rows: WaitingRow[];
}

/**
 * Every row references an open fetch (src/queue/gate.ts). The last archive closes it, so that an empty queue is known from the
 * short index of open fetches: nobody walks over the dead rows of a table that was emptied and not yet vacuumed.
 */
const GLANCE = `
SELECT now() AS now, l.hold, b.batch_no, b.mo_id, b.state, b.last_error, b.updated_at, b.finished_at
FROM (SELECT $1::text AS line) this
LEFT JOIN (SELECT line, coalesce(reason, '') AS hold FROM {schema}.mo_line WHERE hold) l ON l.line = this.line
LEFT JOIN {schema}.mo_fetch f ON f.line = this.line AND f.is_open
LEFT JOIN {schema}.mo_batch b ON b.line = f.line AND b.fetch_seq = f.fetch_seq`;

/** Without a hold, or without a row, its part is null. */
type Found = { now: Date; hold: string | null } & (WaitingRow | { batch_no: null });

/** One statement, whatever the line is doing. */
export async function glanceAt(db: Queryable, line: string): Promise<Glance> {
  const found = await db.query<Found>(GLANCE, [line], 'glance');
  const [first] = found;
  if (!first) throw new Error('the database did not say what time it is');
  const { now, hold: reason } = first;
  const rows = found.filter((row) => row.batch_no !== null);
  return { now, hold: reason === null ? null : { reason }, rows: rows.sort((a, b) => a.batch_no - b.batch_no) };
}
