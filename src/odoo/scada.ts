import { SmartMoError } from '../errors';
import { unitFactor } from '../units';
import type { OdooOrder, OdooRecord, PushPayload } from './odoo';
import type { SessionTransport } from './session';
import { readScadaOrders, type ScadaOrderRow } from './shapes';
import type { Operations, StockOperations } from './stock';

/** Orders asked for at once, at least: a filter may leave few of a page. */
const PAGE = 50;

/**
 * The operations over the routes of the plant module (odoo.md part C). The routes know MOs by name; ids, units, states and
 * what is shown come from the models, read in the same session.
 */
export function scadaOperations(stock: StockOperations, route: SessionTransport['route']): Operations {
  async function page(limit: number, offset: number, signal?: AbortSignal): Promise<ScadaOrderRow[]> {
    const { data } = await route('mo-list-detailed', { limit, offset, states: ['confirmed'] }, { signal });
    return readScadaOrders(data, 'mo-list-detailed');
  }

  return {
    readStates: stock.readStates,
    readOrder: stock.readOrder,

    async listConfirmed({ limit, seen, domain }, signal) {
      const known = new Set(seen);
      const listed = new Set<string>();
      const found: OdooOrder[] = [];
      const size = Math.max(limit, PAGE);
      for (let offset = seen.length; found.length < limit; offset += size) {
        const rows = await page(size, offset, signal);
        // A module that knows no offset would give the same page for ever.
        if (rows.every((row) => listed.has(row.mo_id))) break;
        for (const row of rows) listed.add(row.mo_id);
        const terms = [['name', 'in', rows.map((row) => row.mo_id)], ['state', '=', 'confirmed'], ...domain];
        const orders = await stock.readOrders(terms, {}, signal);
        const pairs = rows.flatMap((row) => orders.filter((order) => order.mo_id === row.mo_id).map((order) => ({ row, order })));
        for (const { row, order } of pairs) {
          if (!known.has(order.odoo_id)) found.push(withPlan(order, row));
          known.add(order.odoo_id);
        }
        if (rows.length < size) break;
      }
      return found.slice(0, limit);
    },

    async push(payload, shown, signal) {
      const { mo_id, qty, equipment } = payload;
      assertClearable(payload, shown);
      const weighed = Object.fromEntries(Object.entries(equipment).filter(([, quantity]) => quantity > 0));
      const result = await route('mo/update-with-consumptions', { ...weighed, mo_id, quantity: qty }, { change: true, signal });
      const errors = result['errors'] as string[];
      if (errors.length === 0) return;
      throw new SmartMoError(
        'ODOO_REFUSED',
        `Odoo took only a part of the consumption of ${mo_id}: ${errors.join(', ').slice(0, 300)}; compare the equipment codes of mo-line with Odoo`,
      );
    },

    async markDone({ mo_id, qty }, _options, signal) {
      await route('mo/mark-done', { mo_id, finished_qty: qty }, { change: true, signal });
      return false;
    },

    async cancel(odooId, signal) {
      const shown = (await stock.readStates([odooId], signal)).get(odooId);
      if (!shown) throw new SmartMoError('ODOO_GONE', `MO ${odooId} is no longer shown by Odoo, so it cannot be cancelled there`);
      try {
        await route('mo/cancel', { mo_id: shown.mo_id }, { change: true, signal });
      } catch (error) {
        if (!(error instanceof SmartMoError && error.code === 'ODOO_REFUSED' && error.value === 'cancel')) throw error;
      }
    },

    async note() {
      throw new SmartMoError(
        'CONFIG_INVALID',
        'the scada protocol has no route for a note; empty "Note on the MO" in the node "complete in Odoo"',
      );
    },
  };
}

/** The plan as the module lists it, which may not be scaled to the order, and the equipment; a component it does not list has none. */
function withPlan(order: OdooOrder, row: ScadaOrderRow): OdooOrder {
  const listed = [...row.components_consumption];
  const components = order.components.map((component) => {
    const index = listed.findIndex((candidate) => candidate.product_id === component.product_id);
    const [line] = index < 0 ? [] : listed.splice(index, 1);
    if (!line) return { ...component, equipment: '' };
    // NaN is no plan: units that do not convert reject the order.
    const planned = line.to_consume * (unitFactor(line.uom || component.uom, component.uom) ?? NaN);
    return { ...component, planned, equipment: (line.equipment && line.equipment.code) || '' };
  });
  return { ...order, components };
}

/** The routes skip zeros, so they can replace a figure but not clear one. */
function assertClearable(payload: PushPayload, shown: OdooRecord): void {
  const wanted = new Map(payload.moves.map(({ move_id, quantity }) => [move_id, quantity]));
  const stuck = shown.moves.filter(({ move_id, quantity }) => quantity > 0 && (wanted.get(move_id) ?? 0) === 0);
  if (stuck.length === 0) return;
  const list = stuck.map(({ product_id, quantity }) => `${quantity} of product ${product_id}`).join(', ');
  throw new SmartMoError(
    'ODOO_DIFFERS',
    `${payload.mo_id} shows a consumption of ${list} in Odoo where nothing was weighed, and the scada protocol cannot clear it; set it to 0 in Odoo`,
  );
}
