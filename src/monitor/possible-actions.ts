import type { Action } from '../line/action';
import type { Line } from '../line/line';
import type { BatchState, HistoryRow, QueueRow } from '../queue/batch';
import { failureOf } from './alarm-codes';

/** What an operator may press for one batch; hold and release are for the whole line. */
export type BatchAction = Exclude<Action, 'hold' | 'release'> | 'cancel';

/** Whether a person may do anything on this line: one that only observes, or has no usable register map, refuses every action. */
export function mayAct({ mode, mapProblem }: Line): boolean {
  return mode === 'live' && mapProblem === null;
}

const MAY_BE_FINISHED: ReadonlySet<BatchState> = new Set(['queued', 'running', 'failed']);
const BEING_PUSHED: ReadonlySet<BatchState> = new Set(['pushing', 'pushed']);

/**
 * The operator actions that would be carried out now (data.md, steps of a batch): batch-action and batch-cancel refuse
 * all others.
 * @param row the batch in the queue, if it is there
 * @param records its batch records, newest first
 */
export function possibleActions(line: Line, row: QueueRow | null, records: readonly HistoryRow[]): BatchAction[] {
  if (!mayAct(line)) return [];
  if (row) return ofQueue(row);
  const isCompleted = records.some(({ status }) => status === 'completed');
  return !isCompleted && records.some(({ requeued }) => !requeued) ? ['requeue'] : [];
}

function ofQueue({ state, status_manufacturing, push_payload }: QueueRow): BatchAction[] {
  const actions: BatchAction[] = [];
  if (state === 'failed' && status_manufacturing === 1) actions.push('retry');
  if (state === 'failed') actions.push('park');
  if (MAY_BE_FINISHED.has(state) && push_payload === null) actions.push('finish');
  if (!BEING_PUSHED.has(state)) actions.push('cancel');
  return actions;
}

/** What is known of a batch beside its row: its open alarms. */
export type Told = readonly { code: string; value: string | null }[];

/** What helps a failed batch, the advised one first, by what it failed with; the sentences of alarm-codes say the same. */
const HELPS_FAILED = new Map<string, readonly BatchAction[]>([
  ['ODOO_CANCELLED', ['cancel']],
  ['ODOO_GONE', ['retry', 'cancel']],
  ['ODOO_DIFFERS', ['park', 'retry']],
  ['recipe-mismatch', ['retry', 'finish', 'park', 'cancel']],
  // What is done stays done; one that the PLC has made may turn out to be booked as it was weighed.
  ['cancel-of-done', ['park', 'retry']],
  ['cancel-refused', ['cancel', 'park', 'finish']],
  ['cancel-refused-made', ['cancel', 'retry', 'park', 'finish']],
]);

/** What helps against an alarm of a batch that has not failed. */
const HELPS_AGAINST = new Map<string, readonly BatchAction[]>([
  ['mo-cancelled-in-odoo', ['cancel']],
  ['mo-done-in-odoo', ['cancel']],
  ['mo-changed-in-odoo', ['cancel', 'finish']],
  ['slot-missing', ['cancel', 'finish']],
]);

/**
 * Of the possible actions those that can help, the advised one first: what Odoo would refuse again, or would never let back in, is
 * not offered. The nodes carry out what is possible all the same.
 */
export function helpfulActions(line: Line, row: QueueRow, told: Told): BatchAction[] {
  const possible = possibleActions(line, row, []);
  const helps = row.state === 'failed' ? HELPS_FAILED.get(failureOf(row)) : helpsAgainst(row, told);
  return helps ? helps.filter((action) => possible.includes(action)) : possible;
}

function helpsAgainst({ status_manufacturing }: QueueRow, told: Told): readonly BatchAction[] | undefined {
  // One that was made is compared with what Odoo shows as soon as it is completed: until then nobody has to do anything.
  if (status_manufacturing === 1 && told.some(({ code }) => code === 'mo-done-in-odoo')) return [];
  return [...HELPS_AGAINST].find(([code]) => told.some((alarm) => alarm.code === code))?.[1];
}
