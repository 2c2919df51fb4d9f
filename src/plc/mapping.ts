import { createHash } from 'node:crypto';
import { SmartMoError } from '../errors';
import type { Material } from '../material';
import { decodeNumber, decodeText, encodeNumber, encodeText, wordsOf } from './codec';
import type { Coding, Decoded, Encoded } from './codec';
import { createSlotDecoder } from './decode-slot';
import type { OrderQuantity } from './decode-slot';
import { slotLength } from './lint';
import type { LineField, LineFieldName, MapArea, MapField, RegisterMap, SlotFieldName, ValueSpec } from './register-map';
import type { PlcArea } from './plc';
import type { Recipe, SlotReading } from './slot';

/** A map compiled once at deploy: everything that is asked at every read is looked up, not worked out. */
export interface Mapping {
  /** Changes with whatever decides what a word means: map, slots, tags, codes, products. Not with tolerances such as `max`. */
  readonly hash: string;
  readonly slots: number;
  /** PLC tags in the order of the map; materials weighed by hand are not among them. */
  readonly tags: readonly string[];
  /** Characters of an MO name. */
  readonly nameWidth: number;
  /** Words of a slot that are in use, from its first. */
  readonly length: number;
  readonly read: MapArea & { function: PlcArea };
  readonly write: MapArea | null;
  /** Word of status_read_data in a slot; null when the map has none. */
  readonly flagAt: number | null;
  readonly fields: readonly SlotField[];
  readonly lineFields: readonly CompiledLineField[];
  /** Unit of quantity, of which `orderQuantity` is expected too. */
  readonly quantityUnit: string;
  readonly weightUnit: string;
  unitOf(tag: string): string;
  field(name: SlotFieldName): SlotField | undefined;
  /** Zero-based address of the first word of a slot. @throws SmartMoError INPUT_INVALID when the line has no such slot */
  slotAddress(area: 'read' | 'write', slot: number): number;
  /**
   * Judges the words of a slot of the read area.
   * @param words at least `length` words from the start of the slot
   * @param orderQuantity quantity of a queued MO in `quantityUnit`; undefined for an MO nobody knows (then no upper limits)
   */
  decodeSlot(slot: number, words: readonly number[], orderQuantity: OrderQuantity): SlotReading;
  /** MO name in the words of a slot of either area, "" when there is none, null when it cannot be read. */
  nameIn(words: readonly number[]): string | null;
  /** No word of the recipe part is set, ids aside: some PLCs keep them in an empty slot. */
  isBlank(words: readonly number[]): boolean;
  /**
   * What the writer sends. Texts for people are cut to their width and stripped of accents; the MO name never is.
   * @throws SmartMoError INPUT_INVALID when a value does not fit into its words, MAP_INVALID without a write area
   */
  encodeRecipe(recipe: Recipe): RecipeWords;
}

export interface RecipeWords {
  /** All words before status_read_data, statuses and weights zero: one FC16. */
  body: { address: number; words: number[] };
  /** Set to 0 in a write of its own, last; null when the map has no status_read_data. */
  flag: { address: number } | null;
}

export interface SlotField {
  /** "quantity" or "silo_a" */
  name: string;
  isMaterial: boolean;
  /** Words from the start of the slot. */
  at: number;
  coding: Coding;
  unit: string;
  id: { at: number; value: number } | null;
  values: Readonly<Record<string, string>> | null;
  /** Plausible maximum of a material; 0 = 1.5 times the order. */
  max: number;
}

export interface CompiledLineField {
  name: LineFieldName;
  /** Zero-based address. */
  at: number;
  coding: Coding;
  values: Readonly<Record<string, string>> | null;
  expect: number | null;
  heartbeatSeconds: number;
}

