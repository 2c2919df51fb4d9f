import type { QueueRow } from '../queue/batch';
import type { Line } from './line';

/** Differences up to this many units of weight never count as a mismatch: small components weigh in coarse steps. */
const SMALL = 1;

/** The materials whose actual is too far from the plan, in one sentence; null when all are near. */
export function mismatchOf(line: Line, row: Pick<QueueRow, 'materials' | 'actual'>): string | null {
  const planned = new Map(row.materials.filter((material) => !material.manual).map((material) => [material.tag, material.planned]));
  const far: string[] = [];
  for (const tag of new Set([...planned.keys(), ...Object.keys(row.actual ?? {})])) {
    const plan = planned.get(tag) ?? 0;
    const actual = row.actual?.[tag] ?? 0;
    const difference = Math.abs(actual - plan);
    if (difference > SMALL && difference > (plan * line.recipeTolerance) / 100) far.push(`${tag} planned ${plan}, weighed ${actual}`);
  }
  return far.length === 0 ? null : far.join('; ');
}

/** The materials never sum up to the finished weight exactly (hand-weighed premix, losses): only a wide gap is told. */
export function weightDiffers(line: Line, row: QueueRow): string | null {
  const sum = Object.values(row.actual ?? {}).reduce((total, value) => total + value, 0);
  const weight = row.actual_weight ?? 0;
  const difference = Math.abs(sum - weight);
  if (difference <= SMALL || difference <= (weight * line.weightTolerance) / 100) return null;
  return `the materials sum up to ${sum.toFixed(2)}, the finished weight is ${weight.toFixed(2)}`;
}
