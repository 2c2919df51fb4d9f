import type { SlotReading } from '../plc/slot';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import { type HistoryRow, unitInBatch, weighedSoFar } from '../queue/batch';
import { historyPage } from '../queue/history';
import { keepLateWeight, lateOf, LESS_BOOKED } from '../queue/late-weight';
import { round } from '../units';
import type { BadSlot } from './assess';
import type { Line } from './line';
import { weighed } from './plausible';
import { isMade } from './settle';

/**
 * Slots that finished a batch, or gave it up, after it had left the queue: cancelled or parked while the PLC made it. Odoo is told
 * nothing, but the materials are gone from the silos: figures that no batch record holds are kept as an event and told as an alarm
 * that stays until somebody has booked them, before the slot is acknowledged and the PLC forgets them. A line that only observes
 * says so and stores nothing.
 */
export async function keepLateWeights(line: Line, late: readonly SlotReading[]): Promise<BadSlot[]> {
  const kept: BadSlot[] = [];
  const alarms: OpenAlarm[] = [];
  for (const reading of late) {
    const { slot, mo_id, materials } = reading;
    const { rows } = await historyPage(line.database, line.line, { limit: 1, offset: 0, status: null, mo_id });
    const [record] = rows;
    if (!record || record.status === 'completed') continue;
    const made = isMade(reading);
    const seen = { ...reading, actual: materials, status_manufacturing: made ? 1 : 0, materials: record.materials } as const;
    const weight = round(weighedSoFar(seen, line.mapping) ?? 0, 3) || null;
    if (isKnown(record, reading, made, weight)) continue;
    const shown = weight === null ? 'no weight' : `${weight} ${line.mapping.weightUnit}`;
    const what = made ? `finished ${mo_id} with ${shown}` : `gave up ${mo_id} with ${shown} dosed (${dosedOf(record, reading, line)})`;
    // In the words of the first time: the same event is kept once.
    const less = record.status_manufacturing === 0 ? LESS_BOOKED : '';
    const end = made ? '' : '; stop it at the PLC too, nobody sees what it doses after this';
    const text = `slot ${slot} ${what} after the batch left the queue (${record.status}); nothing of it goes to Odoo: book it there by hand${less}${end}`;
    if (line.mode === 'live') {
      const figures = { run: record.run, slot, actual: materials, actual_weight: weight, ...(made ? {} : { finished: false as const }) };
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

/** Is all of it in the batch record? Then only the acknowledgement is missing. */
function isKnown(record: HistoryRow, { materials }: SlotReading, made: boolean, weight: number | null): boolean {
  if (made) return record.status_manufacturing === 1 && record.measured_by === 'plc' && record.actual_weight === weight;
  return (
    record.status_manufacturing === 1 || Object.entries(materials).every(([tag, dosed]) => dosed <= (weighed(record.actual, tag) ?? 0))
  );
}

/** "silo_a 300 kg, oil 12 l": a recipe does not tell how a half of it is made up. */
function dosedOf(record: HistoryRow, { materials }: SlotReading, { mapping }: Line): string {
  const dosed = Object.entries(materials).filter(([, quantity]) => quantity > 0);
  return dosed.map(([tag, quantity]) => `${tag} ${round(quantity, 3)} ${unitInBatch(record, tag, mapping)}`).join(', ');
}
