import { describe, SmartMoError } from '../errors';
import { type Line, odooOf, plcOf } from '../line/line';
import { NOT_SHOWN } from '../line/odoo-check';
import { quantityOnPlc } from '../line/quantity';
import { isOfTheLink } from '../line/retry';
import type { OdooRecord } from '../odoo/odoo';
import type { Mapping } from '../plc/mapping';
import { readSlots } from '../plc/read-slots';
import type { SlotReading } from '../plc/slot';
import type { QueueRow } from '../queue/batch';

/** What PLC and Odoo show of one batch at this moment. A report is answered without them: a sentence takes their place. */
export interface Shown<T> {
  shown: T | null;
  /** Why nothing is shown; null when something is. */
  text: string | null;
  /** The other side is away or refuses us: it would show nothing of other batches either. */
  away: boolean;
}

/** A batch of the queue or of the history. */
export type AnyBatch = Pick<QueueRow, 'batch_no' | 'mo_id' | 'odoo_id' | 'quantity' | 'uom' | 'materials'>;

/** One value of a slot. What cannot be trusted has no value but a sentence (plc.md, decoding and quality). */
export interface SlotValue {
  /** "actual_weight", a tag, or another field of the map that is bad. */
  field: string;
  value: number | null;
  unit: string | null;
  quality: 'good' | 'bad';
  text: string | null;
}

/** `running`: begun, and neither finished nor failed. */
export interface SlotNow extends Pick<SlotReading, 'slot' | 'mo_id' | 'running' | 'finished' | 'failed' | 'acknowledged'> {
  values: SlotValue[];
}

/** Reads the slot of the batch. Nothing is shown when the slot holds another MO or none: the batch is not there yet, or left. */
export function slotNow(line: Line, batch: AnyBatch, signal: AbortSignal): Promise<Shown<SlotNow>> {
  const { batch_no, mo_id } = batch;
  return ask(async () => {
    const { readings } = await readSlots(plcOf(line), line.mapping, {
      slots: [batch_no],
      orderQuantity: (name) => (name === mo_id ? quantityOnPlc(batch, line.mapping) : undefined),
      signal,
    });
    const [reading] = readings;
    if (!reading || reading.empty) return nothing(`slot ${batch_no} of the PLC is empty`);
    // A name that cannot be read may still be that of the batch.
    if (reading.mo_id !== mo_id && reading.mo_id !== '') return nothing(`slot ${batch_no} of the PLC shows ${reading.mo_id} now`);
    return { shown: viewOf(reading, line.mapping), text: null, away: false };
  });
}

/** Reads the MO from Odoo, with what its moves show as consumed. Two calls. */
export function orderNow(
  line: Line,
  { odoo_id, mo_id }: AnyBatch | Pick<QueueRow, 'odoo_id' | 'mo_id'>,
  signal: AbortSignal,
): Promise<Shown<OdooRecord>> {
  return ask(async () => {
    if (odoo_id === null) return nothing(`${mo_id} has no id of Odoo`);
    const shown = await odooOf(line).readOrder(odoo_id, signal);
    return shown ? { shown, text: null, away: false } : nothing(`${mo_id} ${NOT_SHOWN}`);
  });
}

/** "cancelled in Odoo": a state of an MO in words. */
export function stateInOdoo(state: string): string {
  return `${state === 'cancel' ? 'cancelled' : state} in Odoo`;
}

async function ask<T>(question: () => Promise<Shown<T>>): Promise<Shown<T>> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof SmartMoError) || error.code === 'CLOSED') throw error;
    return { shown: null, text: describe(error), away: isOfTheLink(error) };
  }
}

function nothing<T>(text: string): Shown<T> {
  return { shown: null, text, away: false };
}

function viewOf(
  { slot, mo_id, running, finished, failed, acknowledged, actual_weight, materials, bad }: SlotReading,
  mapping: Mapping,
): SlotNow {
  const values = new Map<string, SlotValue>();
  const good = (field: string, value: number | null | undefined, unit: string): void => {
    if (value != null) values.set(field, { field, value, unit, quality: 'good', text: null });
  };
  good('actual_weight', actual_weight, mapping.weightUnit);
  for (const tag of mapping.tags) good(tag, materials[tag], mapping.unitOf(tag));
  for (const { field, text } of bad) values.set(field, { field, value: null, unit: null, quality: 'bad', text });
  const isRunning = running && !finished && !failed;
  return { slot, mo_id, running: isRunning, finished, failed, acknowledged, values: [...values.values()] };
}
