import { isoOrNull } from '../clock';
import { type AlarmRow, openAlarms } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';
import { currentHold } from '../line/hold';
import type { Hold } from '../queue/hold';
import { countedAs, countRows, queueRows } from '../queue/rows';
import { type RecordedTask, taskRecords, type TaskRecord } from '../queue/tasks';
import type { Line } from '../line/line';
import { mapChanged } from '../line/map-changed';
import { weightRule } from '../line/plausible';
import { type AlarmView, toAlarm } from './announce';
import { causesOf } from './causes';
import { linksOf, sinceOf } from './links';
import { byDatabase, databaseTime } from './one-clock';
import { mayAct } from './possible-actions';
import { placesOf, type QueuedBatch, toQueued } from './queued-batch';
import { alarmsNow } from './seen-alarms';
import { type Motion, motionOf, MOVES } from './still';
import { refusedByOdoo } from './turned-away';
import { type Headline, type Level, type Word, wordFor, worst } from './word';

/** Everything the database knows of a line, read at one moment. */
export interface Snapshot {
  rows: QueueRow[];
  tasks: TaskRecord[];
  alarms: AlarmRow[];
  hold: Hold | null;
  mapChanged: boolean;
  /** One moment by two clocks that may differ: that of the database, which stamps all these, and that of this process. */
  now: { database: Date; process: Date };
}

export async function readSnapshot(line: Line): Promise<Snapshot> {
  const { database, line: key, clock } = line;
  const asked = clock.now();
  const [rows, tasks, alarms, hold, isMapChanged, now] = await Promise.all([
    queueRows(database, key),
    taskRecords({ database, line: key }),
    openAlarms(database, key),
    currentHold(line),
    mapChanged(line),
    databaseTime(line),
  ]);
  return { rows, tasks, alarms, hold, mapChanged: isMapChanged, now: { database: now, process: asked } };
}

const NEVER = new Date(0);

/** What a report shows of a line whose database is down. */
export const NOTHING: Snapshot = {
  rows: [],
  tasks: [],
  alarms: [],
  hold: null,
  mapChanged: false,
  now: { database: NEVER, process: NEVER },
};

export interface BatchStatus extends Record<string, unknown> {
  total_batches: number;
  active_batches: number;
  completed_batches: number;
  failed_batches: number;
  is_empty: boolean;
  batches: QueuedBatch[];
}

/** @param alarms open ones of the line, which tell what helps */
export function batchStatus(
  line: Line,
  rows: readonly QueueRow[],
  alarms: readonly AlarmView[] = [],
  motion: (row: QueueRow) => Motion = () => MOVES,
): BatchStatus {
  const { count, active, completed, failed } = countRows(rows);
  return {
    total_batches: count,
    active_batches: active,
    completed_batches: completed,
    failed_batches: failed,
    is_empty: count === 0,
    batches: rows.map((row) => toQueued(line, row, alarms, motion(row))),
  };
}

/** The queue and its open alarms as they are at this moment: what every report says of a batch. */
export function queueNow(line: Line, snapshot: Snapshot, stuckAfterMinutes: number): { status: BatchStatus; alarms: AlarmRow[] } {
  const alarms = alarmsNow(line, snapshot, stuckAfterMinutes);
  const motion = (row: QueueRow): Motion => motionOf(line, row, snapshot, stuckAfterMinutes);
  return { status: batchStatus(line, snapshot.rows, alarms.map(toAlarm), motion), alarms };
}

interface RealTime extends Record<string, unknown>, BatchStatus {
  word: Word;
  headline: Headline;
  why: string;
  /** How the line is, beside what it does: a line at work may have open alarms. */
  level: Level;
  alarms: AlarmView[];
}

/**
 * The report `real-time`: what one screen of an operator needs.
 * @param outage set when the database could not be asked, and the snapshot holds nothing
 */
export function realTime(line: Line, snapshot: Snapshot, stuckAfterMinutes: number, outage: AlarmView | null): RealTime {
  const links = linksOf(line, snapshot);
  if (outage) links.database = { state: 'down', since: new Date(outage.since), error: outage.text };
  const { status, alarms: open } = queueNow(line, snapshot, stuckAfterMinutes);
  const alarms = outage ? [outage] : open.map(toAlarm);
  const isOffered = mayAct(line) && !outage;
  const { alarm, since, level, ...said } = wordFor(line, snapshot, links, stuckAfterMinutes);
  return {
    ...status,
    places: placesOf(status.batches),
    refused_batches: refusedByOdoo(snapshot.rows).length,
    // A screen draws every slot of the line, also the empty ones.
    slots: line.slots,
    weight_rule: weightRule(line, snapshot.rows),
    // Nobody knows: a flow must not take it for "fetch".
    is_empty: status.is_empty && !outage,
    ...said,
    // A line at work is not well over an alarm, be it one that the word does not tell (invariant I14).
    level: level === 'ok' && worst(alarms) !== 'ok' ? 'warning' : level,
    since: isoOrNull(since ?? sinceOf(open, alarm)),
    in_progress: status.batches.filter((batch) => countedAs(batch) === 'active'),
    completed: status.batches.filter((batch) => countedAs(batch) === 'completed'),
    links: Object.fromEntries(Object.entries(links).map(([name, link]) => [name, { ...link, since: isoOrNull(link.since) }])),
    tasks: tasksOf(line, snapshot.tasks),
    alarms,
    causes: causesOf(alarms, status.batches, isOffered),
    can: isOffered ? [snapshot.hold ? 'release' : 'hold'] : [],
    hold: snapshot.hold && { ...snapshot.hold, since: isoOrNull(snapshot.hold.since) },
  };
}

const TASKS: readonly RecordedTask[] = ['fetch', 'write', 'read', 'complete', 'health'];

function tasksOf(line: Line, records: readonly TaskRecord[]): Record<string, unknown> {
  return Object.fromEntries(
    TASKS.map((task) => {
      const record = records.find((candidate) => candidate.task === task);
      const { started_at, ok_at, error_at, error = null, outcome } = record ?? {};
      const times = { started_at: isoOrNull(byDatabase(line, started_at ?? null)), ok_at: isoOrNull(ok_at), error_at: isoOrNull(error_at) };
      return [task, { ...times, error, text: outcome?.text ?? null, rejected: outcome?.rejected ?? [] }];
    }),
  );
}
