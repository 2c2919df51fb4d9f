import assert from 'node:assert/strict';
import { plcOf } from '../../src/line/line';
import { loadRecipe } from '../../src/plc/handshake';
import type { Plc } from '../../src/plc/plc';
import { isBegun } from '../../src/queue/batch';
import { waitFor } from '../support/wait';
import { checkInvariants } from '../support/invariants';
import { Killed } from '../support/mishap';
import { type Plant, type PlantOptions, startPlant } from '../support/plant';

/** status_read_data of slot 1 in the read area of the bundled map. */
const ACKNOWLEDGED = 6076;

/** An MO that an operator wants made once more, while its slot still shows what it weighed before. */
describe('an MO that is queued again', () => {
  let plant: Plant;
  afterEach(() => plant?.close());

  async function weighedAndCancelled(context: Mocha.Context, options: PlantOptions = {}): Promise<string> {
    plant = await startPlant(context, { orders: 1, slots: 1, plc: { deviation: 1 }, ...options });
    await plant.fetch({ limit: 1 });
    const [mo_id = ''] = await plant.queued();
    await make();
    assert.equal((await plant.rows())[0]?.state, 'finished');
    await plant.cancel({ mo_id, notes: 'spoilt' }, { cancelInOdoo: false });
    assert.equal((await plant.act('requeue', { mo_id })).port, 1);
    await plant.fetch({ limit: 1 });
    assert.deepEqual(
      (await plant.rows()).map(({ mo_id, run }) => [mo_id, run]),
      [[mo_id, 2]],
    );
    return mo_id;
  }

  /** The PLC makes the batch that is queued, and task 2 reads it; this line does not acknowledge. */
  async function make(): Promise<void> {
    const made = plant.plc.weighed().length;
    await plant.load();
    // The PLC of the tests starts nothing in a slot whose result nobody has taken: here somebody else tells it so.
    if (made > 0) await plcOf(plant.line).write(ACKNOWLEDGED, [1]);
    await plant.plcIsDone(made + 1);
    await plant.read({ acknowledge: false });
  }

  it('is loaded again and not completed by its old figures, also where nobody acknowledges [fault: old-stale-slot-completes]', async function () {
    await weighedAndCancelled(this);
    await plant.read({ acknowledge: false });
    assert.deepEqual(
      (await plant.rows()).map(({ state, loaded_at }) => [state, loaded_at]),
      [['queued', null]],
    );
    await make();
    const [row] = await plant.rows();
    assert.equal(row?.state, 'finished');
    assert.deepEqual(
      plant.plc.weighed().map(({ actual_weight }) => actual_weight === row.actual_weight),
      [false, true],
    );
    await plant.complete();
    assert.deepEqual(
      (await plant.history()).map(({ status, run }) => [status, run]),
      [
        ['cancelled', 1],
        ['completed', 2],
      ],
    );
  });

  it('comes to an end where somebody else loads the recipes', async function () {
    plant = await startPlant(this, { orders: 1, slots: 1, line: { recipes: 'none' } });
    await plant.fetch({ limit: 1 });
    const [mo_id = ''] = await plant.queued();
    await plant.cancel({ mo_id, notes: 'later' }, { cancelInOdoo: false });
    await plant.act('requeue', { mo_id });
    await plant.fetch({ limit: 1 });
    const [row] = await plant.rows();
    const materials = Object.fromEntries(row!.materials.filter(({ manual }) => !manual).map(({ tag, planned }) => [tag, planned]));
    const { batch_no, quantity } = row!;
    await loadRecipe(plcOf(plant.line), plant.line.mapping, { batch_no, mo_id, recipe: '', finished_goods: '', quantity, materials });
    await plant.plcIsDone(1);
    await plant.read();
    await plant.complete();
    assert.deepEqual(
      (await plant.history()).map(({ status, run }) => [status, run]),
      [
        ['cancelled', 1],
        ['completed', 2],
      ],
    );
    await checkInvariants(plant);
  });
});

