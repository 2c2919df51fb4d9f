import { type Pair, type Spread, spreadOf } from './measure';

/** What a row may use. Whatever it opens it closes, also when it fails. */
export interface Bench {
  /** Lends the hooks of mocha to what the tests use, above all their PostgreSQL. */
  context: Mocha.Context;
  /** Prove that it works, under a minute for all rows; the figures are not worth much. */
  quick: boolean;
  /** The number for a full run, or a few for a quick one. */
  rounds(full: number, quick?: number): number;
  /** Shown while the row works. */
  progress(text: string): void;
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
  /** Close: the run was too short, or the machine too busy, to say on which side of the goal the median lies. */
  verdict: 'pass' | 'close' | 'falls short' | 'no goal';
  note?: string;
  /** Why the goal is not met; only where it is not. */
  limit?: string;
}

export interface Row {
  name: string;
  /** One line for `--help`. */
  what: string;
  run(bench: Bench): Promise<Finding[]>;
}

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

/** A finding that is judged by the ratio of product and yardstick. */
export function compare({ what, unit, against, goal, pairs, note, limit }: Compared): Finding {
  const ratio = spreadOf(pairs.map(({ product, yardstick }) => product / yardstick));
  return {
    what,
    unit,
    product: spreadOf(pairs.map(({ product }) => product)),
    yardstick: { name: against, value: spreadOf(pairs.map(({ yardstick }) => yardstick)) },
    ratio,
    ...judged(goal, ratio, { decimals: 2, limit }),
    ...(note === undefined ? {} : { note }),
  };
}

export interface Judged {
  what: string;
  unit: string;
  values: readonly number[];
  /** Largest median that is good; null where a figure is only told. */
  goal: number | null;
  yardstick?: { name: string; value: number };
  note?: string;
  /** What stands in the way of the goal, told where it is not met. */
  limit?: string;
}

/** A finding that is judged by its value. */
export function judge({ what, unit, values, goal, yardstick, note, limit }: Judged): Finding {
  const product = spreadOf(values);
  return {
    what,
    unit,
    product,
    yardstick: yardstick ? { name: yardstick.name, value: spreadOf([yardstick.value]) } : null,
    ratio: null,
    ...judged(goal, product, { decimals: 0, limit }),
    ...(note === undefined ? {} : { note }),
  };
}

function judged(
  goal: number | null,
  { median, surely }: Spread,
  { decimals, limit }: { decimals: number; limit: string | undefined },
): Pick<Finding, 'goal' | 'verdict' | 'limit'> {
  if (goal === null) return { goal: '', verdict: 'no goal' };
  const verdict = surely.to <= goal ? 'pass' : surely.from > goal ? 'falls short' : 'close';
  return { goal: `<= ${goal.toFixed(decimals)}`, verdict, ...(median > goal && limit !== undefined ? { limit } : {}) };
}
