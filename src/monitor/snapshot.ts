import { meaningOf } from '../errors';
import type { LinkState } from '../odoo/odoo';
import { type AlarmRow, openAlarms } from '../queue/alarms';
import { type Batch, codeOf, type QueueRow, toBatch } from '../queue/batch';
import { currentHold } from '../line/hold';
import type { Hold } from '../queue/hold';
import { countedAs, countRows, queueRows } from '../queue/rows';
import { type RecordedTask, taskRecords, type TaskRecord } from '../queue/tasks';
import type { Line } from '../line/line';
import { mapChanged } from '../line/map-changed';
import { actionFor, failureOf, ODOO_LINK, PLC_LINK } from './alarm-codes';
import { type AlarmView, toAlarm } from './announce';
import { causesOf } from './causes';
import { type BatchAction, possibleActions } from './possible-actions';
import { isTurnedAway, refusedByOdoo, withoutCode } from './turned-away';
import { type Level, type Word, wordFor } from './word';

/** Everything the database knows of a line, read at one moment. */
export interface Snapshot {
  rows: QueueRow[];
  tasks: TaskRecord[];
  alarms: AlarmRow[];
  hold: Hold | null;
  mapChanged: boolean;
}

export async function readSnapshot(line: Line): Promise<Snapshot> {
  const { database, line: key } = line;
  const [rows, tasks, alarms, hold, isMapChanged] = await Promise.all([
    queueRows(database, key),
    taskRecords({ database, line: key }),
    openAlarms(database, key),
    currentHold(line),
    mapChanged(line),
  ]);
  return { rows, tasks, alarms, hold, mapChanged: isMapChanged };
}

/** What a report shows of a line whose database is down. */
export const NOTHING: Snapshot = { rows: [], tasks: [], alarms: [], hold: null, mapChanged: false };

export interface BatchStatus extends Record<string, unknown> {
  total_batches: number;
  active_batches: number;
  completed_batches: number;
  failed_batches: number;
  is_empty: boolean;
  batches: QueuedBatch[];
}

export interface QueuedBatch extends Batch {
  /** What an operator may press now. */
  can: BatchAction[];
  /** Of a batch that failed, or that was turned away and is tried again: in a few words what happened, and what to do; null for the others. */
  trouble: string | null;
  action: string | null;
}

function toQueued(line: Line, row: QueueRow): QueuedBatch {
  const batch = { ...toBatch(row, line), can: possibleActions(line, row, []), trouble: null, action: null };
  const isFailed = row.state === 'failed';
  if (!isFailed && !isTurnedAway(line, row)) return batch;
  const code = codeOf(row.last_error);
  return {
    ...batch,
    // The meanings are those of a completion; a refused cancellation is told in the words of Odoo.
    trouble: (row.cancellation === null && meaningOf(code)) || withoutCode(row.last_error ?? 'failed'),
    action: isFailed ? actionFor('failed-batch', failureOf(row)) : actionFor('not-pushed', code),
  };
}

export function batchStatus(line: Line, rows: readonly QueueRow[]): BatchStatus {
  const { count, active, completed, failed } = countRows(rows);
  return {
    total_batches: count,
    active_batches: active,
    completed_batches: completed,
    failed_batches: failed,
    is_empty: count === 0,
    batches: rows.map((row) => toQueued(line, row)),
  };
}

interface LinkView extends Omit<LinkState, 'state'> {
  state: LinkState['state'] | 'none';
}

export type Links = Record<'odoo' | 'plc' | 'database', LinkView>;

interface RealTime extends Record<string, unknown>, BatchStatus {
  word: Word;
  why: string;
  /** How the line is, beside what it does: a line at work may have batches that Odoo refuses. */
  level: Level;
}

/**
 * The report `real-time`: what one screen of an operator needs.
 * @param outage set when the database could not be asked, and the snapshot holds nothing
 */