/** An MO that was cancelled half dosed, without its slot, while the PLC goes on with it. */
describe('an MO that is queued again while the PLC still makes its earlier run', () => {
  let plant: Plant;
  let mo_id: string;
  /** What the batch record of run 1 asks to be booked by hand. */
  let dosed: Record<string, number>;
  afterEach(() => plant?.close());

  /** The PLC takes what waits for it and stands still when a part of it is dosed. */
  async function dosePart(): Promise<void> {
    await waitFor(() => (plant.plc.slots()[0]?.progress ?? 0) > 0.3, { what: 'a part of the batch', everyMs: 1 });
    plant.plc.command({ action: 'hold', slot: 1 });
    await plant.read();
  }

  async function requeuedHalfDosed(context: Mocha.Context, line: PlantOptions['line'] = {}): Promise<void> {
    plant = await startPlant(context, { orders: 1, slots: 1, plc: { speed: 60 }, line });
    await plant.fetch({ limit: 1 });
    [mo_id = ''] = await plant.queued();
    await loadBySomebody();
    await dosePart();
    await plant.cancel({ mo_id, notes: 'spoilt' }, { cancelInOdoo: false });
    const [record] = await plant.database.query<{ actual: Record<string, number> }>('SELECT actual FROM {schema}.mo_histories');
    dosed = record?.actual ?? {};
    assert.ok(isBegun({ actual: dosed }));
    await plant.act('requeue', { mo_id });
    await plant.fetch({ limit: 1 });
    assert.deepEqual(await state(), ['queued', 2, false]);
  }

  /** As task 1 or, where the line does not load, another program does. */
  async function loadBySomebody(): Promise<void> {
    if (plant.line.recipes === 'write') {
      await plant.load();
      return;
    }
    const [row] = await plant.rows();
    const { batch_no, quantity, materials: all } = row!;
    const materials = Object.fromEntries(all.filter(({ manual }) => !manual).map(({ tag, planned }) => [tag, planned]));
    const recipe = { batch_no, mo_id, recipe: '', finished_goods: '', quantity, materials };
    await loadRecipe(plcOf(plant.line), plant.line.mapping, recipe, { fromEarlierRun: ({ acknowledged }) => acknowledged === true });
  }

  const state = async (): Promise<unknown[]> =>
    (await plant.rows()).flatMap(({ state, run, loaded_at }) => [state, run, loaded_at !== null]);
  const notLoaded = async (): Promise<string[]> =>
    ((await plant.load()).payload['notLoaded'] as { code: string; text: string }[]).map(({ code, text }) => `${code}: ${text}`);
  const bad = async (): Promise<string[]> => ((await plant.read()).payload['bad'] as { text: string }[]).map(({ text }) => text);
  /** Kilograms of the one batch record that is completed, and of what came late. */
  const booked = (): Promise<{ event: string; run: number; weight: number }[]> =>
    plant.database.query(
      `SELECT 'completed' AS event, run, actual_weight AS weight FROM {schema}.mo_histories WHERE status = 'completed' UNION ALL
       SELECT 'late', (detail ->> 'run')::int, (detail ->> 'actual_weight')::numeric FROM {schema}.mo_events WHERE event = 'refused' ORDER BY run`,
    );
  async function runOneEnds(): Promise<void> {
    plant.plc.command({ action: 'restart', slot: 1 });
    await waitFor(() => plant.plc.weighed().length === 1 && plant.plc.slots()[0]?.state === 'finished', { what: 'run 1 finished' });
  }
  async function runTwoIsMade(): Promise<void> {
    await plant.plcIsDone(2);
    await plant.read();
    await plant.complete();
    const [first, second] = plant.plc.weighed();
    assert.deepEqual(await booked(), [
      { event: 'late', run: 1, weight: first?.actual_weight },
      { event: 'completed', run: 2, weight: second?.actual_weight },
    ]);
    await checkInvariants(plant);
  }

  it('is not loaded before that has ended, and its kilograms go to Odoo once', async function () {
    await requeuedHalfDosed(this);
    const text = `PLC_SLOT_RUNNING: slot 1 of the PLC still has the batch of an earlier run of ${mo_id}; end it there before run 2 is loaded`;
    assert.deepEqual(await notLoaded(), [text]);
    assert.deepEqual(await bad(), [`slot 1 still makes an earlier run of ${mo_id}: what it weighs is not stored`]);
    await runOneEnds();
    assert.deepEqual(await notLoaded(), [text], 'before its weight is kept');
    assert.deepEqual(await state(), ['queued', 2, false]);
    await plant.read();
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the acknowledgement' });
    assert.deepEqual(await notLoaded(), []);
    await runTwoIsMade();
  });

  it('its own batch is adopted after a kill -9 between the recipe and the note of it', async function () {
    await requeuedHalfDosed(this);
    await runOneEnds();
    await plant.read();
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the acknowledgement' });
    const plc = plcOf(plant.line);
    // Dead once the PLC has every word: nothing is noted, and the claim is not released.
    const dying: Plc = {
      ...plc,
      write: async (address, words, signal) => {
        await plc.write(address, words, signal);
        if (words.length === 1 && words[0] === 0) throw new Killed('killed after the last word');
      },
    };
    await assert.rejects(plant.on({ ...plant.line, plc: dying, inFlight: new Set() }).load(), Killed);
    await waitFor(() => plant.plc.slots()[0]?.state === 'dosing', { what: 'run 2 in the PLC' });
    await plant.read();
    assert.deepEqual(await state(), ['queued', 2, false]);
    await plant.letTimePass();
    assert.deepEqual((await plant.load()).payload['already'], [{ batch_no: 1, mo_id }]);
    await runTwoIsMade();
  });

  it('where somebody else loads the recipes, the batch that goes on is not taken for the new run', async function () {
    await requeuedHalfDosed(this, { recipes: 'none' });
    assert.deepEqual(await bad(), [`slot 1 still makes an earlier run of ${mo_id}: what it weighs is not stored`]);
    await runOneEnds();
    await plant.read();
    assert.deepEqual(await state(), ['queued', 2, false]);
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the acknowledgement' });
    await loadBySomebody();
    await plant.plcHasTaken();
    plant.plc.command({ action: 'hold', slot: 1 });
    await plant.read();
    assert.deepEqual(await state(), ['running', 2, true], 'seen before it has what run 1 had');
    plant.plc.command({ action: 'restart', slot: 1 });
    await runTwoIsMade();
  });
});

