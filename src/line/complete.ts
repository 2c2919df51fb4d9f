import { isoOrNull } from '../clock';
import { compileCheck } from '../check';
import { describe, describeFact, describeInFull, detailOf, isClosed, isOfTheDatabase, SmartMoError, throwIfClosed } from '../errors';
import { archive } from '../queue/archive';
import { type HistoryRow, type QueueRow, toBatch, toRecord } from '../queue/batch';
import { withoutName } from '../queue/batch-words';
import { closeDrainedFetch } from '../queue/gate';
import { type DueRow, rowsWithDue } from '../queue/rows';
import { markFailed, markPushed, renewLease, startPush, tryAgainLater } from '../queue/steps';
import { end, type Progress, sentence } from './complete-outcome';
import { consumptionOf, digitsOf } from './consumption';
import { renderText } from './filter';
import { finishCancel } from './finish-cancel';
import { type Line, odooOf } from './line';
import type { Outcome } from './outcome';
import { pushBatch } from './push';
import { isAttempt, isFinal, isOfTheLink, retryDelay } from './retry';
import { logError, logTask, type Run, runTask } from './run';

export interface CompleteOptions {
  /** false: the quantities are written, a person marks the MO done in Odoo. */
  markDone: boolean;
  /** Tries with an unknown outcome after which a batch is given up. Odoo being away never counts. */
  maxAttempts: number;
  concurrency: 1 | 2;
  /** Odoo may block a batch whose consumption differs from the plan. */
  strictConsumption: boolean;
  /** Mustache over the batch: a short note on the MO in Odoo; "" = none. */
  noteTemplate: string;
  /** `payload.mo_id`: only that one. */
  payload: unknown;
}

const checkInput = compileCheck<{ mo_id?: string | null }>(
  { type: 'object', properties: { mo_id: { type: 'string', nullable: true, minLength: 1, maxLength: 64 } } },
  'payload',
  'INPUT_INVALID',
);

/**
 * Task 3: finished batches are told to Odoo, marked done, proven by reading back, archived and deleted, in this order;
 * every step is stored before the next begins, so a crash at any point is continued by the next run. One poison batch
 * never stops the others.
 */
export async function completeBatches(line: Line, run: Run, options: CompleteOptions): Promise<Outcome> {
  const started = line.clock.now();
  const nothing = { archived: [], notCompleted: [], stop: null };
  const busy = (): Outcome => end(line, 'in-progress', 'finished batches are already being completed', nothing, null, started, null);

  return runTask(line, 'complete', run, busy, async () => {
    const only = wantsOne(options.payload);
    logTask(line, 'complete', run, 'Process completed batches task running...');
    const progress: Progress = { archived: [], notCompleted: [], stop: null };
    if (line.mode === 'observe') {
      const rows = await rowsWithDue(line.database, line.line);
      const due = rows.filter((row) => isWanted(row, only));
      return end(line, 'run', `${due.length} batches would be completed`, progress, rows, started, null);
    }
    let left: QueueRow[] | null = null;
    let drainedAt: Date | null = null;
    try {
      left = await completeDue(line, run, options, only, progress);
      const { archived, notCompleted } = progress;
      logTask(
        line,
        'complete',
        run,
        `Cycle complete: ${archived.length} archived, ${notCompleted.length} failed, ${left.length} remaining`,
      );
      // Last, because its answer comes once: nothing after it may fail.
      if (left.length === 0) drainedAt = await closeDrainedFetch(line.database, line.line);
    } catch (error) {
      if (!isOfTheDatabase(error)) throw error;
      progress.stop = error;
    }
    const { archived, notCompleted, stop } = progress;
    // An error carries no records and no events: it says enough only where every batch of this run met with the same trouble.
    const nothingElse = archived.length === 0 && drainedAt === null && notCompleted.every(({ code }) => code === stop?.code);
    if (stop && nothingElse) throw stop;
    const outcome = end(line, 'run', sentence(progress, left), progress, left, started, drainedAt);
    if (!isOfTheDatabase(stop)) return outcome;
    logError(line, 'complete', run, stop);
    return { ...outcome, record: { error: describe(stop) } };
  });
}

/**
 * Who asks while this run works is told "in-progress": what was finished meanwhile belongs to this run.
 * @returns the queue as it is then
 */
async function completeDue(line: Line, run: Run, options: CompleteOptions, only: string | null, progress: Progress): Promise<QueueRow[]> {
  const tried = new Set<number>();
  for (;;) {
    const rows = await rowsWithDue(line.database, line.line);
    const due = progress.stop ? [] : rows.filter((row) => isWanted(row, only) && !tried.has(row.id));
    if (due.length === 0) return rows;
    for (const { id } of due) tried.add(id);
    await completeAll(line, run, options, due, progress);
  }
}

function isWanted({ due, mo_id }: DueRow, only: string | null): boolean {
  return due && (only === null || only === mo_id);
}

async function completeAll(line: Line, run: Run, options: CompleteOptions, due: readonly QueueRow[], progress: Progress): Promise<void> {
  const next = due.values();
  const worker = async (): Promise<void> => {
    for (const row of next) {
      if (progress.stop) return;
      throwIfClosed(run.signal);
      run.progress(`completing slot ${row.batch_no} ${row.mo_id}`);
      await completeOne(line, run, options, row, progress);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: options.concurrency }, worker));
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason;
}

