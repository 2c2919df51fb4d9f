import type { OdooComponent, OdooOrder } from '../odoo/odoo';
import { PLAUSIBLE } from '../plc/decode-slot';
import type { BatchMaterial } from '../queue/batch';
import type { QueueEntry } from '../queue/gate';
import { round, unitFactor } from '../units';
import { quantityOnPlc } from './quantity';
import type { Line } from './line';
import type { Material } from '../material';

export type RejectReason =
  | 'unknown-material'
  | 'two-products-one-material'
  | 'quantity'
  | 'name-too-long'
  | 'unit'
  | 'over-max'
  | 'lot-tracked'
  | 'duplicate'
  | 'queued-elsewhere';

/** An order that cannot be queued, with the one thing that is wrong. */
export interface Rejection {
  mo_id: string;
  reason: RejectReason;
  /** "no silo of line main holds SOY-48" */
  text: string;
  value: string | number | null;
}

export type CheckedOrder = { entry: QueueEntry } | { rejection: Rejection };

/** Unit of a material that is not on the PLC. */
const MANUAL_UNIT = 'kg';

/**
 * Checks an order against the line before it is queued, and freezes its materials (product.md, orders are checked before
 * they are queued). Several tags may hold one product: the plan goes to them by share, by default all to the first.
 * Two moves of one product become one material that remembers both.
 */
export function checkOrder(order: OdooOrder, line: Line): CheckedOrder {
  const reject = (reason: RejectReason, text: string, value: string | number | null = null): CheckedOrder => ({
    rejection: { mo_id: order.mo_id, reason, text, value },
  });

  // As the table keeps it: one order of 0.0004 kg must not make PostgreSQL refuse the whole set.
  const stored = round(order.quantity, 3);
  if (!(stored > 0 && stored < 1e12)) {
    return reject('quantity', `its quantity is ${order.quantity} ${order.uom}; it must be above 0 and below 1e12`, order.quantity);
  }
  const { nameWidth } = line.mapping;
  if (order.mo_id.length > nameWidth || !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(order.mo_id)) {
    return reject('name-too-long', `its name must be 1 to ${nameWidth} plain characters to fit the PLC's text field`, order.mo_id);
  }
  if (order.tracking !== 'none') {
    return reject('lot-tracked', `product ${nameOf(order)} is tracked by ${order.tracking}; make its lot in Odoo by hand`, nameOf(order));
  }

  const components = line.scaleBom ? scaledToOrder(order) : order.components;
  if (!components) {
    return reject('unit', `its BoM cannot be scaled: not all components convert to ${order.uom}, the unit of the order`, order.uom);
  }
  const materials: BatchMaterial[] = [];
  const productOfTag = new Map<string, OdooComponent>();
  for (const component of bySource(components)) {
    const name = nameOf(component.first);
    if (component.first.tracking !== 'none') {
      return reject('lot-tracked', `component ${name} is tracked by ${component.first.tracking}; consume it in Odoo by hand`, name);
    }
    if (component.moves.some((move) => !(move.planned >= 0))) return reject('quantity', `component ${name} has a negative plan`, name);
    const tags = line.materials.filter((material) => holds(material, component.first));
    if (tags.length === 0) {
      const { equipment } = component.first;
      const where = equipment === null ? '' : equipment === '' ? ' (it has no equipment code)' : ` (its equipment code is ${equipment})`;
      return reject('unknown-material', `no silo of line ${line.line} holds ${name}${where}`, name);
    }
    for (const tag of tags) {
      const other = productOfTag.get(tag.tag);
      if (other) {
        return reject('two-products-one-material', `${nameOf(other)} and ${name} both belong to ${tag.tag}`, tag.tag);
      }
      productOfTag.set(tag.tag, component.first);
    }
    const split = splitPlan(component.moves, tags, line);
    if ('unit' in split)
      return reject('unit', `${name} is planned in ${split.unit.from}, ${split.unit.tag} weighs in ${split.unit.to}`, split.unit.from);
    materials.push(...split.materials);
  }
  const sum = line.scaleBom ? 0 : (sumOfBom(order) ?? 0);
  if (sum > 0 && Math.abs(sum - order.quantity) > (line.weightTolerance / 100) * order.quantity) {
    const remedy = 'switch on "Scale the plan of the BoM to the order" in mo-line, or correct the BoM in Odoo';
    return reject('quantity', `its components sum up to ${round(sum, 3)} ${order.uom}, the order is ${order.quantity}; ${remedy}`, sum);
  }
  if (materials.length === 0) return reject('unknown-material', 'it has no components', null);
  const onPlc = quantityOnPlc({ ...order, materials }, line.mapping);
  for (const { tag, planned, uom } of materials) {
    const max = maxOf(tag, uom, onPlc, line);
    if (planned > max)
      return reject('over-max', `${tag} shall take ${planned} ${uom}, its maximum is ${max} (mo-line, materials)`, planned);
  }

  const { mo_id, odoo_id, uom } = order;
  return { entry: { mo_id, odoo_id, quantity: stored, uom, finished_goods: order.product || order.product_code, materials } };
}

