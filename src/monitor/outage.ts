import { describe, type SmartMoError } from '../errors';
import type { OutcomeEvent } from '../line/outcome';
import type { Line } from '../line/line';
import { announcement, type AlarmView, toAlarm } from './announce';
import { byDatabase } from './one-clock';

/**
 * The alarm database-down is raised and cleared from memory, once per process: the table of alarms is what cannot be
 * reached.
 */
const CODE = 'database-down';

export function outageAlarm(line: Line, error: SmartMoError): AlarmView {
  const { state, since } = line.database.state();
  const began = line.announced.get(CODE) ?? byDatabase(line, (state === 'down' ? since : null) ?? line.clock.now());
  const nobody = { id: 0, mo_id: '', batch_no: null, value: null, cleared_at: null };
  return toAlarm({ ...nobody, line: line.line, code: CODE, severity: 'critical', text: describe(error), since: began });
}

/** The message to send, the first time. */
export function outageBegan(line: Line, alarm: AlarmView): OutcomeEvent[] {
  if (line.announced.has(CODE)) return [];
  line.announced.set(CODE, new Date(alarm.since));
  return [announcement(alarm, byDatabase(line, line.clock.now()))];
}

/** The message to send when the database answers again; none when nobody was told that it was down. */
export function outageEnded(line: Line): OutcomeEvent[] {
  const since = line.announced.get(CODE);
  if (!since) return [];
  line.announced.delete(CODE);
  const at = byDatabase(line, line.clock.now());
  const nobody = { id: 0, mo_id: '', batch_no: null, value: null };
  const row = { ...nobody, line: line.line, code: CODE, severity: 'critical' as const, text: 'the database answers again', since };
  return [announcement(toAlarm({ ...row, cleared_at: at }), at)];
}
