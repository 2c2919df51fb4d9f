import assert from 'node:assert/strict';
import { assertDrained, assertNothingLost } from '../support/evidence';
import { change, example, withoutTimers } from '../support/example';
import { startNodeRed, type Flows, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { type Site, startSite } from '../support/site';

/** A task in the middle of its work: the answer it waits for never comes. */
const STAGES: { task: string; wire: keyof Site['wires']; message(bytes: Buffer): boolean }[] = [
  { task: 'fetch', wire: 'odoo', message: (bytes) => bytes.includes('search_read') },
  { task: 'queue', wire: 'database', message: (bytes) => bytes.includes('INSERT INTO "public".mo_fetch') },
  { task: 'load', wire: 'plc', message: (bytes) => bytes[7] === 16 },
  { task: 'read', wire: 'plc', message: (bytes) => bytes[7] === 3 && bytes.readUInt16BE(8) === 6300 },
  { task: 'complete', wire: 'odoo', message: (bytes) => bytes.includes('button_mark_done') },
];

describe('a redeploy in the middle of the work, in Node-RED', function () {
  this.timeout(180_000);
  const flows = change(withoutTimers(example('01 - Smart MO Sync')), 'plc-batch-reader', { settle: '0.1' });
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;
  let deploys = 0;

  before(async function () {
    site = await startSite(this, { orders: 0 });
    nodeRed = await startNodeRed({ flows, env: site.env });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  /** Every working node with another name: "modified nodes" and "modified flows" restart them. */
  function renamed(): Flows {
    deploys += 1;
    return flows.map((node) =>
      /^(mo-queue-gate|odoo-|plc-|batch-)/.test(String(node['type'])) ? { ...node, name: `take ${deploys}` } : node,
    );
  }

  for (const type of ['full', 'flows', 'nodes'] as const) {
    it(`${type}: answered within 3 s whatever hangs, and nothing is lost [fault: nr-redeploy-at-every-stage]`, async () => {
      const { pid } = nodeRed;
      for (const { task, wire, message } of STAGES) {
        await site.odoo.command({ action: 'orders', count: 10 });
        let hangs = false;
        void site.wires[wire].trip('before', message).then(() => (hangs = true));
        await operator.until(`the ${task} that hangs`, () => hangs);

        const started = Date.now();
        await nodeRed.deploy(renamed(), type);
        const took = Date.now() - started;
        assert.ok(took < 3000, `${type} deploy during ${task} took ${took} ms`);
        await assertNothingLost(site);

        await site.wires[wire].cut();
        await site.wires[wire].heal();
        await site.timePasses();
      }
      await operator.until('all orders done', async () => {
        await site.timePasses();
        return site.odoo.orders().every(({ state }) => state === 'done') && (await site.queued()).length === 0;
      });
      await assertDrained(site);
      assert.equal(nodeRed.pid, pid);
    });
  }

  it('nothing of it was an uncaught error', () => {
    assert.doesNotMatch(nodeRed.log(), /Uncaught Exception|UnhandledPromiseRejection|Error stopping node|Close timed out/);
  });
});
