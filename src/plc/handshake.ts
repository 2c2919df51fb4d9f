import { SmartMoError } from '../errors';
import type { Mapping } from './mapping';
import type { Plc } from './plc';
import { readSlotWords } from './read-slots';
import type { Recipe, SlotReading } from './slot';

/** Word status_read_data: in the write area 1 = the PLC has taken the recipe, in the read area 1 = we have the result. */
const TAKEN = 1;
const NOT_TAKEN = 0;
const MAX_ACKNOWLEDGE_WRITES = 3;

export interface LoadOptions {
  /** The MO was queued before and an operator asked for it again: is what the slot shows the result of that earlier run? */
  fromEarlierRun?: (shows: SlotReading) => boolean;
  /** Asked before each change of the slot: is it still ours to load? Throws when it is not. */
  mayWrite?: () => Promise<void>;
  signal?: AbortSignal;
}

/**
 * Puts a recipe into its slot, at most once. The write area is read first and the read area after it: a recipe that the PLC
 * takes in between shows up in the second.
 *
 * The PLC has this MO already: never again. A slot is free when the PLC has taken what was in it, or when nothing is in it.
 * A slot that holds this very MO and was not taken is our own earlier write, complete or half done after a crash.
 * @returns "already" when nothing had to be written
 * @throws SmartMoError PLC_SLOT_BUSY when another recipe waits in the slot, PLC_READBACK when the PLC holds other words
 * than were written, INPUT_INVALID when a value does not fit, and what the link throws
 */
export async function loadRecipe(plc: Plc, mapping: Mapping, recipe: Recipe, options: LoadOptions = {}): Promise<'loaded' | 'already'> {
  const { signal, mayWrite = () => Promise.resolve() } = options;
  const { body, flag } = mapping.encodeRecipe(recipe);
  const slot = recipe.batch_no;
  const found = (await readSlotWords(plc, mapping, 'write', slot, signal)).words;
  if (await hasBatch(plc, mapping, recipe, options)) return 'already';

  const wasTaken = flagOf(mapping, found) === TAKEN;
  if (!wasTaken && !mapping.isBlank(found)) {
    const waiting = mapping.nameIn(found);
    if (waiting !== recipe.mo_id) {
      throw new SmartMoError(
        'PLC_SLOT_BUSY',
        `slot ${slot} still holds ${shown(waiting)}, which the PLC has not taken; ${recipe.mo_id} is loaded when it has`,
        {
          class: 'transient',
          value: waiting,
        },
      );
    }
    if (firstDifference(body.words, found) === null) return 'already';
  }
  if (flag && !wasTaken) {
    // While the flag is 0 the PLC may take the words in any moment, also those of a blank slot as soon as they are written,
    // and the flag written afterwards would make it run the MO twice. So the door is shut first; then one look whether the
    // PLC was faster.
    await mayWrite();
    await writeInMap(plc, mapping, flag.address, [TAKEN], signal);
    if (await hasBatch(plc, mapping, recipe, options)) return 'already';
  }

  await mayWrite();
  await writeInMap(plc, mapping, body.address, body.words, signal);
  if (flag) {
    await mayWrite();
    await writeInMap(plc, mapping, flag.address, [NOT_TAKEN], signal);
  }
  await compare(plc, mapping, recipe, body.words, options);
  return 'loaded';
}

/**
 * Empties a slot of the write area (the flag stays as it is). Without a flag a recipe counts as not taken.
 * @param options.evenIfNotTaken also a recipe that the PLC has not taken yet
 * @returns false when nothing was cleared: the slot was empty, or its recipe waits to be taken
 * @throws SmartMoError PLC_SLOT_RUNNING when the PLC took the recipe at the last moment; PLC_READBACK
 */
export async function clearSlot(
  plc: Plc,
  mapping: Mapping,
  slot: number,
  options: { evenIfNotTaken?: boolean; signal?: AbortSignal } = {},
): Promise<boolean> {
  const { signal } = options;
  const found = (await readSlotWords(plc, mapping, 'write', slot, signal)).words;
  const body = found.slice(0, mapping.flagAt ?? mapping.length);
  if (body.every((word) => word === 0)) return false;

  const name = mapping.nameIn(found);
  const isWaiting = flagOf(mapping, found) !== TAKEN && !mapping.isBlank(found);
  if (isWaiting && !options.evenIfNotTaken) return false;
  const zeros = body.map(() => 0);
  const address = mapping.slotAddress('write', slot);
  await writeInMap(plc, mapping, address, zeros, signal);
  const after = (await readSlotWords(plc, mapping, 'write', slot, signal)).words;
  const different = firstDifference(zeros, after);
  if (different !== null) throw readback(slot, address + different, 0, after[different]);
  if (isWaiting) {
    const shows = await reading(plc, mapping, slot, signal);
    if (name !== null && shows.mo_id === name && shows.acknowledged !== true) {
      throw new SmartMoError('PLC_SLOT_RUNNING', `the PLC took ${name} from slot ${slot} just before it was cleared; stop it at the PLC`, {
        value: name,
      });
    }
  }
  return true;
}

