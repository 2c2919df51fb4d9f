import { minutesBetween } from '../clock';
import { meaningOf } from '../errors';
import type { LinkState } from '../odoo/odoo';
import { type AlarmRow, openAlarms } from '../queue/alarms';
import { type Batch, codeOf, type QueueRow, toBatch } from '../queue/batch';
import { currentHold } from '../line/hold';
import type { Hold } from '../queue/hold';
import { countedAs, countRows, queueRows } from '../queue/rows';
import { type RecordedTask, taskRecords, type TaskRecord } from '../queue/tasks';
import { isBlocked, waitsSince } from '../line/gate';
import type { Line } from '../line/line';
import { mapChanged, mapChangedText } from '../line/map-changed';
import { actionFor, failureOf } from './alarm-codes';
import { type AlarmView, toAlarm } from './announce';
import { causesOf } from './causes';
import { type BatchAction, possibleActions } from './possible-actions';

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
  /** Of a batch that failed: in a few words what happened, and what to press or whom to call; null for the others. */
  trouble: string | null;
  action: string | null;
}

function toQueued(line: Line, row: QueueRow): QueuedBatch {
  const batch = { ...toBatch(row, line), can: possibleActions(line, row, []), trouble: null, action: null };
  if (row.state !== 'failed') return batch;
  const code = codeOf(row.last_error);
  return {
    ...batch,
    // The meanings are those of a completion; a refused cancellation is told in the words of Odoo.
    trouble: (row.cancellation === null && meaningOf(code)) || withoutCode(row.last_error ?? 'failed'),
    action: actionFor('failed-batch', failureOf(row)),
  };
}

