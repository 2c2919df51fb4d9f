import { describe, SmartMoError } from '../errors';
import { firstDifference, flagOf, readback, writeInMap } from './handshake';
import type { Mapping } from './mapping';
import type { Plc } from './plc';
import { readSlotWords } from './read-slots';
import type { Recipe } from './slot';

/** status_read_data of the write area: 1 = nobody takes what is in the slot. */
const TAKEN = 1;
const NOT_TAKEN = 0;

/** A free slot, as it was found. */
export interface FreeSlot {
  slot: number;
  /** Words of its write area. */
  words: number[];
}

/** A recipe that nobody takes for an order: 1 of each material. */
export function testRecipe(mapping: Mapping, slot: number): Recipe {
  const name = 'TEST-RECIPE'.slice(0, mapping.nameWidth);
  const materials = Object.fromEntries(mapping.tags.map((tag) => [tag, 1]));
  return { batch_no: slot, mo_id: name, recipe: 'TEST', finished_goods: 'TEST', quantity: mapping.tags.length, materials };
}

/**
 * Looks whether a slot is free for a test: its flag says that its recipe was taken (or there is none), and the read area shows
 * no batch whose result is still needed.
 * @throws SmartMoError MAP_INVALID without a write area or without status_read_data, PLC_SLOT_BUSY, PLC_SLOT_RUNNING
 */
export async function findFree(plc: Plc, mapping: Mapping, slot: number, signal?: AbortSignal): Promise<FreeSlot> {
  if (mapping.flagAt === null) {
    throw new SmartMoError(
      'MAP_INVALID',
      'the register map has no status_read_data, so the PLC would make whatever is written; a test recipe cannot be tried with this map',
    );
  }
  const { words } = await readSlotWords(plc, mapping, 'write', slot, signal);
  const flag = flagOf(mapping, words);
  if (flag !== TAKEN && !(flag === NOT_TAKEN && mapping.isBlank(words))) {
    const place = mapping.slotAddress('write', slot) + mapping.flagAt;
    throw new SmartMoError(
      'PLC_SLOT_BUSY',
      `slot ${slot} is not free: status_read_data at ${place} is ${flag} and a recipe waits for the PLC; try again when the PLC has taken it`,
      { class: 'transient', value: flag },
    );
  }
  const shows = mapping.decodeSlot(slot, (await readSlotWords(plc, mapping, 'read', slot, signal)).words, () => undefined);
  const isOver = (shows.finished || shows.failed) && shows.acknowledged === true;
  if (shows.empty || isOver) return { slot, words };
  throw new SmartMoError(
    'PLC_SLOT_RUNNING',
    `slot ${slot} is not free: the PLC shows ${shows.mo_id || 'a batch without a readable name'} in it, whose result was not taken yet; try again when it is completed`,
    { class: 'transient', value: shows.mo_id },
  );
}

/**
 * Writes the test recipe into a free slot, reads it back, and puts back what stood there. The flag is 1 from before the first
 * word of the recipe until after the last one is gone, so a PLC that keeps the handshake never takes it; a process that dies in
 * between leaves a slot that is free, with words that the next recipe overwrites.
 * @param mayWrite asked before each change of the slot: is it still nobody's? Throws when it is not
 * @throws SmartMoError PLC_READBACK when other words come back, PLC_SLOT_RUNNING when the PLC took it all the same
 */
export async function tryRecipe(
  plc: Plc,
  mapping: Mapping,
  slot: number,
  options: { mayWrite: () => Promise<void>; signal?: AbortSignal },
): Promise<{ address: number; words: number }> {
  const { mayWrite, signal } = options;
  const recipe = testRecipe(mapping, slot);
  const { body, flag } = mapping.encodeRecipe(recipe);
  const before = await findFree(plc, mapping, slot, signal);
  const wasOpen = flagOf(mapping, before.words) !== TAKEN;
  await mayWrite();
  if (flag && wasOpen) {
    // With the flag at 0 the PLC would take the words as soon as they are written.
    await writeInMap(plc, mapping, flag.address, [TAKEN], signal);
    await findFree(plc, mapping, slot, signal);
    await mayWrite();
  }
  try {
    await writeInMap(plc, mapping, body.address, body.words, signal);
    const after = (await readSlotWords(plc, mapping, 'write', slot, signal)).words;
    const different = firstDifference(body.words, after);
    if (different !== null) throw readback(slot, body.address + different, body.words[different] ?? 0, after[different]);
    if (flag && flagOf(mapping, after) !== TAKEN) throw readback(slot, flag.address, TAKEN, flagOf(mapping, after) ?? undefined);
  } finally {
    await putBack(plc, mapping, before, recipe.mo_id);
  }
  if (flag && wasOpen) await writeInMap(plc, mapping, flag.address, [NOT_TAKEN], signal);
  const { words } = await readSlotWords(plc, mapping, 'read', slot, signal);
  if (mapping.nameIn(words) === recipe.mo_id) {
    throw new SmartMoError(
      'PLC_SLOT_RUNNING',
      `the PLC took the test recipe from slot ${slot} although status_read_data was 1; stop it at the PLC, and have its program take a recipe only while the flag is 0`,
      { value: recipe.mo_id },
    );
  }
  return { address: body.address, words: body.words.length };
}

/** Not aborted by anything: a test that is given up must not leave its words. A recipe that somebody else has written stays. */
async function putBack(plc: Plc, mapping: Mapping, { slot, words }: FreeSlot, testName: string): Promise<void> {
  const address = mapping.slotAddress('write', slot);
  const body = words.slice(0, mapping.flagAt ?? mapping.length);
  try {
    const name = mapping.nameIn((await readSlotWords(plc, mapping, 'write', slot)).words);
    if (name !== testName && name !== mapping.nameIn(words)) {
      throw new SmartMoError('PLC_SLOT_BUSY', `somebody else has written ${name ?? 'a recipe'} there, which was left alone`);
    }
    await writeInMap(plc, mapping, address, body);
    const after = (await readSlotWords(plc, mapping, 'write', slot)).words;
    const different = firstDifference(body, after);
    if (different !== null) throw readback(slot, address + different, body[different] ?? 0, after[different]);
  } catch (error) {
    throw new SmartMoError(
      'PLC_READBACK',
      `slot ${slot} could not be put back after the test (${describe(error)}); while status_read_data is 1 the PLC takes nothing from it, and the next recipe overwrites it`,
      { class: 'transient' },
    );
  }
}
