import type { QueryResult } from 'pg';
import { SmartMoError } from '../errors';
import type { Queryable } from './database';
import type { Session } from './pool';

/**
 * The one place where a transaction begins and ends. Statements run one after another, in the order they were asked for.
 * A client that went back to the pool without COMMIT or ROLLBACK would swallow the next user's changes.
 * @throws whatever `work` throws, after ROLLBACK; DB_OUTCOME_UNKNOWN when no answer to COMMIT came
 */
export async function inTransaction<T>(session: Session, work: (tx: Queryable) => Promise<T>): Promise<T> {
  let open = true;
  let failure: Error | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const tx: Queryable = {
    async query<Row extends object>(sql: string, params?: readonly unknown[], name?: string): Promise<Row[]> {
      if (!open) throw new Error('a statement came after the end of its transaction');
      const answer = last.then(() => session.run(sql, params, 'in transaction', name));
      last = answer.catch((error: unknown) => (failure ??= error instanceof Error ? error : new Error(String(error))));
      return rowsOf<Row>(await answer);
    },
  };

  try {
    await session.run('BEGIN ISOLATION LEVEL READ COMMITTED', undefined, 'in transaction');
    const result = await work(tx);
    open = false;
    await last;
    await commit(session, failure);
    return result;
  } catch (error) {
    open = false;
    await last;
    // Without a connection the server rolls back by itself.
    if (!session.isLost()) await session.run('ROLLBACK', undefined, 'in transaction').catch(() => session.discard());
    throw error;
  }
}

/** COMMIT of an aborted transaction succeeds with the answer ROLLBACK: the work swallowed the error of a statement. */
async function commit(session: Session, failure: Error | undefined): Promise<void> {
  const { command } = await session.run('COMMIT', undefined, 'committing');
  if (command === 'COMMIT') return;
  throw (
    failure ??
    new SmartMoError('DB_UNREACHABLE', `PostgreSQL answered COMMIT with ${command}: nothing was stored; the next run tries again`, {
      class: 'transient',
    })
  );
}

/** A text of several statements (migrations) answers with a list of results; nobody asks for its rows. */
export function rowsOf<Row extends object>(result: QueryResult<Record<string, unknown>> | QueryResult[]): Row[] {
  return Array.isArray(result) ? [] : (result.rows as Row[]);
}
