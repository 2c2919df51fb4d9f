import { describe, SmartMoError } from '../errors';
import type { OdooState } from '../odoo/odoo';
import type { Plc } from '../plc/plc';
import { readSlots } from '../plc/read-slots';
import type { SlotReading } from '../plc/slot';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';
import { addEvent } from '../queue/events';
import { unknownMo } from './assess';
import { currentHold, holdForStrangers } from './hold';
import { type Line, odooOf } from './line';
import { changeAlarm, changedInOdoo } from './odoo-check';
import type { Run } from './run';
import { knownMeanwhile } from './strangers';

/** A recipe that must not go to the PLC, with the sentence for the operator. */
export interface NotLoaded {
  batch_no: number;
  mo_id: string;
  code: string;
  text: string;
}

export interface Checked {
  good: QueueRow[];
  notLoaded: NotLoaded[];
}

/**
 * What the PLC shows decides before the first word is written: an MO that another slot still has would be made twice, and an MO
 * that nobody knows may mean that an older database was restored. That slot of an MO's own is looked at by the handshake.
 */
export async function checkInPlc(
  line: Line,
  plc: Plc,
  run: Run,
  rows: readonly QueueRow[],
  toLoad: readonly QueueRow[],
): Promise<Checked | { hold: string }> {
  const { readings } = await readSlots(plc, line.mapping, {
    orderQuantity: () => undefined,
    signal: run.signal,
    before: line.lastReadings,
  });
  const shown = readings.filter(({ empty, mo_id }) => !empty && mo_id !== '');

  const queued = new Set(rows.map((row) => row.mo_id));
  const others = shown.filter(({ mo_id }) => !queued.has(mo_id));
  const { arrived, inHistory } = await knownMeanwhile(
    line,
    rows,
    others.map(({ mo_id }) => mo_id),
  );
  await holdForStrangers(line, others.filter(({ mo_id }) => !arrived.has(mo_id) && !inHistory.has(mo_id)).map(unknownMo));
  const hold = await currentHold(line);
  if (hold) return { hold: hold.reason };

  const checked: Checked = { good: [], notLoaded: [] };
  for (const row of toLoad) {
    const elsewhere = shown.find((reading) => reading.slot !== row.batch_no && reading.mo_id === row.mo_id && !isOver(reading));
    if (!elsewhere) checked.good.push(row);
    else {
      const text = `slot ${elsewhere.slot} of the PLC still has ${row.mo_id}; end it there before it is loaded into slot ${row.batch_no}`;
      checked.notLoaded.push({ batch_no: row.batch_no, mo_id: row.mo_id, code: 'wrong-slot', text });
    }
  }
  return checked;
}

function isOver(reading: SlotReading): boolean {
  return (reading.finished || reading.failed) && reading.acknowledged === true;
}

/** Rows that may be loaded, and those whose MO was cancelled, deleted or changed in Odoo since it was queued. */
export async function checkInOdoo(line: Line, run: Run, check: 'prefer' | 'require' | 'off', rows: readonly QueueRow[]): Promise<Checked> {
  if (check === 'off' || (check === 'prefer' && !line.odoo)) return { good: [...rows], notLoaded: [] };
  let states: Map<number, OdooState>;
  try {
    states = await odooOf(line).readStates(idsOf(rows), run.signal);
  } catch (error) {
    if (check === 'require' || !(error instanceof SmartMoError) || error.code === 'CLOSED') throw error;
    // The plant goes on when the ERP is down; the event says that nobody looked.
    await addEvent(line.database, {
      line: line.line,
      mo_id: null,
      event: 'refused',
      actor: run.actor,
      detail: { what: 'check before loading', error: describe(error), batches: rows.map((row) => row.mo_id) },
    });
    return { good: [...rows], notLoaded: [] };
  }
  const good: QueueRow[] = [];
  const notLoaded: NotLoaded[] = [];
  const alarms: OpenAlarm[] = [];
  for (const row of rows) {
    const trouble = changedInOdoo(row, row.odoo_id === null ? undefined : states.get(row.odoo_id));
    if (!trouble) {
      good.push(row);
      continue;
    }
    const { code, text } = trouble;
    notLoaded.push({ batch_no: row.batch_no, mo_id: row.mo_id, code, text });
    alarms.push(changeAlarm(row, trouble));
  }
  // Raised here, cleared by the monitor, which looks at every queued MO.
  await settleAlarms(line.database, line.line, [], alarms);
  return { good, notLoaded };
}

function idsOf(rows: readonly QueueRow[]): number[] {
  return rows.flatMap((row) => (row.odoo_id === null ? [] : [row.odoo_id]));
}
