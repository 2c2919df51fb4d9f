import { minutesBetween } from '../clock';
import { describe, SmartMoError } from '../errors';
import type { LinkState } from '../odoo/odoo';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import { type BatchState, codeOf, type QueueRow } from '../queue/batch';
import { queueRows } from '../queue/rows';
import { changeAlarm, changedInOdoo } from '../line/odoo-check';
import { blockedSince, isBlocked, waitsSince } from '../line/gate';
import type { Line } from '../line/line';
import { mapChangedText } from '../line/map-changed';
import { type AlarmCode, failureOf, NOT_READ, ODOO_LINK, PLC_LINK } from './alarm-codes';
import { linksOf, refusedReads, type Snapshot } from './snapshot';
import { isOfOdooLink, isTurnedAway } from './turned-away';
import { unread } from './unread';
import { hasYetToLook, isDosing } from './word';

/** Alarms that the monitor alone raises and clears, from what the tables and the links show now. */
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
const FROM_ODOO = ['mo-cancelled-in-odoo', 'mo-changed-in-odoo', 'mo-done-in-odoo'] as const satisfies readonly AlarmCode[];
/** What only who has read the PLC since the start may say. */
const NEEDS_A_LOOK: ReadonlySet<string> = new Set<AlarmCode>(['stuck', 'gate-blocked']);
/** Errors of a task that are alarms of their own. */
const FROM_TASKS: Record<string, AlarmCode> = { MAP_VERSION: 'map-version', PLC_STOPPED: 'plc-stopped' };

/** A queued batch may wait for hours, a failed one has its own alarm; these go on by themselves, or something is wrong. */
const WAITS_FOR_NOBODY: ReadonlySet<BatchState> = new Set(['running', 'finished', 'pushing', 'pushed', 'cancelling']);

/**
 * Looks at everything that can be stuck, and makes the open alarms of the line what they are now. Asks Odoo for the
 * state of every queued MO in one call: an MO that a person cancelled, changed or finished there is told at once.
 */
