import { clockTime } from '../clock';
import { describe, isOfTheDatabase, type SmartMoError } from '../errors';
import { type BatchRecord, codeOf, type QueueRow } from '../queue/batch';
import { nameOf, withoutName } from '../queue/batch-words';
import type { Line } from './line';
import type { NodeStatus, Outcome, OutcomeEvent } from './outcome';

/** A batch that this run could not complete, as messages carry it (contract.md, port 2 of the completer). */
export interface NotCompleted {
  mo_id: string;
  batch_no: number;
  push_attempt: number;
  code: string;
  text: string;
  willRetryAt: string | null;
}

/** What a run of task 3 has done so far. */
export interface Progress {
  archived: BatchRecord[];
  notCompleted: NotCompleted[];
  /** Odoo is out of reach or refuses us, or the database is: no use in trying the other batches of this run. */
  stop: SmartMoError | null;
}

/** Not completed in this run nor in an earlier one, and nobody shall take that for well (invariant I14). */
function isInTrouble({ state, last_error }: QueueRow): boolean {
  return state === 'failed' || state === 'cancelling' || (last_error !== null && (state === 'finished' || state === 'pushing'));
}

/**
 * What a run did, in one sentence that leaves out no batch in trouble.
 * @param left null: the database was lost before they could be counted
 */
export function sentence({ archived, notCompleted, stop }: Progress, left: readonly QueueRow[] | null): string {
  const completed = archived.filter((record) => record.status === 'completed').length;
  const head = [`${completed} batch${completed === 1 ? '' : 'es'} completed and archived`];
  if (completed < archived.length) head.push(`${archived.length - completed} cancelled`);
  if (left) head.push(`${left.length} left in the queue`);
  const told = new Set(notCompleted.map(({ mo_id }) => mo_id));
  const waiting = (left ?? []).filter((row) => isInTrouble(row) && !told.has(row.mo_id));
  return [
    head.join(', '),
    ...notCompleted.map((one) => `${nameOf(one)} not completed: ${one.code}: ${withoutName(one, one.text)}`),
    ...waiting.map((row) => `${nameOf(row)} ${row.state}${row.last_error ? `: ${withoutName(row, row.last_error)}` : ''}`),
    ...(isOfTheDatabase(stop) ? [`then the run was cut short: ${describe(stop)}`] : []),
  ].join('; ');
}

/** The answer of a run: the outcome, one event for each batch that is not completed, and port 3 when the queue was drained. */
export function end(
  line: Line,
  reason: 'run' | 'in-progress',
  text: string,
  progress: Progress,
  left: readonly QueueRow[] | null,
  started: Date,
  drainedAt: Date | null,
): Outcome {
  const { archived, notCompleted } = progress;
  const now = line.clock.now();
  const head = { line: line.line, at: now.toISOString() };
  const events: OutcomeEvent[] = notCompleted.map((entry) => ({
    port: 2,
    event: 'not-completed',
    code: entry.code,
    payload: { ...head, ...entry },
  }));
  if (drainedAt) {
    const payload = { ...head, text: 'the queue is empty: the next set may be fetched', drainedAt: drainedAt.toISOString() };
    events.push({ port: 3, event: 'queue-empty', code: '', payload });
  }
  return {
    port: 1,
    payload: { ...head, text, reason, archived, notCompleted, left: left?.length ?? null, ms: now.getTime() - started.getTime() },
    events,
    status: statusOf(progress, left, clockTime(now)),
  };
}

function statusOf({ archived: records, notCompleted: [now], stop }: Progress, left: readonly QueueRow[] | null, time: string): NodeStatus {
  const archived = records.length;
  if (isOfTheDatabase(stop)) return { fill: 'yellow', shape: 'dot', text: `${archived} archived, ${stop.code} ${time}` };
  if (!left) return { fill: 'blue', shape: 'ring', text: 'in progress' };
  const earlier = left.find(isInTrouble);
  const [slot, code] = now ? [now.batch_no, now.code] : [earlier?.batch_no, codeOf(earlier?.last_error ?? null) || earlier?.state];
  if (slot !== undefined) return { fill: 'yellow', shape: 'dot', text: `${archived} archived, slot ${slot} ${code ?? ''} ${time}` };
  return { fill: 'green', shape: 'dot', text: `${archived} archived, ${left.length} left ${time}` };
}
