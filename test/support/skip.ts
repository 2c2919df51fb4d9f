import type { Context, Runnable, Suite } from 'mocha';

/**
 * Skips the test, or in a `before` hook all tests of the suite. The reason goes into the title, which is what reaches the reporter
 * from a process of its own. With CI=true nothing is skipped: what is missing there is a failure.
 */
export function skip(context: Context, reason: string): never {
  if (process.env['CI'] === 'true') throw new Error(`With CI=true nothing may be skipped: ${reason}`);
  const runnable: Runnable | undefined = context.test;
  const marked: Runnable | Suite | undefined = runnable && 'type' in runnable && runnable.type === 'hook' ? runnable.parent : runnable;
  if (marked) marked.title += ` (${reason})`;
  return context.skip();
}
