import Ajv from 'ajv';
import type { ErrorObject } from 'ajv';
import { SmartMoError } from '../errors';
import { NUMBER_TYPES, WORD_ORDERS } from './codec';
import { FEED_MILL_MAP } from './feed-mill';
import { lintMap } from './lint';
import type { MapProblem } from './lint';
import type { PlcArea } from './plc';
import { LINE_FIELDS, SLOT_FIELDS } from './register-map';
import type { Addressing, LineShape, MapField, RegisterMap } from './register-map';

export * from './register-map';

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
    addressing: { enum: ['zero-based', 'one-based', '4xxxxx'] },
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

const hasShape = new Ajv({ allErrors: true }).compile<RegisterMap>(SCHEMA);

/**
 * Reads the JSON text of a map, checks it against the line and turns its addresses into zero-based ones.
 * An empty text is the bundled feed mill.
 * @throws SmartMoError MAP_INVALID naming the first problems
 */
export function parseMap(json: string, line: LineShape): RegisterMap {
  const map = json.trim() === '' ? FEED_MILL_MAP : zeroBased(parseShape(json));
  refuse(lintMap(map, line));
  return map;
}

function parseShape(json: string): RegisterMap {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw new SmartMoError(
      'MAP_INVALID',
      `the register map is not JSON: ${error instanceof Error ? error.message : String(error)}. Correct the text in mo-line.`,
    );
  }
  if (hasShape(parsed)) return parsed;
  throw mapInvalid((hasShape.errors ?? []).map((error) => shapeProblem(error, parsed)));
}

function refuse(problems: readonly MapProblem[]): void {
  if (problems.length > 0) throw mapInvalid(problems.map((problem) => problem.text));
}

function mapInvalid(texts: readonly string[]): SmartMoError {
  const first = texts.slice(0, 3).join('; ');
  const more = texts.length > 3 ? `; and ${texts.length - 3} more` : '';
  return new SmartMoError('MAP_INVALID', `the register map cannot be used: ${first}${more}. Correct the map or the materials in mo-line.`, {
    value: texts,
  });
}

/** One sentence for an error of the schema, with the name of the field it is about rather than its index. */
function shapeProblem(error: ErrorObject, map: unknown): string {
  const [list, index, ...rest] = error.instancePath.split('/').slice(1);
  const isEntry = list === 'fields' || list === 'lineFields';
  const entry = isEntry && index !== undefined ? (map as Record<string, Record<string, Partial<MapField>>>)[list]?.[index] : undefined;
  const name = entry?.field ?? entry?.material ?? `entry ${Number(index) + 1} of ${list}`;
  const where = isEntry && index !== undefined ? [name, ...rest].join(' ') : [list, index].filter(Boolean).join(' ') || 'the map';
  const { additionalProperty, allowedValues } = error.params as { additionalProperty?: string; allowedValues?: unknown[] };
  if (additionalProperty !== undefined) return `${where}: the key "${additionalProperty}" is not known`;
  return `${where}: ${error.message ?? error.keyword}${allowedValues ? ` (${allowedValues.join(', ')})` : ''}`;
}

/** Addresses as the PLC programmer writes them become the addresses on the wire; `at` of a slot field counts from 0 in every notation. */
function zeroBased(map: RegisterMap): RegisterMap {
  const problems: string[] = [];
  const convert = (address: number, kind: PlcArea, name: string): number => {
    const zero = wireAddress(address, map.addressing, kind);
    if (zero === null)
      problems.push(`${name}: ${address} is not ${map.addressing === '4xxxxx' ? EXAMPLES[kind] : 'an address that counts from 1'}`);
    return zero ?? 0;
  };
  const { write, lineFields, ...rest } = map;
  const converted: RegisterMap = {
    ...rest,
    addressing: 'zero-based',
    read: { ...map.read, base: convert(map.read.base, map.read.function, 'read base') },
    ...(write && { write: { ...write, base: convert(write.base, 'holding', 'write base') } }),
    ...(lineFields && {
      lineFields: lineFields.map((field) => ({
        ...field,
        at: convert(field.at, field.field === 'our_heartbeat' ? 'holding' : map.read.function, field.field),
      })),
    }),
  };
  if (problems.length > 0) throw mapInvalid(problems);
  return converted;
}

const EXAMPLES: Record<PlcArea, string> = {
  holding: 'a 4xxxx or 4xxxxx address such as 46001 or 406001',
  input: 'a 3xxxx or 3xxxxx address such as 36001 or 306001',
};

function wireAddress(address: number, addressing: Addressing, kind: PlcArea): number | null {
  if (addressing === 'zero-based') return address;
  if (addressing === 'one-based') return address >= 1 ? address - 1 : null;
  const prefix = kind === 'holding' ? 4 : 3;
  for (const [size, count] of [
    [10_000, 9_999],
    [100_000, 65_536],
  ] as const) {
    const register = address - prefix * size;
    if (register >= 1 && register <= count) return register - 1;
  }
  return null;
}
