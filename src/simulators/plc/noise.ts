/** A small generator of numbers 0-1 (a Weyl sequence, mixed): the same seed gives the same numbers everywhere. */
export function seededNoise(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the list. @param random 0-1 */
export function oneOf<T>(list: readonly T[], random: number): T | undefined {
  return list[Math.floor(random * list.length)];
}
