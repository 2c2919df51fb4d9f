import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import type { Outcome } from '../../src/line/outcome';
import type { Odoo } from '../../src/odoo/odoo';
import type { BatchRecord } from '../../src/queue/batch';
import { checkInvariants } from '../support/invariants';
import { type Plant, type PlantOptions, startPlant, weighedOf } from '../support/plant';

interface NotCompleted {
  mo_id: string;
  code: string;
  push_attempt: number;
  willRetryAt: string | null;
}
const archived = (outcome: Outcome): string[] => (outcome.payload['archived'] as BatchRecord[]).map(({ mo_id }) => mo_id);
const notCompleted = (outcome: Outcome): NotCompleted[] => outcome.payload['notCompleted'] as NotCompleted[];

/** To the gram what the recipe says. */
const asPlanned: typeof weighedOf = ({ materials }) => ({
  actual: Object.fromEntries(materials.map(({ tag, planned }) => [tag, planned])),
  weight: materials.reduce((sum, { planned }) => sum + planned, 0),
});

describe('completion in Odoo', () => {
  let plant: Plant | undefined;
  afterEach(() => plant?.close());

  async function finished(context: Mocha.Context, count: number, options: PlantOptions = {}): Promise<{ plant: Plant; set: string[] }> {
    plant = await startPlant(context, options);
    await plant.fetch({ limit: count });
    await plant.finishAll();
    return { plant, set: await plant.queued() };
  }

  /** Runs until the queue is empty; every wait of a retry is skipped. */
  async function completeAll({ complete, letTimePass, queued }: Plant): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let run = 0; run < 12 && (await queued()).length > 0; run += 1) {
      await letTimePass();
      const outcome = await complete().catch((error: unknown) => error);
      if (!(outcome instanceof Error)) outcomes.push(outcome as Outcome);
    }
    return outcomes;
  }

  describe('a fault at one call', () => {
    /**
     * Whose trouble it is, at a look and at a change: that of the run, so that nothing else is tried, that of the first
     * batch alone, so that the second is archived in the same run, or nobody's.
     */
    const FAULTS: [fault: string, look: string, change: string][] = [
      ['http-429', 'run: ODOO_UNREACHABLE', 'run: ODOO_UNREACHABLE'],
      ['http-503', 'run: ODOO_UNREACHABLE', 'batch: ODOO_OUTCOME_UNKNOWN'],
      ['http-504', 'run: ODOO_UNREACHABLE', 'batch: ODOO_OUTCOME_UNKNOWN'],
      ['reset-before', 'run: ODOO_UNREACHABLE', 'batch: ODOO_OUTCOME_UNKNOWN'],
      ['reset-after', 'run: ODOO_UNREACHABLE', 'batch: ODOO_OUTCOME_UNKNOWN'],
      ['html', 'run: ODOO_ANSWER', 'batch: ODOO_OUTCOME_UNKNOWN'],
      ['truncated', 'run: ODOO_ANSWER', 'batch: ODOO_OUTCOME_UNKNOWN'],
      ['serialization', 'run: ODOO_UNREACHABLE', 'run: ODOO_UNREACHABLE'],
      ['rights', 'run: ODOO_RIGHTS', 'batch: ODOO_RIGHTS'],
      ['refused', 'batch: ODOO_REFUSED', 'batch: ODOO_REFUSED'],
      ['access-denied', 'nobody', 'nobody'],
      ['session', 'nobody', 'nobody'],
    ];
    async function outcomeOf({ complete, queued }: Plant): Promise<{ trouble: string; left: string[] }> {
      const ended = await complete().catch((error: unknown) => error);
      const [entry] = ended instanceof Error ? [] : notCompleted(ended as Outcome);
      const trouble = ended instanceof Error ? `run: ${ended.name}` : entry ? `batch: ${entry.code}` : 'nobody';
      return { trouble, left: await queued() };
    }

    for (const method of ['search_read', 'write', 'button_mark_done']) {
      it(`${method}: whose trouble it is, that stock moves once and both batches are archived in the end`, async function () {
        plant = await startPlant(this);
        const { odoo, struck } = plant;
        for (const [fault, look, change] of FAULTS) {
          await plant.fetch({ limit: 2 });
          await plant.finishAll();
          const [first, second] = await plant.queued();
          await odoo.command({ action: 'fault', fault, method, times: 1 });
          const { trouble, left } = await outcomeOf(plant);
          assert.equal(trouble, method === 'search_read' ? look : change, fault);
          assert.deepEqual(left, { run: [first, second], batch: [first], nobody: [] }[trouble.split(':')[0]!], fault);
          assert.equal(struck.at(-1), `${fault} strikes ${method}`);
          await checkInvariants(plant);
          await completeAll(plant);
          assert.deepEqual(await plant.queued(), [], fault);
          await checkInvariants(plant);
        }
        assert.equal(struck.length, FAULTS.length);
        assert.ok((await plant.history()).every(({ status }) => status === 'completed'));
      });
    }

    it('a wizard instead of done, as often as Odoo likes [fault: odoo-wizard]', async function () {
      const { plant, set } = await finished(this, 1);
      await plant.odoo.command({ action: 'fault', fault: 'wizard', times: 1 });
      const [first] = notCompleted(await plant.complete());
      assert.deepEqual([first?.code, first?.push_attempt], ['ODOO_NOT_DONE', 1]);
      assert.ok(Date.parse(first?.willRetryAt ?? '') > 0);
      await completeAll(plant);
      assert.deepEqual(await plant.history(), [{ mo_id: set[0], status: 'completed', run: 1 }]);
    });
  });

  it('a lost answer to mark done is found out by looking: nothing is sent again [fault: odoo-applied-then-lost]', async function () {
    const { plant } = await finished(this, 1);
    await plant.odoo.command({ action: 'fault', fault: 'reset-after', method: 'button_mark_done', times: 1 });
    const [lost] = notCompleted(await plant.complete());
    assert.equal(lost?.code, 'ODOO_OUTCOME_UNKNOWN');
    // Were it sent again, this would strike.
    for (const method of ['write', 'button_mark_done']) await plant.odoo.command({ action: 'fault', fault: 'http-503', method, times: 1 });
    await plant.letTimePass();
    assert.equal(archived(await plant.complete()).length, 1);
    await checkInvariants(plant);
  });

  it('gives up after maxAttempts tries with an unknown outcome, and the batch then blocks the gate with its sentence', async function () {
    const { plant } = await finished(this, 1);
    await plant.odoo.command({ action: 'fault', fault: 'wizard', times: 99 });
    for (let run = 1; run <= 3; run += 1) {
      const [entry] = notCompleted(await plant.complete({ maxAttempts: 3 }));
      assert.deepEqual([entry?.push_attempt, entry?.willRetryAt === null], [run, run === 3]);
      await plant.letTimePass();
    }
    const [row] = await plant.rows();
    assert.deepEqual([row?.state, row?.last_error?.split(':')[0]], ['failed', 'ODOO_NOT_DONE']);
    const gate = await plant.gate();
    assert.equal(gate.payload['reason'], 'blocked');
    assert.match(gate.status.text, /^blocked: slot 1 \S+ ODOO_NOT_DONE$/);
  });

  it('an Odoo that is away ends the run, counts as no attempt, and nothing else is tried', async function () {
    const { plant } = await finished(this, 3);
    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    for (let run = 0; run < 4; run += 1) {
      await assert.rejects(plant.complete(), { name: 'ODOO_UNREACHABLE' });
      await plant.letTimePass();
    }
    assert.ok((await plant.rows()).every(({ push_attempt }) => push_attempt <= 1));
    await plant.odoo.command({ action: 'clear' });
    await completeAll(plant);
    assert.deepEqual(await plant.queued(), []);
  });

  it('a batch for a person is told also when Odoo goes away in the same run', async function () {
    const { plant, set } = await finished(this, 2);
    await plant.odoo.command({ action: 'cancel', mo_id: set[0] });
    await plant.odoo.command({ action: 'fault', fault: 'access-denied', method: 'write', seconds: 60 });
    const told = (await plant.complete()).events.map(({ code, payload }) => [code, payload['mo_id']]);
    assert.deepEqual(told, [
      ['ODOO_CANCELLED', set[0]],
      ['ODOO_AUTH', set[1]],
    ]);
  });

  it('one poison batch among ten stops none of the others, and only that one is told [fault: old-zero-consumption-blocks-queue]', async function () {
    const { plant, set } = await finished(this, 10);
    const [poison] = set;
    const other = plant.otherProcess();
    const refusing: Odoo = {
      ...(other.odoo as Odoo),
      push: (payload, ...rest) =>
        payload.mo_id === poison ? Promise.reject(new SmartMoError('ODOO_REFUSED', 'no')) : (other.odoo as Odoo).push(payload, ...rest),
    };
    const outcome = await plant.on({ ...other, odoo: refusing }).complete();
    assert.deepEqual(archived(outcome), set.slice(1));
    assert.deepEqual(
      outcome.events.map(({ port, event, code, payload }) => [port, event, code, payload['mo_id']]),
      [[2, 'not-completed', 'ODOO_REFUSED', poison]],
    );
    await checkInvariants(plant);
  });

  it('a record rule that keeps the user from one MO is the trouble of that batch: three tries, then a person [fault: odoo-rights-of-one-order]', async function () {
    const { plant, set } = await finished(this, 3);
    const [first] = set;
    for (let run = 1; run <= 3; run += 1) {
      await plant.odoo.command({ action: 'fault', fault: 'rights', method: 'write', times: 1 });
      const [entry] = notCompleted(await plant.complete());
      assert.deepEqual([entry?.mo_id, entry?.code, entry?.push_attempt], [first, 'ODOO_RIGHTS', run]);
      assert.equal(plant.line.odoo?.state().state, 'ok');
      await plant.letTimePass();
    }
    assert.deepEqual(
      (await plant.rows()).map(({ mo_id, state }) => [mo_id, state]),
      [[first, 'failed']],
    );
  });

  it('a user who may change no MO at all ends the run, and no batch is given up for it [fault: odoo-rights-of-all]', async function () {
    const { plant } = await finished(this, 2);
    const other = plant.otherProcess();
    const powerless: Odoo = {
      ...(other.odoo as Odoo),
      push: () => Promise.reject(new SmartMoError('ODOO_RIGHTS', 'no', { class: 'auth' })),
    };
    for (let run = 1; run <= 4; run += 1) {
      await assert.rejects(plant.on({ ...other, odoo: powerless }).complete(), { name: 'ODOO_RIGHTS' });
      await plant.letTimePass();
    }
    assert.ok((await plant.rows()).every(({ state }) => state !== 'failed'));
  });

  it('is not green while a batch is failed, waits for its next try or for its cancellation in Odoo', async function () {
    const { plant, set } = await finished(this, 2);
    await plant.odoo.command({ action: 'cancel', mo_id: set[0] });
    await plant.complete();
    const failed = await plant.complete();
    assert.equal(failed.status.fill, 'yellow');
    assert.match(failed.status.text, /^0 archived, slot 1 ODOO_CANCELLED /);
    assert.match(failed.payload.text, /1 left in the queue; slot 1 \S+ failed: ODOO_CANCELLED: /);

    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    await plant.cancel({ mo_id: set[0] });
    await plant.database.query(`UPDATE {schema}.mo_batch SET next_try_at = now() + interval '1 h'`);
    const cancelling = await plant.complete();
    assert.deepEqual([cancelling.status.fill, cancelling.payload['left']], ['yellow', 1]);
  });

  it('is not green while a batch waits for its next try', async function () {
    const { plant } = await finished(this, 1);
    await plant.odoo.command({ action: 'fault', fault: 'refused', method: 'write', times: 1 });
    await plant.complete();
    await plant.database.query(`UPDATE {schema}.mo_batch SET next_try_at = now() + interval '1 h'`);
    const { status } = await plant.complete();
    assert.equal(status.fill, 'yellow');
    assert.match(status.text, /^0 archived, slot 1 ODOO_REFUSED /);
    await plant.letTimePass();
    assert.equal((await plant.complete()).status.fill, 'green');
  });

  it('a mistake of ours at one batch is that batch alone', async function () {
    const { plant, set } = await finished(this, 3);
    await plant.database.query(`UPDATE {schema}.mo_batch SET materials = '[{"broken": true}]' WHERE batch_no = 1`);
    const outcome = await plant.complete();
    assert.deepEqual(archived(outcome), set.slice(1));
    assert.equal((await plant.rows())[0]?.state, 'failed');
  });

  describe('a person was faster', () => {
    const cases: [string, 'cancel' | 'done' | 'delete', string][] = [
      ['cancelled the MO', 'cancel', 'ODOO_CANCELLED'],
      ['marked the MO done with other quantities', 'done', 'ODOO_DIFFERS'],
    ];
    for (const [what, action, code] of cases) {
      it(`${what}: ${code}, for a person at once, nothing is written [fault: odoo-${action === 'done' ? 'done' : 'cancelled'}-by-a-person]`, async function () {
        const { plant, set } = await finished(this, 2);
        const [first = '', second] = set;
        await plant.odoo.command({ action, mo_id: first });
        const effects = plant.odoo.effects().filter(({ mo_id }) => mo_id === first).length;
        const outcome = await plant.complete();
        assert.deepEqual([archived(outcome), notCompleted(outcome).map((entry) => entry.code)], [[second], [code]]);
        assert.equal(plant.odoo.effects().filter(({ mo_id }) => mo_id === first).length, effects);
        assert.equal((await plant.rows())[0]?.state, 'failed');
        assert.deepEqual((await plant.complete()).payload['archived'], []);
        await checkInvariants(plant, [first]);
      });
    }

    it('deleted the MO: gone at the second look [fault: odoo-deleted-by-a-person]', async function () {
      const { plant, set } = await finished(this, 1);
      await plant.odoo.command({ action: 'delete', mo_id: set[0] });
      const [first] = notCompleted(await plant.complete());
      assert.equal(first?.code, 'ODOO_GONE');
      const wait = (Date.parse(first.willRetryAt ?? '') - Date.now()) / 1000;
      assert.ok(wait > 15 && wait < 25, `tried again after ${wait} s`);
      assert.equal((await plant.rows())[0]?.state, 'pushing');
      await plant.letTimePass();
      await plant.complete();
      assert.equal((await plant.rows())[0]?.state, 'failed');
    });
  });

  describe('strictConsumption', () => {
    const strict = { strictConsumption: true };

    it('what Odoo blocks is refused: three tries, then a person; no stock has moved [fault: odoo-blocked-consumption]', async function () {
      const { plant, set } = await finished(this, 1);
      for (let run = 1; run <= 3; run += 1) {
        const [entry] = notCompleted(await plant.complete(strict));
        assert.deepEqual([entry?.code, entry?.push_attempt, entry?.willRetryAt === null], ['ODOO_REFUSED', run, run === 3]);
        await plant.letTimePass();
      }
      const [row] = await plant.rows();
      assert.deepEqual([row?.mo_id, row?.state], [set[0], 'failed']);
      assert.match(row?.last_error ?? '', /blocks a consumption that differs from the plan/);
      assert.deepEqual(plant.odoo.effects(), []);
    });

    it('a batch that was weighed as planned passes', async function () {
      plant = await startPlant(this);
      await plant.fetch({ limit: 1 });
      await plant.finishAll(asPlanned);
      const [mo_id] = await plant.queued();
      assert.deepEqual(archived(await plant.complete(strict)), [mo_id]);
      await checkInvariants(plant);
    });
  });

  it('without mark done the quantities are written, read back, and the MO stays open for a person', async function () {
    const { plant, set } = await finished(this, 1);
    assert.deepEqual(archived(await plant.complete({ markDone: false })), set);
    const order = plant.odoo.orders().find(({ mo_id }) => mo_id === set[0]);
    assert.equal(order?.state === 'progress' || order?.state === 'to_close', true, order?.state);
    assert.equal(plant.odoo.effects().length, 0);
  });

  it('payload.mo_id completes that one only', async function () {
    const { plant, set } = await finished(this, 3);
    assert.deepEqual(archived(await plant.complete({ payload: { mo_id: set[1] } })), [set[1]]);
    assert.equal((await plant.queued()).length, 2);
  });

  it('two at a time: all archived once, the empty queue told once', async function () {
    const { plant, set } = await finished(this, 6);
    const outcome = await plant.complete({ concurrency: 2 });
    assert.deepEqual(archived(outcome).sort(), set);
    assert.deepEqual(
      outcome.events.map(({ port, event }) => [port, event]),
      [[3, 'queue-empty']],
    );
    await checkInvariants(plant);
  });

  it('a note is left in Odoo; one that Odoo refuses stops nothing', async function () {
    const { plant, set } = await finished(this, 2);
    await plant.complete({ payload: { mo_id: set[0] }, noteTemplate: 'weighed {{actual_weight}} kg of {{mo_id}}' });
    assert.match(
      JSON.stringify(plant.odoo.orders().find(({ mo_id }) => mo_id === set[0])?.notes),
      new RegExp(`weighed .* kg of ${set[0]}`),
    );
    await plant.odoo.command({ action: 'fault', fault: 'rights', method: 'message_post', times: 1 });
    assert.deepEqual(archived(await plant.complete({ noteTemplate: 'x' })), [set[1]]);
    assert.ok(plant.log.some((text) => text.includes('no note left in Odoo')));
  });

  it('a record, an event and the log say what happened, with every key', async function () {
    const { plant, set } = await finished(this, 1);
    const outcome = await plant.complete();
    const [record] = outcome.payload['archived'] as BatchRecord[];
    assert.deepEqual(Object.keys(record ?? {}).sort(), [
      'actor',
      'actual_weight',
      'archived_at',
      'batch_no',
      'created_at',
      'finished_at',
      'finished_goods',
      'last_read_from_plc',
      'line',
      'loaded_at',
      'materials',
      'mo_id',
      'notes',
      'odoo_id',
      'push_attempt',
      'quantity',
      'run',
      'started_at',
      'status',
      'status_manufacturing',
      'status_operation',
      'to_weigh',
      'uom',
      'weighed',
      'weight_uom',
    ]);
    assert.equal(outcome.payload['left'], 0);
    assert.deepEqual(plant.log.slice(-3), [
      '[TASK 3] Process completed batches task running...',
      `[TASK 3] ✓ Batch #1 (MO: ${set[0]}) pushed to Odoo and archived`,
      '[TASK 3] Cycle complete: 1 archived, 0 failed, 0 remaining',
    ]);
    assert.deepEqual(Object.keys(outcome.payload).sort(), ['archived', 'at', 'left', 'line', 'ms', 'notCompleted', 'reason', 'text']);
  });

  it('what is finished while a run works belongs to that run: whoever asks meanwhile is only told in-progress', async function () {
    plant = await startPlant(this);
    await plant.fetch({ limit: 2 });
    const set = await plant.queued();
    await plant.finishAll(undefined, [1]);
    const { finishAll, line } = plant;
    const odoo = line.odoo!;
    let meanwhile: Promise<Outcome> | undefined;
    const slow: Odoo = {
      ...odoo,
      async markDone(...given) {
        const mayBlock = await odoo.markDone(...given);
        if (meanwhile) return mayBlock;
        await finishAll();
        meanwhile = tasks.complete();
        assert.equal((await meanwhile).payload['reason'], 'in-progress');
        return mayBlock;
      },
    };
    const tasks = plant.on({ ...line, odoo: slow });
    assert.deepEqual(archived(await tasks.complete()), set);
  });

  it('a second run while the first works says in-progress and does nothing', async function () {
    const { plant } = await finished(this, 2);
    const [first, second] = await Promise.all([plant.complete(), plant.complete()]);
    assert.deepEqual([first.payload['reason'], second.payload['reason'], second.payload['left']], ['run', 'in-progress', null]);
    assert.deepEqual(Object.keys(second.payload).sort(), Object.keys(first.payload).sort());
  });
});
