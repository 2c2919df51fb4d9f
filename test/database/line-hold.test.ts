import assert from 'node:assert/strict';
import { checkInPlc } from '../../src/line/before-load';
import type { Line } from '../../src/line/line';
import type { Run } from '../../src/line/run';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { type Plant, runSet, startPlant } from '../support/plant';

/** Holds that the product sets by itself: where going on could run or book something twice. */
describe('a hold of its own', () => {
  let plant: Plant;
  beforeEach(async function () {
    plant = await startPlant(this);
  });
  afterEach(() => plant.close());

  it('a restored older database: nothing is pushed twice, no recipe is loaded, the line says why [fault: db-restored]', async () => {
    const [first = ''] = await runSet(plant);
    await plant.fetch();
    const second = await plant.queued();
    await plant.load();
    await plant.plcIsDone(20);
    // The backup knows the first set only; the PLC and Odoo have gone on.
    await plant.database.query('DELETE FROM {schema}.mo_batch');
    await plant.read();

    const hold = (await plant.report('real-time')).payload['hold'] as { reason: string } | null;
    assert.match(hold?.reason ?? '', new RegExp(`${second[0]}, which is neither in the queue nor in the history.*older database`));
    assert.equal((await plant.fetch()).payload['reason'], 'hold');
    assert.equal((await plant.gate()).payload['reason'], 'hold');
    const done = plant.odoo.effects().filter(({ kind, mo_id }) => kind === 'done' && mo_id === first);
    assert.equal(done.length, 1);
  });

  /** The PLC shows an MO that the database has forgotten, and an operator has said that this is well. */
  async function strangerIsKnown(): Promise<void> {
    await runSet(plant);
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcIsDone(11);
    await plant.database.query('DELETE FROM {schema}.mo_batch');
    await plant.read();
    assert.equal((await plant.act('release', { reason: 'known' })).port, 1);
  }

  it('what an operator has seen and released does not hold the line again', async () => {
    await strangerIsKnown();
    await plant.read();
    assert.equal((await plant.report('real-time')).payload['hold'], null);
  });

  it('nor after one bad word has hidden its name for a read', async () => {
    await strangerIsKnown();
    for (const [batchNo, code] of [
      [9, 'wrong-slot'],
      [1, 'unknown-mo'],
    ] as const) {
      plant.plc.registers.write('holding', FEED_MILL_MAP.read.base, [batchNo]);
      const { payload } = await plant.read();
      assert.deepEqual(
        (payload['bad'] as { code: string }[]).map((bad) => bad.code),
        [code],
      );
    }
    assert.equal((await plant.report('real-time')).payload['hold'], null);
  });

  it('a set that another process queued and loaded after a run had read its rows is no stranger', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    await plant.plcIsDone(2);
    const run: Run = { actor: 'test', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };
    const { line } = plant;
    assert.ok(line.plc);
    assert.deepEqual(await checkInPlc(line, line.plc, run, [], []), { good: [], notLoaded: [] });
    assert.equal((await plant.report('real-time')).payload['hold'], null);
  });

  it('restored to the very first set: its recipes are not loaded a second time [fault: db-restored]', async () => {
    await plant.fetch({ limit: 2 });
    await plant.database.query('CREATE TABLE {schema}.kept AS SELECT * FROM {schema}.mo_batch');
    await plant.load();
    await plant.plcIsDone(2);
    await plant.read();
    await plant.complete();
    await runSet(plant);
    for (const table of ['mo_histories', 'mo_events', 'mo_task', 'mo_fetch']) await plant.database.query(`DELETE FROM {schema}.${table}`);
    await plant.database.query(`INSERT INTO {schema}.mo_fetch (line, fetch_seq, token) VALUES ('main', 1, gen_random_uuid())`);
    const columns = 'line, batch_no, mo_id, run, odoo_id, finished_goods, quantity, uom, materials, fetch_seq';
    await plant.database.query(`INSERT INTO {schema}.mo_batch (${columns}) SELECT ${columns} FROM {schema}.kept`);

    await plant.odoo.command({ action: 'fault', fault: 'http-503', seconds: 60 });
    const made = plant.plc.weighed().length;
    assert.equal((await plant.load()).payload['reason'], 'hold');
    assert.equal(plant.plc.weighed().length, made);
    assert.match(JSON.stringify((await plant.report('real-time')).payload['hold']), /older database/);
  });

  it('what the PLC showed before the first set was fetched never holds', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcIsDone(1);
    for (const table of ['mo_batch', 'mo_events', 'mo_fetch']) await plant.database.query(`DELETE FROM {schema}.${table}`);
    await plant.read();
    await plant.fetch({ limit: 1 });
    assert.notEqual((await plant.load()).payload['reason'], 'hold');
  });

  it('a hold that comes while Odoo is asked stops the set', async () => {
    const odoo = plant.line.odoo!;
    const asked: Line = {
      ...plant.line,
      odoo: {
        ...odoo,
        async listConfirmed(...given) {
          const orders = await odoo.listConfirmed(...given);
          await plant.act('hold', { reason: 'cleaning' });
          return orders;
        },
      },
    };
    const { payload } = await plant.on(asked).fetch();
    assert.deepEqual([payload['reason'], payload.text], ['hold', 'line on hold: cleaning']);
    assert.deepEqual(await plant.queued(), []);
  });

  it('SMART_MO_HOLD: shown, and released for good, before any task has run', async () => {
    plant.line.startHold = 'started with SMART_MO_HOLD';
    assert.equal((await plant.report('real-time')).payload['word'], 'ON HOLD');
    assert.equal((await plant.act('release', { reason: 'looked around' })).port, 1);
    assert.equal((await plant.fetch()).payload['reason'], 'queued');
  });

  it('SMART_MO_HOLD: a preview and a line that only observes store nothing', async () => {
    plant.line.startHold = 'started with SMART_MO_HOLD';
    await plant.fetch({ preview: true });
    const observing: Line = { ...plant.line, mode: 'observe' };
    assert.equal((await plant.on(observing).gate()).payload['reason'], 'hold');
    assert.deepEqual(await plant.database.query('SELECT line FROM {schema}.mo_line WHERE hold'), []);
    assert.equal((await plant.fetch()).payload['reason'], 'hold');
  });

  it('a new line is not held by what an idle PLC still shows', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcIsDone(1);
    await plant.database.query('DELETE FROM {schema}.mo_batch');
    await plant.database.query('DELETE FROM {schema}.mo_fetch');
    await plant.read();
    assert.equal((await plant.report('real-time')).payload['hold'], null);
    assert.equal((await plant.fetch()).payload['reason'], 'queued');
  });

  it('SMART_MO_HOLD: no task gets past it, and the release is not undone', async () => {
    plant.line.startHold = 'started with SMART_MO_HOLD';
    assert.equal((await plant.fetch()).payload['reason'], 'hold');
    assert.equal((await plant.act('release')).port, 1);
    assert.equal((await plant.fetch()).payload['reason'], 'queued');
  });
});
