import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assess } from '../../src/line/assess';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import type { BatchMaterial } from '../../src/queue/batch';
import { bareLine, bareRow } from '../support/bare';

const SLOT = 3;
const ORDER = 1000;
const mill = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });
const line = bareLine();
const planned: Record<string, number> = { silo_a: 600, silo_b: 400 };
const materials = Object.entries(planned).map(([tag, plan]): BatchMaterial => ({
  tag,
  code: tag,
  product: tag,
  product_id: 1,
  move_ids: [1],
  move_planned: [plan],
  move_uom: 'kg',
  digits: 2,
  uom: 'kg',
  manual: false,
  planned: plan,
}));
const row = bareRow({ batch_no: SLOT, mo_id: 'WH/MO/00042', quantity: ORDER, materials });

/** The slot while its batch runs, right in every word. */
const right = [
  ...mill.encodeRecipe({ batch_no: SLOT, mo_id: row.mo_id, recipe: 'A', finished_goods: 'B', quantity: ORDER, materials: planned }).body
    .words,
  0,
];

/** What the plant's own list says of the words, worked out without any code of the product. */
const MATERIAL_WORDS = FEED_MILL_MATERIALS.map((_, index) => ({
  tag: FEED_MILL_MATERIALS[index]?.tag ?? '',
  at: 27 + 3 * index,
  id: 101 + index,
}));
const kilograms = (words: readonly number[], at: number): number => ((words[at] ?? 0) * 65536 + (words[at + 1] ?? 0)) / 100;
const isPossible = (value: number): boolean => value >= 0 && value <= 1.5 * ORDER;

function isGood(words: readonly number[]): boolean {
  const bytes = words.slice(1, 9).flatMap((word) => [word >> 8, word & 0xff]);
  const name = String.fromCharCode(...bytes)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  return (
    name === row.mo_id &&
    words[0] === SLOT &&
    MATERIAL_WORDS.every(({ at, id }) => words[at] === id && isPossible(kilograms(words, at + 1))) &&
    isPossible(kilograms(words, 74)) &&
    [72, 73, 76].every((at) => words[at] === 0 || words[at] === 1)
  );
}

/** Words that go wrong: mostly few of them, with the patterns that were seen at plants. */
const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }),
  fc.constantFrom(0, 1, 2, 110, 0x5020, 0x7fc0, 0x7f80, 0xffff, 0x8000, 38125, 0x2020, 101, 115),
);
const spoilt = fc
  .array(fc.record({ at: fc.nat(76), value: word }), { maxLength: 4 })
  .map((changes) => changes.reduce((words, { at, value }) => words.with(at, value), [...right]));
const shifted = fc.integer({ min: 1, max: 3 }).map((by) => [...right.slice(by), ...new Array<number>(by).fill(0)]);
const swapped = fc.constantFrom(...MATERIAL_WORDS, { tag: 'weight', at: 73, id: 0 }).map(({ at }) => {
  const words = [...right];
  [words[at + 1], words[at + 2]] = [words[at + 2] ?? 0, words[at + 1] ?? 0];
  return words;
});
const anything = fc.array(word, { minLength: 77, maxLength: 77 });

describe('no bad value is ever stored', () => {
  it('whatever words a slot shows: the row changes by the words of a good slot, or not at all', () => {
    let [good, bad] = [0, 0];
    fc.assert(
      fc.property(fc.oneof({ weight: 6, arbitrary: spoilt }, shifted, swapped, anything), fc.boolean(), (words, settled) => {
        const reading = mill.decodeSlot(SLOT, words, (mo_id) => (mo_id === row.mo_id ? ORDER : undefined));
        const { updates, toAcknowledge } = assess(line, {
          rows: [row],
          readings: [reading],
          inHistory: new Set(),
          fromEarlierRun: () => false,
          settled: new Set(settled ? [SLOT] : []),
          unsettled: new Map(),
        });
        const [update] = updates.filter(({ shown }) => shown);
        if (!isGood(words)) {
          bad += 1;
          assert.equal(update, undefined, 'a bad slot is stored');
          assert.deepEqual(toAcknowledge, [], 'a bad slot is acknowledged');
          return;
        }
        good += 1;
        assert.ok(update, 'a good slot is not stored');
        for (const [tag, value] of Object.entries(update.actual ?? {})) {
          const place = MATERIAL_WORDS.find((entry) => entry.tag === tag);
          assert.equal(value, kilograms(words, (place?.at ?? 0) + 1), tag);
        }
        assert.equal(update.actual_weight, kilograms(words, 74));
        assert.equal(update.status_manufacturing, settled && words[72] === 1 ? 1 : 0);
      }),
      { numRuns: 5000 },
    );
    assert.ok(good > 100 && bad > 1000, `${good} good and ${bad} bad slots`);
  });
});
