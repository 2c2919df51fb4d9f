import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import type { Mapping } from '../../src/plc/mapping';
import { endOf, planRequests, planSlot, spansOf } from '../../src/plc/plan';
import type { Span } from '../../src/plc/plan';

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
    assert.deepEqual(planSlot(mill.fields, mill.length, 125), { guard: null, parts: [{ from: 0, words: 77 }] });
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
      const { guard, parts } = planSlot(mill.fields, mill.length, maxWords);
      assert.deepEqual(guard, { from: 72, words: 2 });
      const last = parts.at(-1);
      assert.ok(last && last.from <= 72 && endOf(last) >= 74, `maxWords ${maxWords}`);
      assert.equal(parts.length, minimum(mill.fields.flatMap(spansOf), maxWords, mill.length));
      for (const span of mill.fields.flatMap(spansOf))
        assert.ok(parts.some((part) => part.from <= span.from && endOf(part) >= endOf(span)));
    }
  });

  it('a field longer than maxWords is refused with its place', () => {
    assert.throws(() => planSlot(mill.fields, mill.length, 7), {
      code: 'CONFIG_INVALID',
      message: /maxWords of mo-plc is 7, but the field at 1 alone has 8 words/,
    });
  });
});
