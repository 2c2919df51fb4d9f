import type { ErrorObject } from 'ajv';
import { ajvOnFirstUse } from '../ajv';
import { onFirstUse } from '../first-use';
import { NUMBER_TYPES, WORD_ORDERS } from './codec';
import { closest } from '../closest';
import { say, type Sentence, type Text } from '../sentence';
import { type AddressOf, type EntryList, type MapProblem, mapProblem } from './map-problem';
import { ADDRESSINGS, LINE_FIELDS, SLOT_FIELDS } from './register-map';
import type { RegisterMap } from './register-map';
import { typeHint } from './type-names';

const word = { type: 'integer', minimum: 0, maximum: 999999 };
const value = {
  at: word,
  type: { enum: [...NUMBER_TYPES, 'ascii'] },
  words: { type: 'integer', minimum: 1, maximum: 125 },
  order: { enum: WORD_ORDERS },
  scale: { type: 'number', minimum: 1e-9, maximum: 1e9 },
  byteSwap: { type: 'boolean' },
  bit: { type: 'integer', minimum: 0, maximum: 15 },
  values: { type: 'object', propertyNames: { pattern: '^-?\\d+$' }, additionalProperties: { type: 'string' } },
};
const area = (functions: readonly string[]): object => ({
  type: 'object',
  additionalProperties: false,
  required: ['function', 'base', 'stride'],
  properties: { function: { enum: functions }, base: word, stride: { type: 'integer', minimum: 1, maximum: 65535 } },
});

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'addressing', 'read', 'fields'],
  properties: {
    version: { const: 1 },
    addressing: { enum: ADDRESSINGS },
    read: area(['holding', 'input']),
    write: area(['holding']),
    lineFields: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['field', 'at', 'type'],
        properties: {
          ...value,
          field: { enum: LINE_FIELDS },
          expect: { type: 'integer' },
          heartbeatSeconds: { type: 'number', exclusiveMinimum: 0 },
        },
      },
    },
    fields: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['at', 'type'],
        properties: {
          ...value,
          field: { enum: SLOT_FIELDS },
          material: { type: 'string', minLength: 1 },
          unit: { type: 'string' },
          idAt: word,
          id: { type: 'integer', minimum: 0, maximum: 65535 },
        },
      },
    },
  },
};

const ajv = ajvOnFirstUse({ allErrors: true, verbose: true });
const shapeCheck = onFirstUse(() => ajv().compile<RegisterMap>(SCHEMA));

/** What JSON may hold where a map is expected: nothing about it is known but that the lists are lists of objects. */
export interface LooseMap {
  read?: unknown;
  addressing?: unknown;
  fields: Record<string, unknown>[];
  lineFields: Record<string, unknown>[];
}

export type WrongKeys = Record<EntryList, ReadonlyMap<number, ReadonlySet<string>>>;

export interface ShapeCheck {
  problems: MapProblem[];
  /** The map without the entries that have a problem; null when something else than an entry is wrong. */
  sound: RegisterMap | null;
  /** The keys that are wrong or missing, of each entry that has a problem, by its place in the list, for an entry may have no name. */
  wrongKeys: WrongKeys;
}

/** Compares anything with the shape of a map, entry by entry. */
export function checkShape(parsed: unknown, addressOf: AddressOf): ShapeCheck {
  const hasShape = shapeCheck();
  if (hasShape(parsed)) return { problems: [], sound: parsed, wrongKeys: { fields: new Map(), lineFields: new Map() } };
  // That a name is wrong is told twice: why, and that it is.
  const errors = (hasShape.errors ?? []).filter(({ keyword }) => keyword !== 'propertyNames');
  const loose = looseMap(parsed);
  const wrongKeys = { fields: new Map<number, Set<string>>(), lineFields: new Map<number, Set<string>>() };
  let isSound = true as boolean;
  const problems = errors.map((error) => {
    const [list = '', index = ''] = placeOf(error);
    const entry = isList(list) && index !== '' ? loose[list][Number(index)] : undefined;
    if (isList(list) && entry) {
      const key = placeOf(error).slice(2);
      const keys = wrongKeys[list].get(Number(index)) ?? new Set();
      wrongKeys[list].set(Number(index), keys.add(keyOf(error, key)));
      return mapProblem(nameIn(list, entry, index), Number(index) + 1, addressOf(list, entry), complaint(error, key), { list });
    }
    // An unknown key beside the others changes nothing about the others.
    if (!(list === '' && error.keyword === 'additionalProperties')) isSound = false;
    return mapProblem(list || 'the map', null, null, complaint(error, placeOf(error).slice(1)));
  });
  const whole = <Entry>(list: EntryList, entries: readonly Entry[]): Entry[] => entries.filter((_, index) => !wrongKeys[list].has(index));
  const known = parsed as RegisterMap;
  return {
    problems,
    wrongKeys,
    sound: isSound
      ? { ...known, fields: whole('fields', known.fields), ...(known.lineFields && { lineFields: whole('lineFields', known.lineFields) }) }
      : null,
  };
}

