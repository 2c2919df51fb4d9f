import type { Clock } from '../../clock';
import { SmartMoError } from '../../errors';
import type { Panel } from './panel';

/**
 * waiting: taken, not begun; dosing: silos open one after the other; mixing: weights are final, actual_weight is there;
 * finished: status_manufacturing is 1, not acknowledged; failed: status_operation is 1, out of the mixer.
 */
export type BatchPhase = 'waiting' | 'dosing' | 'mixing' | 'finished' | 'failed';

interface CellBatch {
  slot: number;
  mo_id: string;
  phase: BatchPhase;
  held: boolean;
  /** Seconds of plant time it has run. */
  elapsed: number;
  /** What the scales will show per tag. Drawn when the recipe is taken and kept, so that a restart weighs the same. */
  target: Record<string, number>;
}

/** What was really dosed by one run of an MO: a second run of the same MO is a second entry. */
export interface Weighed {
  mo_id: string;
  slot: number;
  /** Every tag of the map, zeros included. */
  materials: Record<string, number>;
  actual_weight: number;
  /** ISO 8601, UTC. */
  finished_at: string;
}

/** What the cell remembers beside its registers. Plain JSON. */
export interface CellState {
  /** How many recipes were ever taken. */
  taken: number;
  /** In the order taken; a batch leaves the list when it is acknowledged or replaced. */
  batches: CellBatch[];
  weighed: Weighed[];
}

export interface CellEvent {
  event: 'taken' | 'started' | 'finished' | 'acknowledged' | 'failed' | 'held' | 'restarted';
  slot: number;
  mo_id: string;
  /** One sentence for people. */
  text: string;
}

/** What one slot shows, for people and tests. */
export interface SlotPicture {
  slot: number;
  state: BatchPhase | 'held' | 'acknowledged' | 'empty';
  mo_id: string;
  /** MO of a recipe in the write area that is not taken yet. */
  recipe: string | null;
  materials: Record<string, number>;
  actual_weight: number;
  /** 0-1 */
  progress: number;
}

export interface Cell {
  /** One PLC cycle in which `seconds` of plant time passed. `changed`: something that a power cut must not undo. */
  scan(seconds: number): { events: CellEvent[]; changed: boolean };
  /**
   * @param mo_id none: whatever batch is there
   * @throws SmartMoError INPUT_INVALID when the slot has no batch this can be done to, or not the one that is meant
   */
  act(action: 'fail' | 'hold' | 'restart', slot: number, mo_id?: string | null): CellEvent;
  picture(slot: number): SlotPicture;
}

export interface CellOptions {
  panel: Panel;
  state: CellState;
  clock: Clock;
  /** Seconds of plant time per batch. */
  batchTime: number;
  /** Largest error of the scales, percent of the plan. */
  deviation: number;
  /** Random numbers 0-1 for the n-th recipe taken. */
  noise(run: number): () => number;
}

/** The effect log is a ring: a simulated plant runs for weeks and its state file is written at every step. */
const WEIGHED_KEPT = 1000;
/** Part of the batch time in which silos are open; the rest is mixing with settled weights. */
const DOSING_SHARE = 0.9;

/** How far a batch is that is held; the others cannot be. */
const HELD_WHILE: Readonly<Record<BatchPhase, string>> = {
  waiting: 'nothing of it is dosed yet',
  dosing: 'partly dosed',
  mixing: 'all of it dosed, in the mixer',
  finished: 'finished',
  failed: 'failed',
};

export const EMPTY_CELL: CellState = { taken: 0, batches: [], weighed: [] };

/**
 * The batch cell: takes recipes in slot order, runs one batch after the other in the order taken, and keeps the handshake
 * of plc.md. `state` is changed in place; every rule that a client can see holds after each scan.
 */
