import { minutesBetween } from '../clock';
import { describe } from '../errors';
import { blockedSince, isBlocked, waitsSince } from '../line/gate';
import type { Line } from '../line/line';
import { mapChangedText } from '../line/map-changed';
import { changeAlarmNow } from '../line/odoo-check';
import { ROW_ALARMS, rowAlarms } from '../line/row-alarms';
import type { LinkState } from '../odoo/odoo';
import type { AlarmRow, OpenAlarm } from '../queue/alarms';
import { type BatchState, codeOf, failedInPlc, isDosing, type QueueRow } from '../queue/batch';
import { aboutBatch, lookedText, standing } from '../queue/batch-words';
import { type AlarmCode, failureOf, IN_PLC, NO_CHANGE, NOT_READ, ODOO_LINK, PLC_LINK } from './alarm-codes';
import { linksOf, overheard, refusedReads } from './links';
import { byDatabase } from './one-clock';
import type { Snapshot } from './snapshot';
import { isTurnedAway, triedText } from './turned-away';
import { unread } from './unread';
import { hasYetToLook } from './word';

/** Codes whose alarms follow from what tables and links show now. */
const FROM_ROWS = [
  'stuck',
  'not-pushed',
  'failed-batch',
  'gate-blocked',
  'on-hold',
  'map-changed',
  'map-invalid',
  'map-version',
  'plc-stopped',
] as const satisfies readonly AlarmCode[];
/** Alarms about an MO that somebody touched in Odoo: only who asks Odoo sees them. */
export const FROM_ODOO = ['mo-cancelled-in-odoo', 'mo-changed-in-odoo', 'mo-done-in-odoo'] as const satisfies readonly AlarmCode[];
/** What only who has read the PLC since the start may say. */
const NEEDS_A_LOOK: readonly string[] = ['stuck', 'gate-blocked'] satisfies AlarmCode[];
/** What stays as the last read found it while nobody can read, for want of a map. */
const NEEDS_A_MAP: readonly string[] = [...NEEDS_A_LOOK, 'plc-stopped' satisfies AlarmCode];
/** Errors of a task that are alarms of their own. */
const FROM_TASKS: Record<string, AlarmCode> = { MAP_VERSION: 'map-version', PLC_STOPPED: 'plc-stopped' };

/** A queued batch may wait for hours, a failed one has its own alarm; these go on by themselves, or something is wrong. */
const WAITS_FOR_NOBODY: ReadonlySet<BatchState> = new Set(['running', 'finished', 'pushing', 'pushed', 'cancelling']);

/** Batches of which Odoo is asked: a pushed one is done there by our own hand, one that is being cancelled is cancelled by it. */
export function isAskedAbout({ odoo_id, state }: QueueRow): boolean {
  return odoo_id !== null && (state === 'queued' || state === 'running' || state === 'finished');
}

/** What can be said of these codes now: all their alarms that are open. */
export interface SeenAlarms {
  codes: string[];
  open: DatedAlarm[];
}

type DatedAlarm = OpenAlarm & { since: Date };

/** The alarms that tables and links show, worked out without asking anybody. Codes that cannot be judged now are left out. */
export function seenAlarms(line: Line, snapshot: Snapshot, stuckAfterMinutes: number): SeenAlarms {
  // What the tables remember is old where nobody has looked at the PLC yet, or nobody can.
  const isKnown = !line.mapProblem && hasYetToLook(line, snapshot) === null;
  const unknown = line.mapProblem ? NEEDS_A_MAP : NEEDS_A_LOOK;
  const codes: string[] = FROM_ROWS.filter((code) => isKnown || !unknown.includes(code));
  const open = alarmsOfRows(line, snapshot, stuckAfterMinutes);
  // A link that this process has not used says nothing: another process may know better.
  const links = linksOf(line, snapshot);
  const odoo = line.odoo && { ...line.odoo.state(), since: links.odoo.since };
  if (odoo && odoo.state !== 'unknown' && !overheard(line, snapshot)) {
    codes.push(...ODOO_LINK);
    open.push(...linkAlarms(odoo, odooCode(odoo), 'Odoo'), ...upgraded(line));
  }
  const plc = line.plc && { ...line.plc.state(), since: links.plc.since };
  const refused = refusedReads(snapshot.tasks);
  const down = plc ? linkAlarms(plc, 'plc-down', 'the PLC') : [];
  if (down.length === 0 && refused && codeOf(refused.error) !== 'PLC_STOPPED') {
    down.push(ofLine('plc-down', 'critical', refused.error, refused.since));
  }
  for (const alarm of down) alarm.value = codeOf(alarm.text);
  const missing = down.length === 0 && isKnown ? unread(line, snapshot) : null;
  if (missing) down.push({ ...ofLine('plc-down', 'critical', missing.text, missing.since), value: NOT_READ });
  open.push(...down);
  if (plc?.state !== 'unknown' && (down.length > 0 || isKnown)) codes.push(...PLC_LINK);
  return { codes, open: open.filter(({ code }) => codes.includes(code)).map((alarm) => dated(line, snapshot, alarm)) };
}

