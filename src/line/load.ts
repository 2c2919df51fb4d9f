import { clockTime } from '../clock';
import { describe, type ErrorCode, isOfTheDatabase, SmartMoError, throwIfClosed } from '../errors';
import { clearSlot, loadRecipe } from '../plc/handshake';
import type { Plc } from '../plc/plc';
import type { Recipe, SlotReading } from '../plc/slot';
import type { QueueRow } from '../queue/batch';
import { findRow, queueRows } from '../queue/rows';
import { claimLoad, holdsLoad, markLoaded, noteLoading, releaseLoad } from '../queue/steps';
import { checkInOdoo, checkInPlc, type NotLoaded } from './before-load';
import { earlierRuns } from './earlier-runs';
import { currentHold } from './hold';
import { type Line, plcOf } from './line';
import { mapChanged, mapChangedText } from './map-changed';
import type { Outcome, OutcomeEvent } from './outcome';
import { quantityOnPlc } from './quantity';
import { logTask, type Run, runTask } from './run';

export interface LoadOptions {
  /** Clear the slots that the new set does not use. */
  clearUnused: boolean;
  /** Look at the MOs in Odoo before loading: prefer = load all the same when Odoo is away, require = wait for it. */
  checkOdoo: 'prefer' | 'require' | 'off';
}

/** The trouble of one slot; a PLC that is away ends the run. */
const OF_ONE_SLOT: ReadonlySet<ErrorCode> = new Set([
  'PLC_SLOT_RUNNING',
  'PLC_READBACK',
  'PLC_EXCEPTION',
  'INPUT_INVALID',
  'BATCH_UNKNOWN',
]);

/**
 * The recipes of queued batches go into their slots of the PLC (ISA-88: recipe download). Every run takes what is not
 * loaded yet, so a PLC that was away gets its recipes later; a slot the PLC has not freed is waited for.
 */
export async function loadRecipes(line: Line, run: Run, options: LoadOptions): Promise<Outcome> {
  const end = (reason: string, text: string, done: Partial<Done> = {}): Outcome => {
    const { loaded = [], already = [], cleared = [], waiting = [], notLoaded = [] } = done;
    const at = line.clock.now();
    const time = clockTime(at);
    const status =
      notLoaded[0] !== undefined
        ? ({
            fill: 'yellow',
            shape: 'dot',
            text: `${loaded.length} loaded, slot ${notLoaded[0].batch_no} ${notLoaded[0].code} ${time}`,
          } as const)
        : ({
            fill: loaded.length + already.length > 0 ? 'green' : 'blue',
            shape: loaded.length + already.length > 0 ? 'dot' : 'ring',
            text: `${shortWord(reason, { loaded, already, waiting })} ${time}`,
          } as const);
    return {
      port: 1,
      payload: { line: line.line, at: at.toISOString(), text, reason, loaded, already, cleared, waiting, notLoaded },
      events: notLoaded.map((entry): OutcomeEvent => ({
        port: 2,
        event: 'not-loaded',
        code: entry.code,
        payload: { line: line.line, at: at.toISOString(), ...entry },
      })),
      status,
    };
  };

  return runTask(
    line,
    'write',
    run,
    () => end('in-progress', 'recipes are already being loaded'),
    async () => {
      if (line.recipes === 'none') return end('nothing', 'the PLC gets its recipes in another way (Recipes of the line)');
      const hold = await currentHold(line);
      if (hold) return end('hold', `line on hold: ${hold.reason}`);

      const plc = plcOf(line);
      const rows = await queueRows(line.database, line.line);
      const toLoad = rows.filter((row) => row.state === 'queued' && row.loaded_at === null);
      if (toLoad.length === 0) return end('nothing', rows.length === 0 ? 'the queue is empty' : 'every queued batch is loaded');
      if (line.mode === 'observe') return end('nothing', `${toLoad.length} recipes would be loaded`);
      // Words of another map would go to wrong places: only an empty queue, or the map as it was, ends this hold.
      if (await mapChanged(line)) return end('hold', mapChangedText(line.line));

      const free = await checkInPlc(line, plc, run, rows, toLoad);
      if ('hold' in free) return end('hold', `line on hold: ${free.hold}`);
      const checked = await checkInOdoo(line, run, options.checkOdoo, free.good);
      const done: Done = { loaded: [], already: [], cleared: [], waiting: [], notLoaded: [...free.notLoaded, ...checked.notLoaded] };
      // Before the recipes: while one is not loaded a run that was stopped in between comes here again.
      if (options.clearUnused) done.cleared = await clearUnusedSlots(line, plc, run, rows);
      for (const row of checked.good) {
        run.progress(`loading slot ${row.batch_no} of ${line.slots}`);
        await loadOne(line, plc, run, row, done);
      }
      for (const { batch_no, mo_id } of done.loaded) logTask(line, 'write', run, `✓ Recipe of ${mo_id} loaded into slot ${batch_no}`);
      for (const { batch_no, mo_id } of done.already) logTask(line, 'write', run, `Recipe of ${mo_id} was in slot ${batch_no} already`);
      return end(done.loaded.length > 0 ? 'loaded' : 'nothing', sentence(done), done);
    },
  );
}

interface Done {
  /** Written in this run. */
  loaded: { batch_no: number; mo_id: string }[];
  /** An earlier run wrote it and did not come to note it, or the PLC has the MO by other means: nothing was written. */
  already: { batch_no: number; mo_id: string }[];
  cleared: number[];
  waiting: number[];
  notLoaded: NotLoaded[];
}

/** Longer than the requests of one slot take. A process that dies leaves the slot to the next run after that time. */
const LEASE_SECONDS = 30;

