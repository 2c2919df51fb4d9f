import { ajvOnFirstUse } from '../ajv';
import { SmartMoError } from '../errors';
import { onFirstUse } from '../first-use';

/** `[id, "display name"]`, or false when empty. */
export type Many2one = [number, string] | false;

export interface OrderRow {
  id: number;
  name: string;
  state: string;
  product_qty: number;
}
export interface OrderListRow extends OrderRow {
  product_id: Many2one;
  product_uom_id: Many2one;
  move_raw_ids: number[];
}
export interface OrderRecordRow extends OrderRow {
  qty_producing: number;
  qty_produced: number;
  move_raw_ids: number[];
}
export interface MoveRow {
  id: number;
  product_id: Many2one;
  state: string;
  raw_material_production_id: Many2one;
}
export interface PlannedMoveRow extends MoveRow {
  product_uom: Many2one;
  product_uom_qty: number;
}
/** A move of Odoo 14-16. */
export interface DoneMoveRow extends MoveRow {
  quantity_done: number;
}
/** A move of Odoo 17 and later: what is not picked is only reserved. */
export interface PickedMoveRow extends MoveRow {
  quantity: number;
  picked: boolean;
}
export interface ProductRow {
  id: number;
  /** An empty text is false. */
  default_code: string | false;
  name: string;
  tracking: string;
}

/** An MO as the plant module lists it (odoo.md part C); an empty text is false. */
export interface ScadaOrderRow {
  mo_id: string;
  components_consumption: {
    product_id: number;
    to_consume: number;
    uom: string | false;
    equipment: { code: string | false } | null | false;
  }[];
}

// A number of JSON can be Infinity (1e999); strictNumbers refuses it.
const ajv = ajvOnFirstUse({ strictNumbers: true });

const ID = { type: 'integer', minimum: 1 };
const TEXT = { type: 'string' };
const TEXT_OR_FALSE = { anyOf: [{ const: false }, TEXT] };
const NUMBER = { type: 'number' };
const IDS = { type: 'array', items: ID };
const MANY2ONE = { anyOf: [{ const: false }, { type: 'array', items: [ID, TEXT], minItems: 2, additionalItems: false }] };
const ORDER = { id: ID, name: TEXT, state: TEXT, product_qty: NUMBER };
const MOVE = { id: ID, product_id: MANY2ONE, state: TEXT, raw_material_production_id: MANY2ONE };

/** Reads a list of records, or throws ODOO_ANSWER naming the record and field that is wrong: an error is never "no orders". */
export type RowReader<Row> = (answer: unknown, what: string) => Row[];

function rowReader<Row>(properties: Record<string, object>): RowReader<Row> {
  const row = { type: 'object', properties, required: Object.keys(properties) };
  const compiled = onFirstUse(() => ajv().compile<Row[]>({ type: 'array', items: row }));
  return (answer, what) => {
    const valid = compiled();
    if (valid(answer)) return answer;
    const { instancePath = '', message = 'is wrong' } = valid.errors?.at(-1) ?? {};
    const [index, ...field] = instancePath.split('/').slice(1);
    const where = index === undefined ? 'it' : `record ${Number(index) + 1}${field.length ? `, ${field.join('.')}` : ''}`;
    throw new SmartMoError(
      'ODOO_ANSWER',
      `Odoo's answer to ${what} is malformed: ${where} ${message}; look for a module that changes it`,
      // Nothing was changed, and no batch is to blame: all wait until Odoo answers as it should.
      { class: 'transient', value: instancePath },
    );
  };
}

export const readOrderStates = rowReader<OrderRow>(ORDER);
export const readOrderList = rowReader<OrderListRow>({ ...ORDER, product_id: MANY2ONE, product_uom_id: MANY2ONE, move_raw_ids: IDS });
export const readOrderRecords = rowReader<OrderRecordRow>({ ...ORDER, qty_producing: NUMBER, qty_produced: NUMBER, move_raw_ids: IDS });
export const readPlannedMoves = rowReader<PlannedMoveRow>({ ...MOVE, product_uom: MANY2ONE, product_uom_qty: NUMBER });
export const readDoneMoves = rowReader<DoneMoveRow>({ ...MOVE, quantity_done: NUMBER });
export const readPickedMoves = rowReader<PickedMoveRow>({ ...MOVE, quantity: NUMBER, picked: { type: 'boolean' } });
export const readProducts = rowReader<ProductRow>({
  id: ID,
  default_code: TEXT_OR_FALSE,
  name: TEXT,
  tracking: TEXT,
});

const EQUIPMENT = {
  anyOf: [{ type: 'null' }, { const: false }, { type: 'object', properties: { code: TEXT_OR_FALSE }, required: ['code'] }],
};
const COMPONENT = { product_id: ID, to_consume: NUMBER, uom: TEXT_OR_FALSE, equipment: EQUIPMENT };
export const readScadaOrders = rowReader<ScadaOrderRow>({
  mo_id: TEXT,
  components_consumption: { type: 'array', items: { type: 'object', properties: COMPONENT, required: Object.keys(COMPONENT) } },
});

/** The answer to a login: the user with that id, or null when Odoo refuses. */
export function asUser(uid: unknown): { uid: number } | null {
  if (uid === false || uid === null) return null;
  if (typeof uid === 'number' && Number.isSafeInteger(uid) && uid > 0) return { uid };
  throw new SmartMoError('ODOO_ANSWER', 'Odoo answered the login with something else than the id of a user; check the url', {
    class: 'transient',
  });
}
