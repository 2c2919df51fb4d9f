import { withoutName } from '../queue/batch-words';
import { wordsFor } from './alarm-codes';
import type { AlarmView } from './announce';
import type { QueuedBatch } from './queued-batch';

/** One cause with everything it has hit: ten batches that Odoo refuses for one reason are one thing to put right. */
export interface Cause extends Pick<AlarmView, 'code' | 'severity' | 'since' | 'text' | 'action'> {
  /** What it is, in a few plain words without slot and MO. */
  words: string;
  /** By slot; empty for an alarm of the whole line. */
  batches: { batch_no: number | null; mo_id: string }[];
  /** What may be pressed for each of these batches now, the advised one first. */
  can: ('retry' | 'park' | 'booked')[];
}

const WORST_FIRST = ['critical', 'warning', 'info'];

/**
 * Open alarms by cause: those that differ only in slot and MO are one. The worst first, then the oldest.
 * @param mayBook whether the line lets an operator do anything at all
 */
export function causesOf(alarms: readonly AlarmView[], batches: readonly QueuedBatch[], mayBook = true): Cause[] {
  const groups = new Map<string, AlarmView[]>();
  for (const alarm of alarms.filter((one) => !isToldByFailure(one, alarms))) {
    const key = JSON.stringify([alarm.code, alarm.severity, alarm.value, sharedReason(alarm).replace(/\d+ min\b/, '')]);
    const group = groups.get(key);
    if (group) group.push(alarm);
    else groups.set(key, [alarm]);
  }
  const causes = [...groups.values()].map((group) => toCause(group, batches, mayBook));
  return causes.sort(
    (a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity) || Date.parse(a.since) - Date.parse(b.since),
  );
}

/** A failed batch says what it failed with; the alarm of that code would say it once more. */
function isToldByFailure({ code, mo_id }: AlarmView, alarms: readonly AlarmView[]): boolean {
  return alarms.some((other) => other.code === 'failed-batch' && other.mo_id === mo_id && other.value === code);
}

function toCause(group: readonly AlarmView[], queue: readonly QueuedBatch[], mayBook: boolean): Cause {
  const oldest = group.reduce((a, b) => (Date.parse(b.since) < Date.parse(a.since) ? b : a));
  const { code, severity, since, text, action } = oldest;
  const hit = group.flatMap(({ batch_no, mo_id }) => (mo_id === null ? [] : [{ batch_no, mo_id }]));
  const [first = [], ...others] = hit.map(({ mo_id }) => queue.find((batch) => batch.mo_id === mo_id)?.can ?? []);
  return {
    code,
    words: wordsFor(code, oldest.value),
    severity,
    since,
    text: hit.length > 1 ? `${hit.length} batches: ${sharedReason(oldest)}` : text,
    action,
    batches: hit.sort((a, b) => (a.batch_no ?? 0) - (b.batch_no ?? 0)),
    can:
      code === 'late-weight' && mayBook
        ? ['booked']
        : first.filter((one) => one === 'retry' || one === 'park').filter((one) => others.every((can) => can.includes(one))),
  };
}

/** What the sentence says beside slot and MO, and beside its end, which differs from batch to batch: how often it was tried. */
function sharedReason({ text, batch_no, mo_id }: AlarmView): string {
  const reason = mo_id === null ? text : withoutName({ batch_no, mo_id }, text);
  return reason.replace(/; tried (once|\d+ times)$/, '');
}
