import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { wordsOf } from '../../src/plc/codec';
import { compileMapping } from '../../src/plc/mapping';
import type { Mapping } from '../../src/plc/mapping';
import { endOf, partsNote, planRequests, planSlot, spansOf } from '../../src/plc/plan';
import type { Span } from '../../src/plc/plan';
import type { Plc } from '../../src/plc/plc';
import { readSlots } from '../../src/plc/read-slots';
import type { LineField, MapField, RegisterMap } from '../../src/plc/register-map';

const mill = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });

function blocksOf(mapping: Mapping): Span[] {
  const blocks: Span[] = [];
  for (let slot = 1; slot <= mapping.slots; slot += 1) {
    const start = mapping.slotAddress('read', slot);
    for (const span of mapping.fields.flatMap(spansOf)) blocks.push({ from: start + span.from, words: span.words });
  }
  return blocks;
}

/** Fewest requests, by looking at every way to cut the sorted blocks into runs. */
function minimum(blocks: readonly Span[], maxWords: number, maxGap: number): number {
  const sorted = [...blocks].sort((a, b) => a.from - b.from);
  const best = [0];
  for (let end = 1; end <= sorted.length; end += 1) {
    best[end] = Infinity;
    for (let first = end; first >= 1; first -= 1) {
      const run = sorted.slice(first - 1, end);
      const isAllowed =
        run.every((block, index) => index === 0 || block.from - endOf(run[index - 1] as Span) <= maxGap) &&
        endOf(run.at(-1) as Span) - (run[0] as Span).from <= maxWords;
      if (isAllowed) best[end] = Math.min(best[end] as number, (best[first - 1] as number) + 1);
    }
  }
  return best[sorted.length] as number;
}

/** Blocks of 1-4 words with gaps, in order. */
const randomBlocks = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 12 })), { minLength: 1, maxLength: 24 })
  .map((pairs) => {
    let at = 0;
    return pairs.map(([words, gap]): Span => {
      const from = at + gap;
      at = from + words;
      return { from, words };
    });
  });

const inAnyOrder = randomBlocks.chain((blocks) =>
  fc.shuffledSubarray(blocks, { minLength: blocks.length }).map((shuffled) => ({ blocks, shuffled })),
);

