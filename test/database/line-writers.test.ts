import assert from 'node:assert/strict';
import { actOnBatch } from '../../src/line/action';
import { loadRecipes } from '../../src/line/load';
import type { Run } from '../../src/line/run';
import type { Plc } from '../../src/plc/plc';
import { type Plant, startPlant } from '../support/plant';

/** No constraint keeps a second recipe out of a PLC: the writers must, whatever process they are in. */
describe('several writers', () => {
  const run: Run = { actor: 'test', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };
  const OPTIONS = { clearUnused: true, checkOdoo: 'prefer' } as const;
  let plant: Plant;

  beforeEach(async function () {
    plant = await startPlant(this);
  });
  afterEach(() => plant.close());

  const weighed = (): string[] => plant.plc.weighed().map(({ mo_id }) => mo_id);

  for (const when of ['before its first write', 'before its last write'] as const) {
    it(`a process that is stopped ${when}, while another loads the batch and the PLC makes it, writes nothing more`, async () => {
      await plant.fetch({ limit: 1 });
      const other = plant.otherProcess();
      const inner = other.plc as Plc;
      let writes = 0;
      const stalls = when === 'before its first write' ? 1 : 3;
      const stalled: Plc = {
        ...inner,
        write: async (address, words, signal) => {
          writes += 1;
          await inner.write(address, words, signal);
          if (writes !== stalls - 1) return;
          await elsewhere();
        },
        read: async (...question) => {
          const answer = await inner.read(...question);
          if (stalls === 1 && writes === 0 && question[1] >= 6000 && question[1] < 7000) await elsewhere();
          return answer;
        },
      };
      let done = false;
      const elsewhere = async (): Promise<void> => {
        const [row] = await plant.rows();
        if (done || row?.next_try_at == null) return;
        done = true;
        // The lease of the stopped process has run out.
        await plant.letTimePass();
        assert.equal((await plant.load()).payload['reason'], 'loaded');
        await plant.plcIsDone(1);
      };
      const outcome = await loadRecipes({ ...other, plc: stalled }, run, OPTIONS);
      assert.ok(done, 'the other process did not come in between');
      assert.deepEqual(outcome.payload['loaded'], []);
      await plant.plcIsDone(1);
      await plant.read();
      assert.deepEqual(weighed(), ['WH/MO/00001']);
    });
  }

  it('two at once load each batch once', async () => {
    await plant.fetch();
    const outcomes = await Promise.all([plant.load(), loadRecipes(plant.otherProcess(), run, OPTIONS)]);
    await plant.load();
    await plant.plcIsDone(10);
    assert.equal(new Set(weighed()).size, 10);
    assert.equal(weighed().length, 10);
    assert.ok(outcomes.every(({ payload }) => (payload['notLoaded'] as unknown[]).length === 0));
  });

  it('an MO that another slot of the PLC still has is not loaded a second time', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    await plant.plcHasTaken();
    const [, second = ''] = await plant.queued();
    for (const mo_id of await plant.queued()) await plant.cancel({ mo_id }, { cancelInOdoo: false });
    await actOnBatch(plant.line, run, { action: 'requeue', payload: { mo_id: second } });
    await plant.fetch({ limit: 1 });
    assert.deepEqual(await plant.queued(), [second]);
    const { payload } = await plant.load();
    const [refused] = payload['notLoaded'] as { code: string; text: string }[];
    assert.deepEqual([refused?.code, payload['loaded']], ['wrong-slot', []]);
    assert.match(refused?.text ?? '', /slot 2 of the PLC still has WH\/MO\/00002/);
  });

  it('a hold that comes in the middle of a run stops it before the next slot', async () => {
    await plant.fetch();
    const inner = plant.line.plc as Plc;
    const plc: Plc = {
      ...inner,
      write: async (address, words, signal) => {
        await inner.write(address, words, signal);
        if (address >= 7100) return;
        await actOnBatch(plant.line, run, { action: 'hold', payload: { reason: 'smoke' } });
      },
    };
    const { payload } = await loadRecipes({ ...plant.line, plc, inFlight: new Set() }, run, OPTIONS);
    assert.equal((payload['loaded'] as unknown[]).length, 1);
  });
});
