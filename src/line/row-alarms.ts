import type { OpenAlarm } from '../queue/alarms';
import { isDosing, type QueueRow } from '../queue/batch';
import { MISSED_READS } from './assess';
import type { Line } from './line';
import { mismatchOf, weightDiffers } from './plausible';

/** The codes of {@link rowAlarms}. */
export const ROW_ALARMS = ['failed-bit', 'both-bits', 'slot-missing', 'recipe-mismatch', 'weight-differs'] as const;

/** Value of `failed-bit` where the PLC will not come back to the batch by itself (monitor/alarm-codes). */
export const GONE_ON = 'gone-on';

type KnownAlarm = Pick<OpenAlarm, 'code' | 'mo_id' | 'value' | 'text'>;

/** The slot that the PLC makes after it gave this batch up; of several the one it began last. null: none, it may still go on with it. */
function goneOnTo(failed: QueueRow, rows: readonly QueueRow[]): number | null {
  const after = rows.filter(
    (row) => isDosing(row) || (row.measured_by === 'plc' && row.finished_at !== null && row.finished_at > failed.updated_at),
  );
  const [last] = after.sort((a, b) => Number(isDosing(b)) - Number(isDosing(a)) || b.updated_at.getTime() - a.updated_at.getTime());
  return last?.batch_no ?? null;
}

/**
 * Alarms that follow from what is stored in the rows: they stay as long as the row shows them.
 * @param known open alarms: a PLC that has once gone on does not come back because the batch it went on to has left the queue
 */
export function rowAlarms(line: Line, rows: readonly QueueRow[], known: readonly KnownAlarm[] = []): OpenAlarm[] {
  return rows.flatMap((row) => {
    const alarm = (code: string, severity: OpenAlarm['severity'], text: string, value: string | null = null): OpenAlarm => ({
      code,
      severity,
      text,
      mo_id: row.mo_id,
      batch_no: row.batch_no,
      value,
    });
    const alarms: OpenAlarm[] = [];
    const slot = `slot ${row.batch_no} ${row.mo_id}`;
    if (row.status_operation === 1 && row.status_manufacturing === 1) {
      alarms.push(
        alarm('both-bits', 'warning', `${slot}: the PLC says finished and failed; the weight is there, so it counts as finished`),
      );
    } else if (row.status_operation === 1) {
      const next = goneOnTo(row, rows);
      const text = `${slot}: the PLC says the batch failed`;
      const before = known.find(({ code, mo_id, value }) => code === 'failed-bit' && mo_id === row.mo_id && value === GONE_ON);
      if (next !== null) alarms.push(alarm('failed-bit', 'critical', `${text}, and has gone on to slot ${next}`, GONE_ON));
      else alarms.push(alarm('failed-bit', 'critical', before?.text ?? text, before?.value));
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
