import { minutesBetween } from '../clock';
import { lastChange, waitsSince } from '../line/gate';
import type { Line } from '../line/line';
import { type BatchMaterial, failedInPlc, isBegun, isDosing, type QueueRow } from '../queue/batch';
import { nameOf } from '../queue/batch-words';
import { round } from '../units';
import type { Snapshot } from './snapshot';

/** Share of the time after which a batch is called stuck at which it is said that it stands still. */
const SAID_AFTER = 0.2;

/** Share of its plan from which a material counts as weighed, whatever comes after it. */
const WEIGHED = 0.98;

/** The material at which a batch stands still: quantities in its own unit. */
export interface HangsOn extends Pick<BatchMaterial, 'tag' | 'code' | 'product' | 'uom' | 'planned'> {
  actual: number;
}

type Seen = Pick<Snapshot, 'rows' | 'tasks'>;

/**
 * What stands still in the PLC, long before it is called stuck; null when things move. Only what a later read has seen unchanged
 * is said: between two reads nobody knows.
 */
export function standsStill(line: Line, seen: Seen, stuckAfterMinutes: number): string | null {
  const inPlc = seen.rows.filter(isInPlc);
  const dosing = inPlc.filter(isDosing);
  for (const row of dosing) {
    const minutes = stillFor(waitsSince(row), seen, stuckAfterMinutes);
    if (minutes === null) continue;
    return `${nameOf(row)} has not changed for ${minutes} min, ${placeText(placeOf(line, row))}`;
  }
  const minutes = inPlc.length === 0 || dosing.length > 0 ? null : stillFor(lastChange(seen.rows), seen, stuckAfterMinutes);
  return minutes === null ? null : `the PLC has not begun with its next batch for ${minutes} min`;
}

/** How far a batch is that the PLC has begun. */
interface Place {
  /** The material at which it stands still, or at which the PLC gave it up; null when it moves, everything is weighed, or its readings do not tell. */
  hangs_on: HangsOn | null;
  /** It stands still, or the PLC gave it up, although everything is weighed. */
  all_weighed: boolean;
}

/** Whether a batch that the PLC has begun goes on there. */
export interface Motion extends Place {
  stands_still: boolean;
}

export const MOVES: Motion = { stands_still: false, hangs_on: null, all_weighed: false };

export function motionOf(line: Line, row: QueueRow, seen: Seen, stuckAfterMinutes: number): Motion {
  const stands_still = isDosing(row) && stillFor(waitsSince(row), seen, stuckAfterMinutes) !== null;
  if (!stands_still && !(failedInPlc(row) && isBegun(row))) return MOVES;
  return { stands_still, ...placeOf(line, row) };
}

/** "at silo_a Maize: 120 of 200 kg" */
export function placeText({ hangs_on: at, all_weighed }: Place): string {
  if (at) return `at ${at.tag} ${at.product}: ${round(at.actual, 1)} of ${round(at.planned, 1)} ${at.uom}`;
  return all_weighed ? 'with everything weighed' : 'in the PLC';
}

function placeOf(line: Line, row: QueueRow): Place {
  const hangs_on = materialAt(line, row);
  // A map that was changed since, or has a mistake, may not know each of them.
  const knowsAll = row.materials.every(({ tag, manual }) => manual || line.mapping.tags.includes(tag));
  return { hangs_on, all_weighed: hangs_on === null && knowsAll };
}

/**
 * The first material, in the order of the map, that is short of its plan. One that is short within the tolerance of the recipe and
 * has others weighed behind it is done: scales are never exact.
 */
function materialAt({ mapping, recipeTolerance }: Line, { materials, actual }: QueueRow): HangsOn | null {
  const onPlc = mapping.tags.flatMap((tag) => materials.find((material) => material.tag === tag && !material.manual) ?? []);
  const weighed = ({ tag }: BatchMaterial): number => actual?.[tag] ?? 0;
  const at = onPlc.find((material, index) => {
    const isPassed = onPlc.slice(index + 1).some((later) => weighed(later) > 0);
    return weighed(material) < material.planned * (isPassed ? 1 - recipeTolerance / 100 : WEIGHED);
  });
  if (!at) return null;
  const { tag, code, product, uom, planned } = at;
  return { tag, code, product, uom, planned, actual: weighed(at) };
}

function stillFor(since: Date, { tasks }: Seen, stuckAfterMinutes: number): number | null {
  const read = tasks.find(({ task }) => task === 'read')?.ok_at;
  if (!read) return null;
  const minutes = minutesBetween(since, read);
  return minutes >= Math.max(1, stuckAfterMinutes * SAID_AFTER) ? minutes : null;
}

export function isInPlc(row: QueueRow): boolean {
  return (row.state === 'running' && !failedInPlc(row)) || (row.state === 'queued' && row.loaded_at !== null);
}
