import type { OutcomeEvent } from '../line/outcome';
import type { AlarmRow, DueAlarm } from '../queue/alarms';
import { actionFor } from './alarm-codes';

/** An alarm as messages carry it (contract.md, Alarm). */
export interface AlarmView {
  line: string;
  code: string;
  state: 'raised' | 'cleared';
  severity: AlarmRow['severity'];
  since: string;
  batch_no: number | null;
  mo_id: string | null;
  value: string | null;
  text: string;
  /** What to press, or whom to call. */
  action: string;
}

export function toAlarm(row: AlarmRow): AlarmView {
  return {
    line: row.line,
    code: row.code,
    state: row.cleared_at === null ? 'raised' : 'cleared',
    severity: row.severity,
    since: row.since.toISOString(),
    batch_no: row.batch_no,
    mo_id: row.mo_id || null,
    value: row.value,
    text: row.text,
    action: actionFor(row.code, row.value),
  };
}

/** The messages of an alarm that is due: one that came and went between two reports is told twice. */
export function announcements(due: DueAlarm, at: Date): OutcomeEvent[] {
  const alarm = toAlarm(due);
  const first = due.is_new ? [announcement({ ...alarm, state: 'raised' }, at)] : [];
  if (alarm.state === 'cleared') return [...first, announcement(alarm, at)];
  return due.is_new ? first : [announcement(alarm, at, 'STILL OPEN')];
}

/** The event message of one alarm. Its sentence says what happened to it: a night log shows nothing but sentences. */
export function announcement(alarm: AlarmView, at: Date, what = alarm.state.toUpperCase()): OutcomeEvent {
  const payload = { at: at.toISOString(), ...alarm, text: `${what}: ${alarm.text}` };
  return { port: 2, event: 'alarm', code: alarm.code, payload };
}
