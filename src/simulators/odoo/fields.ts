import { DIGITS, UNITS, type Product } from './catalogue';
import { productLabel, productOf, type Move, type Order, type Tables } from './tables';
import type { VersionRules } from './versions';

/** What fields_get tells about a field. */
export interface FieldInfo {
  type: 'integer' | 'float' | 'char' | 'boolean' | 'datetime' | 'selection' | 'many2one' | 'one2many' | 'many2many';
  string: string;
  readonly: boolean;
  required: boolean;
  store: boolean;
  digits?: readonly [number, number];
  selection?: readonly (readonly [string, string])[];
  relation?: string;
}

interface Field<R> extends FieldInfo {
  value(record: R, tables: Tables): unknown;
}

/** A model as search_read sees it. Records are named by id; a many2one is `[id, label]`, an empty value `false`. */
export interface Model {
  readonly name: string;
  /** Name of the class in Odoo, which its TypeErrors show. */
  readonly python: string;
  readonly order: string;
  readonly fields: Readonly<Record<string, FieldInfo>>;
  ids(tables: Tables): number[];
  value(tables: Tables, id: number, field: string): unknown;
}

/** User of the simulator: an internal user with Manufacturing / User, as odoo.md B2 asks for. */
export const USER = { id: 6, login: 'demo', name: 'Demo Connector', email: 'demo@example.com' } as const;
const COMPANY: readonly [number, string] = [1, 'Feed Mill'];

/** The models that the simulator has, with the field names of that version. */
export function modelsOf(rules: VersionRules): ReadonlyMap<string, Model> {
  const models = [
    model('mrp.production', 'MrpProduction', `${rules.fields.plannedStart}, id`, (tables) => tables.orders, orderFields(rules)),
    model('stock.move', 'StockMove', 'id', (tables) => tables.moves, moveFields(rules)),
    model('product.product', 'ProductProduct', 'default_code, id', (tables) => tables.products, productFields()),
    model('uom.uom', 'UoM', 'id', () => UOMS, {
      id: field('integer', 'ID', (uom) => uom.id),
      name: field('char', 'Unit of Measure', (uom) => uom.name),
      display_name: field('char', 'Display Name', (uom) => uom.name),
      rounding: field('float', 'Rounding Precision', () => 0.01),
      active: field('boolean', 'Active', () => true),
    }),
    model('res.users', 'Users', 'name, id', () => USERS, {
      id: field('integer', 'ID', (user) => user.id),
      name: field('char', 'Name', (user) => user.name),
      display_name: field('char', 'Display Name', (user) => user.name),
      login: field('char', 'Login', (user) => user.login),
      email: field('char', 'Email', (user) => user.email),
      active: field('boolean', 'Active', () => true),
      company_id: field('many2one', 'Company', () => COMPANY, { relation: 'res.company' }),
      company_ids: field('many2many', 'Companies', () => [COMPANY[0]], { relation: 'res.company' }),
    }),
  ];
  return new Map(models.map((entry) => [entry.name, entry]));
}

const UOMS = new Map([...UNITS].map(([id, name]) => [id, { id, name }]));
const USERS = new Map([[USER.id, USER]]);

function orderFields(rules: VersionRules): Record<string, Field<Order>> {
  return {
    id: field('integer', 'ID', (order) => order.id, { readonly: true }),
    name: field('char', 'Reference', (order) => order.name),
    display_name: field('char', 'Display Name', (order) => order.name, { store: false }),
    state: field('selection', 'State', (order) => order.state, { readonly: true, selection: ORDER_STATES }),
    product_id: field('many2one', 'Product', (order, tables) => productPair(tables, order.product_id), {
      required: true,
      relation: 'product.product',
    }),
    product_qty: field('float', 'Quantity To Produce', (order) => shownQuantity(rules, order), { required: true, ...DECIMALS }),
    product_uom_id: field('many2one', rules.labels.orderUnit, (order) => uomPair(order.uom_id), {
      readonly: rules.orderUnitReadonly,
      required: true,
      relation: 'uom.uom',
    }),
    product_tracking: field('selection', 'Product Tracking', (order, tables) => productOf(tables, order.product_id).tracking, {
      store: false,
    }),
    // Odoo names no digits here, although the value is rounded to them [fields_get].
    qty_producing: field('float', 'Quantity Producing', (order) => order.qty_producing),
    qty_produced: field('float', 'Quantity Produced', (order) => order.qty_produced, { readonly: true, store: false }),
    consumption: field('selection', 'Consumption', (order) => order.consumption, {
      readonly: true,
      required: true,
      selection: CONSUMPTIONS,
    }),
    origin: field('char', 'Source', (order) => order.origin),
    bom_id: field('many2one', 'Bill of Material', (order, tables) => [order.bom_id, productPair(tables, order.product_id)[1]], {
      relation: 'mrp.bom',
    }),
    move_raw_ids: field('one2many', 'Components', (order) => order.move_ids, { relation: 'stock.move' }),
    company_id: field('many2one', 'Company', () => COMPANY, { required: true, relation: 'res.company' }),
    write_date: field('datetime', 'Last Updated on', (order) => order.write_date, { readonly: true }),
    ...dateFields(rules),
    date_deadline: field('datetime', 'Deadline', () => false, { readonly: true }),
  };
}

