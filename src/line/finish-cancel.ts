import { describeFact, detailOf, SmartMoError } from '../errors';
import type { Odoo, OdooState } from '../odoo/odoo';
import { clearSlot } from '../plc/handshake';
import { readSlots } from '../plc/read-slots';
import { archive } from '../queue/archive';
import { codeOf, type HistoryRow, isBegun, type QueueRow } from '../queue/batch';
import { markFailed } from '../queue/steps';
import { type Line, odooOf, plcOf } from './line';
import { mapChanged } from './map-changed';
import { NOT_SHOWN } from './odoo-check';

/**
 * Second half of a cancellation: Odoo first, then the batch leaves the queue as cancelled. Everything here may be
 * repeated: a crash leaves the row in `cancelling`, and task 3 goes on with it.
 * @returns the batch record, or null when another process was faster
 * @throws ODOO_DIFFERS when Odoo shows the MO done, ODOO_REFUSED or ODOO_RIGHTS when it refuses: the row is `failed` then,
 * see {@link refusedForGood}. Whatever else is thrown, MAP_CHANGED too, leaves the row in `cancelling`.
 */
export async function finishCancel(line: Line, row: QueueRow, signal: AbortSignal): Promise<HistoryRow | null> {
  const cancellation = row.cancellation ?? { notes: '', reason: null, actor: 'flow', in_odoo: true, free_slot: false };
  if (cancellation.free_slot) {
    // Asked at every repetition: the PLC may have taken the recipe meanwhile.
    await assertClearable(line, row, signal);
    await clearSlot(plcOf(line), line.mapping, row.batch_no, { evenIfNotTaken: true, signal });
  }
  // Kept with the event: of an MO that Odoo will never list as confirmed again, nobody is offered to requeue it.
  let odoo_state: string | null = null;
  if (row.odoo_id !== null) {
    try {
      if (cancellation.in_odoo) {
        await cancelInOdoo(odooOf(line), row.odoo_id, row, signal);
        odoo_state = 'cancel';
      } else if (line.odoo) odoo_state = await stateUnlessDone(line.odoo, row.odoo_id, row, signal);
    } catch (error) {
      if (refusedForGood(error)) {
        const isDone = error instanceof SmartMoError && error.code === 'ODOO_DIFFERS';
        const detail = { call: detailOf(error), ...(isDone ? { odoo_state: 'done' } : {}) };
        await markFailed(line.database, row, describeFact(error), { actor: cancellation.actor, detail });
      }
      throw error;
    }
  }
  const notes = [cancellation.reason, cancellation.notes].filter(Boolean).join(': ');
  return archive(line.database, row, 'cancelled', { notes: notes || null, actor: cancellation.actor, detail: { odoo_state } });
}

/**
 * May the recipe of this batch be cleared in the PLC?
 * @throws MAP_CHANGED when the batch was queued with another map: the words of its slot may be those of another batch there;
 * PLC_SLOT_RUNNING while the PLC shows this batch and has not ended it
 */
export async function assertClearable(line: Line, { batch_no, mo_id }: QueueRow, signal: AbortSignal): Promise<void> {
  if (await mapChanged(line)) {
    const sentence = `the map or the materials of line ${line.line} changed since ${mo_id} was queued, so slot ${batch_no} may be elsewhere in the PLC; cancel without "Clear the slot of the PLC as well", and clear it at the PLC`;
    throw new SmartMoError('MAP_CHANGED', sentence, { class: 'transient' });
  }
  const { readings } = await readSlots(plcOf(line), line.mapping, { slots: [batch_no], orderQuantity: () => undefined, signal });
  const [slot] = readings;
  if (slot?.mo_id !== mo_id || slot.finished || slot.failed) return;
  // Clearing the write area does not reach what the PLC has taken, begun or not.
  const sentence = isBegun({ actual: slot.materials })
    ? `the PLC is running slot ${batch_no} ${mo_id}; stop it at the PLC first`
    : `the PLC has taken ${mo_id} into slot ${batch_no} and has dosed nothing yet; take it out at the PLC first`;
  throw new SmartMoError('PLC_SLOT_RUNNING', `${sentence}, or cancel without "Clear the slot of the PLC as well"`, { class: 'unknown' });
}

/** Asking Odoo again gives the same answer: a person decides. An MO that is gone is looked for once more, see {@link isCancelled}. */
export function refusedForGood(error: unknown): boolean {
  return error instanceof SmartMoError && error.class === 'permanent' && error.code.startsWith('ODOO_') && error.code !== 'ODOO_GONE';
}

/** action_cancel answers true on an MO that is done (Odoo 14-18), so only reading back tells. */
async function cancelInOdoo(odoo: Odoo, id: number, row: QueueRow, signal: AbortSignal): Promise<void> {
  if (await isCancelled(odoo, id, row, signal)) return;
  await odoo.cancel(id, signal);
  if (await isCancelled(odoo, id, row, signal)) return;
  throw new SmartMoError('ODOO_REFUSED', `${row.mo_id} is still open in Odoo after it was cancelled`, {
    remedy: 'open it in Odoo and see why',
  });
}

async function isCancelled(odoo: Odoo, id: number, { mo_id, last_error }: QueueRow, signal: AbortSignal): Promise<boolean> {
  const shown = (await odoo.readStates([id], signal)).get(id);
  assertNotDone(mo_id, shown);
  if (shown) return shown.state === 'cancel';
  // A record rule hides an MO just as deletion does: the second look, a while later, counts.
  if (codeOf(last_error) === 'ODOO_GONE') return true;
  throw new SmartMoError('ODOO_GONE', `${mo_id} ${NOT_SHOWN}`);
}

/** Left out of it, Odoo is only looked at, so that nothing is both done there and cancelled here; one that is away keeps nobody. */
async function stateUnlessDone(odoo: Odoo, id: number, { mo_id }: QueueRow, signal: AbortSignal): Promise<string | null> {
  const states = await odoo.readStates([id], signal).catch((error: unknown) => {
    if (error instanceof SmartMoError && error.code.startsWith('ODOO_')) return null;
    throw error;
  });
  const shown = states?.get(id);
  assertNotDone(mo_id, shown);
  return shown?.state ?? null;
}

function assertNotDone(mo_id: string, shown: OdooState | undefined): void {
  if (shown?.state !== 'done') return;
  throw new SmartMoError('ODOO_DIFFERS', `${mo_id} is done in Odoo and cannot be cancelled any more`, {
    remedy: 'park it to take it out of the queue',
  });
}
