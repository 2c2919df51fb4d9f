import type { Line } from '../line/line';
import { codeOf, type QueueRow } from '../queue/batch';
import { nameOf, withoutName } from '../queue/batch-words';
import { byDatabase } from './one-clock';

/** Errors of a batch that are the state of the link. */
const ODOO_LINK_ERRORS: ReadonlySet<string> = new Set(['ODOO_UNREACHABLE', 'ODOO_AUTH', 'ODOO_KEY_EXPIRED', 'ODOO_VERSION_CHANGED']);

const SAYS_NO: ReadonlySet<string> = new Set(['ODOO_REFUSED', 'ODOO_RIGHTS', 'ODOO_NOT_DONE']);

/** Odoo answers, and says no: to this batch, and as long as nobody puts something right. */
export function isRefusal(code: string): boolean {
  return SAYS_NO.has(code);
}

/** "tried 3 times": how often Odoo refused to complete the batch; "" where it did not. */
export function triedText({ state, push_attempt, last_error, cancellation }: QueueRow): string {
  // Of one that is tried again the number is that of its next try.
  const tries = state === 'pushing' ? push_attempt - 1 : push_attempt;
  if (!isRefusal(codeOf(last_error)) || cancellation !== null || tries < 1) return '';
  return tries === 1 ? 'tried once' : `tried ${tries} times`;
}

export function isOfOdooLink({ last_error }: Pick<QueueRow, 'last_error'>): boolean {
  return ODOO_LINK_ERRORS.has(codeOf(last_error));
}

/** A batch that could not be completed or cancelled, and is tried again by itself: for a reason of its own, not because Odoo is away. */
export function isTurnedAway(line: Line, row: QueueRow): boolean {
  return row.last_error !== null && row.state !== 'failed' && row.state !== 'pushed' && !isToldByLink(line, row);
}

/** One cause, one alarm: an Odoo that is away is told as odoo-down, not once more by every batch that waits for it. */
function isToldByLink(line: Line, row: QueueRow): boolean {
  if (!isOfOdooLink(row)) return false;
  const { state, since } = line.odoo?.state() ?? { state: 'unknown', since: null };
  // Of an Odoo that is back only what failed since then is news.
  return state !== 'ok' || (since !== null && row.updated_at <= byDatabase(line, since));
}

/** Batches that Odoo says no to, tried again or given up: an Odoo that answers is not well for them. */
export function refusedByOdoo(rows: readonly QueueRow[]): QueueRow[] {
  return rows.filter(({ state, last_error }) => state !== 'cancelling' && isRefusal(codeOf(last_error)));
}

/** "3 batches not completed yet: Odoo refused ...; next try in 40 s at the earliest", for those that are tried again; null when there is none. */
export function turnedAwayText(line: Line, rows: readonly QueueRow[], now: Date): string | null {
  const waiting = rows.filter((row) => row.state !== 'cancelling' && isTurnedAway(line, row));
  const [first] = waiting;
  if (!first) return null;
  const why = withoutName(first, withoutCode(first.last_error ?? ''));
  const same = waiting.filter(({ last_error }) => codeOf(last_error) === codeOf(first.last_error));
  const others = waiting.length - same.length;
  const text = same.length === 1 ? `${nameOf(first)} not completed yet: ${why}` : `${same.length} batches not completed yet: ${why}`;
  // Those that Odoo has refused for good are counted with these by its lamp.
  const givenUp = isRefusal(codeOf(first.last_error)) ? refusedByOdoo(rows).filter(({ state }) => state === 'failed').length : 0;
  const more = [others > 0 ? `${others} more for other reasons` : '', givenUp > 0 ? `${givenUp} more given up` : '', nextTry(waiting, now)];
  return [text, ...more.filter(Boolean)].join('; ');
}

/**
 * The completer comes by its own timer: of the time in the row it is only known that nothing happens before. How long that is, everybody
 * reads alike; a time of day would be that of the server, which may be in another time zone than the page.
 */
function nextTry(rows: readonly QueueRow[], now: Date): string {
  const times = rows.flatMap(({ next_try_at }) => (next_try_at === null ? [] : [next_try_at.getTime()]));
  const next = times.length < rows.length ? 0 : Math.min(...times);
  const seconds = Math.ceil((next - now.getTime()) / 1000);
  if (seconds <= 0) return 'next try when finished batches are next sent to Odoo';
  return `next try in ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} at the earliest`;
}

/** The sentence of "CODE: sentence", for people. */
export function withoutCode(lastError: string): string {
  const code = codeOf(lastError);
  return code === '' ? lastError : lastError.slice(`${code}: `.length);
}
