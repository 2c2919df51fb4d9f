import assert from 'node:assert/strict';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { assertDrained } from '../support/evidence';
import { change, disableGroup, example, nodeId, together, withoutTimers } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const TOKEN = 'of the operator';

/** Nothing runs by itself, and everything can be asked. */
const pipeline = disableGroup(withoutTimers(example('01 - Smart MO Sync')), 'Do not wait for the timers');
const flows = together(pipeline, example('04 - Operator HTTP API'));
/** One silo holds something else now: what the PLC weighs there would be booked for another product. */
const otherMaterials = change(flows, 'mo-line', {
  materials: FEED_MILL_MATERIALS.map((material) => (material.tag === 'silo_a' ? { ...material, product: 'SILO-999' } : material)),
});

describe('a line that holds, over deploys and restarts of Node-RED', function () {
  this.timeout(120_000);
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;
  let env: Record<string, string>;

  before(async function () {
    site = await startSite(this, { orders: 0 });
    await site.odoo.command({ action: 'orders', count: 10 });
    // Read at every start: a variable that is taken away here is gone after a restart.
    env = { ...site.env, SMART_MO_API_TOKEN: TOKEN, SMART_MO_HOLD: 'true' };
    nodeRed = await startNodeRed({ flows, env });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  const statusOf = (type: string): string => nodeRed.statuses().get(nodeId(pipeline, { type }))?.text ?? '';

  /** The answers of reports and triggers bear their payload as data, those of what a person decides are the payload. */
  async function ask(path: string, body?: object): Promise<{ status: number; payload: Record<string, unknown> }> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await nodeRed.admin(`admin/${path}`, body ? { method: 'POST', body, headers } : {});
    const payload = answer.body as Record<string, unknown>;
    return { status: answer.status, payload: (payload['data'] as typeof payload | undefined) ?? payload };
  }

  async function wordAndWhy(): Promise<string> {
    const { payload } = await ask('monitor/real-time');
    return `${String(payload['word'])}: ${String(payload['why'])}`;
  }

  async function killAndRestart(): Promise<void> {
    await nodeRed.kill('SIGKILL');
    await nodeRed.restart();
  }

  it('SMART_MO_HOLD holds from the first moment, whoever asks', async () => {
    assert.match(await wordAndWhy(), /^ON HOLD: started with SMART_MO_HOLD/);
    for (const button of ['every 60 minutes', 'fetch now']) await operator.press(button);
    await waitFor(() => /^hold: started with SMART_MO_HOLD/.test(statusOf('mo-queue-gate')), { what: 'the status of the gate' });
    assert.equal((await ask('manual/trigger-sync', {})).payload['reason'], 'hold');
    assert.deepEqual(await site.queued(), []);
  });

  it('released by an operator it stays released, also after a deploy that makes the line anew', async () => {
    const { status, payload } = await ask('manual/release', { reason: 'looked around' });
    assert.deepEqual([status, payload['message']], [200, 'line main is released']);
    await nodeRed.deploy(change(flows, 'mo-line', { name: 'mixer' }));
    assert.equal((await ask('manual/trigger-sync', {})).payload['reason'], 'queued');
    await nodeRed.deploy(flows);
    assert.equal((await ask('manual/trigger-sync', {})).payload['reason'], 'busy');
  });

  it('the next start with the variable holds again; one without it keeps what is not released', async () => {
    await killAndRestart();
    assert.match(await wordAndWhy(), /^ON HOLD: started with SMART_MO_HOLD/);
    assert.equal((await ask('manual/trigger-sync', {})).payload['reason'], 'hold');
    delete env['SMART_MO_HOLD'];
  });

  it('changed materials with a set in the queue: nothing is loaded or read, after a kill -9 as before it, until they are put back [fault: gate-map-changed]', async () => {
    const queue = (): Promise<object[]> => site.query('SELECT mo_id, state, row_version FROM mo_batch ORDER BY batch_no');
    const before = await queue();
    assert.equal(before.length, 10);
    await nodeRed.deploy(otherMaterials);
    await killAndRestart();

    assert.match(await wordAndWhy(), /^ON HOLD: started with SMART_MO_HOLD/);
    const released = await ask('manual/release', { reason: 'well again' });
    assert.match(String(released.payload['message']), /^line main is released; but the register map or the materials of line main changed/);
    const changed = /^ON HOLD: the register map or the materials of line main changed while batches are queued.*put them back, or/;
    assert.match(await wordAndWhy(), changed);
    const refused = await ask('manual/release', {});
    assert.equal(refused.status, 409);
    assert.match(String(refused.payload['detail']), /put them back, or finish, cancel or park/);

    const from = nodeRed.log().length;
    await operator.press('every 5 minutes');
    await nodeRed.waitForLog('[TASK 2] Error in PLC read task: MAP_CHANGED', 10_000, from);
    await waitFor(() => /^MAP_CHANGED since/.test(statusOf('plc-batch-reader')) && /^hold /.test(statusOf('plc-batch-writer')), {
      what: 'both nodes to say so',
    });
    assert.equal((await ask('manual/trigger-process-completed', {})).payload['left'], 10);
    assert.equal((await ask('health')).status, 503);
    assert.match(await wordAndWhy(), changed);
    assert.deepEqual(await queue(), before);
    assert.deepEqual(site.plc.weighed(), []);

    await nodeRed.deploy(flows);
    await operator.until('the set completed', async () => (await site.archived()).length === 10, ['every 5 minutes', 'every 3 minutes']);
    await assertDrained(site);
    assert.equal(await wordAndWhy(), 'WAITING FOR MO: the queue is empty');
  });
});
