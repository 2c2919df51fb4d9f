import { clockTime } from '../clock';
import { closed, isClosed, isOfTheDatabase, SmartMoError } from '../errors';
import type { Line } from '../line/line';
import type { NodeStatus, Outcome, OutcomeEvent } from '../line/outcome';
import { logError, logTask, observed, type Run } from '../line/run';
import { claimAnnouncements, giveBackAnnouncements, openAlarms } from '../queue/alarms';
import { toBatch } from '../queue/batch';
import { queueRows } from '../queue/rows';
import { taskEnded } from '../queue/tasks';
import { type AlarmView, announcements, toAlarm } from './announce';
import { batchReport, batchSentence } from './batch-report';
import { checkHealth } from './health';
import { historyReport } from './history-report';
import { outageAlarm, outageBegan, outageEnded } from './outage';
import { differs, isUnseen, reconciliation, reconciliationSentence } from './reconciliation';
import { slotReport, slotSentence } from './slot-report';
import { byDatabase } from './one-clock';
import { NOTHING, queueNow, readSnapshot, realTime, type Snapshot } from './snapshot';
import { type Level, worst } from './word';

export interface ReportOptions {
  report: string;
  payload: unknown;
  stuckAfterMinutes: number;
  remindAfterMinutes: number;
  /** false: nobody hears the alarms here, so they are left to a monitor that is heard. Default true. */
  announces?: boolean;
}

interface Answer {
  payload: Record<string, unknown>;
  text: string;
  status: NodeStatus;
  statusCode?: number;
  events?: OutcomeEvent[];
  /** The open alarms by which the report speaks. Without: those that the table remembers. */
  alarms?: readonly AlarmView[];
}

type Report = (line: Line, run: Run, options: ReportOptions) => Promise<Answer>;

const REPORTS = {
  'batch-status': async (line, _run, { stuckAfterMinutes }) => {
    const { status, alarms } = queueNow(line, await readSnapshot(line), stuckAfterMinutes);
    const { total_batches, completed_batches, failed_batches } = status;
    const text = `${total_batches} batches in the queue, ${completed_batches} finished, ${failed_batches} failed`;
    return { ...answer(line, status, text, failed_batches > 0 ? 'yellow' : 'green'), alarms: alarms.map(toAlarm) };
  },
  'real-time': async (line, _run, options) => {
    const { snapshot, outage } = await look(line);
    const picture = realTime(line, snapshot, options.stuckAfterMinutes, outage);
    const events = outageEvents(line, outage, options);
    const fill = picture.word === 'STARTING' ? 'blue' : LIGHTS[picture.level];
    return { ...answer(line, picture, `${picture.headline}: ${picture.why}`, fill), events, alarms: picture.alarms };
  },
  history: async (line, _run, { payload }) => {
    const report = await historyReport(line, isRecord(payload) ? payload : {});
    return answer(line, report, `${report.histories.length} of ${report.total} batch records`, 'green');
  },
  'failed-to-push': async (line) => {
    const rows = await queueRows(line.database, line.line);
    const failed = rows.filter((row) => row.status_manufacturing === 1 && row.last_error !== null);
    const batches = failed.map((row) => toBatch(row, line));
    const text = `${batches.length} finished batches could not be completed in Odoo`;
    return answer(line, { total: batches.length, batches }, text, batches.length > 0 ? 'yellow' : 'green');
  },
  batch: async (line, run, { payload }) => {
    const report = await batchReport(line, payload, run.signal);
    const told = answer(line, report, batchSentence(report, line), report.state === null || report.state === 'failed' ? 'yellow' : 'green');
    return report.state === null ? { ...told, statusCode: 404 } : told;
  },
  reconciliation: async (line, run, { payload }) => {
    const batches = await reconciliation(line, isRecord(payload) ? payload : {}, run.signal);
    const isWell = !batches.some((batch) => differs(batch) || isUnseen(batch) || batch.late_text !== null);
    return answer(line, { batches }, reconciliationSentence(batches), isWell ? 'green' : 'yellow');
  },
  slot: async (line, run, { payload }) => {
    const report = await slotReport(line, isRecord(payload) ? payload : {}, run.signal);
    return answer(line, report, slotSentence(report), report.fields.every(({ quality }) => quality === 'good') ? 'green' : 'yellow');
  },
  health,
} satisfies Record<string, Report>;

export type ReportName = keyof typeof REPORTS;
export const REPORT_NAMES = Object.keys(REPORTS) as ReportName[];

function reportOf(name: string): Report {
  const found = REPORT_NAMES.find((candidate) => candidate === name);
  if (found) return REPORTS[found];
  throw new SmartMoError('INPUT_INVALID', `there is no report "${name}"; choose one of ${REPORT_NAMES.join(', ')}`, { value: name });
}

const LIGHTS: Record<Level, NodeStatus['fill']> = { ok: 'green', warning: 'yellow', critical: 'red' };

/**
 * The reports of batch-monitor. real-time and health are answered with the database down too; any report also announces
 * alarms that are due, each raise, reminder and clearing once over all processes.
 */
