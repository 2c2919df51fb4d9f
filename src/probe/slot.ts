import { type Mapping, readField, type SlotField } from '../plc/mapping';
import type { SlotReading } from '../plc/slot';
import { notations } from '../plc/notations';
import type { ProbeDetail } from './probe';

/** One slot as it was read, judged like at every read, with each field where it lies. */
export interface SlotView {
  reading: SlotReading;
  fields: ProbeDetail[];
}

/**
 * Decodes the words of a slot of the read area field by field. No queue is asked: the upper limits follow from the
 * quantity that the slot itself shows for its order.
 */
export function viewSlot(mapping: Mapping, slot: number, words: readonly number[]): SlotView {
  const ordered = quantityIn(mapping, words);
  const reading = mapping.decodeSlot(slot, words, () => ordered);
  const base = mapping.slotAddress('read', slot);
  const fields = mapping.fields.map((field): ProbeDetail => {
    const raw = words.slice(field.at, field.at + field.coding.words);
    const bit = field.coding.type === 'bit' ? ` bit ${field.coding.bit}` : '';
    const complaint = reading.bad.find((bad) => bad.field === field.name);
    const value = complaint ? `BAD: ${complaint.text}` : valueOf(field, words);
    return { label: field.name, value: `${notations(mapping.read.function, base + field.at)}${bit} [${raw.join(', ')}] ${value}` };
  });
  return { reading, fields };
}

function quantityIn(mapping: Mapping, words: readonly number[]): number | undefined {
  const field = mapping.field('quantity');
  const quantity = field && readField(field, words);
  return quantity?.ok && typeof quantity.value === 'number' && quantity.value > 0 ? quantity.value : undefined;
}

function valueOf(field: SlotField, words: readonly number[]): string {
  const decoded = readField(field, words);
  if (!decoded.ok) return `BAD: ${decoded.reason}`;
  if (typeof decoded.value === 'string') return `"${decoded.value}"`;
  const named = field.values?.[String(decoded.value)];
  const unit = field.isMaterial || field.name === 'quantity' || field.name === 'actual_weight' ? ` ${field.unit}` : '';
  return named === undefined ? `${decoded.value}${unit}` : `${decoded.value} = ${named}`;
}