/**
 * Tells the PLC that the result of a slot is stored. Only to be called after COMMIT.
 *
 * The slot is read before every write: once acknowledged the PLC may start its next batch there and sets the word back to 0,
 * and acknowledging that one would lose its result.
 * @returns false when there is nothing to acknowledge: the map has no status_read_data, or the slot shows another batch by now
 * @throws SmartMoError PLC_READBACK when the word does not become 1
 */
export async function acknowledge(
  plc: Plc,
  mapping: Mapping,
  batch: Pick<SlotReading, 'slot' | 'mo_id'>,
  signal?: AbortSignal,
): Promise<boolean> {
  const { slot, mo_id } = batch;
  if (mapping.flagAt === null) return false;
  const address = mapping.slotAddress('read', slot) + mapping.flagAt;
  for (let writes = 0; ; writes += 1) {
    const shows = await reading(plc, mapping, slot, signal);
    if (shows.mo_id !== mo_id || !(shows.finished || shows.failed)) return false;
    if (shows.acknowledged) return true;
    if (writes === MAX_ACKNOWLEDGE_WRITES) throw readback(slot, address, TAKEN, NOT_TAKEN);
    await writeInMap(plc, mapping, address, [TAKEN], signal);
  }
}

/** Counts the word our_heartbeat up, by which the PLC sees that this side lives; nothing when the map has none. */
export async function countHeartbeat(plc: Plc, mapping: Mapping, signal?: AbortSignal): Promise<void> {
  const field = mapping.lineFields.find(({ name }) => name === 'our_heartbeat');
  if (!field) return;
  const [count = 0] = await plc.read('holding', field.at, 1, signal);
  await writeInMap(plc, mapping, field.at, [(count + 1) % 0x10000], signal);
}

/** The only way words get to the PLC: never outside the map, whatever was worked out above. */
export async function writeInMap(
  plc: Plc,
  mapping: Mapping,
  address: number,
  words: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  if (!isInMap(mapping, address, words.length)) {
    throw new SmartMoError(
      'MAP_INVALID',
      `refused to write words ${address}-${address + words.length - 1}: they are not in the register map`,
      {
        class: 'bug',
        value: address,
      },
    );
  }
  await plc.write(address, words, signal);
}

function isInMap(mapping: Mapping, address: number, count: number): boolean {
  const single = count === 1;
  if (single && mapping.lineFields.some((field) => field.name === 'our_heartbeat' && field.at === address)) return true;
  for (let slot = 1; slot <= mapping.slots; slot += 1) {
    const start = mapping.write ? mapping.slotAddress('write', slot) : null;
    if (start !== null && address >= start && address + count <= start + mapping.length) return true;
    if (single && mapping.flagAt !== null && address === mapping.slotAddress('read', slot) + mapping.flagAt) return true;
  }
  return false;
}

async function reading(plc: Plc, mapping: Mapping, slot: number, signal?: AbortSignal): Promise<SlotReading> {
  const { words } = await readSlotWords(plc, mapping, 'read', slot, signal);
  return mapping.decodeSlot(slot, words, () => undefined);
}

/** The read area shows this MO: the PLC has it, runs it or has run it. The result of an earlier run does not count. */
async function hasBatch(plc: Plc, mapping: Mapping, recipe: Recipe, { fromEarlierRun, signal }: LoadOptions): Promise<boolean> {
  const shows = await reading(plc, mapping, recipe.batch_no, signal);
  return shows.mo_id === recipe.mo_id && !fromEarlierRun?.(shows);
}

/** Reads back what was written. A PLC that has taken the recipe meanwhile may have set the flag, and emptied the slot. */
async function compare(plc: Plc, mapping: Mapping, recipe: Recipe, body: readonly number[], options: LoadOptions): Promise<void> {
  const slot = recipe.batch_no;
  const found = (await readSlotWords(plc, mapping, 'write', slot, options.signal)).words;
  const flag = flagOf(mapping, found);
  const isFlagRight = flag === null || flag === TAKEN || flag === NOT_TAKEN;
  const different = firstDifference(body, found) ?? (isFlagRight ? null : mapping.flagAt);
  if (different === null || (await hasBatch(plc, mapping, recipe, options))) return;
  throw readback(slot, mapping.slotAddress('write', slot) + different, body[different] ?? NOT_TAKEN, found[different]);
}

export function readback(slot: number, address: number, written: number, found: number | undefined): SmartMoError {
  return new SmartMoError(
    'PLC_READBACK',
    `slot ${slot}: word ${address} was written as ${written} and reads back as ${found}; the PLC program writes there too, or the device refuses the write`,
    { class: 'transient', value: found },
  );
}

export function flagOf(mapping: Mapping, words: readonly number[]): number | null {
  return mapping.flagAt === null ? null : (words[mapping.flagAt] ?? null);
}

export function firstDifference(expected: readonly number[], found: readonly number[]): number | null {
  const index = expected.findIndex((word, at) => word !== found[at]);
  return index < 0 ? null : index;
}

function shown(name: string | null): string {
  if (name === null) return 'a text that cannot be read';
  return name === '' ? 'words without an MO name' : name;
}
