import { SmartMoError } from '../errors';
import type { Odoo } from '../odoo/odoo';
import { clearSlot } from '../plc/handshake';
import { archive } from '../queue/archive';
import type { HistoryRow, QueueRow } from '../queue/batch';
import { markFailed } from '../queue/steps';
import { type Line, odooOf, plcOf } from './line';

/**
 * Second half of a cancellation: Odoo first, then the batch leaves the queue as cancelled. Everything here may be
 * repeated: a crash leaves the row in `cancelling`, and task 3 goes on with it.
 * @returns the batch record, or null when another process was faster
 * @throws ODOO_DIFFERS when Odoo shows the MO done (the row is `failed` then); what Odoo or the PLC throw leaves the row
 * in `cancelling`
 */
export async function finishCancel(line: Line, row: QueueRow, signal: AbortSignal): Promise<HistoryRow | null> {
  const cancellation = row.cancellation ?? { notes: '', reason: null, actor: 'flow', in_odoo: true, free_slot: false };
  if (cancellation.free_slot) {
    await clearSlot(plcOf(line), line.mapping, row.batch_no, { evenIfNotTaken: true, signal });
  }
  if (cancellation.in_odoo && row.odoo_id !== null && (await cancelInOdoo(odooOf(line), row.odoo_id, row.mo_id, signal)) === 'done') {
    const error = new SmartMoError('ODOO_DIFFERS', `${row.mo_id} is done in Odoo and cannot be cancelled; a person must decide`);
    await markFailed(line.database, row, `${error.code}: ${error.message}`, { actor: cancellation.actor });
    throw error;
  }
  const notes = [cancellation.reason, cancellation.notes].filter(Boolean).join(': ');
  return archive(line.database, row, 'cancelled', { notes: notes || null, actor: cancellation.actor });
}

/** action_cancel answers true on an MO that is done (Odoo 14-18), so only reading back tells. An MO that is gone is cancelled enough. */
async function cancelInOdoo(odoo: Odoo, id: number, moId: string, signal: AbortSignal): Promise<'cancelled' | 'done'> {
  const before = (await odoo.readStates([id], signal)).get(id);
  if (!before || before.state === 'cancel') return 'cancelled';
  if (before.state === 'done') return 'done';
  await odoo.cancel(id, signal);
  const after = (await odoo.readStates([id], signal)).get(id);
  if (!after || after.state === 'cancel') return 'cancelled';
  if (after.state === 'done') return 'done';
  throw new SmartMoError('ODOO_REFUSED', `${moId} is still ${after.state} in Odoo after it was cancelled; open it in Odoo and see why`, {
    class: 'transient',
  });
}
