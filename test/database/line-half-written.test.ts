import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import type { Line } from '../../src/line/line';
import type { Plc } from '../../src/plc/plc';
import type { QueueRow } from '../../src/queue/batch';
import { checkInvariants } from '../support/invariants';
import { type Plant, startPlant } from '../support/plant';

type Write = Plc['write'];

const lost = (): never => {
  throw new SmartMoError('PLC_UNREACHABLE', 'the connection was reset', { class: 'unknown' });
};

/** What becomes of one write of a recipe when the connection ends in the middle of it. */
const CUTS: Record<string, { of: 'recipe' | 'release'; cut(write: Write, plant: Plant): Write }> = {
  'half of the recipe is written, then the connection ends': {
    of: 'recipe',
    cut: (write) => async (address, words) => {
      await write(address, words.slice(0, Math.floor(words.length / 2)));
      lost();
    },
  },
  'the recipe is written, its echo is lost in a reset': {
    of: 'recipe',
    cut: (write, plant) => (address, words, signal) => {
      plant.plc.command({ action: 'fault', fault: 'reset', times: 1 });
      return write(address, words, signal);
    },
  },
  'the slot is not released any more': {
    of: 'release',
    cut: () => () => Promise.reject(new SmartMoError('PLC_UNREACHABLE', 'no cable', { class: 'unknown' })),
  },
  'the slot is released, the answer is lost in a reset': {
    of: 'release',
    cut: (write, plant) => (address, words, signal) => {
      plant.plc.command({ action: 'fault', fault: 'reset', times: 1 });
      return write(address, words, signal);
    },
  },
};

describe('ten recipes, and the connection ends in the middle', function () {
  this.timeout(60_000);
  let plant: Plant;
  before(async function () {
    plant = await startPlant(this, { orders: 200, plc: { speed: 10_000, deviation: 0 } });
  });
  after(() => plant?.close());

  /** The line whose write of that kind to that slot is cut, once. */
  function cutAt(slot: number, { of, cut }: (typeof CUTS)[string]): Line {
    const line = plant.otherProcess();
    const plc = line.plc as Plc;
    const start = line.mapping.slotAddress('write', slot);
    let done = false;
    const write: Write = (address, words, signal) => {
      const kind = words.length > 1 ? 'recipe' : words[0] === 0 ? 'release' : 'door';
      if (done || kind !== of || address < start || address >= start + line.mapping.length) return plc.write(address, words, signal);
      done = true;
      return cut((...args) => plc.write(...args), plant)(address, words, signal);
    };
    return { ...line, plc: { ...plc, write } };
  }
  const planOf = (row: QueueRow): Record<string, number> => Object.fromEntries(row.materials.map(({ tag, planned }) => [tag, planned]));

  for (const [what, cut] of Object.entries(CUTS)) {
    for (const slot of [1, 5, 10]) {
      it(`slot ${slot}: ${what}: its row says not loaded, the PLC makes none of it half [fault: plc-half-loaded]`, async () => {
        await plant.fetch({ limit: 10 });
        const set = await plant.rows();
        assert.equal(set.length, 10);
        const earlier = plant.plc.weighed().length;
        await assert.rejects(plant.on(cutAt(slot, cut)).load(), (error: Error) => error.name.startsWith('PLC_'));
        assert.deepEqual(
          (await plant.rows()).map(({ loaded_at }) => loaded_at !== null),
          set.map(({ batch_no }) => batch_no < slot),
        );
        // The PLC goes on with what it has, a recipe of which nobody knows among it or not.
        await plant.plcIsDone(earlier + slot - 1);

        const { payload } = await plant.load();
        assert.deepEqual(payload['notLoaded'], []);
        assert.ok((await plant.rows()).every(({ loaded_at }) => loaded_at !== null));
        await plant.plcIsDone(earlier + 10);
        const made = plant.plc.weighed().slice(earlier);
        assert.deepEqual(made.map(({ mo_id }) => mo_id).sort(), set.map(({ mo_id }) => mo_id).sort(), 'each made once');
        for (const row of set) {
          const weighed = made.find(({ mo_id }) => mo_id === row.mo_id)?.materials ?? {};
          for (const [tag, value] of Object.entries(weighed)) assert.equal(value, planOf(row)[tag] ?? 0, `${row.mo_id} ${tag}`);
        }
        await plant.read();
        await plant.complete();
        assert.deepEqual(await plant.queued(), []);
        await checkInvariants(plant);
      });
    }
  }
});
