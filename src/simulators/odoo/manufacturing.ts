import { round } from '../../units';
import { DIGITS } from './catalogue';
import { addMoves } from './orders';
import { missing, userError } from './odoo-error';
import { movesOf, odooTime, productLabel, productOf, type Effect, type Move, type Order, type Tables } from './tables';
import { backorderWizard, consumptionIssues, consumptionWizard } from './wizards';

/** Who works on which tables, and when. */
export interface Work {
  readonly tables: Tables;
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
    addEffect(work, order, {
      kind: 'produce',
      product: productCode(work, order.product_id),
      quantity: values.qty_producing - order.qty_produced,
    });
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
  const changed: Move = { ...move, ...values };
  if (move.state === 'done') {
    const order = move.order_id === null ? undefined : work.tables.orders.get(move.order_id);
    if (order) consume(work, order, move, changed.quantity - move.quantity);
    work.tables.moves.set(move.id, changed);
    return;
  }
  work.tables.moves.set(move.id, move.state === 'cancel' ? changed : { ...changed, state: availability(changed) });
  if (move.order_id !== null) refreshState(work, move.order_id);
}

/** Adds a component that is not in the bill of materials; each call adds one more [E5]. */
export function addComponent(work: Work, orderId: number, values: MoveValues & { product_id: number }): void {
  const order = ordersOf(work, [orderId])[0] as Order;
  const [id] = addMoves(work.tables, orderId, [{ product_id: values.product_id, bom_line_id: null, planned: values.planned ?? 0 }]) as [
    number,
  ];
  put(work, { ...order, move_ids: [...order.move_ids, id] });
  writeMove(work, work.tables.moves.get(id) as Move, values);
}

/**
 * button_mark_done with all its traps (odoo.md B0): `true` proves nothing, a qty_producing of 0 becomes the theoretical
 * production, and a component that was not picked is consumed 0.
 * @returns true, or the action of a wizard when a person would have been asked
 */
export function markDone(work: Work, ids: readonly number[], context: Readonly<Record<string, unknown>>): unknown {
  const open = ordersOf(work, ids).filter(isOpen);
  for (const order of open) refuseMissingLots(work, order);
  for (const order of open) if (order.qty_producing === 0) produceAsPlanned(work, order);

  const present = ordersOf(work, ids).filter((order) => order.state !== 'cancel');
  const issues = Boolean(context['skip_consumption']) ? [] : present.flatMap((order) => consumptionIssues(work.tables, order));
  if (issues.length > 0) return consumptionWizard(ids, issues);

  const split = Array.isArray(context['mo_ids_to_backorder']) ? (context['mo_ids_to_backorder'] as unknown[]) : [];
  const short = present.filter((order) => isOpen(order) && order.qty_producing < order.quantity);
  if (short.length > 0 && !Boolean(context['skip_backorder'])) return backorderWizard(short.map((order) => order.id));

  for (const order of present.filter(isOpen)) {
    const backorder = split.includes(order.id) && order.qty_producing < order.quantity;
    finish(work, backorder ? splitOff(work, order) : order);
  }
  return true;
}

/** action_cancel: true whatever happened; one that is done stays done [A9], what was written is dropped [F6]. */
export function cancel(work: Work, ids: readonly number[]): true {
  for (const order of ordersOf(work, ids).filter(isOpen)) {
    cancelMoves(work, order);
    addEffect(work, put(work, { ...order, state: 'cancel' }), { kind: 'cancel' });
  }
  return true;
}

/** unlink: the order goes, its moves stay behind cancelled and without an order [F11]. */
export function remove(work: Work, ids: readonly number[]): true {
  const orders = ordersOf(work, ids);
  if (orders.some((order) => order.state === 'done')) throw userError('Cannot delete a manufacturing order in done state.');
  for (const order of orders) {
    cancelMoves(work, order);
    for (const move of movesOf(work.tables, order)) work.tables.moves.set(move.id, { ...move, order_id: null });
    work.tables.orders.delete(order.id);
  }
  return true;
}

/** message_post; returns the id of the message. */
export function postMessage(work: Work, ids: readonly number[], body: unknown): number {
  const note = typeof body === 'string' ? body : '';
  for (const order of ordersOf(work, ids)) put(work, { ...order, notes: [...order.notes, note] });
  return work.tables.next.message++;
}

function isOpen(order: Order): boolean {
  return order.state !== 'done' && order.state !== 'cancel';
}

function put(work: Work, order: Order): Order {
  const stored = { ...order, write_date: odooTime(work.now) };
  work.tables.orders.set(order.id, stored);
  return stored;
}

