import { inspect } from 'node:util';
import { Ajv, type JSONSchemaType } from 'ajv';
import { type ErrorCode, SmartMoError } from './errors';

const ajv = new Ajv({ allErrors: false, coerceTypes: true, useDefaults: true, verbose: true });

/**
 * Compiles a check for something that comes from outside. The check returns the value, typed, with defaults filled in.
 * It works on a copy: the message of a flow stays as it is.
 * @param what how the error calls the thing: "payload"
 * @throws (the check) SmartMoError of the given code, naming the place, the value and what is expected
 */
export function compileCheck<T>(schema: JSONSchemaType<T>, what: string, code: ErrorCode): (value: unknown) => T {
  const validate = ajv.compile(schema);
  return (value) => {
    const copy = copyOf(value, what, code);
    if (validate(copy)) return copy;
    const [problem] = validate.errors ?? [];
    const place = `${what}${(problem?.instancePath ?? '').replaceAll('/', '.')}`;
    throw new SmartMoError(code, `${place} ${problem?.message ?? 'is wrong'}; it is ${short(problem?.data)}`, { value: problem?.data });
  };
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
