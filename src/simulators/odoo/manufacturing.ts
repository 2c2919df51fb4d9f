import { round } from '../../units';
import { DIGITS } from './catalogue';
import { addMoves } from './orders';
import { missing, userError, validationError } from './odoo-error';
import { movesOf, odooTime, productOf, type Effect, type Move, type Order, type Tables } from './tables';
import type { VersionRules } from './versions';

/** Who works on which tables, by the rules of which version, and when. */
export interface Work {
  readonly tables: Tables;
  readonly rules: VersionRules;
  readonly now: Date;
  readonly uid: number;
}

/** Values of a write on a move that have been checked; absent = left alone. */
export type MoveValues = Changes<Move, 'quantity' | 'picked' | 'planned' | 'product_id' | 'uom_id'>;
export type OrderValues = Changes<Order, 'qty_producing' | 'quantity' | 'consumption' | 'origin' | 'planned_start' | 'end'>;
type Changes<R, K extends keyof R> = { -readonly [Name in K]?: R[Name] };

/** @throws OdooError MissingError naming those that are not there */
export function ordersOf(work: Work, ids: readonly number[]): Order[] {
  const lost = ids.filter((id) => !work.tables.orders.has(id));
  if (lost.length > 0) throw missing('mrp.production', lost, work.uid);
  return ids.flatMap((id) => work.tables.orders.get(id) ?? []);
}

/**
 * Writes an order. On one that is done another qty_producing moves the finished product in stock again, on one that is
 * cancelled it is accepted without effect [F3].
 */
export function writeOrder(work: Work, order: Order, values: OrderValues): void {
  if (order.state === 'done' && values.qty_producing !== undefined && values.qty_producing !== order.qty_produced) {
    produce(work, order, values.qty_producing - order.qty_produced);
    put(work, { ...order, ...values, qty_produced: values.qty_producing });
    return;
  }
  put(work, { ...order, ...values });
  refreshState(work, order.id);
}

/**
 * Writes a move, whichever order it belongs to: Odoo does not check that it is the one the command came through [X5].
 * On a done move another quantity moves stock again [A8].
 */
export function writeMove(work: Work, move: Move, values: MoveValues): void {
  if (move.state === 'cancel' && values.quantity !== undefined)
    throw userError('You cannot change a cancelled stock move, create a new line instead.');
  if (values.quantity !== undefined && values.quantity < 0 && work.rules.negativeQuantity !== null)
    throw validationError(work.rules.negativeQuantity);
  const changed: Move = { ...move, ...values };
  if (move.state === 'done') {
    const order = move.order_id === null ? undefined : work.tables.orders.get(move.order_id);
    if (order) consume(work, order, move, changed.quantity - move.quantity);
    work.tables.moves.set(move.id, changed);
    return;
  }
  work.tables.moves.set(move.id, move.state === 'cancel' ? changed : { ...changed, state: availability(work.rules, changed) });
  if (move.order_id !== null) refreshState(work, move.order_id);
}

/** Adds a component that is not in the bill of materials; each call adds one more [E5]. */
export function addComponent(work: Work, orderId: number, values: MoveValues & { product_id: number }): void {
  if (!work.rules.addsComponents) throw validationError(NO_DESCRIPTION);
  const order = ordersOf(work, [orderId])[0] as Order;
  const [id] = addMoves(work.tables, orderId, [{ product_id: values.product_id, bom_line_id: null, planned: values.planned ?? 0 }]) as [
    number,
  ];
  put(work, { ...order, move_ids: [...order.move_ids, id] });
  writeMove(work, work.tables.moves.get(id) as Move, values);
}

const NO_DESCRIPTION =
  'The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: Stock Move (stock.move), Field: Description (name)';

/** action_cancel: true whatever happened; one that is done stays done [A9], what was written is dropped [F6]. */
export function cancel(work: Work, ids: readonly number[]): true {
  const orders = ordersOf(work, ids);
  refuseDone(orders, work.rules.cancelOfDone);
  for (const order of orders.filter(isOpen)) {
    cancelMoves(work, order);
    addEffect(work, put(work, { ...order, state: 'cancel' }), { kind: 'cancel' });
  }
  return true;
}

