import { inspect } from 'node:util';
import type { ErrorObject, JSONSchemaType } from 'ajv';
import { ajvOnFirstUse } from './ajv';
import { type ErrorCode, SmartMoError } from './errors';
import { onFirstUse } from './first-use';

const OPTIONS = { allErrors: false, useDefaults: true, verbose: true };
const strict = ajvOnFirstUse(OPTIONS);
const withoutLimits = ajvOnFirstUse({ ...OPTIONS, strictNumbers: false });

/**
 * Compiles a check for something that comes from outside. The check returns the value, typed, with defaults filled in.
 * It works on a copy: the message of a flow stays as it is. Numbers may come as text, as a query or a path carries them;
 * nothing else is taken for a number: null is not 0 and true is not 1.
 * @param what how the error calls the thing: "payload"
 * @param options.anyNumber NaN and infinity pass: the caller judges them one by one
 * @throws (the check) SmartMoError of the given code, naming the place, the value and what is expected
 */
export function compileCheck<T>(
  schema: JSONSchemaType<T>,
  what: string,
  code: ErrorCode,
  { anyNumber = false }: { anyNumber?: boolean } = {},
): (value: unknown) => T {
  const compiled = onFirstUse(() => (anyNumber ? withoutLimits : strict)().compile(schema));
  return (value) => {
    const validate = compiled();
    const copy = withNumbers(copyOf(value, what, code), schema);
    if (validate(copy)) return copy;
    const [problem] = validate.errors ?? [];
    const place = `${what}${(problem?.instancePath ?? '').replaceAll('/', '.')}`;
    throw new SmartMoError(code, `${place} ${expectation(problem)}; it is ${short(problem?.data)}`, { value: problem?.data });
  };
}

function expectation(problem: ErrorObject | undefined): string {
  const { allowedValues } = (problem?.params ?? {}) as { allowedValues?: (string | null)[] };
  if (allowedValues) return `must be one of ${allowedValues.filter((value) => value !== null).join(', ')}`;
  return problem?.message ?? 'is wrong';
}

/** What of a schema decides where a number stands. */
interface Shape {
  [keyword: string]: unknown;
  type?: unknown;
  nullable?: boolean;
  properties?: Readonly<Record<string, Shape>>;
  additionalProperties?: Shape | boolean;
  items?: unknown;
}

/** The value with numbers where the schema has numbers and the value has their text; an empty text is an empty field. */
function withNumbers(value: unknown, shape: Shape): unknown {
  if (typeof value === 'string' && (shape.type === 'number' || shape.type === 'integer')) {
    const text = value.trim();
    if (text === '' && shape.nullable) return null;
    return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : value;
  }
  const { properties = {}, additionalProperties: others, items } = shape;
  if (Array.isArray(value)) return isShape(items) ? value.map((entry: unknown) => withNumbers(entry, items)) : value;
  const shapeOf = (key: string): Shape | undefined =>
    Object.hasOwn(properties, key) ? properties[key] : typeof others === 'object' ? others : undefined;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]: [string, unknown]) => {
      const expected = shapeOf(key);
      return [key, expected ? withNumbers(entry, expected) : entry];
    }),
  );
}

/** Not a tuple: its entries have shapes of their own. */
function isShape(items: unknown): items is Shape {
  return typeof items === 'object' && items !== null && !Array.isArray(items);
}

function copyOf(value: unknown, what: string, code: ErrorCode): unknown {
  try {
    return structuredClone(value);
  } catch {
    throw new SmartMoError(code, `${what} must be plain data; it holds a function or another thing that cannot be copied`);
  }
}

/** A value of a flow may be anything, also cyclic. */
function short(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity });
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
