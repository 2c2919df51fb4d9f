import assert from 'node:assert/strict';
import type { BatchMaterial } from '../../src/queue/batch';
import type { PushPayload } from '../../src/odoo/odoo';
import type { Effect } from '../../src/simulators/odoo/tables';
import type { Weighed } from '../../src/simulators/plc/cell';
import { assertBooked, assertNothingLost } from '../support/evidence';
import type { Site } from '../support/site';

/** Looks at the tables, Odoo and the PLC while everything runs, and remembers what may never change again. */
export interface Audit {
  /** The invariants I1 to I9, in this moment; not to be called again before it ends. @throws AssertionError that names what is wrong */
  check(): Promise<void>;
  /** MOs that failed and say so with an alarm: a person decides. */
  forOperator(): Promise<string[]>;
  /** I11, after the faults: null when the queue is empty and nothing is left in Odoo; else what keeps it. */
  unsettled(): Promise<string | null>;
  /** Records by how they ended. */
  ended(): Record<string, number>;
}

interface Row {
  key: string;
  mo_id: string;
  row_version: number;
  /** Everything of the row but its version. */
  content: string;
  measured: string | null;
  payload: string | null;
}

interface Archived {
  id: number;
  key: string;
  mo_id: string;
  status: string;
  measured: string;
  payload: string | null;
  push_payload: PushPayload | null;
  materials: BatchMaterial[];
}

const MEASURED = 'md5(ROW(actual, actual_weight, status_manufacturing, status_operation, finished_at)::text)';
const PAYLOAD = 'md5(push_payload::text)';

const ROWS = `
SELECT mo_id || ' run ' || run AS key, mo_id, row_version, md5((to_jsonb(b) - 'row_version')::text) AS content,
       CASE WHEN state NOT IN ('queued', 'running') THEN ${MEASURED} END AS measured, ${PAYLOAD} AS payload
FROM mo_batch b`;

/** Records can be committed in another order than they were numbered: some are looked at again. */
const RECORDS = `
SELECT id::int, mo_id || ' run ' || run AS key, mo_id, status, ${MEASURED} AS measured, ${PAYLOAD} AS payload, push_payload, materials
FROM mo_histories WHERE id > $1 - 200 ORDER BY id`;

const QUEUED_AGAIN = `
SELECT mo_id FROM mo_batch b WHERE EXISTS (SELECT 1 FROM mo_histories h WHERE h.mo_id = b.mo_id AND NOT h.requeued)
UNION SELECT mo_id FROM mo_histories WHERE NOT requeued GROUP BY mo_id HAVING count(*) > 1`;

/** The table of steps of data.md, in the names of the events. */
const LEGAL_STEPS = [
  ...['>queued', 'queued>running', 'queued>finished', 'queued>failed', 'queued>cancelling'],
  ...['running>finished', 'running>failed', 'running>cancelling'],
  ...['finished>pushing', 'finished>failed', 'finished>cancelling'],
  ...['pushing>pushed', 'pushing>failed', 'pushed>completed'],
  ...['failed>parked', 'failed>cancelling', 'cancelling>cancelled', 'cancelling>failed'],
];

const ILLEGAL_STEPS = `
SELECT mo_id, step FROM (
  SELECT mo_id, coalesce(lag(event) OVER (PARTITION BY mo_id ORDER BY id), '') || '>' || event AS step
  FROM mo_events WHERE mo_id = ANY($1) AND event NOT IN ('loading', 'loaded', 'refused')
) steps WHERE step <> ALL($2)`;

const FOR_OPERATOR = `
SELECT mo_id FROM mo_batch b
WHERE state = 'failed' AND EXISTS (SELECT 1 FROM mo_alarm a WHERE a.mo_id = b.mo_id AND a.cleared_at IS NULL)`;

const IN_THE_WAY = `
SELECT mo_id, state, last_error FROM mo_batch UNION ALL SELECT line, 'on hold', reason FROM mo_line WHERE hold`;

