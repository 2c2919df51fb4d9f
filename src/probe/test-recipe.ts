import { systemClock } from '../clock';
import { SmartMoError } from '../errors';
import { createLine, type Line } from '../line/line';
import { mapChanged, mapChangedText } from '../line/map-changed';
import { parseMap } from '../plc/map';
import { compileMapping, type Mapping } from '../plc/mapping';
import { notations } from '../plc/notations';
import type { Plc } from '../plc/plc';
import { findFree, testRecipe, tryRecipe } from '../plc/test-recipe';
import { queueRows } from '../queue/rows';
import { say, listed, type Text } from '../sentence';
import type { LineProbe } from './line';
import { runProbe } from './probe';

export interface TestRecipeProbe extends LineProbe {
  /** The deployed line of this dialog, whose writer must not run meanwhile; null where there is none. */
  deployed(): Pick<Line, 'inFlight' | 'mode'> | null;
  /** Throws while another line has the words of this map, which the dialog may hold but no deploy has checked yet. */
  mayUse(mapping: Mapping): void;
}

export interface TestRecipeView {
  ok: boolean;
  /** Before: what will happen, for a person to agree to. After: what was found. */
  text: Text;
  /** The slot that was chosen; null when none is free. */
  slot: number | null;
}

/**
 * The button Test recipe. Without a slot it only looks for a free one and says what would be done to it; with the slot it does
 * it: writes the test recipe, reads it back, puts back what stood there. Nothing is written while the line is on observe,
 * loads recipes, has a batch for that slot, was queued with another map, or would write where another line has its slots.
 */
export async function probeTestRecipe(line: TestRecipeProbe, agreedSlot: number | null): Promise<TestRecipeView> {
  let slot: number | null = agreedSlot;
  const { ok, text } = await runProbe(async ({ signal }) => {
    const { settings } = line;
    refuseReadOnly(line);
    const mapping = compileMapping({ map: parseMap(line.map, settings), ...settings });
    const plc = line.plc();
    if (!plc) throw new SmartMoError('CONFIG_MISSING', say`the line has no PLC; choose one, deploy, then test again`);
    line.mayUse(mapping);
    const database = line.database();
    const all = createLine(settings, { database, odoo: null, plc, mapping, clock: systemClock, logTag: () => '' });
    const mayWrite = async (): Promise<void> => {
      if (await mapChanged(all)) throw new SmartMoError('MAP_CHANGED', mapChangedText(settings.line));
      const row = (await queueRows(database, settings.line)).find(({ batch_no }) => batch_no === slot);
      if (row)
        throw new SmartMoError(
          'PLC_SLOT_BUSY',
          say`slot ${row.batch_no} belongs to ${row.mo_id} of the queue; test when that batch is completed`,
          { class: 'transient' },
        );
    };
    if (slot === null) {
      const used = (await queueRows(database, settings.line)).map(({ batch_no }) => batch_no);
      slot = await lastFree(plc, mapping, new Set(used), signal);
      await mayWrite();
      return announcement(mapping, slot);
    }
    const { address, words } = await alone(line, () => tryRecipe(plc, mapping, slot ?? 0, { mayWrite, signal }));
    return say`slot ${slot}: ${words} words written from ${notations('holding', address)}, read back as they were written, and put back as they had been; the PLC took nothing`;
  });
  return { ok, text, slot };
}

function refuseReadOnly({ settings, deployed }: TestRecipeProbe): void {
  if (settings.mode === 'observe' || deployed()?.mode === 'observe') {
    throw new SmartMoError(
      'CONFIG_INVALID',
      say`the line is on observe, so nothing is written to the PLC; set it to live and deploy, then test`,
    );
  }
  if (settings.recipes === 'none') {
    throw new SmartMoError(
      'CONFIG_INVALID',
      say`recipes reach the PLC of this line in another way, so none is written from here; set Recipes to "are written to the PLC" first`,
    );
  }
}

/** The writer of this process waits, as it does for itself. */
async function alone<T>({ deployed }: TestRecipeProbe, work: () => Promise<T>): Promise<T> {
  const inFlight = deployed()?.inFlight ?? new Set();
  if (inFlight.has('write'))
    throw new SmartMoError('PLC_SLOT_BUSY', say`recipes are being loaded in this moment; try again`, { class: 'transient' });
  inFlight.add('write');
  try {
    return await work();
  } finally {
    inFlight.delete('write');
  }
}

/** From the last slot on: a set is queued from the first. @throws what the first slot that was looked at said */
async function lastFree(plc: Plc, mapping: Mapping, used: ReadonlySet<number>, signal: AbortSignal): Promise<number> {
  let trouble: unknown = new SmartMoError('PLC_SLOT_BUSY', say`the queue has a batch for every slot; test when one is completed`, {
    class: 'transient',
  });
  for (let slot = mapping.slots; slot >= 1; slot -= 1) {
    if (used.has(slot)) continue;
    try {
      return (await findFree(plc, mapping, slot, signal)).slot;
    } catch (error) {
      if (!(error instanceof SmartMoError && (error.code === 'PLC_SLOT_BUSY' || error.code === 'PLC_SLOT_RUNNING'))) throw error;
      trouble = error;
    }
  }
  throw trouble;
}

function announcement(mapping: Mapping, slot: number): Text {
  const { body, flag } = mapping.encodeRecipe(testRecipe(mapping, slot));
  const last = body.address + body.words.length - 1;
  return listed(
    [
      say`Slot ${slot} is free. The recipe ${testRecipe(mapping, slot).mo_id} (1 of each material) is written to the words ${body.address} to ${last} (from ${notations('holding', body.address)}), read back, and replaced by what stands there now.`,
      say`The word status_read_data at ${flag ? notations('holding', flag.address) : ''} is 1 all the time, which tells the PLC to take nothing.`,
      say`A PLC program that does not look at this word could start a batch: if that is possible, stop the line first.`,
    ],
    ' ',
  );
}
