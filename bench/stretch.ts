import { existsSync, readFileSync } from 'node:fs';

const COUNTER = '/proc/thread-self/schedstat';

/** Only Linux counts it. */
export const countsStretches = existsSync(COUNTER);

/** Milliseconds for which the processor has worked for this thread, as Linux counts them. */
function worked(): number {
  const [nanoseconds = 'NaN'] = readFileSync(COUNTER, 'utf8').split(' ');
  return Number(nanoseconds) / 1e6;
}

/**
 * The most that this thread worked between two turns of its event loop, in milliseconds of processor time: what the clock says
 * of a stall also holds the time in which other processes had the processor.
 */
export async function longestStretch(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = worked();
  let timer = setImmediate(turn);
  function look(): void {
    longest = Math.max(longest, worked() - last);
    last = worked();
  }
  function turn(): void {
    look();
    timer = setImmediate(turn);
  }
  await work();
  clearImmediate(timer);
  look();
  return longest;
}
