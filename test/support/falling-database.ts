import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import type { Outcome } from '../../src/line/outcome';
import { checkInvariants } from './invariants';
import type { Plant } from './plant';
import { waitFor } from './wait';
import type { Wire } from './wire';

export type Task = 'gate' | 'fetch' | 'load' | 'read' | 'complete' | 'health' | 'cancel';

/** What has run before in the set. */
export const BEFORE: Readonly<Record<Task, readonly Task[]>> = {
  gate: [],
  fetch: [],
  load: ['fetch'],
  read: ['fetch', 'load'],
  complete: ['fetch', 'load', 'read'],
  health: ['fetch', 'load'],
  cancel: ['fetch'],
};

/** How the server is taken away, and how it comes back. */
export interface Fall {
  away(): Promise<void>;
  /** What an error says meanwhile. */
  says: RegExp;
  back(): Promise<void>;
}

/** A plant whose database falls in the middle of a task. */
export interface FallingDatabase {
  run(task: Task): Promise<Outcome>;
  /** The set as far as the task wants it. */
  prepare(task: Task): Promise<void>;
  /**
   * The fall comes before the server gets the n-th statement of the task, or before anybody hears of its answer; then the
   * task works again by itself. False: there is no n-th statement, and nothing fell.
   */
  fallsAt(n: number, task: Task, when: 'before' | 'after', fall: Fall): Promise<boolean>;
  /** What the timers do, until nothing is left; then everything that was made is archived, once. */
  settle(): Promise<void>;
}

/** @param wire that of the line to the server that falls */
export function fallingDatabase(plant: Plant, wire: () => Wire): FallingDatabase {
  async function cancelFirst(): Promise<Outcome> {
    const [mo_id = 'none is left'] = await plant.queued();
    return plant.cancel({ mo_id, notes: 'not today' });
  }

  function run(task: Task): Promise<Outcome> {
    if (task === 'health') return plant.report('health');
    return task === 'cancel' ? cancelFirst() : plant[task]();
  }

  const plcIsDone = (): Promise<void> => plant.plcIsDone(plant.plc.weighed().length);

  /** An error that names the address, and no waiting. */
  async function checkRefused(task: Task, says: RegExp): Promise<void> {
    if (task === 'health') return assert.match(JSON.stringify((await run(task)).payload), /"database-down"/);
    await assert.rejects(run(task), (error) => error instanceof SmartMoError && says.test(error.message));
  }

  return {
    run,
    async prepare(task) {
      for (const earlier of BEFORE[task]) {
        await run(earlier);
        if (earlier === 'load') await plcIsDone();
      }
    },

    async fallsAt(n, task, when, { away, says, back }) {
      let statements = 0;
      let over = false;
      const tripped = wire().trip(when, (bytes) => !over && isStatement(bytes) && ++statements === n);
      const ended = run(task).catch((error: unknown) => {
        if (error instanceof SmartMoError && /^DB_(UNREACHABLE|OUTCOME_UNKNOWN)$/.test(error.code)) return;
        throw error;
      });
      await Promise.race([tripped, ended]);
      over = true;
      if (statements < n) return false;
      await away();
      await ended;
      await checkRefused(task, says);
      await back();
      await checkInvariants(plant);
      await waitFor(() => run(task), { what: `${task} to work again` });
      return true;
    },

    async settle() {
      await waitFor(
        async () => {
          await plant.letTimePass();
          await plant.load();
          const open = (await plant.rows()).filter(({ state }) => state === 'queued' || state === 'running');
          if (open.length > 0) await plcIsDone();
          await plant.read();
          await plant.complete();
          return (await plant.queued()).length === 0;
        },
        { what: 'an empty queue' },
      );
      await checkInvariants(plant);
      const made = plant.plc.weighed().map(({ mo_id }) => mo_id);
      const completed = (await plant.history()).flatMap(({ mo_id, status }) => (status === 'completed' ? mo_id : []));
      assert.deepEqual(made.sort(), completed.sort(), 'made once, archived once');
    },
  };
}

/** Of the extended or the simple protocol; logging in is none. */
function isStatement(bytes: Buffer): boolean {
  // Parse, Query, and Bind: the beginning of a statement whose plan the connection has kept.
  return bytes[0] === 0x50 || bytes[0] === 0x51 || bytes[0] === 0x42;
}
