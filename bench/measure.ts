/** Median and quartiles of what was measured several times. */
export interface Spread {
  median: number;
  /** First and third quartile. */
  low: number;
  high: number;
  /** Where the median lies with 99 % certainty: what a longer run narrows down. */
  surely: { from: number; to: number };
}

export interface Pair {
  product: number;
  yardstick: number;
}

/** One measurement; resolves with what it took, in the unit of its row. */
export type Measure = () => Promise<number>;

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { low: quantile(sorted, 0.25), median: quantile(sorted, 0.5), high: quantile(sorted, 0.75), surely: confidence(sorted) };
}

/** By the ranks of a binomial distribution, whatever the distribution of the values is; all of them when there are only a few. */
function confidence(sorted: readonly number[]): Spread['surely'] {
  // Rows that are not decided are looked at several times: 95 % would let too many of them pass or fall by luck.
  const half = 2.576 * Math.sqrt(sorted.length);
  const first = Math.max(Math.floor((sorted.length - half) / 2) - 1, 0);
  const last = Math.min(Math.ceil((sorted.length + half) / 2), sorted.length - 1);
  return { from: sorted[first] ?? NaN, to: sorted[last] ?? NaN };
}

function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Milliseconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Rounds that are thrown away, where no other number is given: compilers, caches and connections get warm. */
export const WARM_UP = 2;

/**
 * Measures product and yardstick round by round, each in turn the first: whatever else the machine does at the moment hits
 * both, and their ratio within a round is what counts.
 */
export async function onceARound(rounds: number, product: Measure, yardstick: Measure, warmUp = WARM_UP): Promise<Pair[]> {
  // What the preparation has left behind is not the work of either.
  globalThis.gc?.();
  const pairs: Pair[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const pair: Pair = { product: 0, yardstick: 0 };
    const order = [async () => void (pair.product = await product()), async () => void (pair.yardstick = await yardstick())];
    if (round % 2 !== 0) order.reverse();
    for (const measure of order) await measure();
    if (round >= 0) pairs.push(pair);
  }
  return pairs;
}

/** Calls of a round of {@link manyTimesARound}. */
const CALLS = 20;

/**
 * The same for work that is shorter than the whims of a scheduler: a round is the medians of several calls. Product and yardstick
 * are called one after the other, because a call that is repeated finds everything as it left it, and takes two thirds.
 */
export async function manyTimesARound(rounds: number, product: () => Promise<unknown>, yardstick: () => Promise<unknown>): Promise<Pair[]> {
  const calls = await onceARound(
    rounds * CALLS,
    () => timed(product),
    () => timed(yardstick),
    WARM_UP * CALLS,
  );
  return Array.from({ length: rounds }, (_, round) => {
    const of = calls.slice(round * CALLS, (round + 1) * CALLS);
    return {
      product: spreadOf(of.map(({ product }) => product)).median,
      yardstick: spreadOf(of.map(({ yardstick }) => yardstick)).median,
    };
  });
}
