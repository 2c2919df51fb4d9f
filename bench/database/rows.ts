import type { Database, Queryable } from '../../src/database/database';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import type { BatchMaterial, QueueRow } from '../../src/queue/batch';
import type { ReadingUpdate } from '../../src/queue/readings';
import { type QueueEntry, queueSet, readEpoch } from '../../src/queue/gate';

/** An MO of a feed mill, as the check of orders leaves it: 15 materials. */
export function entry(number: number): QueueEntry {
  return {
    mo_id: moName(number),
    odoo_id: number,
    finished_goods: 'Broiler starter',
    quantity: 1000,
    uom: 'kg',
    materials: FEED_MILL_MATERIALS.map(({ tag, code, product }, index): BatchMaterial => ({
      tag,
      code,
      product,
      product_id: 100 + index,
      move_ids: [number * 100 + index],
      move_planned: [60 + index],
      move_uom: 'kg',
      digits: 2,
      uom: 'kg',
      manual: false,
      planned: 60 + index,
    })),
  };
}

export function moName(number: number): string {
  return `WH/MO/${String(number).padStart(8, '0')}`;
}

/** What the PLC weighed of that batch, each time something else. */
export function weights(time: number): Record<string, number> {
  return Object.fromEntries(FEED_MILL_MATERIALS.map(({ tag }, index) => [tag, (time % 50) + index + 0.25]));
}

/** What a read of the PLC changes in rows whose batches run. */
export function runningUpdates(rows: readonly QueueRow[], time: number): ReadingUpdate[] {
  const values = { state: 'running', status_manufacturing: 0, status_operation: 0, missed_reads: 0, shown: true } as const;
  const measured = { actual: weights(time), actual_weight: time, last_error: null, cancellation: null };
  return rows.map(({ id, row_version }) => ({ id, row_version, ...measured, ...values }));
}

/** Empties the queue of a line without a trace, and closes its fetch, as if all had been archived. */
export async function emptyLine(db: Queryable, line: string): Promise<void> {
  await db.query('DELETE FROM {schema}.mo_batch WHERE line = $1', [line]);
  await db.query('UPDATE {schema}.mo_fetch SET is_open = false WHERE line = $1 AND is_open', [line]);
}

/** Queues that many batches on an empty line, the way the product does; their MOs are numbered from `from` + 1. */
export async function queueLine(database: Database, line: string, from: number, count: number): Promise<void> {
  const { e0 } = await readEpoch(database, line);
  const entries = Array.from({ length: count }, (_, index) => entry(from + index + 1));
  const { result } = await queueSet(database, { line, e0, mapHash: '', actor: 'bench', entries });
  if (result !== 'queued') throw new Error(`nothing queued: ${result}`);
}

/** A queue whose batches were all weighed and proven in Odoo: task 3 has only to archive them. */
export async function pushedLine(database: Database, line: string, from: number, count: number): Promise<void> {
  await queueLine(database, line, from, count);
  const measured = 'actual = $2, actual_weight = 1000, status_manufacturing = 1, finished_at = now()';
  const params = [line, JSON.stringify(weights(from))];
  await database.query(`UPDATE {schema}.mo_batch SET state = 'finished', ${measured} WHERE line = $1`, params);
  const payload = JSON.stringify({
    odoo_id: 1,
    qty: 1000,
    moves: entry(1).materials.map(({ move_ids: [move_id], planned }) => ({ move_id, quantity: planned })),
  });
  await database.query(`UPDATE {schema}.mo_batch SET state = 'pushing', push_payload = $2 WHERE line = $1`, [line, payload]);
  await database.query(`UPDATE {schema}.mo_batch SET state = 'pushed' WHERE line = $1`, [line]);
}
