import type { Queryable } from '../database/database';
import type { HistoryRow } from './batch';

const ON_THIS_LINE = 'SELECT mo_id FROM {schema}.mo_histories WHERE line = $1 AND mo_id = ANY($2)';

/** Which of these MO names have a batch record on the line: a slot that still shows one is stale, not unknown. */
export async function namesInHistory(db: Queryable, line: string, moIds: readonly string[]): Promise<Set<string>> {
  if (moIds.length === 0) return new Set();
  const rows = await db.query<{ mo_id: string }>(ON_THIS_LINE, [line, moIds]);
  return new Set(rows.map((row) => row.mo_id));
}

const PAGE = `
SELECT * FROM {schema}.mo_histories
WHERE line = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR mo_id = $3)
ORDER BY id DESC LIMIT $4 OFFSET $5`;

const TOTAL = `
SELECT count(*) AS total FROM {schema}.mo_histories
WHERE line = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR mo_id = $3)`;

export interface HistoryQuery {
  limit: number;
  offset: number;
  status: string | null;
  mo_id: string | null;
}

/** Batch records of a line, newest first, with how many there are in all. */
export async function historyPage(db: Queryable, line: string, query: HistoryQuery): Promise<{ total: number; rows: HistoryRow[] }> {
  const where = [line, query.status, query.mo_id];
  const [counted] = await db.query<{ total: number }>(TOTAL, where);
  const rows = await db.query<HistoryRow>(PAGE, [...where, query.limit, query.offset]);
  return { total: counted?.total ?? 0, rows };
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
