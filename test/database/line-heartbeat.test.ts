import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import { readBatches } from '../../src/line/read';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import type { Run } from '../../src/line/run';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import type { LineField, RegisterMap } from '../../src/plc/register-map';
import { compileMapping, type Mapping } from '../../src/plc/mapping';
import type { Plc } from '../../src/plc/plc';
import { runReport } from '../../src/monitor/report';
import { openAlarms } from '../../src/queue/alarms';
import { type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

/** A PLC whose program stands still answers Modbus all the same: only its heartbeat tells. */
describe('the heartbeat of the PLC', () => {
  const HEARTBEAT = 5990;
  const run: Run = { actor: 'test', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };
  let plant: Plant;
  let line: Line;
  let beat = 1;
  let mode = 1;

  const mappingWith = (...lineFields: LineField[]): Mapping => {
    const map: RegisterMap = { ...FEED_MILL_MAP, lineFields };
    return compileMapping({ map, materials: FEED_MILL_MATERIALS, slots: 10 });
  };

  beforeEach(async function () {
    plant = await startPlant(this);
    const inner = plant.line.plc as Plc;
    const plc: Plc = {
      ...inner,
      read: (area, address, count, signal) =>
        address === HEARTBEAT ? Promise.resolve([beat, mode].slice(0, count)) : inner.read(area, address, count, signal),
    };
    line = { ...plant.line, mapping: mappingWith({ field: 'heartbeat', at: HEARTBEAT, type: 'uint16', heartbeatSeconds: 0.3 }), plc };
  });
  afterEach(() => plant.close());

  const read = (): Promise<Outcome> =>
    readBatches(line, run, { settle: 0.02, settleTimeout: 1, acknowledge: true, source: 'plc', payload: null });

  const report = async (kind: 'health' | 'real-time' | 'slot', payload = {}): Promise<Outcome['payload']> =>
    (await runReport(line, run, { report: kind, payload, stuckAfterMinutes: 30, remindAfterMinutes: 240 })).payload;
  const health = async (): Promise<string[]> => ((await report('health'))['issues'] as { code: string }[]).map(({ code }) => code);

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
    assert.ok((await health()).includes('plc-stopped'));

    beat += 1;
    await read();
    assert.ok(!(await health()).includes('plc-stopped'));
  });

  it('is no number: nothing is stored, the link is not well, the alarm says what to compare [fault: plc-heartbeat-stopped]', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcIsDone(1);
    line = { ...line, mapping: mappingWith({ field: 'heartbeat', at: HEARTBEAT, type: 'bcd16' }) };
    beat = 0x1a;
    const before = await plant.rows();
    await assert.rejects(read(), { name: 'PLC_STOPPED', message: /the heartbeat at 5990 cannot be read/ });
    assert.deepEqual([await plant.rows(), plant.plc.slots()[0]?.state], [before, 'finished']);
    assert.deepEqual(await health(), ['plc-stopped']);
    const shown = await report('real-time');
    assert.equal((shown['links'] as { plc: { state: string } }).plc.state, 'down');
    assert.match((shown['alarms'] as { text: string }[])[0]?.text ?? '', /words \[26\] are not BCD.*compare the type of heartbeat/);
    beat = 0x20;
    await read();
    assert.deepEqual([(await plant.rows())[0]?.state, await health()], ['finished', []]);
  });

  it('a mistake in the map takes back what was said of its version, and leaves open that the PLC stands still', async () => {
    const mapProblem = new SmartMoError('MAP_INVALID', 'silo_a at 6028: no type');
    const broken = plant.on({ ...line, mapProblem });
    const open = async (): Promise<string[]> => (await openAlarms(plant.database, line.line)).map(({ code }) => code).sort();
    beat = 7;
    line = { ...line, mapping: mappingWith({ field: 'map_version', at: HEARTBEAT, type: 'uint16', expect: 8 }) };
    await assert.rejects(read(), { name: 'MAP_VERSION' });
    await health();
    assert.ok((await open()).includes('map-version'));
    await broken.report('health');
    assert.deepEqual(await open(), ['map-invalid', 'on-hold']);
    await health();
    assert.ok((await open()).includes('map-version'), 'the old map again');

    line = { ...line, mapping: mappingWith({ field: 'heartbeat', at: HEARTBEAT, type: 'bcd16' }) };
    beat = 0x1a;
    await assert.rejects(read(), { name: 'PLC_STOPPED' });
    await health();
    const [stopped] = (await openAlarms(plant.database, line.line)).filter(({ code }) => code === 'plc-stopped');
    await broken.report('health');
    assert.deepEqual(await open(), ['map-invalid', 'on-hold', 'plc-stopped']);
    assert.deepEqual(
      (await openAlarms(plant.database, line.line)).find(({ code }) => code === 'plc-stopped'),
      stopped,
    );
    // Nor does it raise one that nobody can see.
    await plant.database.query("UPDATE {schema}.mo_alarm SET cleared_at = now() WHERE code = 'plc-stopped'");
    await broken.report('health');
    assert.deepEqual(await open(), ['map-invalid', 'on-hold']);
  });

  it('stands beside the mode of the PLC: the run, the band of the operator and the engineer see it', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    const values = { 1: 'automatic', 2: 'by hand' };
    line = {
      ...line,
      mapping: mappingWith(
        { field: 'heartbeat', at: HEARTBEAT, type: 'uint16' },
        { field: 'mode', at: HEARTBEAT + 1, type: 'uint16', values },
      ),
    };
    for (const [code, name] of Object.entries(values)) {
      mode = Number(code);
      const { payload } = await read();
      assert.deepEqual([payload['mode'], payload.text.endsWith(`; the PLC is in mode ${name}`)], [name, true], payload.text);
      assert.match(String((await report('real-time'))['why']), new RegExp(`; the PLC is in mode ${name}$`));
    }
    await plant.age(line.staleAfterMinutes);
    const { word, why } = await report('real-time');
    assert.equal(word, 'NO PLC');
    assert.doesNotMatch(String(why), /mode/, 'of that long ago nobody knows the mode');
    const fields = (await report('slot', { slot: 1 }))['fields'] as { field: string; value: string; address: string }[];
    assert.deepEqual(
      fields.slice(-2).map(({ field, value, address }) => [field, value, address]),
      [
        ['heartbeat', String(beat), '5990 = 45991 = 405991'],
        ['mode', '2 = by hand', '5991 = 45992 = 405992'],
      ],
    );
  });
});
