import assert from 'node:assert/strict';
import { assertBooked, assertNothingLost } from '../support/evidence';
import { change, example, withoutTimers } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

describe('a batch cancelled while it runs, in Node-RED', function () {
  this.timeout(180_000);
  const flows = change(withoutTimers(example('01 - Smart MO Sync')), 'plc-batch-reader', { settle: '0.1' });
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;
  let cancelled: string[] = [];
  let completed: string[] = [];

  before(async function () {
    site = await startSite(this, { speed: 300 });
    nodeRed = await startNodeRed({ flows, env: site.env });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  const stateInOdoo = (moId: string): string | undefined => site.odoo.orders().find(({ mo_id }) => mo_id === moId)?.state;

  /** Fetches a set, lets the first batch of it run and stops it there. */
  async function runFirstBatch(): Promise<string> {
    await operator.until('a set in the PLC', () => site.plc.slots().every(({ state }) => state === 'waiting' || state === 'dosing'), [
      'every 60 minutes',
    ]);
    site.plc.command({ action: 'hold', slot: 1 });
    await operator.until("a row that runs", async () => (await site.query("SELECT 1 FROM mo_batch WHERE state = 'running' AND batch_no = 1"))[0], [
      'every 5 minutes',
    ]);
    return String((await site.queued())[0]);
  }

  async function cancel(moId: string): Promise<void> {
    await operator.press('cancel slot 1', { mo_id: moId, notes: 'hopper broken' });
    await waitFor(async () => (await site.archived('cancelled')).includes(moId), { what: `${moId} cancelled` });
    cancelled = await site.archived('cancelled');
  }

  it('is cancelled in Odoo and does not block: the other nine go through', async () => {
    const moId = await runFirstBatch();
    await cancel(moId);
    assert.equal(stateInOdoo(moId), 'cancel');
    assert.equal((await site.queued()).length, 9);
    site.plc.command({ action: 'restart', slot: 1 });
    await operator.until('nine completed', async () => (await site.archived()).length >= 9, ['every 5 minutes', 'every 3 minutes']);
    assert.ok(site.plc.weighed().some(({ mo_id }) => mo_id === moId), 'the PLC made the cancelled batch to its end');
    assert.ok(!(await site.archived()).includes(moId));
    await assertNothingLost(site);
  });

  it('is not fetched again though Odoo still lists it as confirmed', async () => {
    await nodeRed.deploy(change(flows, 'batch-cancel', { cancelInOdoo: false }));
    const moId = await runFirstBatch();
    await cancel(moId);
    assert.equal(stateInOdoo(moId), 'confirmed');
    site.plc.command({ action: 'restart', slot: 1 });
    await operator.until('the next set', async () => (await site.archived()).length >= 18 && (await site.queued()).length === 10, [
      'every 5 minutes',
      'every 3 minutes',
    ]);
    assert.equal(stateInOdoo(moId), 'confirmed');
    assert.ok(!(await site.queued()).includes(moId));
    await assertNothingLost(site);
  });

  it('nor is a completed one, when an Odoo restored from a backup lists all of them again', async () => {
    await operator.until('the third set completed', async () => (await site.archived()).length >= 28, ['every 5 minutes', 'every 3 minutes']);
    await operator.until('an empty queue', async () => (await site.queued()).length === 0, []).catch(() => undefined);
    completed = await site.archived();
    assertBooked(completed, site.odoo.effects().filter(({ kind }) => kind !== 'cancel'), site.plc.weighed());
  });
});
