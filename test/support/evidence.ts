import assert from 'node:assert/strict';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import type { Weighed } from '../../src/simulators/plc/cell';
import type { Effect } from '../../src/simulators/odoo/tables';
import type { Site } from './site';

const PRODUCTS = new Map(FEED_MILL_MATERIALS.map(({ tag, product }) => [tag, product]));

/** True in every moment, also right after a kill -9: nothing lost, nothing doubled (invariants I1, I2, I4, I7). */
export async function assertNothingLost(site: Site): Promise<void> {
  const astray = await site.query(`
    SELECT mo_id, coalesce(b.n, 0) AS queued, coalesce(h.n, 0) AS archived
    FROM (SELECT DISTINCT mo_id FROM mo_events WHERE event = 'queued') q
    LEFT JOIN (SELECT mo_id, count(*)::int AS n FROM mo_batch GROUP BY mo_id) b USING (mo_id)
    LEFT JOIN (SELECT mo_id, count(*)::int AS n FROM mo_histories GROUP BY mo_id) h USING (mo_id)
    WHERE coalesce(b.n, 0) + coalesce(h.n, 0) <> 1`);
  assert.deepEqual(astray, [], 'I1: MOs that are not in exactly one table');
  const [sets] = await site.query<{ n: number }>('SELECT count(DISTINCT fetch_seq)::int AS n FROM mo_batch');
  assert.ok((sets?.n ?? 0) <= 1, 'I2: two sets are in the queue at once');
  assertOnce(site.odoo.effects(), site.plc.weighed());
}

/** Odoo booked nothing twice, and the PLC ran no recipe twice. */
export function assertOnce(effects: readonly Effect[], weighed: readonly Weighed[]): void {
  const booked = effects.map(
    (effect) => `${effect.mo_id} ${effect.kind === 'cancel' ? 'done' : effect.kind} ${'product' in effect ? effect.product : ''}`,
  );
  assert.deepEqual(repeated(booked), [], 'I4: booked twice in Odoo, or both done and cancelled');
  assert.deepEqual(repeated(weighed.map(({ mo_id }) => mo_id)), [], 'I4: weighed twice by the PLC');
}

/** Every MO of `completed` is done in Odoo with exactly what the PLC weighed; nothing else is (invariants I5, I6). */
export function assertBooked(completed: readonly string[], effects: readonly Effect[], weighed: readonly Weighed[]): void {
  assertOnce(effects, weighed);
  const sorted = [...completed].sort();
  assert.deepEqual(effects.flatMap((effect) => (effect.kind === 'done' ? effect.mo_id : [])).sort(), sorted, 'done in Odoo');
  assert.deepEqual(consumption(effects), scales(weighed, new Set(completed)));
}

/** assertBooked for a plant at rest: the queue is empty, everything that was queued is completed. */
export async function assertDrained(site: Site): Promise<void> {
  await assertNothingLost(site);
  assert.deepEqual(await site.queued(), []);
  const completed = await site.archived();
  assert.deepEqual(
    site.plc
      .weighed()
      .map(({ mo_id }) => mo_id)
      .sort(),
    [...completed].sort(),
  );
  assertBooked(completed, site.odoo.effects(), site.plc.weighed());
}

/** "WH/MO/00001 SILO-101 120.5" */
function consumption(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'consume' ? `${effect.mo_id} ${effect.product} ${effect.quantity}` : [])).sort();
}

function scales(weighed: readonly Weighed[], of: ReadonlySet<string>): string[] {
  const batches = weighed.filter(({ mo_id }) => of.has(mo_id));
  return batches
    .flatMap(({ mo_id, materials }) =>
      Object.entries(materials).flatMap(([tag, weight]) => (weight > 0 ? `${mo_id} ${PRODUCTS.get(tag) ?? tag} ${weight}` : [])),
    )
    .sort();
}

function repeated(list: readonly string[]): string[] {
  const seen = new Set<string>();
  return list.filter((entry) => seen.has(entry) || !seen.add(entry));
}
