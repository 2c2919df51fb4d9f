import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onceARound, manyTimesARound, spreadOf } from '../../bench/measure';
import { idleTimes, PACE, simulate } from '../../bench/plant-time/simulation';
import { shippedTimers } from '../../bench/plant-time/timers';
import { type Report, toDifferences, toMarkdown, toText, withTable } from '../../bench/report';
import { type Bench, findingOf, type Measured, type Row } from '../../bench/row';
import { runRows } from '../../bench/run';
import { countsStretches, longestStretch } from '../../bench/stretch';
import { skip } from '../support/skip';

describe('bench', () => {
  it('takes median and quartiles, also between two values', () => {
    assert.deepEqual(spreadOf([5, 1, 3, 2, 4]), { low: 2, median: 3, high: 4, surely: { from: 1, to: 5 } });
    assert.deepEqual(spreadOf([1, 2]), { low: 1.25, median: 1.5, high: 1.75, surely: { from: 1, to: 2 } });
  });

  it('says where the median lies: the more is measured, the narrower', () => {
    const { surely } = spreadOf(Array.from({ length: 100 }, (_, index) => index + 1));
    assert.deepEqual(surely, { from: 37, to: 64 });
  });

  it('judges by the median, says where the rounds do not surely tell, and what stands in the way only where the goal is not met', () => {
    const judged = (goal: number) => findingOf({ what: 'x', unit: 'ms', values: [1, 2, 3, 4, 5], goal, limit: 'light is slow' });
    const verdicts = [0.5, 2, 3, 5].map((goal) => [judged(goal).verdict, judged(goal).narrowly, judged(goal).limit]);
    assert.deepEqual(verdicts, [
      ['falls short', false, 'light is slow'],
      ['falls short', true, 'light is slow'],
      ['pass', true, undefined],
      ['pass', false, undefined],
    ]);
  });

  it('measures product and yardstick in turn, the first two rounds for nothing', async () => {
    const order: string[] = [];
    const measure = (name: string) => async (): Promise<number> => order.push(name);
    const pairs = await onceARound(2, measure('product'), measure('yardstick'));
    assert.deepEqual(order.slice(4), ['product', 'yardstick', 'yardstick', 'product']);
    assert.equal(pairs.length, 2);
  });

  it('calls what is short in turn, many times a round', async () => {
    const order: string[] = [];
    const call = (name: string) => (): Promise<void> => Promise.resolve(void order.push(name));
    const pairs = await manyTimesARound(3, call('product'), call('yardstick'));
    assert.equal(pairs.length, 3);
    assert.equal(order.length, (2 + 3) * 2 * 20);
    assert.deepEqual(order.slice(-4), ['product', 'yardstick', 'yardstick', 'product']);
  });

  it('judges the ratio within a round, not the ratio of medians', () => {
    const pairs = [
      { product: 1, yardstick: 1 },
      { product: 20, yardstick: 10 },
      { product: 300, yardstick: 100 },
    ];
    const { ratio, verdict } = findingOf({ what: 'x', unit: 'ms', against: 'y', goal: 0.9, pairs });
    assert.equal(ratio?.median, 2);
    assert.equal(verdict, 'falls short');
  });

  it('judges a count by its worst, however often it came out right', () => {
    const count = { what: 'wrong', unit: '', values: [0, 0, 1, 0], goal: 0 };
    assert.equal(findingOf({ ...count, worst: true }).verdict, 'falls short');
    assert.equal(findingOf(count).product.median, 0);
  });

  describe('a run', () => {
    /** A row that measures the next of these values in each pass. */
    const rowOf = (name: string, values: number[], given: Partial<Row> = {}): Row & { rounds: number[] } => {
      const rounds: number[] = [];
      const run = (bench: Bench): Promise<Measured[]> => {
        rounds.push(bench.rounds(30));
        return Promise.resolve([{ what: 'x', unit: 'ms', values: [values.shift() ?? NaN], goal: 2 }]);
      };
      return { name, what: '', run, rounds, ...given };
    };
    const run = (context: Mocha.Context, rows: readonly Row[], quick = false): ReturnType<typeof runRows> =>
      runRows(rows, { context, quick, seconds: 60, progress: () => undefined });

    it('spreads the rounds of a row over its passes, and goes on where they do not tell', async function () {
      const [sure, unsure, once] = [
        rowOf('sure', [1, 1, 1, 9]),
        rowOf('unsure', [1, 3, 1, 3, 1, 3, 9]),
        rowOf('once', [1, 9], { once: true }),
      ];
      const { rows, leftOut } = await run(this, [sure, unsure, once]);
      assert.deepEqual(
        rows.map(({ name, findings }) => [name, findings[0]?.product.high, findings[0]?.verdict, findings[0]?.narrowly]),
        [
          ['sure', 1, 'pass', false],
          ['unsure', 3, 'pass', true],
          ['once', 1, 'pass', false],
        ],
      );
      assert.deepEqual([sure.rounds, unsure.rounds, once.rounds], [[10, 10, 10], Array(6).fill(10), [30]]);
      assert.deepEqual(leftOut, []);
    });

    it('stops where the rounds tell, and a quick one after its only pass', async function () {
      const unsure = (): Row & { rounds: number[] } => rowOf('unsure', [1, 3, 1, 3]);
      const [whole, quick] = [rowOf('told', [3, 3, 3, 1]), unsure()];
      assert.equal((await run(this, [whole])).rows[0]?.findings[0]?.verdict, 'falls short');
      await run(this, [quick], true);
      assert.deepEqual([whole.rounds, quick.rounds], [[10, 10, 10], [2]]);
    });

    it('keeps a row that failed from hiding the others', async function () {
      const broken = rowOf('broken', [], { run: () => Promise.reject(new Error('no server')) });
      const { rows } = await run(this, [broken, rowOf('sound', [1, 1, 1])]);
      assert.deepEqual(
        rows.map(({ name, failed }) => [name, /no server/.test(failed ?? '')]),
        [
          ['broken', true],
          ['sound', false],
        ],
      );
    });

    it('is compared with another by its verdicts', () => {
      const report = (...rounds: number[][]): Report => ({
        at: '2026-01-01T00:00:00Z',
        quick: false,
        machine: { processor: 'x', cores: 1, memoryGb: 1, system: 'x', load: 0, versions: {} },
        rows: [
          {
            name: 'row',
            findings: rounds.map((values, n) => findingOf({ what: `${n}`, unit: '', values, goal: 2 })),
            failed: null,
          },
        ],
        leftOut: [],
      });
      const [sure, near, beyond, over] = [[1], [1, 1, 3], [1, 3, 3], [3]];
      assert.equal(
        toDifferences(report(sure, sure, over), report(sure, near)),
        '2 verdicts of 2026-01-01T00:00:00Z are here too, 0 differ',
      );
      assert.match(toDifferences(report(sure, over), report(sure, sure)), /1 differ\n {2}row: 1: falls short; before pass$/);
      assert.match(toDifferences(report(beyond), report(sure)), /1 differ\n {2}row: 0: falls short, narrowly; before pass$/);
      assert.match(
        toDifferences(report(beyond), report(near)),
        / 0 differ\n1 at the goal in both runs, .*\n {2}row: 0: falls short, narrowly; before pass, narrowly$/,
      );
    });
  });

  it('prints what passes or falls short, and how narrowly', () => {
    const finding = (what: string, goal: number) => findingOf({ what, unit: '', values: [1, 2, 3, 4, 5], goal, limit: 'light is slow' });
    const machine = { processor: 'x', cores: 1, memoryGb: 1, system: 'x', load: 0, versions: {} };
    const findings = [finding('far', 9), finding('near', 3), finding('beyond', 2), finding('out of reach', 0)];
    const report: Report = { at: '', quick: false, machine, rows: [{ name: 'row', findings, failed: null }], leftOut: [] };
    const text = toText(report);
    assert.match(text, /far: 3 \(2-4\); goal <= 9: pass\n/);
    assert.match(text, /near: 3 \(2-4\); goal <= 3: pass, narrowly\n/);
    assert.match(text, /beyond: 3 \(2-4\); goal <= 2: falls short, narrowly; light is slow\n/);
    assert.match(text, /2 pass \(1 narrowly\), 2 fall short \(1 narrowly\), 0 failed$/);
    assert.match(toMarkdown(report), /\| beyond \|.*\| falls short, narrowly: light is slow \|/);
  });

  it('sees the longest stretch of work, also the last one before the end', async function () {
    if (!countsStretches) skip(this, 'only Linux counts the processor time of a thread');
    const work = (ms: number): void => {
      for (const end = performance.now() + ms; performance.now() < end;);
    };
    const stretch = await longestStretch(async () => {
      work(2);
      await nextTurn();
      work(60);
    });
    assert.ok(stretch > 10, `${stretch} ms`);
  });

  it('renews the table of the README and nothing else', () => {
    const readme = 'before\n<!-- bench: made by npm run bench -- --readme -->\nold\n<!-- /bench -->\nafter\n';
    assert.equal(withTable(readme, 'new'), readme.replace('old', 'new'));
    assert.throws(() => withTable('no marks', 'new'), /no place for the table/);
  });

  it('simulates a line that never waits longer than its timers let it', () => {
    const timers = shippedTimers();
    const [alone, wired] = [simulate(timers, false, 60), simulate(timers, true, 60)];
    const busiest = PACE.read + PACE.complete * PACE.set + PACE.fetch + PACE.load;
    for (const idle of idleTimes(wired)) assert.ok(idle > 0 && idle <= timers.plc.every + busiest, `${idle} s with the event wires`);
    const longest = timers.fetch.every + timers.plc.every + timers.complete.every + timers.plc.every;
    for (const idle of idleTimes(alone)) assert.ok(idle > 0 && idle <= longest, `${idle} s with the timers alone`);
    assert.ok(wired.batches > alone.batches);
    assert.equal(alone.toOdoo.length, alone.batches);
  });
});
