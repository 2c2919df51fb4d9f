import { describe } from '../errors';
import { blockedSince, firstBlocking, isBlocked, waitsSince } from '../line/gate';
import type { Line } from '../line/line';
import { mapChangedText } from '../line/map-changed';
import type { OpenAlarm } from '../queue/alarms';
import { codeOf, failedInPlc, isDosing, type QueueRow } from '../queue/batch';
import { nameOf, standing, withoutName } from '../queue/batch-words';
import type { AlarmCode } from './alarm-codes';
import type { Links } from './links';
import type { Snapshot } from './snapshot';
import { isInPlc, standsStill } from './still';
import { isTurnedAway, turnedAwayText } from './turned-away';
import { unread } from './unread';

/** One word for the whole line, as the dashboard shows it. */
export type Word = 'RUNNING' | 'STARTING' | 'WAITING FOR MO' | 'BLOCKED' | 'ON HOLD' | 'OBSERVE' | 'NO PLC' | 'NO DATABASE';

export type Level = 'ok' | 'warning' | 'critical';

/** A light that is well over a line that stands still would be a lie (invariant I14). */
const LEVELS: Record<Word, Level> = {
  RUNNING: 'ok',
  STARTING: 'ok',
  'WAITING FOR MO': 'ok',
  OBSERVE: 'warning',
  'ON HOLD': 'warning',
  BLOCKED: 'critical',
  'NO PLC': 'critical',
  'NO DATABASE': 'critical',
};

export function worst(alarms: readonly Pick<OpenAlarm, 'severity'>[]): Level {
  if (alarms.some(({ severity }) => severity === 'critical')) return 'critical';
  return alarms.some(({ severity }) => severity === 'warning') ? 'warning' : 'ok';
}

/** What the band says: the word, or more than it where RUNNING is no comfort. */
export type Headline = Word | 'STANDS STILL' | 'WAITS FOR ODOO';

export interface Said {
  word: Word;
  headline: Headline;
  why: string;
  level: Level;
  since: Date | null;
  /** The alarm that tells of the same trouble, and since when. */
  alarm: AlarmCode | null;
}

/** What the line is doing, why, and since when where something is wrong. */
export function wordFor(line: Line, snapshot: Snapshot, { database, plc }: Links, stuckAfterMinutes: number): Said {
  const { rows, hold, mapChanged: isMapChanged, now } = snapshot;
  const say = (word: Word, why: string, since: Date | null = null, alarm: AlarmCode | null = null): Said => ({
    word,
    headline: word,
    why,
    level: LEVELS[word],
    since,
    alarm,
  });
  if (database.state === 'down') return say('NO DATABASE', database.error ?? '', database.since, 'database-down');
  if (line.mapProblem) return say('BLOCKED', describe(line.mapProblem), null, 'map-invalid');
  if (line.mode === 'observe') return say('OBSERVE', 'everything is read and shown, nothing is written');
  if (hold) return say('ON HOLD', hold.reason, hold.since, 'on-hold');
  if (isMapChanged) return say('ON HOLD', mapChangedText(line.line), null, 'map-changed');
  if (plc.state === 'down') return say('NO PLC', plc.error ?? '', plc.since, 'plc-down');
  if (rows.length === 0) return say('WAITING FOR MO', 'the queue is empty');
  const notAsked = hasYetToLook(line, snapshot);
  if (notAsked !== null) return say('STARTING', notAsked);
  if (isBlocked(rows, now.database, stuckAfterMinutes)) {
    // Where one is begun that does not go on, those behind it only wait their turn.
    const inWork = rows.some(({ state }) => state === 'failed') ? undefined : (rows.find(isDosing) ?? rows.find(failedInPlc));
    const first = inWork ?? firstBlocking(rows);
    return say('BLOCKED', blockedBy(first, rows), blockedSince(rows), 'gate-blocked');
  }
  const missing = unread(line, snapshot);
  if (missing) return say('NO PLC', missing.text, missing.since, 'plc-down');
  const broken = rows.find(failedInPlc);
  if (broken && rows.every((row) => row.state === 'failed' || failedInPlc(row)))
    return say('BLOCKED', `${nameOf(broken)}: ${standing(broken)}`, null, 'failed-bit');
  const still = standsStill(line, snapshot, stuckAfterMinutes);
  const troubles = [still, waitsForOdoo(line, rows), turnedAwayText(line, rows, now.database)].filter((trouble) => trouble !== null);
  const work = still === null ? atWork(rows, troubles.length > 0) : [];
  const running = say('RUNNING', [...troubles, ...work, ...modeOf(snapshot)].join('; '));
  if (troubles.length === 0) return running;
  const headline = still !== null ? 'STANDS STILL' : onlyOdooIsLeft(line, rows) ? 'WAITS FOR ODOO' : 'RUNNING';
  return { ...running, headline, level: 'warning' };
}