/** Up to 16 the plan had fields of its own, and those of today were false until the order was done. */
function dateFields(rules: VersionRules): Record<string, Field<Order>> {
  const { plannedStart, plannedEnd } = rules.fields;
  if (rules.picks) {
    return {
      [plannedStart]: field('datetime', 'Start', (order) => order.planned_start, { required: true }),
      [plannedEnd]: field('datetime', 'End', (order) => order.end, { readonly: true }),
    };
  }
  return {
    [plannedStart]: field('datetime', 'Scheduled Date', (order) => order.planned_start, { required: true }),
    [plannedEnd]: field('datetime', 'Scheduled End Date', (order) => order.end),
    date_start: field('datetime', 'Start Date', () => false, { readonly: true }),
    date_finished: field('datetime', 'End Date', (order) => (order.state === 'done' ? order.end : false), { readonly: true }),
  };
}

/** The quantity of an order as that version shows it: up to 16 it is overwritten with what was produced [D2]. */
function shownQuantity(rules: VersionRules, order: Order): number {
  return !rules.picks && order.state === 'done' ? order.qty_produced : order.quantity;
}

/** The plan of a component as that version shows it: up to 16 it is overwritten with what was consumed [A5]. */
function shownPlan(rules: VersionRules, move: Move): number {
  return !rules.picks && move.state === 'done' ? move.quantity : move.planned;
}

/** The consumption as that version shows it: from 17 on what is not picked is the RESERVED quantity. */
export function shownConsumption(rules: VersionRules, move: Move): number {
  return rules.picks || move.picked ? move.quantity : 0;
}

function moveFields(rules: VersionRules): Record<string, Field<Move>> {
  const order = (move: Move, tables: Tables): Order | undefined => (move.order_id === null ? undefined : tables.orders.get(move.order_id));
  const perUnit = (move: Move, tables: Tables): number => move.planned / (order(move, tables)?.quantity ?? 1);
  const producing = (move: Move, tables: Tables): number => order(move, tables)?.qty_producing ?? 0;
  return {
    id: field('integer', 'ID', (move) => move.id, { readonly: true }),
    display_name: field('char', 'Display Name', (move, tables) => productLabel(productOf(tables, move.product_id)), { store: false }),
    product_id: field('many2one', 'Product', (move, tables) => productPair(tables, move.product_id), {
      required: true,
      relation: 'product.product',
    }),
    product_uom: field('many2one', rules.labels.moveUnit, (move) => uomPair(move.uom_id), { required: true, relation: 'uom.uom' }),
    product_uom_qty: field('float', 'Demand', (move) => shownPlan(rules, move), { required: true, ...DECIMALS }),
    ...consumptionFields(rules),
    state: field('selection', 'Status', (move) => move.state, { readonly: true, selection: moveStates(rules) }),
    raw_material_production_id: field(
      'many2one',
      'Production Order for components',
      (move, tables) => {
        const parent = order(move, tables);
        return parent ? [parent.id, parent.name] : false;
      },
      { relation: 'mrp.production' },
    ),
    bom_line_id: field(
      'many2one',
      'BoM Line',
      (move, tables) => (move.bom_line_id === null ? false : [move.bom_line_id, productPair(tables, move.product_id)[1]]),
      {
        relation: 'mrp.bom.line',
      },
    ),
    unit_factor: field('float', 'Unit Factor', perUnit, { readonly: true }),
    should_consume_qty: field('float', 'Quantity To Consume', (move, tables) => perUnit(move, tables) * producing(move, tables), {
      readonly: true,
      store: false,
      ...DECIMALS,
    }),
    has_tracking: field('selection', 'Product with Tracking', (move, tables) => productOf(tables, move.product_id).tracking, {
      readonly: true,
      store: false,
    }),
    company_id: field('many2one', 'Company', () => COMPANY, { required: true, relation: 'res.company' }),
  };
}

