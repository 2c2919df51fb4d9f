import type { SlotReading } from '../plc/slot';
import type { QueueRow } from '../queue/batch';
import { resultsOf } from '../queue/history';
import { loadBegun } from '../queue/steps';
import { round } from '../units';
import type { Line } from './line';

/**
 * What a slot shows of an earlier run of an MO that was queued again: its result, which is stored already (over), or a batch
 * that the PLC still makes, or has made and nobody has stored (left). null: nothing of an earlier run.
 */
export type OfEarlierRun = (reading: SlotReading) => 'over' | 'left' | null;

type Result = Awaited<ReturnType<typeof resultsOf>>[number];

/**
 * An MO that is queued again may find its earlier run in the slot. A result is over when it is acknowledged, or, where nobody
 * acknowledges (a map without status_read_data, slots from messages, a PLC that refuses), when its figures equal those of a batch
 * record. A failure that was not seen to begin in this run is that of the run before. A batch that is begun before the first word
 * of this run's recipe is written is left from before: its kilograms are those of the earlier run, and would be booked twice.
 */
export async function earlierRuns({ database, line, recipes }: Line, rows: readonly QueueRow[]): Promise<OfEarlierRun> {
  const again = rows.filter((row) => row.run > 1);
  if (again.length === 0) return () => null;
  const results = await resultsOf(database, line, again.map(nameOf));
  // After the slots were read: what they showed of this run was written, and noted, before.
  const begun = recipes === 'write' ? await loadBegun(database, again.map(idOf)) : new Set();

  const isLeft = (row: QueueRow, reading: SlotReading): boolean =>
    recipes === 'write' ? !begun.has(row.id) : row.state === 'queued' && results.some((result) => mayGoOn(result, reading));
  return (reading) => {
    const row = again.find(({ mo_id }) => mo_id === reading.mo_id);
    if (!row || !(reading.running || reading.finished || reading.failed)) return null;
    if (isOver(row, reading, results)) return 'over';
    return isLeft(row, reading) ? 'left' : null;
  };
}

function isOver(row: QueueRow, reading: SlotReading, results: readonly Result[]): boolean {
  if (!(reading.finished || reading.failed)) return false;
  if (reading.acknowledged === true) return true;
  // Seen at work in this run: what it ends with is its own, whatever the figures.
  if (row.state === 'running') return false;
  if (!reading.finished) return true;
  return results.some(
    ({ mo_id, actual, actual_weight }) =>
      mo_id === reading.mo_id &&
      reading.actual_weight !== null &&
      round(reading.actual_weight, 3) === actual_weight &&
      Object.entries(actual).every(([tag, weight]) => (reading.materials[tag] ?? 0) === weight),
  );
}

/** Where somebody else loads the recipes: weights only rise, so a slot that shows less than the half-dosed run had is a new batch. */
function mayGoOn({ mo_id, actual, is_half_dosed }: Result, reading: SlotReading): boolean {
  return (
    is_half_dosed && mo_id === reading.mo_id && Object.entries(actual).every(([tag, weight]) => (reading.materials[tag] ?? 0) >= weight)
  );
}

const nameOf = (row: QueueRow): string => row.mo_id;
const idOf = (row: QueueRow): number => row.id;
