import type { SlotReading } from '../plc/slot';
import type { Cancellation, QueueRow } from '../queue/batch';
import type { ReadingUpdate } from '../queue/readings';
import { round } from '../units';
import type { Line } from './line';
import { mismatchOf } from './plausible';
import { hasWeight, isGivenUp, isMade } from './settle';

/** A slot whose values cannot be used, or that shows what it should not, with the sentence for the operator. */
export interface BadSlot {
  batch_no: number;
  mo_id: string;
  code: string;
  text: string;
  value: string | null;
}

export interface Assessment {
  updates: ReadingUpdate[];
  /** Slots whose values cannot be used. */
  bad: BadSlot[];
  /** Slots whose result is stored, or will be by these updates, and that may be told so. */
  toAcknowledge: Pick<SlotReading, 'slot' | 'mo_id'>[];
  /** Those of them that show a batch of the history, finished or given up: what they weighed may be nowhere else. */
  late: SlotReading[];
  /** Rows whose slot said nothing new. */
  unchanged: number;
}

export interface Seen {
  rows: readonly QueueRow[];
  readings: readonly SlotReading[];
  /** MO names shown by slots that have a batch record on this line. */
  inHistory: ReadonlySet<string>;
  /** Slots that were seen twice, unchanged, and finished. */
  settled: ReadonlySet<number>;
  /** Does the slot show an earlier run of an MO that was queued again? */
  fromEarlierRun: (reading: SlotReading) => boolean;
  /** Why a finished slot did not settle. */
  unsettled: ReadonlyMap<number, string>;
}

/** Good reads in a row without its slot after which a loaded row is missed; not counted further. */
export const MISSED_READS = 3;

/**
 * What one read of the PLC means for the queue: pure, no I/O. A row is matched by slot AND MO name. A slot with one bad
 * value leaves its row as it is: nothing is guessed.
 */
export function assess(line: Line, seen: Seen): Assessment {
  const result: Assessment = { updates: [], bad: [], toAcknowledge: [], late: [], unchanged: 0 };
  const bySlot = new Map(seen.readings.map((reading) => [reading.slot, reading]));
  for (const row of seen.rows) {
    const reading = bySlot.get(row.batch_no);
    bySlot.delete(row.batch_no);
    assessRow(line, row, reading, seen, result);
  }
  for (const reading of bySlot.values()) assessForeign(reading, seen, result);
  return result;
}

function assessRow(line: Line, row: QueueRow, reading: SlotReading | undefined, seen: Seen, result: Assessment): void {
  if (reading && reading.bad.length > 0 && shows(reading, row)) {
    result.bad.push(...reading.bad.map(({ code, text, value }) => ({ batch_no: row.batch_no, mo_id: row.mo_id, code, text, value })));
    return;
  }
  if (!reading || reading.mo_id !== row.mo_id || isEarlierRun(line, row, reading, seen)) {
    if (reading && !reading.empty && reading.mo_id !== row.mo_id) assessForeign(reading, seen, result);
    // The PLC keeps the slot until it is told.
    if (reading?.mo_id === row.mo_id && seen.fromEarlierRun(reading)) stale(reading, seen, result);
    // A slot that was not read, or has a bad value, says nothing about where the batch is.
    if (!reading || reading.bad.length > 0) result.unchanged += 1;
    else missed(row, result);
    return;
  }
  if (row.state !== 'queued' && row.state !== 'running') {
    // Stored already: tell the PLC again when it has not heard (a crash between COMMIT and the acknowledgement).
    if (reading.finished && reading.acknowledged === false && row.status_manufacturing === 1) result.toAcknowledge.push(reading);
    result.unchanged += 1;
    return;
  }
  const why = seen.unsettled.get(row.batch_no);
  // Both bits without a weight: the batch failed (plc.md, settle rule).
  if (reading.finished && why !== undefined && !(reading.failed && !hasWeight(reading))) {
    result.bad.push({ batch_no: row.batch_no, mo_id: row.mo_id, code: 'not-settled', text: why, value: null });
    return;
  }
  const finished = reading.finished && seen.settled.has(row.batch_no);
  const update = finished ? finish(line, row, reading) : progress(line, row, reading);
  if (finished) result.toAcknowledge.push(reading);
  if (differs(row, update)) result.updates.push(update);
  else result.unchanged += 1;
}

/** A bad slot is the row's when its name says so, or when the name itself cannot be read. */
function shows(reading: SlotReading, row: QueueRow): boolean {
  return reading.mo_id === row.mo_id || reading.mo_id === '';
}

/** Where we load the recipes, whatever a slot shows of a requeued MO before is its earlier run. */
function isEarlierRun(line: Line, row: QueueRow, reading: SlotReading, { fromEarlierRun }: Seen): boolean {
  return row.run > 1 && ((line.recipes === 'write' && row.loaded_at === null) || fromEarlierRun(reading));
}

function assessForeign(reading: SlotReading, seen: Seen, result: Assessment): void {
  if (reading.empty) return;
  const base = { batch_no: reading.slot, mo_id: reading.mo_id };
  const elsewhere = seen.rows.find((row) => row.mo_id === reading.mo_id);
  if (elsewhere && elsewhere.run === 1) {
    const text = `slot ${reading.slot} shows ${reading.mo_id}, which belongs to slot ${elsewhere.batch_no}`;
    result.bad.push({ ...base, code: 'wrong-slot', text, value: reading.mo_id });
  } else if (reading.bad.length > 0) {
    result.bad.push(...reading.bad.map(({ code, text, value }) => ({ ...base, code, text, value })));
  } else if (elsewhere || seen.inHistory.has(reading.mo_id)) {
    stale(reading, seen, result);
  } else {
    result.bad.push(unknownMo(reading));
  }
}

