import { minutesBetween } from '../clock';
import { SmartMoError } from '../errors';
import type { LinkState } from '../odoo/odoo';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import { type BatchState, codeOf, type QueueRow } from '../queue/batch';
import { queueRows } from '../queue/rows';
import { changeAlarm, changedInOdoo } from '../line/odoo-check';
import { isBlocked, waitsSince } from '../line/gate';
import type { Line } from '../line/line';
import { mapChangedText } from '../line/map-changed';
import { type AlarmCode, failureOf, NOT_READ } from './alarm-codes';
import { refusedReads, type Snapshot } from './snapshot';

/** Alarms that the monitor alone raises and clears, from what the tables and the links show now. */
const FROM_ROWS = [
  'stuck',
  'not-pushed',
  'failed-batch',
  'gate-blocked',
  'on-hold',
  'map-changed',
  'map-version',
  'plc-stopped',
] as const satisfies readonly AlarmCode[];
const FROM_ODOO = ['mo-cancelled-in-odoo', 'mo-changed-in-odoo', 'mo-done-in-odoo'] as const satisfies readonly AlarmCode[];
const ODOO_LINK = ['odoo-down', 'odoo-auth', 'odoo-key-expired', 'odoo-version-changed'] as const satisfies readonly AlarmCode[];
/** Errors of a batch that are the state of the link. */
const ODOO_LINK_ERRORS: ReadonlySet<string> = new Set(['ODOO_UNREACHABLE', 'ODOO_AUTH', 'ODOO_KEY_EXPIRED', 'ODOO_VERSION_CHANGED']);
const PLC_LINK = ['plc-down'] as const satisfies readonly AlarmCode[];
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
  await settle(FROM_ROWS, alarmsOfRows(line, snapshot, stuckAfterMinutes));
  if (changed) await settle(FROM_ODOO, changed);
  // A link that this process has not used says nothing: another process may know better.
  const odoo = line.odoo?.state();
  if (odoo && odoo.state !== 'unknown') {
    await settle(ODOO_LINK, [...linkAlarms(odoo, odooCode(odoo), 'Odoo'), ...upgraded(line)]);
  }
  const plc = line.plc?.state();
  const refused = refusedReads(snapshot.tasks);
  const down = plc ? linkAlarms(plc, 'plc-down', 'the PLC') : [];
  if (down.length === 0 && refused && codeOf(refused.error) !== 'PLC_STOPPED') down.push(ofLine('plc-down', 'critical', refused.error));
  for (const alarm of down) alarm.value = codeOf(alarm.text);
  await settle(plc?.state === 'unknown' ? [] : PLC_LINK, down.length > 0 ? down : unread(line, snapshot));
}

/** A dead PLC, or a reader that nobody triggers, must not look like a calm one (plc.md, reading; invariant I14). */
function unread(line: Line, { rows, tasks }: Snapshot): OpenAlarm[] {
  const [first] = rows;
  if (!first) return [];
  const last = tasks.find((record) => record.task === 'read');
  // Without a PLC the slots come in messages, or nobody reads them at all.
  if (!line.plc && !last) return [];
  const since = last?.ok_at ?? first.created_at;
  const minutes = minutesBetween(since, line.clock.now());
  if (minutes < line.staleAfterMinutes) return [];
  const text = `batches are in the queue, but the PLC was not read for ${minutes} min; check that the node "read batches" ${line.plc ? 'is triggered' : 'gets its messages'}`;
  return [{ ...ofLine('plc-down', 'critical', text), value: NOT_READ }];
}

function alarmsOfRows(line: Line, { rows, hold, tasks, mapChanged }: Snapshot, stuckAfterMinutes: number): OpenAlarm[] {
  const now = line.clock.now();
  const alarms: OpenAlarm[] = [];
  for (const row of rows) {
    const slot = `slot ${row.batch_no} ${row.mo_id}`;
    const minutes = minutesBetween(waitsSince(row), now);
    const add = (code: AlarmCode, severity: OpenAlarm['severity'], text: string, value: string | null = null): void => {
      alarms.push({ code, severity, text, mo_id: row.mo_id, batch_no: row.batch_no, value });
    };
    if (row.state === 'failed') add('failed-batch', 'critical', `${slot}: ${row.last_error ?? 'failed'}`, failureOf(row));
    else if (row.last_error !== null && row.state !== 'pushed' && !isToldByLink(line, row))
      add('not-pushed', 'warning', `${slot}: ${row.last_error}`, codeOf(row.last_error));
    if (WAITS_FOR_NOBODY.has(row.state) && minutes >= stuckAfterMinutes && !waitsForLink(line, row))
      add('stuck', 'warning', `${slot}: ${row.state}, nothing has changed for ${minutes} min`);
  }
  if (isBlocked(rows, now, stuckAfterMinutes)) {
    const why = rows.every((row) => row.state === 'failed')
      ? 'only failed batches are left'
      : `no batch has changed for ${stuckAfterMinutes} min`;
    alarms.push(ofLine('gate-blocked', 'critical', `${why}: slot ${rows.map(({ batch_no }) => batch_no).join(', ')}`));
  }
  if (hold) alarms.push(ofLine('on-hold', 'warning', `line on hold: ${hold.reason} (${hold.actor})`));
  if (mapChanged) alarms.push(ofLine('map-changed', 'critical', mapChangedText(line.line)));
  for (const { error } of tasks) {
    const code = FROM_TASKS[codeOf(error)];
    if (code && error !== null) alarms.push(ofLine(code, 'critical', error));
  }
  return alarms;
}

/** One cause, one alarm: an Odoo that is away is told as odoo-down, not once more by every batch that waits for it. */
function isToldByLink(line: Line, { last_error, updated_at }: QueueRow): boolean {
  if (!ODOO_LINK_ERRORS.has(codeOf(last_error))) return false;
  const { state, since } = line.odoo?.state() ?? { state: 'unknown', since: null };
  // Of an Odoo that is back only what failed since then is news.
  return state !== 'ok' || (since !== null && updated_at <= since);
}

function waitsForLink(line: Line, { state }: QueueRow): boolean {
  const link = state === 'running' ? line.plc : state === 'pushed' ? null : line.odoo;
  return link?.state().state === 'down';
}

function ofLine(code: AlarmCode, severity: OpenAlarm['severity'], text: string): OpenAlarm {
  return { code, severity, text, mo_id: '', batch_no: null, value: null };
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
  return state === 'down' || (state === 'unknown' && rows.some(({ last_error }) => ODOO_LINK_ERRORS.has(codeOf(last_error))));
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
  return link.state === 'down' ? [ofLine(code, 'critical', link.error ?? `${who} does not answer`)] : [];
}
