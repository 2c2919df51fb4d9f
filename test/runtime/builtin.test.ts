import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { builtinBinaries, serverAccount } from '../../src/database/builtin-binaries';
import { freePort } from '../../src/database/builtin-process';
import { describe as sentence } from '../../src/errors';
import type { CellState } from '../../src/simulators/plc/cell';
import type { SavedTables } from '../../src/simulators/odoo/tables';
import { assertBooked } from '../support/evidence';
import { change, example, nodeId, together, withoutTimers } from '../support/example';
import { startNodeRed, type Flows, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { skip } from '../support/skip';

describe('example 05, a whole plant inside Node-RED', function () {
  this.timeout(180_000);
  let flows: Flows;
  let nodeRed: NodeRed;
  let operator: Operator;

  before(async function () {
    const missing = await builtinBinaries(await serverAccount()).then(() => null, sentence);
    if (missing !== null) skip(this, missing);
    const odooPort = await freePort();
    const plcPort = await freePort();
    const plant: [string, Record<string, unknown>][] = [
      ['mo-odoo-simulator', { port: String(odooPort) }],
      ['mo-odoo', { url: `http://127.0.0.1:${odooPort}` }],
      ['mo-plc-simulator', { port: String(plcPort), speed: '500' }],
      ['mo-plc', { port: String(plcPort) }],
      ['plc-batch-reader', { settle: '0.1' }],
    ];
    const pipeline = plant.reduce((flow, [type, values]) => change(flow, type, values), example('05 - Simulated plant'));
    flows = together(withoutTimers(pipeline), example('04 - Operator HTTP API'));
    nodeRed = await startNodeRed({ flows });
    operator = startOperator(nodeRed, pipeline);
  });
  after(() => nodeRed?.stop());

  async function completed(): Promise<string[]> {
    const { status, body } = await nodeRed.admin('admin/history?limit=500&status=completed');
    assert.equal(status, 200, JSON.stringify(body));
    return (body as { data: { histories: { mo_id: string }[] } }).data.histories.map(({ mo_id }) => mo_id).reverse();
  }

  /** The simulators write down what happened before they answer. */
  async function written<State>(type: string): Promise<State> {
    return JSON.parse(await readFile(path.join(nodeRed.userDir, 'smart-mo-sync', `${nodeId(flows, { type })}.json`), 'utf8')) as State;
  }

  async function assertSoFar(moIds: readonly string[]): Promise<void> {
    const { effects } = await written<SavedTables>('mo-odoo-simulator');
    const { cell } = await written<{ cell: CellState }>('mo-plc-simulator');
    const ended = new Set(moIds);
    assert.equal(ended.size, moIds.length);
    assertBooked(
      moIds,
      effects.filter(({ mo_id }) => ended.has(mo_id)),
      cell.weighed,
    );
  }

  const atLeast = (count: number) => async (): Promise<boolean> => (await completed()).length >= count;

  it('two sets of ten go through', async () => {
    await operator.until('twenty completed', atLeast(20));
    await assertSoFar(await completed());
  });

  it('goes on after a kill -9, with everything that was there before', async () => {
    const before = await completed();
    await nodeRed.kill('SIGKILL');
    await nodeRed.restart();
    await operator.until('the third set completed', atLeast(30));
    const after = await completed();
    assert.deepEqual(after.slice(0, before.length), before);
    await assertSoFar(after);
  });
});
