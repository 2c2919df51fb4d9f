import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import { lineOnDatabase, load } from './flow';

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
