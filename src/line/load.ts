import { clockTime } from '../clock';
import { describe, type ErrorCode, SmartMoError, throwIfClosed } from '../errors';
import type { OdooState } from '../odoo/odoo';
import { clearSlot, loadRecipe } from '../plc/handshake';
import type { Plc } from '../plc/plc';
import type { Recipe } from '../plc/slot';
import { settleAlarms, type OpenAlarm } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';
import { addEvent } from '../queue/events';
import { findRow, queueRows } from '../queue/rows';
import { markLoaded } from '../queue/steps';
import { currentHold } from './hold';
import { type Line, odooOf, plcOf } from './line';
import { mapChanged, mapChangedText } from './map-changed';
import { changedInOdoo } from './odoo-check';
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
const OF_ONE_SLOT: ReadonlySet<ErrorCode> = new Set(['PLC_SLOT_RUNNING', 'PLC_READBACK', 'PLC_EXCEPTION', 'INPUT_INVALID']);

interface NotLoaded {
  batch_no: number;
  mo_id: string;
  code: string;
  text: string;
}

/**
 * The recipes of queued batches go into their slots of the PLC (ISA-88: recipe download). Every run takes what is not
 * loaded yet, so a PLC that was away gets its recipes later; a slot the PLC has not freed is waited for.
 */
export async function loadRecipes(line: Line, run: Run, options: LoadOptions): Promise<Outcome> {
  const end = (reason: string, text: string, done: Partial<Done> = {}): Outcome => {
    const { loaded = [], cleared = [], waiting = [], notLoaded = [] } = done;
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
            fill: reason === 'loaded' ? 'green' : 'blue',
            shape: reason === 'loaded' ? 'dot' : 'ring',
            text: `${shortWord(reason, loaded, waiting)} ${time}`,
          } as const);
    return {
      port: 1,
      payload: { line: line.line, at: at.toISOString(), text, reason, loaded, cleared, waiting, notLoaded },
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
      if (line.recipes === 'none') return end('nothing', 'the PLC gets its recipes elsewhere (mo-line: recipes)');
      const hold = await currentHold(line);
      if (hold) return end('hold', `line on hold: ${hold.reason}`);

      const plc = plcOf(line);
      const rows = await queueRows(line.database, line.line);
      const toLoad = rows.filter((row) => row.state === 'queued' && row.loaded_at === null);
      if (toLoad.length === 0) return end('nothing', rows.length === 0 ? 'the queue is empty' : 'every queued batch is loaded');
      if (line.mode === 'observe') return end('nothing', `${toLoad.length} recipes would be loaded`);
      // Words of another map would go to wrong places: only an empty queue, or the map as it was, ends this hold.
      if (await mapChanged(line)) return end('hold', mapChangedText(line.line));

      const checked = await checkInOdoo(line, run, options.checkOdoo, toLoad);
      const done: Done = { loaded: [], cleared: [], waiting: [], notLoaded: checked.notLoaded };
      // Before the recipes: while one is not loaded a run that was stopped in between comes here again.
      if (options.clearUnused) done.cleared = await clearUnusedSlots(line, plc, run, rows);
      for (const row of checked.good) {
        run.progress(`loading slot ${row.batch_no} of ${line.slots}`);
        await loadOne(line, plc, run, row, done);
      }
      return end(done.loaded.length > 0 ? 'loaded' : 'nothing', sentence(done), done);
    },
  );
}

interface Done {
  loaded: { batch_no: number; mo_id: string }[];
  cleared: number[];
  waiting: number[];
  notLoaded: NotLoaded[];
}

async function loadOne(line: Line, plc: Plc, run: Run, row: QueueRow, done: Done): Promise<void> {
  throwIfClosed(run.signal);
  try {
    await loadRecipe(plc, line.mapping, recipeOf(row, line), { rerun: row.run > 1, signal: run.signal });
    const stored = await markLoaded(line.database, row, { actor: run.actor });
    if (stored || (await isLoaded(line, row))) done.loaded.push({ batch_no: row.batch_no, mo_id: row.mo_id });
    else {
      const text = `${row.mo_id} left the queue while its recipe was written; slot ${row.batch_no} of the PLC holds it: clear it there`;
      done.notLoaded.push({ batch_no: row.batch_no, mo_id: row.mo_id, code: 'BATCH_UNKNOWN', text });
    }
  } catch (error) {
    if (!(error instanceof SmartMoError)) throw error;
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

/** Rows that may be loaded, and those whose MO was cancelled, deleted or changed in Odoo since it was queued. */
async function checkInOdoo(
  line: Line,
  run: Run,
  check: LoadOptions['checkOdoo'],
  rows: readonly QueueRow[],
): Promise<{ good: QueueRow[]; notLoaded: NotLoaded[] }> {
  if (check === 'off' || (check === 'prefer' && !line.odoo)) return { good: [...rows], notLoaded: [] };
  let states: Map<number, OdooState>;
  try {
    states = await odooOf(line).readStates(idsOf(rows), run.signal);
  } catch (error) {
    if (check === 'require' || !(error instanceof SmartMoError) || error.code === 'CLOSED') throw error;
    // The plant goes on when the ERP is down; the event says that nobody looked.
    await addEvent(line.database, {
      line: line.line,
      mo_id: null,
      event: 'refused',
      actor: run.actor,
      detail: { what: 'check before loading', error: describe(error), batches: rows.map((row) => row.mo_id) },
    });
    return { good: [...rows], notLoaded: [] };
  }
  const good: QueueRow[] = [];
  const notLoaded: NotLoaded[] = [];
  const alarms: OpenAlarm[] = [];
  for (const row of rows) {
    const trouble = changedInOdoo(row, row.odoo_id === null ? undefined : states.get(row.odoo_id));
    if (!trouble) {
      good.push(row);
      continue;
    }
    const { code, text } = trouble;
    notLoaded.push({ batch_no: row.batch_no, mo_id: row.mo_id, code, text });
    alarms.push({ code, mo_id: row.mo_id, batch_no: row.batch_no, severity: 'critical', text, value: null });
  }
  // Raised here, cleared by the monitor, which looks at every queued MO.
  await settleAlarms(line.database, line.line, [], alarms);
  return { good, notLoaded };
}

function idsOf(rows: readonly QueueRow[]): number[] {
  return rows.flatMap((row) => (row.odoo_id === null ? [] : [row.odoo_id]));
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

function sentence({ loaded, waiting, notLoaded, cleared }: Done): string {
  const parts = [`${loaded.length} recipe${loaded.length === 1 ? '' : 's'} loaded`];
  if (waiting.length > 0) parts.push(`slot ${waiting.join(', ')} not free yet: the PLC has not taken the recipe before`);
  if (cleared.length > 0) parts.push(`unused slot ${cleared.join(', ')} cleared`);
  for (const { mo_id, text } of notLoaded) parts.push(`${mo_id} not loaded: ${text}`);
  return parts.join('; ');
}

function shortWord(reason: string, loaded: Done['loaded'], waiting: Done['waiting']): string {
  if (loaded.length > 0) return `${loaded.length} loaded`;
  if (waiting.length > 0) return `slot ${waiting[0] ?? ''} not free`;
  return reason === 'in-progress' ? 'in progress' : reason === 'hold' ? 'hold' : 'nothing to load';
}
