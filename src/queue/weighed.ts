import type { Queryable } from '../database/database';
import type { HistoryRow, QueueRow } from './batch';

const COLUMNS = `id, mo_id, run, odoo_id, quantity, uom, materials, actual, actual_weight, status_manufacturing, measured_by, push_payload`;

/** One run of an MO, wherever it is now: what was weighed and what was frozen for Odoo. */
export interface WeighedRow extends Pick<
  QueueRow,
  'mo_id' | 'run' | 'odoo_id' | 'quantity' | 'uom' | 'materials' | 'actual' | 'actual_weight' | 'measured_by' | 'push_payload'
> {
  /** State in the queue, or status in the history. */
  state: QueueRow['state'] | HistoryRow['status'];
}

const NEWEST = `
SELECT * FROM (
  SELECT true AS queued, state, ${COLUMNS} FROM {schema}.mo_batch
  WHERE line = $1 AND status_manufacturing = 1 AND ($2::text IS NULL OR mo_id = $2)
  UNION ALL
  (SELECT false, status, ${COLUMNS} FROM {schema}.mo_histories
   WHERE line = $1 AND ($2::text IS NULL OR mo_id = $2) ORDER BY id DESC LIMIT $3)
) b ORDER BY queued DESC, id DESC LIMIT $3`;

/**
 * Batches that were weighed to the end and wait in the queue, then batch records, newest first: one statement, so that a
 * batch that is archived meanwhile is neither missing nor there twice. A batch that the PLC still makes is not among them.
 */
export async function newestWeighed(db: Queryable, line: string, moId: string | null, limit: number): Promise<WeighedRow[]> {
  return db.query<WeighedRow>(NEWEST, [line, moId, limit]);
}
