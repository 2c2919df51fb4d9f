import { compileCheck } from '../check';
import { clockTime } from '../clock';
import { describe, SmartMoError } from '../errors';
import type { Line } from '../line/line';
import type { NodeStatus, Outcome, OutcomeEvent } from '../line/outcome';
import { logTask, type Run } from '../line/run';
import { claimAnnouncements, openAlarms } from '../queue/alarms';
import { toRecord } from '../queue/batch';
import { historyPage } from '../queue/history';
import { queueRows } from '../queue/rows';
import { taskEnded } from '../queue/tasks';
import { announcement, toAlarm, type AlarmView } from './announce';
import { checkHealth } from './health';
import { batchStatus, linksOf, NOTHING, readSnapshot, realTime } from './snapshot';

export interface ReportOptions {
  report: string;
  payload: unknown;
  stuckAfterMinutes: number;
  remindAfterMinutes: number;
}

type Report = (
  line: Line,
  run: Run,
  options: ReportOptions,
) => Promise<{ payload: Record<string, unknown>; text: string; status: NodeStatus; statusCode?: number; events?: OutcomeEvent[] }>;

const REPORTS: Record<string, Report> = {
  'batch-status': async (line) => {
    const status = batchStatus(line, await queueRows(line.database, line.line));
    return answer(
      line,
      status,
      `${status.total_batches} batches in the queue, ${status.completed_batches} finished, ${status.failed_batches} failed`,
    );
  },
  'real-time': async (line, _run, options) => {
    const snapshot = await readSnapshot(line).catch(nothingIfDown);
    const payload = realTime(line, snapshot, options.stuckAfterMinutes);
    return answer(line, payload, `${String(payload['word'])}: ${String(payload['why'])}`);
  },
  history: async (line, _run, options) => {
    const query = checkHistory(isRecord(options.payload) ? options.payload : {});
    const { limit = 50, offset = 0, status = null, mo_id = null } = query;
    const { total, rows } = await historyPage(line.database, line.line, { limit, offset, status: status ?? null, mo_id: mo_id ?? null });
    const histories = rows.map((row) => toRecord(row, line.scaleManual));
    return answer(line, { total, limit, offset, histories }, `${histories.length} of ${total} batch records`);
  },
  'failed-to-push': async (line) => {
    const rows = await queueRows(line.database, line.line);
    const { batches } = batchStatus(
      line,
      rows.filter((row) => row.status_manufacturing === 1 && row.last_error !== null),
    );
    return answer(line, { total: batches.length, batches }, `${batches.length} finished batches are not in Odoo yet`);
  },
  health,
};

interface HistoryInput {
  limit?: number;
  offset?: number;
  status?: string | null;
  mo_id?: string | null;
}

const checkHistory = compileCheck<HistoryInput>(
  {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 500, nullable: true },
      offset: { type: 'integer', minimum: 0, nullable: true },
      status: { type: 'string', enum: ['completed', 'failed', 'cancelled', null], nullable: true },
      mo_id: { type: 'string', minLength: 1, maxLength: 64, nullable: true },
    },
  },
  'payload',
  'INPUT_INVALID',
);

/**
 * The reports of batch-monitor. real-time and health are answered with the database down too; any report also announces
 * alarms that are due, each raise, reminder and clearing once over all processes.
 */
export async function runReport(line: Line, run: Run, options: ReportOptions): Promise<Outcome> {
  const report = REPORTS[options.report];
  try {
    if (!report || !Object.hasOwn(REPORTS, options.report)) {
      throw new SmartMoError('INPUT_INVALID', `there is no report "${options.report}"; choose one of ${Object.keys(REPORTS).join(', ')}`, {
        value: options.report,
      });
    }
    const { payload, text, status, statusCode, events = [] } = await report(line, run, options);
    const announced = await announce(line, options).catch(none);
    return {
      port: 1,
      payload: { line: line.line, at: line.clock.now().toISOString(), text, ...payload },
      events: [...events, ...announced],
      status,
      ...(statusCode === undefined ? {} : { statusCode }),
    };
  } catch (error) {
    logTask(line, 'health', run, `Error in health task: ${describe(error)}`, 'error');
    throw error;
  }
}

function answer(line: Line, payload: Record<string, unknown>, text: string): Awaited<ReturnType<Report>> {
  return { payload, text, status: { fill: 'green', shape: 'dot', text: `${text.slice(0, 50)} ${clockTime(line.clock.now())}` } };
}

async function announce(line: Line, { remindAfterMinutes }: ReportOptions): Promise<OutcomeEvent[]> {
  const at = line.clock.now();
  return (await claimAnnouncements(line.database, line.line, remindAfterMinutes)).map((row) => announcement(toAlarm(row), at));
}

/** The database cannot be asked: the report says so itself. */
function none(error: unknown): OutcomeEvent[] {
  if (isDown(error)) return [];
  throw error;
}

function nothingIfDown(error: unknown): typeof NOTHING {
  if (isDown(error)) return NOTHING;
  throw error;
}

function isDown(error: unknown): boolean {
  return error instanceof SmartMoError && error.code.startsWith('DB_');
}

async function health(line: Line, run: Run, options: ReportOptions): ReturnType<Report> {
  const started = line.clock.now();
  const events: OutcomeEvent[] = [];
  let alarms: AlarmView[];
  try {
    const snapshot = await readSnapshot(line);
    await checkHealth(line, snapshot, options.stuckAfterMinutes, run.signal);
    alarms = (await openAlarms(line.database, line.line)).map(toAlarm);
    await taskEnded(line, 'health', started, { text: `${alarms.length} issues` });
    if (line.announced.delete(DATABASE_DOWN)) events.push(databaseBack(line, started));
  } catch (error) {
    if (!isDown(error)) throw error;
    const alarm = databaseDown(line, error);
    alarms = [alarm];
    if (!line.announced.has(DATABASE_DOWN)) events.push(announcement(alarm, started));
    line.announced.add(DATABASE_DOWN);
  }
  const word = alarms.some(({ severity }) => severity === 'critical')
    ? 'critical'
    : alarms.some(({ severity }) => severity === 'warning')
      ? 'warning'
      : 'ok';
  const issues = alarms.map(({ code, severity, text, mo_id, since }) => ({ code, level: severity, text, mo_id, since }));
  logTask(line, 'health', run, `Health: ${word}, ${issues.length} issue(s)`);
  const time = clockTime(line.clock.now());
  return {
    payload: { status: word, issues },
    text: issues.length === 0 ? 'all well' : issues.map(({ code, text }) => `${code}: ${text}`).join('; '),
    events,
    status: {
      fill: ({ ok: 'green', warning: 'yellow', critical: 'red' } as const)[word],
      shape: 'dot',
      text: `${word}, ${issues.length} issues ${time}`,
    },
    ...(word === 'critical' ? { statusCode: 503 } : {}),
  };
}

/** Raised and cleared from memory, once per process: the table of alarms is what cannot be reached. */
const DATABASE_DOWN = 'database-down';

function databaseBack(line: Line, at: Date): OutcomeEvent {
  return announcement({ ...databaseDown(line, 'the database answers again'), state: 'cleared', since: at.toISOString() }, at);
}

function databaseDown(line: Line, error: unknown): AlarmView {
  const { since } = linksOf(line).database;
  const row = {
    id: 0,
    line: line.line,
    code: DATABASE_DOWN,
    mo_id: '',
    batch_no: null,
    severity: 'critical' as const,
    text: describe(error),
    value: null,
  };
  return toAlarm({ ...row, since: since === null ? line.clock.now() : new Date(since), cleared_at: null });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
