import assert from 'node:assert/strict';
import { change, example, nodeId } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

/** As shipped, but the first round comes at once. */
const flows = change(example('02 - Settings from the environment'), 'inject', { onceDelay: 0.1 });
const gate = nodeId(flows, { type: 'mo-queue-gate' });
const fetcher = nodeId(flows, { type: 'odoo-fetch-mo' });

/** Inject nodes tell their interval at this level. */
const settings = { logging: { console: { level: 'debug', metrics: false, audit: false } } };
const TIMERS = ['SYNC_INTERVAL_MINUTES', 'PLC_READ_INTERVAL_MINUTES', 'COMPLETE_INTERVAL_MINUTES', 'HEALTH_INTERVAL_MINUTES'];

describe('example 02, settings from the environment', function () {
  this.timeout(120_000);
  let site: Site;
  let nodeRed: NodeRed | undefined;

  beforeEach(async function () {
    site = await startSite(this);
  });
  afterEach(async () => {
    await nodeRed?.stop();
    nodeRed = undefined;
    await site?.close();
  });

  /** Node-RED with the variables of the site and these; null takes one away. */
  async function start(variables: Record<string, string | null>): Promise<NodeRed> {
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...site.env, ...variables })) {
      if (value === null) Reflect.deleteProperty(process.env, name);
      else env[name] = value;
    }
    return (nodeRed = await startNodeRed({ flows, env, settings }));
  }

  /** Milliseconds of each timer that runs, by its name. */
  function intervals(log: string): Record<string, number> {
    const found = [...log.matchAll(/\[inject:(\w+)\] repeat = ([\d.]+)/g)];
    return Object.fromEntries(found.map(([, name = '', repeat]) => [name, Math.round(Number(repeat))]));
  }

  const statusOf = (red: NodeRed, id: string): string => red.statuses().get(id)?.text ?? '';

  it('runs the four timers in the minutes that are set, fractions too, and queues as many as are set', async () => {
    const minutes = ['0.02', '0.03', '0.05', '0.1'];
    const red = await start({ ...Object.fromEntries(TIMERS.map((name, index) => [name, minutes[index] ?? null])), SYNC_BATCH_LIMIT: '3' });
    await waitFor(() => (red.log().match(/Auto-sync MO task running/g)?.length ?? 0) >= 4, { what: 'four rounds of task 1' });
    assert.deepEqual(
      Object.values(intervals(red.log())).sort((a, b) => a - b),
      [1200, 1800, 3000, 6000],
    );
    await red.waitForLog('[TASK 1] ✓ Auto-sync completed: 3 MO batches synced');
    assert.doesNotMatch(red.log(), /[^3] MO batches synced/);
  });

  it('takes 60, 5, 3, 10 minutes and a set of ten when nothing is set', async () => {
    const unset = [...TIMERS, 'SYNC_BATCH_LIMIT', 'ENABLE_AUTO_SYNC'];
    const red = await start(Object.fromEntries(unset.map((name) => [name, null])));
    await red.waitForLog('[TASK 1] ✓ Auto-sync completed: 10 MO batches synced');
    await waitFor(() => Object.keys(intervals(red.log())).length === 4, { what: 'four timers' });
    assert.deepEqual(intervals(red.log()), {
      SYNC_INTERVAL_MINUTES: 3_600_000,
      PLC_READ_INTERVAL_MINUTES: 300_000,
      COMPLETE_INTERVAL_MINUTES: 180_000,
      HEALTH_INTERVAL_MINUTES: 600_000,
    });
  });

  it('switches off the timers that are 0, and no other', async () => {
    const red = await start({ SYNC_INTERVAL_MINUTES: '0', COMPLETE_INTERVAL_MINUTES: '0', HEALTH_INTERVAL_MINUTES: '0.02' });
    await waitFor(() => (red.log().match(/\[TASK 4\] Health/g)?.length ?? 0) >= 3, { what: 'three rounds of task 4' });
    assert.deepEqual(Object.keys(intervals(red.log())).sort(), ['HEALTH_INTERVAL_MINUTES', 'PLC_READ_INTERVAL_MINUTES']);
  });

  it('ENABLE_AUTO_SYNC=false stops task 1 alone; a person may still fetch', async () => {
    const red = await start({ ENABLE_AUTO_SYNC: 'false' });
    for (const line of ['[TASK 2] No changes from PLC', '[TASK 3] Cycle complete', '[TASK 4] Health']) await red.waitForLog(line);
    await waitFor(() => statusOf(red, gate) === 'disabled', { what: 'the gate to say so' });
    assert.deepEqual(await site.queued(), []);
    await red.inject(nodeId(flows, { type: 'inject', name: 'fetch now' }));
    await waitFor(async () => (await site.queued()).length === 10, { what: 'ten batches' });
  });

  it('shows CONFIG_INVALID for a word that is no switch, naming the variable', async () => {
    const red = await start({ ENABLE_AUTO_SYNC: 'maybe' });
    await red.waitForLog(/\[error\].*CONFIG_INVALID: Automatic sync of mo-queue-gate "queue empty\?" is "maybe".*ENABLE_AUTO_SYNC/);
    await waitFor(() => /^CONFIG_INVALID since \d\d:\d\d$/.test(statusOf(red, gate)), { what: 'the status of the gate' });
    await red.waitForLog('[TASK 2] No changes from PLC');
    assert.deepEqual(await site.queued(), []);
  });

  it('shows CONFIG_INVALID for a limit that is no number; an interval that is none stops its own timer alone', async () => {
    const red = await start({ SYNC_BATCH_LIMIT: 'ten', PLC_READ_INTERVAL_MINUTES: 'often' });
    await red.waitForLog(/\[error\].*CONFIG_INVALID: MOs per set of odoo-fetch-mo "fetch MOs to queue" is "ten".*SYNC_BATCH_LIMIT/);
    await waitFor(() => /^CONFIG_INVALID since \d\d:\d\d$/.test(statusOf(red, fetcher)), { what: 'the status of the fetch' });
    await waitFor(() => Object.keys(intervals(red.log())).length === 3, { what: 'three timers' });
    assert.ok(!('PLC_READ_INTERVAL_MINUTES' in intervals(red.log())));
    assert.match(red.log(), /\[error\].*Error evaluating env property '\w+'/);
    assert.deepEqual(await site.queued(), []);
  });

  it('says what is missing when the connections are not set, and starts all the same', async () => {
    const red = await start(Object.fromEntries(Object.keys(site.env).map((name) => [name, null])));
    await red.waitForLog(/\[error\] \[mo-database:database\] CONFIG_MISSING: .*(user and password, or the URL|DATABASE_URL)/);
    await red.waitForLog(/\[error\] \[mo-odoo:Odoo\] CONFIG_MISSING: Address of mo-odoo "Odoo" is empty.*ODOO_URL/);
    await red.waitForLog(/\[error\] \[mo-plc:PLC\] CONFIG_MISSING: Host of mo-plc "PLC" is empty.*PLC_HOST/);
    await waitFor(() => /^CONFIG_MISSING since/.test(statusOf(red, gate)), { what: 'the status of the gate' });
    assert.equal((await red.admin('flows')).status, 200);
  });
});
