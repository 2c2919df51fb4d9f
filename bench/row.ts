import { type Pair, type Spread, spreadOf } from './measure';

/** What a row may use. Whatever it opens it closes, also when it fails. */
export interface Bench {
  /** Lends the hooks of mocha to what the tests use, above all their PostgreSQL. */
  context: Mocha.Context;
  /** Prove that it works, under a minute for all rows; the figures are not worth much. */
  quick: boolean;
  /** Rounds of this pass: the share of a full run, or a few for a quick one. */
  rounds(full: number, quick?: number): number;
  /** Shown while the row works. */
  progress(text: string): void;
}

export interface Row {
  name: string;
  /** One line for `--help`. */
  what: string;
  /** It counts, or takes so long to set up, that it is measured in one pass. */
  once?: true;
  /** It needs the package, built and installed. */
  package?: true;
  /** In every pass the same things in the same order. */
  run(bench: Bench): Promise<Measured[]>;
}

/** What was measured, to be judged when all passes are through. */
export type Measured = Compared | Valued;

/** Judged by the ratio of product and yardstick. */
export interface Compared {
  what: string;
  unit: string;
  /** What the yardstick is. */
  against: string;
  /** Largest ratio that is good; null where it is only told. */
  goal: number | null;
  pairs: readonly Pair[];
  note?: string;
  /** What stands in the way of the goal, told where it is not met. */
  limit?: string;
}

/** Judged by its value. */
export interface Valued {
  what: string;
  unit: string;
  values: readonly number[];
  /** Largest median that is good; null where a figure is only told. */
  goal: number | null;
  /** It is a count, of which not even one may be above the goal: judged by the largest. */
  worst?: true;
  yardstick?: { name: string; value: number };
  note?: string;
  /** What stands in the way of the goal, told where it is not met. */
  limit?: string;
}

/** One line of the result. */
export interface Finding {
  what: string;
  /** Measured with the product, in `unit`. */
  product: Spread;
  unit: string;
  yardstick: { name: string; value: Spread } | null;
  /** Product by yardstick within a round; null where the value itself is judged. */
  ratio: Spread | null;
  /** "<= 1.08" */
  goal: string;
  /** By the median. */
  verdict: 'pass' | 'falls short' | 'no goal';
  /** Even the longest run did not surely say on which side of the goal the median lies: another one may give the other verdict. */
  narrowly: boolean;
  note?: string;
  /** Why the goal is not met; only where it is not. */
  limit?: string;
}

/** What one more pass has measured, added to what is known. */
export function joined(known: readonly Measured[], more: readonly Measured[]): Measured[] {
  return more.map((one, index) => {
    const before = known[index];
    if (before === undefined) return one;
    if ('pairs' in one && 'pairs' in before) return { ...one, pairs: [...before.pairs, ...one.pairs] };
    if ('values' in one && 'values' in before) return { ...one, values: [...before.values, ...one.values] };
    throw new Error(`one pass measured "${before.what}", the next "${one.what}" in its place`);
  });
}

export function findingOf(measured: Measured): Finding {
  const { what, unit, note, goal, limit } = measured;
  const about = { what, unit, ...(note === undefined ? {} : { note }) };
  if ('pairs' in measured) {
    const { pairs, against } = measured;
    const ratio = spreadOf(pairs.map(({ product, yardstick }) => product / yardstick));
    return {
      ...about,
      product: spreadOf(pairs.map(({ product }) => product)),
      yardstick: { name: against, value: spreadOf(pairs.map(({ yardstick }) => yardstick)) },
      ratio,
      ...judged(goal, ratio, { decimals: 2, limit }),
    };
  }
  const { values, worst, yardstick } = measured;
  const product = spreadOf(worst ? [Math.max(...values)] : values);
  return {
    ...about,
    product,
    yardstick: yardstick ? { name: yardstick.name, value: spreadOf([yardstick.value]) } : null,
    ratio: null,
    ...judged(goal, product, { decimals: 0, limit }),
  };
}

function judged(
  goal: number | null,
  { median, surely }: Spread,
  { decimals, limit }: { decimals: number; limit: string | undefined },
): Pick<Finding, 'goal' | 'verdict' | 'narrowly' | 'limit'> {
  if (goal === null) return { goal: '', verdict: 'no goal', narrowly: false };
  return {
    goal: `<= ${goal.toFixed(decimals)}`,
    verdict: median <= goal ? 'pass' : 'falls short',
    narrowly: surely.from <= goal && goal < surely.to,
    ...(median > goal && limit !== undefined ? { limit } : {}),
  };
}
