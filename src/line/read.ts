import { clockTime } from '../clock';
import { describe, SmartMoError } from '../errors';
import { acknowledge, countHeartbeat } from '../plc/handshake';
import type { Plc } from '../plc/plc';
import type { SlotReading } from '../plc/slot';
import { openAlarms, settleAlarms } from '../queue/alarms';
import { failedInPlc, type QueueRow } from '../queue/batch';
import { type ReadingUpdate, type StoredReading, storeReadings } from '../queue/readings';
import { queueRows } from '../queue/rows';
import { assess, type Assessment, type BadSlot } from './assess';
import { earlierRuns } from './earlier-runs';
import { holdForStrangers } from './hold';
import { keepLateWeights } from './late-weights';
import { type Line, plcOf } from './line';
import { mapChanged, mapChangedText } from './map-changed';
import type { Outcome, OutcomeEvent } from './outcome';
import { ROW_ALARMS, rowAlarms } from './row-alarms';
import { logTask, type Run, runTask } from './run';
import type { SettleTimes } from './settle';
import { readFromMessage, readFromPlc, type SettledReadings } from './settled-readings';
import { otherBadSlots } from './sightings';
import { knownMeanwhile } from './strangers';

export interface ReadOptions extends SettleTimes {
  /** Tell the PLC that a result was taken; with source msg there is nobody to tell. */
  acknowledge: boolean;
  /** msg: another PLC node has read the slots, they are in the message. */
  source: 'plc' | 'msg';
  /** msg.payload, for source msg. */
  payload: unknown;
}

/** Alarms that this task alone raises and clears. */
const ALARMS = [
  'bad-value',
  'wrong-id',
  'wrong-slot',
  'unknown-mo',
  'stale-slot',
  'not-settled',
  'not-acknowledged',
  ...ROW_ALARMS,
] as const;

interface ReadResult extends Pick<SettledReadings, 'requests' | 'mode'> {
  slots: number;
  updated: { batch_no: number; mo_id: string; changed: string }[];
  finished: { batch_no: number; mo_id: string; actual_weight: number | null }[];
  unchanged: number;
  bad: BadSlot[];
  ms: number;
}

/**
 * Task 2: what the PLC shows goes into the queue. Finished batches are stored in one statement first and told to the PLC
 * as taken after the COMMIT, that slot only (invariant I10); a crash in between is healed by the next read.
 */
export async function readBatches(line: Line, run: Run, options: ReadOptions): Promise<Outcome> {
  return runTask(
    line,
    'read',
    run,
    () => end(line, 'in-progress', 'the PLC is already being read', nothingRead()),
    async () => {
      const plc = options.source === 'plc' ? plcOf(line) : null;
      logTask(line, 'read', run, 'PLC read sync task running...');
      const started = line.clock.now().getTime();
      // Before the rows are read: a set that arrives meanwhile was queued with the map it is read with.
      if (await mapChanged(line)) throw new SmartMoError('MAP_CHANGED', mapChangedText(line.line));
      const rows = await queueRows(line.database, line.line);
      const { readings, requests, mode, settled, unsettled } = plc
        ? await readFromPlc(line, plc, run, rows, options)
        : readFromMessage(line, rows, options);

      const { known, inHistory } = await judgeStrangers(line, rows, readings);
      const ofEarlierRun = await earlierRuns(line, rows);
      const fromEarlierRun = (reading: SlotReading): boolean => ofEarlierRun(reading) !== null;
      const assessment = assess(line, { rows, readings: known, inHistory, settled, unsettled, fromEarlierRun });

      const live = line.mode === 'live';
      const stored = live ? await storeReadings(line.database, line.line, assessment.updates) : wouldBe(rows, assessment.updates);
      const late = await keepLateWeights(line, assessment.late);
      const unheard = plc && options.acknowledge && live ? await acknowledgeAll(line, plc, run, assessment, rows, stored) : [];
      const toTell = [...assessment.bad, ...unheard];
      const bad = [...toTell, ...late];
      const others = plc ? [] : otherBadSlots(line.sightings, readings, bad);
      await raiseAlarms(line, [...toTell, ...others], live && stored.length > 0 ? await queueRows(line.database, line.line) : rows);

      // Last: a PLC that refuses this word still gets its acknowledgements.
      if (plc && live) await countHeartbeat(plc, line.mapping, run.signal);
      const result = resultOf(rows, stored, assessment, bad, {
        slots: readings.length,
        mode,
        requests,
        // The clock may have been set back meanwhile.
        ms: Math.max(0, line.clock.now().getTime() - started),
      });
      writeLog(line, run, result);
      return end(line, 'read', sentence(result, live), result);
    },
  );
}

/** What the rows would become; a line that only observes shows it and stores nothing. */
function wouldBe(rows: readonly QueueRow[], updates: readonly ReadingUpdate[]): StoredReading[] {
  const byId = new Map(updates.map(({ shown: _, ...update }) => [update.id, update]));
  return rows.flatMap((row) => {
    const update = byId.get(row.id);
    return update ? [{ ...row, ...update }] : [];
  });
}

/** Readings without those of batches that were queued and loaded while the PLC was read: the next run sees them with their rows. */
async function judgeStrangers(
  line: Line,
  rows: readonly QueueRow[],
  readings: SlotReading[],
): Promise<{ known: SlotReading[]; inHistory: Set<string> }> {
  const shown = readings.filter(({ empty }) => !empty).map(({ mo_id }) => mo_id);
  const { arrived, inHistory } = await knownMeanwhile(line, rows, shown);
  return { known: readings.filter(({ mo_id }) => !arrived.has(mo_id)), inHistory };
}

