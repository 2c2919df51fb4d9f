import { SmartMoError } from '../errors';
import { consumptionEquals } from '../odoo/compare';
import type { Odoo, OdooRecord, PushPayload } from '../odoo/odoo';
import { NOT_SHOWN } from './odoo-check';

export interface PushOptions {
  strictConsumption: boolean;
  /** Decimals that Odoo keeps of a quantity. */
  digits: number;
}

/**
 * Brings one MO of Odoo to the frozen payload (odoo.md part A, push): look, one write with everything, mark done, look
 * again. Absolute values and the look before make it safe to repeat after any crash or lost answer; only the second look
 * counts as proof, never an answer of Odoo. At most four reads.
 * @throws SmartMoError; returning means Odoo shows exactly the payload
 */
export async function pushBatch(odoo: Odoo, payload: PushPayload, options: PushOptions, signal: AbortSignal): Promise<void> {
  const before = await readExisting(odoo, payload, signal);
  if (before.state === 'done') {
    // Done already: by an earlier try whose answer was lost, or by a person. Never written again: it would move stock.
    assertEqual(before, payload, options.digits);
    return;
  }
  assertSameMoves(before, payload);
  await odoo.push(payload, before, signal);
  const mayBlock = payload.markDone && (await odoo.markDone(payload, options, signal));

  const after = await readExisting(odoo, payload, signal);
  if (payload.markDone && after.state !== 'done') throw notDone(payload, after, mayBlock);
  assertEqual(after, payload, options.digits);
}

/** Odoo answers with a question (a wizard), not with an error, also where the consumption is set to be blocked. */
function notDone({ mo_id }: PushPayload, { state }: OdooRecord, mayBlock: boolean): SmartMoError {
  const sentence = `${mo_id} is still ${state} in Odoo after it was marked done`;
  if (mayBlock) {
    return new SmartMoError('ODOO_REFUSED', `${sentence}: it blocks a consumption that differs from the plan`, {
      remedy: 'settle it there',
    });
  }
  return new SmartMoError('ODOO_NOT_DONE', sentence, { class: 'unknown', remedy: 'open it in Odoo and see what it asks for' });
}

async function readExisting(odoo: Odoo, { odoo_id, mo_id }: PushPayload, signal: AbortSignal): Promise<OdooRecord> {
  const record = await odoo.readOrder(odoo_id, signal);
  if (!record) throw new SmartMoError('ODOO_GONE', `${mo_id} ${NOT_SHOWN}`, { class: 'permanent' });
  if (record.state === 'cancel') {
    throw new SmartMoError('ODOO_CANCELLED', `${mo_id} was cancelled in Odoo although the PLC has made it`, {
      remedy: 'cancel the batch here, and book in Odoo by hand what was weighed',
    });
  }
  return record;
}

/** Differences that a sentence names; the comparison of PLC, database and Odoo (report reconciliation) has them all. */
const DIFFERENCES_TOLD = 3;

function assertEqual(record: OdooRecord, payload: PushPayload, digits: number): void {
  const { differences } = consumptionEquals(record, payload, digits);
  const list = differences.map(({ product_id, wanted, shown }) => `product ${product_id}: weighed ${wanted}, Odoo shows ${shown}`);
  const produced = record.state === 'done' ? record.qty_produced : record.qty_producing;
  if (!(Math.abs(produced - payload.qty) < 0.5 * 10 ** -digits))
    list.push(`finished quantity: weighed ${payload.qty}, Odoo shows ${produced}`);
  if (list.length === 0) return;
  const more = list.length > DIFFERENCES_TOLD ? `; ${list.length - DIFFERENCES_TOLD} more` : '';
  throw new SmartMoError(
    'ODOO_DIFFERS',
    `${payload.mo_id} is ${record.state} in Odoo with other quantities (${list.slice(0, DIFFERENCES_TOLD).join('; ')}${more})`,
    { remedy: 'a person must decide' },
  );
}

/** The components must be those that were queued: one that was added meanwhile would silently be consumed as 0. */
function assertSameMoves(record: OdooRecord, payload: PushPayload): void {
  const ours = new Set(payload.moves.map((move) => move.move_id));
  const live = record.moves.filter((move) => move.state !== 'cancel');
  const added = live.filter((move) => !ours.has(move.move_id)).map((move) => move.product_id);
  const shown = new Set(live.map((move) => move.move_id));
  const removed = payload.moves.filter((move) => !shown.has(move.move_id) && move.quantity > 0).map((move) => move.product_id);
  if (added.length === 0 && removed.length === 0) return;
  const what = [
    added.length > 0 ? `product ${added.join(', ')} added` : '',
    removed.length > 0 ? `product ${removed.join(', ')} removed` : '',
  ].filter(Boolean);
  throw new SmartMoError(
    'ODOO_CHANGED',
    `the components of ${payload.mo_id} were changed in Odoo after it was queued: ${what.join(', ')}`,
    {
      remedy: 'a person must decide',
    },
  );
}