async function loadOne(line: Line, plc: Plc, run: Run, row: QueueRow, done: Done): Promise<void> {
  throwIfClosed(run.signal);
  const claimed = await claimLoad(line.database, row, LEASE_SECONDS);
  // Another process loads it, or somebody put the line on hold.
  if (!claimed) return;
  // From the first word on the slot may show this run.
  let isWriting = false;
  const mayWrite = async (): Promise<void> => {
    if (await holdsLoad(line.database, claimed)) {
      if (row.run > 1 && !isWriting) await noteLoading(line.database, claimed, run.actor);
      isWriting = true;
      return;
    }
    const now = await findRow(line.database, line.line, { mo_id: row.mo_id });
    if (!now || now.state === 'cancelling') {
      throw new SmartMoError('BATCH_UNKNOWN', `${row.mo_id} left the queue before its recipe was complete; the PLC does not take it`);
    }
    throw new SmartMoError('PLC_SLOT_BUSY', `slot ${row.batch_no} is being loaded by another process`, { class: 'transient' });
  };
  try {
    const ofEarlierRun = await earlierRuns(line, [row]);
    const fromEarlierRun = (shows: SlotReading): boolean => {
      const earlier = ofEarlierRun(shows);
      if (earlier === 'left' && !isWriting) {
        const text = `slot ${row.batch_no} of the PLC still has the batch of an earlier run of ${row.mo_id}; end it there before run ${row.run} is loaded`;
        throw new SmartMoError('PLC_SLOT_RUNNING', text, { value: row.mo_id });
      }
      return earlier === 'over';
    };
    const how = await loadRecipe(plc, line.mapping, recipeOf(row, line), { fromEarlierRun, mayWrite, signal: run.signal });
    const detail = how === 'already' ? { what: 'was in the slot already' } : {};
    const stored = await markLoaded(line.database, claimed, { actor: run.actor, detail });
    if (stored || (await isLoaded(line, row))) done[how].push({ batch_no: row.batch_no, mo_id: row.mo_id });
    else {
      const text = `${row.mo_id} left the queue while its recipe was written; slot ${row.batch_no} of the PLC holds it: clear it there`;
      done.notLoaded.push({ batch_no: row.batch_no, mo_id: row.mo_id, code: 'BATCH_UNKNOWN', text });
    }
  } catch (error) {
    if (!(error instanceof SmartMoError)) throw error;
    if (!isOfTheDatabase(error)) await releaseLoad(line.database, claimed);
    if (error.code === 'PLC_SLOT_BUSY') done.waiting.push(row.batch_no);
    else if (OF_ONE_SLOT.has(error.code)) {
      done.notLoaded.push({ batch_no: row.batch_no, mo_id: row.mo_id, code: error.code, text: error.message });
    } else throw error;
  }
}

/** Somebody else changed the row meanwhile: the reader, which saw it in the PLC, or an operator, who cancelled it. */
async function isLoaded(line: Line, { mo_id }: QueueRow): Promise<boolean> {
  const row = await findRow(line.database, line.line, { mo_id });
  return row !== null && row.state !== 'cancelling' && row.loaded_at !== null;
}

/** The order in the units of the map. */
function recipeOf(row: QueueRow, line: Line): Recipe {
  const onPlc = row.materials.filter((material) => !material.manual);
  return {
    batch_no: row.batch_no,
    mo_id: row.mo_id,
    recipe: row.finished_goods ?? '',
    finished_goods: row.finished_goods ?? '',
    quantity: quantityOnPlc(row, line.mapping),
    materials: Object.fromEntries(onPlc.map((material) => [material.tag, material.planned])),
  };
}

/** A slot no row uses must not keep an old recipe that the PLC could still take. */
async function clearUnusedSlots(line: Line, plc: Plc, run: Run, rows: readonly QueueRow[]): Promise<number[]> {
  const used = new Set(rows.map((row) => row.batch_no));
  const cleared: number[] = [];
  for (let slot = 1; slot <= line.slots; slot += 1) {
    if (used.has(slot)) continue;
    throwIfClosed(run.signal);
    try {
      if (await clearSlot(plc, line.mapping, slot, { evenIfNotTaken: true, signal: run.signal })) cleared.push(slot);
    } catch (error) {
      // One slot that cannot be cleared (the PLC took its recipe at the last moment, or refuses) must not keep the others waiting.
      if (!(error instanceof SmartMoError) || !OF_ONE_SLOT.has(error.code)) throw error;
      logTask(line, 'write', run, `Slot ${slot} not cleared: ${describe(error)}`, 'warn');
    }
  }
  return cleared;
}

function sentence({ loaded, already, waiting, notLoaded, cleared }: Done): string {
  const parts = [`${loaded.length} recipe${loaded.length === 1 ? '' : 's'} loaded`];
  if (already.length > 0) parts.push(`slot ${already.map(({ batch_no }) => batch_no).join(', ')} had the recipe already`);
  if (waiting.length > 0) parts.push(`slot ${waiting.join(', ')} not free yet: the PLC has not taken the recipe before`);
  if (cleared.length > 0) parts.push(`unused slot ${cleared.join(', ')} cleared`);
  for (const { mo_id, text } of notLoaded) parts.push(`${mo_id} not loaded: ${text}`);
  return parts.join('; ');
}

function shortWord(reason: string, { loaded, already, waiting }: Pick<Done, 'loaded' | 'already' | 'waiting'>): string {
  if (loaded.length > 0) return `${loaded.length} loaded`;
  if (already.length > 0) return `${already.length} there already`;
  if (waiting.length > 0) return `slot ${waiting[0] ?? ''} not free`;
  return reason === 'in-progress' ? 'in progress' : reason === 'hold' ? 'hold' : 'nothing to load';
}
