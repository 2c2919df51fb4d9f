import { compileCheck } from '../check';
import { describe, describeFact, type ErrorCode, isClosed, SmartMoError } from '../errors';
import type { Cancellation, QueueRow } from '../queue/batch';
import { historyPage, lastRecord } from '../queue/history';
import { findRow, isYounger } from '../queue/rows';
import { askLess, renewLease, startCancel, tryAgainLater } from '../queue/steps';
import { leaseSeconds } from './complete';
import { renderText } from './filter';
import { assertClearable, finishCancel, refusedForGood } from './finish-cancel';
import type { Line } from './line';
import { operatorOutcome } from './operator-outcome';
import type { Outcome } from './outcome';
import { Refused } from './refused';
import { GONE_AFTER } from './retry';
import type { Run } from './run';

export interface CancelOptions {
  cancelInOdoo: boolean;
  /** Clear the slot in the PLC too; refused while the PLC runs it. */
  freeSlot: boolean;
  /** Mustache over the message. */
  notesTemplate: string;
  /** Not empty: payload.reason must be one of them. */
  reasons: readonly string[];
  message: object;
}

interface CancelInput {
  batch_no?: number | null;
  mo_id?: string | null;
  reason?: string | null;
  notes?: string | null;
}

const checkInput = compileCheck<CancelInput>(
  {
    type: 'object',
    properties: {
      batch_no: { type: 'integer', nullable: true, minimum: 1 },
      mo_id: { type: 'string', nullable: true, minLength: 1, maxLength: 64 },
      reason: { type: 'string', nullable: true, maxLength: 200 },
      notes: { type: 'string', nullable: true, maxLength: 2000 },
    },
  },
  'payload',
  'INPUT_INVALID',
);

/** Minutes in which a slot number alone may still mean the batch before. */
const SLOT_REUSED_MINUTES = 2;

/**
 * Ends a batch without completion: Odoo first (action_cancel, read back), then the batch leaves the queue with its
 * reason. A cancelled MO does not block the gate and is not fetched again. What Odoo does not answer stays `cancelling`,
 * and task 3 goes on with it.
 */
export async function cancelBatch(line: Line, run: Run, options: CancelOptions): Promise<Outcome> {
  let input: CancelInput = {};
  let row: QueueRow | null = null;
  let begun = false;
  try {
    input = inputOf(options);
    row = await findBatch(line, input);
    await assertMeant(line, input, row);
    if (options.freeSlot) await assertClearable(line, row, run.signal);
    if (line.mode === 'observe') throw new Refused(409, 'INPUT_INVALID', `slot ${row.batch_no} ${row.mo_id} would be cancelled`);
    row = await begin(line, run, options, input, row);
    begun = true;
    if (!(await finishCancel(line, row, run.signal))) await assertCancelled(line, row);
    const { batch_no, mo_id } = row;
    const message = `Batch #${batch_no} (MO: ${mo_id}) cancelled`;
    run.log('info', `${message} by ${run.actor}`);
    return operatorOutcome(line, 1, `slot ${batch_no} ${mo_id} cancelled`, {
      success: true,
      message,
      batch_no,
      mo_id,
      status: 'cancelled',
    });
  } catch (error) {
    const refused = asRefusal(error, begun);
    if (row && begun && refused && !refusedForGood(error)) await repeatLater(line, row, error);
    if (!refused) {
      if (!isClosed(error)) run.log('error', `Error in cancel batch: ${describe(error)}`);
      throw error;
    }
    const { message: detail, code, statusCode } = refused;
    const payload = {
      success: false,
      detail,
      code,
      batch_no: row?.batch_no ?? input.batch_no ?? null,
      mo_id: row?.mo_id ?? input.mo_id ?? null,
    };
    return { ...operatorOutcome(line, 2, `not cancelled: ${detail}`, payload), statusCode };
  }
}

function inputOf({ message, reasons }: CancelOptions): CancelInput {
  const input = checkInput((message as { payload?: unknown }).payload ?? {});
  if (input.batch_no == null && input.mo_id == null) {
    throw new Refused(400, 'INPUT_INVALID', 'which batch? send payload.mo_id (best) or payload.batch_no');
  }
  if (reasons.length > 0 && !reasons.includes(input.reason ?? '')) {
    throw new Refused(400, 'INPUT_INVALID', `payload.reason must be one of: ${reasons.join(', ')}; it is "${input.reason ?? ''}"`);
  }
  return input;
}

async function findBatch(line: Line, input: CancelInput): Promise<QueueRow> {
  const mo_id = input.mo_id ?? undefined;
  const batch_no = input.batch_no ?? undefined;
  const row = await findRow(line.database, line.line, mo_id === undefined ? { batch_no } : { mo_id });
  if (row) return row;
  const before = mo_id === undefined ? null : await lastRecord(line.database, line.line, { mo_id });
  if (before) throw new Refused(409, 'BATCH_UNKNOWN', `${mo_id} left the queue already: it is ${before.status}`);
  throw new Refused(404, 'BATCH_UNKNOWN', `${mo_id ?? `slot ${batch_no ?? ''}`} is not in the queue of line ${line.line}`);
}

