import assert from 'node:assert/strict';
import { actOnBatch, type Action } from '../../src/line/action';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import type { Run } from '../../src/line/run';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { markFailed } from '../../src/queue/steps';
import { type Plant, runSet, startPlant } from '../support/plant';

/** What an operator decides: each action from the state it is meant for, and refused from all others. */
describe('operator actions', () => {
  let plant: Plant;
  const run: Run = { actor: 'Budi', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };
  const act = (action: Action, payload: object = {}): Promise<Outcome> => actOnBatch(plant.line, run, { action, payload });
  const stateOf = async (mo_id: string): Promise<unknown> =>
    (await plant.database.query('SELECT state FROM {schema}.mo_batch WHERE mo_id = $1', [mo_id]))[0]?.['state'];

  /** One finished batch that Odoo shows as done with other figures: it ends as failed. */
  async function failedBatch(): Promise<string> {
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcIsDone(1);
    await plant.read();
    const [mo_id = ''] = await plant.queued();
    await plant.odoo.command({ action: 'cancel', mo_id });
    await plant.complete();
    assert.equal(await stateOf(mo_id), 'failed');
    return mo_id;
  }

  beforeEach(async function () {
    plant = await startPlant(this);
  });
  afterEach(() => plant.close());

  it('park takes a failed batch out of the queue, and its MO is not fetched again', async () => {
    const mo_id = await failedBatch();
    assert.equal((await plant.gate()).payload['reason'], 'blocked');
    const outcome = await act('park', { mo_id, reason: 'booked by hand' });
    assert.equal(outcome.port, 1, outcome.payload.text);
    assert.deepEqual(await plant.history(), [{ mo_id, status: 'failed', run: 1 }]);
    assert.equal((await plant.gate()).payload['reason'], 'empty');
    await plant.fetch();
    assert.ok(!(await plant.queued()).includes(mo_id));
    const events = await plant.database.query("SELECT actor, detail FROM {schema}.mo_events WHERE event = 'parked'");
    assert.equal(events[0]?.['actor'], 'Budi');
  });

  it('requeue lets a parked MO be fetched once more, as run 2', async () => {
    await plant.fetch({ limit: 1 });
    const [mo_id = ''] = await plant.queued();
    await plant.cancel({ mo_id }, { cancelInOdoo: false });
    assert.equal((await act('requeue', { mo_id, reason: 'cancelled by mistake' })).port, 1);
    assert.equal((await act('requeue', { mo_id })).statusCode, 409);
    await plant.fetch({ limit: 1 });
    assert.deepEqual(await plant.database.query('SELECT mo_id, run FROM {schema}.mo_batch'), [{ mo_id, run: 2 }]);
  });

  it('a completed MO is never requeued', async () => {
    const [mo_id = ''] = await runSet(plant);
    const outcome = await act('requeue', { mo_id });
    assert.equal(outcome.statusCode, 409);
    assert.match(String(outcome.payload['detail']), /is completed in the history/);
  });

  it('retry sends the same quantities again, with the attempts from 0 [fault: old-retry-on-another-path]', async () => {
    const mo_id = await failedBatch();
    const frozen = await plant.database.query('SELECT push_payload FROM {schema}.mo_batch');
    assert.equal((await act('retry', { mo_id })).port, 1);
    assert.deepEqual(await plant.database.query('SELECT state, push_attempt, last_error FROM {schema}.mo_batch'), [
      { state: 'finished', push_attempt: 0, last_error: null },
    ]);
    assert.deepEqual(await plant.database.query('SELECT push_payload FROM {schema}.mo_batch'), frozen);
  });

  it("finish takes the operator's figures, after the checks of a reading", async () => {
    await plant.fetch({ limit: 1 });
    const [row] = await plant.database.query<{ mo_id: string; materials: { tag: string; planned: number }[] }>(
      'SELECT * FROM {schema}.mo_batch',
    );
    assert.ok(row);
    const { mo_id, materials } = row;
    const actual = Object.fromEntries(materials.map(({ tag, planned }) => [tag, planned]));
    const [tag = ''] = Object.keys(actual);
    for (const [payload, sentence] of [
      [{ mo_id }, /send payload.actual/],
      [{ mo_id, actual: {}, actual_weight: 1000 }, /payload.actual lacks silo_a/],
      [{ mo_id, actual: { ...actual, silo_z: 1 }, actual_weight: 1000 }, /names silo_z/],
      [{ mo_id, actual: { ...actual, [tag]: -1 }, actual_weight: 1000 }, /must be >= 0/],
      [{ mo_id, actual: { ...actual, [tag]: 0 }, actual_weight: 1000 }, /too far from the plan/],
      [{ mo_id, actual, actual_weight: 1_000_000 }, /actual_weight is 1000000 kg, at most 1500 kg is plausible/],
      [{ mo_id, actual, actual_weight: true }, /actual_weight must be number/],
      [{ mo_id, actual: { ...actual, [tag]: null }, actual_weight: 1000 }, /silo_a must be number/],
    ] as const) {
      const refused = await act('finish', payload);
      assert.equal(refused.statusCode, 400);
      assert.match(String(refused.payload['detail']), sentence);
    }
    assert.equal((await act('finish', { mo_id, actual, actual_weight: 1000, reason: 'scale link broken' })).port, 1);
    await plant.complete();
    assert.deepEqual(await plant.history(), [{ mo_id, status: 'completed', run: 1 }]);
    const { payload } = await plant.report('history');
    const [record] = payload['histories'] as { notes: string | null; materials: { source: string; actual: number }[] }[];
    assert.ok(record?.materials.every(({ source }) => source === 'operator'));
    assert.match(record?.notes ?? '', /^finished by hand: scale link broken \(.+\)$/);
  });

  it('finish keeps in the batch record that the figures contradict each other, and who stood for them', async () => {
    await plant.fetch({ limit: 1 });
    const [row] = await plant.rows();
    assert.ok(row);
    const actual = Object.fromEntries(row.materials.map(({ tag, planned }) => [tag, planned]));
    assert.equal((await act('finish', { mo_id: row.mo_id, actual, actual_weight: 100, reason: 'scale broken' })).port, 1);
    await plant.complete();
    const { payload } = await plant.report('history');
    const [record] = payload['histories'] as { notes: string | null }[];
    assert.equal(
      record?.notes,
      'finished by hand: scale broken, all the same: the materials sum up to 1000.00 kg, the finished weight is 100.00 kg (Budi)',
    );
  });

  it('finish keeps that too of a batch that is parked or cancelled then, each decision once', async () => {
    await plant.fetch({ limit: 2 });
    const queued = await plant.rows();
    const failAll = async (): Promise<void> => {
      for (const row of await plant.rows()) assert.ok(await markFailed(plant.database, row, 'ODOO_REFUSED: no lot', { actor: 'test' }));
    };
    const finishAll = async (): Promise<void> => {
      for (const { mo_id, materials } of queued) {
        const actual = Object.fromEntries(materials.map(({ tag, planned }) => [tag, planned]));
        assert.equal((await act('finish', { mo_id, actual, actual_weight: 100, reason: 'scale broken' })).port, 1);
      }
    };
    await finishAll();
    await failAll();
    await finishAll();
    await failAll();
    const [parked = '', cancelled = ''] = queued.map(({ mo_id }) => mo_id);
    assert.equal((await act('retry', { mo_id: parked, reason: 'lot is there' })).port, 1);
    await plant.database.query(`UPDATE {schema}.mo_batch SET state = 'failed' WHERE mo_id = $1`, [parked]);
    assert.equal((await act('park', { mo_id: parked, reason: 'booked on paper' })).port, 1);
    assert.equal((await plant.cancel({ mo_id: cancelled }, { cancelInOdoo: false })).port, 1);
    const decided =
      'finished by hand: scale broken, all the same: the materials sum up to 1000.00 kg, the finished weight is 100.00 kg (Budi)';
    const { payload } = await plant.report('history');
    assert.deepEqual(
      (payload['histories'] as { notes: string | null }[]).map(({ notes }) => notes),
      [decided, `booked on paper; ${decided}; sent to Odoo again: lot is there (Budi)`],
    );
    const events = await plant.database.query(
      `SELECT event, detail ->> 'notes' AS notes FROM {schema}.mo_events WHERE event IN ('parked', 'cancelled') ORDER BY id`,
    );
    assert.deepEqual(events, [
      { event: 'parked', notes: 'booked on paper' },
      { event: 'cancelled', notes: null },
    ]);
  });

  it('finish checks each figure as a reading is checked, also where a mismatch is only a warning', async () => {
    await plant.fetch({ limit: 1 });
    const [row] = await plant.rows();
    assert.ok(row);
    const materials = plant.line.materials.map((material) => (material.tag === 'silo_b' ? { ...material, max: 100 } : material));
    const warn: Line = { ...plant.line, onMismatch: 'warn', materials };
    const actual = Object.fromEntries(row.materials.map(({ tag, planned }) => [tag, planned]));
    for (const [tag, quantity, limit] of [
      ['silo_a', 1500.01, 1500],
      ['silo_b', 100.01, 100],
    ] as const) {
      const payload = { mo_id: row.mo_id, actual: { ...actual, silo_b: 0, [tag]: quantity }, actual_weight: 1000 };
      const refused = await actOnBatch(warn, run, { action: 'finish', payload });
      assert.equal(refused.statusCode, 400);
      assert.match(String(refused.payload['detail']), new RegExp(`^${tag} is ${quantity} kg, at most ${limit} kg is plausible`));
    }
  });

  it('finish knows the tags the batch was queued with, though the map has others by now, and clears what the PLC had said', async () => {
    await plant.fetch({ limit: 1 });
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'running', missed_reads = 3, status_operation = 1");
    const [row] = await plant.rows();
    assert.ok(row);
    const materials = plant.line.materials.filter(({ tag }) => tag !== 'silo_a');
    const map = { ...FEED_MILL_MAP, fields: FEED_MILL_MAP.fields.filter(({ material }) => material !== 'silo_a') };
    const other: Line = { ...plant.line, materials, mapping: compileMapping({ map, materials, slots: 10 }) };
    const actual = Object.fromEntries(row.materials.map(({ tag, planned }) => [tag, planned]));
    const outcome = await actOnBatch(other, run, { action: 'finish', payload: { mo_id: row.mo_id, actual, actual_weight: 1000 } });
    assert.equal(outcome.port, 1, outcome.payload.text);
    assert.deepEqual(
      (await plant.rows()).map((now) => [now.state, now.missed_reads, now.status_operation]),
      [['finished', 0, 0]],
    );
  });

  it('hold keeps gate, fetch and writer away, also for another process, until release', async () => {
    assert.equal((await act('hold', {})).statusCode, 400);
    assert.equal((await act('release', {})).statusCode, 409, 'it never was on hold');
    assert.equal((await act('hold', { reason: 'cleaning' })).port, 1);
    assert.equal((await act('hold', { reason: 'again' })).statusCode, 409);
    assert.equal((await plant.gate()).payload['reason'], 'hold');
    assert.equal((await plant.fetch()).payload['reason'], 'hold');
    assert.equal((await plant.load()).payload['reason'], 'hold');
    assert.equal((await plant.report('real-time')).payload['word'], 'ON HOLD');
    assert.equal((await act('release', {})).port, 1);
    assert.equal((await act('release', {})).statusCode, 409);
    assert.equal((await plant.fetch()).payload['reason'], 'queued');
  });

  it('says which batch is in which state when it refuses', async () => {
    await plant.fetch({ limit: 1 });
    const [mo_id = ''] = await plant.queued();
    for (const action of ['retry', 'park'] as const) {
      const outcome = await act(action, { mo_id });
      assert.equal(outcome.statusCode, 409);
      assert.match(String(outcome.payload['detail']), new RegExp(`${mo_id} is queued`));
    }
    assert.equal((await act('park', { mo_id: 'WH/MO/99999' })).statusCode, 404);
    assert.equal((await act('park', {})).statusCode, 400);
    assert.equal((await act('requeue', { mo_id })).statusCode, 409);
  });
});
