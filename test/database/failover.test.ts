import assert from 'node:assert/strict';
import { createPostgres } from '../../src/database/postgres';
import { actOnBatch } from '../../src/line/action';
import { currentHold } from '../../src/line/hold';
import type { Run } from '../../src/line/run';
import { assertOnce } from '../support/evidence';
import { BEFORE, fallingDatabase, type FallingDatabase, type Task } from '../support/falling-database';
import { type Pair, startPair } from '../support/pair';
import { checkInvariants } from '../support/invariants';
import { type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

/** Statements of each task at which the standby takes over: one at the beginning, and those about the end. */
const MOMENTS: Readonly<Record<Task, readonly number[]>> = {
  gate: [2, 3],
  fetch: [2, 6, 9],
  load: [2, 6, 9],
  read: [2, 3],
  complete: [2, 6, 9],
  health: [2, 6, 9],
  cancel: [2, 3],
};

/** The steps that the standby never got: from, to (exclusive). */
const LOST: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [1, 3],
  [3, 4],
  [2, 5],
  [4, 5],
  [4, 7],
  [1, 8],
  [0, 10],
];

describe('PostgreSQL fails over to a standby', function () {
  this.timeout(300_000);
  let pair: Pair;
  let plant: Plant;
  let falling: FallingDatabase;
  let ofLine: Awaited<ReturnType<Pair['connect']>>;

  before(async function () {
    pair = await startPair(this);
    const direct = await pair.connect();
    ofLine = await pair.connect();
    plant = await startPlant(this, {
      slots: 2,
      orders: 6,
      database: createPostgres(direct.settings),
      lineDatabase: createPostgres(ofLine.settings),
    });
    falling = fallingDatabase(plant, ofLine.toPrimary);
  });
  after(async () => {
    await plant?.close();
    await pair?.close();
  });

  describe('that has everything (synchronous_commit remote_apply)', () => {
    for (const task of Object.keys(BEFORE) as Task[]) {
      it(`in the middle of ${task}: the new primary is found, nothing that was answered is lost [fault: db-failover]`, async () => {
        for (const n of MOMENTS[task]) {
          await pair.renew({ synchronous: true });
          await falling.prepare(task);
          const struck = await falling.fallsAt(n, task, n % 2 === 0 ? 'after' : 'before', {
            away: async () => {
              const wire = ofLine.toPrimary();
              await pair.primary().stop('kill');
              // What served a connection outlives the server by a moment, and may answer till then.
              wire.drop();
            },
            says: /does not answer|was lost|none of 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ is a primary/,
            back: () => pair.promote(),
          });
          assert.ok(struck, `${task} has no statement ${n} any more: this has shown nothing`);
          await falling.settle();
        }
      });
    }
  });

  describe('that lacks the last steps (asynchronous)', () => {
    /** Two sets, step by step. `made`: the PLC has made what it had. */
    const STEPS = ['fetch', 'load', 'made', 'read', 'complete', 'fetch', 'load', 'made', 'read', 'complete'] as const;
    const run: Run = { actor: 'Budi', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };
    const release = () => actOnBatch(plant.line, run, { action: 'release', payload: { reason: 'PLC, Odoo and history compared' } });
    const alarmed = async (code: string): Promise<string[]> => {
      const sql = 'SELECT mo_id FROM {schema}.mo_alarm WHERE code = $1 AND cleared_at IS NULL';
      return (await plant.database.query<{ mo_id: string }>(sql, [code])).map(({ mo_id }) => mo_id);
    };
    const step = (name: (typeof STEPS)[number]): Promise<unknown> =>
      name === 'made' ? plant.plcIsDone(plant.plc.weighed().length) : plant[name]();

    /** What the operator ended because the alarm said so: done in Odoo, by the line before it forgot. */
    const ended: string[] = [];

    /** The timers, and an operator who does what hold and alarms tell him, until every MO that was made is in the history or done in Odoo. */
    async function heal(): Promise<void> {
      await waitFor(
        async () => {
          await plant.letTimePass();
          for (const name of ['load', 'made', 'read', 'complete'] as const) await step(name);
          const hold = await currentHold(plant.line);
          if (hold) {
            assert.match(hold.reason, /shows WH\/MO\/\d+, which is neither in the queue nor in the history .* older database restored/);
            await release();
          }
          await plant.report('health');
          for (const mo_id of await alarmed('mo-done-in-odoo')) {
            await plant.cancel({ mo_id });
            await plant.act('park', { mo_id, notes: 'done before' });
            ended.push(mo_id);
          }
          if ((await plant.queued()).length > 0) return false;
          const booked = plant.odoo.effects().filter(({ kind }) => kind === 'done');
          const safe = new Set([...(await plant.history()), ...booked].map(({ mo_id }) => mo_id));
          if (plant.plc.weighed().every(({ mo_id }) => safe.has(mo_id))) return true;
          await plant.fetch();
          return false;
        },
        { what: 'every MO that was made to be safe', deadlineMs: 60_000 },
      );
    }

    for (const [from, to] of LOST) {
      it(`${STEPS.slice(from, to).join(', ')} forgotten after ${STEPS.slice(0, from).join(', ') || 'nothing'}: no MO is made or booked twice [fault: db-failover-behind]`, async () => {
        await pair.renew({ synchronous: false });
        for (const name of STEPS.slice(0, from)) await step(name);
        await pair.standbyHasAll();
        await pair.standby().stop();
        for (const name of STEPS.slice(from, to)) await step(name);
        await pair.primary().stop('kill');
        await pair.standby().start();
        await pair.promote();
        await heal();
        await checkInvariants(plant, ended);
        assertOnce(plant.odoo.effects(), plant.plc.weighed());
      });
    }
  });
});
