import { breathe } from '../breather';
import type { Names } from './names';
import type { Odoo, OdooComponent, OdooOrder, OdooRecord, PushPayload } from './odoo';
import type { Product, Products } from './products';
import {
  type Many2one,
  type OrderListRow,
  type PlannedMoveRow,
  readDoneMoves,
  readOrderList,
  readOrderRecords,
  readOrderStates,
  readPickedMoves,
  readPlannedMoves,
} from './shapes';
import type { ModelCall } from './transport';

export const MO = 'mrp.production';
/** Their components are asked for together: an answer that is parsed and checked in one go must not hold up Node-RED. */
const ORDERS_PER_CALL = 100;

/** What the tasks do with MOs; each protocol has its own way. */
export type Operations = Pick<Odoo, 'listConfirmed' | 'readStates' | 'readOrder' | 'push' | 'markDone' | 'cancel' | 'note'>;

export interface StockOperations extends Operations {
  /**
   * MOs of that domain with all their components, cancelled moves left out. Three calls up to 100 MOs; for each 100 more another one,
   * and one where they need a product that is not known yet.
   */
  readOrders(domain: readonly unknown[], page: { limit?: number }, signal?: AbortSignal): Promise<OdooOrder[]>;
}

export interface StockDependencies {
  call(call: ModelCall, signal?: AbortSignal): Promise<unknown>;
  /** As this version of Odoo names its fields. */
  names: Names;
  products: Products;
}

/** The operations by calls of the models of stock Odoo 14-21, as measured (odoo.md part B). */
export function stockOperations({ call, names, products }: StockDependencies): StockOperations {
  const { consumed, plannedStart, digits } = names;

  const searchRead = (what: string, model: string, domain: readonly unknown[], options: Record<string, unknown>, signal?: AbortSignal) =>
    call({ what, model, method: 'search_read', args: { domain }, options }, signal);

  async function readOrders(domain: readonly unknown[], page: { limit?: number }, signal?: AbortSignal): Promise<OdooOrder[]> {
    const fields = ['id', 'name', 'state', 'product_id', 'product_qty', 'product_uom_id', 'move_raw_ids'];
    const what = 'the list of confirmed MOs';
    const answer = await searchRead(what, MO, domain, { fields, ...page, order: `${plannedStart} asc, id asc` }, signal);
    const orders = readOrderList(answer, what);
    const parts = inParts(orders);
    const complete: OdooOrder[] = [];
    let asked: Promise<PlannedMoveRow[]> | undefined;
    for (const [index, part] of parts.entries()) {
      const moves = await (asked ?? plannedMoves(part, signal));
      const next = parts[index + 1];
      // Odoo works on the next answer while this one is looked at.
      asked = next && plannedMoves(next, signal);
      // Nobody waits for it any more when this one turns out to be wrong.
      asked?.catch(() => undefined);
      // All that the MOs make is asked for with the first part; what is known by then may be forgotten before the last.
      const used = [...(index === 0 ? orders : part), ...moves].map((row) => id(row.product_id));
      const known = await products.get(used, signal);
      const byOrder = new Map<number, PlannedMoveRow[]>(part.map((order) => [order.id, []]));
      for (const move of moves) byOrder.get(id(move.raw_material_production_id))?.push(move);
      for (const order of part) {
        await breathe();
        complete.push(toOrder(order, byOrder.get(order.id) ?? [], known, digits));
      }
    }
    return complete;
  }

  return {
    readOrders,

    listConfirmed({ limit, seen, domain }, signal) {
      const terms = [['state', '=', 'confirmed'], ...(seen.length ? [['id', 'not in', seen]] : []), ...domain];
      return readOrders(terms, { limit }, signal);
    },

    async readStates(ids, signal) {
      const what = 'the states of MOs';
      const answer = await searchRead(what, MO, [['id', 'in', ids]], { fields: ['id', 'name', 'state', 'product_qty'] }, signal);
      const rows = readOrderStates(answer, what);
      return new Map(rows.map((row) => [row.id, { odoo_id: row.id, mo_id: row.name, state: row.state, quantity: row.product_qty }]));
    },

    async readOrder(odooId, signal) {
      const fields = ['id', 'name', 'state', 'product_qty', 'qty_producing', 'qty_produced', 'move_raw_ids'];
      const what = 'the question for the MO';
      const answer = await searchRead(what, MO, [['id', 'in', [odooId]]], { fields }, signal);
      const order = readOrderRecords(answer, what).find((row) => row.id === odooId);
      if (!order) return null;
      const { name, state, product_qty, qty_producing, qty_produced } = order;
      const moves = await consumedMoves(order, signal);
      return { odoo_id: odooId, mo_id: name, state, quantity: product_qty, qty_producing, qty_produced, moves };
    },

    async push({ odoo_id, mo_id, qty, moves }: PushPayload, _shown, signal) {
      const values = (quantity: number) => (consumed === 'quantity' ? { quantity, picked: true } : { quantity_done: quantity });
      const vals = {
        qty_producing: qty,
        move_raw_ids: moves.map(({ move_id, quantity }) => [1, move_id, values(quantity)]),
      };
      await call({ what: `the quantities of ${mo_id}`, model: MO, method: 'write', ids: [odoo_id], args: { vals }, change: true }, signal);
    },

    async markDone({ odoo_id, mo_id }, { strictConsumption }, signal) {
      const context = {
        // Without it what Odoo blocks ("Blocked" consumption) stays blocked.
        ...(strictConsumption ? {} : { skip_consumption: true }),
        skip_backorder: true,
        skip_redirection: true,
        ...(consumed === 'quantity_done' ? { skip_immediate: true } : {}),
      };
      const what = `the completion of ${mo_id}`;
      await call({ what, model: MO, method: 'button_mark_done', ids: [odoo_id], options: { context }, change: true }, signal);
      return strictConsumption;
    },

    async cancel(odooId, signal) {
      await call({ what: 'the cancellation', model: MO, method: 'action_cancel', ids: [odooId], change: true }, signal);
    },

    async note(odooId, body, signal) {
      await call({ what: 'the note', model: MO, method: 'message_post', ids: [odooId], options: { body }, change: true }, signal);
    },
  };

  async function plannedMoves(part: readonly OrderListRow[], signal?: AbortSignal): Promise<PlannedMoveRow[]> {
    const what = 'the components of MOs';
    const fields = ['id', 'product_id', 'product_uom', 'product_uom_qty', 'state', 'raw_material_production_id'];
    const domain = [
      ['raw_material_production_id', 'in', part.map((order) => order.id)],
      ['state', '!=', 'cancel'],
    ];
    return readPlannedMoves(
      await searchRead(what, 'stock.move', domain, { fields, order: 'raw_material_production_id, id' }, signal),
      what,
    );
  }

  async function consumedMoves(order: { id: number; move_raw_ids: number[] }, signal?: AbortSignal): Promise<OdooRecord['moves']> {
    const picked = consumed === 'quantity' ? ['picked'] : [];
    const fields = ['id', 'product_id', consumed, 'state', 'raw_material_production_id', ...picked];
    const what = 'the components of the MO';
    const answer = await searchRead(
      what,
      'stock.move',
      [['raw_material_production_id', 'in', [order.id]]],
      { fields, order: 'id' },
      signal,
    );
    const rows =
      consumed === 'quantity_done'
        ? readDoneMoves(answer, what).map((row) => ({ ...row, quantity: row.quantity_done, picked: true }))
        : readPickedMoves(answer, what);
    return rows
      .filter((row) => isComponent(row, order))
      .map((row) => ({
        move_id: row.id,
        product_id: id(row.product_id),
        state: row.state,
        // From 17 on, what is neither picked nor done is a reservation (odoo.md B3).
        quantity: row.state !== 'cancel' && (row.picked || row.state === 'done') ? row.quantity : 0,
      }));
  }
}

