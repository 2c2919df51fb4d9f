import type { Queryable } from '../database/database';

const NOW = 'SELECT now() AS now';

/** The time by the database clock, by which the rows are stamped: the clock of this machine may be another one. */
export async function databaseNow(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>(NOW);
  if (!row) throw new Error('the database did not say what time it is');
  return row.now;
}