describe('request planner', () => {
  it('the feed mill takes 10 requests one per slot, 8 as few as possible, 7 when packed', () => {
    assert.deepEqual(planSlot(mill.fields, 125), { before: [], parts: [{ from: 0, words: 77 }], after: [], status: [] });
    assert.equal(planRequests(blocksOf(mill), { maxWords: 125, maxGap: 50 }).length, 8);
    const packed = { ...FEED_MILL_MAP, read: { ...FEED_MILL_MAP.read, stride: 77 } };
    assert.equal(
      planRequests(blocksOf(compileMapping({ map: packed, materials: FEED_MILL_MATERIALS, slots: 10 })), { maxWords: 125, maxGap: 50 })
        .length,
      7,
    );
  });

  it('a gap above maxGap is not read over', () => {
    assert.equal(planRequests(blocksOf(mill), { maxWords: 125, maxGap: 22 }).length, 10);
  });

  it('covers every block, splits none, keeps the limits, and no plan has fewer requests', () => {
    fc.assert(
      fc.property(
        inAnyOrder,
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 0, max: 12 }),
        ({ blocks, shuffled }, maxWords, maxGap) => {
          const requests = planRequests(shuffled, { maxWords, maxGap });
          for (const block of blocks) {
            assert.equal(requests.filter((request) => request.from <= block.from && endOf(request) >= endOf(block)).length, 1);
          }
          for (const request of requests) {
            assert.ok(request.words <= maxWords);
            const inside = blocks.filter((block) => block.from >= request.from && endOf(block) <= endOf(request));
            inside.forEach((block, index) => assert.ok(index === 0 || block.from - endOf(inside[index - 1] as Span) <= maxGap));
          }
          assert.equal(requests.length, minimum(blocks, maxWords, maxGap));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('bits that share a word are one block', () => {
    const blocks = [
      { from: 5, words: 1 },
      { from: 5, words: 1 },
      { from: 4, words: 2 },
    ];
    assert.deepEqual(planRequests(blocks, { maxWords: 2, maxGap: 0 }), [{ from: 4, words: 2 }]);
  });

  it('a slot too long for one request: the fewest parts, status words first and last', () => {
    for (const maxWords of [8, 10, 20, 40, 60, 76]) {
      const { before, parts, after } = planSlot(mill.fields, maxWords);
      assert.deepEqual([before, after], [[{ from: 72, words: 2 }], []]);
      const last = parts.at(-1);
      assert.ok(last && last.from <= 72 && endOf(last) >= 74, `maxWords ${maxWords}`);
      assert.equal(parts.length, minimum(mill.fields.flatMap(spansOf), maxWords, mill.length));
      for (const span of mill.fields.flatMap(spansOf))
        assert.ok(parts.some((part) => part.from <= span.from && endOf(part) >= endOf(span)));
    }
  });

  it('a slot counts from its first used word: 118 words that begin at word 10 are one request', async () => {
    const fields = FEED_MILL_MAP.fields.map((field) =>
      field.field === 'status_read_data'
        ? { ...field, at: 127 }
        : { ...field, at: field.at + 10, ...(field.idAt && { idAt: field.idAt + 10 }) },
    );
    const read = { ...FEED_MILL_MAP.read, stride: 200 };
    const late = compileMapping({ map: { version: 1, addressing: 'zero-based', read, fields }, materials: FEED_MILL_MATERIALS, slots: 1 });
    const planning = { mode: 'slot', maxWords: 125, maxGap: 50 } as const;
    assert.deepEqual(await sent(late, planning), [{ from: FEED_MILL_MAP.read.base + 10, words: 118 }]);
    assert.equal(partsNote(late.fields, 125), null);
    assert.match(
      String(partsNote(late.fields, 117)),
      /^the 118 words from the first to the last of a slot do not fit into one request of 117, so it takes 3:/,
    );
  });

  it('a field longer than maxWords is refused with its place', () => {
    assert.throws(() => planSlot(mill.fields, 7), {
      code: 'CONFIG_INVALID',
      message: /Longest request of the PLC is 7 words, but the field at 1 alone has 8;/,
    });
  });
});

/** The requests that a whole read really sends, on a PLC that answers zeros. */
async function sent(mapping: Mapping, planning: Plc['planning']): Promise<Span[]> {
  const requests: Span[] = [];
  const plc: Plc = {
    planning,
    read: (_area, from, words) => {
      requests.push({ from, words });
      return Promise.resolve(new Array<number>(words).fill(0));
    },
    write: () => Promise.reject(new Error('a read writes nothing')),
    state: () => ({ state: 'ok', since: null, error: null }),
    close: () => undefined,
  };
  const { requests: counted } = await readSlots(plc, mapping, { orderQuantity: () => undefined });
  assert.equal(counted, requests.length, 'the number that the reader tells');
  return requests;
}

/** The two status words, which these maps have side by side. */
function statusOf(mapping: Mapping): Span {
  const at = mapping.fields.flatMap((field) => (field.name.startsWith('status_') ? [field.at] : []));
  return { from: Math.min(...at), words: 2 };
}

/** Maps as plants have them, from any word of the slot on: a name, statuses, a weight and up to 30 materials, with gaps, in any order, some with an id apart. */
const randomMapping = fc
  .record({
    first: fc.nat(40),
    nameWords: fc.integer({ min: 4, max: 12 }),
    materials: fc.array(
      fc.record({ gap: fc.nat(9), type: fc.constantFrom('uint16', 'uint32', 'float32', 'float64'), hasId: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 30,
      },
    ),
    statusFirst: fc.boolean(),
    spare: fc.nat(60),
    slots: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ first, nameWords, materials, statusFirst, spare, slots }) => {
    const fields: MapField[] = [];
    let at = first;
    const place = (field: Omit<MapField, 'at'>, words: number): void => {
      fields.push({ ...field, at });
      at += words;
    };
    const statuses = (): void => {
      for (const field of ['status_manufacturing', 'status_operation'] as const) place({ field, type: 'uint16' }, 1);
    };
    place({ field: 'batch_no', type: 'uint16' }, 1);
    if (statusFirst) statuses();
    place({ field: 'mo_id', type: 'ascii', words: nameWords }, nameWords);
    materials.forEach(({ gap, type, hasId }, index) => {
      at += gap;
      if (hasId) at += 1;
      place({ material: `m${index}`, type, ...(hasId ? { idAt: at - 1, id: index } : {}) }, wordsOf(type));
    });
    place({ field: 'actual_weight', type: 'uint32' }, 2);
    if (!statusFirst) statuses();
    const map: RegisterMap = { version: 1, addressing: 'zero-based', read: { function: 'holding', base: 100, stride: at + spare }, fields };
    const tags = materials.map((_, index) => ({ tag: `m${index}`, code: '', product: `p${index}`, manual: false, share: 0, max: 0 }));
    return compileMapping({ map, materials: tags, slots });
  });

describe('requests of a whole read', () => {
  it('the feed mill: 10 one per slot, 8 as few as possible', async () => {
    assert.equal((await sent(mill, { mode: 'slot', maxWords: 125, maxGap: 50 })).length, 10);
    assert.equal((await sent(mill, { mode: 'fewest', maxWords: 125, maxGap: 50 })).length, 8);
  });

  it('words of the whole line are bridged up to the longest gap, in both modes', async () => {
    const word = (field: 'heartbeat' | 'mode', at: number): LineField => ({
      field,
      at,
      type: 'uint16',
      ...(field === 'mode' && { values: { 0: 'off' } }),
    });
    const apart = compileMapping({
      map: { ...FEED_MILL_MAP, lineFields: [word('heartbeat', 5900), word('mode', 5940)] },
      materials: FEED_MILL_MATERIALS,
      slots: 10,
    });
    for (const [mode, slots] of [
      ['slot', 10],
      ['fewest', 8],
    ] as const) {
      assert.equal((await sent(apart, { mode, maxWords: 125, maxGap: 50 })).length, slots + 1);
      assert.equal((await sent(apart, { mode, maxWords: 125, maxGap: 38 })).length, slots + 2);
    }
  });

  it('200 random maps: never one more than an exhaustive search finds, in both modes', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomMapping,
        fc.integer({ min: 12, max: 125 }),
        fc.integer({ min: 0, max: 125 }),
        async (mapping, maxWords, maxGap) => {
          const fewest = await sent(mapping, { mode: 'fewest', maxWords, maxGap });
          assert.equal(fewest.length, minimum(blocksOf(mapping), maxWords, maxGap));
          const perSlot = await sent(mapping, { mode: 'slot', maxWords, maxGap });
          const together = [...mapping.fields.filter(({ name }) => !name.startsWith('status_')).flatMap(spansOf), statusOf(mapping)];
          // A slot in parts is one look at the statuses before, then the fewest parts that keep them together.
          const inParts = 1 + minimum(together, maxWords, mapping.length);
          const used = mapping.length - Math.min(...mapping.fields.map(({ at }) => at));
          assert.equal(perSlot.length, mapping.slots * (used <= maxWords ? 1 : inParts));
          for (const { words } of [...fewest, ...perSlot]) assert.ok(words <= maxWords);
        },
      ),
      { numRuns: 200 },
    );
  });
});
