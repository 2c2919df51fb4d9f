import { backoffSeconds, type BackoffLimits } from '../backoff';
import { type ErrorClass, SmartMoError } from '../errors';
import { codeOf, type QueueRow } from '../queue/batch';

/** What becomes of a batch that could not be completed (odoo.md part A, error classes): tried again, or given to a person. */
type Tried = Pick<QueueRow, 'state' | 'push_attempt' | 'last_error'>;

const PERMANENT_ATTEMPTS = 3;
/** Nothing repeats these away: the batch goes to a person at once. */
const FOR_A_PERSON = new Set(['ODOO_DIFFERS', 'ODOO_CANCELLED', 'ODOO_CHANGED']);
/** A record rule hides an MO just as deletion does: it is gone when two looks this many seconds apart do not show it. */
export const GONE_AFTER = 20;

/** Odoo is away, refuses us or was upgraded, or the line has none: the other batches of the run would fare no better. */
export function isOfTheLink(error: unknown): error is SmartMoError {
  if (!(error instanceof SmartMoError)) return false;
  const { code, class: kind } = error;
  return code.startsWith('CONFIG_') || (code.startsWith('ODOO_') && (kind === 'transient' || kind === 'auth' || kind === 'version'));
}

/** Does it count as an attempt of the batch? Not what the batch has no part in, and not what happens to a cancellation. */
export function isAttempt({ state }: Tried, error: unknown): boolean {
  return state === 'pushing' && classOf(error) !== 'transient' && !isOfTheLink(error);
}

export function isFinal({ state, push_attempt, last_error }: Tried, error: unknown, maxAttempts: number): boolean {
  if (isOfTheLink(error)) return false;
  const kind = classOf(error);
  // What cannot even be worked out will not be worked out next time.
  if (state === 'finished') return kind === 'permanent' || kind === 'bug';
  if (state !== 'pushing') return false;
  const code = error instanceof SmartMoError ? error.code : '';
  if (FOR_A_PERSON.has(code)) return true;
  if (code === 'ODOO_GONE') return codeOf(last_error) === 'ODOO_GONE';
  if (kind === 'unknown') return push_attempt >= maxAttempts;
  return (kind === 'permanent' || kind === 'bug') && push_attempt >= PERMANENT_ATTEMPTS;
}

/** Seconds until the next try. @param times of the Odoo of the line; without one nothing is in a hurry */
export function retryDelay({ push_attempt }: Tried, error: unknown, times: { retryMin: number; retryMax: number } | undefined): number {
  const known = error instanceof SmartMoError ? error : null;
  if (!times || known?.code === 'ODOO_GONE') return GONE_AFTER;
  const limits: BackoffLimits = { min: times.retryMin, max: times.retryMax };
  return backoffSeconds(Math.max(1, push_attempt), limits, Math.random, known?.retryAfter);
}

function classOf(error: unknown): ErrorClass {
  return error instanceof SmartMoError ? error.class : 'bug';
}