function withoutCode(lastError: string): string {
  const code = codeOf(lastError);
  return code === '' ? lastError : lastError.slice(`${code}: `.length);
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

export type Word = 'RUNNING' | 'WAITING FOR MO' | 'BLOCKED' | 'ON HOLD' | 'OBSERVE' | 'NO PLC' | 'NO DATABASE';

interface LinkView {
  state: LinkState['state'] | 'none';
  since: string | null;
  error: string | null;
}

interface RealTime extends Record<string, unknown>, BatchStatus {
  word: Word;
  why: string;
}

/**
 * The report `real-time`: what one screen of an operator needs.
 * @param outage set when the database could not be asked, and the snapshot holds nothing
 */
export function realTime(line: Line, snapshot: Snapshot, stuckAfterMinutes: number, outage: AlarmView | null): RealTime {
  const links = linksOf(line, snapshot.tasks);
  if (outage) links.database = { state: 'down', since: outage.since, error: outage.text };
  const status = batchStatus(line, snapshot.rows);
  const alarms = outage ? [outage] : snapshot.alarms.map(toAlarm);
  return {
    ...status,
    // A screen draws every slot of the line, also the empty ones.
    slots: line.slots,
    // Nobody knows: a flow must not take it for "fetch".
    is_empty: status.is_empty && !outage,
    ...wordFor(line, snapshot, links, stuckAfterMinutes),
    in_progress: status.batches.filter((batch) => countedAs(batch) === 'active'),
    completed: status.batches.filter((batch) => countedAs(batch) === 'completed'),
    links,
    tasks: tasksOf(snapshot.tasks),
    alarms,
    causes: causesOf(alarms, status.batches),
    can: line.mode === 'observe' || outage ? [] : [snapshot.hold ? 'release' : 'hold'],
    hold: snapshot.hold && { ...snapshot.hold, since: snapshot.hold.since.toISOString() },
  };
}

type Links = Record<'odoo' | 'plc' | 'database', LinkView>;

function linksOf(line: Line, tasks: Snapshot['tasks']): Links {
  const plc = linkView(line.plc?.state());
  const refused = refusedReads(tasks);
  return {
    odoo: linkView(line.odoo?.state()),
    plc: plc.state === 'ok' && refused ? { state: 'down', since: refused.since?.toISOString() ?? null, error: refused.error } : plc,
    database: linkView(line.database.state()),
  };
}

/** A PLC that answers every read with a refusal must not look well: what it shows is not known. null: the last read was good. */
export function refusedReads(tasks: Snapshot['tasks']): { since: Date | null; error: string } | null {
  const read = tasks.find(({ task }) => task === 'read');
  return read?.error?.startsWith('PLC_') ? { since: read.error_at, error: read.error } : null;
}

function linkView(link: LinkState | undefined): LinkView {
  if (!link) return { state: 'none', since: null, error: null };
  return { ...link, since: link.since?.toISOString() ?? null };
}

function wordFor(
  line: Line,
  { rows, hold, tasks, mapChanged: isMapChanged }: Snapshot,
  links: Links,
  stuckAfterMinutes: number,
): { word: Word; why: string; since: string | null } {
  const { database, plc } = links;
  if (database.state === 'down') return { word: 'NO DATABASE', why: database.error ?? '', since: database.since };
  if (line.mode === 'observe') return { word: 'OBSERVE', why: 'everything is read and shown, nothing is written', since: null };
  if (hold) return { word: 'ON HOLD', why: hold.reason, since: hold.since.toISOString() };
  if (isMapChanged) return { word: 'ON HOLD', why: mapChangedText(line.line), since: null };
  if (plc.state === 'down') return { word: 'NO PLC', why: plc.error ?? '', since: plc.since };
  const now = line.clock.now();
  const [first] = [...rows].sort((a, b) => waitsSince(a).getTime() - waitsSince(b).getTime());
  if (!first) return { word: 'WAITING FOR MO', why: 'the queue is empty', since: null };
  const since = waitsSince(first).toISOString();
  if (isBlocked(rows, now, stuckAfterMinutes)) {
    const failed = rows.filter((row) => row.state === 'failed');
    const { batch_no, mo_id, last_error, state } = failed[0] ?? first;
    const others = failed.length > 1 ? ` and ${failed.length - 1} more` : '';
    return { word: 'BLOCKED', why: `slot ${batch_no} ${mo_id}${others}: ${last_error ?? state}`, since };
  }
  const broken = rows.find(failedInPlc);
  if (broken && rows.every((row) => row.state === 'failed' || failedInPlc(row)))
    return { word: 'BLOCKED', why: `slot ${broken.batch_no} ${broken.mo_id}: the PLC says the batch failed`, since };
  const read = tasks.find(({ task }) => task === 'read');
  const isFresh = read?.ok_at != null && minutesBetween(read.ok_at, now) < line.staleAfterMinutes;
  const mode = isFresh ? (read.outcome?.mode ?? null) : null;
  const inMode = mode === null ? '' : `; the PLC is in mode ${mode}`;
  return { word: 'RUNNING', why: `${atWork(rows, waitsForOdoo(line, rows))}${inMode}`, since: null };
}

/** Why finished batches cannot be completed now; null when none waits, or Odoo answered when it was last asked. */
export function waitsForOdoo(line: Line, rows: readonly QueueRow[]): string | null {
  const odoo = line.odoo?.state();
  if (odoo?.state !== 'down' || !rows.some(({ state }) => state === 'finished' || state === 'pushing')) return null;
  return `finished batches wait for Odoo: ${odoo.error ?? 'it does not answer'}`;
}

/** The PLC has given the batch up; nobody else has yet. */
function failedInPlc({ state, status_manufacturing, status_operation }: QueueRow): boolean {
  return state === 'running' && status_operation === 1 && status_manufacturing === 0;
}

/** The batch that is being dosed and what stands still, for one line of text. */
function atWork(rows: readonly QueueRow[], waits: string | null): string {
  const also = waits === null ? '' : `; ${waits}`;
  const dosing = rows.find(
    (row) => row.state === 'running' && !failedInPlc(row) && Object.values(row.actual ?? {}).some((weight) => weight > 0),
  );
  if (dosing) return `slot ${dosing.batch_no} ${dosing.mo_id} ${dosing.finished_goods ?? ''} is being made`.replace('  ', ' ') + also;
  if (rows.some((row) => row.state === 'running' || (row.state === 'queued' && row.loaded_at !== null)))
    return `the PLC has the next batch${also}`;
  if (rows.some((row) => row.state === 'queued')) return `the recipes are not in the PLC yet${also}`;
  return waits ?? 'finished batches go to Odoo';
}

const TASKS: readonly RecordedTask[] = ['fetch', 'write', 'read', 'complete', 'health'];

function tasksOf(records: readonly TaskRecord[]): Record<string, unknown> {
  const iso = (at: Date | null | undefined): string | null => at?.toISOString() ?? null;
  return Object.fromEntries(
    TASKS.map((task) => {
      const record = records.find((candidate) => candidate.task === task);
      const { started_at, ok_at, error_at, error = null, outcome } = record ?? {};
      const times = { started_at: iso(started_at), ok_at: iso(ok_at), error_at: iso(error_at) };
      return [task, { ...times, error, text: outcome?.text ?? null, rejected: outcome?.rejected ?? [] }];
    }),
  );
}
