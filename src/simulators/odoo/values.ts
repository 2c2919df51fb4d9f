import { round } from '../../units';
import { DIGITS, UNITS, type Product } from './catalogue';
import type { Model } from './fields';
import { addComponent, ordersOf, writeMove, writeOrder, type MoveValues, type OrderValues, type Work } from './manufacturing';
import { invalidField, missing, typeError, userError, validationError, valueError } from './odoo-error';

/** Where the values of a write go, and what they are called there. */
export interface Writing extends Work {
  readonly models: ReadonlyMap<string, Model>;
}

type Values = Readonly<Record<string, unknown>>;

/** Per field of Odoo: what its value changes in the record. */
type Setters<V> = Readonly<Record<string, (value: unknown) => V>>;

/** Writes `mrp.production`, the components by the commands of move_raw_ids. @throws OdooError as Odoo would */
export function writeOrderValues(work: Writing, id: number, values: Values): void {
  const { move_raw_ids: commands, ...own } = values;
  const { plannedStart, plannedEnd } = work.rules.fields;
  const changed = read<OrderValues>(work, 'mrp.production', own, {
    qty_producing: (value) => ({ qty_producing: quantity(value) }),
    product_qty: (value) => ({ quantity: quantity(value) }),
    origin: (value) => ({ origin: String(value) }),
    consumption: (value) => ({ consumption: oneOf(value, ['flexible', 'warning', 'strict']) }),
    [plannedStart]: (value) => ({ planned_start: String(value) }),
    [plannedEnd]: (value) => ({ end: String(value) }),
  });
  ordersOf(work, [id]);
  for (const command of commands === undefined ? [] : listOf(commands)) runCommand(work, id, command);
  for (const order of ordersOf(work, [id])) writeOrder(work, order, changed);
}

/** Writes `stock.move`, whichever order it belongs to. */
export function writeMoveValues(work: Writing, id: number, values: Values): void {
  const changed = moveValues(work, values);
  const move = work.tables.moves.get(id);
  if (!move) throw missing('stock.move', [id], work.uid);
  writeMove(work, move, changed);
}

/** Writes `product.product`, so that a test can hand out unknown or lot-tracked materials. */
export function writeProductValues(work: Writing, id: number, values: Values): void {
  const changed = read<Partial<Product>>(work, 'product.product', values, {
    default_code: (value) => ({ code: typeof value === 'string' ? value : '' }),
    name: (value) => ({ name: String(value) }),
    tracking: (value) => ({ tracking: oneOf(value, ['serial', 'lot', 'none']) }),
  });
  const product = work.tables.products.get(id);
  if (!product) throw missing('product.product', [id], work.uid);
  work.tables.products.set(id, { ...product, ...changed });
}

/** @throws OdooError TypeError when it is no object */
export function recordOf(value: unknown): Values {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw typeError(`a dict was expected instead of ${JSON.stringify(value)}`);
  return value as Record<string, unknown>;
}

function moveValues(work: Writing, values: Values): MoveValues {
  return read<MoveValues>(work, 'stock.move', values, {
    // Before 17 there is no `picked`: what is written as done counts.
    [work.rules.fields.consumed]: (value) => ({ quantity: quantity(value), ...(work.rules.picks ? {} : { picked: true }) }),
    ...(work.rules.picks ? { picked: (value: unknown) => ({ picked: Boolean(value) }) } : {}),
    product_uom_qty: (value) => ({ planned: quantity(value) }),
    product_id: (value) => ({ product_id: known(work, value, work.tables.products, 'product.product') }),
    product_uom: (value) => ({ uom_id: known(work, value, UNITS, 'uom.uom') }),
  });
}

/** A command on a one2many: [1, id, values] writes, [0, 0, values] creates. The others are not simulated. */
function runCommand(work: Writing, orderId: number, command: unknown): void {
  const [code, id, values] = listOf(command);
  if (code === 1) writeMoveValues(work, Number(id), recordOf(values));
  else if (code === 0) {
    const { product_id, ...rest } = moveValues(work, recordOf(values));
    if (product_id === undefined) throw validationError("Missing required value for the field 'Product' (product_id)");
    addComponent(work, orderId, { product_id, ...rest });
  } else throw valueError(`the simulator does not know the command ${JSON.stringify(command)}`);
}

function read<V extends object>(work: Writing, model: string, values: Values, setters: Setters<V>): V {
  const changes = Object.entries(values).map(([name, value]) => {
    const setter = Object.hasOwn(setters, name) ? setters[name] : undefined;
    if (setter) return setter(value);
    if (!Object.hasOwn(work.models.get(model)?.fields ?? {}, name)) throw invalidField(work.rules, 'write', name, model);
    throw userError(`The simulator does not let the field '${name}' of ${model} be written.`);
  });
  return Object.assign({}, ...changes) as V;
}

/** A float as Python reads it (numbers, numbers as text, `false` and `null` as 0), rounded as Odoo stores it. */
function quantity(value: unknown): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value ?? 0);
  if (Number.isNaN(number)) throw valueError(`could not convert string to float: '${String(value)}'`);
  return round(number, DIGITS);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((entry) => entry === value);
  if (found === undefined) throw valueError(`Wrong value '${String(value)}': expected one of ${allowed.join(', ')}`);
  return found;
}

function known(work: Writing, value: unknown, records: ReadonlyMap<number, unknown>, model: string): number {
  const id = Number(value);
  if (!records.has(id)) throw missing(model, [id], work.uid);
  return id;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw typeError(`a list was expected instead of ${JSON.stringify(value)}`);
  return value as unknown[];
}
