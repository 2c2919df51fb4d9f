import type { Queryable } from '../database/database';
import type { BatchState, QueueRow } from './batch';

/** Counts of the gate and of every report (contract.md): all rows, rows at work, rows finished, rows given up. */
export interface Counts {
  count: number;
  active: number;
  completed: number;
  failed: number;
}

const COUNTED_AS: Record<BatchState, 'active' | 'completed' | 'failed'> = {
  queued: 'active',
  running: 'active',
  cancelling: 'active',
  finished: 'completed',
  pushing: 'completed',
  pushed: 'completed',
  failed: 'failed',
};

export function countedAs({ state }: Pick<QueueRow, 'state'>): 'active' | 'completed' | 'failed' {
  return COUNTED_AS[state];
}

export function countRows(rows: readonly Pick<QueueRow, 'state'>[]): Counts {
  const counts: Counts = { count: rows.length, active: 0, completed: 0, failed: 0 };
  for (const row of rows) counts[countedAs(row)] += 1;
  return counts;
}

const ROWS_OF_LINE = 'SELECT * FROM {schema}.mo_batch WHERE line = $1 ORDER BY batch_no';

/** The queue of a line in slot order. */
export async function queueRows(db: Queryable, line: string): Promise<QueueRow[]> {
  return db.query<QueueRow>(ROWS_OF_LINE, [line]);
}

/** A row of the queue, and whether task 3 may work on it now. */
export type DueRow = QueueRow & { due: boolean };

const ROWS_WITH_DUE = `
SELECT *, state IN ('finished', 'pushing', 'pushed', 'cancelling') AND (next_try_at IS NULL OR next_try_at <= now()) AS due
FROM {schema}.mo_batch WHERE line = $1
ORDER BY last_error IS NOT NULL, batch_no`;

/**
 * The queue of a line, with what is due: not waiting for a retry, and not held by another completer (its lease). Rows that
 * failed before come last, so that a batch on which every run founders does not keep the others waiting.
 */
export async function rowsWithDue(db: Queryable, line: string): Promise<DueRow[]> {
  return db.query<DueRow>(ROWS_WITH_DUE, [line], 'rows-with-due');
}

const ONE = 'SELECT * FROM {schema}.mo_batch WHERE line = $1 AND ($2::text IS NULL OR mo_id = $2) AND ($3::int IS NULL OR batch_no = $3)';

/** The row of an MO or of a slot. */
export async function findRow(
  db: Queryable,
  line: string,
  of: { mo_id?: string | undefined; batch_no?: number | undefined },
): Promise<QueueRow | null> {
  const [row] = await db.query<QueueRow>(ONE, [line, of.mo_id ?? null, of.batch_no ?? null]);
  return row ?? null;
}

const YOUNGER = "SELECT created_at > now() - $2 * interval '1 minute' AS younger FROM {schema}.mo_batch WHERE id = $1";

/** Was the row queued less than that many minutes ago, by the database clock? */
export async function isYounger(db: Queryable, { id }: Pick<QueueRow, 'id'>, minutes: number): Promise<boolean> {
  const [row] = await db.query<{ younger: boolean }>(YOUNGER, [id, minutes]);
  return row?.younger ?? false;
}
