import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { assertNothingLost } from '../support/evidence';
import { change, example, nodeId, together, withoutTimers } from '../support/example';
import { type Flows, startNodeRed } from '../support/node-red';
import { startOperator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { removeFolder, temporaryFolder } from '../support/tarball';
import { waitFor } from '../support/wait';

/** A night takes 500. */
const DEPLOYS = Number(process.env['SMART_MO_DEPLOYS'] ?? 40);
/** Before the first count: code is compiled, pools are filled, the log has its buffers. */
const WARM_UP = 8;
/** What the heap may grow over all deploys; a leak of the smallest node is more. */
const HEAP_MB = 6;

/** Connections of this test to Node-RED, which come and go. */
const OUR_OWN = 2;

/** Runs inside Node-RED: tells on a signal what the process holds, after the garbage has gone. */
const METER = `process.on('SIGWINCH', () => setTimeout(() => {
  gc(); gc();
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] || 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  console.log('METER ' + JSON.stringify({ counts, listeners, heap: process.memoryUsage().heapUsed / 1e6 }) + ' END');
}, 200));
`;

interface Reading {
  /** Sockets, servers, timers and the like that keep a process alive. */
  counts: Record<string, number>;
  listeners: number;
  /** MB */
  heap: number;
}

const CONFIG_TYPES = ['mo-database', 'mo-odoo', 'mo-plc', 'mo-line'];

describe('the life of a flow in Node-RED', function () {
  this.timeout(120_000 + 2_000 * DEPLOYS);
  let site: Site;
  before(async function () {
    site = await startSite(this);
  });
  after(() => site?.close());

  it(`${DEPLOYS} deploys of all node types leave nothing behind, and none takes longer than 3 s [fault: nr-redeploys]`, async () => {
    const userDir = await temporaryFolder('lifecycle');
    const meter = path.join(userDir, 'meter.cjs');
    await writeFile(meter, METER);
    const nodeRed = await startNodeRed({ userDir, env: { ...site.env, NODE_OPTIONS: `--expose-gc --require ${meter}` } });
    try {
      const read = async (): Promise<Reading> => {
        const from = nodeRed.log().length;
        process.kill(nodeRed.pid, 'SIGWINCH');
        const line = await nodeRed.waitForLog(/METER .* END/, 10_000, from);
        return JSON.parse(/METER (.*) END/.exec(line)?.[1] ?? '') as Reading;
      };
      const flows = allTypes();
      const missing = await nodeRed.admin('nodes');
      const types = (missing.body as { module: string; types: string[] }[])
        .filter(({ module }) => module.startsWith('@smart-mo/'))
        .flatMap((set) => set.types);
      assert.deepEqual(
        types.filter((type) => !flows.some((node) => node['type'] === type)),
        [],
        'types that the flow lacks',
      );

      async function deploys(times: number): Promise<number> {
        let longest = 0;
        for (let deploy = 0; deploy < times; deploy += 1) {
          const started = Date.now();
          await nodeRed.deploy(flows);
          longest = Math.max(longest, Date.now() - started);
        }
        await nodeRed.deploy([]);
        return longest;
      }

      await deploys(WARM_UP);
      const before = await read();
      const longest = await deploys(DEPLOYS);
      // A socket that was destroyed a moment ago is counted until its close.
      const after = await waitFor(
        async () => {
          const now = await read();
          const more = Object.entries(now.counts).filter(([kind, count]) => count > (before.counts[kind] ?? 0) + OUR_OWN);
          assert.deepEqual(more, [], `before: ${JSON.stringify(before.counts)}`);
          return now;
        },
        { what: 'the handles to be as before', everyMs: 500 },
      );
      assert.equal(after.listeners, before.listeners, 'listeners of the process');
      assert.ok(after.heap < before.heap + HEAP_MB, `the heap grew from ${before.heap} to ${after.heap} MB`);
      assert.doesNotMatch(nodeRed.log(), /\[error\].*CLOSED/, 'a deploy is no error');
      assert.ok(longest < 3_000, `a deploy took ${longest} ms`);
      assert.doesNotMatch(nodeRed.log(), /Uncaught Exception|UnhandledPromiseRejection|Error stopping node|Close timed out|MaxListeners/);
      await assertNothingLost(site);
    } finally {
      await nodeRed.stop();
      await removeFolder(userDir);
    }
  });

  it('a configuration node in use is deleted: the nodes say so, and work again when it is back [fault: nr-config-node-deleted]', async () => {
    const flows = withoutTimers(example('01 - Smart MO Sync'));
    const nodeRed = await startNodeRed({ flows, env: site.env });
    try {
      const operator = startOperator(nodeRed, flows);
      const { pid } = nodeRed;
      const gate = nodeId(flows, { type: 'mo-queue-gate' });
      for (const type of CONFIG_TYPES) {
        await nodeRed.deploy(
          flows.filter((node) => node['type'] !== type),
          'nodes',
        );
        for (const timer of ['every 60 minutes', 'every 5 minutes', 'every 3 minutes']) await operator.press(timer);
        const needsIt = type === 'mo-odoo' ? 'odoo-fetch-mo' : type === 'mo-plc' ? 'plc-batch-reader' : 'mo-queue-gate';
        const id = nodeId(flows, { type: needsIt });
        const text = (): string => nodeRed.statuses().get(id)?.text ?? '';
        await waitFor(() => text().startsWith('CONFIG_MISSING'), { what: `CONFIG_MISSING under ${needsIt} without ${type}` });
        await nodeRed.deploy(flows, 'nodes');
        await operator.press('every 60 minutes');
        await waitFor(() => /^(empty|wait)/.test(nodeRed.statuses().get(gate)?.text ?? ''), {
          what: `a gate that works with ${type} back`,
        });
      }
      assert.equal(nodeRed.pid, pid);
      assert.doesNotMatch(nodeRed.log(), /Uncaught Exception|UnhandledPromiseRejection|TypeError/);
      await assertNothingLost(site);
    } finally {
      await nodeRed.stop();
    }
  });

  it('another credential secret: the nodes that have lost their secrets say which, all that need them show it, nothing is done [fault: nr-wrong-credential-secret]', async () => {
    const userDir = await temporaryFolder('secret');
    const flows = withoutTimers(example('01 - Smart MO Sync'));
    try {
      const first = await startNodeRed({ userDir, flows, env: site.env, settings: { credentialSecret: 'the first' } });
      await first.stop();
      const before = [await site.queued(), site.odoo.orders()];
      const second = await startNodeRed({ userDir, env: site.env, settings: { credentialSecret: 'another' } });
      try {
        await startOperator(second, flows).press('fetch now');
        for (const lost of ['URL of mo-database "database"', 'Login of mo-odoo "Odoo"']) {
          await second.waitForLog(new RegExp(`\\[error\\].*CONFIG_MISSING: ${lost} is empty; open the node and fill it in`));
        }
        const line = nodeId(flows, { type: 'mo-line' });
        for (const { id, type } of flows.filter((node) => node['line'] === line)) {
          const isRed = (): boolean => /^CONFIG_MISSING since \d\d:\d\d$/.test(second.statuses().get(String(id))?.text ?? '');
          await waitFor(isRed, { what: `CONFIG_MISSING under ${String(type)}` });
        }
        assert.deepEqual([await site.queued(), site.odoo.orders()], before);
        assert.doesNotMatch(second.log(), /Uncaught Exception|UnhandledPromiseRejection|TypeError/);
      } finally {
        await second.stop();
      }
    } finally {
      await removeFolder(userDir);
    }
  });

  /** Examples 01 and 04, and both simulators, with something to do at every start. */
  function allTypes(): Flows {
    const flows = together(example('01 - Smart MO Sync'), example('04 - Operator HTTP API'));
    const line = nodeId(flows, { type: 'mo-line' });
    const tab = nodeId(flows, { type: 'mo-queue-gate', name: 'queue empty?' });
    const z = flows.find((node) => node['id'] === tab)?.['z'];
    return [
      ...change(flows, 'inject', { once: true, onceDelay: 0.1, repeat: '0.5' }),
      { id: 'a1b2c3d4e5f60718', type: 'mo-odoo-simulator', z, x: 1, y: 1, wires: [[]], port: '0', version: '17', orders: '5' },
      { id: 'a1b2c3d4e5f60719', type: 'mo-plc-simulator', z, x: 1, y: 1, wires: [[]], port: '0', line, batchTime: '60', speed: '1' },
    ];
  }
});
