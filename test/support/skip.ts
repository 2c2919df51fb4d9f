import type { Context, Runnable, Suite } from 'mocha';

/** The reporter reads the reason from the test, or from the suite whose hook skipped. */
const REASON = Symbol.for('smart-mo.skip-reason');

type Marked = (Runnable | Suite) & { [REASON]?: string };

/**
 * Skips the test, or in a `before` hook all tests of the suite, and prints the reason at the end of the run.
 * With CI=true nothing is skipped: what is missing there is a failure.
 */
export function skip(context: Context, reason: string): never {
  if (process.env['CI'] === 'true') throw new Error(`With CI=true nothing may be skipped: ${reason}`);
  const runnable: Runnable | undefined = context.test;
  const marked: Marked | undefined = runnable && 'type' in runnable && runnable.type === 'hook' ? runnable.parent : runnable;
  if (marked) marked[REASON] = reason;
  return context.skip();
}

/** Why this test was skipped; undefined when whoever skipped it did not say. */
export function skipReason(test: Runnable): string | undefined {
  for (let at: Marked | undefined = test; at; at = at.parent) if (at[REASON]) return at[REASON];
  return undefined;
}
