import type { Clock } from '../clock';
import { SmartMoError } from '../errors';
import { createBreaker } from './breaker';
import { createHttp } from './http';
import { createJsonRpc } from './jsonrpc';
import { type Names, readNames } from './names';
import type { Odoo, OdooComponent, OdooOrder, OdooRecord, PushPayload } from './odoo';
import { createProducts, type Product } from './products';
import { checkSettings, type OdooSettings } from './settings';
import {
  type Many2one,
  readDoneMoves,
  readOrderList,
  readOrderRecords,
  readOrderStates,
  readPickedMoves,
  readPlannedMoves,
  type OrderListRow,
  type PlannedMoveRow,
} from './shapes';
import { shared } from './shared';
import type { ModelCall } from './transport';

const MO = 'mrp.production';

/**
 * The Odoo of a mo-odoo node: stock Odoo 14-21 over JSON-RPC. Names of fields follow the version of the server; when
 * that is upgraded under us, the names are asked again and the call is repeated once with the new ones.
 * @throws SmartMoError CONFIG_MISSING, CONFIG_INVALID
 */
export function createOdoo(settings: OdooSettings, deps: { clock: Clock; random?: () => number }): Odoo {
  const { clock, random } = deps;
  const origin = checkSettings(settings);
  const transport = createJsonRpc(createHttp(origin, { clock, tls: settings.tls }), settings, clock);
  const breaker = createBreaker(`Odoo at ${origin}`, { min: settings.retryMin, max: settings.retryMax }, { clock, random });

  const call = (what: ModelCall, signal?: AbortSignal): Promise<unknown> => breaker.run(() => transport.call(what, signal));
  const names = shared(async () => readNames(await breaker.run(() => transport.version()), call));
  const products = createProducts(call, clock);

  async function withNames<T>(work: (names: Names) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const known = await names.get(signal);
    try {
      return await work(known);
    } catch (error) {
      if (!(error instanceof SmartMoError && error.class === 'version')) throw error;
      names.forget(known);
      const fresh = await names.get(signal);
      if (JSON.stringify(fresh) === JSON.stringify(known)) throw error;
      return work(fresh);
    }
  }

  const searchRead = (model: string, domain: readonly unknown[], options: Record<string, unknown>, signal?: AbortSignal) =>
    call({ model, method: 'search_read', args: { domain }, options }, signal);

  return {
    times: { timeout: settings.timeout, retryMin: settings.retryMin, retryMax: settings.retryMax },

    async probe(signal) {
      names.forget();
      const { version } = await names.get(signal);
      const uid = await breaker.run(() => transport.uid(signal));
      const confirmed = await call({ model: MO, method: 'search_count', args: { domain: [['state', '=', 'confirmed']] } }, signal);
      if (typeof confirmed !== 'number')
        throw new SmartMoError('ODOO_ANSWER', `Odoo's answer to ${MO}.search_count is malformed: it is no number`);
      return { version: version.text, major: version.major, uid, confirmed, protocol: transport.protocol };
    },

    async mayChange(signal) {
      const { version } = await names.get(signal);
      const ask = (model: string): Promise<unknown> =>
        version.major < 18
          ? call({ model, method: 'check_access_rights', args: { operation: 'write', raise_exception: false } }, signal)
          : call({ model, method: 'has_access', ids: [], args: { operation: 'write' } }, signal);
      try {
        const answers = [await ask(MO), await ask('stock.move')];
        return answers.every((answer) => typeof answer === 'boolean') ? answers.every(Boolean) : null;
      } catch (error) {
        if (error instanceof SmartMoError && (error.class === 'version' || error.class === 'permanent')) return null;
        throw error;
      }
    },

    async listConfirmed({ limit, seen, domain }, signal) {
      return withNames(async ({ plannedStart, digits }) => {
        const terms = [['state', '=', 'confirmed'], ...(seen.length ? [['id', 'not in', seen]] : []), ...domain];
        const fields = ['id', 'name', 'state', 'product_id', 'product_qty', 'product_uom_id', 'move_raw_ids'];
        const answer = await searchRead(MO, terms, { fields, limit, order: `${plannedStart} asc, id asc` }, signal);
        const orders = readOrderList(answer, 'the list of confirmed MOs');
        const moves = await plannedMoves(orders, signal);
        const of = await products.get(
          [...orders, ...moves].map((row) => id(row.product_id)),
          signal,
        );
        return orders.map((order) => toOrder(order, moves, of, digits));
      }, signal).catch((error: unknown) => {
        if (!domain.length || !(error instanceof SmartMoError && error.class === 'version')) throw error;
        throw new SmartMoError(
          'CONFIG_INVALID',
          `the filter ${JSON.stringify(domain)} of the fetch node does not fit this Odoo: ${error.message}`,
          {
            value: domain,
          },
        );
      });
    },

    async readStates(ids, signal) {
      if (ids.length === 0) return new Map();
      const answer = await searchRead(MO, [['id', 'in', ids]], { fields: ['id', 'name', 'state', 'product_qty'] }, signal);
      const rows = readOrderStates(answer, 'the states of MOs');
      return new Map(rows.map((row) => [row.id, { odoo_id: row.id, mo_id: row.name, state: row.state, quantity: row.product_qty }]));
    },

    async readOrder(odooId, signal) {
      return withNames(async ({ consumed }) => {
        const fields = ['id', 'name', 'state', 'product_qty', 'qty_producing', 'qty_produced', 'move_raw_ids'];
        const answer = await searchRead(MO, [['id', 'in', [odooId]]], { fields }, signal);
        const order = readOrderRecords(answer, `the question for MO ${odooId}`).find((row) => row.id === odooId);
        if (!order) return null;
        const { name, state, product_qty, qty_producing, qty_produced } = order;
        const moves = await consumedMoves(order, consumed, signal);
        return { odoo_id: odooId, mo_id: name, state, quantity: product_qty, qty_producing, qty_produced, moves };
      }, signal);
    },

    async push(payload, signal) {
      checkPayload(payload);
      await withNames(({ consumed }) => {
        const values = (quantity: number) => (consumed === 'quantity' ? { quantity, picked: true } : { quantity_done: quantity });
        const vals = {
          qty_producing: payload.qty,
          move_raw_ids: payload.moves.map(({ move_id, quantity }) => [1, move_id, values(quantity)]),
        };
        return call({ model: MO, method: 'write', ids: [payload.odoo_id], args: { vals }, change: true }, signal);
      }, signal);
    },

    async markDone(odooId, { strictConsumption }, signal) {
      await withNames(({ consumed }) => {
        const context = {
          // Without it what Odoo blocks ("Blocked" consumption) stays blocked.
          ...(strictConsumption ? {} : { skip_consumption: true }),
          skip_backorder: true,
          skip_redirection: true,
          ...(consumed === 'quantity_done' ? { skip_immediate: true } : {}),
        };
        return call({ model: MO, method: 'button_mark_done', ids: [odooId], options: { context }, change: true }, signal);
      }, signal);
    },

    async cancel(odooId, signal) {
      await call({ model: MO, method: 'action_cancel', ids: [odooId], change: true }, signal);
    },

    async note(odooId, body, signal) {
      await call({ model: MO, method: 'message_post', ids: [odooId], options: { body }, change: true }, signal);
    },

    state: () => breaker.state(),
    close: () => transport.close(),
  };

  async function plannedMoves(orders: readonly OrderListRow[], signal?: AbortSignal): Promise<PlannedMoveRow[]> {
    if (orders.length === 0) return [];
    const domain = [
      ['raw_material_production_id', 'in', orders.map((order) => order.id)],
      ['state', '!=', 'cancel'],
    ];
    const fields = ['id', 'product_id', 'product_uom', 'product_uom_qty', 'state', 'raw_material_production_id'];
    const answer = await searchRead('stock.move', domain, { fields, order: 'raw_material_production_id, id' }, signal);
    return readPlannedMoves(answer, 'the components of MOs');
  }

  async function consumedMoves(
    order: { id: number; move_raw_ids: number[] },
    consumed: Names['consumed'],
    signal?: AbortSignal,
  ): Promise<OdooRecord['moves']> {
    const picked = consumed === 'quantity' ? ['picked'] : [];
    const fields = ['id', 'product_id', consumed, 'state', 'raw_material_production_id', ...picked];
    const answer = await searchRead('stock.move', [['raw_material_production_id', 'in', [order.id]]], { fields, order: 'id' }, signal);
    const what = `the components of MO ${order.id}`;
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

/** Scrapped components are moves of the MO as well, but not among its move_raw_ids. */
function isComponent(move: { id: number; raw_material_production_id: Many2one }, order: { id: number; move_raw_ids: number[] }): boolean {
  return id(move.raw_material_production_id) === order.id && order.move_raw_ids.includes(move.id);
}

function toOrder(order: OrderListRow, moves: readonly PlannedMoveRow[], products: ReadonlyMap<number, Product>, digits: number): OdooOrder {
  const product = describeProduct(order.product_id, products);
  const components = moves
    .filter((move) => isComponent(move, order))
    .map((move): OdooComponent => ({
      move_id: move.id,
      ...describeProduct(move.product_id, products),
      planned: move.product_uom_qty,
      uom: text(move.product_uom),
      digits,
    }));
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

/** Odoo checks no amounts (odoo.md B0): NaN would travel as null, a negative one would add to the stock. */
function checkPayload(payload: PushPayload): void {
  const wrong = payload.moves.find(({ quantity }) => !(quantity >= 0 && Number.isFinite(quantity)));
  if (!(payload.qty > 0 && Number.isFinite(payload.qty)) || wrong) {
    const value = wrong ? `${wrong.quantity} of product ${wrong.product_id}` : `a finished quantity of ${payload.qty}`;
    throw new SmartMoError('INPUT_INVALID', `${value} cannot be pushed to ${payload.mo_id}; nothing was sent`, { class: 'bug', value });
  }
}

const id = (field: Many2one): number => (field ? field[0] : 0);
const text = (field: Many2one): string => (field ? field[1] : '');
