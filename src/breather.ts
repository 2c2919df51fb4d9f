import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work at a stretch; everything else in Node-RED waits for so long. */
const STRETCH = 4;

/**
 * Lets the event loop go on during long work: called between its pieces, it waits for the next turn of the loop once enough
 * time has passed, else not at all.
 */
export function createBreather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < STRETCH) return undefined;
    return nextTurn().then(() => void (since = performance.now()));
  };
}