function consumptionFields(rules: VersionRules): Record<string, Field<Move>> {
  const consumed = (move: Move): number => shownConsumption(rules, move);
  const manual = field<Move>('boolean', 'Manual Consumption', () => false, { readonly: rules.manualConsumption === 'readonly' });
  return {
    [rules.fields.consumed]: field('float', rules.picks ? 'Quantity' : 'Quantity Done', consumed, {
      store: rules.consumedStored,
      ...DECIMALS,
    }),
    ...(rules.picks
      ? { picked: field<Move>('boolean', 'Picked', (move) => move.picked) }
      : { reserved_availability: field<Move>('float', 'Quantity Reserved', reserved, { readonly: true, store: false, ...DECIMALS }) }),
    ...(rules.manualConsumption === 'absent' ? {} : { manual_consumption: manual }),
  };
}

/** More than planned is reserved as soon as more is written as done; what is not in the recipe is not reserved. */
export function reserved(move: Move): number {
  if (move.state === 'done' || move.state === 'cancel' || move.planned === 0) return 0;
  return move.picked ? Math.max(move.planned, move.quantity) : move.planned;
}

function productFields(): Record<string, Field<Product>> {
  return {
    id: field('integer', 'ID', (product) => product.id, { readonly: true }),
    display_name: field('char', 'Display Name', (product) => productLabel(product), { store: false }),
    default_code: field('char', 'Internal Reference', (product) => product.code || false),
    name: field('char', 'Name', (product) => product.name, { required: true }),
    uom_id: field('many2one', 'Unit of Measure', (product) => uomPair(product.uom_id), { required: true, relation: 'uom.uom' }),
    tracking: field('selection', 'Tracking', (product) => product.tracking, { required: true, selection: TRACKINGS }),
    active: field('boolean', 'Active', () => true),
  };
}

const DECIMALS: Pick<FieldInfo, 'digits'> & object = { digits: [16, DIGITS] };

const ORDER_STATES = [
  ['draft', 'Draft'],
  ['confirmed', 'Confirmed'],
  ['progress', 'In Progress'],
  ['to_close', 'To Close'],
  ['done', 'Done'],
  ['cancel', 'Cancelled'],
] as const;

function moveStates(rules: VersionRules): readonly (readonly [string, string])[] {
  const cancelled = ['cancel', 'Cancelled'] as const;
  const others = [
    ['waiting', 'Waiting Another Move'],
    ['confirmed', rules.labels.waiting],
    ['partially_available', 'Partially Available'],
    ['assigned', 'Available'],
    ['done', 'Done'],
  ] as const;
  return rules.picks ? [['draft', 'New'], ...others, cancelled] : [['draft', 'New'], cancelled, ...others];
}

const CONSUMPTIONS = [
  ['flexible', 'Allowed'],
  ['warning', 'Allowed with warning'],
  ['strict', 'Blocked'],
] as const;

const TRACKINGS = [
  ['serial', 'By Unique Serial Number'],
  ['lot', 'By Lots'],
  ['none', 'No Tracking'],
] as const;

function productPair(tables: Tables, id: number): [number, string] {
  return [id, productLabel(productOf(tables, id))];
}

function uomPair(id: number): [number, string] {
  return [id, UNITS.get(id) ?? ''];
}

function field<R>(type: FieldInfo['type'], label: string, value: Field<R>['value'], rest: Partial<FieldInfo> = {}): Field<R> {
  return { type, string: label, readonly: false, required: false, store: true, ...rest, value };
}

function model<R>(
  name: string,
  python: string,
  order: string,
  records: (tables: Tables) => ReadonlyMap<number, R>,
  fields: Record<string, Field<R>>,
): Model {
  return {
    name,
    python,
    order,
    fields,
    ids: (tables) => [...records(tables).keys()],
    value: (tables, id, wanted) => {
      const record = records(tables).get(id);
      return record === undefined ? undefined : fields[wanted]?.value(record, tables);
    },
  };
}
