import type { SlotReading } from '../plc/slot';
import type { QueueRow } from '../queue/batch';
import { resultsOf } from '../queue/history';
import { round } from '../units';
import type { Line } from './line';

/** Does a slot show the result of an earlier run of an MO that was queued again? */
export type FromEarlierRun = (reading: SlotReading) => boolean;

/**
 * An MO that is queued again may find its old result in the slot: acknowledged, or, where nobody acknowledges (a map without
 * status_read_data, slots from messages, a PLC that refuses), known by its figures, which equal those of a batch record. A
 * failure that was not seen to begin in this run is that of the run before.
 */
export async function earlierRuns({ database, line }: Line, rows: readonly QueueRow[]): Promise<FromEarlierRun> {
  const again = rows.filter((row) => row.run > 1);
  const results = again.length === 0 ? [] : await resultsOf(database, line, again.map(nameOf));
  return (reading) => {
    const row = again.find(({ mo_id }) => mo_id === reading.mo_id);
    if (!row || !(reading.finished || reading.failed)) return false;
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
  };
}

const nameOf = (row: QueueRow): string => row.mo_id;
