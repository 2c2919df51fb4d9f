import type { Clock } from '../clock';
import type { SlotReading } from '../plc/slot';
import { isBegun } from '../queue/batch';

/** Seconds. */
export interface SettleTimes {
  settle: number;
  settleTimeout: number;
}

export interface Settled {
  /** The last reading of each slot that was looked at again. */
  readings: Map<number, SlotReading>;
  settled: Set<number>;
  /** Slots that kept moving, or whose weight never came, with the sentence for the alarm. */
  unsettled: Map<number, string>;
}

/**
 * The settle rule (plc.md): a finished slot counts when two reads at least `settle` seconds apart, in the same run, agree on
 * every measured value and the weight is there. The finished bit often comes before the scale is at rest.
 */
export async function settleSlots(
  first: readonly SlotReading[],
  readAgain: (slots: readonly number[]) => Promise<SlotReading[]>,
  times: SettleTimes,
  clock: Clock,
  signal: AbortSignal,
): Promise<Settled> {
  const result: Settled = { readings: new Map(), settled: new Set(), unsettled: new Map() };
  const moving = new Map(first.map((reading) => [reading.slot, reading]));
  const deadline = clock.now().getTime() + times.settleTimeout * 1000;
  while (moving.size > 0) {
    await clock.sleep(times.settle * 1000, signal);
    for (const now of await readAgain([...moving.keys()])) {
      const before = moving.get(now.slot);
      result.readings.set(now.slot, now);
      if (before && atRest(before, now)) {
        result.settled.add(now.slot);
        moving.delete(now.slot);
      } else moving.set(now.slot, now);
    }
    if (clock.now().getTime() >= deadline) break;
  }
  for (const reading of moving.values()) result.unsettled.set(reading.slot, whyUnsettled(reading, times.settleTimeout));
  return result;
}

/** The sentence of the alarm not-settled. */
export function whyUnsettled(reading: SlotReading, seconds: number): string {
  const what = reading.finished && !hasWeight(reading) ? 'it has no finished weight' : 'its values still change';
  return `slot ${reading.slot} ${reading.mo_id} says ${reading.finished ? 'finished' : 'failed'}, but after ${seconds} s ${what}`;
}

export function hasWeight(reading: Pick<SlotReading, 'actual_weight'>): boolean {
  return reading.actual_weight !== null && reading.actual_weight > 0;
}

/** The PLC has made the batch; a slot that says finished and failed without a weight has given it up. */
export function isMade(reading: Pick<SlotReading, 'finished' | 'actual_weight'>): boolean {
  return reading.finished && hasWeight(reading);
}

/** Failed, half dosed, and nothing else. */
export function isGivenUp(reading: Pick<SlotReading, 'finished' | 'failed' | 'materials'>): boolean {
  return reading.failed && !reading.finished && isBegun({ actual: reading.materials });
}

/** Two readings of a slot that has finished its batch, or given it up, agree on everything measured; the weight of a finished one is there. */
export function atRest(before: SlotReading, now: SlotReading): boolean {
  return (
    (isMade(now) || isGivenUp(now)) &&
    now.bad.length === 0 &&
    now.mo_id === before.mo_id &&
    now.actual_weight === before.actual_weight &&
    Object.keys(now.materials).length === Object.keys(before.materials).length &&
    Object.entries(now.materials).every(([tag, value]) => before.materials[tag] === value)
  );
}
