import type { OpenAlarm } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';
import { MISSED_READS } from './assess';
import type { Line } from './line';
import { mismatchOf, weightDiffers } from './plausible';

/** The codes of {@link rowAlarms}. */
export const ROW_ALARMS = ['failed-bit', 'both-bits', 'slot-missing', 'recipe-mismatch', 'weight-differs'] as const;

/** Alarms that follow from what is stored in the rows: they stay as long as the row shows them. */
export function rowAlarms(line: Line, rows: readonly QueueRow[]): OpenAlarm[] {
  return rows.flatMap((row) => {
    const alarm = (code: string, severity: OpenAlarm['severity'], text: string): OpenAlarm => ({
      code,
      severity,
      text,
      mo_id: row.mo_id,
      batch_no: row.batch_no,
      value: null,
    });
    const alarms: OpenAlarm[] = [];
    const slot = `slot ${row.batch_no} ${row.mo_id}`;
    if (row.status_operation === 1) {
      alarms.push(
        row.status_manufacturing === 1
          ? alarm('both-bits', 'warning', `${slot}: the PLC says finished and failed; the weight is there, so it counts as finished`)
          : alarm('failed-bit', 'critical', `${slot}: the PLC says the batch failed`),
      );
    }
    if (row.missed_reads >= MISSED_READS) {
      alarms.push(alarm('slot-missing', 'critical', `${slot} was loaded, but ${MISSED_READS} reads in a row the PLC did not show it`));
    }
    if (row.status_manufacturing === 1) {
      const mismatch = mismatchOf(line, row);
      if (mismatch !== null)
        alarms.push(alarm('recipe-mismatch', line.onMismatch === 'fail' ? 'critical' : 'warning', `${slot}: ${mismatch}`));
      const apart = weightDiffers(line, row);
      if (apart !== null) alarms.push(alarm('weight-differs', 'warning', `${slot}: ${apart}`));
    }
    return alarms;
  });
}
