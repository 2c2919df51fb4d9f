import { compileCheck } from '../check';
import { SmartMoError } from '../errors';
import { cleanText } from '../plc/codec';
import { implausible, limitOf } from '../plc/decode-slot';
import { type BadValue, emptySlot, type SlotReading } from '../plc/slot';
import type { QueueRow } from '../queue/batch';
import { round } from '../units';
import type { Line } from './line';
import { quantityOnPlc } from './quantity';

/** One slot as another PLC node delivers it (contract.md, source msg). Quantities in the unit of the register map. */
interface MessageSlot {
  batch_no: number;
  /** "" or only padding: the slot is empty. */
  mo_id: string;
  status_manufacturing: number;
  status_operation: number;
  /** null or absent: not weighed yet. */
  actual_weight?: number | null;
  /** Per PLC tag. */
  materials: Record<string, number>;
}

const checkInput = compileCheck<{ slots: MessageSlot[] }>(
  {
    type: 'object',
    required: ['slots'],
    properties: {
      slots: {
        type: 'array',
        minItems: 1,
        maxItems: 200,
        items: {
          type: 'object',
          required: ['batch_no', 'mo_id', 'status_manufacturing', 'status_operation', 'materials'],
          properties: {
            batch_no: { type: 'integer', minimum: 1 },
            mo_id: { type: 'string', maxLength: 250 },
            status_manufacturing: { type: 'number' },
            status_operation: { type: 'number' },
            actual_weight: { type: 'number', nullable: true },
            materials: { type: 'object', required: [], additionalProperties: { type: 'number' } },
          },
        },
      },
    },
  },
  'payload',
  'INPUT_INVALID',
  { anyNumber: true },
);

/**
 * The slots of a message, judged as those of the PLC are: every value is good, or it is in `bad` with a reason and nowhere
 * else. A slot that is not in the message was not read.
 * @param rows the queue; a planned material that the message leaves out is a bad value, never 0
 * @throws INPUT_INVALID for a message of another shape, naming path and value: nothing of it is used
 */
export function readingsFrom(line: Line, payload: unknown, rows: readonly QueueRow[]): SlotReading[] {
  const { slots } = checkInput(payload);
  const seen = new Set<number>();
  slots.forEach((slot, index) => {
    const at = `payload.slots.${index}`;
    if (slot.batch_no > line.slots) {
      throw invalid(`${at}.batch_no is ${slot.batch_no}; line ${line.line} has slots 1 to ${line.slots}`, slot.batch_no);
    }
    if (seen.has(slot.batch_no)) throw invalid(`${at}.batch_no is ${slot.batch_no} a second time; send each slot once`, slot.batch_no);
    seen.add(slot.batch_no);
    const stranger = Object.keys(slot.materials).find((tag) => !line.mapping.tags.includes(tag));
    if (stranger === undefined) return;
    throw invalid(`${at}.materials.${stranger} is no material of line ${line.line}, which has ${line.mapping.tags.join(', ')}`, stranger);
  });
  return slots.map((slot) => readingOf(line, slot, rows));
}

function readingOf(line: Line, given: MessageSlot, rows: readonly QueueRow[]): SlotReading {
  const { mapping } = line;
  const slot = given.batch_no;
  const bad: BadValue[] = [];
  const reject = (field: string, value: unknown, why: string): null => {
    bad.push({ code: 'bad-value', field, address: null, value: String(value), text: `slot ${slot}: ${field} in the message ${why}` });
    return null;
  };
  const flag = (field: 'status_manufacturing' | 'status_operation'): boolean => {
    const value = given[field];
    if (value !== 0 && value !== 1) reject(field, value, `is ${value}; it can only be 0 or 1`);
    return value === 1;
  };

  const name = cleanText(given.mo_id);
  const mo_id = name.ok ? name.value : '';
  if (!name.ok) reject('mo_id', given.mo_id, `cannot be trusted: ${name.reason}`);
  else if (mo_id === '') return emptySlot(slot);
  const row = rows.find((candidate) => candidate.mo_id === mo_id);
  const ordered = row && quantityOnPlc(row, mapping);
  const quantity = (field: string, value: number, max: number, unit: string): number | null => {
    const why = implausible(value, limitOf({ max, unit }, ordered, mapping.quantityUnit), unit);
    // As the table keeps it: a REAL of 32 bits brings digits that nobody weighed.
    return why === null ? round(value, 3) : reject(field, value, why);
  };

  const materials: Record<string, number> = {};
  for (const { name: tag, max, unit } of mapping.fields.filter((field) => field.isMaterial)) {
    const value = Object.hasOwn(given.materials, tag) ? given.materials[tag] : undefined;
    const good = value === undefined ? null : quantity(tag, value, max, unit);
    if (good !== null) materials[tag] = good;
    const isPlanned = row?.materials.some((material) => material.tag === tag && !material.manual && material.planned > 0);
    if (value === undefined && isPlanned) reject(tag, 'missing', `is missing, and it is planned for ${mo_id}`);
  }
  const weight = given.actual_weight ?? null;
  return {
    slot,
    empty: false,
    mo_id,
    finished: flag('status_manufacturing'),
    failed: flag('status_operation'),
    running: Object.values(materials).some((value) => value > 0),
    acknowledged: null,
    actual_weight: weight === null ? null : quantity('actual_weight', weight, 0, mapping.weightUnit),
    materials,
    bad,
  };
}

function invalid(text: string, value: unknown): SmartMoError {
  return new SmartMoError('INPUT_INVALID', text, { value });
}
