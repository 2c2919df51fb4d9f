import { clockTime } from '../clock';
import { describe, describeInFull, isClosed, SmartMoError } from '../errors';
import { type TaskEnd, taskEnded } from '../queue/tasks';
import type { Line, TaskName } from './line';
import type { NodeStatus, Outcome } from './outcome';

/** What a node hands to a task for one input. */
export interface Run {
  /** Who asked: written with every change. */
  actor: string;
  /** Aborted when the node closes. */
  signal: AbortSignal;
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** Shown as a blue dot while the run works. */
  progress(text: string): void;
}

/** Number and name of a task as the log lines show them (contract.md, log lines). */
const TASKS: Record<TaskName, { number: number; name: string }> = {
  gate: { number: 1, name: 'auto-sync' },
  fetch: { number: 1, name: 'auto-sync' },
  write: { number: 1, name: 'PLC write' },
  read: { number: 2, name: 'PLC read' },
  complete: { number: 3, name: 'process completed' },
  health: { number: 4, name: 'health' },
};

/** "[TASK 2] text", with the line's tag when there are several lines. */
export function logTask(line: Line, task: TaskName, run: Run, text: string, level: 'info' | 'warn' | 'error' = 'info'): void {
  run.log(level, `[TASK ${TASKS[task].number}]${line.logTag()} ${text}`);
}

/** "[TASK 2] Error in PLC read task: CODE: sentence" */
export function logError(line: Line, task: TaskName, run: Run, error: unknown): void {
  logTask(line, task, run, `Error in ${TASKS[task].name} task: ${describeInFull(error)}`, 'error');
}

/**
 * Runs the body once per line and task at a time and keeps the task's record (mo_task), so that freshness survives a
 * restart. A second call while the first works ends at once with `busy()`.
 * @throws what the body throws, after logging `[TASK n] Error in ... task: <sentence>`
 */
export async function runTask(line: Line, task: TaskName, run: Run, busy: () => Outcome, body: () => Promise<Outcome>): Promise<Outcome> {
  if (line.inFlight.has(task)) return busy();
  line.inFlight.add(task);
  const started = line.clock.now();
  try {
    const outcome = observed(line, await body());
    if (task !== 'gate') await recordEnd(line, task, run, started, { text: outcome.payload.text, ...outcome.record });
    return outcome;
  } catch (error) {
    throw await failed(line, task, run, started, error);
  } finally {
    line.inFlight.delete(task);
  }
}

/** What is done is done: an outcome (above all "queue empty", which comes once) is not lost because its record cannot be written. */
async function recordEnd(line: Line, task: TaskName, run: Run, started: Date, outcome: TaskEnd): Promise<void> {
  try {
    await taskEnded(line, task, started, outcome);
  } catch (error) {
    logTask(line, task, run, `The end of this run was not recorded: ${describe(error)}`, 'warn');
  }
}

/** In mode observe every text says that nothing was written (contract.md, mo-line). */
export function observed(line: Line, outcome: Outcome): Outcome {
  if (line.mode === 'live') return outcome;
  const { payload, status } = outcome;
  return { ...outcome, payload: { ...payload, text: `observe: ${payload.text}` }, status: { ...status, text: `observe: ${status.text}` } };
}

/** An error of a run, with the moment since when this task fails. */
export class TaskError extends SmartMoError {
  constructor(
    cause: SmartMoError,
    readonly since: Date,
  ) {
    super(cause.code, cause.message, {
      class: cause.class,
      value: cause.value,
      detail: cause.detail,
      ...(cause.retryAfter === undefined ? {} : { retryAfter: cause.retryAfter }),
    });
    this.stack = cause.stack ?? '';
  }
}

async function failed(line: Line, task: TaskName, run: Run, started: Date, error: unknown): Promise<unknown> {
  // A deploy in the middle of a run is no error of the plant.
  if (isClosed(error)) return error;
  logError(line, task, run, error);
  const { state, since: downSince } = line.database.state();
  let since = (state === 'down' ? downSince : null) ?? started;
  if (task !== 'gate') {
    try {
      since = (await taskEnded(line, task, started, { error: describe(error) })) ?? since;
    } catch {
      // The database is the thing that is down: its own record cannot be written, its state() knows since when.
    }
  }
  return error instanceof SmartMoError ? new TaskError(error, since) : error;
}

/** Red ring "ODOO_UNREACHABLE since 13:05" for a run that threw. */
export function errorStatus(error: unknown, now: Date): NodeStatus {
  const code = error instanceof SmartMoError ? error.code : 'error';
  const since = error instanceof TaskError ? error.since : now;
  return { fill: 'red', shape: 'ring', text: `${code} since ${clockTime(since)}` };
}
