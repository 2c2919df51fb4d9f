import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { assertNothingLost } from '../support/evidence';
import { change, example, withoutTimers } from '../support/example';
import { type Flows, type NodeRed, startNodeRed } from '../support/node-red';
import { startOperator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const FIRST = withoutTimers(example('01 - Smart MO Sync'));
const CONFIG = new Set(['mo-database', 'mo-odoo', 'mo-plc', 'mo-line']);
const HALF = 7;

/** What "Import copy" makes of the nodes that are no configuration nodes: ids of their own, wired among themselves. */
function importCopy(flows: Flows): Flows {
  const nodes = flows.filter(({ type }) => !CONFIG.has(String(type)));
  let text = JSON.stringify(nodes);
  for (const { id } of nodes) text = text.replaceAll(String(id), String(id).split('').reverse().join(''));
  return JSON.parse(text) as Flows;
}

/** A copied tab with another line in each node, and a line with its own PLC, as docs/second-line.md has it. */
function secondLine(plcPort: number): Flows {
  const config = (type: string): Record<string, unknown> => FIRST.find((node) => node['type'] === type) ?? {};
  const plc = { ...config('mo-plc'), id: 'c3b19d7e5f02a847', host: '127.0.0.1', port: String(plcPort) };
  const line = { ...config('mo-line'), id: '17f0d83ac4e96b53', line: 'line2', plc: plc.id };
  const tab = importCopy(FIRST).map((node) => ('line' in node ? { ...node, line: line.id } : node));
  return [plc, line, ...change(tab, 'odoo-fetch-mo', { filter: `[["id", ">", ${HALF}]]` })];
}

describe('two lines in one Node-RED', function () {
  this.timeout(180_000);
  let site: Site;
  let plc: PlcSimulator;
  let nodeRed: NodeRed;
  let second: Flows;

  before(async function () {
    site = await startSite(this, { orders: 0 });
    await site.odoo.command({ action: 'orders', count: 12 });
    plc = await startPlcSimulator({ port: 0, speed: 2000 }, { clock: systemClock });
    second = secondLine(plc.port);
    const first = change(FIRST, 'odoo-fetch-mo', { filter: `[["id", "<=", ${HALF}]]` });
    nodeRed = await startNodeRed({ flows: [...first, ...second], env: site.env });
  });
  after(async () => {
    await nodeRed?.stop();
    await plc?.close();
    await site?.close();
  });

  const count = async (table: string): Promise<Record<string, number>> => {
    const rows = await site.query<{ line: string; n: number }>(`SELECT line, count(*)::int AS n FROM ${table} GROUP BY line`);
    return Object.fromEntries(rows.map(({ line, n }) => [line, n]));
  };

  it('each fetches its own MOs and makes them on its own PLC', async () => {
    const operators = [startOperator(nodeRed, FIRST), startOperator(nodeRed, second)];
    for (const operator of operators) await operator.press('fetch now');
    await waitFor(async () => (await site.queued()).length === 12, { what: 'both sets in the queue', deadlineMs: 30_000 });
    assert.deepEqual(await count('mo_batch'), { main: HALF, line2: 12 - HALF });
    const [ofMain, ofSecond] = operators;
    await ofMain?.until('the set of the first line', async () => (await count('mo_histories'))['main'] === HALF);
    await ofSecond?.until('the set of the second line', async () => (await count('mo_histories'))['line2'] === 12 - HALF);
    assert.deepEqual([site.plc.weighed().length, plc.weighed().length], [HALF, 12 - HALF]);
    assert.deepEqual(await count('mo_batch'), {});
    await assertNothingLost(site);
  });

  it('log lines name the line', () => {
    assert.match(nodeRed.log(), /\[TASK 1\]\[main\] ✓ Auto-sync completed: 7 MO batches synced/);
    assert.match(nodeRed.log(), /\[TASK 1\]\[line2\] ✓ Auto-sync completed: 5 MO batches synced/);
  });

  it('a forgotten node of the copied tab refuses the message of the other line', async () => {
    const forgotten = change(second, 'odoo-fetch-mo', { line: '17f0d83ac4e96b52' });
    await nodeRed.deploy([...FIRST, ...forgotten]);
    await startOperator(nodeRed, forgotten).press('fetch now');
    await nodeRed.waitForLog(/LINE_MISMATCH: the message belongs to line line2, this node works for line main/);
  });
});