/** What the PLC shows of a batch that was cancelled while it was made. */
describe('a slot whose batch has left the queue', () => {
  const READ = 6000;
  const WEIGHT = READ + 74;
  const FLAG = READ + 76;
  let plant: Plant;
  let mo_id: string;
  beforeEach(async function () {
    plant = await startPlant(this, { orders: 1, slots: 1 });
    await plant.fetch({ limit: 1 });
    [mo_id = ''] = await plant.queued();
    await plant.load();
  });
  afterEach(() => plant?.close());

  const codes = async (): Promise<unknown[]> => {
    const { payload } = await plant.read({ settle: 0.01, settleTimeout: 0.05 });
    return (payload['bad'] as { code: string }[]).map(({ code }) => code);
  };
  const words = (address: number, count: number): number[] => [...plant.plc.registers.read('holding', address, count)];
  const lateWeights = async (): Promise<unknown[]> => {
    const events = await plant.database.query(
      `SELECT detail ->> 'actual_weight' AS weight FROM {schema}.mo_events WHERE event = 'refused'`,
    );
    return events.map(({ weight }) => Number(weight));
  };

  it('is weighed to the end before its weight is kept and the PLC may forget it', async () => {
    await plant.plcIsDone(1);
    await plant.cancel({ mo_id, notes: 'spoilt' });
    const weight = words(WEIGHT, 2);
    plant.plc.registers.write('holding', WEIGHT, [0, 0]);
    assert.deepEqual(await codes(), ['not-settled']);
    plant.plc.registers.write('holding', WEIGHT, [32768, 17422]);
    assert.deepEqual(await codes(), ['bad-value'], 'far above the order that is in the history');
    assert.deepEqual([await lateWeights(), words(FLAG, 1)], [[], [0]]);
    plant.plc.registers.write('holding', WEIGHT, weight);
    assert.deepEqual(await codes(), ['stale-slot']);
    assert.deepEqual([await lateWeights(), words(FLAG, 1)], [[plant.plc.weighed()[0]?.actual_weight], [1]]);
  });

  it('is told to the PLC as taken also when the batch failed there: the slot must become free', async () => {
    await waitFor(() => plant.plc.slots()[0]?.mo_id === mo_id, { what: 'the batch in the PLC' });
    plant.plc.command({ action: 'fail', slot: 1 });
    await plant.read();
    await plant.cancel({ mo_id, notes: 'failed' });
    await plant.read();
    assert.deepEqual(words(FLAG, 1), [1]);
  });
});
