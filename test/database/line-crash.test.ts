import assert from 'node:assert/strict';
import type { Line } from '../../src/line/line';
import { type Mishap, withMishap } from '../support/mishap';
import { checkInvariants, type Plant, startPlant } from '../support/plant';

const KINDS: [kind: Mishap['kind'], what: string, fault: [before: string, after: string]][] = [
  ['fail', 'a failure', ['call-refused', 'call-answer-lost']],
  ['hang', 'a deploy while it hangs', ['call-hangs', 'call-hangs']],
  ['die', 'kill -9', ['call-then-killed', 'call-then-killed']],
];
const MISHAPS = KINDS.flatMap(([kind, what, [before, after]]) => [
  { effect: 'before' as const, kind, what, fault: before },
  { effect: 'after' as const, kind, what, fault: after },
]);

describe('the k-th call of a cycle goes wrong', function () {
  this.timeout(180_000);
  let plant: Plant;
  before(async function () {
    plant = await startPlant(this, { slots: 1, orders: 3 });
  });
  after(() => plant.close());

  /** What the timers do, each task whatever became of the one before. */
  async function cycle(line: Line): Promise<void> {
    const { gate, fetch, load, read, complete } = plant.on(line);
    const made = plant.plc.weighed().length;
    for (const task of [gate, fetch, load]) await task().catch(() => null);
    if (plant.plc.slots().some(({ recipe, state }) => recipe !== null || ['waiting', 'dosing', 'mixing'].includes(state)))
      await plant.plcIsDone(made + 1);
    for (const task of [read, complete]) await task().catch(() => null);
  }

  for (const { effect, kind, what, fault } of MISHAPS) {
    it(`${what} ${effect} its effect, for every k: nothing is lost, nothing is doubled, all of it settles [fault: ${fault}]`, async () => {
      for (let at = 1; ; at += 1) {
        const { line, calls } = withMishap(plant.line, { at, effect, kind });
        await cycle(line);
        await checkInvariants(plant);
        const wasHit = calls() >= at;
        // The restart: the timers go on, and what they wait for comes.
        for (let run = 0; run < 6 && (run === 0 || (await plant.queued()).length > 0); run += 1) {
          await plant.letTimePass();
          await plant.load();
          if ((await plant.rows()).some(({ state }) => state === 'queued' || state === 'running'))
            await plant.plcIsDone(plant.plc.weighed().length);
          await plant.read();
          await plant.complete();
          await checkInvariants(plant);
        }
        assert.deepEqual(await plant.queued(), [], `call ${at} left something`);
        const history = await plant.history();
        assert.ok(history.every(({ status }) => status === 'completed'));
        const made = plant.plc.weighed().map(({ mo_id }) => mo_id);
        assert.equal(new Set(made).size, made.length, `call ${at}: the PLC made an MO twice`);
        assert.deepEqual([...made].sort(), history.map(({ mo_id }) => mo_id).sort(), `call ${at}: made and archived differ`);
        assert.ok(
          plant.plc.slots().every(({ state }) => state === 'acknowledged' || state === 'empty'),
          `call ${at}: not acknowledged`,
        );
        if (!wasHit) return assert.ok(at > 30, `only ${at} calls`);
      }
    });
  }
});

describe('the k-th call of what a person asks for goes wrong', function () {
  this.timeout(60_000);
  let plant: Plant;
  before(async function () {
    plant = await startPlant(this, { slots: 1, orders: 3 });
  });
  after(() => plant.close());

  /** What a person does with the only batch, by how its MO ends here. */
  const ASKED = {
    cancelled: (line: Line, mo_id: string) => plant.on(line).cancel({ mo_id, notes: 'wrong recipe' }),
    failed: (line: Line, mo_id: string) => plant.on(line).act('park', { mo_id, reason: 'booked by hand' }),
  };
  for (const status of ['cancelled', 'failed'] as const) {
    for (const { effect, kind, what, fault } of MISHAPS) {
      it(`${status}: ${what} ${effect} its effect, for every k: it ends as asked, once [fault: ${fault}]`, async () => {
        for (let at = 1; ; at += 1) {
          // A parked MO stays confirmed in Odoo, which keeps no more than three.
          await plant.odoo.command({ action: 'orders', count: 1 });
          await plant.fetch();
          const [mo_id = ''] = await plant.queued();
          if (status === 'failed')
            await plant.database.query(`UPDATE {schema}.mo_batch SET state = 'failed', last_error = 'ODOO_REFUSED: no'`);
          const { line, calls } = withMishap(plant.line, { at, effect, kind });
          await ASKED[status](line, mo_id).catch(() => null);
          await checkInvariants(plant);
          for (let again = 0; again < 3 && (await plant.queued()).length > 0; again += 1) {
            await plant.letTimePass();
            await plant.complete().catch(() => null);
            if ((await plant.queued()).length > 0) await ASKED[status](plant.line, mo_id);
            await checkInvariants(plant);
          }
          assert.deepEqual((await plant.history()).at(-1), { mo_id, status, run: 1 }, `call ${at}`);
          assert.deepEqual(await plant.queued(), []);
          if (calls() < at) return assert.ok(at > 2, `only ${at} calls`);
        }
      });
    }
  }
});
