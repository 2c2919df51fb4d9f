import assert from 'node:assert/strict';
import { readBatches } from '../../src/line/read';
import type { Line } from '../../src/line/line';
import type { Run } from '../../src/line/run';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import type { RegisterMap } from '../../src/plc/map';
import { compileMapping } from '../../src/plc/mapping';
import type { Plc } from '../../src/plc/plc';
import { runReport } from '../../src/monitor/report';
import { type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

/** A PLC whose program stands still answers Modbus all the same: only its heartbeat tells. */
describe('the heartbeat of the PLC', () => {
  const HEARTBEAT = 5990;
  const run: Run = { actor: 'test', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };
  let plant: Plant;
  let line: Line;
  let beat = 1;

  beforeEach(async function () {
    plant = await startPlant(this);
    const map: RegisterMap = {
      ...FEED_MILL_MAP,
      lineFields: [{ field: 'heartbeat', at: HEARTBEAT, type: 'uint16', heartbeatSeconds: 0.3 }],
    };
    const mapping = compileMapping({ map, materials: FEED_MILL_MATERIALS, slots: 10 });
    const inner = plant.line.plc as Plc;
    const plc: Plc = {
      ...inner,
      read: (area, address, count, signal) => (address === HEARTBEAT ? Promise.resolve([beat]) : inner.read(area, address, count, signal)),
    };
    line = { ...plant.line, mapping, plc };
  });
  afterEach(() => plant.close());

  const read = (): Promise<unknown> =>
    readBatches(line, run, { settle: 0.02, settleTimeout: 1, acknowledge: true, source: 'plc', payload: null });

  it('stands still: nothing is stored, the run says so, the alarm is raised and cleared [fault: plc-heartbeat-stopped]', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcIsDone(1);
    await read();
    await plant.database.query("UPDATE {schema}.mo_batch SET missed_reads = 2 WHERE state = 'running'");
    const before = await plant.database.query('SELECT * FROM {schema}.mo_batch');
    await waitFor(
      () =>
        read().then(
          () => false,
          (error: unknown) => error instanceof Error && error.name === 'PLC_STOPPED',
        ),
      { what: 'PLC_STOPPED' },
    );
    assert.deepEqual(await plant.database.query('SELECT * FROM {schema}.mo_batch'), before);
    const health = async (): Promise<string[]> => {
      const { payload } = await runReport(line, run, { report: 'health', payload: {}, stuckAfterMinutes: 30, remindAfterMinutes: 240 });
      return (payload['issues'] as { code: string }[]).map(({ code }) => code);
    };
    assert.ok((await health()).includes('plc-stopped'));

    beat += 1;
    await read();
    assert.ok(!(await health()).includes('plc-stopped'));
  });
});
