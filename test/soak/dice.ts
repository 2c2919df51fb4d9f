import { createHash } from 'node:crypto';

/** Random numbers that come again with the same seed. */
export interface Dice {
  /** From low to high, fractions included. */
  between(low: number, high: number): number;
  /** Undefined only when the list is empty. */
  pick<T>(list: readonly T[]): T | undefined;
  /** The entries come up in proportion to their weight. */
  weighted<T extends { weight: number }>(list: readonly T[]): T | undefined;
}

export function createDice(seed: number): Dice {
  let throws = 0;
  const fraction = (): number => {
    throws += 1;
    return createHash('sha256').update(`${seed}/${throws}`).digest().readUInt32BE() / 2 ** 32;
  };
  return {
    between: (low, high) => low + (high - low) * fraction(),
    pick: (list) => list[Math.floor(fraction() * list.length)],
    weighted(list) {
      let left = fraction() * list.reduce((sum, { weight }) => sum + weight, 0);
      return list.find(({ weight }) => (left -= weight) < 0);
    },
  };
}
