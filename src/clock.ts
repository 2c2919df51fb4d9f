import { setTimeout as delay } from 'node:timers/promises';
import { closed } from './errors';

/** Time as the tasks see it. Tests hand in a fake one. */
export interface Clock {
  now(): Date;
  /** Waits that many milliseconds; rejects with CLOSED when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch {
      throw closed();
    }
  },
};

/** Whole minutes, 0 when `to` is the earlier one: the clocks of two machines differ. */
export function minutesBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / 60_000));
}

/** Hours and minutes of the plant's clock, as the node statuses show them. */
export function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** ISO 8601 UTC, as messages carry times; null of what has not happened. */
export function isoOrNull(at: Date | null | undefined): string | null {
  return at?.toISOString() ?? null;
}