function blockedBy(first: QueueRow, rows: readonly QueueRow[]): string {
  const failed = rows.filter(({ state }) => state === 'failed');
  const others = failed.length > 1 ? ` and ${failed.length - 1} more` : '';
  return `${nameOf(first)}${others}: ${withoutName(first, first.last_error ?? standing(first))}`;
}

/**
 * After a start the tables tell what was, and nobody has asked the PLC what is: "blocked for two hours" may be the time that
 * Node-RED was off. null: somebody has asked, nobody will, or there is nothing to ask. The age of a row is told by the database
 * clock, that of this process by its own: the two clocks may differ.
 */
export function hasYetToLook(line: Line, { rows, tasks, now }: Snapshot): string | null {
  const last = tasks.find(({ task }) => task === 'read');
  const uptime = now.process.getTime() - line.startedAt.getTime();
  const hasLooked = last?.started_at != null && last.started_at >= line.startedAt;
  const isNews = rows.every(({ created_at, state }) => state === 'failed' || now.database.getTime() - created_at.getTime() <= uptime);
  if ((!line.plc && !last) || hasLooked || isNews || uptime >= line.staleAfterMinutes * 60_000) return null;
  return `${rows.length} ${rows.length === 1 ? 'batch is' : 'batches are'} in the queue; the PLC has not been read since the start`;
}

/** Why finished batches cannot be completed now; null when none waits, or Odoo answered when it was last asked. */
function waitsForOdoo(line: Line, rows: readonly QueueRow[]): string | null {
  const odoo = line.odoo?.state();
  if (odoo?.state !== 'down' || !rows.some(({ state }) => state === 'finished' || state === 'pushing')) return null;
  return `finished batches wait for Odoo: ${odoo.error ?? 'it does not answer'}`;
}

/** Nothing of the queue is in the PLC or on its way there, and Odoo lets none of the rest go on. */
function onlyOdooIsLeft(line: Line, rows: readonly QueueRow[]): boolean {
  const isAway = line.odoo?.state().state === 'down';
  const waits = (row: QueueRow): boolean =>
    row.state !== 'queued' &&
    row.state !== 'running' &&
    (isAway || (codeOf(row.last_error).startsWith('ODOO_') && isTurnedAway(line, row)));
  return rows.every((row) => row.state === 'failed' || failedInPlc(row) || waits(row));
}

/** The batch that is being dosed, or what comes next, for one line of text. */
function atWork(rows: readonly QueueRow[], isInTrouble: boolean): string[] {
  const [made] = rows.filter(isDosing).sort((a, b) => waitsSince(b).getTime() - waitsSince(a).getTime());
  if (made) return [[nameOf(made), made.finished_goods, 'is being made'].filter(Boolean).join(' ')];
  if (rows.some(isInPlc)) return ['the PLC has the next batch'];
  if (rows.some(({ state }) => state === 'queued')) return ['the recipes are not in the PLC yet'];
  return isInTrouble ? [] : ['finished batches go to Odoo'];
}

/** What the PLC showed as its mode. Of a read that is too old to believe the word would be another one. */
function modeOf({ tasks }: Snapshot): string[] {
  const mode = tasks.find(({ task }) => task === 'read')?.outcome?.mode ?? null;
  return mode === null ? [] : [`the PLC is in mode ${mode}`];
}