/** Slots whose result is committed and that the PLC may forget; returns those that did not take the acknowledgement. */
async function acknowledgeAll(
  line: Line,
  plc: Plc,
  run: Run,
  { updates, toAcknowledge }: Assessment,
  rows: readonly QueueRow[],
  stored: readonly StoredReading[],
): Promise<BadSlot[]> {
  const updated = new Set(updates.map((update) => update.id));
  const committed = new Set(stored.map((row) => row.id));
  const unheard: BadSlot[] = [];
  for (const { slot, mo_id } of toAcknowledge) {
    const row = rows.find((candidate) => candidate.mo_id === mo_id);
    // Somebody else changed the row since it was read: nothing of ours is stored, so nothing is acknowledged.
    if (row && updated.has(row.id) && !committed.has(row.id)) continue;
    try {
      await acknowledge(plc, line.mapping, { slot, mo_id }, run.signal);
    } catch (error) {
      if (!(error instanceof SmartMoError) || error.code === 'CLOSED') throw error;
      const text = `slot ${slot}: the result is stored, but the PLC did not take the acknowledgement (${describe(error)}); the next read repeats it`;
      unheard.push({ batch_no: slot, mo_id, code: 'not-acknowledged', text, value: null });
    }
  }
  return unheard;
}

async function raiseAlarms(line: Line, bad: readonly BadSlot[], rows: readonly QueueRow[]): Promise<void> {
  await holdForStrangers(line, bad);
  const slots = bad.map(({ code, mo_id, batch_no, text, value }) => ({ code, mo_id, batch_no, text, value, severity: 'warning' as const }));
  const known = rows.some(failedInPlc) ? await openAlarms(line.database, line.line) : [];
  await settleAlarms(line.database, line.line, ALARMS, [...slots, ...rowAlarms(line, rows, known)]);
}

function resultOf(
  rows: readonly QueueRow[],
  stored: readonly StoredReading[],
  { unchanged }: Assessment,
  bad: BadSlot[],
  read: Pick<ReadResult, 'slots' | 'mode' | 'requests' | 'ms'>,
): ReadResult {
  const before = new Map(rows.map((row) => [row.id, row]));
  return {
    ...read,
    updated: stored.map((row) => ({ batch_no: row.batch_no, mo_id: row.mo_id, changed: whatChanged(before.get(row.id), row) })),
    finished: stored
      .filter((row) => row.status_manufacturing === 1)
      .map(({ batch_no, mo_id, actual_weight }) => ({ batch_no, mo_id, actual_weight })),
    unchanged,
    bad,
  };
}

function whatChanged(before: QueueRow | undefined, now: StoredReading): string {
  return before && before.state !== now.state ? now.state : now.missed_reads > 0 ? 'not shown' : 'values';
}

function nothingRead(): ReadResult {
  return { slots: 0, updated: [], finished: [], unchanged: 0, bad: [], mode: null, requests: 0, ms: 0 };
}

function writeLog(line: Line, run: Run, { updated, finished, bad }: ReadResult): void {
  const verb = line.mode === 'live' ? '✓ Updated' : 'observe: would update';
  const changes = `${verb} ${updated.length} batch(es) from PLC, ${finished.length} finished`;
  logTask(line, 'read', run, updated.length > 0 ? changes : 'No changes from PLC');
  for (const { batch_no, mo_id, actual_weight } of finished) {
    logTask(line, 'read', run, `Batch #${batch_no} (MO: ${mo_id}) finished: ${actual_weight ?? 0} ${line.mapping.weightUnit}`);
  }
  for (const { text, code } of bad) logTask(line, 'read', run, `${code}: ${text}`, 'warn');
}

function sentence({ slots, updated, finished, bad, mode }: ReadResult, live: boolean): string {
  const would = live ? '' : 'would be ';
  const batches = `${updated.length} batch${updated.length === 1 ? '' : 'es'}`;
  const parts = [`${slots} slots read, ${batches} ${would}updated, ${finished.length} ${would}finished`];
  if (mode !== null) parts.push(`the PLC is in mode ${mode}`);
  for (const { code, text } of bad) parts.push(`${code}: ${text}`);
  return parts.join('; ');
}

function end(line: Line, reason: 'read' | 'in-progress', text: string, result: ReadResult): Outcome {
  const at = line.clock.now();
  const time = clockTime(at);
  const head = { line: line.line, at: at.toISOString() };
  const [firstBad] = result.bad;
  const good = result.slots - new Set(result.bad.map((slot) => slot.batch_no)).size;
  return {
    port: 1,
    payload: { ...head, text, reason, ...result },
    record: { mode: result.mode },
    events: result.bad.map((slot): OutcomeEvent => ({ port: 2, event: 'bad-slot', code: slot.code, payload: { ...head, ...slot } })),
    status:
      reason === 'in-progress'
        ? { fill: 'blue', shape: 'ring', text: 'in progress' }
        : firstBad
          ? { fill: 'yellow', shape: 'dot', text: `${good} read, slot ${firstBad.batch_no} ${firstBad.code} ${time}` }
          : { fill: 'green', shape: 'dot', text: `${result.slots} read, ${result.finished.length} finished ${time}` },
  };
}