/**
 * The open alarms as they are at this moment: what tables and links show now, and of the rest what the table of alarms
 * remembers. The table is brought up to date by the tasks, each by its own timer; a page that showed the table alone would show
 * a batch in trouble without its alarm, or an alarm whose batch has left.
 */
export function alarmsNow(line: Line, snapshot: Snapshot, stuckAfterMinutes: number): AlarmRow[] {
  const { rows, alarms } = snapshot;
  const { codes, open } = seenAlarms(line, snapshot, stuckAfterMinutes);
  const judged = new Set<string>([...codes, ...ROW_ALARMS]);
  const touched = new Set<string>(FROM_ODOO);
  const asked = new Map(rows.filter(isAskedAbout).map((row) => [row.mo_id, row]));
  const remembered = alarms.flatMap((alarm) => {
    if (judged.has(alarm.code)) return [];
    if (!touched.has(alarm.code)) return [alarm];
    const row = asked.get(alarm.mo_id);
    return row ? [changeAlarmNow(alarm, row)] : [];
  });
  const ofRows = rowAlarms(line, rows, alarms).map((alarm) => dated(line, snapshot, alarm));
  const seen = [...open, ...ofRows].map((alarm): AlarmRow => ({
    id: sameOf(alarms, alarm)?.id ?? 0,
    line: line.line,
    cleared_at: null,
    ...alarm,
  }));
  return [...remembered, ...seen];
}

/** With the moment since when it is so, which a page shows and the health report writes down: one, or the trouble would grow younger. */
function dated(line: Line, { rows, alarms }: Snapshot, alarm: OpenAlarm): DatedAlarm {
  return { ...alarm, since: alarm.since ?? sameOf(alarms, alarm)?.since ?? firstSeen(line, rows, alarm) };
}

function sameOf(alarms: readonly AlarmRow[], alarm: OpenAlarm): AlarmRow | undefined {
  return alarms.find(({ code, mo_id }) => code === alarm.code && mo_id === alarm.mo_id);
}

function firstSeen(line: Line, rows: readonly QueueRow[], { mo_id }: OpenAlarm): Date {
  return rows.find((row) => row.mo_id === mo_id)?.updated_at ?? byDatabase(line, line.startedAt);
}