/** A slot that shows a batch of the history (an MO that was queued again has its earlier run there): nothing of it is stored. */
function stale(reading: SlotReading, seen: Seen, result: Assessment): void {
  const isQueuedAgain = seen.rows.some(({ mo_id }) => mo_id === reading.mo_id);
  if (reading.finished || reading.failed) {
    if (reading.acknowledged !== false) return;
    const why = seen.unsettled.get(reading.slot);
    // Both bits without a weight: the batch failed (plc.md, settle rule).
    if (why !== undefined && !(reading.finished && reading.failed && !hasWeight(reading))) {
      result.bad.push({ batch_no: reading.slot, mo_id: reading.mo_id, code: 'not-settled', text: why, value: null });
      return;
    }
    // Of an MO that was queued again nobody knows here whose the half is.
    if (isMade(reading) || (isGivenUp(reading) && !isQueuedAgain)) result.late.push(reading);
    result.toAcknowledge.push(reading);
  } else if (reading.running) {
    const what = isQueuedAgain ? `still makes an earlier run of ${reading.mo_id}` : `runs ${reading.mo_id}, which has left the queue`;
    const text = `slot ${reading.slot} ${what}: what it weighs is not stored`;
    result.bad.push({ batch_no: reading.slot, mo_id: reading.mo_id, code: 'stale-slot', text, value: reading.mo_id });
  }
}

function missed(row: QueueRow, result: Assessment): void {
  if (row.loaded_at === null || (row.state !== 'queued' && row.state !== 'running') || row.missed_reads >= MISSED_READS) {
    result.unchanged += 1;
    return;
  }
  result.updates.push({ ...asItIs(row), missed_reads: row.missed_reads + 1, shown: false });
}

function asItIs(row: QueueRow): ReadingUpdate {
  const { id, row_version, actual, actual_weight, status_manufacturing, status_operation, missed_reads, last_error, cancellation } = row;
  const state = row.state === 'running' ? 'running' : 'queued';
  return {
    id,
    row_version,
    state,
    actual,
    actual_weight,
    status_manufacturing,
    status_operation,
    missed_reads,
    last_error,
    cancellation,
    shown: false,
  };
}

/** A running batch: values rise and are overwritten by the next read; only settled ones are ever pushed. */
function progress(line: Line, row: QueueRow, reading: SlotReading): ReadingUpdate {
  const update: ReadingUpdate = {
    ...asItIs(row),
    state: 'running',
    actual: actualsOf(row, reading),
    // As the table keeps it: more digits would look like a change at every read.
    actual_weight: reading.actual_weight === null ? null : round(reading.actual_weight, 3),
    status_operation: reading.failed ? 1 : 0,
    missed_reads: 0,
    shown: true,
  };
  if (!reading.failed || line.onFailedBit === 'alarm') return update;
  const cancellation: Cancellation = {
    notes: 'the PLC says failed, and the line is set to cancel the batch then',
    reason: null,
    actor: 'plc',
    in_odoo: line.odoo !== null,
    free_slot: false,
  };
  return { ...update, state: 'cancelling', cancellation };
}

function finish(line: Line, row: QueueRow, reading: SlotReading): ReadingUpdate {
  const measured: ReadingUpdate = {
    ...progress({ ...line, onFailedBit: 'alarm' }, row, reading),
    status_manufacturing: 1,
    state: 'finished',
  };
  const mismatch = line.onMismatch === 'fail' ? mismatchOf(line, { ...row, actual: measured.actual }) : null;
  return mismatch === null ? measured : { ...measured, state: 'failed', last_error: `recipe-mismatch: ${mismatch}` };
}

/** Every PLC tag of the batch, zeros included, and any other that weighed something. */
function actualsOf(row: QueueRow, reading: SlotReading): Record<string, number> {
  const planned = new Set(row.materials.filter((material) => !material.manual).map((material) => material.tag));
  return Object.fromEntries(Object.entries(reading.materials).filter(([tag, value]) => planned.has(tag) || value > 0));
}

function differs(row: QueueRow, update: ReadingUpdate): boolean {
  return (
    row.state !== update.state ||
    row.actual_weight !== update.actual_weight ||
    row.status_manufacturing !== update.status_manufacturing ||
    row.status_operation !== update.status_operation ||
    row.missed_reads !== update.missed_reads ||
    row.loaded_at === null ||
    row.actual === null ||
    !sameNumbers(row.actual, update.actual ?? {})
  );
}

function sameNumbers(a: Record<string, number>, b: Record<string, number>): boolean {
  const tags = Object.keys(a);
  return tags.length === Object.keys(b).length && tags.every((tag) => a[tag] === b[tag]);
}

export function unknownMo({ slot, mo_id }: Pick<SlotReading, 'slot' | 'mo_id'>): BadSlot {
  const text = `slot ${slot} shows ${mo_id}, which is neither in the queue nor in the history of this line`;
  return { batch_no: slot, mo_id, code: 'unknown-mo', text, value: mo_id };
}
