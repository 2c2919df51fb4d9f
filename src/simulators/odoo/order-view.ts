import { movesOf, productOf, type Move, type Order, type Tables } from './tables';

type Shown = 'state' | 'quantity' | 'qty_producing' | 'qty_produced' | 'consumption' | 'origin' | 'planned_start' | 'end' | 'notes';

/** An order as a test looks at it. Quantities in kg. */
export interface OrderView extends Pick<Order, Shown> {
  odoo_id: number;
  mo_id: string;
  /** Internal reference. */
  product: string;
  moves: { move_id: number; product: string; planned: number; quantity: number; picked: boolean; state: Move['state'] }[];
}

/** All orders by id. */
export function orderViews(tables: Tables): OrderView[] {
  return [...tables.orders.values()].sort((a, b) => a.id - b.id).map((order) => orderView(tables, order));
}

function orderView(tables: Tables, order: Order): OrderView {
  const { state, quantity, qty_producing, qty_produced, consumption, origin, planned_start, end, notes } = order;
  return {
    odoo_id: order.id,
    mo_id: order.name,
    product: productOf(tables, order.product_id).code,
    ...{ state, quantity, qty_producing, qty_produced, consumption, origin, planned_start, end, notes },
    moves: movesOf(tables, order).map((move) => ({
      move_id: move.id,
      product: productOf(tables, move.product_id).code,
      planned: move.planned,
      quantity: move.quantity,
      picked: move.picked,
      state: move.state,
    })),
  };
}
