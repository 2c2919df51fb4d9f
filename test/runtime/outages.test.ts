import assert from 'node:assert/strict';
import { assertDrained, assertNothingLost } from '../support/evidence';
import { change, example, nodeId, together, withoutTimers } from '../support/example';
import { startNodeRed, type Answer, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { moreWork, type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

interface Report {
  status: string;
  data: Record<string, unknown> & { links?: Record<string, { state: string }>; issues?: { code: string }[] };
}

describe('Odoo, PLC or database out of reach, in Node-RED', function () {
  this.timeout(180_000);
  const pipeline = change(withoutTimers(example('01 - Smart MO Sync')), 'plc-batch-reader', { settle: '0.1' });
  // A person who repairs a cable does not wait five minutes; nor does this test.
  const patient = change(together(pipeline, example('04 - Operator HTTP API')), 'mo-odoo', { retryMin: '0.2', retryMax: '1' });
  const flows = change(patient, 'trigger', { duration: '1', units: 's' });
  const node = (type: string): string => nodeId(pipeline, { type });
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;
  let pid = 0;

  before(async function () {
    site = await startSite(this, { orders: 0 });
    await site.odoo.command({ action: 'orders', count: 20 });
    nodeRed = await startNodeRed({ flows, env: site.env });
    operator = startOperator(nodeRed, flows);
    pid = nodeRed.pid;
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });
  afterEach('the process lives, nothing is lost', async () => {
    assert.equal(nodeRed.pid, pid);
    assert.equal((await nodeRed.admin('settings')).status, 200);
    await assertNothingLost(site);
  });

  const allDone = async (): Promise<boolean> =>
    site.odoo.orders().every(({ state }) => state === 'done') && (await site.queued()).length === 0;
  const get = async (path: string): Promise<Answer & { body: Report }> => (await nodeRed.admin(path)) as Answer & { body: Report };

  /** Presses the timer; the error must be in the log, and the node must show a red ring with the code and since when. */
  async function expectError(timer: string, nodes: Record<string, string>, code: RegExp): Promise<void> {
    const from = nodeRed.log().length;
    await operator.press(timer);
    for (const [type, text] of Object.entries(nodes)) {
      const line = await nodeRed.waitForLog(text, 30_000, from);
      assert.match(line, code);
      const status = await waitFor(() => nodeRed.statuses().get(node(type))?.fill === 'red' && nodeRed.statuses().get(node(type)), {
        what: `red status of ${type}`,
      });
      assert.equal(status.shape, 'ring');
      assert.match(status.text ?? '', new RegExp(`^${code.source} since \\d\\d:\\d\\d$`));
    }
  }

  it('Odoo down: nothing is queued; when it is back the line does not wait for the next hour [fault: odoo-down]', async () => {
    await site.wires.odoo.cut();
    await expectError('every 60 minutes', { 'odoo-fetch-mo': '[TASK 1] Error in auto-sync task:' }, /ODOO_UNREACHABLE/);
    assert.deepEqual(await site.queued(), []);
    await site.wires.odoo.heal();
    await waitFor(async () => (await site.queued()).length === 10, { what: 'ten queued, nobody pressed anything', deadlineMs: 30_000 });
  });

  it('PLC down: rows and recipes wait; when it is back they are loaded and read [fault: plc-down]', async () => {
    await waitFor(() => site.plc.weighed().length === 10, { what: 'the set in the PLC' });
    await site.wires.plc.cut();
    const before = await site.query('SELECT mo_id, state, actual FROM mo_batch ORDER BY id');
    await expectError('every 5 minutes', { 'plc-batch-reader': '[TASK 2] Error in PLC read task:' }, /PLC_UNREACHABLE/);
    assert.deepEqual(await site.query('SELECT mo_id, state, actual FROM mo_batch ORDER BY id'), before);
    await site.wires.plc.heal();
    await operator.until('all read', async () => (await site.archived()).length >= 10, ['every 5 minutes', 'every 3 minutes']);
  });

  it('PLC down when a set was queued: the recipes are loaded later', async () => {
    await waitFor(() => site.plc.weighed().length === 20, { what: 'the second set in the PLC' });
    await operator.until('the queue empty', async () => (await site.archived()).length === 20, ['every 5 minutes', 'every 3 minutes']);
    await site.wires.plc.cut();
    await site.odoo.command({ action: 'orders', count: 10 });
    await expectError('every 60 minutes', { 'plc-batch-writer': '[TASK 1] Error in PLC write task:' }, /PLC_UNREACHABLE/);
    assert.equal((await site.queued()).length, 10);
    await site.wires.plc.heal();
    await operator.until('the recipes in the PLC', () => site.plc.weighed().length === 30, ['every 5 minutes']);
  });

  it('database down: every task says so, the reports are still answered, and work goes on [fault: db-down]', async () => {
    let isPushed = false;
    void site.wires.database.trip('before', (bytes) => bytes.includes("state = 'pushed'")).then(() => (isPushed = true));
    await operator.until('a batch that Odoo has and the database does not know of', async () => {
      // The third set may have gone through already.
      if (!isPushed) await moreWork(site);
      return isPushed;
    });
    await site.wires.database.cut();
    await expectError('every 60 minutes', { 'mo-queue-gate': '[TASK 1] Error in auto-sync task:' }, /DB_UNREACHABLE/);
    await expectError('every 5 minutes', { 'plc-batch-reader': '[TASK 2] Error in PLC read task:' }, /DB_UNREACHABLE/);
    await expectError('every 3 minutes', { 'batch-completer': '[TASK 3] Error in process completed task:' }, /DB_UNREACHABLE/);

    const health = await get('admin/health');
    assert.equal(health.status, 503);
    assert.match(JSON.stringify(health.body), /critical/);
    assert.match(JSON.stringify(health.body), /database-down/);
    const realTime = await get('admin/monitor/real-time');
    assert.equal(realTime.status, 200);
    assert.equal(realTime.body.data.links?.['database']?.state, 'down');
    assert.deepEqual(realTime.body.data['batches'], []);

    await site.wires.database.heal();
    // A batch that was being pushed when the database went away keeps its lease for a minute.
    await site.timePasses();
    await operator.until('the third set completed', allDone, ['every 5 minutes', 'every 3 minutes']);
    const after = await get('admin/health');
    assert.deepEqual(after.body.data.issues, []);
    assert.equal(after.status, 200);
  });

  it('every connection of the database ended by its administrator, again and again during a set [fault: db-busy-terminated]', async () => {
    await site.odoo.command({ action: 'orders', count: 10 });
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'smart-mo-sync' AND datname = current_database()";
    await operator.until('a set completed', async () => {
      if (await allDone()) return true;
      await site.query(end);
      await site.timePasses();
      return false;
    });
    await assertDrained(site);
  });
});
