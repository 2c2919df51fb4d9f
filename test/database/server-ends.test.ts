import assert from 'node:assert/strict';
import { createPostgres } from '../../src/database/postgres';
import { BEFORE, fallingDatabase, type FallingDatabase, type Task } from '../support/falling-database';
import { createOwnServer, type Ending, type OwnServer } from '../support/own-server';
import { type Plant, startPlant } from '../support/plant';
import { startWire, type Wire } from '../support/wire';

const ENDINGS: readonly Ending[] = ['fast', 'immediate', 'kill'];
/** An even number does before the odd statements what an odd one does before the even ones, and with other endings. */
const SEED = Number(process.env['SMART_MO_SEED'] ?? 1);

describe('PostgreSQL ends in the middle of a task', function () {
  this.timeout(300_000);
  let server: OwnServer;
  let wire: Wire;
  let plant: Plant;
  let falling: FallingDatabase;

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
    falling = fallingDatabase(plant, () => wire);
  });
  after(async () => {
    await plant?.close();
    await wire?.close();
    await server?.remove();
  });

  for (const task of Object.keys(BEFORE) as Task[]) {
    it(`${task}: at every statement it has; it works again by itself, and nothing is lost or doubled [fault: db-ends-fast, db-ends-immediate, db-killed]`, async () => {
      for (let n = 1, more = true; more; n += 1) {
        const how = ENDINGS[(n + SEED) % ENDINGS.length];
        const fall = { away: () => server.stop(how), says: /127\.0\.0\.1:\d+ (does not answer|was lost)/, back: () => server.start() };
        await falling.prepare(task);
        more = await falling.fallsAt(n, task, n % 2 === SEED % 2 ? 'after' : 'before', fall);
        await falling.settle();
        if (!more) assert.ok(n > 1, `${task} asks nothing: this has shown nothing`);
      }
    });
  }
});
