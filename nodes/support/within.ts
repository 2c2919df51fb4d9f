import { setTimeout as delay } from 'node:timers/promises';

/** Node-RED waits 15 s for a node that does not close; a redeploy must not. */
export const CLOSE_PATIENCE_MS = 1500;

/** Resolves when the work has settled, however it ended, or when the time is over. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const settled = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, delay(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}
