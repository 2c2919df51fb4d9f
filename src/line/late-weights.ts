import type { SlotReading } from '../plc/slot';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import { isBegun } from '../queue/batch';
import { historyPage } from '../queue/history';
import { keepLateWeight, lateOf, LESS_BOOKED } from '../queue/late-weight';
import { round } from '../units';
import type { BadSlot } from './assess';
import type { Line } from './line';

/**
 * Slots that finished a batch after it had left the queue: cancelled or parked while the PLC made it. Odoo is told nothing, but
 * the materials are gone from the silos: figures that no batch record holds are kept as an event and told as an alarm that stays
 * until somebody has booked them, before the slot is acknowledged and the PLC forgets them. A line that only observes says so and
 * stores nothing.
 */
export async function keepLateWeights(line: Line, late: readonly SlotReading[]): Promise<BadSlot[]> {
  const kept: BadSlot[] = [];
  const alarms: OpenAlarm[] = [];
  for (const { slot, mo_id, actual_weight, materials } of late) {
    const { rows } = await historyPage(line.database, line.line, { limit: 1, offset: 0, status: null, mo_id });
    const [record] = rows;
    const weight = actual_weight === null ? null : round(actual_weight, 3);
    if (!record || record.status === 'completed') continue;
    // A batch that was weighed, stored and then cancelled or parked: only the acknowledgement is missing.
    if (record.status_manufacturing === 1 && record.measured_by === 'plc' && record.actual_weight === weight) continue;
    const shown = weight === null ? 'no weight' : `${weight} ${line.mapping.weightUnit}`;
    const less = record.status_manufacturing === 0 && isBegun(record) ? LESS_BOOKED : '';
    const text = `slot ${slot} finished ${mo_id} with ${shown} after the batch left the queue (${record.status}); nothing of it goes to Odoo: book it there by hand${less}`;
    if (line.mode === 'live') {
      const figures = { run: record.run, slot, actual: materials, actual_weight: weight };
      await keepLateWeight(line.database, line.line, { mo_id, ...figures, text, value: shown });
    }
    const lateFor = await lateOf(line.database, line.line, [mo_id], line.mapping.weightUnit);
    const late = { batch_no: slot, mo_id, text, value: shown };
    kept.push({ ...late, code: 'stale-slot' });
    // A PLC that does not take the acknowledgement shows it again, also after it was booked.
    if (lateFor(record)?.isBooked !== true) alarms.push({ ...late, code: 'late-weight', severity: 'warning' });
  }
  // Raised at once: after the acknowledgement no later read would raise it.
  if (alarms.length > 0 && line.mode === 'live') await settleAlarms(line.database, line.line, [], alarms);
  return kept;
}
