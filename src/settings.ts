import { inspect } from 'node:util';
import { SmartMoError } from './errors';

/** The properties or credentials of a node as they are stored: strings, numbers and booleans, each possibly absent. */
export type Fields = Readonly<Record<string, unknown>>;

export interface NumberRange {
  min?: number;
  max?: number;
  /** Only whole numbers. */
  whole?: boolean;
}

/**
 * Reads the fields of one node. Numbers may arrive as text; an empty field, and a `${NAME}` that Node-RED left because
 * NAME is not set, count as empty: the fallback is used, and without one the field is required.
 *
 * Every method throws a SmartMoError that names the field as its dialog does and the node to open: CONFIG_MISSING for a required field that
 * is empty, CONFIG_INVALID with the value and what is allowed for anything that cannot be used.
 */
export interface SettingsReader {
  /** @param allowed the rule as people read it, "letters and digits"; goes with `pattern` */
  text(field: string, options?: { fallback?: string; pattern?: RegExp; allowed?: string }): string;
  /** A password or key: as typed, never trimmed and never shown; "" when it is empty and not required. */
  secret(field: string, options?: { required?: boolean }): string;
  number(field: string, options?: NumberRange & { fallback?: number }): number;
  flag(field: string, fallback: boolean): boolean;
  choice<Choice extends string>(field: string, choices: readonly Choice[], fallback: NoInfer<Choice>): Choice;
  /** An error about one field, for the rules that only the caller knows. */
  invalid(field: string, value: unknown, allowed: string): SmartMoError;
}

export interface Naming {
  /** Names of the environment variables that fields were taken from, as far as they are known. */
  variables?: Readonly<Record<string, string>>;
  /** What the dialog calls a field. Default: the field itself. */
  labelOf?: (field: string) => string;
}

/** @param owner the node as a person finds it: `mo-plc "Mixer"` */
export function settingsReader(fields: Fields, owner: string, { variables = {}, labelOf = (field) => field }: Naming = {}): SettingsReader {
  function required(field: string): SmartMoError {
    const name = placeholder(fields[field]);
    const why =
      name === undefined
        ? 'is empty; open the node and fill it in'
        : `is empty: the environment variable ${name} is not set; set it or open the node`;
    return new SmartMoError('CONFIG_MISSING', `${labelOf(field)} of ${owner} ${why}`);
  }

  function invalid(field: string, value: unknown, allowed: string): SmartMoError {
    const variable = variables[field];
    const remedy =
      variable === undefined ? 'open the node and change it' : `correct the environment variable ${variable}, or open the node`;
    return new SmartMoError('CONFIG_INVALID', `${labelOf(field)} of ${owner} is ${shown(value)}; it must be ${allowed}: ${remedy}`, {
      value,
    });
  }

  return {
    text(field, { fallback, pattern, allowed = 'another text' } = {}) {
      const value = fields[field];
      if (isEmpty(value)) return fallback ?? raise(required(field));
      if (typeof value !== 'string' && typeof value !== 'number') throw invalid(field, value, 'a text');
      const text = String(value).trim();
      if (pattern && !pattern.test(text)) throw invalid(field, text, allowed);
      return text;
    },
    secret(field, { required: needed = false } = {}) {
      const value = fields[field];
      if (typeof value === 'string' && !isEmpty(value)) return value;
      return needed ? raise(required(field)) : '';
    },
    number(field, { fallback, ...range } = {}) {
      const value = fields[field];
      if (isEmpty(value)) return fallback ?? raise(required(field));
      return numberIn(value, range) ?? raise(invalid(field, value, rangeText(range)));
    },
    flag(field, fallback) {
      const value = fields[field];
      if (isEmpty(value)) return fallback;
      return switchWord(value) ?? raise(invalid(field, value, SWITCH_WORDS));
    },
    choice(field, choices, fallback) {
      const value = fields[field];
      if (isEmpty(value)) return fallback;
      return choices.find((choice) => choice === value) ?? raise(invalid(field, value, `one of ${choices.join(', ')}`));
    },
    invalid,
  };
}

/** Nothing was entered, or an environment variable that is not set was named. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '') || placeholder(value) !== undefined;
}

/** NAME of a field that still reads `${NAME}` (or the older `$(NAME)`): Node-RED leaves it so where NAME is not set. */
export function placeholder(value: unknown): string | undefined {
  return typeof value === 'string' ? /^\$(?:\{([^}\s]+)\}|\(([^)\s]+)\))$/.exec(value.trim())?.slice(1).find(Boolean) : undefined;
}

const SWITCH_WORDS = 'true, 1, yes or on, or false, 0, no or off';

/** True or false for a switch word in any case, undefined for anything else. */
function switchWord(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const word = String(value).trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  return ['false', '0', 'no', 'off'].includes(word) ? false : undefined;
}

/** The number when it is one and lies in the range. */
export function numberIn(value: unknown, { min = -Infinity, max = Infinity, whole = false }: NumberRange): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= min && number <= max && (!whole || Number.isInteger(number)) ? number : undefined;
}

/** "a whole number from 1 to 125" */
export function rangeText({ min, max, whole }: NumberRange): string {
  const kind = whole ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  if (min !== undefined) return `${kind} of ${min} or more`;
  return max === undefined ? kind : `${kind} up to ${max}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : inspect(value, { depth: 1, breakLength: Infinity });
}

function raise(error: SmartMoError): never {
  throw error;
}
