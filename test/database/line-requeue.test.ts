import assert from 'node:assert/strict';
import { plcOf } from '../../src/line/line';
import { loadRecipe } from '../../src/plc/handshake';
import { checkInvariants, type Plant, type PlantOptions, startPlant } from '../support/plant';

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
