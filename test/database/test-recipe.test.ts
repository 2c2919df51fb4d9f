import assert from 'node:assert/strict';
import type { Plc } from '../../src/plc/plc';
import { loadRecipe } from '../../src/plc/handshake';
import { testRecipe, tryRecipe } from '../../src/plc/test-recipe';
import { type TestRecipeView, probeTestRecipe as ask, type TestRecipeProbe } from '../../src/probe/test-recipe';
import { type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';
import type { Told } from '../../src/sentence';
import { englishLater } from '../support/english';

const probeTestRecipe = englishLater(ask);

const WORDS = 77;
const FLAG = 76;

describe('test recipe', () => {
  let plant: Plant;
  beforeEach(async function () {
    this.timeout(60_000);
    plant = await startPlant(this, { orders: 12, slots: 4, plc: { speed: 1, batchTime: 3600 } });
  });
  afterEach(() => plant.close());

  const base = (slot: number): number => 7000 + (slot - 1) * 100;
  const written = (slot: number): number[] => plant.plc.registers.read('holding', base(slot), WORDS);
  const plc = (): Plc => plant.line.plc ?? assert.fail('no PLC');
  const taken = (): string[] => plant.plc.slots().map(({ mo_id }) => mo_id);
  const probe = (
    slot: number | null,
    more: Partial<TestRecipeProbe> = {},
    settings: Partial<TestRecipeProbe['settings']> = {},
  ): Promise<Told<TestRecipeView>> =>
    probeTestRecipe(
      {
        settings: { ...plant.line, ...settings },
        map: '',
        database: () => plant.database,
        odoo: () => null,
        plc,
        deployed: () => plant.line,
        mayUse: () => undefined,
        ...more,
      },
      slot,
    );
  /** The PLC has gone through its program once more: it has taken a recipe of another slot. */
  async function scanned(): Promise<void> {
    const recipe = { ...testRecipe(plant.line.mapping, 1), mo_id: 'WH/MO/00066' };
    await loadRecipe(plc(), plant.line.mapping, recipe);
    await waitFor(() => taken()[0] === recipe.mo_id, { what: 'the recipe of slot 1 taken' });
  }

  it('first says what it will do, then does it and leaves the slot as it was', async () => {
    const before = written(4);
    const asked = await probe(null);
    assert.deepEqual([asked.ok, asked.slot], [true, 4], asked.text);
    assert.match(
      asked.text,
      /^Slot 4 is free\. The recipe TEST-RECIPE \(1 of each material\) is written to the words 7300 to 7375 \(from 7300 = 47301 = 407301\)/,
    );
    assert.match(asked.text, /status_read_data at 7376 = 47377 = 407377 is 1 all the time/);
    assert.deepEqual(written(4), before, 'asking writes nothing');

    const done = await probe(asked.slot);
    assert.equal(done.ok, true, done.text);
    assert.match(done.text, /^slot 4: 76 words written from 7300 .* read back as they were written, and put back/);
    assert.deepEqual(written(4), before);
    assert.deepEqual(taken(), ['', '', '', '']);
  });

  it('shuts the door before the first word, and opens it after the last one is gone', async () => {
    const seen: number[] = [];
    const watched: Plc = {
      ...plc(),
      async write(address, words, signal) {
        await plc().write(address, words, signal);
        // As the PLC program sees the slot after each request.
        seen.push(written(4)[FLAG] ?? -1, written(4)[1] === 0 ? 0 : 1);
      },
    };
    await tryRecipe(watched, plant.line.mapping, 4, { mayWrite: () => Promise.resolve() });
    // flag, has a name: shut; the recipe; cleared; open again.
    assert.deepEqual(seen, [1, 0, 1, 1, 1, 0, 0, 0]);
  });

  for (const dies of [1, 2, 3, 4]) {
    it(`a process that dies after ${dies} writes starts no batch and blocks no recipe`, async () => {
      let writes = 0;
      const dying: Plc = {
        ...plc(),
        read: (...request) => (writes < dies ? plc().read(...request) : Promise.reject(new Error('killed'))),
        async write(...request) {
          if (writes >= dies) throw new Error('killed');
          await plc().write(...request);
          writes += 1;
        },
      };
      await assert.rejects(tryRecipe(dying, plant.line.mapping, 4, { mayWrite: () => Promise.resolve() }), /killed/);
      await scanned();
      assert.equal(taken()[3], '');
      const recipe = { ...testRecipe(plant.line.mapping, 4), mo_id: 'WH/MO/00077' };
      assert.equal(await loadRecipe(plc(), plant.line.mapping, recipe), 'loaded');
      await waitFor(() => taken()[3] === 'WH/MO/00077', { what: 'the PLC to take the real recipe' });
    });
  }

  it('is refused while slots are busy, and takes the last one that is not', async () => {
    await plant.fetch({ limit: 3 });
    await plant.load();
    await waitFor(() => taken().filter(Boolean).length === 3, { what: 'three recipes taken' });
    assert.equal((await probe(null)).slot, 4);
    const queued = await probe(2);
    assert.deepEqual(
      [queued.ok, /^PLC_SLOT_RUNNING: slot 2 is not free: the PLC shows WH\/MO\/00002/.test(queued.text)],
      [false, true],
      queued.text,
    );
    // A recipe that waits: the PLC has not set the flag.
    plant.plc.registers.write('holding', base(4) + FLAG, [0]);
    plant.plc.registers.write('holding', base(4) + 28, [0, 5]);
    assert.equal((await probe(null)).ok, false);
    assert.match((await probe(4)).text, /^PLC_SLOT_BUSY: slot 4 is not free: status_read_data at 7376 is 0/);
  });

  it('is refused for a slot of the queue, on observe, without handshake, with another map, and beside the writer', async () => {
    assert.match((await probe(4, {}, { mode: 'observe' })).text, /^CONFIG_INVALID: the line is on observe/);
    assert.match((await probe(4, { deployed: () => ({ ...plant.line, mode: 'observe' }) })).text, /the line is on observe/);
    assert.match((await probe(4, {}, { recipes: 'none' })).text, /^CONFIG_INVALID: recipes reach the PLC of this line in another way/);
    assert.match(
      (await probe(4, { deployed: () => ({ mode: 'live', inFlight: new Set(['write']) }) })).text,
      /recipes are being loaded in this moment/,
    );
    await plant.fetch({ limit: 4 });
    assert.match((await probe(4)).text, /^PLC_SLOT_BUSY: slot 4 belongs to WH\/MO\/00004 of the queue/);
    assert.match((await probe(null)).text, /^PLC_SLOT_BUSY: the queue has a batch for every slot/);
    assert.match((await probe(3, {}, { slots: 3 })).text, /^MAP_CHANGED/);
    assert.deepEqual(written(4), new Array(WORDS).fill(0));
  });

  it('tells a device that keeps other words than were written, and puts back what stood there', async () => {
    const careless: Plc = {
      ...plc(),
      write: (address, words, signal) =>
        plc().write(
          address,
          words.map((word, index) => (index === 30 && word !== 0 ? 9 : word)),
          signal,
        ),
    };
    const { ok, text } = await probe(4, { plc: () => careless });
    assert.equal(ok, false);
    assert.match(text, /^PLC_READBACK: slot 4: word 7330 was written as 102 and reads back as 9/);
    assert.deepEqual(written(4).slice(0, FLAG), new Array(FLAG).fill(0));
  });

  it('leaves a recipe alone that another process writes in the middle of it', async () => {
    const other = { ...testRecipe(plant.line.mapping, 4), mo_id: 'WH/MO/00099' };
    let writes = 0;
    const raced: Plc = {
      ...plc(),
      async write(...request) {
        await plc().write(...request);
        writes += 1;
        if (writes === 2) await loadRecipe(plc(), plant.line.mapping, other);
      },
    };
    await assert.rejects(
      tryRecipe(raced, plant.line.mapping, 4, { mayWrite: () => Promise.resolve() }),
      /WH\/MO\/00099 there, which was left alone/,
    );
    await waitFor(() => taken()[3] === 'WH/MO/00099', { what: 'the recipe of the other process taken' });
  });
});
