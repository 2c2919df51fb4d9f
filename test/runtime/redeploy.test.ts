import assert from 'node:assert/strict';
import { assertDrained, assertNothingLost } from '../support/evidence';
import { change, example, withoutTimers } from '../support/example';
import { moments } from '../support/moments';
import { startNodeRed, type Flows, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { moreWork, type Site, startSite } from '../support/site';

/** One round takes every moment with one kind of deploy, three rounds every moment with every kind. */
const ROUNDS = Number(process.env['SMART_MO_ROUNDS'] ?? 1);
const KINDS = ['full', 'flows', 'nodes'] as const;
/** Every node answers within 2 s; the rest is the deploy itself. */
const LONGEST_MS = 3000;

describe('a redeploy in the middle of the work, in Node-RED', function () {
  this.timeout(180_000);
  const flows = change(withoutTimers(example('01 - Smart MO Sync')), 'plc-batch-reader', { settle: '0.1' });
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;
  let deploys = 0;
  let pid: number;

  before(async function () {
    site = await startSite(this, { orders: 0 });
    nodeRed = await startNodeRed({ flows, env: site.env });
    operator = startOperator(nodeRed, flows);
    pid = nodeRed.pid;
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

  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { when, wire, side, message, answer }] of moments(2 + round).entries()) {
      const kind = KINDS[(index + round) % KINDS.length]!;
      it(`${kind}, ${when}: whatever hangs is answered, and nothing is lost [fault: nr-redeploy-at-every-stage]`, async () => {
        let hangs = false;
        void site.wires[wire].trip(side, message, answer).then(() => (hangs = true));
        await operator.until('the moment', async () => {
          if (!hangs) await moreWork(site);
          return hangs;
        });

        const started = Date.now();
        await nodeRed.deploy(renamed(), kind);
        const took = Date.now() - started;
        assert.ok(took < LONGEST_MS, `the deploy took ${took} ms`);
        await assertNothingLost(site);

        await site.wires[wire].cut();
        await site.wires[wire].heal();
        await site.timePasses();
      });
    }

    it(`everything that was begun is done, once (round ${round + 1})`, async () => {
      await operator.until('all orders done', async () => {
        await site.timePasses();
        return site.odoo.orders().every(({ state }) => state === 'done') && (await site.queued()).length === 0;
      });
      await assertDrained(site);
    });
  }

  it('in one process, and nothing of it was an uncaught error', () => {
    assert.equal(nodeRed.pid, pid);
    assert.doesNotMatch(nodeRed.log(), /Uncaught Exception|UnhandledPromiseRejection|Error stopping node|Close timed out/);
  });
});