export function realTime(line: Line, snapshot: Snapshot, stuckAfterMinutes: number, outage: AlarmView | null): RealTime {
  const links = linksOf(line, snapshot);
  if (outage) links.database = { state: 'down', since: new Date(outage.since), error: outage.text };
  const status = batchStatus(line, snapshot.rows);
  const alarms = outage ? [outage] : snapshot.alarms.map(toAlarm);
  const { alarm, since, ...said } = wordFor(line, snapshot, links, stuckAfterMinutes);
  return {
    ...status,
    refused_batches: refusedByOdoo(snapshot.rows).length,
    // A screen draws every slot of the line, also the empty ones.
    slots: line.slots,
    // Nobody knows: a flow must not take it for "fetch".
    is_empty: status.is_empty && !outage,
    ...said,
    since: iso(since ?? sinceOf(snapshot.alarms, alarm)),
    in_progress: status.batches.filter((batch) => countedAs(batch) === 'active'),
    completed: status.batches.filter((batch) => countedAs(batch) === 'completed'),
    links: Object.fromEntries(Object.entries(links).map(([name, link]) => [name, { ...link, since: iso(link.since) }])),
    tasks: tasksOf(snapshot.tasks),
    alarms,
    causes: causesOf(alarms, status.batches),
    can: line.mode === 'observe' || line.mapProblem || outage ? [] : [snapshot.hold ? 'release' : 'hold'],
    hold: snapshot.hold && { ...snapshot.hold, since: iso(snapshot.hold.since) },
  };
}

function sinceOf(alarms: readonly AlarmRow[], ...codes: (string | null)[]): Date | null {
  return alarms.find(({ code }) => codes.includes(code))?.since ?? null;
}

/** The links as they are; band, lamp and alarm tell one moment of one trouble. */
export function linksOf(line: Line, { tasks, alarms }: Pick<Snapshot, 'tasks' | 'alarms'>): Links {
  const goodRead = tasks.find(({ task }) => task === 'read')?.ok_at ?? null;
  const plc = linkView(line.plc?.state());
  const refused = refusedReads(tasks);
  return {
    odoo: told(linkView(line.odoo?.state()), sinceOf(alarms, ...ODOO_LINK), null),
    plc: told(plc.state === 'ok' && refused ? { state: 'down', ...refused } : plc, sinceOf(alarms, ...PLC_LINK), goodRead),
    database: linkView(line.database.state()),
  };
}

/**
 * Its alarm remembers since when it is down, over restarts and for every process; not one of an earlier trouble, which is older
 * than the last good answer.
 */
function told(link: LinkView, alarm: Date | null, lastGood: Date | null): LinkView {
  const isSame = alarm !== null && (lastGood === null || alarm >= lastGood);
  return link.state === 'down' && isSame ? { ...link, since: alarm } : link;
}

/** A PLC that answers every read with a refusal must not look well: what it shows is not known. null: the last read was good. */
export function refusedReads(tasks: Snapshot['tasks']): { since: Date | null; error: string } | null {
  const read = tasks.find(({ task }) => task === 'read');
  return read?.error?.startsWith('PLC_') ? { since: read.error_at, error: read.error } : null;
}

function linkView(link: LinkState | undefined): LinkView {
  return link ?? { state: 'none', since: null, error: null };
}

const TASKS: readonly RecordedTask[] = ['fetch', 'write', 'read', 'complete', 'health'];

function iso(at: Date | null | undefined): string | null {
  return at?.toISOString() ?? null;
}

function tasksOf(records: readonly TaskRecord[]): Record<string, unknown> {
  return Object.fromEntries(
    TASKS.map((task) => {
      const record = records.find((candidate) => candidate.task === task);
      const { started_at, ok_at, error_at, error = null, outcome } = record ?? {};
      const times = { started_at: iso(started_at), ok_at: iso(ok_at), error_at: iso(error_at) };
      return [task, { ...times, error, text: outcome?.text ?? null, rejected: outcome?.rejected ?? [] }];
    }),
  );
}
