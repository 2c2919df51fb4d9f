import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work at a stretch; everything else in Node-RED waits for so long. */
const STRETCH = 1;

/** When the event loop last went on: the same moment for all that this process does. */
let since = 0;

/** The turn that is waited for: whoever waits meanwhile goes on with the others, each for a piece. */
let turn: Promise<void> | undefined;

/**
 * Lets the event loop go on during long work: called between its pieces, it waits for the next turn of the loop once enough
 * time has passed, else not at all. Pieces that follow each other, or come from several lines, share one stretch.
 */
export function breathe(): Promise<void> | undefined {
  if (performance.now() - since < STRETCH) return undefined;
  return (turn ??= nextTurn().then(() => {
    turn = undefined;
    since = performance.now();
  }));
}
