import { unitFactor } from '../units';
import { decodeNumber, decodeText } from './codec';
import type { SlotField } from './mapping';
import { type BadCode, type BadValue, emptySlot, type SlotReading } from './slot';

/** Quantity of a queued MO in the unit of the map; undefined for an MO that is not queued. */
export type OrderQuantity = (mo_id: string) => number | undefined;

/** No batch weighs more than that many times its order: the limit where a material names none of its own. */
export const PLAUSIBLE = 1.5;

interface SlotLayout {
  fields: readonly SlotField[];
  byName: ReadonlyMap<string, SlotField>;
  slotAddress(area: 'read', slot: number): number;
  quantityUnit: string;
}

/**
 * Makes the judge of a slot: every value is good, or it is in `bad` with a reason and nowhere else. A bad value is never
 * repaired and never replaced by 0. Bad are: not a number, negative, above its plausible maximum, text that cannot be
 * printed, another id than the map says, another batch_no than the slot, a status code that the map does not name.
 */
export function createSlotDecoder({ fields, byName, slotAddress, quantityUnit }: SlotLayout) {
  const materials = fields.filter((field) => field.isMaterial);

  return (slot: number, words: readonly number[], orderQuantity: OrderQuantity): SlotReading => {
    const base = slotAddress('read', slot);
    const bad: BadValue[] = [];
    const reject = (code: BadCode, field: string, at: number, value: string, why: string): null => {
      const address = base + at;
      bad.push({ code, field, address, value, text: `slot ${slot}: ${field} at ${address} ${why}` });
      return null;
    };
    const number = (field: SlotField): number | null => {
      const decoded = decodeNumber(field.coding, words, field.at);
      if (!decoded.ok) return reject('bad-value', field.name, field.at, rawOf(field, words), `cannot be trusted: ${decoded.reason}`);
      return decoded.value;
    };
    const quantity = (field: SlotField, max: number | undefined): number | null => {
      const value = number(field);
      if (value === null) return null;
      const why = implausible(value, max, field.unit);
      return why === null ? value : reject('bad-value', field.name, field.at, `${value} ${field.unit}`, why);
    };
    const flag = (name: string): boolean | null => {
      const field = byName.get(name);
      if (!field) return null;
      const value = number(field);
      if (value !== null && value !== 0 && value !== 1)
        return reject('bad-value', name, field.at, String(value), `is ${value}; it can only be 0 or 1`);
      return value === null ? null : value === 1;
    };
    const status = (): string | null => {
      const field = byName.get('status');
      const code = field ? number(field) : null;
      if (!field || code === null) return null;
      return (
        field.values?.[String(code)] ??
        reject('bad-value', 'status', field.at, String(code), `is ${code}, a code that the map does not name`)
      );
    };

    const reading: SlotReading = { ...emptySlot(slot), empty: false, bad };

    const nameField = byName.get('mo_id');
    if (nameField) {
      const name = decodeText(nameField.coding, words, nameField.at);
      if (!name.ok) reject('bad-value', 'mo_id', nameField.at, rawOf(nameField, words), `cannot be trusted: ${name.reason}`);
      else if (name.value === '') return { ...reading, empty: true };
      else reading.mo_id = name.value;
    }

    const batchField = byName.get('batch_no');
    const batchNo = batchField ? number(batchField) : null;
    if (batchField && batchNo !== null && batchNo !== slot) {
      reject(
        'wrong-slot',
        'batch_no',
        batchField.at,
        String(batchNo),
        `is ${batchNo}, expected ${slot}: the words do not lie where the map says`,
      );
    }

    const ordered = reading.mo_id === '' ? undefined : orderQuantity(reading.mo_id);
    const limits = new Map<string, number | undefined>();
    const limit = (field: SlotField): number | undefined => {
      if (field.max > 0) return field.max;
      if (!limits.has(field.unit)) limits.set(field.unit, limitOf(field, ordered, quantityUnit));
      return limits.get(field.unit);
    };
    for (const field of materials) {
      const id = field.id && (words[field.id.at] ?? null);
      if (field.id && id !== field.id.value) {
        reject(
          'wrong-id',
          field.name,
          field.id.at,
          String(id),
          `has the id ${id}, expected ${field.id.value}: the words do not lie where the map says`,
        );
        continue;
      }
      const value = quantity(field, limit(field));
      if (value !== null) reading.materials[field.name] = value;
    }
    const weight = byName.get('actual_weight');
    if (weight) reading.actual_weight = quantity(weight, limit(weight));

    const word = status();
    reading.finished = word === 'finished' || flag('status_manufacturing') === true;
    reading.failed = word === 'failed' || flag('status_operation') === true;
    reading.running = word === 'running' || Object.values(reading.materials).some((value) => value > 0);
    reading.acknowledged = flag('status_read_data');
    return reading;
  };
}

/** Why nobody can have weighed this, as the end of a sentence; null when it can be. @param max undefined = no limit */
export function implausible(value: number, max: number | undefined, unit: string): string | null {
  if (!Number.isFinite(value)) return `is ${value}, which is no number`;
  if (value < 0) return `is ${value} ${unit}; a weight is never negative`;
  return max !== undefined && value > max ? `is ${value} ${unit}, above the plausible maximum of ${max} ${unit}` : null;
}

/**
 * The most that a material or the weight of a batch may be, in its own unit: its `max`, or PLAUSIBLE times the order. Units
 * that do not convert (kg of order, litres of a liquid) are compared as they are: it is a limit of plausibility.
 * @param ordered in `quantityUnit`; undefined for an MO that nobody knows
 */
export function limitOf(
  { max, unit }: Pick<SlotField, 'max' | 'unit'>,
  ordered: number | undefined,
  quantityUnit: string,
): number | undefined {
  if (max > 0) return max;
  if (ordered === undefined) return undefined;
  const most = PLAUSIBLE * ordered * (unitFactor(quantityUnit, unit) ?? 1);
  return Number.isInteger(most) ? most : Number(most.toPrecision(12));
}

function rawOf(field: SlotField, words: readonly number[]): string {
  return `[${words.slice(field.at, field.at + field.coding.words).join(', ')}]`;
}
