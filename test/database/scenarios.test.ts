import assert from 'node:assert/strict';
import { queueSet, readEpoch } from '../../src/queue/gate';
import { checkInvariants } from '../support/invariants';
import { makeSet, type Plant, runSet, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

/** The table "Scenarios that must come out right" of the product, row by row, and what else the gate promises. */
describe('scenarios of the line', () => {
  let plant: Plant;
  beforeEach(async function () {
    plant = await startPlant(this);
  });
  afterEach(() => plant.close());

  it('fetches ten when the queue is empty, and says so in the log', async () => {
    assert.equal((await plant.gate()).payload['reason'], 'empty');
    const outcome = await plant.fetch();
    assert.equal(outcome.port, 1);
    assert.equal(outcome.payload['reason'], 'queued');
    assert.deepEqual(
      (outcome.payload['queued'] as { batch_no: number }[]).map((batch) => batch.batch_no),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.deepEqual(plant.log, [
      '[TASK 1] Auto-sync MO task running...',
      '[TASK 1] Table mo_batch is empty. Fetching new batches from Odoo...',
      '[TASK 1] ✓ Auto-sync completed: 10 MO batches synced',
    ]);
  });

  it('skips while five are left, some finished or not', async () => {
    await plant.fetch({ limit: 5 });
    const outcome = await plant.gate();
    assert.equal(outcome.port, 2);
    assert.equal(outcome.payload['reason'], 'busy');
    assert.equal(outcome.payload['count'], 5);
    assert.ok(plant.log.includes('[TASK 1] Table mo_batch has 5 records. Skipping sync - waiting for PLC to complete all batches.'));

    await plant.load();
    await plant.plcIsDone(5);
    await plant.read();
    assert.deepEqual((await plant.gate()).payload['completed'], 5);
    assert.equal((await plant.fetch()).payload['reason'], 'queue-not-empty');
  });

  it('does not count a cancelled batch, and never fetches it again although Odoo still lists it [fault: old-cancelled-fetched-again, gate-cancelled-again]', async () => {
    await plant.fetch();
    const [first] = await plant.queued();
    const cancelled = await plant.cancel({ batch_no: 1, notes: 'hopper broken' }, { cancelInOdoo: false });
    assert.equal(cancelled.port, 1, cancelled.payload.text);
    assert.equal((await plant.gate()).payload['count'], 9);
    assert.deepEqual(await plant.history(), [{ mo_id: first, status: 'cancelled', run: 1 }]);

    for (const mo_id of await plant.queued()) await plant.cancel({ mo_id }, { cancelInOdoo: false });
    const next = await plant.fetch();
    assert.equal(next.payload['reason'], 'queued');
    assert.ok(!(await plant.queued()).includes(String(first)));
  });

  it('fetches the next ten when the set is done, none of them seen before [fault: old-finished-fetched-again]', async () => {
    const first = await runSet(plant);
    assert.deepEqual(await plant.queued(), []);
    assert.equal((await plant.gate()).payload['decision'], 'fetch');
    const second = await runSet(plant);
    assert.equal(second.length, 10);
    assert.deepEqual(
      second.filter((mo_id) => first.includes(mo_id)),
      [],
    );
    const history = await plant.history();
    assert.deepEqual(
      history.map(({ mo_id, status }) => ({ mo_id, status })),
      [...first, ...second].map((mo_id) => ({ mo_id, status: 'completed' })),
    );
  });

  it('one poison batch of ten: nine are completed, it blocks the gate until it is parked, and comes back only when it is requeued', async () => {
    const first = await makeSet(plant);
    const poison = first[3] ?? '';
    // Odoo refuses the fourth write, and the two that repeat it.
    const refused = { action: 'fault', fault: 'refused', method: 'write' } as const;
    await plant.odoo.command({ ...refused, skip: 3, times: 1 });
    await plant.complete();
    await plant.odoo.command({ ...refused, times: 2 });
    for (let again = 0; again < 2; again += 1) {
      assert.equal((await plant.gate()).payload['reason'], 'busy');
      await plant.letTimePass();
      await plant.complete();
    }
    const completed = (await plant.history()).map(({ mo_id, status }) => `${mo_id} ${status}`);
    assert.deepEqual(
      completed,
      first.flatMap((mo_id) => (mo_id === poison ? [] : `${mo_id} completed`)),
    );

    const gate = await plant.gate();
    assert.deepEqual([gate.port, gate.payload['decision'], gate.payload['reason']], [2, 'skip', 'blocked']);
    assert.deepEqual(gate.payload['blocking'], [{ batch_no: 4, mo_id: poison, state: 'failed', minutes: 0, code: 'ODOO_REFUSED' }]);
    assert.match(gate.payload.text, new RegExp(`^blocked: 1 left, 0 finished, 1 failed; slot 4 ${poison}: ODOO_REFUSED: `));
    assert.equal((await plant.fetch()).payload['reason'], 'queue-not-empty');

    assert.equal((await plant.act('park', { mo_id: poison, reason: 'booked by hand' })).port, 1);
    assert.equal((await plant.gate()).payload['reason'], 'empty');
    const second = await runSet(plant);
    assert.deepEqual([second.length, second.includes(poison)], [10, false]);

    assert.equal((await plant.act('requeue', { mo_id: poison })).port, 1);
    assert.equal((await plant.gate()).payload['reason'], 'empty');
    assert.ok((await runSet(plant)).includes(poison));
    assert.deepEqual(
      (await plant.history()).filter(({ mo_id }) => mo_id === poison),
      [
        { mo_id: poison, status: 'failed', run: 1 },
        { mo_id: poison, status: 'completed', run: 2 },
      ],
    );
    assert.deepEqual(await plant.queued(), []);
    await checkInvariants(plant);
  });

  it('what Odoo consumed is what the PLC weighed, once', async () => {
    await runSet(plant);
    const consumed = new Map<string, number>();
    for (const effect of plant.odoo.effects()) {
      if (effect.kind === 'consume') {
        const key = `${effect.mo_id} ${effect.product}`;
        assert.ok(!consumed.has(key), `${key} was consumed twice`);
        consumed.set(key, effect.quantity);
      }
    }
    const products = new Map(plant.line.materials.map((material) => [material.tag, material.product]));
    for (const batch of plant.plc.weighed()) {
      for (const [tag, weight] of Object.entries(batch.materials)) {
        if (weight === 0) continue;
        assert.equal(consumed.get(`${batch.mo_id} ${products.get(tag) ?? ''}`), weight, `${batch.mo_id} ${tag}`);
        consumed.delete(`${batch.mo_id} ${products.get(tag) ?? ''}`);
      }
    }
    assert.equal(consumed.size, 0, `Odoo consumed what no PLC weighed: ${[...consumed.keys()].join(', ')}`);
    assert.equal(plant.odoo.effects().filter((effect) => effect.kind === 'done').length, 10);
  });

  it('logs and changes nothing while Odoo is down, and goes on when it is back [fault: odoo-down]', async () => {
    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    await assert.rejects(plant.fetch(), { name: /^ODOO_(UNREACHABLE|OUTCOME_UNKNOWN)$/ });
    assert.deepEqual(await plant.queued(), []);
    assert.match(plant.log.at(-1) ?? '', /^\[TASK 1\] Error in auto-sync task: ODOO_/);
    await plant.odoo.command({ action: 'clear' });
    await waitFor(async () => (await plant.fetch()).payload['reason'] === 'queued', { what: 'a fetch after the outage' });
  });

  it('a second run while the first works does nothing [fault: gate-two-triggers]', async () => {
    const [a, b] = await Promise.all([plant.fetch(), plant.fetch()]);
    assert.deepEqual([a.payload['reason'], b.payload['reason']].sort(), ['in-progress', 'queued']);
    assert.equal((await plant.queued()).length, 10);
  });

  it('two processes triggered together queue one set each time [fault: gate-two-processes]', async () => {
    const other = plant.on(plant.otherProcess());
    for (let round = 0; round < 20; round += 1) {
      const outcomes = await Promise.all([plant.fetch(), other.fetch()]);
      assert.deepEqual(outcomes.map((outcome) => outcome.payload['reason']).sort(), ['queue-not-empty', 'queued'], `round ${round}`);
      const sets = await plant.database.query('SELECT count(*) AS n, count(DISTINCT fetch_seq) AS sets FROM {schema}.mo_batch');
      assert.deepEqual(sets, [{ n: 10, sets: 1 }]);
      await plant.database.query('DELETE FROM {schema}.mo_batch');
    }
  });

  it('refuses a gate that stalled between its fetch and its insert while another did a whole cycle [fault: gate-stalled]', async () => {
    const stalled = await readEpoch(plant.database, 'main');
    await runSet(plant);
    const [order] = plant.odoo.orders().filter((candidate) => candidate.state === 'confirmed');
    assert.ok(order);
    const entry = { mo_id: order.mo_id, odoo_id: order.odoo_id, finished_goods: 'Feed', quantity: 1, uom: 'kg', materials: [] };
    const { result } = await queueSet(plant.database, { line: 'main', e0: stalled.e0, mapHash: '', actor: 'test', entries: [entry] });
    assert.equal(result, 'lost-race');
    assert.deepEqual(await plant.queued(), []);
  });

  it('announces the empty queue exactly once, by the run that archived the last batch', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    await plant.plcIsDone(2);
    await plant.read();
    const outcome = await plant.complete();
    assert.equal(outcome.events.filter((event) => event.event === 'queue-empty').length, 1);
    assert.equal((await plant.complete()).events.length, 0);
  });

  it('names a rejected order and lets the good ones pass', async () => {
    const materials = plant.line.materials.filter((material) => material.tag !== 'silo_m');
    const outcome = await plant.on({ ...plant.otherProcess(), materials }).fetch();
    const rejected = outcome.payload['rejected'] as { mo_id: string; reason: string; text: string }[];
    assert.ok(rejected.length > 0);
    assert.ok(rejected.every((rejection) => rejection.reason === 'unknown-material'));
    assert.match(rejected[0]?.text ?? '', /^no silo of line main holds SILO-113$/);
    assert.ok(plant.log.some((text) => text === `[TASK 1] Rejected ${rejected[0]?.mo_id}: no silo of line main holds SILO-113`));
  });

  it("runs the users' queries unchanged", async () => {
    await plant.fetch();
    const schema = plant.database.schema;
    const run = (sql: string): Promise<Record<string, unknown>[]> =>
      plant.database.query(sql.replace('FROM mo_batch', `FROM ${schema}.mo_batch`));
    assert.deepEqual(await run('SELECT COUNT(*) FROM mo_batch'), [{ count: 10 }]);
    assert.deepEqual(await run('SELECT COUNT(*) FROM mo_batch WHERE 1=1'), [{ count: 10 }]);
    assert.deepEqual(
      await run(
        'SELECT COUNT(*) as active_batches, COUNT(CASE WHEN status_manufacturing=0 THEN 1 END) as ready_to_process, COUNT(CASE WHEN status_manufacturing=1 THEN 1 END) as completed FROM mo_batch',
      ),
      [{ active_batches: 10, ready_to_process: 10, completed: 0 }],
    );
    const rows = await run(
      'SELECT batch_no, mo_id, status_manufacturing, status_operation, last_read_from_plc FROM mo_batch ORDER BY last_read_from_plc DESC',
    );
    assert.equal(rows.length, 10);
  });

  it('PLC down: the read fails with a sentence and nothing of the queue changes; recipes wait [fault: plc-down]', async () => {
    await plant.fetch();
    plant.plc.command({ action: 'fault', fault: 'down', seconds: 60 });
    await assert.rejects(plant.read(), { name: /^PLC_/ });
    await assert.rejects(plant.load(), { name: /^PLC_/ });
    assert.match(plant.log.at(-1) ?? '', /^\[TASK 1\] Error in PLC write task: PLC_/);
    plant.plc.command({ action: 'clear' });
    await waitFor(async () => (await plant.load()).payload['reason'] === 'loaded', { what: 'recipes loaded after the outage' });
  });

  it('a batch that was not loaded because its MO was cancelled in Odoo is named', async () => {
    await plant.fetch({ limit: 3 });
    const [first] = await plant.queued();
    await plant.odoo.command({ action: 'cancel', mo_id: first });
    const outcome = await plant.load();
    assert.deepEqual(outcome.payload['notLoaded'], [
      {
        batch_no: 1,
        mo_id: first,
        code: 'mo-cancelled-in-odoo',
        text: 'the MO was cancelled in Odoo',
      },
    ]);
    assert.equal((outcome.payload['loaded'] as unknown[]).length, 2);
  });

  it('two completers at once archive each batch once', async () => {
    await makeSet(plant);
    const outcomes = await Promise.all([plant.complete(), plant.on(plant.otherProcess()).complete()]);
    const archived = outcomes.flatMap((outcome) => outcome.payload['archived'] as { mo_id: string }[]);
    assert.equal(new Set(archived.map((record) => record.mo_id)).size, archived.length);
    assert.equal(plant.odoo.effects().filter((effect) => effect.kind === 'done').length, 10);
    assert.equal(outcomes.flatMap((outcome) => outcome.events).filter((event) => event.event === 'queue-empty').length <= 1, true);
  });
});
