import type { Queryable } from '../database/database';
import type { BatchState, HistoryRow, QueueRow } from './batch';
import type { EventKind } from './events';

const COLUMNS = `line, batch_no, mo_id, run, odoo_id, finished_goods, quantity, uom, materials, actual, actual_weight,
  status_manufacturing, status_operation, push_payload, push_attempt, fetch_seq, created_at, loaded_at, started_at, finished_at,
  last_read_from_plc, measured_by`;

/**
 * What people decided about a batch while it was in the queue, for its record, each sentence once: "finished by hand: scale broken
 * (Ali)", and where the figures of the paper contradict each other: "..., all the same: the materials sum up to 999.48 kg, ...".
 */
const DECISIONS = `
  SELECT string_agg(told, '; ' ORDER BY first_id) FROM (
    SELECT min(e.id) AS first_id, concat_ws(', all the same: ',
      concat_ws(': ', CASE e.event WHEN 'finished' THEN 'finished by hand' ELSE 'sent to Odoo again' END, nullif(e.detail ->> 'reason', '')),
      e.detail ->> 'differs') || ' (' || e.actor || ')' AS told
    FROM {schema}.mo_events e
    WHERE e.mo_id = d.mo_id AND e.line = d.line AND e.at >= d.created_at
      AND e.event IN ('finished', 'retried') AND (e.detail ->> 'reason' <> '' OR e.detail ->> 'differs' <> '')
    GROUP BY told
  ) decisions`;

/** The event has the notes of its own moment alone: beside it stand those of the decisions. */
const ARCHIVE = `
WITH d AS (
  DELETE FROM {schema}.mo_batch WHERE id = $1 AND row_version = $2 AND state = $3 RETURNING *
), h AS (
  INSERT INTO {schema}.mo_histories (${COLUMNS}, status, notes, actor)
  SELECT ${COLUMNS}, $4, nullif(concat_ws('; ', $5::text, (${DECISIONS})), ''), $6 FROM d
  RETURNING *
), noted AS (
  INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
  SELECT line, mo_id, $7, $6, jsonb_build_object('batch_no', batch_no, 'run', run, 'notes', $5::text) || $8::jsonb FROM h
)
SELECT * FROM h`;

/** Which state leaves the queue with which status, and what the event says (data.md, steps of a batch). */
const LEAVES = {
  completed: { from: 'pushed', event: 'completed' },
  cancelled: { from: 'cancelling', event: 'cancelled' },
  failed: { from: 'failed', event: 'parked' },
} as const satisfies Record<string, { from: BatchState; event: EventKind }>;

/**
 * Moves a row from the queue to the batch records in one statement: it is never in both tables and never in none.
 * The row must still be as it was seen; no row back means somebody else archived it.
 * @param notes of this moment; the record has the decisions of people behind them
 */
export async function archive(
  db: Queryable,
  row: Pick<QueueRow, 'id' | 'row_version'>,
  status: keyof typeof LEAVES,
  { notes, actor, detail = {} }: { notes: string | null; actor: string; detail?: object },
): Promise<HistoryRow | null> {
  const { from, event } = LEAVES[status];
  const [record] = await db.query<HistoryRow>(
    ARCHIVE,
    [row.id, row.row_version, from, status, notes, actor, event, JSON.stringify(detail)],
    'archive',
  );
  return record ?? null;
}
