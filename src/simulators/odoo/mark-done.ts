import { round } from '../../units';
import { DIGITS } from './catalogue';
import { addEffect, consume, isOpen, ordersOf, produce, put, type Work } from './manufacturing';
import { userError, validationError } from './odoo-error';
import { addMoves } from './orders';
import { movesOf, odooTime, productLabel, productOf, type Order } from './tables';
import { backorderAction, backorderWizard, consumptionIssues, consumptionWizard, immediateWizard } from './wizards';

type Context = Readonly<Record<string, unknown>>;

/**
 * button_mark_done with all its traps (odoo.md B0): `true` proves nothing; from 17 on a qty_producing of 0 becomes the
 * theoretical production and a component that was not picked is consumed 0, where older ones ask or refuse.
 * @returns true, or an action: a wizard when a person would have been asked, up to 16 the new backorder as well
 */
export function markDone(work: Work, ids: readonly number[], context: Context): unknown {
  for (const order of ordersOf(work, ids).filter(isOpen)) refuseMissingLots(work, order);
  if (work.rules.picks) {
    for (const order of ordersOf(work, ids).filter(isOpen)) if (order.qty_producing === 0) produceAsPlanned(work, order);
  } else {
    const untouched = ordersOf(work, ids).filter((order) => order.qty_producing === 0 && !isConsumed(work, order));
    if (untouched.length > 0 && !Boolean(context['skip_immediate'])) return immediateWizard(untouched.map((order) => order.id));
    refuseNothing(work, ids);
  }

  const present = ordersOf(work, ids).filter((order) => order.state !== 'cancel');
  const issues = Boolean(context['skip_consumption']) ? [] : present.flatMap((order) => consumptionIssues(work.tables, order));
  if (issues.length > 0) return consumptionWizard(work.rules, ids, issues);

  const short = present.filter((order) => isOpen(order) && order.qty_producing < order.quantity);
  if (short.length > 0 && !Boolean(context['skip_backorder']))
    return backorderWizard(
      work.rules,
      short.map((order) => order.id),
    );

  const split = Array.isArray(context['mo_ids_to_backorder']) ? (context['mo_ids_to_backorder'] as unknown[]) : [];
  const backorders = short.filter((order) => split.includes(order.id)).map((order) => splitOff(work, order));
  for (const order of ordersOf(work, ids).filter(isOpen)) finish(work, order);
  return work.rules.picks || backorders.length === 0 ? true : backorderAction(backorders);
}

/** What a person does who clicks every question away: an untouched order is done as planned. */
export function markDoneByHand(work: Work, order: Order): void {
  if (order.qty_producing === 0 || !isConsumed(work, order)) produceAsPlanned(work, order);
  markDone(work, [order.id], { skip_consumption: true, skip_backorder: true });
}

function isConsumed(work: Work, order: Order): boolean {
  return movesOf(work.tables, order).some((move) => move.picked && move.quantity !== 0);
}

/** Up to 16: nothing produced or nothing consumed is refused, an order that was cancelled among them. */
function refuseNothing(work: Work, ids: readonly number[]): void {
  const orders = ordersOf(work, ids);
  const among = work.rules.cancelledAmongOthers;
  if (among !== null && orders.length > 1 && orders.some((order) => order.state === 'cancel')) throw validationError(among);
  for (const order of orders) {
    if (order.qty_producing === 0) throw userError('The quantity to produce must be positive!');
    if (!isConsumed(work, order)) throw userError('You must indicate a non-zero amount consumed for at least one of your components');
  }
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
  const used = movesOf(work.tables, order).filter((move) => move.picked && move.quantity > 0);
  const products = [...(order.lot || work.rules.makesLots ? [] : [order]), ...used].map(({ product_id }) => product_id);
  const tracked = products.map((id) => productOf(work.tables, id)).filter((product) => product.tracking !== 'none');
  if (tracked.length === 0) return;
  const bullet = work.rules.lotBullet;
  throw userError(
    `You need to supply a Lot/Serial Number for product:${bullet}${tracked.map(productLabel).join(bullet.replace(/^ /, ''))}`,
  );
}

/** Moves stock: what was picked is consumed, all other components end cancelled with 0, the product is made all the same. */
function finish(work: Work, order: Order): void {
  const left: number[] = [];
  for (const move of movesOf(work.tables, order)) {
    if (move.picked && move.quantity !== 0 && move.state !== 'cancel') {
      consume(work, order, move, move.quantity);
      work.tables.moves.set(move.id, { ...move, state: 'done' });
      if (!work.rules.picks && move.quantity < move.planned) left.push(move.id);
    } else {
      work.tables.moves.set(move.id, { ...move, quantity: 0, picked: false, state: 'cancel' });
    }
  }
  produce(work, order, order.qty_producing);
  const done = put(work, {
    ...order,
    state: 'done',
    qty_produced: order.qty_producing,
    end: odooTime(work.now),
    lot: order.lot || work.rules.makesLots,
    move_ids: [...order.move_ids, ...leftOver(work, order, left)],
  });
  addEffect(work, done, { kind: 'done' });
}

/** Up to 16: what was planned and not consumed stays in the order as cancelled moves (21 moves instead of 15). */
function leftOver(work: Work, order: Order, ids: readonly number[]): number[] {
  if (ids.length === 0) return [];
  const moves = ids.flatMap((id) => work.tables.moves.get(id) ?? []);
  const added = addMoves(
    work.tables,
    order.id,
    moves.map(({ product_id, quantity, planned }) => ({ product_id, bom_line_id: null, planned: round(planned - quantity, DIGITS) })),
  );
  for (const id of added) {
    const move = work.tables.moves.get(id);
    if (move) work.tables.moves.set(id, { ...move, quantity: 0, state: 'cancel' });
  }
  return added;
}

/**
 * A backorder renames the original and takes the rest of the plan: key by id, never by name [D3].
 * @returns the id of the new order
 */
function splitOff(work: Work, order: Order): number {
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
  put(work, { ...order, name: suffix(first), quantity: order.qty_producing, split: first });
  return id;
}