/** unlink: the order goes; its moves go with it, or stay behind cancelled and without an order [F11]. */
export function remove(work: Work, ids: readonly number[]): true {
  const orders = ordersOf(work, ids);
  refuseDone(orders, work.rules.cancelOfDone ?? 'Cannot delete a manufacturing order in done state.');
  for (const order of orders) {
    cancelMoves(work, order);
    for (const move of movesOf(work.tables, order)) {
      if (work.rules.keepsMovesOfDeleted) work.tables.moves.set(move.id, { ...move, order_id: null });
      else work.tables.moves.delete(move.id);
    }
    work.tables.orders.delete(order.id);
  }
  return true;
}

/** message_post; answers the new message. */
export function postMessage(work: Work, ids: readonly number[], body: unknown): number | number[] {
  const note = typeof body === 'string' ? body : '';
  for (const order of ordersOf(work, ids)) put(work, { ...order, notes: [...order.notes, note] });
  const id = work.tables.next.message++;
  return work.rules.recordsAsList ? [id] : id;
}

/** action_generate_serial: gives the finished product its lot, and answers nothing at all [T1b]. */
export function generateLot(work: Work, ids: readonly number[]): undefined {
  for (const order of ordersOf(work, ids)) {
    if (order.lot && work.rules.makesLots) throw userError('You cannot set more than 1 lot per product');
    put(work, { ...order, lot: true });
  }
  return undefined;
}

export function isOpen(order: Order): boolean {
  return order.state !== 'done' && order.state !== 'cancel';
}

/** Stores the order with the time of the change. */
export function put(work: Work, order: Order): Order {
  const stored = { ...order, write_date: odooTime(work.now) };
  work.tables.orders.set(order.id, stored);
  return stored;
}

/** Puts into the evidence that so much of a component was taken; negative = given back. */
export function consume(work: Work, order: Order, move: Move, quantity: number): void {
  if (quantity !== 0) addEffect(work, order, { kind: 'consume', product: productOf(work.tables, move.product_id).code, quantity });
}

/** Puts into the evidence that so much of the finished product was made; negative = taken back. */
export function produce(work: Work, order: Order, quantity: number): void {
  addEffect(work, order, { kind: 'produce', product: productOf(work.tables, order.product_id).code, quantity });
}

type What = { kind: 'consume' | 'produce'; product: string; quantity: number } | { kind: 'done' | 'cancel' };

/** Puts something into the evidence. */
export function addEffect(work: Work, order: Order, what: What): void {
  const effect: Effect = { at: work.now.toISOString(), mo_id: order.name, odoo_id: order.id, ...what };
  if ('quantity' in effect) effect.quantity = round(effect.quantity, DIGITS);
  work.tables.effects.push(effect);
}

/** Any consumption or qty_producing takes the order out of `confirmed` [A3b]; nothing brings it back. */
function refreshState(work: Work, id: number): void {
  const order = work.tables.orders.get(id);
  if (!order || !isOpen(order)) return;
  if (order.qty_producing >= order.quantity) put(work, { ...order, state: 'to_close' });
  else if (order.qty_producing !== 0 || movesOf(work.tables, order).some((move) => move.picked)) put(work, { ...order, state: 'progress' });
}

/** Where reserved and done quantities are apart, what is written as done leaves the reservation alone. */
function availability(rules: VersionRules, move: Move): Move['state'] {
  if (!rules.picks) return 'assigned';
  if (move.quantity <= 0) return 'confirmed';
  return move.quantity < move.planned ? 'partially_available' : 'assigned';
}

function refuseDone(orders: readonly Order[], text: string | null): void {
  if (text !== null && orders.some((order) => order.state === 'done')) throw userError(text);
}

function cancelMoves(work: Work, order: Order): void {
  for (const move of movesOf(work.tables, order)) work.tables.moves.set(move.id, { ...move, quantity: 0, picked: false, state: 'cancel' });
}