/** Any consumption or qty_producing takes the order out of `confirmed` [A3b]; nothing brings it back. */
function refreshState(work: Work, id: number): void {
  const order = work.tables.orders.get(id);
  if (!order || !isOpen(order)) return;
  if (order.qty_producing >= order.quantity) put(work, { ...order, state: 'to_close' });
  else if (order.qty_producing !== 0 || movesOf(work.tables, order).some((move) => move.picked)) put(work, { ...order, state: 'progress' });
}

function availability(move: Move): Move['state'] {
  if (move.quantity <= 0) return 'confirmed';
  return move.quantity < move.planned ? 'partially_available' : 'assigned';
}

/** The trap of 17 and later: what was written is replaced by the recipe [C2]. Components added by hand stay. */
function produceAsPlanned(work: Work, order: Order): void {
  for (const move of movesOf(work.tables, order)) {
    if (move.state !== 'cancel' && move.planned !== 0)
      work.tables.moves.set(move.id, { ...move, quantity: move.planned, picked: true, state: 'assigned' });
  }
  put(work, { ...order, qty_producing: order.quantity });
}

function refuseMissingLots(work: Work, order: Order): void {
  const products = [order, ...movesOf(work.tables, order).filter((move) => move.picked && move.quantity > 0)].map(
    ({ product_id }) => product_id,
  );
  const tracked = products.map((id) => productOf(work.tables, id)).filter((product) => product.tracking !== 'none');
  if (tracked.length === 0) return;
  throw userError(
    `You need to supply a Lot/Serial Number for product: ${tracked.map((product) => `\n - ${productLabel(product)}`).join('')}`,
  );
}

/** Moves stock: what was picked is consumed, all other components end cancelled with 0, the product is made all the same. */
function finish(work: Work, order: Order): void {
  for (const move of movesOf(work.tables, order)) {
    if (move.picked && move.quantity !== 0 && move.state !== 'cancel') {
      consume(work, order, move, move.quantity);
      work.tables.moves.set(move.id, { ...move, state: 'done' });
    } else {
      work.tables.moves.set(move.id, { ...move, quantity: 0, picked: false, state: 'cancel' });
    }
  }
  addEffect(work, order, { kind: 'produce', product: productCode(work, order.product_id), quantity: order.qty_producing });
  const done = put(work, { ...order, state: 'done', qty_produced: order.qty_producing, end: odooTime(work.now) });
  addEffect(work, done, { kind: 'done' });
}

/** A backorder renames the original and takes the rest of the plan: key by id, never by name [D3]. */
function splitOff(work: Work, order: Order): Order {
  const share = order.qty_producing / order.quantity;
  const name = order.name.replace(/-\d{3}$/, '');
  const suffix = (number: number): string => `${name}-${number.toString().padStart(3, '0')}`;
  const first = order.split === 0 ? 1 : order.split;
  const moves = movesOf(work.tables, order);
  const rest = moves.map((move) => ({ ...move, planned: round(move.planned * (1 - share), DIGITS) })).filter((move) => move.planned !== 0);
  const id = work.tables.next.order++;
  const move_ids = addMoves(
    work.tables,
    id,
    rest.map(({ product_id, bom_line_id, planned }) => ({ product_id, bom_line_id, planned })),
  );
  put(work, {
    ...order,
    id,
    name: suffix(first + 1),
    state: 'confirmed',
    quantity: round(order.quantity - order.qty_producing, DIGITS),
    qty_producing: 0,
    move_ids,
    split: first + 1,
    notes: [],
  });
  for (const move of moves) work.tables.moves.set(move.id, { ...move, planned: round(move.planned * share, DIGITS) });
  return put(work, { ...order, name: suffix(first), quantity: order.qty_producing, split: first });
}

function cancelMoves(work: Work, order: Order): void {
  for (const move of movesOf(work.tables, order)) work.tables.moves.set(move.id, { ...move, quantity: 0, picked: false, state: 'cancel' });
}

function consume(work: Work, order: Order, move: Move, quantity: number): void {
  if (quantity !== 0) addEffect(work, order, { kind: 'consume', product: productCode(work, move.product_id), quantity });
}

function productCode(work: Work, id: number): string {
  return productOf(work.tables, id).code;
}

type What = { kind: 'consume' | 'produce'; product: string; quantity: number } | { kind: 'done' | 'cancel' };

function addEffect(work: Work, order: Order, what: What): void {
  const effect: Effect = { at: work.now.toISOString(), mo_id: order.name, odoo_id: order.id, ...what };
  if ('quantity' in effect) effect.quantity = round(effect.quantity, DIGITS);
  work.tables.effects.push(effect);
}
