import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { SmartMoError } from '../../src/errors';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import type { Odoo } from '../../src/odoo/odoo';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { checkInvariants } from '../support/invariants';
import { handClock } from '../support/odoo-simulator-clock';
import { type Plant, startPlant, weighedOf } from '../support/plant';

const answer = ({ port, statusCode, payload }: Outcome): unknown[] => [port, statusCode, payload['code']];

describe('cancelling a batch', () => {
  let plant: Plant;
  let set: string[];
  beforeEach(async function () {
    plant = await startPlant(this);
    await plant.fetch({ limit: 3 });
    set = await plant.queued();
  });
  afterEach(() => plant.close());

  const stateOf = (mo_id: string | undefined): string | undefined => plant.odoo.orders().find((order) => order.mo_id === mo_id)?.state;
  const withOdoo = (changes: Partial<Odoo>): Line => {
    const other = plant.otherProcess();
    return { ...other, odoo: { ...(other.odoo as Odoo), ...changes } };
  };

  it('cancels the MO in Odoo, archives the batch with its reason, and the rest of the set goes on', async () => {
    const outcome = await plant.cancel({ mo_id: set[0], notes: 'hopper broken', reason: 'spill' }, { reasons: ['spill'] });
    const { at, text, ...payload } = outcome.payload;
    assert.ok(Date.parse(at) > 0 && text !== '');
    assert.deepEqual(payload, {
      line: 'main',
      success: true,
      message: `Batch #1 (MO: ${set[0]}) cancelled`,
      batch_no: 1,
      mo_id: set[0],
      status: 'cancelled',
    });
    assert.equal(stateOf(set[0]), 'cancel');
    const [record] = await plant.database.query('SELECT status, notes, actor FROM {schema}.mo_histories');
    assert.deepEqual(record, { status: 'cancelled', notes: 'spill: hopper broken', actor: 'test' });
    assert.deepEqual(await plant.queued(), set.slice(1));
    await checkInvariants(plant);
  });

  it('refuses what it does not understand with 400, and nothing is changed', async () => {
    for (const payload of [
      undefined,
      null,
      {},
      'slot 1',
      [],
      { batch_no: 0 },
      { batch_no: 1.5 },
      { batch_no: 'one' },
      { mo_id: 'x'.repeat(65) },
    ]) {
      assert.deepEqual(answer(await plant.cancel(payload)), [2, 400, 'INPUT_INVALID'], JSON.stringify(payload));
    }
    assert.deepEqual(answer(await plant.cancel({ mo_id: set[0], reason: 'fun' }, { reasons: ['spill'] })), [2, 400, 'INPUT_INVALID']);
    assert.deepEqual(await plant.queued(), set);
  });

  it('404 for a batch that is not there, 409 for one that has left the queue, or is in another slot', async () => {
    assert.deepEqual(answer(await plant.cancel({ mo_id: 'WH/MO/99999' })), [2, 404, 'BATCH_UNKNOWN']);
    assert.deepEqual(answer(await plant.cancel({ batch_no: 9 })), [2, 404, 'BATCH_UNKNOWN']);
    const elsewhere = await plant.cancel({ batch_no: 1, mo_id: set[1] });
    assert.deepEqual(answer(elsewhere), [2, 409, 'INPUT_INVALID']);
    assert.deepEqual([elsewhere.payload['batch_no'], elsewhere.payload['mo_id']], [2, set[1]]);
    await plant.cancel({ mo_id: set[0] });
    const again = await plant.cancel({ mo_id: set[0] });
    assert.deepEqual(answer(again), [2, 409, 'BATCH_UNKNOWN']);
    assert.match(again.payload.text, /left the queue already: it is cancelled/);
  });

  it('a slot number alone is refused while it may still mean the batch before', async () => {
    for (const mo_id of set) await plant.cancel({ mo_id });
    await plant.fetch({ limit: 3 });
    assert.deepEqual(answer(await plant.cancel({ batch_no: 1 })), [2, 409, 'INPUT_INVALID']);
    await plant.database.query(`UPDATE {schema}.mo_batch SET created_at = now() - interval '3 minutes'`);
    assert.equal((await plant.cancel({ batch_no: 1 })).port, 1);
  });

  it('409 while it is being pushed', async () => {
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'wizard', times: 1 });
    await plant.complete({ payload: { mo_id: set[0] } });
    assert.deepEqual(answer(await plant.cancel({ mo_id: set[0] })), [2, 409, 'BATCH_BEING_PUSHED']);
  });

  it('502 while Odoo is away: stays cancelling, says so, and task 3 ends it', async () => {
    await plant.odoo.command({ action: 'fault', fault: 'http-503', times: 1 });
    const outcome = await plant.cancel({ mo_id: set[0] });
    assert.deepEqual(answer(outcome), [2, 502, 'ODOO_UNREACHABLE']);
    assert.match(outcome.payload.text, /stays "cancelling" and task 3 tries again$/);
    assert.deepEqual([outcome.payload['batch_no'], outcome.payload['mo_id']], [1, set[0]]);
    assert.equal((await plant.rows())[0]?.state, 'cancelling');
    await plant.letTimePass();
    const done = await plant.complete();
    assert.deepEqual(
      (done.payload['archived'] as { mo_id: string; status: string }[]).map(({ mo_id, status }) => [mo_id, status]),
      [[set[0], 'cancelled']],
    );
    assert.match(done.payload.text, /^0 batches completed and archived, 1 cancelled, 2 left/);
    assert.equal(stateOf(set[0]), 'cancel');
    await checkInvariants(plant);
  });

  it('a lost answer of Odoo is no harm: cancelled twice is cancelled', async () => {
    await plant.odoo.command({ action: 'fault', fault: 'reset-after', method: 'action_cancel', times: 1 });
    assert.deepEqual(answer(await plant.cancel({ mo_id: set[0] })), [2, 502, 'ODOO_OUTCOME_UNKNOWN']);
    assert.equal((await plant.cancel({ mo_id: set[0] })).port, 1);
    await checkInvariants(plant);
  });

  it('409 for an MO that is done in Odoo, with Odoo or without: failed, never cancelled here and done there; park is the way out', async () => {
    await plant.odoo.command({ action: 'done', mo_id: set[0] });
    for (const cancelInOdoo of [true, false]) {
      const outcome = await plant.cancel({ mo_id: set[0] }, { cancelInOdoo });
      assert.deepEqual(answer(outcome), [2, 409, 'ODOO_DIFFERS']);
      assert.match(outcome.payload.text, /park it.*the batch is "failed" now$/);
      assert.deepEqual([(await plant.rows())[0]?.state, await plant.history()], ['failed', []]);
    }
    assert.equal((await plant.act('park', { mo_id: set[0] })).port, 1);
    assert.deepEqual(await plant.history(), [{ mo_id: set[0], status: 'failed', run: 1 }]);
  });

  it('409 when Odoo refuses for good: failed, for a person, not repeated for ever', async () => {
    const refusing = withOdoo({ cancel: () => Promise.reject(new SmartMoError('ODOO_REFUSED', 'there is a work order')) });
    assert.deepEqual(answer(await plant.on(refusing).cancel({ mo_id: set[0] })), [2, 409, 'ODOO_REFUSED']);
    const [row] = await plant.rows();
    assert.deepEqual([row?.state, row?.last_error], ['failed', 'ODOO_REFUSED: there is a work order']);
  });

  it('of a made batch that Odoo refuses to cancel says so; a retry is the new wish, and completes it', async () => {
    await plant.finishAll();
    const refusing = withOdoo({ cancel: () => Promise.reject(new SmartMoError('ODOO_REFUSED', 'there is a work order')) });
    await plant.on(refusing).cancel({ mo_id: set[0] });
    const [shown] = (await plant.report('batch-status')).payload['batches'] as { trouble: string; action: string; can: string[] }[];
    assert.equal(shown?.trouble, 'there is a work order');
    assert.match(shown.action, /^The cancellation was refused\..* press cancel again; or press retry to complete/);
    assert.ok(['cancel', 'retry', 'park'].every((button) => shown.can.includes(button)));
    await plant.act('retry', { mo_id: set[0] });
    const [row] = await plant.rows();
    assert.deepEqual([row?.state, row?.last_error, row?.cancellation], ['finished', null, null]);
    await plant.complete();
    assert.equal(stateOf(set[0]), 'done');
    await checkInvariants(plant);
  });

  it('finished by hand after Odoo refused to cancel it, a batch is not one to cancel any more', async () => {
    const refusing = withOdoo({ cancel: () => Promise.reject(new SmartMoError('ODOO_REFUSED', 'there is a work order')) });
    await plant.on(refusing).cancel({ mo_id: set[0] });
    const [queued] = await plant.rows();
    assert.ok(queued);
    const { actual, weight } = weighedOf(queued);
    assert.equal((await plant.act('finish', { mo_id: set[0], actual, actual_weight: weight })).port, 1);
    assert.equal((await plant.rows())[0]?.cancellation, null);
  });

  it('409 when a record rule keeps the user from it, or Odoo says yes and leaves it open: failed, for a person', async () => {
    const refusing = withOdoo({ cancel: () => Promise.reject(new SmartMoError('ODOO_RIGHTS', 'of another company')) });
    assert.deepEqual(answer(await plant.on(refusing).cancel({ mo_id: set[0] })), [2, 409, 'ODOO_RIGHTS']);
    const deaf = withOdoo({ cancel: () => Promise.resolve() });
    assert.deepEqual(answer(await plant.on(deaf).cancel({ mo_id: set[1] })), [2, 409, 'ODOO_REFUSED']);
    assert.deepEqual(
      (await plant.rows()).slice(0, 2).map(({ state }) => state),
      ['failed', 'failed'],
    );
  });

  it('while Odoo is away, asked again without Odoo, the batch leaves the queue', async () => {
    await plant.odoo.command({ action: 'fault', fault: 'http-503', seconds: 600 });
    assert.equal((await plant.cancel({ mo_id: set[0], reason: 'first' })).statusCode, 502);
    assert.equal((await plant.cancel({ mo_id: set[0], reason: 'second' }, { cancelInOdoo: false })).port, 1);
    assert.deepEqual(await plant.queued(), set.slice(1));
    const [record] = await plant.database.query('SELECT mo_id, status, notes FROM {schema}.mo_histories');
    assert.deepEqual(record, { mo_id: set[0], status: 'cancelled', notes: 'first' });
  });

  it('an MO that Odoo does not show is cancelled at the second look', async () => {
    await plant.odoo.command({ action: 'delete', mo_id: set[0] });
    assert.deepEqual(answer(await plant.cancel({ mo_id: set[0] })), [2, 502, 'ODOO_GONE']);
    await plant.complete();
    assert.equal((await plant.rows())[0]?.state, 'cancelling', 'not before a minute has passed');
    await plant.letTimePass();
    await plant.complete();
    assert.deepEqual(await plant.queued(), set.slice(1));
  });

  it('a cancellation that cannot go on stops no completion', async () => {
    const stubborn = withOdoo({ cancel: () => Promise.reject(new SmartMoError('ODOO_OUTCOME_UNKNOWN', 'lost', { class: 'unknown' })) });
    assert.equal((await plant.on(stubborn).cancel({ mo_id: set[0] })).statusCode, 502);
    await plant.finishAll();
    await plant.letTimePass();
    const outcome = await plant.on(stubborn).complete();
    assert.deepEqual(
      (outcome.payload['archived'] as { mo_id: string }[]).map(({ mo_id }) => mo_id),
      set.slice(1),
    );
  });

  it('with freeSlot: 409 while the PLC runs it, and the recipe is gone from the PLC afterwards', async () => {
    plant.plc.command({ action: 'fault', fault: 'mute', times: 1 });
    assert.deepEqual(answer(await plant.cancel({ mo_id: set[0] }, { freeSlot: true })), [2, 502, 'PLC_TIMEOUT']);
    assert.equal((await plant.rows())[0]?.state, 'queued', 'nothing was cancelled');
    assert.equal((await plant.cancel({ mo_id: set[0] }, { freeSlot: true })).port, 1);
    assert.equal(plant.plc.slots()[0]?.recipe, null);
  });

  it('with freeSlot under another map: 409, and the recipe of no slot is touched; without it the batch is cancelled', async function () {
    await plant.close();
    plant = await startPlant(this, { plcClock: handClock() });
    await plant.fetch({ limit: 3 });
    set = await plant.queued();
    await plant.load();
    const recipes = (): unknown[] => plant.plc.slots().map(({ recipe }) => recipe);
    const before = recipes();
    assert.ok(before[0] && before[1]);
    // One slot further: where slot 1 is in this map, the PLC has slot 2.
    const { read, write } = FEED_MILL_MAP;
    assert.ok(write);
    const map = { ...FEED_MILL_MAP, read: { ...read, base: read.base + 100 }, write: { ...write, base: write.base + 100 } };
    const mapping = compileMapping({ map, materials: plant.line.materials, slots: 10 });
    const deployed = plant.on({ ...plant.otherProcess(), mapping });
    const outcome = await deployed.cancel({ mo_id: set[0] }, { freeSlot: true });
    assert.deepEqual(answer(outcome), [2, 409, 'MAP_CHANGED']);
    assert.match(outcome.payload.text, /cancel without "Clear the slot.*nothing was cancelled$/);
    assert.deepEqual([recipes(), stateOf(set[0]), (await plant.rows())[0]?.state], [before, 'confirmed', 'queued']);

    // Begun before the deploy.
    const halfway = { in_odoo: true, free_slot: true, notes: '', reason: null, actor: 'test' };
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'cancelling', cancellation = $1 WHERE batch_no = 1", [
      JSON.stringify(halfway),
    ]);
    await deployed.complete();
    const [row] = await plant.rows();
    assert.deepEqual(
      [row?.state, row?.last_error?.split(':')[0], recipes(), stateOf(set[0])],
      ['cancelling', 'MAP_CHANGED', before, 'confirmed'],
    );
    assert.equal((await deployed.cancel({ mo_id: set[0] })).port, 1);
    assert.deepEqual([recipes(), stateOf(set[0])], [before, 'cancel']);
  });

  it('two at once: one cancels, the other is refused or finds it done', async () => {
    const outcomes = await Promise.all([plant.cancel({ mo_id: set[0] }), plant.on(plant.otherProcess()).cancel({ mo_id: set[0] })]);
    assert.ok(outcomes.some(({ port }) => port === 1));
    for (const outcome of outcomes.filter(({ port }) => port === 2)) assert.equal(outcome.statusCode, 409);
    assert.equal((await plant.history()).length, 1);
  });

  it('a read or a load that changes the row in the same moment does not refuse the operator', async () => {
    const other = plant.otherProcess();
    let reads = 0;
    const busy: Database = {
      ...other.database,
      async query(sql, ...rest) {
        if (sql.includes("state = 'cancelling'") && (reads += 1) <= 2) {
          await plant.database.query('UPDATE {schema}.mo_batch SET missed_reads = missed_reads');
        }
        return other.database.query(sql, ...rest);
      },
    };
    assert.equal((await plant.on({ ...other, database: busy }).cancel({ mo_id: set[0] })).port, 1);
    assert.equal(reads, 3);
    assert.deepEqual(await plant.queued(), set.slice(1));
  });

  it('says cancelled only when it is: a row that another process took over meanwhile is not', async () => {
    const other = plant.otherProcess();
    const odoo = other.odoo as Odoo;
    const overtaken: Odoo = {
      ...odoo,
      async cancel(...args) {
        await odoo.cancel(...args);
        await plant.database.query('UPDATE {schema}.mo_batch SET missed_reads = missed_reads');
      },
    };
    assert.equal((await plant.on({ ...other, odoo: overtaken }).cancel({ mo_id: set[0] })).statusCode, 409);
    assert.equal((await plant.cancel({ mo_id: set[0] })).port, 1);
  });

  it('in mode observe nothing is written anywhere', async () => {
    const observing = plant.on({ ...plant.otherProcess(), mode: 'observe' });
    const outcome = await observing.cancel({ mo_id: set[0] });
    assert.equal(outcome.port, 2);
    assert.match(outcome.payload.text, /^observe: /);
    await plant.finishAll();
    for (const task of [observing.gate, observing.load, observing.read, observing.complete]) {
      assert.match((await task()).payload.text, /^observe: /);
    }
    assert.deepEqual(await plant.queued(), set);
    assert.equal(stateOf(set[0]), 'confirmed');
    assert.ok(plant.plc.slots().every(({ recipe }) => recipe === null));
  });
});