/** What a read would not believe must not be queued: such a batch could never finish. Nobody reads what is weighed by hand. */
function maxOf(tag: string, uom: string, onPlc: number, line: Line): number {
  const material = line.materials.find((candidate) => candidate.tag === tag);
  if (material && material.max > 0) return material.max;
  if (!material || material.manual) return Infinity;
  return round(PLAUSIBLE * onPlc * (unitFactor(line.mapping.quantityUnit, uom) ?? 1), 3);
}

function nameOf(thing: { product_code: string; product: string; product_id: number }): string {
  return thing.product_code || thing.product || `#${thing.product_id}`;
}

/** The plant module names the equipment; elsewhere the product decides. */
export function holds(material: Material, component: OdooComponent): boolean {
  if (component.equipment !== null) return component.equipment !== '' && material.code === component.equipment;
  const { product } = material;
  return (product !== '' && product === component.product_code) || (product.startsWith('#') && product === `#${component.product_id}`);
}

/** What the BoM as the plant module lists it adds up to, in the unit of the order; 0 over stock Odoo; null when units do not convert. */
function sumOfBom({ components, uom }: OdooOrder): number | null {
  const factors = components.map((component) => (component.equipment === null ? 0 : unitFactor(component.uom, uom)));
  if (factors.includes(null)) return null;
  return components.reduce((total, { planned }, index) => total + planned * (factors[index] ?? 0), 0);
}

/** The plan of a BoM as written, scaled so that it sums up to the order; null when the units do not convert. */
function scaledToOrder(order: OdooOrder): OdooComponent[] | null {
  const sum = sumOfBom(order);
  if (sum === null) return null;
  // Stock Odoo has scaled its moves already.
  return sum > 0
    ? order.components.map((component) => ({ ...component, planned: (component.planned * order.quantity) / sum }))
    : [...order.components];
}

/** Moves of one product on one piece of equipment become one. */
function bySource(components: readonly OdooComponent[]): { first: OdooComponent; moves: OdooComponent[] }[] {
  const groups = new Map<string, { first: OdooComponent; moves: OdooComponent[] }>();
  for (const component of components) {
    const source = `${component.product_id} ${component.equipment ?? ''}`;
    const group = groups.get(source);
    if (group) group.moves.push(component);
    else groups.set(source, { first: component, moves: [component] });
  }
  return [...groups.values()];
}

type Split = { materials: BatchMaterial[] } | { unit: { from: string; to: string; tag: string } };

/** One product onto its tags. Quantities of the moves stay in the unit of the first move, planned is in the map's. */
function splitPlan(moves: readonly OdooComponent[], tags: readonly Material[], line: Line): Split {
  const [first] = moves;
  if (!first) return { materials: [] };
  const planned: number[] = [];
  for (const move of moves) {
    const factor = unitFactor(move.uom, first.uom);
    if (factor === null) return { unit: { from: move.uom, to: first.uom, tag: nameOf(first) } };
    planned.push(move.planned * factor);
  }
  const total = planned.reduce((sum, quantity) => sum + quantity, 0);
  const upTo = sharesUpTo(tags);

  const materials: BatchMaterial[] = [];
  for (const [index, tag] of tags.entries()) {
    const uom = tag.manual ? MANUAL_UNIT : line.mapping.unitOf(tag.tag);
    const factor = unitFactor(first.uom, uom);
    if (factor === null) return { unit: { from: first.uom, to: uom, tag: tag.tag } };
    // In the order in which jsonb keeps keys (src/queue/gate.ts).
    materials.push({
      tag: tag.tag,
      uom,
      code: tag.code,
      digits: first.digits,
      manual: tag.manual,
      // Differences of rounded sums: together they are the rounded total, and none is negative.
      planned: round(round(total * factor * (upTo[index + 1] ?? 1), 3) - round(total * factor * (upTo[index] ?? 0), 3), 3),
      product: tag.product,
      move_ids: moves.map(({ move_id }) => move_id),
      move_uom: first.uom,
      product_id: first.product_id,
      move_planned: planned,
    });
  }
  return { materials };
}

/** Fraction of the plan that goes to the tags before each tag, and 1 at the end: by share when any is set, else all to the first. */
function sharesUpTo(tags: readonly Material[]): number[] {
  const sum = tags.reduce((total, tag) => total + tag.share, 0);
  let taken = 0;
  const upTo = tags.map((tag) => (sum > 0 ? (taken += tag.share) / sum : 1));
  return [0, ...upTo];
}
