import type { Queryable } from '../database/database';

/** A line on hold fetches and loads nothing; reading and completing go on. */
export interface Hold {
  reason: string;
  actor: string;
  since: Date;
}

const HOLD = 'SELECT reason, actor, since FROM {schema}.mo_line WHERE line = $1 AND hold';

export async function holdOf(db: Queryable, line: string): Promise<Hold | null> {
  const [row] = await db.query<Hold>(HOLD, [line]);
  return row ?? null;
}
