import { limitOf } from '../plc/decode-slot';
import { type QueueRow, unitInBatch } from '../queue/batch';
import { unitFactor } from '../units';
import type { Line } from './line';
import { quantityOnPlc } from './quantity';

/** Differences up to this many units of weight never count as a mismatch: small components weigh in coarse steps. */
const SMALL = 1;

/** What is stored for a tag; undefined when nothing is, whatever the tag is called. */
export function weighed(actual: QueueRow['actual'], tag: string): number | undefined {
  return actual !== null && Object.hasOwn(actual, tag) ? actual[tag] : undefined;
}

/** The materials whose actual is too far from the plan, in one sentence; null when all are near. */
export function mismatchOf(line: Line, row: Pick<QueueRow, 'materials' | 'actual'>): string | null {
  const planned = new Map(row.materials.filter((material) => !material.manual).map((material) => [material.tag, material.planned]));
  const far: string[] = [];
  for (const tag of new Set([...planned.keys(), ...Object.keys(row.actual ?? {})])) {
    const plan = planned.get(tag) ?? 0;
    const actual = weighed(row.actual, tag) ?? 0;
    const difference = Math.abs(actual - plan);
    if (difference > SMALL && difference > (plan * line.recipeTolerance) / 100) far.push(`${tag} planned ${plan}, weighed ${actual}`);
  }
  return far.length === 0 ? null : far.join('; ');
}

/** How far the sum of the materials may be from the finished weight: the rule of {@link weightDiffers}, for a page that asks before. */
export interface WeightRule {
  /** Of the finished weight. */
  percent: number;
  /** Differences up to this many units of weight never count. */
  least: number;
  /** One unit of each material, in the unit of the finished weight, by tag. */
  per_tag: Record<string, number>;
}

/**
 * The rule of {@link weightDiffers} for these batches.
 * @returns `percent` and `least` as they are set for the line; `per_tag` has every tag of the map and of the batches
 */
export function weightRule({ weightTolerance, mapping }: Line, rows: readonly Pick<QueueRow, 'materials'>[]): WeightRule {
  const units = new Map(mapping.tags.map((tag) => [tag, mapping.unitOf(tag)]));
  // A batch keeps the units that it was queued with (unitInBatch); the page has one table for them all.
  for (const { tag, uom } of rows.flatMap(({ materials }) => materials)) units.set(tag, uom);
  // A litre beside kilograms counts as one: only a wide gap is told.
  const perTag = [...units].map(([tag, uom]): [string, number] => [tag, unitFactor(uom, mapping.weightUnit) ?? 1]);
  return { percent: weightTolerance, least: SMALL, per_tag: Object.fromEntries(perTag) };
}

/** The materials never sum up to the finished weight exactly (hand-weighed premix, losses): only a wide gap is told. */
export function weightDiffers(line: Line, row: Pick<QueueRow, 'materials' | 'actual' | 'actual_weight'>): string | null {
  const { percent, least, per_tag } = weightRule(line, [row]);
  const sum = Object.entries(row.actual ?? {}).reduce((total, [tag, value]) => total + value * (per_tag[tag] ?? 1), 0);
  const weight = row.actual_weight ?? 0;
  const difference = Math.abs(sum - weight);
  if (difference <= least || difference <= (weight * percent) / 100) return null;
  const unit = line.mapping.weightUnit;
  return `the materials sum up to ${sum.toFixed(2)} ${unit}, the finished weight is ${weight.toFixed(2)} ${unit}`;
}

/** The figures above what a reading of the PLC may show (decode-slot), in one sentence; null when there are none. */
export function aboveLimit(
  { mapping, materials }: Pick<Line, 'mapping' | 'materials'>,
  row: Pick<QueueRow, 'quantity' | 'uom' | 'materials'>,
  measured: { actual: Record<string, number>; actual_weight: number },
): string | null {
  const ordered = quantityOnPlc(row, mapping);
  const maxOf = (tag: string): number => materials.find((material) => material.tag === tag)?.max ?? 0;
  const figures = Object.entries(measured.actual).map(([tag, value]) => {
    return { name: tag, value, max: maxOf(tag), unit: unitInBatch(row, tag, mapping) };
  });
  figures.push({ name: 'actual_weight', value: measured.actual_weight, max: 0, unit: mapping.weightUnit });
  const above = figures.flatMap(({ name, value, max, unit }) => {
    const limit = limitOf({ max, unit }, ordered, mapping.quantityUnit);
    return limit !== undefined && value > limit ? [`${name} is ${value} ${unit}, at most ${limit} ${unit} is plausible`] : [];
  });
  return above.length === 0 ? null : above.join('; ');
}