function wantsOne(payload: unknown): string | null {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? (checkInput(payload).mo_id ?? null) : null;
}

async function completeOne(line: Line, run: Run, options: CompleteOptions, row: QueueRow, progress: Progress): Promise<void> {
  let current = row;
  try {
    const claimed = await claim(line, run, options, row);
    if (!claimed) return;
    current = claimed;
    const record =
      current.state === 'cancelling' ? await finishCancel(line, current, run.signal) : await pushAndArchive(line, run, options, current);
    if (!record) return;
    const what = record.status === 'completed' ? 'pushed to Odoo and archived' : `${record.status} and archived`;
    logTask(line, 'complete', run, `✓ Batch #${row.batch_no} (MO: ${row.mo_id}) ${what}`);
    progress.archived.push(toRecord(record, line));
  } catch (error) {
    // Without the database, or in a deploy, nothing can be noted down; anything else is the trouble of this batch alone.
    if (isClosed(error) || isOfTheDatabase(error)) throw error;
    await notNow(line, run, options, current, error, progress);
  }
}

/** Freezes the payload of a finished row, or takes over one that an earlier run left in the middle; null: another process has it. */
async function claim(line: Line, run: Run, options: CompleteOptions, row: QueueRow): Promise<QueueRow | null> {
  // A crash leaves the outcome unknown too: the next try is as late as after a lost answer.
  const lease = Math.max(leaseSeconds(line), (await line.odoo?.quietSeconds(run.signal)) ?? 0);
  if (row.state !== 'finished') return renewLease(line.database, row, lease);
  odooOf(line);
  if (row.odoo_id === null) throw new SmartMoError('ODOO_GONE', `${row.mo_id} has no id of Odoo`);
  return startPush(line.database, row, consumptionOf({ ...row, odoo_id: row.odoo_id }, line, options.markDone), lease, {
    actor: run.actor,
  });
}

/** Longer than the longest single call. Two completers on one MO do no harm (absolute values, done guard): the lease saves work. */
export function leaseSeconds(line: Line): number {
  return 2 * (line.odoo?.times.timeout ?? 0) + 10;
}

async function pushAndArchive(line: Line, run: Run, options: CompleteOptions, row: QueueRow): Promise<HistoryRow | null> {
  let pushed: QueueRow | null = row;
  if (row.state === 'pushing') {
    const payload = row.push_payload;
    if (!payload) throw new Error(`batch ${row.mo_id} is pushing without a payload`);
    await pushBatch(odooOf(line), payload, { strictConsumption: options.strictConsumption, digits: digitsOf(row) }, run.signal);
    pushed = await markPushed(line.database, row, { actor: run.actor });
    if (pushed && options.noteTemplate !== '') await leaveNote(line, run, options.noteTemplate, pushed);
  }
  return pushed && archive(line.database, pushed, 'completed', { notes: null, actor: run.actor });
}

/** A note is a courtesy: when Odoo does not take it the batch is completed all the same. */
async function leaveNote(line: Line, run: Run, template: string, row: QueueRow): Promise<void> {
  try {
    if (row.odoo_id !== null) await odooOf(line).note(row.odoo_id, renderText(template, toBatch(row, line)), run.signal);
  } catch (error) {
    logTask(line, 'complete', run, `Batch #${row.batch_no} (MO: ${row.mo_id}): no note left in Odoo: ${describe(error)}`, 'warn');
  }
}

/** The batch could not be completed in this run: try again later, or give it to a person. */
async function notNow(line: Line, run: Run, options: CompleteOptions, row: QueueRow, error: unknown, progress: Progress): Promise<void> {
  if (isOfTheLink(error)) progress.stop = error;
  // Its alarm says what to do.
  const text = describeFact(error);
  let retryAt: Date | null = null;
  if (isFinal(row, error, options.maxAttempts))
    await markFailed(line.database, row, text, { actor: run.actor, detail: { call: detailOf(error) } });
  else if (row.state === 'finished') retryAt = line.clock.now();
  else {
    const quiet = error instanceof SmartMoError && error.class === 'unknown' ? await line.odoo?.quietSeconds(run.signal) : 0;
    const delaySeconds = Math.max(retryDelay(row, error, line.odoo?.times), quiet ?? 0);
    const waiting = await tryAgainLater(line.database, row, { error: text, delaySeconds, counts: isAttempt(row, error) });
    retryAt = waiting?.next_try_at ?? null;
  }
  logTask(
    line,
    'complete',
    run,
    `Batch #${row.batch_no} (MO: ${row.mo_id}) not archived: ${withoutName(row, describeInFull(error))}`,
    'warn',
  );
  const { mo_id, batch_no, push_attempt } = row;
  const code = error instanceof SmartMoError ? error.code : '';
  const message = error instanceof Error ? error.message : text;
  progress.notCompleted.push({ mo_id, batch_no, push_attempt, code, text: message, willRetryAt: isoOrNull(retryAt) });
}
