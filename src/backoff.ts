export interface BackoffLimits {
  /** Seconds before the first retry, at least. */
  min: number;
  /** Seconds between two tries, at most. */
  max: number;
}

/**
 * Seconds to wait before try `attempt` + 1: anywhere between `min` and a ceiling that doubles with every failure up to
 * `max`, so that clients which failed together do not come back together. A wait the other side asked for is kept.
 * @param attempt failures in a row so far, 1 or more
 * @param random 0 <= random() < 1
 */
export function backoffSeconds(attempt: number, limits: BackoffLimits, random: () => number = Math.random, retryAfter = 0): number {
  const ceiling = Math.max(limits.min, Math.min(limits.max, limits.min * 2 ** attempt));
  return Math.max(limits.min + random() * (ceiling - limits.min), retryAfter);
}
