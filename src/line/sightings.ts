import type { SlotReading } from '../plc/slot';
import type { BadSlot } from './assess';
import { atRest, type Settled, type SettleTimes, whyUnsettled } from './settle';

/** A slot that a message showed finished. Times in ms of the line's clock. */
interface Sighting {
  reading: SlotReading;
  /** Since when the messages show these values. */
  at: number;
  /** Since when they show this batch finished. */
  since: number;
  messages: number;
}

/**
 * What the messages of source msg have shown so far, by slot. Kept in memory only: after a restart a finish waits for one
 * message more, and an alarm is raised again by the next message of its slot.
 */
export interface Sightings {
  finished: Map<number, Sighting>;
  /** A message may bring some of the slots: what was wrong with the others stays wrong. */
  bad: Map<number, BadSlot[]>;
}

export function noSightings(): Sightings {
  return { finished: new Map(), bad: new Map() };
}

/** Remembers what is wrong with the slots of a message; returns what is wrong with the other ones. */
export function otherBadSlots({ bad }: Sightings, shown: readonly SlotReading[], found: readonly BadSlot[]): BadSlot[] {
  for (const { slot } of shown) bad.delete(slot);
  const others = [...bad.values()].flat();
  for (const entry of found) bad.set(entry.batch_no, [...(bad.get(entry.batch_no) ?? []), entry]);
  return others;
}

/** With fewer messages nobody can tell a scale that came to rest from one that moves. */
const MESSAGES_TO_JUDGE = 3;

/**
 * The settle rule for slots that come in messages: a finish counts when messages at least `settle` seconds apart, and all
 * between them, agree. A flow sends them when it likes, so nothing is waited for: what has not settled stays running, and
 * is an alarm when it has not done so after `settleTimeout`.
 * @param shown every slot of the message
 * @param candidates those of them that finish a batch of the queue
 */
export function settleByMessages(
  { finished }: Sightings,
  shown: readonly SlotReading[],
  candidates: readonly SlotReading[],
  { settle, settleTimeout }: SettleTimes,
  at: Date,
): Pick<Settled, 'settled' | 'unsettled'> {
  const now = at.getTime();
  const result: Pick<Settled, 'settled' | 'unsettled'> = { settled: new Set(), unsettled: new Map() };
  for (const reading of shown) {
    const { slot } = reading;
    const before = finished.get(slot);
    if (!candidates.includes(reading)) {
      finished.delete(slot);
      continue;
    }
    // A clock that was set back proves nothing: begin again.
    const known = before && before.reading.mo_id === reading.mo_id && before.at <= now ? before : null;
    const rests = known !== null && atRest(known.reading, reading);
    const sighting: Sighting = {
      reading,
      at: rests ? known.at : now,
      since: known?.since ?? now,
      messages: (known?.messages ?? 0) + 1,
    };
    finished.set(slot, sighting);
    if (rests && now - sighting.at >= settle * 1000) result.settled.add(slot);
    else if (sighting.messages >= MESSAGES_TO_JUDGE && now - sighting.since >= settleTimeout * 1000) {
      result.unsettled.set(slot, whyUnsettled(reading, settleTimeout));
    }
  }
  return result;
}
