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
    action: actionFor(row.code),
  };
}

/** What has to be said of an alarm that is due: one that came and went between two reports is told twice. */
export function viewsOf(alarm: DueAlarm): AlarmView[] {
  const now = toAlarm(alarm);
  return alarm.is_new && now.state === 'cleared' ? [{ ...now, state: 'raised' }, now] : [now];
}

/** The event message of one alarm. */
export function announcement(alarm: AlarmView, at: Date): OutcomeEvent {
  return { port: 2, event: 'alarm', code: alarm.code, payload: { at: at.toISOString(), ...alarm } };
}
