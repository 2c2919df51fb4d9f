import type { Queryable } from '../database/database';
import type { Cancellation, QueueRow } from './batch';

/** What one good read of a slot changes in its row. */
export interface ReadingUpdate {
  id: number;
  row_version: number;
  state: 'queued' | 'running' | 'finished' | 'failed' | 'cancelling';
  actual: Record<string, number> | null;
  actual_weight: number | null;
  status_manufacturing: 0 | 1;
  status_operation: 0 | 1;
  missed_reads: number;
  /** The PLC shows this MO in its slot: the recipe has arrived, whatever we remember of loading it. */
  shown: boolean;
  last_error: string | null;
  cancellation: Cancellation | null;
}

const STORE = `
WITH r AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(id bigint, row_version int, state text, actual jsonb, actual_weight numeric,
    status_manufacturing smallint, status_operation smallint, missed_reads smallint, shown boolean, last_error text, cancellation jsonb)
), seen AS (
  SELECT b.id, b.state FROM {schema}.mo_batch b JOIN r ON b.id = r.id
), u AS (
  UPDATE {schema}.mo_batch b SET
    state = r.state, actual = r.actual, actual_weight = r.actual_weight, status_manufacturing = r.status_manufacturing,
    status_operation = r.status_operation, missed_reads = r.missed_reads, last_error = r.last_error, cancellation = r.cancellation,
    loaded_at   = CASE WHEN r.shown THEN coalesce(b.loaded_at, now()) ELSE b.loaded_at END,
    started_at  = CASE WHEN r.state = 'queued' THEN b.started_at ELSE coalesce(b.started_at, now()) END,
    finished_at = CASE WHEN r.status_manufacturing = 1 THEN coalesce(b.finished_at, now()) END,
    last_read_from_plc = CASE WHEN r.shown THEN now() ELSE b.last_read_from_plc END
  FROM r
  WHERE b.id = r.id AND b.line = $1 AND b.row_version = r.row_version AND b.state IN ('queued', 'running')
  RETURNING b.id, b.line, b.batch_no, b.mo_id, b.state, b.status_manufacturing, b.actual_weight, b.missed_reads, b.last_error,
    b.cancellation
), noted AS (
  INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
  SELECT u.line, u.mo_id, u.state, 'plc', jsonb_strip_nulls(jsonb_build_object('batch_no', u.batch_no, 'actual_weight', u.actual_weight,
    'error', u.last_error, 'in_odoo', u.cancellation -> 'in_odoo'))
  FROM u JOIN seen ON seen.id = u.id WHERE u.state <> seen.state
)
SELECT id, batch_no, mo_id, state, status_manufacturing, actual_weight, missed_reads FROM u ORDER BY batch_no`;

/** What a run tells of a row that it stored; materials and values stay where they are. */
export type StoredReading = Pick<
  QueueRow,
  'id' | 'batch_no' | 'mo_id' | 'state' | 'status_manufacturing' | 'actual_weight' | 'missed_reads'
>;

/**
 * Stores what the PLC showed, all rows in one statement: values, status and state of a row change together or not at
 * all. A row that changed since it was read is left alone; the next read sees it anew.
 */
export async function storeReadings(db: Queryable, line: string, updates: readonly ReadingUpdate[]): Promise<StoredReading[]> {
  if (updates.length === 0) return [];
  return db.query<StoredReading>(STORE, [line, JSON.stringify(updates)], 'store-readings');
}
