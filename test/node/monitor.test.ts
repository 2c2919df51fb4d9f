import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import { waitFor } from '../support/wait';
import { type FlowNode, lineOnDatabase, load } from './flow';

describe('batch-monitor', () => {
  before((done) => {
    process.env['SMART_MO_HOLD'] = 'true';
    helper.startServer(done);
  });
  afterEach(() => helper.unload());
  after((done) => {
    delete process.env['SMART_MO_HOLD'];
    helper.stopServer(done);
  });

  it('shows the batches of a line whose register map has a mistake, what the mistake is, and nothing to press', async function () {
    const { flow, credentials } = await lineOnDatabase(this, { map: '{"version": 1}' });
    const monitor = (id: string, report: string): FlowNode => ({ id, type: 'batch-monitor', line: 'line1', report });
    const { send, wait, endings } = await load([...flow, monitor('health', 'health'), monitor('screen', 'real-time')], credentials);
    send('health');
    const { issues } = (await wait('health', 1)).payload as { issues: { code: string; since: string }[] };
    send('screen');
    const { word, why, since, batches, can } = (await wait('screen', 1)).payload as Record<string, unknown>;
    const mistake = issues.find(({ code }) => code === 'map-invalid');
    assert.deepEqual([word, since, batches, can], ['BLOCKED', mistake?.since, [], []]);
    assert.match(String(why), /^MAP_INVALID: the register map .*Correct the map or the materials in mo-line/);
    send('screen', { report: 'slot', payload: { slot: 1 } });
    await waitFor(() => endings('screen').length === 2, { what: 'the end of both inputs' });
    assert.deepEqual(endings('screen'), [null, 'MAP_INVALID']);
  });

  for (const [what, alarmWires] of [
    ['leads nowhere', []],
    ['leads only to a disabled node', ['off']],
  ] as const) {
    it(`whose alarm port ${what} leaves the alarms to one that is heard: a dashboard swallows none`, async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      const { send, wait, received } = await load(
        [
          ...flow,
          { id: 'screen', type: 'batch-monitor', line: 'line1', report: 'health', wires: [['screen-1'], alarmWires] },
          { id: 'off', type: 'batch-completer', line: 'line1', d: true },
          { id: 'alarms', type: 'batch-monitor', line: 'line1', report: 'health' },
        ],
        credentials,
      );
      send('screen');
      const { payload } = await wait('screen', 1);
      assert.deepEqual(
        (payload as { issues: { code: string }[] }).issues.map(({ code }) => code),
        ['on-hold'],
      );
      send('alarms');
      assert.equal((await wait('alarms', 2)).topic, 'main/alarm/on-hold');
      assert.equal(received('screen', 2).length, 0);
    });
  }
});