export async function checkHealth(line: Line, snapshot: Snapshot, stuckAfterMinutes: number, signal: AbortSignal): Promise<void> {
  const settle = (codes: readonly string[], open: OpenAlarm[]): Promise<void> => settleAlarms(line.database, line.line, codes, open);
  const changed = await askOdoo(line, snapshot.rows, signal);
  // What the tables remember is old where nobody has looked at the PLC yet, or nobody can.
  const isKnown = !line.mapProblem && hasYetToLook(line, snapshot, line.clock.now()) === null;
  const counts = (code: string): boolean => isKnown || !NEEDS_A_LOOK.has(code);
  await settle(
    FROM_ROWS.filter(counts),
    alarmsOfRows(line, snapshot, stuckAfterMinutes).filter(({ code }) => counts(code)),
  );
  if (changed) await settle(FROM_ODOO, changed);
  // A link that this process has not used says nothing: another process may know better.
  const links = linksOf(line, snapshot);
  const odoo = line.odoo && { ...line.odoo.state(), since: links.odoo.since };
  if (odoo && odoo.state !== 'unknown') {
    await settle(ODOO_LINK, [...linkAlarms(odoo, odooCode(odoo), 'Odoo'), ...upgraded(line)]);
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
  await settle(plc?.state === 'unknown' || (down.length === 0 && !isKnown) ? [] : PLC_LINK, down);
}

function alarmsOfRows(line: Line, { rows, hold, tasks, mapChanged }: Snapshot, stuckAfterMinutes: number): OpenAlarm[] {
  const now = line.clock.now();
  const alarms: OpenAlarm[] = [];
  for (const row of rows) {
    const since = waitsSince(row);
    const minutes = minutesBetween(since, now);
    const add = (code: AlarmCode, severity: OpenAlarm['severity'], text: string, value: string | null, since: Date | null): void => {
      alarms.push({
        code,
        severity,
        text: `slot ${row.batch_no} ${row.mo_id}: ${text}`,
        mo_id: row.mo_id,
        batch_no: row.batch_no,
        value,
        since,
      });
    };
    if (row.state === 'failed') add('failed-batch', 'critical', row.last_error ?? 'failed', failureOf(row), since);
    else if (isTurnedAway(line, row)) add('not-pushed', 'warning', row.last_error ?? '', codeOf(row.last_error), null);
    if (WAITS_FOR_NOBODY.has(row.state) && !waitsItsTurn(row, rows) && minutes >= stuckAfterMinutes && !waitsForLink(line, row))
      add('stuck', 'warning', `${row.state}, nothing has changed for ${minutes} min`, null, since);
  }
  if (isBlocked(rows, now, stuckAfterMinutes)) {
    const why = rows.every((row) => row.state === 'failed')
      ? 'only failed batches are left'
      : `no batch has changed for ${stuckAfterMinutes} min`;
    alarms.push(ofLine('gate-blocked', 'critical', `${why}: slot ${rows.map(({ batch_no }) => batch_no).join(', ')}`, blockedSince(rows)));
  }
  if (hold) alarms.push(ofLine('on-hold', 'warning', `line on hold: ${hold.reason} (${hold.actor})`, hold.since));
  if (line.mapProblem) alarms.push(ofLine('map-invalid', 'critical', describe(line.mapProblem)));
  if (mapChanged) alarms.push(ofLine('map-changed', 'critical', mapChangedText(line.line)));
  for (const { error, error_at } of tasks) {
    const code = FROM_TASKS[codeOf(error)];
    if (code && error !== null) alarms.push(ofLine(code, 'critical', error, error_at));
  }
  return alarms;
}

function waitsForLink(line: Line, { state }: QueueRow): boolean {
  const link = state === 'running' ? line.plc : state === 'pushed' ? null : line.odoo;
  return link?.state().state === 'down';
}

/** The PLC shows every recipe that was loaded, and makes one after the other: only one that it has begun with can be stuck there. */
function waitsItsTurn(row: QueueRow, rows: readonly QueueRow[]): boolean {
  return row.state === 'running' && row.status_operation === 0 && !isDosing(row) && rows.some(isDosing);
}

function ofLine(code: AlarmCode, severity: OpenAlarm['severity'], text: string, since: Date | null = null): OpenAlarm {
  return { code, severity, text, mo_id: '', batch_no: null, value: null, since };
}

/** null when Odoo could not be asked: what was raised before stays. */
async function askOdoo(line: Line, rows: readonly QueueRow[], signal: AbortSignal): Promise<OpenAlarm[] | null> {
  // A pushed batch is done in Odoo by our own hand; one that is being cancelled is cancelled by it.
  const open = rows.filter((row) => row.odoo_id !== null && ['queued', 'running', 'finished'].includes(row.state));
  if (!line.odoo) return null;
  try {
    // With an empty queue nobody else would notice that Odoo is back; with batches that wait for it, nobody that it is away.
    if (open.length === 0 && isInDoubt(line.odoo.state(), rows)) await line.odoo.probe(signal);
    if (open.length === 0) return [];
    const states = await line.odoo.readStates(
      open.flatMap((row) => (row.odoo_id === null ? [] : [row.odoo_id])),
      signal,
    );
    // What changed while Odoo was asked may be our own doing: a push, a cancellation.
    const now = new Map((await queueRows(line.database, line.line)).map((row) => [row.id, row.row_version]));
    return open.flatMap((row) => {
      if (row.odoo_id === null || now.get(row.id) !== row.row_version) return [];
      const change = changedInOdoo(row, states.get(row.odoo_id));
      return change ? [changeAlarm(row, change)] : [];
    });
  } catch (error) {
    if (error instanceof SmartMoError && error.code.startsWith('ODOO_')) return null;
    throw error;
  }
}

function isInDoubt({ state }: LinkState, rows: readonly QueueRow[]): boolean {
  return state === 'down' || (state === 'unknown' && rows.some(isOfOdooLink));
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
  return [ofLine('odoo-version-changed', 'info', `Odoo was upgraded from ${upgrade.from} to ${upgrade.to}; its new names are in use`)];
}

function linkAlarms(link: LinkState, code: AlarmCode, who: string): OpenAlarm[] {
  return link.state === 'down' ? [ofLine(code, 'critical', link.error ?? `${who} does not answer`, link.since)] : [];
}
