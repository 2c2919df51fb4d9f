import { round } from '../../units';
import { BOM_QUANTITY, DIGITS, UNITS, type Product } from './catalogue';
import { reserved, shownConsumption } from './fields';
import type { Cut } from './http-exchange';
import { cancel, isOpen, ordersOf, put, writeMove, writeOrder, type Work } from './manufacturing';
import { markDone } from './mark-done';
import { OdooError, userError } from './odoo-error';
import { movesOf, productOf, type Move, type Order } from './tables';

type Params = Readonly<Record<string, unknown>>;
type Answer = Record<string, unknown>;

/** The order's own equipment; every fourth order has none. */
const PLC = { code: 'PLC01', name: 'Batching PLC' };

/** Orders of those states by planned start, later ids first. Names instead of ids, naive ISO times in UTC. */
export function listOrders(work: Work, params: Params): Answer {
  const states = Array.isArray(params['states']) ? (params['states'] as unknown[]) : ['confirmed'];
  const [offset, limit] = [Number(params['offset'] ?? 0), Number(params['limit'] ?? 10)];
  const found = [...work.tables.orders.values()]
    .filter(({ state }) => states.includes(state))
    .sort((a, b) => a.planned_start.localeCompare(b.planned_start) || b.id - a.id)
    .slice(offset, offset + limit);
  return { status: 'success', count: found.length, data: found.map((order) => orderView(work, order)) };
}

/**
 * Consumption by equipment code, in kg. It REPLACES what was written before; values <= 0 are skipped, so that a figure
 * cannot be cleared; an error in the middle keeps what was written, and `errors` may be filled although all is "success".
 */
export function updateConsumptions(work: Work, params: Params, cut?: Cut): Answer {
  const { mo_id, quantity, ...weights } = params;
  const order = openOrder(work, mo_id);
  if (Number(quantity) > 0) writeOrder(work, order, { qty_producing: round(Number(quantity), DIGITS) });

  const entries = Object.entries(weights);
  const consumed: Answer[] = [];
  const errors: string[] = [];
  const answer = (status: string, message: string): Answer => {
    const { state, qty_producing } = ordersOf(work, [order.id])[0] as Order;
    return { status, message, mo_id, mo_state: state, updated_finished_qty: qty_producing, consumed_items: consumed, errors };
  };

  for (const [index, [code, value]] of entries.entries()) {
    const cutOff = cut !== undefined && index >= entries.length / 2;
    if (Number.isNaN(Number(value)) || (cutOff && cut === 'halfway')) return answer('error', `${code}: the value could not be written`);
    const applied = round(Number(value), DIGITS);
    if (applied <= 0) continue;
    try {
      if (cutOff) throw userError('the stock move is locked by another user');
      consumed.push(consumeFrom(work, order, code, applied));
    } catch (error) {
      if (!(error instanceof OdooError)) throw error;
      errors.push(`${code}: ${error.message}`);
    }
  }
  return answer('success', `Consumption of ${order.name} updated`);
}

/** Produces `finished_qty` and closes the order; no question is asked and nothing is left over. */
export function markOrderDone(work: Work, params: Params): Answer {
  const order = openOrder(work, params['mo_id']);
  const quantity = round(Number(params['finished_qty']), DIGITS);
  if (!(quantity > 0)) throw userError('finished_qty must be above 0');
  writeOrder(work, order, { qty_producing: quantity });
  markDone(work, [order.id], { skip_consumption: true, skip_backorder: true, skip_immediate: true });
  const end = params['date_end_actual'];
  const done = ordersOf(work, [order.id])[0] as Order;
  if (typeof end === 'string' && end !== '') put(work, { ...done, end: end.replace('T', ' ').slice(0, 19) });
  return { status: 'success', message: `${order.name} is done`, mo_id: order.name };
}

/** Cancelling what is cancelled is a success, cancelling what is done is refused. */
export function cancelOrder(work: Work, params: Params): Answer {
  const order = orderNamed(work, params['mo_id']);
  if (order.state === 'done') throw userError(`${order.name} is done and cannot be cancelled`);
  cancel(work, [order.id]);
  const message = order.state === 'cancel' ? `${order.name} is already cancelled` : `${order.name} is cancelled`;
  return { status: 'success', message, mo_id: order.name, mo_state: 'cancel' };
}

function orderNamed(work: Work, name: unknown): Order {
  const order = [...work.tables.orders.values()].find((candidate) => candidate.name === name);
  if (!order) throw userError(`Manufacturing order ${JSON.stringify(name ?? false)} not found`);
  return order;
}

function openOrder(work: Work, name: unknown): Order {
  const order = orderNamed(work, name);
  if (!isOpen(order)) throw userError(`${order.name} is ${order.state === 'done' ? 'done' : 'cancelled'} and cannot be changed`);
  return order;
}

/** Two components on one equipment: the first gets it all. */
function consumeFrom(work: Work, order: Order, code: string, quantity: number): Answer {
  const moves = movesOf(work.tables, order).filter((move) => equipmentOf(work, order, move)?.code === code);
  if (moves.length === 0) throw userError(`no component of ${order.name} has this equipment`);
  for (const [index, move] of moves.entries()) writeMove(work, move, { quantity: index === 0 ? quantity : 0, picked: true });
  const products = moves.map((move) => productOf(work.tables, move.product_id).name);
  return { equipment_code: code, applied_qty: quantity, move_ids: moves.map(({ id }) => id), products };
}

/** A component without equipment inherits that of its order, if it has one. */
function equipmentOf(work: Work, order: Order, move: Move): Product['equipment'] {
  return productOf(work.tables, move.product_id).equipment ?? orderEquipment(order);
}

function orderEquipment(order: Order): Product['equipment'] {
  return order.id % 4 === 0 ? null : PLC;
}

function orderView(work: Work, order: Order): Answer {
  const moves = movesOf(work.tables, order).filter(({ state }) => state !== 'cancel');
  const line = (move: Move): Answer => ({
    product_id: move.product_id,
    product_name: productOf(work.tables, move.product_id).name,
    to_consume: billed(order, move),
  });
  return {
    mo_id: order.name,
    state: order.state,
    schedule_start: order.planned_start.replace(' ', 'T'),
    product_name: productOf(work.tables, order.product_id).name,
    quantity: order.quantity,
    uom: UNITS.get(order.uom_id) ?? false,
    equipment: orderEquipment(order),
    bom_components: moves.filter((move) => move.bom_line_id !== null).map(line),
    components_consumption: moves.map((move) => ({
      ...line(move),
      reserved: reserved(move),
      consumed: shownConsumption(work.rules, move),
      uom: UNITS.get(move.uom_id) ?? false,
      equipment: equipmentOf(work, order, move),
    })),
  };
}

/** The line of the bill of materials as it is written, not scaled to the order. */
function billed(order: Order, move: Move): number {
  return move.bom_line_id === null ? move.planned : round((move.planned * BOM_QUANTITY) / order.quantity, DIGITS);
}
