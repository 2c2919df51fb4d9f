import { SmartMoError } from '../errors';
import type { PushPayload } from '../odoo/odoo';
import { type BatchMaterial, manualActual, type QueueRow } from '../queue/batch';
import { round, unitFactor } from '../units';
import type { Line } from './line';
import { weighed } from './plausible';

/** The unit in which the routes of the plant module take a consumption, and the decimals that grams add to it. */
const ROUTE_UNIT = 'kg';
const KG_DIGITS = 3;

/**
 * What will be told to Odoo about a finished batch; computed once and frozen in the row before anything is sent
 * (odoo.md part A, quantities pushed): all components, zeros included; the actuals of several tags of one product
 * summed; split over several moves of a product by their plan, the last takes the rounding.
 * @throws MAP_CHANGED naming the tag of which nothing is stored
 */
export function consumptionOf(row: QueueRow & { odoo_id: number }, line: Line, markDone: boolean): PushPayload {
  const moves: PushPayload['moves'] = [];
  const equipment = new Map<string, number>();
  for (const materials of groupByMoves(row.materials)) {
    const [first] = materials;
    if (!first) continue;
    let total = 0;
    const byCode = new Map<string, number>();
    for (const material of materials) {
      const quantity = inMoveUnit(material, actualOf(material, row, line));
      total += quantity;
      add(byCode, material.code, quantity);
    }
    moves.push(...splitOverMoves(first, total));
    for (const [code, quantity] of byCode) if (code !== '') add(equipment, code, forRoutes(first, quantity));
  }
  const { mo_id, odoo_id } = row;
  return { mo_id, odoo_id, qty: producedQuantity(row, line), moves, equipment: Object.fromEntries(equipment), markDone };
}

function add(sums: Map<string, number>, key: string, quantity: number): void {
  sums.set(key, (sums.get(key) ?? 0) + quantity);
}

/**
 * What the routes of the plant module are told: kg, whatever the unit of the move (odoo.md part C), and no other figure
 * than the move is to show. Litres have no weight and stay what they are.
 */
function forRoutes({ move_uom, digits }: BatchMaterial, quantity: number): number {
  return round(round(quantity, digits) * (unitFactor(move_uom, ROUTE_UNIT) ?? 1), digits + KG_DIGITS);
}

/** @throws MAP_CHANGED when nothing was stored for a tag of the PLC: what was not weighed is not known, and never 0 */
function actualOf(material: BatchMaterial, row: QueueRow, line: Line): number {
  if (material.manual) return manualActual(material, row, line);
  const actual = weighed(row.actual, material.tag);
  if (actual !== undefined) return actual;
  throw new SmartMoError(
    'MAP_CHANGED',
    `${row.mo_id} has no actual of ${material.tag}: was this tag renamed? park it, and book it by hand`,
    {
      value: material.tag,
    },
  );
}

function inMoveUnit(material: BatchMaterial, quantity: number): number {
  return quantity * (unitFactor(material.uom, material.move_uom) ?? 1);
}

/** qty_producing: the weight where the order's unit is one of weight, else the order's own quantity. */
function producedQuantity(row: QueueRow, line: Line): number {
  const factor = unitFactor(line.mapping.weightUnit, row.uom);
  return factor === null || row.actual_weight === null ? row.quantity : round(row.actual_weight * factor, digitsOf(row));
}

/** Decimals that Odoo keeps of a quantity, the same for all of them. */
export function digitsOf({ materials }: Pick<QueueRow, 'materials'>): number {
  return Math.max(...materials.map((material) => material.digits));
}

/** The tags that share a component. One product may be two components, each on equipment of its own. */
function groupByMoves(materials: readonly BatchMaterial[]): BatchMaterial[][] {
  const groups = new Map<number | undefined, BatchMaterial[]>();
  for (const material of materials) {
    const [move] = material.move_ids;
    groups.set(move, [...(groups.get(move) ?? []), material]);
  }
  return [...groups.values()];
}

function splitOverMoves({ product_id, move_ids, move_planned, digits }: BatchMaterial, total: number): PushPayload['moves'] {
  const planned = move_planned.reduce((sum, quantity) => sum + quantity, 0);
  let left = round(total, digits);
  return move_ids.map((move_id, index) => {
    const last = index === move_ids.length - 1;
    const part = last || planned === 0 ? (last ? left : 0) : round((total * (move_planned[index] ?? 0)) / planned, digits);
    const quantity = Math.min(part, left);
    left = round(left - quantity, digits);
    return { move_id, product_id, quantity };
  });
}
