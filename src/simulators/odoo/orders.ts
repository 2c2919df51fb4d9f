import { KG, planOrder } from './catalogue';
import { fromOdooTime, odooTime, type Move, type Order, type Tables } from './tables';

const BETWEEN_STARTS_MS = 30 * 60_000;
const DURATION_MS = 60 * 60_000;

/** Creates `count` confirmed orders with the next numbers, each planned half an hour after the last. */
export function addOrders(tables: Tables, count: number, plan: { seed: number; quantity: number }, now: Date): Order[] {
  return Array.from({ length: count }, () => {
    const number = tables.next.number++;
    const { product_id, bom_id, components } = planOrder(plan.seed, number, plan.quantity);
    const start = nextStart(tables, now);
    const id = tables.next.order++;
    const order: Order = {
      id,
      name: `WH/MO/${number.toString().padStart(5, '0')}`,
      state: 'confirmed',
      product_id,
      uom_id: KG,
      quantity: plan.quantity,
      qty_producing: 0,
      qty_produced: 0,
      consumption: 'warning',
      origin: `SIM-${number}`,
      bom_id,
      move_ids: addMoves(tables, id, components),
      planned_start: odooTime(start),
      end: odooTime(new Date(start.getTime() + DURATION_MS)),
      write_date: odooTime(now),
      split: 0,
      notes: [],
      lot: false,
    };
    tables.orders.set(id, order);
    return order;
  });
}

/** Adds reserved moves to the order of that id and returns their ids. */
export function addMoves(
  tables: Tables,
  orderId: number,
  components: readonly Pick<Move, 'product_id' | 'bom_line_id' | 'planned'>[],
): number[] {
  const ids = components.map((component) => {
    const id = tables.next.move++;
    tables.moves.set(id, {
      id,
      order_id: orderId,
      uom_id: KG,
      ...component,
      quantity: component.planned,
      picked: false,
      state: 'assigned',
    });
    return id;
  });
  tables.next.move++; // the move of the finished product, which takes an id in Odoo as well
  return ids;
}

/** Confirmed orders of the tables. */
export function confirmedCount(tables: Tables): number {
  let count = 0;
  for (const order of tables.orders.values()) if (order.state === 'confirmed') count++;
  return count;
}

function nextStart(tables: Tables, now: Date): Date {
  let last = 0;
  for (const order of tables.orders.values()) last = Math.max(last, fromOdooTime(order.planned_start).getTime());
  return last === 0 ? now : new Date(last + BETWEEN_STARTS_MS);
}
