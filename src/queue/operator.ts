import type { Queryable } from '../database/database';
import type { HistoryRow, QueueRow } from './batch';
import { type Note, type Seen, step, take } from './steps';

/** The steps that only a person decides (data.md, steps of a batch). Those of one queue row follow the rules of steps.ts. */

/** A cancellation that Odoo refused is given up: completing the batch is the newer wish. */
const AFRESH = 'push_attempt = 0, next_try_at = NULL, last_error = NULL, cancellation = NULL';

const RETRY = step('retried', `state = 'finished', ${AFRESH}`, ['failed']);

/** failed > finished: the batch was weighed and goes to Odoo again. A payload that was frozen before stays as it is. */
export function retry(db: Queryable, row: Seen, note: Note): Promise<QueueRow | null> {
  return take(db, RETRY, row, note, []);
}

const FINISH = step(
  'finished',
  `state = 'finished', actual = $5::jsonb, actual_weight = $6, status_manufacturing = 1, measured_by = 'operator',
   finished_at = coalesce(finished_at, now()), started_at = coalesce(started_at, now()),
   missed_reads = 0, status_operation = 0, ${AFRESH}`,
  ['queued', 'running', 'failed'],
);

/** The quantities come from the operator's paper. Refused by the guard once a payload was frozen. */
export function finishByHand(
  db: Queryable,
  row: Seen,
  measured: { actual: Record<string, number>; actual_weight: number },
  note: Note,
): Promise<QueueRow | null> {
  return take(db, FINISH, row, note, [JSON.stringify(measured.actual), measured.actual_weight]);
}

const REQUEUE = `
WITH requeued AS (
  UPDATE {schema}.mo_histories h SET requeued = true
  WHERE h.line = $1 AND h.mo_id = $2 AND NOT h.requeued AND h.status IN ('failed', 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM {schema}.mo_histories c WHERE c.mo_id = h.mo_id AND c.status = 'completed')
  RETURNING *
), noted AS (
  INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
  SELECT DISTINCT line, mo_id, 'requeued', $3, $4::jsonb FROM requeued
)
SELECT * FROM requeued ORDER BY id DESC LIMIT 1`;

/** An MO that ended as failed or cancelled may be fetched once more. null: there is no such record. */
export async function requeue(db: Queryable, line: string, moId: string, { actor, detail }: Note): Promise<HistoryRow | null> {
  const [record] = await db.query<HistoryRow>(REQUEUE, [line, moId, actor, JSON.stringify(detail ?? {})]);
  return record ?? null;
}

const SET_HOLD = `
WITH held AS (
  INSERT INTO {schema}.mo_line AS l (line, hold, reason, actor, since)
  SELECT $1, $2, $3, $4, now() WHERE $2 OR EXISTS (SELECT 1 FROM {schema}.mo_line WHERE line = $1)
  ON CONFLICT (line) DO UPDATE SET hold = excluded.hold, reason = excluded.reason, actor = excluded.actor, since = excluded.since
  WHERE l.hold <> excluded.hold
  RETURNING line
), noted AS (
  INSERT INTO {schema}.mo_events (line, event, actor, detail)
  SELECT line, CASE WHEN $2 THEN 'hold' ELSE 'released' END, $4, jsonb_build_object('reason', $3::text) FROM held
)
SELECT line FROM held`;

/** Puts the line on hold or releases it; survives a restart. False when it was so already: the first reason stays. */
export async function setHold(
  db: Queryable,
  line: string,
  hold: boolean,
  { reason, actor }: { reason: string; actor: string },
): Promise<boolean> {
  return (await db.query(SET_HOLD, [line, hold, reason, actor])).length > 0;
}