function alarmsOfRows(line: Line, { rows, hold, tasks, mapChanged, now }: Snapshot, stuckAfterMinutes: number): OpenAlarm[] {
  const alarms: OpenAlarm[] = [];
  const isOneMade = rows.some(isDosing);
  for (const row of rows) {
    const since = waitsSince(row);
    const minutes = minutesBetween(since, now.database);
    const add = (code: AlarmCode, severity: OpenAlarm['severity'], text: string, value: string | null, since: Date | null): void => {
      alarms.push({
        code,
        severity,
        text: aboutBatch(row, text),
        mo_id: row.mo_id,
        batch_no: row.batch_no,
        value,
        since,
      });
    };
    if (row.state === 'failed') add('failed-batch', 'critical', whyNotCompleted(row), failureOf(row), since);
    else if (isTurnedAway(line, row)) add('not-pushed', 'warning', whyNotCompleted(row), codeOf(row.last_error), null);
    // One that the PLC gave up has an alarm of its own (line/row-alarms).
    const isLate = minutes >= stuckAfterMinutes && WAITS_FOR_NOBODY.has(row.state) && !failedInPlc(row);
    if (isLate && !(isOneMade && waitsItsTurn(row)) && !waitsForLink(line, row))
      add('stuck', 'warning', `${standing(row)}, nothing has changed for ${minutes} min`, row.state === 'running' ? IN_PLC : null, since);
  }
  if (isBlocked(rows, now.database, stuckAfterMinutes)) {
    const slots = `${rows.length === 1 ? 'slot' : 'slots'} ${inWords(rows.map(({ batch_no }) => batch_no))}`;
    const since = blockedSince(rows);
    if (rows.every((row) => row.state === 'failed'))
      alarms.push(
        ofLine('gate-blocked', 'critical', `No new orders are fetched until ${slots} ${rows.length === 1 ? 'is' : 'are'} cleared`, since),
      );
    else {
      const text = `nothing has changed for ${stuckAfterMinutes} min in ${slots}; no new orders are fetched before these batches are through`;
      alarms.push({ ...ofLine('gate-blocked', 'critical', text, since), value: NO_CHANGE });
    }
  }
  if (hold) alarms.push(ofLine('on-hold', 'warning', `line on hold: ${hold.reason} (${hold.actor})`, hold.since));
  if (line.mapProblem) alarms.push(ofLine('map-invalid', 'critical', describe(line.mapProblem)));
  if (mapChanged) alarms.push(ofLine('map-changed', 'critical', mapChangedText(line.line)));
  for (const { error, error_at } of tasks) {
    const code = FROM_TASKS[codeOf(error)];
    // The version that the PLC was compared with went with the map.
    if (code === 'map-version' && line.mapProblem) continue;
    if (code && error !== null) alarms.push(ofLine(code, 'critical', error, error_at));
  }
  return alarms;
}

/** "3, 4 and 10" */
function inWords(slots: readonly number[]): string {
  const last = slots.at(-1) ?? '';
  return slots.length < 2 ? String(last) : `${slots.slice(0, -1).join(', ')} and ${last}`;
}

function whyNotCompleted(row: QueueRow): string {
  return [row.last_error ?? 'failed', lookedText(row) || triedText(row)].filter(Boolean).join('; ');
}

function waitsForLink(line: Line, { state }: QueueRow): boolean {
  const link = state === 'running' ? line.plc : state === 'pushed' ? null : line.odoo;
  return link?.state().state === 'down';
}

/** The PLC shows every recipe that was loaded, and makes one after the other: while it makes one, only that one can be stuck there. */
function waitsItsTurn(row: QueueRow): boolean {
  return row.state === 'running' && !isDosing(row);
}

function ofLine(code: AlarmCode, severity: OpenAlarm['severity'], text: string, since: Date | null = null): OpenAlarm {
  return { code, severity, text, mo_id: '', batch_no: null, value: null, since };
}

function odooCode({ error }: LinkState): AlarmCode {
  if (error?.startsWith('ODOO_AUTH')) return 'odoo-auth';
  if (error?.startsWith('ODOO_KEY_EXPIRED')) return 'odoo-key-expired';
  return error?.startsWith('ODOO_VERSION_CHANGED') ? 'odoo-version-changed' : 'odoo-down';
}

/** Minutes for which an upgrade of Odoo is told. */
const UPGRADE_TOLD = 60;

function upgraded(line: Line): OpenAlarm[] {
  const upgrade = line.odoo?.upgrade();
  if (!upgrade || minutesBetween(upgrade.at, line.clock.now()) >= UPGRADE_TOLD) return [];
  const text = `Odoo was upgraded from ${upgrade.from} to ${upgrade.to}; its new names are in use`;
  return [ofLine('odoo-version-changed', 'info', text, byDatabase(line, upgrade.at))];
}

function linkAlarms(link: LinkState, code: AlarmCode, who: string): OpenAlarm[] {
  return link.state === 'down' ? [ofLine(code, 'critical', link.error ?? `${who} does not answer`, link.since)] : [];
}
