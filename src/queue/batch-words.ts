import { type BatchState, codeOf, failedInPlc, type QueueRow } from './batch';

/** Where a batch is by its state alone; {@link standing} knows more. */
export const STATE_WORDS: Readonly<Record<BatchState, string>> = {
  queued: 'waits for the PLC',
  running: 'in the PLC',
  finished: 'made, waits for Odoo',
  pushing: 'made, on its way to Odoo',
  pushed: 'done in Odoo',
  failed: 'failed',
  cancelling: 'being cancelled',
};

/** Where a batch is, in a sentence for people. */
export function standing(row: Pick<QueueRow, 'state' | 'status_manufacturing' | 'status_operation'>): string {
  return failedInPlc(row) ? 'the PLC says the batch failed' : STATE_WORDS[row.state];
}

/** "slot 7 WH/MO/00123": a batch in every sentence about it. */
export function nameOf({ batch_no, mo_id }: Pick<QueueRow, 'batch_no' | 'mo_id'>): string {
  return `slot ${batch_no} ${mo_id}`;
}

/** "slot 7 WH/MO/00123: the MO was cancelled in Odoo": a sentence about a batch behind its name, which it does not say again. */
export function aboutBatch(batch: { batch_no: number | null; mo_id: string }, sentence: string): string {
  return `slot ${batch.batch_no} ${batch.mo_id}: ${withoutName(batch, sentence)}`;
}

/** A sentence about a batch for a place that names the batch already; its own "slot 7 WH/MO/00123: " goes with it. */
export function withoutName({ batch_no, mo_id }: { batch_no: number | null; mo_id: string }, sentence: string): string {
  const name = mo_id.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // Of WH/MO/0012 there is nothing in WH/MO/00123, nor in its backorder WH/MO/0012-001.
  return sentence
    .replace(new RegExp(`^slot ${batch_no} ${name}: `), '')
    .replace(new RegExp(`slot ${batch_no} ${name}(?![\\w-])`, 'g'), 'the batch')
    .replace(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), 'the MO');
}

/** "looked again: still not there": of an MO that Odoo does not show, which is looked for twice before it is given up. */
export function lookedText({ state, odoo_id, last_error }: Pick<QueueRow, 'state' | 'odoo_id' | 'last_error'>): string {
  const isGivenUp = state === 'failed' && odoo_id !== null && codeOf(last_error) === 'ODOO_GONE';
  return isGivenUp ? 'looked again: still not there' : '';
}
