import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assess } from '../../src/line/assess';
import type { Material } from '../../src/material';
import { WORD_ORDERS } from '../../src/plc/codec';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import type { MapField, RegisterMap } from '../../src/plc/register-map';
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

/**
 * A slot with one material: its value in every type and order, its statuses in every way. What is right is worked out from the
 * bytes, without any code of the product.
 */
describe('no bad value is ever stored, of any type in any order', () => {
  const TAG = 'tank';
  const NAME = { at: 1, words: 8 };
  const ID = { at: 9, id: 777 };
  const VALUE = 10;
  const WEIGHT = 14;
  const STATUS = 18;
  const FLAG = 20;
  const LENGTH = 21;
  const CODES = { 0: 'idle', 2: 'running', 3: 'finished', 9: 'failed' } as const;
  const statuses: Record<string, MapField[]> = {
    words: [
      { field: 'status_manufacturing', at: STATUS, type: 'uint16' },
      { field: 'status_operation', at: STATUS + 1, type: 'uint16' },
    ],
    codes: [{ field: 'status', at: STATUS, type: 'uint16', values: CODES }],
    bits: [
      { field: 'status_manufacturing', at: STATUS, type: 'bit', bit: 3 },
      { field: 'status_operation', at: STATUS, type: 'bit', bit: 15 },
    ],
  };
  type Kind = keyof typeof statuses;
  const TYPES = ['uint16', 'int16', 'uint32', 'int32', 'float32', 'float64', 'bcd16', 'bcd32'] as const;
  type NumberType = (typeof TYPES)[number];
  const SIZE: Record<NumberType, number> = { uint16: 1, int16: 1, uint32: 2, int32: 2, float32: 2, float64: 4, bcd16: 1, bcd32: 2 };

  interface Shape {
    type: NumberType;
    order: (typeof WORD_ORDERS)[number];
    scale: number;
    kind: Kind;
  }

  function bytesOf({ order }: Shape, words: readonly number[]): number[] {
    const bytes = words.flatMap((one) => [one >> 8, one & 0xff]);
    if (order === 'ABCD') return bytes;
    if (order === 'DCBA') return bytes.reverse();
    const swapped = words.flatMap((one) => [one & 0xff, one >> 8]);
    return order === 'BADC' ? swapped : swapped.reverse();
  }

  /** NaN for what is no number. */
  function numberIn(shape: Shape, words: readonly number[], at: number): number {
    const view = new DataView(Uint8Array.from(bytesOf(shape, words.slice(at, at + SIZE[shape.type]))).buffer);
    const bcd = (): number => {
      const digits = Array.from({ length: view.byteLength }, (_, index) => view.getUint8(index).toString(16).padStart(2, '0')).join('');
      return /^\d+$/.test(digits) ? Number(digits) : NaN;
    };
    const raw: Record<NumberType, () => number> = {
      uint16: () => view.getUint16(0),
      int16: () => view.getInt16(0),
      uint32: () => view.getUint32(0),
      int32: () => view.getInt32(0),
      float32: () => view.getFloat32(0),
      float64: () => view.getFloat64(0),
      bcd16: bcd,
      bcd32: bcd,
    };
    return raw[shape.type]() * shape.scale;
  }

  function whyQuantityIsBad(shape: Shape, words: readonly number[], at: number): string | null {
    const value = numberIn(shape, words, at);
    if (!Number.isFinite(value)) return shape.type.startsWith('bcd') ? 'not BCD' : 'no number';
    return value < 0 ? 'negative' : value > 1.5 * ORDER ? 'above the maximum' : null;
  }

  /** Everything that is wrong with a slot; a slot of somebody else is none of these. */
  function whyBad(shape: Shape, words: readonly number[]): Set<string> {
    const name = words.slice(NAME.at, NAME.at + NAME.words).flatMap((one) => [one >> 8, one & 0xff]);
    const last = name.findLastIndex((byte) => byte !== 0 && byte !== 0x20);
    const isOff = (at: number): boolean => words[at] !== 0 && words[at] !== 1;
    const status =
      shape.kind === 'words' ? isOff(STATUS) || isOff(STATUS + 1) : shape.kind === 'codes' && !(String(words[STATUS]) in CODES);
    return new Set(
      [
        name.slice(0, last + 1).some((byte) => byte < 0x20 || byte > 0x7e) && 'a name that cannot be printed',
        words[0] !== SLOT && 'another slot',
        words[ID.at] !== ID.id ? 'another id' : whyQuantityIsBad(shape, words, VALUE),
        whyQuantityIsBad(shape, words, WEIGHT),
        (status || isOff(FLAG)) && 'no status',
      ].filter((why): why is string => typeof why === 'string'),
    );
  }

  const shapes = fc.record({
    type: fc.constantFrom(...TYPES),
    order: fc.constantFrom(...WORD_ORDERS),
    scale: fc.constantFrom(1, 0.1, 0.01),
    kind: fc.constantFrom(...Object.keys(statuses)),
  });
  const changes = fc.array(fc.record({ at: fc.nat(LENGTH - 1), value: fc.oneof(word, fc.constantFrom(0x000a, 0x7ff0, 0xc2f0)) }), {
    maxLength: 3,
  });
  /** Once in a while the places of a value, and of what stands beside it, are hit at purpose. */
  const aimed = fc.array(
    fc.record({
      at: fc.constantFrom(0, 3, ID.at, VALUE, VALUE + 1, WEIGHT, STATUS, FLAG),
      value: fc.oneof(word, fc.constantFrom(0x7f80, 0xbf80, 0x7ff0, 0x807f, 0x00ff)),
    }),
    { minLength: 1, maxLength: 1 },
  );
  const tank: Material = { tag: TAG, code: TAG, product: TAG, manual: false, share: 0, max: 0 };

  it('the row changes by what the bytes say, or not at all; each reason is enough', () => {
    const alone = new Set<string>();
    let good = 0;
    fc.assert(
      fc.property(shapes, fc.oneof(changes, aimed), fc.nat(1500), (shape, spoilt, quantity) => {
        const value = { type: shape.type, order: shape.order, scale: shape.scale };
        const map: RegisterMap = {
          version: 1,
          addressing: 'zero-based',
          read: { function: 'holding', base: 100, stride: 30 },
          write: { function: 'holding', base: 1000, stride: 30 },
          fields: [
            { field: 'batch_no', at: 0, type: 'uint16' },
            { field: 'mo_id', at: NAME.at, type: 'ascii', words: NAME.words },
            { material: TAG, at: VALUE, ...value, idAt: ID.at, id: ID.id },
            { field: 'actual_weight', at: WEIGHT, ...value },
            ...(statuses[shape.kind] ?? []),
            { field: 'status_read_data', at: FLAG, type: 'uint16' },
          ],
        };
        const own = bareLine({ materials: [tank] }, map);
        const ours = { ...row, materials: row.materials.slice(0, 1).map((one) => ({ ...one, tag: TAG })) };
        const shown = Math.min(quantity, shape.type.startsWith('bcd16') ? 90 : 300);
        const recipe = { batch_no: SLOT, mo_id: ours.mo_id, recipe: '', finished_goods: '', quantity: 0, materials: { [TAG]: shown } };
        const words = [...own.mapping.encodeRecipe(recipe).body.words, 0];
        for (const { at, value: one } of spoilt) words[at] = one;

        const reading = own.mapping.decodeSlot(SLOT, words, (mo_id) => (mo_id === ours.mo_id ? ORDER : undefined));
        const { updates, toAcknowledge } = assess(own, {
          rows: [ours],
          readings: [reading],
          inHistory: new Set(),
          fromEarlierRun: () => false,
          settled: new Set([SLOT]),
          unsettled: new Map(),
        });
        const [update] = updates.filter((one) => one.shown);
        const why = whyBad(shape, words);
        if (why.size > 0) {
          if (why.size === 1) for (const reason of why) alone.add(reason);
          assert.equal(update, undefined, `${[...why].join()} is stored`);
          assert.deepEqual(toAcknowledge, [], `${[...why].join()} is acknowledged`);
          return;
        }
        // The name of another MO, or none: not this row's slot, and nothing of it is judged by its order.
        if (reading.mo_id !== ours.mo_id) return assert.equal(update, undefined);
        good += 1;
        assert.ok(update, 'a good slot is not stored');
        for (const [stored, at] of [
          [update.actual?.[TAG], VALUE],
          [update.actual_weight, WEIGHT],
        ] as const) {
          const right = numberIn(shape, words, at);
          assert.ok(Math.abs((stored ?? NaN) - right) <= 0.001 + right * 1e-6, `${stored} is stored, ${right} was weighed`);
        }
      }),
      { numRuns: 4000 },
    );
    const reasons = [
      'no number',
      'not BCD',
      'negative',
      'above the maximum',
      'another id',
      'another slot',
      'no status',
      'a name that cannot be printed',
    ];
    for (const reason of reasons) assert.ok(alone.has(reason), `"${reason}" never came alone`);
    assert.ok(good > 300, `${good} good slots`);
  });
});