export async function runReport(line: Line, run: Run, options: ReportOptions): Promise<Outcome> {
  try {
    const { payload, text, status, statusCode, events = [], alarms } = await reportOf(options.report)(line, run, options);
    const light = neverWellOver(alarms ? criticalOf(alarms) : await rememberedCritical(line), status);
    // Last: what is claimed here is lost when anything after it fails.
    const announced = options.announces === false ? [] : await announce(line, run, options).catch(none);
    return observed(line, {
      port: 1,
      // Last, too: only a report that has asked the database knows its clock, by which all ages of it are told.
      payload: { line: line.line, at: byDatabase(line, line.clock.now()).toISOString(), text, ...payload },
      events: [...events, ...announced],
      status: light,
      ...(statusCode === undefined ? {} : { statusCode }),
    });
  } catch (error) {
    // A deploy in the middle of a run is no error of the plant.
    const isStopped = isClosed(error);
    if (!isStopped) logError(line, 'health', run, error);
    throw error;
  }
}

function answer(line: Line, payload: Record<string, unknown>, text: string, fill: NodeStatus['fill']): Answer {
  return { payload, text, status: { fill, shape: 'dot', text: `${text.slice(0, 50)} ${clockTime(line.clock.now())}` } };
}

/** A light that is well while a critical alarm is open would be a lie (invariant I14). */
function neverWellOver(critical: string | null, status: NodeStatus): NodeStatus {
  return critical === null || status.fill === 'red' ? status : { ...status, fill: 'yellow', text: `${critical}: ${status.text}` };
}

function criticalOf(alarms: readonly Pick<AlarmView, 'code' | 'severity'>[]): string | null {
  return alarms.find(({ severity }) => severity === 'critical')?.code ?? null;
}

/** The database may have gone away since the report was read: it is answered all the same. */
async function rememberedCritical({ database, line }: Line): Promise<string | null> {
  try {
    return criticalOf(await openAlarms(database, line));
  } catch (error) {
    if (isOfTheDatabase(error)) return 'database-down';
    throw error;
  }
}

/** @throws CLOSED when the node is stopped meanwhile: what it claimed and cannot send goes back to the next report */
async function announce(line: Line, run: Run, { remindAfterMinutes }: ReportOptions): Promise<OutcomeEvent[]> {
  const at = byDatabase(line, line.clock.now());
  const due = await claimAnnouncements(line.database, line.line, remindAfterMinutes);
  if (run.signal.aborted) {
    await giveBackAnnouncements(line.database, due);
    throw closed();
  }
  return due.flatMap((row) => announcements(row, at));
}

function none(error: unknown): OutcomeEvent[] {
  if (isOfTheDatabase(error)) return [];
  throw error;
}

/** What the database knows of the line, or that it cannot be asked. */
async function look(line: Line): Promise<{ snapshot: Snapshot; outage: AlarmView | null }> {
  try {
    return { snapshot: await readSnapshot(line), outage: null };
  } catch (error) {
    if (!isOfTheDatabase(error)) throw error;
    return { snapshot: NOTHING, outage: outageAlarm(line, error) };
  }
}

async function health(line: Line, run: Run, options: ReportOptions): Promise<Answer> {
  const { alarms, events } = await checkedAlarms(line, run, options);
  const word = worst(alarms);
  const issues = alarms.map(({ code, severity, text, mo_id, since }) => ({ code, level: severity, text, mo_id, since }));
  logTask(line, 'health', run, `Health: ${word}, ${issues.length} issue(s)`);
  const time = clockTime(line.clock.now());
  return {
    payload: { status: word, issues },
    text: issues.length === 0 ? 'all well' : issues.map(({ code, text }) => `${code}: ${text}`).join('; '),
    events,
    alarms,
    status: { fill: LIGHTS[word], shape: 'dot', text: `${word}, ${countOf(issues)} ${time}` },
    ...(word === 'critical' ? { statusCode: 503 } : {}),
  };
}

const countOf = (issues: readonly unknown[]): string => `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}`;

async function checkedAlarms(line: Line, run: Run, options: ReportOptions): Promise<{ alarms: AlarmView[]; events: OutcomeEvent[] }> {
  const started = line.clock.now();
  try {
    await checkHealth(line, await readSnapshot(line), options.stuckAfterMinutes, run.signal);
    const alarms = (await openAlarms(line.database, line.line)).map(toAlarm);
    await taskEnded(line, 'health', started, { text: countOf(alarms) });
    return { alarms, events: outageEvents(line, null, options) };
  } catch (error) {
    if (!isOfTheDatabase(error)) throw error;
    const alarm = outageAlarm(line, error);
    return { alarms: [alarm], events: outageEvents(line, alarm, options) };
  }
}

/** @param outage null: the database answers */
function outageEvents(line: Line, outage: AlarmView | null, { announces }: ReportOptions): OutcomeEvent[] {
  if (announces === false) return [];
  return outage ? outageBegan(line, outage) : outageEnded(line);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