/** Is it the batch that the operator sees, and may it still be cancelled? */
async function assertMeant(line: Line, { batch_no, mo_id }: CancelInput, row: QueueRow): Promise<void> {
  if (batch_no != null && row.batch_no !== batch_no) {
    throw new Refused(409, 'INPUT_INVALID', `${row.mo_id} is in slot ${row.batch_no}, not in slot ${batch_no}; nothing was cancelled`);
  }
  const justChanged = mo_id == null && (await isYounger(line.database, row, SLOT_REUSED_MINUTES));
  if (justChanged && (await lastRecord(line.database, line.line, { batch_no: row.batch_no }))) {
    const sentence = `slot ${row.batch_no} changed to ${row.mo_id} less than ${SLOT_REUSED_MINUTES} minutes ago; send its mo_id to be sure`;
    throw new Refused(409, 'INPUT_INVALID', sentence);
  }
  if (row.state === 'pushing' || row.state === 'pushed') {
    throw new Refused(409, 'BATCH_BEING_PUSHED', `${row.mo_id} is being completed in Odoo and cannot be cancelled any more`);
  }
}

/** Reads and loads change a row again and again, and only one of them can come in between at a time. */
const MAX_TRIES = 3;

/**
 * Stores what shall be done before anything is done, and takes the lease, so that task 3 keeps its hands off meanwhile. A read
 * may change the row in between: the batch is meant, not this state of its row, so it is looked at and judged anew. One that
 * somebody else began to cancel is theirs.
 */
async function begin(line: Line, run: Run, options: CancelOptions, input: CancelInput, row: QueueRow): Promise<QueueRow> {
  const cancellation: Cancellation = {
    notes: renderText(options.notesTemplate, options.message),
    reason: input.reason ?? null,
    actor: run.actor,
    in_odoo: options.cancelInOdoo && line.odoo !== null,
    free_slot: options.freeSlot,
  };
  const lease = leaseSeconds(line);
  let seen = row;
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const begun = await stepTo(line, seen, cancellation, lease);
    if (begun) return begun;
    seen = await findBatch(line, { mo_id: row.mo_id });
    if (seen.run !== row.run || seen.state === 'cancelling') break;
    await assertMeant(line, input, seen);
  }
  throw new Refused(409, 'BATCH_BEING_PUSHED', `${row.mo_id} changed in this moment; look at it and try again`);
}

/** Asked again while Odoo or the PLC was away: the first request stands, this one only goes on with it, or leaves one of them out. */
function stepTo({ database }: Line, row: QueueRow, cancellation: Cancellation, lease: number): Promise<QueueRow | null> {
  if (row.state !== 'cancelling') return startCancel(database, row, cancellation, lease);
  const { in_odoo = false, free_slot = false } = row.cancellation ?? {};
  const wanted = { ...cancellation, in_odoo: in_odoo && cancellation.in_odoo, free_slot: free_slot && cancellation.free_slot };
  const asksLess = wanted.in_odoo !== in_odoo || wanted.free_slot !== free_slot;
  return asksLess ? askLess(database, row, wanted, lease) : renewLease(database, row, lease);
}

/** Another process ended the cancellation: as we meant it, or not. */
async function assertCancelled(line: Line, { mo_id, run }: QueueRow): Promise<void> {
  const [last] = (await historyPage(line.database, line.line, { mo_id, status: 'cancelled', limit: 1, offset: 0 })).rows;
  if (last?.run === run) return;
  throw new Refused(409, 'BATCH_BEING_PUSHED', `${mo_id} is being cancelled by another process; look at it in a minute`);
}

/** Not an outage: the operator may do something about it, or ask for less. */
const IN_THE_WAY: ReadonlySet<ErrorCode> = new Set(['PLC_SLOT_RUNNING', 'MAP_CHANGED']);

/** What the outside systems said becomes an answer; trouble of our own stays an error of the run. */
function asRefusal(error: unknown, begun: boolean): Refused | null {
  if (error instanceof Refused) return error;
  if (!(error instanceof SmartMoError)) return null;
  if (error.code === 'INPUT_INVALID' && !begun) return new Refused(400, error.code, error.message);
  if (refusedForGood(error)) return new Refused(409, error.code, `${error.message}; the batch is "failed" now`);
  if (error.code.startsWith('ODOO_') || error.code.startsWith('PLC_') || error.code === 'MAP_CHANGED') {
    const what = begun ? 'the batch stays "cancelling" and task 3 tries again' : 'nothing was cancelled';
    return new Refused(IN_THE_WAY.has(error.code) ? 409 : 502, error.code, `${error.message}; ${what}`);
  }
  return null;
}

/** Task 3 goes on with it. Where even that cannot be stored, the lease runs out by itself. */
async function repeatLater(line: Line, row: QueueRow, error: unknown): Promise<void> {
  const delaySeconds = error instanceof SmartMoError && error.code === 'ODOO_GONE' ? GONE_AFTER : (line.odoo?.times.retryMin ?? 0);
  await tryAgainLater(line.database, row, { error: describeFact(error), delaySeconds, counts: false }).catch(() => null);
}
