import assert from 'node:assert/strict';
import type { Clock } from '../../src/clock';
import { settleSlots, type Settled } from '../../src/line/settle';
import type { SlotReading } from '../../src/plc/slot';

/** A clock that passes only while somebody sleeps. */
function fakeClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(now),
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

const shows = (given: Partial<SlotReading> = {}): SlotReading => ({
  slot: 1,
  empty: false,
  mo_id: 'WH/MO/00001',
  finished: true,
  failed: false,
  running: true,
  acknowledged: false,
  actual_weight: 1000,
  materials: { silo_a: 600 },
  bad: [],
  ...given,
});

/** Settles slots that show one picture after the other; the last one stays. */
async function settle(...pictures: SlotReading[][]): Promise<Settled & { slept: number[]; asked: number[][] }> {
  const clock = fakeClock();
  const asked: number[][] = [];
  const [first = [], ...later] = pictures;
  const readAgain = (slots: readonly number[]): Promise<SlotReading[]> => {
    asked.push([...slots]);
    const picture = later.length > 1 ? later.shift() : later[0];
    return Promise.resolve((picture ?? first).filter(({ slot }) => slots.includes(slot)));
  };
  const result = await settleSlots(first, readAgain, { settle: 2, settleTimeout: 10 }, clock, new AbortController().signal);
  return { ...result, slept: clock.slept, asked };
}

describe('settle rule', () => {
  it('nothing finished: nothing is asked and nothing is waited for', async () => {
    assert.deepEqual((await settle([])).slept, []);
  });

  it('two equal reads, two seconds apart', async () => {
    const { settled, slept } = await settle([shows()], [shows()]);
    assert.deepEqual([[...settled], slept], [[1], [2000]]);
  });

  it('takes the values at rest, not the first ones [fault: plc-torn-value]', async () => {
    const { settled, readings, slept } = await settle([shows({ actual_weight: 990 })], [shows({ actual_weight: 1000 })], [shows()]);
    assert.deepEqual([[...settled], readings.get(1)?.actual_weight, slept.length], [[1], 1000, 2]);
  });

  it('waits for one slot without reading the others again', async () => {
    const [calm, moving] = [shows(), shows({ slot: 2, materials: { silo_a: 1 } })];
    const { settled, asked } = await settle([calm, moving], [calm, shows({ slot: 2 })], [shows({ slot: 2 })]);
    assert.deepEqual(
      [[...settled].sort(), asked],
      [
        [1, 2],
        [[1, 2], [2]],
      ],
    );
  });

  it('a finish before its weight is no finish [fault: plc-finished-before-weight]', async () => {
    const { settled, unsettled, slept } = await settle([shows({ actual_weight: 0 })]);
    assert.deepEqual([[...settled], slept], [[], [2000, 2000, 2000, 2000, 2000]]);
    assert.equal(unsettled.get(1), 'slot 1 WH/MO/00001 says finished, but after 10 s it has no finished weight');
  });

  it('values that never rest end the waiting after the time-out', async () => {
    let weight = 100;
    const clock = fakeClock();
    const creeping = (): Promise<SlotReading[]> => Promise.resolve([shows({ actual_weight: (weight += 1) })]);
    const times = { settle: 2, settleTimeout: 10 };
    const { unsettled } = await settleSlots([shows()], creeping, times, clock, new AbortController().signal);
    assert.match(unsettled.get(1) ?? '', /its values still change$/);
  });

  const changes: [string, Partial<SlotReading>][] = [
    ['another MO', { mo_id: 'WH/MO/00002' }],
    ['a bad value', { bad: [{ code: 'bad-value', field: 'silo_a', address: 1, text: '', value: '' }] }],
    ['no finished bit', { finished: false }],
    ['a material more', { materials: { silo_a: 600, silo_b: 1 } }],
    ['another weight', { actual_weight: 1000.01 }],
  ];
  for (const [what, changed] of changes) {
    it(`${what} in the second read settles nothing`, async () => {
      const readAgain = (): Promise<SlotReading[]> => Promise.resolve([shows(changed)]);
      const once = { settle: 2, settleTimeout: 2 };
      const { settled, readings } = await settleSlots([shows()], readAgain, once, fakeClock(), new AbortController().signal);
      assert.deepEqual([[...settled], readings.get(1)], [[], shows(changed)]);
    });
  }
});
