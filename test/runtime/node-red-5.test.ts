import assert from 'node:assert/strict';
import { assertDrained } from '../support/evidence';
import { example, nodeId, together, withoutTimers } from '../support/example';
import { nestedTests } from '../support/nested-tests';
import { startNodeRed, nodeRedMissing, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { assertRefusedByNodeRed } from '../support/openapi';
import { loadPalette } from '../support/palette';
import { testServer } from '../support/postgres';
import { type Site, startSite } from '../support/site';
import { skip } from '../support/skip';
import { waitFor } from '../support/wait';

/** What Node-RED says about the settings of these tests. */
const OWN_WARNINGS = /Projects disabled|Encrypted credentials not found/;

describe('Node-RED 5.0', function () {
  this.timeout(180_000);

  before(function () {
    const missing = nodeRedMissing('5');
    if (missing !== null) skip(this, missing);
  });

  describe('with the packed package and examples 01 and 04', () => {
    const pipeline = withoutTimers(example('01 - Smart MO Sync'));
    const fetcher = nodeId(pipeline, { type: 'odoo-fetch-mo' });
    const flows = together(pipeline, example('04 - Operator HTTP API'));
    let site: Site;
    let nodeRed: NodeRed;
    let operator: Operator;

    before(async function () {
      site = await startSite(this, { orders: 0 });
      await site.odoo.command({ action: 'orders', count: 10 });
      nodeRed = await startNodeRed({ version: '5', flows, env: { ...site.env, SMART_MO_API_TOKEN: 'a token' } });
      operator = startOperator(nodeRed, flows);
    });
    after(async () => {
      await nodeRed?.stop();
      await site?.close();
    });

    it('loads every node type', async () => {
      assert.match(nodeRed.log(), /Node-RED version: v5\./);
      const { body } = await nodeRed.admin('nodes');
      const sets = (body as { module: string; types: string[]; enabled: boolean; err?: string }[]).filter(({ module }) =>
        module.startsWith('@smart-mo/'),
      );
      assert.deepEqual(sets.flatMap(({ types }) => types).sort(), [...loadPalette().keys()].sort());
      assert.ok(
        sets.every(({ enabled, err }) => enabled && err === undefined),
        JSON.stringify(sets),
      );
    });

    it('runs a set of ten to its end', async () => {
      await operator.press('fetch now');
      await waitFor(async () => (await site.queued()).length === 10, { what: 'the set' });
      await operator.until('the set in the history', async () => (await site.archived()).length === 10, ['every 5 minutes']);
      await assertDrained(site);
      await waitFor(() => /^no confirmed MO/.test(nodeRed.statuses().get(fetcher)?.text ?? ''), {
        what: 'the status of the fetch',
      });
    });

    it('serves the HTTP API', async () => {
      const { status, body } = await nodeRed.admin('admin/history?limit=3');
      assert.equal(status, 200);
      const { data } = body as { data: { total: number; histories: unknown[] } };
      assert.deepEqual([data.total, data.histories.length], [10, 3]);
      assert.equal((await nodeRed.admin('admin/manual/trigger-sync', { method: 'POST', body: {} })).status, 401);
      const headers = { 'content-type': 'application/json', authorization: 'Bearer a token' };
      const broken = await fetch(`${nodeRed.url}/admin/manual/cancel-batch`, { method: 'POST', headers, body: '{"mo_id": ' });
      assert.equal(broken.status, 400);
      await assertRefusedByNodeRed(nodeRed, 'a token');
    });

    it('has nothing to warn about, and stops within 5 s', async () => {
      const began = Date.now();
      await nodeRed.kill('SIGTERM');
      assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
      const log = nodeRed.log();
      assert.match(log, /Stopped flows/);
      const complaints = log.split('\n').filter((line) => /\[(warn|error)\]|Warning:/.test(line) && !OWN_WARNINGS.test(line));
      assert.deepEqual(complaints, []);
    });
  });

  it('passes the node tests', async function () {
    const { url } = await testServer(this);
    const { stdout, passed } = await nestedTests({
      what: 'the node tests on Node-RED 5.0',
      mocha: ['--require', './test/support/as-node-red-5.ts', 'test/node/**/*.test.ts'],
      env: { ...process.env, NODE_OPTIONS: '', TEST_DATABASE_URL: url },
      node: process.env['NODE_RED_5_NODE'],
    });
    assert.match(stdout, /These tests ran on Node-RED 5\./);
    this.runnable().title += ` (${passed})`;
  });
});
