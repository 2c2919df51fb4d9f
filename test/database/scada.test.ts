import assert from 'node:assert/strict';
import type { QueueRow } from '../../src/queue/batch';
import { checkInvariants } from '../support/invariants';
import { type Plant, runSet, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

const QUIET_TIME = 150;

/** Seconds until the batch may be tried again. */
const wait = ({ next_try_at }: QueueRow): number => (next_try_at!.getTime() - Date.now()) / 1000;

describe('a line whose Odoo is spoken to over the routes of the plant module', () => {
  let plant: Plant;
  const start = async (context: Mocha.Context, timeout = 2): Promise<void> => {
    plant = await startPlant(context, { odoo: { version: 'scada', timeout }, line: { scaleBom: true } });
  };
  afterEach(() => plant?.close());

  const done = (): number => plant.odoo.effects().filter((effect) => effect.kind === 'done').length;
  const only = async (): Promise<QueueRow> => (await plant.rows())[0]!;

  it('runs a whole set', async function () {
    await start(this);
    const set = await runSet(plant);
    assert.deepEqual(
      (await plant.history()).map(({ mo_id, status }) => ({ mo_id, status })),
      set.map((mo_id) => ({ mo_id, status: 'completed' })),
    );
    assert.equal(done(), set.length);
    await checkInvariants(plant);
  });

  it('after a lost answer sends the same payload again, once quietTime has passed', async function () {
    await start(this);
    await plant.fetch({ limit: 1 });
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'reset-after', method: 'update-with-consumptions', times: 1 });
    await plant.complete();
    const lost = await only();
    assert.equal(lost.state, 'pushing');
    assert.match(lost.last_error ?? '', /^ODOO_OUTCOME_UNKNOWN/);
    assert.ok(wait(lost) > QUIET_TIME - 10, `${wait(lost)} s`);

    await plant.complete();
    assert.equal(done(), 0, 'not before its time');
    await plant.letTimePass();
    await plant.complete();
    assert.equal((await plant.history())[0]?.status, 'completed');
    assert.equal(done(), 1);
    assert.deepEqual(plant.struck, ['reset-after strikes update-with-consumptions']);
    await checkInvariants(plant);
  });

  it('a process that dies while it sends leaves a lease of quietTime behind', async function () {
    await start(this, 1);
    await plant.fetch({ limit: 1 });
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'hang', method: 'update-with-consumptions', times: 1 });
    const running = plant.complete();
    const sending = await waitFor(async () => (await only()).state === 'pushing' && only(), { what: 'the push' });
    assert.ok(wait(sending) > QUIET_TIME - 10, `${wait(sending)} s`);
    await running;
  });
});
