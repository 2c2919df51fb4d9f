import { closed } from '../../src/errors';
import type { Clock } from '../../src/clock';

/** A clock that stands still until it is moved, so that no test depends on how fast the machine is. */
export interface HandClock extends Clock {
  /** Moves on by so many seconds and wakes whoever waited for that. */
  advance(seconds: number): void;
}

export function handClock(): HandClock {
  let now = Date.UTC(2026, 0, 1);
  let waiting: { until: number; wake: () => void }[] = [];
  return {
    now: () => new Date(now),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(closed());
        signal?.addEventListener('abort', stop, { once: true });
        const wake = (): void => {
          signal?.removeEventListener('abort', stop);
          resolve();
        };
        waiting.push({ until: now + ms, wake });
      }),
    advance(seconds) {
      now += seconds * 1000;
      for (const { wake } of waiting.filter(({ until }) => until <= now)) wake();
      waiting = waiting.filter(({ until }) => until > now);
    },
  };
}