/** Compiles a map that parseMap has accepted for these materials and slots. */
export function compileMapping({ map, materials, slots }: { map: RegisterMap; materials: readonly Material[]; slots: number }): Mapping {
  const byTag = new Map(materials.map((material) => [material.tag, material]));
  const fields = map.fields.map((field) => compileField(field, byTag.get(field.material ?? '')?.max ?? 0));
  const byName = new Map(fields.map((field) => [field.name, field]));
  const byTagField = new Map(fields.filter((field) => field.isMaterial).map((field) => [field.name, field]));
  const lineFields = (map.lineFields ?? []).map(compileLineField);
  const name = required(byName, 'mo_id');
  const flag = byName.get('status_read_data') ?? null;
  const length = slotLength(map);
  const bodyLength = flag?.at ?? length;
  const ids = new Set(fields.flatMap((field) => (field.id ? [field.id.at] : [])));
  const weightUnit = required(byName, 'actual_weight').unit;
  const quantityUnit = byName.get('quantity')?.unit ?? weightUnit;

  function slotAddress(area: 'read' | 'write', slot: number): number {
    const { base, stride } = area === 'read' ? map.read : writeArea();
    if (!Number.isInteger(slot) || slot < 1 || slot > slots) {
      throw new SmartMoError('INPUT_INVALID', `the line has slots 1 to ${slots}, not ${slot}`, { value: slot });
    }
    return base + (slot - 1) * stride;
  }

  function writeArea(): MapArea {
    if (!map.write)
      throw new SmartMoError(
        'MAP_INVALID',
        'the register map has no write area; add one, or set Recipes of the line to "reach the PLC in another way"',
      );
    return map.write;
  }

  function nameIn(words: readonly number[]): string | null {
    const text = decodeText(name.coding, words, name.at);
    return text.ok ? text.value : null;
  }

  function encodeRecipe(recipe: Recipe): RecipeWords {
    const address = slotAddress('write', recipe.batch_no);
    const words = new Array<number>(bodyLength).fill(0);
    const unknown = Object.keys(recipe.materials).find((tag) => !byTagField.has(tag));
    if (unknown !== undefined)
      throw new SmartMoError('INPUT_INVALID', `${recipe.mo_id}: no entry of the register map holds the material ${unknown}`);
    for (const field of fields) {
      const encoded = encodeField(field, recipe);
      if (!encoded) continue;
      if (!encoded.ok) {
        throw new SmartMoError(
          'INPUT_INVALID',
          `${recipe.mo_id}: ${field.name} at ${address + field.at} cannot be written: ${encoded.reason}`,
        );
      }
      // Several bits may share a word, so words are added up rather than replaced.
      encoded.words.forEach((word, index) => (words[field.at + index] = (words[field.at + index] ?? 0) | word));
      if (field.id) words[field.id.at] = field.id.value;
    }
    return { body: { address, words }, flag: flag && { address: address + flag.at } };
  }

  return {
    hash: hashOf(fields, map, materials, slots),
    slots,
    tags: [...byTagField.keys()],
    nameWidth: name.coding.words * 2,
    length,
    read: map.read,
    write: map.write ?? null,
    flagAt: flag?.at ?? null,
    fields,
    lineFields,
    quantityUnit,
    weightUnit,
    unitOf: (tag) => byTagField.get(tag)?.unit ?? 'kg',
    field: (fieldName) => byName.get(fieldName),
    slotAddress,
    decodeSlot: createSlotDecoder({ fields, byName, slotAddress, quantityUnit }),
    nameIn,
    isBlank: (words) => words.slice(0, bodyLength).every((word, at) => word === 0 || ids.has(at)),
    encodeRecipe,
  };
}

/** The value of a field in the words of a slot, without any judgement about its size. */
export function readField(field: SlotField, words: readonly number[]): Decoded<number | string> {
  return field.coding.type === 'ascii' ? decodeText(field.coding, words, field.at) : decodeNumber(field.coding, words, field.at);
}

/** The words of a recipe value; undefined for what is not part of a recipe and stays 0 (statuses, actual weight). */
function encodeField(field: SlotField, recipe: Recipe): Encoded | undefined {
  if (field.isMaterial) return encodeQuantity(field.coding, recipe.materials[field.name] ?? 0);
  switch (field.name) {
    case 'batch_no':
      return encodeNumber(field.coding, recipe.batch_no);
    case 'mo_id':
      return encodeText(field.coding, recipe.mo_id);
    case 'recipe':
      return encodeText(field.coding, displayText(recipe.recipe, field.coding.words * 2));
    case 'finished_goods':
      return encodeText(field.coding, displayText(recipe.finished_goods, field.coding.words * 2));
    case 'quantity':
      return encodeQuantity(field.coding, recipe.quantity);
    default:
      return undefined;
  }
}

function encodeQuantity(coding: Coding, value: number): Encoded {
  return value < 0 ? { ok: false, reason: `${value} is negative` } : encodeNumber(coding, value);
}

/** A text for the operator's panel: accents off, other characters the PLC cannot show as "?", cut to its width. */
function displayText(text: string, width: number): string {
  const plain = text.normalize('NFKD').replace(/\p{Mark}/gu, '');
  return plain.replace(/[^ -~]/gu, '?').slice(0, width);
}

function codingOf(spec: ValueSpec): Coding {
  return {
    type: spec.type,
    words: wordsOf(spec.type, spec.words),
    order: spec.order ?? 'ABCD',
    scale: spec.scale ?? 1,
    byteSwap: spec.byteSwap ?? false,
    bit: spec.bit ?? 0,
  };
}

export function compileField(field: MapField, max: number): SlotField {
  return {
    name: field.field ?? field.material ?? '',
    isMaterial: field.material !== undefined,
    at: field.at,
    coding: codingOf(field),
    unit: field.unit || 'kg',
    id: field.idAt === undefined || field.id === undefined ? null : { at: field.idAt, value: field.id },
    values: field.values ?? null,
    max,
  };
}

export function compileLineField(field: LineField): CompiledLineField {
  return {
    name: field.field,
    at: field.at,
    coding: codingOf(field),
    values: field.values ?? null,
    expect: field.expect ?? null,
    heartbeatSeconds: field.heartbeatSeconds ?? 60,
  };
}

function required(fields: ReadonlyMap<string, SlotField>, name: SlotFieldName): SlotField {
  const field = fields.get(name);
  if (!field) throw new SmartMoError('MAP_INVALID', `the register map has no ${name}`, { class: 'bug' });
  return field;
}

/** Two spellings of one map (addressing, keys left out) have one hash; a changed plausible maximum must not hold a running line. */
function hashOf(fields: readonly SlotField[], map: RegisterMap, materials: readonly Material[], slots: number): string {
  const meaning = {
    slots,
    read: [map.read.function, map.read.base, map.read.stride],
    write: map.write ? [map.write.base, map.write.stride] : null,
    fields: fields.map(({ name, at, coding, unit, id, values }) => [name, at, coding, unit, id, values]),
    materials: materials.map(({ tag, code, product, manual }) => [tag, code, product, manual]),
  };
  return createHash('sha256').update(JSON.stringify(meaning)).digest('hex').slice(0, 16);
}
