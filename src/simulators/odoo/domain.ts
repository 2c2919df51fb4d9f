import type { Model } from './fields';
import { invalidField, userError, valueError } from './odoo-error';
import type { Tables } from './tables';
import type { VersionRules } from './versions';

type Test = (id: number) => boolean;

/** What is searched, and by the rules of which version. */
export interface Searched {
  readonly tables: Tables;
  readonly rules: VersionRules;
  readonly models: ReadonlyMap<string, Model>;
}

/**
 * Compiles an Odoo search domain (prefix notation, terms joined by an implied "&").
 * @throws OdooError ValueError for an unknown field, an unknown operator or a broken term
 */
export function compileDomain(domain: unknown, model: Model, on: Searched): Test {
  if (!Array.isArray(domain))
    throw valueError(`Domains to normalize must have a 'domain' form: a list of terms (${JSON.stringify(domain)})`);
  const stack: Test[] = [];
  for (const term of [...(domain as unknown[])].reverse()) {
    if (term === '!') {
      const negated = pop(stack, domain);
      stack.push((id) => !negated(id));
    } else if (term === '&' || term === '|') {
      const left = pop(stack, domain);
      const right = pop(stack, domain);
      stack.push(term === '&' ? (id) => left(id) && right(id) : (id) => left(id) || right(id));
    } else {
      stack.push(compileTerm(term, model, on));
    }
  }
  return (id) => stack.every((test) => test(id));
}

/**
 * Compiles an order such as "date_start asc, id desc" into a comparison of ids.
 * @throws OdooError ValueError for an unknown field, UserError when it cannot be read
 */
export function compileOrder(order: string, model: Model, { tables, rules }: Searched): (a: number, b: number) => number {
  const keys = order.split(',').map((part) => {
    const found = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/i.exec(part);
    if (!found?.[1])
      throw userError(
        `Invalid "order" specified (${order}). A valid "order" specification is a comma-separated list of valid field names.`,
      );
    if (!Object.hasOwn(model.fields, found[1])) throw invalidField(rules, 'order', found[1], model.name);
    return { field: found[1], sign: found[2]?.toLowerCase() === 'desc' ? -1 : 1 };
  });
  return (a, b) => {
    for (const { field, sign } of keys) {
      const difference = compare(scalar(model.value(tables, a, field)), scalar(model.value(tables, b, field)));
      if (difference !== 0) return sign * difference;
    }
    return 0;
  };
}

function pop(stack: Test[], domain: unknown): Test {
  const test = stack.pop();
  if (!test) throw valueError(`Domain is syntactically not correct: ${JSON.stringify(domain)}`);
  return test;
}

function compileTerm(term: unknown, model: Model, on: Searched): Test {
  if (!Array.isArray(term) || term.length !== 3 || typeof term[0] !== 'string' || typeof term[1] !== 'string') {
    throw valueError(`Invalid leaf ${JSON.stringify(term)}`);
  }
  const [path, operator, value] = term as [string, string, unknown];
  const matches = OPERATORS.get(operator.toLowerCase());
  if (!matches) throw valueError(`Invalid leaf ${leafText(path, operator, value)}`);
  const [field, ...rest] = path.split('.') as [string, ...string[]];
  const info = Object.hasOwn(model.fields, field) ? model.fields[field] : undefined;
  const related = rest.length > 0 ? on.models.get(info?.relation ?? '') : undefined;
  if (!info || (rest.length > 0 && !related)) {
    const unknown = info ? path : field;
    throw valueError(`Invalid field ${model.name}.${unknown} in ${on.rules.unknownField.term} ${leafText(path, operator, value)}`);
  }

  if (related) {
    const inner = compileTerm([rest.join('.'), operator, value], related, on);
    return (id) => ids(model.value(on.tables, id, field)).some(inner);
  }
  return (id) => matches(comparable(model.value(on.tables, id, field), operator, value), value);
}

/** Ids in a relational value. */
function ids(value: unknown): number[] {
  return Array.isArray(value) ? (value as unknown[]).filter((entry): entry is number => typeof entry === 'number') : [];
}

/** A many2one is compared by its label with text and by its id with anything else. */
function comparable(stored: unknown, operator: string, wanted: unknown): unknown {
  if (!isPair(stored)) return stored;
  const wantsText = operator.includes('like') || typeof (Array.isArray(wanted) ? (wanted as unknown[])[0] : wanted) === 'string';
  return wantsText ? stored[1] : stored[0];
}

function isPair(value: unknown): value is [number, string] {
  return Array.isArray(value) && value.length === 2 && typeof value[1] === 'string';
}

function scalar(value: unknown): unknown {
  return isPair(value) ? value[0] : value;
}

const OPERATORS: ReadonlyMap<string, (stored: unknown, wanted: unknown) => boolean> = new Map([
  ['=', equal],
  ['!=', (stored, wanted) => !equal(stored, wanted)],
  ['in', contained],
  ['not in', (stored, wanted) => !contained(stored, wanted)],
  ['>', (stored, wanted) => isSet(stored, wanted) && compare(stored, wanted) > 0],
  ['>=', (stored, wanted) => isSet(stored, wanted) && compare(stored, wanted) >= 0],
  ['<', (stored, wanted) => isSet(stored, wanted) && compare(stored, wanted) < 0],
  ['<=', (stored, wanted) => isSet(stored, wanted) && compare(stored, wanted) <= 0],
  ['like', (stored, wanted) => like(stored, wanted, '')],
  ['ilike', (stored, wanted) => like(stored, wanted, 'i')],
  ['not like', (stored, wanted) => !like(stored, wanted, '')],
  ['not ilike', (stored, wanted) => !like(stored, wanted, 'i')],
]);

function equal(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(stored)) return (stored as unknown[]).includes(wanted);
  return (stored ?? false) === (wanted ?? false);
}

function contained(stored: unknown, wanted: unknown): boolean {
  return Array.isArray(wanted) ? (wanted as unknown[]).some((entry) => equal(stored, entry)) : equal(stored, wanted);
}

/** SQL compares nothing with NULL, which is what `false` stands for in a text or a date. */
function isSet(stored: unknown, wanted: unknown): boolean {
  return stored !== false && stored !== null && stored !== undefined && wanted !== false && wanted !== null;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Pattern of SQL: "%" any text, "_" any character; Odoo looks for it anywhere in the value. */
function like(stored: unknown, wanted: unknown, flags: string): boolean {
  if (typeof stored !== 'string') return false;
  const pattern = String(wanted)
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return new RegExp(pattern, `s${flags}`).test(stored);
}

function leafText(path: string, operator: string, value: unknown): string {
  const shown = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  return `('${path}', '${operator}', ${shown})`;
}
