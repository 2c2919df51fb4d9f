import type { NodeStatus } from '../../src/line/outcome';

export interface StatusLight {
  /** @param greenMinutes how long a green status is true; without a limit when left out */
  show(status: NodeStatus, greenMinutes?: number): void;
  /** What a run is doing: blue, and left out when the step before was shown a moment ago. */
  progress(text: string): void;
  close(): void;
}

/** Every status goes to every open editor; nobody can read more of them. */
const PROGRESS_EVERY_MS = 100;

/** setTimeout fires at once beyond this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * What the node shows. A green status turns grey by itself, with the same text, when it is older than its limit: a
 * task that has stopped running must not look well (invariant I14).
 */
export function createStatusLight(show: (status: NodeStatus) => void): StatusLight {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let progressAt = -Infinity;

  function change(status: NodeStatus, greenMinutes?: number): void {
    clearTimeout(timer);
    if (closed) return;
    show(status);
    if (status.fill !== 'green' || greenMinutes === undefined) return;
    timer = setTimeout(() => show({ ...status, fill: 'grey' }), Math.min(greenMinutes * 60_000, LONGEST_TIMER_MS));
    timer.unref();
  }

  return {
    show(status, greenMinutes) {
      progressAt = -Infinity;
      change(status, greenMinutes);
    },
    progress(text) {
      const now = performance.now();
      if (now - progressAt < PROGRESS_EVERY_MS) return;
      progressAt = now;
      change({ fill: 'blue', shape: 'dot', text });
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
