import assert from 'node:assert/strict';
import type { Outcome } from '../../src/line/outcome';
import { createPostgres } from '../../src/database/postgres';
import { SmartMoError } from '../../src/errors';
import { createOwnServer, type Ending, type OwnServer } from '../support/own-server';
import { checkInvariants, type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';
import { startWire, type Wire } from '../support/wire';

const ENDINGS: readonly Ending[] = ['fast', 'immediate', 'kill'];
/** An even number does before the odd statements what an odd one does before the even ones, and with other endings. */
const ROUND = Number(process.env['SMART_MO_SEED'] ?? 1);
type Task = 'gate' | 'fetch' | 'load' | 'read' | 'complete' | 'health' | 'cancel';

/** What has run before in the set. */
const BEFORE: Readonly<Record<Task, readonly Task[]>> = {
  gate: [],
  fetch: [],
  load: ['fetch'],
  read: ['fetch', 'load'],
  complete: ['fetch', 'load', 'read'],
  health: ['fetch', 'load'],
  cancel: ['fetch'],
};

/** A statement of the extended or the simple protocol; logging in is none. */
const isStatement = (bytes: Buffer): boolean => bytes[0] === 0x50 || bytes[0] === 0x51;

describe('PostgreSQL ends in the middle of a task', function () {
  this.timeout(300_000);
  let server: OwnServer;
  let wire: Wire;
  let plant: Plant;

  before(async function () {
    server = await createOwnServer(this);
    await server.start();
    wire = await startWire(server.settings);
    plant = await startPlant(this, {
      slots: 1,
      orders: 3,
      database: createPostgres(server.settings),
      lineDatabase: createPostgres({ ...server.settings, port: wire.port }),
    });
  });
  after(async () => {
    await plant?.close();
    await wire?.close();
    await server?.remove();
  });

  const run = (task: Task): Promise<Outcome> => {
    if (task === 'health') return plant.report('health');
    return task === 'cancel' ? cancelFirst() : plant[task]();
  };

  async function cancelFirst(): Promise<Outcome> {
    const [mo_id = 'none is left'] = await plant.queued();
    return plant.cancel({ mo_id, notes: 'not today' });
  }

  /** The server ends before it gets the n-th statement of the task, or before anybody hears of its answer. False: there is no n-th. */
  async function endsAt(n: number, task: Task, how: Ending): Promise<boolean> {
    let statements = 0;
    const tripped = wire.trip(n % 2 === ROUND % 2 ? 'after' : 'before', (bytes) => isStatement(bytes) && ++statements === n);
    const ended = run(task).catch((error: unknown) => {
      if (error instanceof SmartMoError && /^DB_(UNREACHABLE|OUTCOME_UNKNOWN)$/.test(error.code)) return;
      throw error;
    });
    await Promise.race([tripped, ended]);
    if (statements < n) {
      statements = Number.NaN;
      return false;
    }
    await server.stop(how);
    await ended;
    await checkRefused(task);
    await server.start();
    await checkInvariants(plant);
    await waitFor(() => run(task), { what: `${task} to work again` });
    return true;
  }

  /** While it is down: an error with the address, at once. */
  async function checkRefused(task: Task): Promise<void> {
    if (task === 'health') return assert.match(JSON.stringify((await run(task)).payload), /"database-down"/);
    await assert.rejects(run(task), (error) => error instanceof SmartMoError && /127\.0\.0\.1:\d+ does not answer/.test(error.message));
  }

  /** What the timers do, until nothing is left. */
  async function settle(): Promise<void> {
    await waitFor(
      async () => {
        await plant.letTimePass();
        await plant.load();
        const open = (await plant.rows()).filter(({ state }) => state === 'queued' || state === 'running');
        if (open.length > 0) await plant.plcIsDone(plant.plc.weighed().length);
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
  }

  for (const task of Object.keys(BEFORE) as Task[]) {
    it(`${task}: at every statement it has, it works again by itself, and nothing is lost or doubled`, async () => {
      for (let n = 1, more = true; more; n += 1) {
        for (const earlier of BEFORE[task]) {
          await run(earlier);
          if (earlier === 'load') await plant.plcIsDone(plant.plc.weighed().length);
        }
        more = await endsAt(n, task, ENDINGS[(n + ROUND) % ENDINGS.length] ?? 'kill');
        await settle();
        if (!more) assert.ok(n > (task === 'gate' ? 2 : 3), `${task} has ${n - 1} statements only: this has shown nothing`);
      }
    });
  }
});
