import assert from 'node:assert/strict';
import { plcOf } from '../../src/line/line';
import { loadRecipe } from '../../src/plc/handshake';
import { waitFor } from '../support/wait';
import { checkInvariants } from '../support/invariants';
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
