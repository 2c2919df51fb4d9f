import assert from 'node:assert/strict';
import type { HistoryRow } from '../../src/queue/batch';
import type { Plant } from './plant';

/**
 * The invariants of data.md that must hold after every step, whatever failed: every MO that was queued is in exactly one
 * of queue and history (I1), all rows share one fetch (I2), nothing comes back (I3), stock moved at most once and exactly
 * as frozen (I4, I5), which is what was weighed (I6), and never for a cancelled batch (I7). A test that marks MOs done by
 * hand names them.
 */
export async function checkInvariants({ database, odoo }: Plant, doneByHand: readonly string[] = []): Promise<void> {
  const places = await database.query<{ mo_id: string; run: number; places: number }>(
    `SELECT e.mo_id, (e.detail ->> 'run')::int AS run,
       (SELECT count(*) FROM {schema}.mo_batch b WHERE b.mo_id = e.mo_id AND b.run = (e.detail ->> 'run')::int)
       + (SELECT count(*) FROM {schema}.mo_histories h WHERE h.mo_id = e.mo_id AND h.run = (e.detail ->> 'run')::int) AS places
     FROM {schema}.mo_events e WHERE e.event = 'queued'`,
  );
  for (const { mo_id, run, places: count } of places) assert.equal(count, 1, `I1: run ${run} of ${mo_id} is in ${count} places`);
  const sets = await database.query('SELECT line FROM {schema}.mo_batch GROUP BY line HAVING count(DISTINCT fetch_seq) > 1');
  assert.deepEqual(sets, [], 'I2: a queue of two fetches');
  const back = await database.query(
    'SELECT b.mo_id FROM {schema}.mo_batch b JOIN {schema}.mo_histories h ON h.mo_id = b.mo_id WHERE NOT h.requeued',
  );
  assert.deepEqual(back, [], 'I3: in queue and history');

  const products = new Map(odoo.orders().flatMap(({ moves }) => moves.map((move) => [move.move_id, move.product] as const)));
  const moved = new Map<string, number>();
  const produced = new Map<string, number>();
  for (const effect of odoo.effects()) {
    const what = `${effect.mo_id} ${effect.kind} ${'product' in effect ? effect.product : ''}`;
    assert.ok(!moved.has(what), `I4: ${what} happened twice`);
    moved.set(what, 'quantity' in effect ? effect.quantity : 1);
    if (effect.kind === 'produce') produced.set(effect.mo_id, effect.quantity);
  }
  for (const record of await database.query<HistoryRow>('SELECT * FROM {schema}.mo_histories WHERE NOT requeued')) {
    const { mo_id, status, push_payload, materials, actual } = record;
    if (doneByHand.includes(mo_id)) continue;
    const isDone = moved.has(`${mo_id} done `);
    assert.equal(isDone, status === 'completed', `I5, I7: ${mo_id} is ${status} and ${isDone ? '' : 'not '}done in Odoo`);
    if (!isDone) continue;
    const consumed = (product: string): number => moved.get(`${mo_id} consume ${product}`) ?? 0;
    assert.equal(produced.get(mo_id), push_payload?.qty, `I5: ${mo_id} produced`);
    for (const { move_id, quantity } of push_payload?.moves ?? []) {
      const product = products.get(move_id) ?? '';
      assert.equal(consumed(product), quantity, `I5: ${mo_id} ${product}`);
    }
    for (const { tag, product, manual, planned } of materials) {
      const weighed = manual ? planned : (actual?.[tag] ?? NaN);
      assert.ok(
        Math.abs(consumed(product) - weighed) <= HALF_A_STEP,
        `I6: ${mo_id} ${tag}: weighed ${weighed}, consumed ${consumed(product)}`,
      );
    }
  }
}

/** Odoo keeps two decimals; a little more for the noise of binary fractions. */
const HALF_A_STEP = 0.005 + 1e-9;
