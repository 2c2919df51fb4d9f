import type { Database } from '../database/database';

export type RecordedTask = 'fetch' | 'write' | 'read' | 'complete' | 'health';

export interface TaskRecord {
  task: RecordedTask;
  started_at: Date | null;
  ok_at: Date | null;
  /** Since when the task fails; null while it succeeds. */
  error_at: Date | null;
  error: string | null;
  /** What the last run that succeeded said, and what else of it is worth keeping; null before the first. */
  outcome: TaskOutcome | null;
}

export interface TaskOutcome {
  text?: string;
  /** Orders that the last fetch turned down, the first 50. */
  rejected?: { mo_id: string; reason: string; text: string }[];
  /** What the PLC showed as its mode in the last read; null where the map has no such word. */
  mode?: string | null;
}

/** How a run ended. */
export interface TaskEnd extends TaskOutcome {
  /** Why it failed; with one, nothing else of the run is kept. */
  error?: string;
}

/** An upsert alone would lock the row first and log that: a quarter of all that a read which finds nothing new writes. */
const TASK_ENDED = `
WITH again AS (
  UPDATE {schema}.mo_task SET
    started_at = $3,
    ok_at      = CASE WHEN $4::text IS NULL THEN now() ELSE ok_at END,
    error_at   = CASE WHEN $4::text IS NOT NULL THEN coalesce(error_at, now()) END,
    error      = $4,
    outcome    = coalesce(outcome, '{}') || coalesce($5::jsonb, '{}')
  WHERE line = $1 AND task = $2
  RETURNING error_at
), first AS (
  INSERT INTO {schema}.mo_task AS t (line, task, started_at, ok_at, error_at, error, outcome)
  SELECT $1, $2, $3, CASE WHEN $4::text IS NULL THEN now() END, CASE WHEN $4::text IS NOT NULL THEN now() END, $4, $5::jsonb
  WHERE NOT EXISTS (SELECT 1 FROM again)
  ON CONFLICT (line, task) DO UPDATE SET
    started_at = excluded.started_at,
    ok_at      = coalesce(excluded.ok_at, t.ok_at),
    error_at   = CASE WHEN excluded.error IS NOT NULL THEN coalesce(t.error_at, now()) END,
    error      = excluded.error,
    outcome    = coalesce(t.outcome, '{}') || coalesce(excluded.outcome, '{}')
  RETURNING error_at
)
SELECT error_at FROM again UNION ALL SELECT error_at FROM first`;

/**
 * Keeps how a run ended; an unbroken chain of failures keeps the time of its first, and what a run does not know (a fetch
 * that did not ask Odoo) stays as the run before left it. Returns since when the task fails, null on success.
 */
export async function taskEnded(
  { database, line }: { database: Database; line: string },
  task: string,
  started: Date,
  { error, ...outcome }: TaskEnd,
): Promise<Date | null> {
  const kept = error === undefined ? JSON.stringify(outcome) : null;
  const [row] = await database.query<{ error_at: Date | null }>(TASK_ENDED, [line, task, started, error ?? null, kept], 'task-ended');
  return row?.error_at ?? null;
}

const TASKS_OF_LINE = 'SELECT task, started_at, ok_at, error_at, error, outcome FROM {schema}.mo_task WHERE line = $1';

export async function taskRecords({ database, line }: { database: Database; line: string }): Promise<TaskRecord[]> {
  return database.query<TaskRecord>(TASKS_OF_LINE, [line]);
}
