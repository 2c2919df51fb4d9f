import assert from 'node:assert/strict';
import type { Line } from '../../src/line/line';
import { withMishap } from '../support/mishap';
import { checkInvariants, type Plant, startPlant } from '../support/plant';

describe('the k-th call of a cycle goes wrong', function () {
  this.timeout(60_000);
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

  for (const [effect, kill] of [
    ['before', false],
    ['after', false],
    ['before', true],
    ['after', true],
  ] as const) {
    it(`${kill ? 'kill -9' : 'a failure'} ${effect} its effect, for every k: nothing is lost, nothing is doubled, all of it settles [fault: call-${kill ? 'then-killed' : effect === 'before' ? 'refused' : 'answer-lost'}]`, async () => {
      for (let at = 1; ; at += 1) {
        const { line, calls } = withMishap(plant.line, { at, effect, kind: kill ? 'die' : 'fail' });
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
