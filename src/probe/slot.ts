import type { Decoded } from '../plc/codec';
import { type CompiledLineField, type Mapping, readField, type SlotField } from '../plc/mapping';
import { notations } from '../plc/notations';
import type { PlcArea } from '../plc/plc';
import type { LineWord } from '../plc/read-slots';
import type { SlotReading } from '../plc/slot';
import type { ProbeDetail } from './probe';

/** One slot as it was read, judged like at every read, with each field where it lies. */
export interface SlotView {
  reading: SlotReading;
  fields: ProbeDetail[];
}

/** One field of a slot: where it lies, in all notations, its words as they came, and what they mean. */
export interface FieldView {
  field: string;
  address: string;
  raw: number[];
  /** With its unit; of a bad value what is wrong with it. */
  value: string;
  quality: 'good' | 'bad';
}

/** The fields of a slot as the Test button of the line lists them. */
export function viewSlot(mapping: Mapping, slot: number, words: readonly number[]): SlotView {
  const { reading, fields } = viewFields(mapping, slot, words);
  const details = fields.map(({ field, address, raw, value, quality }) => ({
    label: field,
    value: `${address} [${raw.join(', ')}] ${quality === 'bad' ? 'BAD: ' : ''}${value}`,
  }));
  return { reading, fields: details };
}

/**
 * Decodes the words of a slot of the read area field by field. No queue is asked: the upper limits follow from the
 * quantity that the slot itself shows for its order.
 */
export function viewFields(mapping: Mapping, slot: number, words: readonly number[]): { reading: SlotReading; fields: FieldView[] } {
  const ordered = quantityIn(mapping, words);
  const reading = mapping.decodeSlot(slot, words, () => ordered);
  const base = mapping.slotAddress('read', slot);
  const fields = mapping.fields.map((field): FieldView => {
    const raw = words.slice(field.at, field.at + field.coding.words);
    const complaint = reading.bad.find((bad) => bad.field === field.name);
    const address = addressOf(mapping.read.function, base + field.at, field.coding);
    return { field: field.name, address, raw, ...(complaint ? { value: complaint.text, quality: 'bad' } : valueOf(field, words)) };
  });
  return { reading, fields };
}

/** The order quantity that the slot itself shows, where it does. */
export function quantityIn(mapping: Mapping, words: readonly number[]): number | undefined {
  const field = mapping.field('quantity');
  const quantity = field && readField(field, words);
  return quantity?.ok && typeof quantity.value === 'number' && quantity.value > 0 ? quantity.value : undefined;
}

function valueOf(field: SlotField, words: readonly number[]): Pick<FieldView, 'value' | 'quality'> {
  return judged(field, readField(field, words));
}

function judged(field: SlotField | CompiledLineField, decoded: Decoded<number | string>): Pick<FieldView, 'value' | 'quality'> {
  return decoded.ok ? { value: shownValue(field, decoded.value), quality: 'good' } : { value: decoded.reason, quality: 'bad' };
}

/** The words of the whole line beside those of a slot. */
export function viewLineWords(mapping: Mapping, words: readonly LineWord[]): FieldView[] {
  return words.map(({ field, raw, decoded }) => ({
    field: field.name,
    address: addressOf(mapping.read.function, field.at, field.coding),
    raw,
    ...judged(field, decoded),
  }));
}

/** In all notations, with the number of the bit. */
export function addressOf(area: PlcArea, address: number, { type, bit }: SlotField['coding']): string {
  return `${notations(area, address)}${type === 'bit' ? ` bit ${bit}` : ''}`;
}

/** A value with its unit, or with the name of its code; a text in quotes. */
export function shownValue(field: SlotField | CompiledLineField, value: string | number): string {
  if (typeof value === 'string') return `"${value}"`;
  const named = field.values?.[String(value)];
  const isQuantity = 'unit' in field && (field.isMaterial || field.name === 'quantity' || field.name === 'actual_weight');
  return named === undefined ? `${value}${isQuantity ? ` ${field.unit}` : ''}` : `${value} = ${named}`;
}