/** The lists of anything, as far as it has them. */
export function looseMap(parsed: unknown): LooseMap {
  const map = isObject(parsed) ? parsed : {};
  const list = (value: unknown): Record<string, unknown>[] =>
    Array.isArray(value) ? value.map((entry) => (isObject(entry) ? entry : {})) : [];
  return { ...map, fields: list(map['fields']), lineFields: list(map['lineFields']) };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(name: string): name is EntryList {
  return name === 'fields' || name === 'lineFields';
}

function placeOf(error: ErrorObject): string[] {
  return error.instancePath.split('/').slice(1);
}

function nameIn(list: EntryList, entry: Record<string, unknown>, index: string): string {
  const { field, material } = entry;
  return (
    [field, material].find((name): name is string => typeof name === 'string' && name !== '') ??
    `${list === 'fields' ? 'entry' : 'line word'} ${Number(index) + 1}`
  );
}

const missing = (key: string): Sentence => say`has no "${key}"; fill it in`;

/** Said of an entry or an area without a place. */
export const NO_PLACE: readonly string[] = ['at', 'base', 'stride'].map((key) => String(missing(key)));

interface ErrorParams {
  additionalProperty?: string;
  allowedValues?: unknown[];
  missingProperty?: string;
}

/** The key of an entry that is wrong; "" where the entry itself is. */
function keyOf({ params }: ErrorObject, [key = '']: readonly string[]): string {
  const { additionalProperty, missingProperty } = params as ErrorParams;
  return additionalProperty ?? missingProperty ?? key;
}

/** What is wrong and what to do: "type is "uint8"; it must be one of bit, uint16 ...". */
function complaint(error: ErrorObject, key: readonly string[]): Sentence {
  const { additionalProperty, allowedValues, missingProperty } = error.params as ErrorParams;
  if (additionalProperty !== undefined) {
    const near = closest(additionalProperty, Object.keys((error.parentSchema?.['properties'] ?? {}) as object));
    return near === null
      ? say`has the unknown key "${additionalProperty}"; take it out or correct its spelling`
      : say`has the unknown key "${additionalProperty}"; perhaps "${near}" is meant`;
  }
  if (missingProperty !== undefined) return missing(missingProperty);
  if (error.propertyName !== undefined)
    return say`${key.join(' ')} has the code ${JSON.stringify(error.propertyName)}; a code is a whole number, such as "3"`;
  const rule = allowedValues ? oneOf(allowedValues.map(String), error.data, key) : say`it must be ${allowed(error.parentSchema as Rule)}`;
  const given = JSON.stringify(error.data).slice(0, 60);
  return key.length > 0 ? say`${key.join(' ')} is ${given}; ${rule}` : say`is ${given}; ${rule}`;
}

/** The keywords of the schema above that a value can break, beside a list of choices. */
interface Rule {
  type?: keyof typeof KINDS;
  const?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  minItems?: number;
}

/** The types of JSON as a person calls them. */
const KINDS = {
  integer: say`a whole number`,
  number: say`a number`,
  object: say`an object`,
  array: say`a list`,
  string: say`a text`,
  boolean: say`true or false`,
};

/** "a whole number from 0 to 15" */
function allowed({ type, const: only, minimum, maximum, exclusiveMinimum, minLength, minItems }: Rule): Text {
  if (type === undefined) return String(only);
  const shown = (limit = 0): string => limit.toLocaleString('en-US', { maximumFractionDigits: 9, useGrouping: false });
  if (minimum !== undefined) return say`${KINDS[type]} from ${shown(minimum)} to ${shown(maximum)}`;
  if (exclusiveMinimum !== undefined) return say`${KINDS[type]} above ${shown(exclusiveMinimum)}`;
  if (minLength !== undefined) return say`${KINDS[type]} that is not empty`;
  return minItems === undefined ? KINDS[type] : say`${KINDS[type]} with an entry or more`;
}

/** The choice that was probably meant; all of them where none is near. */
function oneOf(choices: readonly string[], given: unknown, key: readonly string[]): Sentence {
  const typed = typeof given === 'string' ? given : '';
  const near = closest(typed, choices);
  const hint = key.at(-1) === 'type' ? typeHint(typed) : near === null ? null : say`perhaps ${near} is meant`;
  return hint ?? say`it must be one of ${choices.join(', ')}`;
}
