import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, as it stands in the error: "status of the gate". */
  what: string;
  /** Default 10000. */
  deadlineMs?: number;
  /** Default 25. */
  everyMs?: number;
}

/** What JavaScript takes for "not yet". */
type NotYet = undefined | null | false | 0 | '';

/**
 * Asks `condition` again and again until it gives something truthy, and returns that.
 * A condition that throws counts as "not yet"; its last error is named when the deadline passes.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, deadlineMs = 10_000, everyMs = 25 }: WaitOptions,
): Promise<Exclude<T, NotYet>> {
  const deadline = Date.now() + deadlineMs;
  let last: Error | undefined;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, NotYet>;
      last = undefined;
    } catch (error) {
      last = error instanceof Error ? error : new Error(String(error));
    }
    if (Date.now() >= deadline) {
      const reason = last ? `; last error: ${last.message}` : '';
      throw new Error(`Waited ${deadlineMs} ms for ${what}${reason}`, { cause: last });
    }
    await delay(everyMs);
  }
}