function inParts<T>(all: readonly T[]): T[][] {
  const starts = Array.from({ length: Math.ceil(all.length / ORDERS_PER_CALL) }, (_, part) => part * ORDERS_PER_CALL);
  return starts.map((from) => all.slice(from, from + ORDERS_PER_CALL));
}

/** Scrapped components are moves of the MO as well, but not among its move_raw_ids. */
function isComponent(move: { id: number; raw_material_production_id: Many2one }, order: { id: number; move_raw_ids: number[] }): boolean {
  return id(move.raw_material_production_id) === order.id && order.move_raw_ids.includes(move.id);
}

function toOrder(order: OrderListRow, moves: readonly PlannedMoveRow[], products: ReadonlyMap<number, Product>, digits: number): OdooOrder {
  const product = describeProduct(order.product_id, products);
  const components = moves
    .filter((move) => isComponent(move, order))
    .map((move): OdooComponent => {
      const { product_id, product, product_code, tracking } = describeProduct(move.product_id, products);
      const [planned, uom] = [move.product_uom_qty, text(move.product_uom)];
      return { move_id: move.id, product_id, product, product_code, tracking, planned, uom, digits, equipment: null };
    });
  return {
    odoo_id: order.id,
    mo_id: order.name,
    state: order.state,
    quantity: order.product_qty,
    uom: text(order.product_uom_id),
    ...product,
    components,
  };
}

/** A product that the user may not read keeps its display name and has no reference: the order is rejected later, by name. */
function describeProduct(product: Many2one, products: ReadonlyMap<number, Product>): { product_id: number } & Product {
  const known = products.get(id(product));
  return { product_id: id(product), ...(known ?? { product: text(product), product_code: '', tracking: 'none' }) };
}

const id = (field: Many2one): number => (field ? field[0] : 0);
const text = (field: Many2one): string => (field ? field[1] : '');
