import assert from 'node:assert/strict';
import { assertNothingLost } from '../support/evidence';
import { change, example, nodeId, together, withoutTimers } from '../support/example';
import { type Flows, type NodeRed, startNodeRed } from '../support/node-red';
import { type Operator, startOperator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

/** Example 06 beside 01, as its comment says: the nodes of 01 that talk to the PLC are disabled, the line has none. */
function pipeline(): Flows {
  const quiet = withoutTimers(example('01 - Smart MO Sync')).map((node) =>
    ['plc-batch-writer', 'plc-batch-reader'].includes(String(node['type'])) ? { ...node, d: true } : node,
  );
  return change(together(quiet, example('06 - Another PLC node')), 'mo-line', { plc: '' });
}

describe('a PLC that another node reads, in Node-RED', function () {
  this.timeout(180_000);
  const flows = pipeline();
  const reader = nodeId(example('06 - Another PLC node'), { type: 'plc-batch-reader' });
  const read = nodeId(example('06 - Another PLC node'), { type: 'debug', name: 'read' });
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;

  before(async function () {
    site = await startSite(this, { orders: 0 });
    nodeRed = await startNodeRed({ flows, env: site.env });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  const answers = (): number => nodeRed.debug().filter(({ id }) => id === read).length;
  /** Presses a button and waits for the answers to its messages: one that comes while the reader works is answered "in-progress". */
  async function show(button: string, messages = 1): Promise<void> {
    const before = answers();
    await operator.press(button);
    await waitFor(() => answers() >= before + messages, { what: `the answer of the reader to "${button}"`, deadlineMs: 30_000 });
  }
  const rows = (): Promise<{ state: string; mo_id: string }[]> => site.query('SELECT state, mo_id FROM mo_batch ORDER BY batch_no');
  const stateOfFirst = async (): Promise<string | undefined> => (await rows())[0]?.state;
  /** Of the running batch, as soon as it is more than that. */
  const weighedSoFar = (more: number): Promise<number> =>
    waitFor(
      async () => {
        const [row] = await site.query<{ sum: number }>(
          "SELECT sum(value::numeric)::float AS sum FROM mo_batch, jsonb_each_text(actual) WHERE state = 'running'",
        );
        return row && row.sum > more ? row.sum : null;
      },
      { what: `more than ${more} kg of a running batch` },
    );

  it('takes two batches from queued to completed by messages alone', async () => {
    await site.odoo.command({ action: 'orders', count: 2 });
    await operator.press('fetch now');
    await waitFor(async () => (await site.queued()).length === 2, { what: 'two batches in the queue' });
    const set = await site.queued();
    for (const batch of [1, 2]) {
      await show('batch starts');
      const early = await weighedSoFar(0);
      await show('half is dosed');
      await weighedSoFar(early);
      await show('finished', 2);
      await operator.until(`batch ${batch} completed`, async () => (await site.archived()).length === batch, ['every 3 minutes']);
    }
    assert.deepEqual([await site.archived(), await site.queued()], [set, []]);
    assert.deepEqual(site.plc.weighed(), [], 'nobody asked the PLC of the other tests');
    await assertNothingLost(site);
  });

  it('says what is wrong with a message, and stores nothing of it', async () => {
    await site.odoo.command({ action: 'orders', count: 1 });
    await operator.press('fetch now');
    await waitFor(async () => (await site.queued()).length === 1, { what: 'a batch in the queue' });
    const slots = nodeId(flows, { name: 'variables to slots' });
    const wrong = flows.map((node) =>
      node['id'] === slots ? { ...node, func: 'msg.payload = { slots: [{ batch_no: 1 }] }; return msg;' } : node,
    );
    await nodeRed.deploy(wrong, 'nodes');
    await operator.press('batch starts');
    await nodeRed.waitForLog("INPUT_INVALID: payload.slots.0 must have required property 'mo_id'");
    await waitFor(() => nodeRed.statuses().get(reader)?.text?.startsWith('INPUT_INVALID since'), { what: 'the status of the reader' });
    assert.equal(await stateOfFirst(), 'queued');
  });
});
