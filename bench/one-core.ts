import { execFileSync } from 'node:child_process';
import type { Client } from 'pg';
import type { Database } from '../src/database/database';
import { testServer } from '../test/support/postgres';

const BACKEND = 'SELECT pg_backend_pid() AS pid';

/**
 * Keeps this thread and the two processes of PostgreSQL that serve it on one core while the work is done. Left alone, the
 * scheduler puts each of them beside its client or on another core, where it has to be woken: SELECT 1 takes half as long in
 * the first case, whichever side of a ratio has the luck. Where that cannot be (a server elsewhere or of another user, no taskset) the scheduler
 * decides.
 * @param database a pool of one connection
 */
export async function onOneCore<T>(context: Mocha.Context, database: Database, client: Client, work: () => Promise<T>): Promise<T> {
  const { pid } = await testServer(context);
  const [pooled] = await database.query<{ pid: number }>(BACKEND);
  const [bare] = (await client.query<{ pid: number }>(BACKEND)).rows;
  if (pid === null || !pooled || !bare) return work();
  const before = coresOf(process.pid);
  if (before === null) return work();
  const [core = '0'] = before.split(/[,-]/);
  // The backends first: where they belong to another user, this thread stays as free as they are.
  if (![pooled.pid, bare.pid, process.pid].every((each) => keep(core, each))) return work();
  try {
    return await work();
  } finally {
    keep(before, process.pid);
  }
}

/** "0-3,6"; null where it cannot be told. */
function coresOf(pid: number): string | null {
  try {
    return (
      execFileSync('taskset', ['-cp', String(pid)], { encoding: 'utf8' })
        .split(': ')
        .at(-1)
        ?.trim() ?? null
    );
  } catch {
    return null;
  }
}

/** Whether the process may be kept there; from then on it is. */
function keep(cores: string, pid: number): boolean {
  try {
    execFileSync('taskset', ['-cp', cores, String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