export function createAudit(site: Site): Audit {
  const statuses = new Map<string, string>();
  const rows = new Map<string, Row>();
  const frozen = new Map<string, { measured: string; payload: string | null }>();
  /** When the PLC finished an MO: kept for good. */
  const finishedAt = new Map<string, string>();
  /** What it weighed: kept until the record was compared with it. */
  const scales = new Map<string, Weighed>();
  let lastId = 0;

  function readScales(): void {
    for (const weighed of site.plc.weighed()) {
      const { mo_id, finished_at } = weighed;
      const before = finishedAt.get(mo_id);
      assert.equal(before ?? finished_at, finished_at, `I4: the PLC made ${mo_id} twice`);
      if (before === undefined) scales.set(mo_id, weighed);
      finishedAt.set(mo_id, finished_at);
    }
  }

  /** I8: what was measured, and what is sent, stays. */
  function checkFrozen({ key, measured, payload }: Row | Archived): void {
    if (measured === null) return;
    const before = frozen.get(key);
    if (before) {
      assert.equal(measured, before.measured, `I8: what was measured of ${key} has changed`);
      assert.equal(payload, before.payload ?? payload, `I8: the payload of ${key} has changed`);
    }
    frozen.set(key, { measured, payload });
  }

  /** I9: a row that changed has a higher version. */
  function checkVersions(now: readonly Row[]): void {
    for (const row of now) {
      const before = rows.get(row.key);
      if (before && row.content !== before.content) {
        assert.ok(row.row_version > before.row_version, `I9: ${row.key} changed, its version ${before.row_version} did not grow`);
      }
      checkFrozen(row);
    }
    rows.clear();
    for (const row of now) rows.set(row.key, row);
  }

  /** I5, I6: completed is what Odoo has booked once, with the frozen payload, and that is what the PLC weighed. */
  function checkRecord(record: Archived, effects: readonly Effect[]): void {
    checkFrozen(record);
    frozen.delete(record.key);
    const weighed = scales.get(record.mo_id);
    scales.delete(record.mo_id);
    if (record.status !== 'completed') return;
    assertBooked([record.mo_id], effects, weighed ? [weighed] : []);
    const products = new Map(record.materials.map(({ product_id, product }) => [product_id, product]));
    for (const { product_id, quantity } of record.push_payload?.moves ?? []) {
      const product = products.get(product_id);
      const booked = effects.reduce(
        (sum, effect) => sum + (effect.kind === 'consume' && effect.product === product ? effect.quantity : 0),
        0,
      );
      assert.equal(booked, quantity, `I5: ${record.mo_id} ${product ?? product_id}: Odoo has booked other than the frozen payload`);
    }
  }

  async function check(): Promise<void> {
    const records = (await site.query<Archived>(RECORDS, [lastId])).filter(({ key }) => !statuses.has(key));
    lastId = Math.max(lastId, ...records.map(({ id }) => id));
    // After the records: Odoo and the PLC have seen at least as much.
    readScales();
    const effects = new Map<string, Effect[]>();
    for (const effect of site.odoo.effects()) {
      effects.set(effect.mo_id, [...(effects.get(effect.mo_id) ?? []), effect]);
      const { kind, mo_id } = effect;
      assert.ok(kind === 'cancel' || statuses.get(`${mo_id} run 1`) !== 'cancelled', `I7: ${mo_id} is cancelled, and ${kind} in Odoo`);
    }
    await assertNothingLost(site);
    for (const record of records) checkRecord(record, effects.get(record.mo_id) ?? []);
    for (const { key, status } of records) statuses.set(key, status);
    checkVersions(await site.query<Row>(ROWS));
    const again = await site.query(QUEUED_AGAIN);
    assert.ok(again.length === 0, `I3: queued again after they had ended: ${JSON.stringify(again)}`);
    const names = [...[...rows.values()].map(({ mo_id }) => mo_id), ...records.map(({ mo_id }) => mo_id)];
    const illegal = await site.query(ILLEGAL_STEPS, [names, LEGAL_STEPS]);
    assert.ok(illegal.length === 0, `I9: steps that are not legal: ${JSON.stringify(illegal)}`);
  }

  return {
    ended() {
      const counts: Record<string, number> = { completed: 0, cancelled: 0, failed: 0 };
      for (const status of statuses.values()) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },

    check,
    forOperator: async () => (await site.query<{ mo_id: string }>(FOR_OPERATOR)).map(({ mo_id }) => mo_id),

    async unsettled() {
      const waiting = await site.query(IN_THE_WAY);
      if (waiting.length > 0) return `not at an end: ${JSON.stringify(waiting)}`;
      const left = site.odoo.orders().filter(({ mo_id, state }) => state === 'confirmed' && !statuses.has(`${mo_id} run 1`));
      return left.length === 0 ? null : `the queue is empty, and Odoo still has ${left.map(({ mo_id }) => mo_id).join(', ')}`;
    },
  };
}
