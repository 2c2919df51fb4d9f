import type { Action } from '../line/action';
import type { Line } from '../line/line';
import type { BatchState, HistoryRow, QueueRow } from '../queue/batch';

/** What an operator may press for one batch; hold and release are for the whole line. */
export type BatchAction = Exclude<Action, 'hold' | 'release'> | 'cancel';

const MAY_BE_FINISHED: ReadonlySet<BatchState> = new Set(['queued', 'running', 'failed']);
const BEING_PUSHED: ReadonlySet<BatchState> = new Set(['pushing', 'pushed']);

/**
 * The operator actions that would be carried out now (data.md, steps of a batch): batch-action and batch-cancel refuse
 * all others.
 * @param row the batch in the queue, if it is there
 * @param records its batch records, newest first
 */
export function possibleActions(line: Line, row: QueueRow | null, records: readonly HistoryRow[]): BatchAction[] {
  if (line.mode === 'observe' || line.mapProblem) return [];
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
