import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { parseMap } from '../../src/plc/map';
import type { MapField, RegisterMap } from '../../src/plc/map';
import { compileMapping } from '../../src/plc/mapping';
import type { Mapping } from '../../src/plc/mapping';
import type { Recipe, SlotReading } from '../../src/plc/slot';

const mill = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });

const recipe: Recipe = {
  batch_no: 3,
  mo_id: 'WH/MO/00123',
  recipe: 'BRO-1',
  finished_goods: 'Broiler starter',
  quantity: 1000,
  materials: { silo_a: 825.25, silo_b: 100, lq_fml: 74.75 },
};

/** The words a slot of the read area shows while the PLC runs that recipe. */
function slotWords(changes: Record<number, number> = {}, mapping: Mapping = mill): number[] {
  const words = [...mapping.encodeRecipe(recipe).body.words, 0];
  for (const [at, word] of Object.entries(changes)) words[Number(at)] = word;
  return words;
}

const decode = (words: number[], ordered: number | undefined = 1000): SlotReading => mill.decodeSlot(3, words, () => ordered);
const codes = (reading: SlotReading): string[] => reading.bad.map((bad) => `${bad.code} ${bad.field}`);

function compiled(change: (map: RegisterMap, field: (name: string) => MapField) => void): Mapping {
  const map = structuredClone(FEED_MILL_MAP);
  change(map, (name) => map.fields.find((field) => field.field === name || field.material === name) ?? assert.fail(name));
  return compileMapping({
    map: parseMap(JSON.stringify(map), { slots: 10, materials: FEED_MILL_MATERIALS }),
    materials: FEED_MILL_MATERIALS,
    slots: 10,
  });
}