export function createCell({ panel, state, clock, batchTime, deviation, noise }: CellOptions): Cell {
  const batchIn = (slot: number): CellBatch | undefined => state.batches.find((batch) => batch.slot === slot);
  const remove = (gone: CellBatch): void => void state.batches.splice(state.batches.indexOf(gone), 1);
  const isUnfinished = ({ phase }: CellBatch): boolean => phase !== 'finished' && phase !== 'failed';
  const event = (name: CellEvent['event'], { slot, mo_id }: CellBatch, text: string): CellEvent => ({ event: name, slot, mo_id, text });

  /** Its result is of no more use to anybody. A map without acknowledgement leaves a result until the next recipe comes. */
  const replaceable = ({ phase, slot }: CellBatch): boolean =>
    phase === 'failed' || (phase === 'finished' && panel.acknowledged(slot) === null);

  function releaseAcknowledged(): CellEvent[] {
    const done = state.batches.filter((batch) => batch.phase === 'finished' && panel.acknowledged(batch.slot) === true);
    done.forEach(remove);
    return done.map((batch) => event('acknowledged', batch, `result of ${batch.mo_id} was taken from slot ${batch.slot}`));
  }

  function takeRecipe(slot: number): CellEvent | null {
    const before = batchIn(slot);
    if (before && !replaceable(before)) return null;
    const recipe = panel.waitingRecipe(slot);
    if (!recipe) return null;
    if (before) remove(before);
    state.taken += 1;
    const batch: CellBatch = { slot, mo_id: recipe.mo_id, phase: 'waiting', held: false, elapsed: 0, target: weights(recipe.planned) };
    state.batches.push(batch);
    panel.takeRecipe(slot);
    return event('taken', batch, `recipe of ${batch.mo_id} taken from slot ${slot}`);
  }

  function weights(planned: Record<string, number>): Record<string, number> {
    const random = noise(state.taken);
    return Object.fromEntries(
      Object.entries(planned).map(([tag, plan]) => [tag, panel.onScale(tag, plan * (1 + (deviation / 100) * (2 * random() - 1))) ?? plan]),
    );
  }

  /** The first batch that is neither finished nor failed has the mixer; while it is held, the others wait. */
  function advance(seconds: number): { event?: CellEvent; changed: boolean } {
    const batch = state.batches.find(isUnfinished);
    if (!batch || batch.held) return { changed: false };
    if (batch.phase === 'waiting') {
      batch.phase = 'dosing';
      panel.showState(batch.slot, 'running');
      return { event: event('started', batch, `${batch.mo_id} started in slot ${batch.slot}`), changed: true };
    }
    const before = batch.elapsed;
    batch.elapsed += seconds;
    if (batch.phase === 'dosing') {
      const dosed = dose(batch.target, batch.elapsed / (batchTime * DOSING_SHARE));
      panel.showActuals(batch.slot, dosed.amounts);
      if (dosed.open !== null) return { changed: dosed.open !== dose(batch.target, before / (batchTime * DOSING_SHARE)).open };
      batch.phase = 'mixing';
      panel.showWeight(batch.slot, total(batch.target));
      return { changed: true };
    }
    return batch.elapsed < batchTime ? { changed: false } : { event: finish(batch), changed: true };
  }

  function finish(batch: CellBatch): CellEvent {
    batch.phase = 'finished';
    panel.showState(batch.slot, 'finished');
    state.weighed.push({
      mo_id: batch.mo_id,
      slot: batch.slot,
      materials: batch.target,
      actual_weight: panel.shown(batch.slot).actual_weight,
      finished_at: clock.now().toISOString(),
    });
    state.weighed.splice(0, state.weighed.length - WEIGHED_KEPT);
    return event('finished', batch, `${batch.mo_id} finished in slot ${batch.slot}`);
  }

  return {
    scan(seconds) {
      const events = releaseAcknowledged();
      for (let slot = 1; slot <= panel.slots; slot += 1) {
        const taken = takeRecipe(slot);
        if (taken) events.push(taken);
      }
      const step = advance(seconds);
      if (step.event) events.push(step.event);
      return { events, changed: step.changed || events.length > 0 };
    },

    act(action, slot, mo_id = null) {
      const batch = batchIn(slot);
      const ready =
        batch &&
        (mo_id ?? batch.mo_id) === batch.mo_id &&
        (action === 'restart' ? batch.held || batch.phase === 'failed' : isUnfinished(batch) && !(action === 'hold' && batch.held));
      if (!batch || !ready) {
        const shows = batch ? `${batch.mo_id} there is ${batch.held ? 'held' : batch.phase}` : 'no batch is there, or its result was taken';
        const which = mo_id === null ? 'a batch' : mo_id;
        const needs = action === 'restart' ? `${which} held or failed` : `${which} waiting or running`;
        throw new SmartMoError('INPUT_INVALID', `cannot ${action} slot ${slot}: ${shows}; ${action} needs ${needs}`, { value: slot });
      }
      batch.held = action === 'hold';
      if (action === 'hold') return event('held', batch, `${batch.mo_id} stands still in slot ${slot}, ${HELD_WHILE[batch.phase]}`);
      if (action === 'fail') {
        batch.phase = 'failed';
        panel.showState(slot, 'failed');
        return event('failed', batch, `${batch.mo_id} failed in slot ${slot}`);
      }
      if (batch.phase === 'failed') {
        // It lost the mixer when it failed, so it queues again; what it has dosed stays dosed.
        remove(batch);
        state.batches.push(batch);
        batch.phase = 'waiting';
        panel.showState(slot, 'loaded');
      }
      return event('restarted', batch, `${batch.mo_id} goes on in slot ${slot}`);
    },

    picture(slot) {
      const batch = batchIn(slot);
      const { mo_id, materials, actual_weight } = panel.shown(slot);
      return {
        slot,
        state: batch ? (batch.held ? 'held' : batch.phase) : mo_id === '' ? 'empty' : 'acknowledged',
        mo_id,
        recipe: panel.waitingRecipe(slot)?.mo_id ?? null,
        materials,
        actual_weight,
        progress: batch ? Math.min(1, batch.elapsed / batchTime) : 0,
      };
    },
  };
}

/** What the scales show when this part (0-1 and beyond) of the whole batch has flowed, one silo after the other. */
function dose(target: Record<string, number>, part: number): { amounts: Record<string, number>; open: string | null } {
  let left = total(target) * part;
  let open: string | null = null;
  const amounts = Object.fromEntries(
    Object.entries(target).map(([tag, wanted]) => {
      if (part >= 1) return [tag, wanted];
      const amount = Math.max(0, Math.min(wanted, left));
      left -= wanted;
      if (amount < wanted) open ??= tag;
      return [tag, amount];
    }),
  );
  return { amounts, open };
}

function total(amounts: Record<string, number>): number {
  return Object.values(amounts).reduce((sum, amount) => sum + amount, 0);
}
