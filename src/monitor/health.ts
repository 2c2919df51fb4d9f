import { SmartMoError } from '../errors';
import type { LinkState } from '../odoo/odoo';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';
import { changedInOdoo } from '../line/odoo-check';
import { isBlocked } from '../line/gate';
import type { Line } from '../line/line';
import type { AlarmCode } from './alarm-codes';
import type { Snapshot } from './snapshot';

/** Alarms that the monitor alone raises and clears, from what the tables and the links show now. */
const FROM_ROWS = ['stuck', 'not-pushed', 'failed-batch', 'gate-blocked', 'on-hold'] as const satisfies readonly AlarmCode[];
const FROM_ODOO = ['mo-cancelled-in-odoo', 'mo-changed-in-odoo', 'mo-done-in-odoo'] as const satisfies readonly AlarmCode[];
const ODOO_LINK = ['odoo-down', 'odoo-auth', 'odoo-key-expired', 'odoo-version-changed'] as const satisfies readonly AlarmCode[];
const PLC_LINK = ['plc-down', 'plc-stopped', 'map-version'] as const satisfies readonly AlarmCode[];

/**
 * Looks at everything that can be stuck, and makes the open alarms of the line what they are now. Asks Odoo for the
 * state of every queued MO in one call: an MO that a person cancelled, changed or finished there is told at once.
 */
export async function checkHealth(line: Line, snapshot: Snapshot, stuckAfterMinutes: number, signal: AbortSignal): Promise<void> {
  const settle = (codes: readonly string[], open: OpenAlarm[]): Promise<void> => settleAlarms(line.database, line.line, codes, open);
  await settle(FROM_ROWS, alarmsOfRows(line, snapshot, stuckAfterMinutes));
  const changed = await askOdoo(line, snapshot.rows, signal);
  if (changed) await settle(FROM_ODOO, changed);
  // A link that this process has not used says nothing: another process may know better.
  const odoo = line.odoo?.state();
  if (odoo && odoo.state !== 'unknown') await settle(ODOO_LINK, linkAlarms(odoo, odooCode(odoo), 'Odoo'));
  const plc = line.plc?.state();
  if (plc && plc.state !== 'unknown') await settle(PLC_LINK, linkAlarms(plc, 'plc-down', 'the PLC'));
}

function alarmsOfRows(line: Line, { rows, hold }: Snapshot, stuckAfterMinutes: number): OpenAlarm[] {
  const now = line.clock.now();
  const alarms: OpenAlarm[] = [];
  for (const row of rows) {
    const slot = `slot ${row.batch_no} ${row.mo_id}`;
    const minutes = Math.floor((now.getTime() - row.updated_at.getTime()) / 60_000);
    const add = (code: AlarmCode, severity: OpenAlarm['severity'], text: string): void => {
      alarms.push({ code, severity, text, mo_id: row.mo_id, batch_no: row.batch_no, value: null });
    };
    if (row.state === 'failed') add('failed-batch', 'critical', `${slot}: ${row.last_error ?? 'failed'}`);
    else if (row.last_error !== null && row.state !== 'pushed') add('not-pushed', 'warning', `${slot}: ${row.last_error}`);
    if (row.state === 'running' && minutes >= stuckAfterMinutes)
      add('stuck', 'warning', `${slot}: nothing has changed since ${minutes} min`);
  }
  if (isBlocked(rows, now, stuckAfterMinutes)) {
    const why = rows.every((row) => row.state === 'failed')
      ? 'only failed batches are left'
      : `no batch has changed for ${stuckAfterMinutes} min`;
    alarms.push(ofLine('gate-blocked', 'critical', `${why}: ${rows.map((row) => `slot ${row.batch_no} ${row.mo_id}`).join(', ')}`));
  }
  if (hold) alarms.push(ofLine('on-hold', 'warning', `line on hold: ${hold.reason} (${hold.actor})`));
  return alarms;
}

function ofLine(code: AlarmCode, severity: OpenAlarm['severity'], text: string): OpenAlarm {
  return { code, severity, text, mo_id: '', batch_no: null, value: null };
}

/** null when Odoo could not be asked: what was raised before stays. */
async function askOdoo(line: Line, rows: readonly QueueRow[], signal: AbortSignal): Promise<OpenAlarm[] | null> {
  // A pushed batch is done in Odoo by our own hand; one that is being cancelled is cancelled by it.
  const open = rows.filter((row) => row.odoo_id !== null && ['queued', 'running', 'finished'].includes(row.state));
  if (!line.odoo) return null;
  if (open.length === 0) return [];
  try {
    const states = await line.odoo.readStates(
      open.flatMap((row) => (row.odoo_id === null ? [] : [row.odoo_id])),
      signal,
    );
    return open.flatMap((row) => {
      const change = row.odoo_id === null ? null : changedInOdoo(row, states.get(row.odoo_id));
      return change ? [{ ...change, severity: 'critical' as const, mo_id: row.mo_id, batch_no: row.batch_no, value: null }] : [];
    });
  } catch (error) {
    if (error instanceof SmartMoError && error.code !== 'CLOSED') return null;
    throw error;
  }
}

function odooCode({ error }: LinkState): AlarmCode {
  if (error?.startsWith('ODOO_AUTH')) return 'odoo-auth';
  if (error?.startsWith('ODOO_KEY_EXPIRED')) return 'odoo-key-expired';
  return error?.startsWith('ODOO_VERSION_CHANGED') ? 'odoo-version-changed' : 'odoo-down';
}

function linkAlarms(link: LinkState, code: AlarmCode, who: string): OpenAlarm[] {
  return link.state === 'down' ? [ofLine(code, 'critical', link.error ?? `${who} does not answer`)] : [];
}