describe('mapping', () => {
  it('knows tags, widths, units and addresses', () => {
    assert.equal(mill.tags.length, 15);
    assert.deepEqual(mill.tags.slice(0, 2), ['silo_a', 'silo_b']);
    assert.equal(mill.nameWidth, 16);
    assert.equal(mill.length, 77);
    assert.equal(mill.unitOf('silo_a'), 'kg');
    assert.equal(mill.slotAddress('read', 1), 6000);
    assert.equal(mill.slotAddress('write', 10), 7900);
    for (const slot of [0, 11, 1.5]) assert.throws(() => mill.slotAddress('read', slot), { code: 'INPUT_INVALID' });
  });

  it('the hash follows what words mean, not tolerances', () => {
    const hashWith = (change: (map: RegisterMap, field: (name: string) => MapField) => void): string => compiled(change).hash;
    assert.match(mill.hash, /^[0-9a-f]{16}$/);
    assert.equal(
      hashWith(() => undefined),
      mill.hash,
    );
    assert.equal(
      hashWith((_, field) => delete field('quantity').order),
      mill.hash,
    );
    assert.notEqual(
      hashWith((_, field) => (field('silo_a').scale = 0.1)),
      mill.hash,
    );
    assert.notEqual(
      hashWith((map) => (map.read.base = 5000)),
      mill.hash,
    );
    const materials = (change: object): string =>
      compileMapping({
        map: FEED_MILL_MAP,
        slots: 10,
        materials: FEED_MILL_MATERIALS.map((material, index) => (index === 0 ? { ...material, ...change } : material)),
      }).hash;
    assert.equal(materials({ max: 500, share: 20 }), mill.hash);
    assert.notEqual(materials({ product: 'SILO-999' }), mill.hash);
    assert.notEqual(compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 5 }).hash, mill.hash);
  });

  describe('a recipe', () => {
    it('is 76 words from the start of its slot, statuses and weight 0, and the flag apart', () => {
      const { body, flag } = mill.encodeRecipe(recipe);
      assert.equal(body.address, 7200);
      assert.equal(body.words.length, 76);
      assert.deepEqual(flag, { address: 7276 });
      assert.equal(body.words[0], 3);
      assert.equal(body.words[1], 0x5748);
      assert.deepEqual(body.words.slice(25, 30), [1, 34464, 101, 1, 16989]);
      assert.deepEqual(body.words.slice(69, 76), [115, 0, 7475, 0, 0, 0, 0]);
      for (let index = 0; index < 15; index += 1) assert.equal(body.words[27 + 3 * index], 101 + index);
    });

    it('texts for people are cut and stripped of accents, the MO name is refused when it does not fit [fault: old-names-cut-or-guessed]', () => {
      const { body } = mill.encodeRecipe({ ...recipe, finished_goods: 'Crème brûlée for piglets', recipe: 'Зерно' });
      const text = (at: number): string =>
        Buffer.from(body.words.slice(at, at + 8).flatMap((word) => [word >> 8, word & 255])).toString('latin1');
      assert.equal(text(17), 'Creme brulee for');
      assert.equal(text(9).replace(/\0+$/, ''), '?????');
      assert.throws(() => mill.encodeRecipe({ ...recipe, mo_id: 'WH/MO/00000000123' }), {
        code: 'INPUT_INVALID',
        message: /17 characters, the map has room for 16/,
      });
      assert.throws(() => mill.encodeRecipe({ ...recipe, mo_id: 'WH/MÖ/1' }), { code: 'INPUT_INVALID' });
    });

    it('numbers that do not fit are refused with field, address and value', () => {
      assert.throws(() => mill.encodeRecipe({ ...recipe, quantity: -1 }), {
        code: 'INPUT_INVALID',
        message: /quantity at 7225 .*-1 is negative/,
      });
      assert.throws(() => mill.encodeRecipe({ ...recipe, materials: { silo_a: 5e7 } }), {
        code: 'INPUT_INVALID',
        message: /silo_a at 7228 .*50000000/,
      });
      assert.throws(() => mill.encodeRecipe({ ...recipe, materials: { silo_a: NaN } }), { code: 'INPUT_INVALID' });
      assert.throws(() => mill.encodeRecipe({ ...recipe, materials: { silo_z: 1 } }), { code: 'INPUT_INVALID', message: /silo_z/ });
      assert.throws(() => mill.encodeRecipe({ ...recipe, batch_no: 11 }), { code: 'INPUT_INVALID', message: /slots 1 to 10, not 11/ });
    });

    it('without status_read_data all words are the body', () => {
      const mapping = compiled((map) => (map.fields = map.fields.filter((field) => field.field !== 'status_read_data')));
      const { body, flag } = mapping.encodeRecipe(recipe);
      assert.equal(flag, null);
      assert.equal(body.words.length, 76);
      assert.equal(mapping.flagAt, null);
    });
  });

  describe('a slot', () => {
    it('shows what the PLC weighed', () => {
      const reading = decode(slotWords({ 72: 1, 74: 1, 75: 34464, 76: 0 }));
      assert.deepEqual(reading.bad, []);
      assert.equal(reading.mo_id, 'WH/MO/00123');
      assert.equal(reading.empty, false);
      assert.deepEqual([reading.finished, reading.failed, reading.running, reading.acknowledged], [true, false, true, false]);
      assert.equal(reading.actual_weight, 1000);
      assert.equal(reading.materials.silo_a, 825.25);
      assert.equal(reading.materials.silo_c, 0);
      assert.equal(Object.keys(reading.materials).length, 15);
    });

    it('without an MO name is nobody’s: nothing of it is judged', () => {
      const words = new Array<number>(77).fill(0xffff);
      for (let at = 1; at <= 8; at += 1) words[at] = at < 3 ? 0x2020 : 0;
      const reading = decode(words);
      assert.deepEqual([reading.empty, reading.mo_id, reading.bad.length], [true, '', 0]);
    });

    it('what is read is what was written, for any recipe', () => {
      const steps = fc.integer({ min: 0, max: 150_000 }).map((raw) => Number((raw / 100).toFixed(2)));
      const materials = fc
        .tuple(...mill.tags.map(() => steps))
        .map((values) => Object.fromEntries(mill.tags.map((tag, index) => [tag, values[index] ?? 0])));
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 10 }), materials, fc.stringMatching(/^[A-Z]{2}\/MO\/\d{5}$/), (slot, weights, mo_id) => {
          const { body } = mill.encodeRecipe({ ...recipe, batch_no: slot, mo_id, materials: weights });
          const reading = mill.decodeSlot(slot, [...body.words, 1], () => 1000);
          assert.deepEqual(reading.bad, []);
          assert.deepEqual([reading.mo_id, reading.materials, reading.acknowledged], [mo_id, weights, true]);
        }),
      );
    });
  });

  describe('bad values of a real plant', () => {
    it('21475010.7 kg is above the plausible maximum [fault: plc-swapped-words]', () => {
      const reading = decode(slotWords({ 28: 32768, 29: 17422 }));
      assert.deepEqual(codes(reading), ['bad-value silo_a']);
      assert.equal(reading.materials.silo_a, undefined, 'a bad value is nowhere else');
      assert.equal(reading.bad[0]?.address, 6228);
      assert.match(reading.bad[0]?.text ?? '', /slot 3: silo_a at 6228 is 21475010.7 kg, above the plausible maximum of 1500 kg/);
    });
    it('an id left in the high word is 72089.6 kg, not 1.10 [fault: plc-id-in-the-value]', () => {
      assert.deepEqual(codes(decode(slotWords({ 31: 110, 32: 0 }))), ['bad-value silo_b']);
    });
    it('text bytes where an id and a weight should be [fault: plc-text-in-the-value]', () => {
      assert.deepEqual(codes(decode(slotWords({ 27: 0x5020, 28: 0, 29: 0x5020 }))), ['wrong-id silo_a']);
      assert.deepEqual(codes(decode(slotWords({ 28: 0x5020, 29: 0x5020 }))), ['bad-value silo_a']);
    });
    it('38125 in a signed word is negative', () => {
      const mapping = compiled((_, field) => Object.assign(field('silo_a'), { type: 'int16', scale: 0.01 }));
      const reading = mapping.decodeSlot(3, slotWords({ 28: 38125, 29: 0 }), () => 1000);
      assert.deepEqual(codes(reading), ['bad-value silo_a']);
      assert.match(reading.bad[0]?.text ?? '', /-274.11 kg; a weight is never negative/);
    });
    it('all slots shifted by a byte [fault: plc-shifted-by-a-byte]', () => {
      const bytes = Buffer.from([...slotWords(), 0].flatMap((word) => [word >> 8, word & 255]));
      for (const shift of [1, 2, 3]) {
        const words = Array.from({ length: 76 }, (_, index) => (bytes[2 * index + shift] ?? 0) * 256 + (bytes[2 * index + shift + 1] ?? 0));
        const reading = decode([...words, 0]);
        assert.ok(codes(reading).includes('wrong-slot batch_no'), `shift ${shift}`);
        assert.ok(codes(reading).includes('wrong-id silo_a'));
      }
    });
    it('NaN passes no range check [fault: plc-nan, old-nan-through-range-check]', () => {
      const mapping = compiled((_, field) => Object.assign(field('silo_a'), { type: 'float32', scale: 1 }));
      for (const high of [0x7fc0, 0x7f80, 0xff80]) {
        assert.deepEqual(codes(mapping.decodeSlot(3, slotWords({ 28: high, 29: 0 }, mapping), () => undefined)), ['bad-value silo_a']);
      }
    });
    it('another batch_no, an MO name that cannot be printed, a status of 2, a weight of nobody’s size [fault: plc-name-unprintable]', () => {
      assert.deepEqual(codes(decode(slotWords({ 0: 4 }))), ['wrong-slot batch_no']);
      const unreadable = decode(slotWords({ 2: 0x01ff }));
      assert.deepEqual([codes(unreadable), unreadable.mo_id, unreadable.empty], [['bad-value mo_id'], '', false]);
      assert.deepEqual(codes(decode(slotWords({ 72: 2 }))), ['bad-value status_manufacturing']);
      assert.deepEqual(codes(decode(slotWords({ 73: 7 }))), ['bad-value status_operation']);
      assert.deepEqual(codes(decode(slotWords({ 76: 9 }))), ['bad-value status_read_data']);
      const heavy = decode(slotWords({ 74: 110 }));
      assert.deepEqual([codes(heavy), heavy.actual_weight], [['bad-value actual_weight'], null]);
      assert.deepEqual(codes(decode(slotWords().slice(0, 75))), ['bad-value actual_weight', 'bad-value status_read_data']);
    });
  });

  it('limits: the material’s own, else 1.5 times the order in the unit of the field, none for an unknown MO', () => {
    const own = compileMapping({
      map: FEED_MILL_MAP,
      slots: 10,
      materials: FEED_MILL_MATERIALS.map((material) => ({ ...material, max: material.tag === 'silo_a' ? 800 : 0 })),
    });
    assert.deepEqual(codes(own.decodeSlot(3, slotWords(), () => undefined)), ['bad-value silo_a']);
    assert.deepEqual(codes(decode(slotWords(), 550)), ['bad-value silo_a']);
    assert.deepEqual(codes(decode(slotWords(), 551)), []);
    assert.deepEqual(codes(mill.decodeSlot(3, slotWords({ 28: 200 }), () => undefined)), []);
    const grams = compiled((_, field) => (field('silo_a').unit = 'g'));
    assert.equal(grams.unitOf('silo_a'), 'g');
    assert.deepEqual(codes(grams.decodeSlot(3, slotWords(), () => 0.6)), ['bad-value silo_b', 'bad-value lq_fml']);
  });

  it('one status word with codes; a code that is not listed is bad [fault: plc-status-unlisted]', () => {
    const mapping = compiled((map) => {
      map.fields = map.fields.filter((field) => !field.field?.startsWith('status_m') && !field.field?.startsWith('status_o'));
      map.fields.push({
        field: 'status',
        at: 72,
        type: 'uint16',
        values: { 0: 'idle', 1: 'loaded', 2: 'running', 3: 'finished', 9: 'failed' },
      });
    });
    const blank = { ...recipe, materials: {} };
    const read = (code: number): SlotReading =>
      mapping.decodeSlot(
        3,
        [...mapping.encodeRecipe(blank).body.words, 0].map((word, at) => (at === 72 ? code : word)),
        () => 1000,
      );
    const flags = ({ finished, failed, running }: SlotReading): boolean[] => [finished, failed, running];
    assert.deepEqual(
      [0, 1, 2, 3, 9].map((code) => flags(read(code))),
      [
        [false, false, false],
        [false, false, false],
        [false, false, true],
        [true, false, false],
        [false, true, false],
      ],
    );
    assert.deepEqual(codes(read(4)), ['bad-value status']);
  });

  it('statuses as bits of one word', () => {
    const mapping = compiled((_, field) => {
      Object.assign(field('status_manufacturing'), { at: 72, type: 'bit', bit: 3 });
      Object.assign(field('status_operation'), { at: 72, type: 'bit', bit: 4 });
    });
    const reading = mapping.decodeSlot(3, slotWords({ 72: 0b10111 }, mapping), () => 1000);
    assert.deepEqual([reading.finished, reading.failed, reading.bad.length], [false, true, 0]);
  });
});
