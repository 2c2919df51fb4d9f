import { SmartMoError } from '../errors';
import type { LinkState } from '../odoo/odoo';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';
import { queueRows } from '../queue/rows';
import { changeAlarm, changedInOdoo } from '../line/odoo-check';
import type { Line } from '../line/line';
import { overheard } from './links';
import { FROM_ODOO, isAskedAbout, seenAlarms } from './seen-alarms';
import type { Snapshot } from './snapshot';
import { isOfOdooLink } from './turned-away';

/**
 * Looks at everything that can be stuck, and makes the open alarms of the line what they are now. Asks Odoo for the
 * state of every queued MO in one call: an MO that a person cancelled, changed or finished there is told at once.
 */
export async function checkHealth(line: Line, snapshot: Snapshot, stuckAfterMinutes: number, signal: AbortSignal): Promise<void> {
  const changed = await askOdoo(line, snapshot, signal);
  const { codes, open } = seenAlarms(line, snapshot, stuckAfterMinutes);
  const all = changed ? [...codes, ...FROM_ODOO] : codes;
  await settleAlarms(line.database, line.line, all, [...open, ...(changed ?? [])]);
}

/** null when Odoo could not be asked: what was raised before stays. */
async function askOdoo(line: Line, snapshot: Snapshot, signal: AbortSignal): Promise<OpenAlarm[] | null> {
  const { rows } = snapshot;
  const open = rows.filter(isAskedAbout);
  if (!line.odoo) return null;
  try {
    // With an empty queue nobody else would notice that Odoo is back; with batches that wait for it, nobody that it is away.
    if (open.length === 0 && (isInDoubt(line.odoo.state(), rows) || overheard(line, snapshot))) await line.odoo.probe(signal);
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
