import { SmartMoError } from '../errors';
import type { Plc } from '../plc/plc';
import { type LineValues, readSlots } from '../plc/read-slots';
import type { SlotReading } from '../plc/slot';
import type { QueueRow } from '../queue/batch';
import { keepHeartbeat } from '../queue/heartbeat';
import { lastRecords } from '../queue/history';
import { holdLine } from './hold';
import type { Line } from './line';
import { quantityOnPlc } from './quantity';
import type { Run } from './run';
import { isGivenUp, settleSlots, type SettleTimes } from './settle';
import { settleByMessages } from './sightings';
import { readingsFrom } from './slot-message';

/** @throws PLC_STOPPED when the heartbeat of the map stands still: what the slots show is old, and nothing is stored */
async function assertAlive({ database, line }: Line, { heartbeat, heartbeatSeconds }: LineValues): Promise<void> {
  if (heartbeat === null || heartbeatSeconds === null) return;
  const still = await keepHeartbeat(database, line, heartbeat);
  if (still < heartbeatSeconds) return;
  throw new SmartMoError(
    'PLC_STOPPED',
    `the heartbeat of the PLC has been ${heartbeat} for ${Math.round(still)} s; its program does not run`,
    {
      class: 'transient',
      value: heartbeat,
    },
  );
}

/** What the slots show, and which of those that finish a batch can be trusted by now. */
export interface SettledReadings {
  readings: SlotReading[];
  settled: Set<number>;
  unsettled: Map<number, string>;
  requests: number;
  /** Name of what the word `mode` of the map shows; null where it has none. */
  mode: string | null;
}

/** Slots that finish a batch of the queue, by values that can be trusted. */
function finishing(readings: readonly SlotReading[], rows: readonly QueueRow[]): SlotReading[] {
  const open = new Map(rows.filter((row) => row.state === 'queued' || row.state === 'running').map((row) => [row.batch_no, row]));
  return readings.filter((reading) => reading.finished && reading.bad.length === 0 && open.get(reading.slot)?.mo_id === reading.mo_id);
}

/** Slots that finish or give up a batch after it has left the queue, and that nobody has acknowledged: they are settled and limited too. */
function endingLate(readings: readonly SlotReading[], rows: readonly QueueRow[]): SlotReading[] {
  const queued = new Set(rows.map(({ mo_id }) => mo_id));
  return readings.filter((reading) => {
    const { finished, acknowledged, mo_id } = reading;
    return (finished || isGivenUp(reading)) && acknowledged === false && mo_id !== '' && !queued.has(mo_id);
  });
}

/** The slots of a message of another PLC node; a finish counts when two messages agree. @throws INPUT_INVALID for a message of another shape */
export function readFromMessage(
  line: Line,
  rows: readonly QueueRow[],
  { payload, ...times }: SettleTimes & { payload: unknown },
): SettledReadings {
  const readings = readingsFrom(line, payload, rows);
  const settled = settleByMessages(line.sightings, readings, finishing(readings, rows), times, line.clock.now());
  return { readings, requests: 0, mode: null, ...settled };
}

/**
 * Reads all slots, and those that finish a batch again until their values stand still.
 * @throws PLC_STOPPED, MAP_VERSION (which also holds the line), and what the PLC refuses
 */
export async function readFromPlc(line: Line, plc: Plc, run: Run, rows: readonly QueueRow[], times: SettleTimes): Promise<SettledReadings> {
  const quantities = new Map(rows.map((row) => [row.mo_id, quantityOnPlc(row, line.mapping)]));
  let requests = 0;
  let mode: string | null = null;
  const read = async (slots?: readonly number[]): Promise<SlotReading[]> => {
    const answer = await readSlots(plc, line.mapping, {
      ...(slots ? { slots } : {}),
      orderQuantity: (moId) => quantities.get(moId),
      signal: run.signal,
      onSlot: (slot) => run.progress(`reading slot ${slot} of ${line.slots}`),
      before: line.lastReadings,
    });
    requests += answer.requests;
    ({ mode } = answer.line);
    if (!slots) await assertAlive(line, answer.line);
    return answer.readings;
  };

  const first = await read().catch(async (error: unknown) => {
    // With another map recipes would go to wrong places too.
    if (error instanceof SmartMoError && error.code === 'MAP_VERSION') await holdLine(line, error.message);
    throw error;
  });
  const late = endingLate(first, rows);
  const records =
    late.length === 0
      ? []
      : await lastRecords(
          line.database,
          line.line,
          late.map(({ mo_id }) => mo_id),
        );
  for (const record of records) quantities.set(record.mo_id, quantityOnPlc(record, line.mapping));
  const known = late.filter(({ mo_id }) => records.some((record) => record.mo_id === mo_id));
  const { readings, settled, unsettled } = await settleSlots([...finishing(first, rows), ...known], read, times, line.clock, run.signal);
  return { readings: first.map((reading) => readings.get(reading.slot) ?? reading), requests, mode, settled, unsettled };
}
