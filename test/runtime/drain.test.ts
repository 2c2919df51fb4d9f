import assert from 'node:assert/strict';
import { assertDrained } from '../support/evidence';
import { example, nodeId } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

describe('example 01, unchanged, in Node-RED', function () {
  this.timeout(180_000);
  const flows = example('01 - Smart MO Sync');
  const fetcher = nodeId(flows, { type: 'odoo-fetch-mo' });
  const reader = nodeId(flows, { type: 'plc-batch-reader' });
  const completer = nodeId(flows, { type: 'batch-completer' });
  let site: Site;
  let nodeRed: NodeRed;

  const press = (name: string): Promise<void> => nodeRed.inject(nodeId(flows, { type: 'inject', name }));

  before(async function () {
    site = await startSite(this, { orders: 0 });
    await site.odoo.command({ action: 'orders', count: 30 });
    nodeRed = await startNodeRed({ flows, env: site.env });
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  it('fetches ten when a person asks, and shows it', async () => {
    await press('fetch now');
    const status = await waitFor(() => /^\d+ queued/.test(nodeRed.statuses().get(fetcher)?.text ?? '') && nodeRed.statuses().get(fetcher), {
      what: 'status of the fetch',
    });
    assert.match(status.text ?? '', /^10 queued \d\d:\d\d$/);
    assert.equal(`${status.fill} ${status.shape}`, 'green dot');
    assert.equal((await site.queued()).length, 10);
    await nodeRed.waitForLog('[TASK 1] ✓ Auto-sync completed: 10 MO batches synced');
  });

  it('drains three sets of ten; Odoo consumed what the PLC weighed', async () => {
    for (let set = 1; set <= 3; set += 1) {
      await waitFor(() => site.plc.weighed().length >= 10 * set, { what: `set ${set} in the PLC` });
      await waitFor(
        async () => {
          if ((await site.archived()).length >= 10 * set) return true;
          await press('every 5 minutes');
          return false;
        },
        { what: `set ${set} in the history`, deadlineMs: 30_000, everyMs: 300 },
      );
    }
    await assertDrained(site);
    assert.equal((await site.archived()).length, 30);
    assert.equal(new Set(site.plc.weighed().map(({ mo_id }) => mo_id)).size, 30);
  });

  it('says in the log and in the editor what happened', async () => {
    await waitFor(() => /^no confirmed MO \d\d:\d\d$/.test(nodeRed.statuses().get(fetcher)?.text ?? ''), { what: 'no confirmed MO' });
    await waitFor(() => /^\d+ archived, 0 left \d\d:\d\d$/.test(nodeRed.statuses().get(completer)?.text ?? ''), {
      what: 'status of the completer',
    });
    await waitFor(() => /^10 read, \d+ finished \d\d:\d\d$/.test(nodeRed.statuses().get(reader)?.text ?? ''), {
      what: 'status of the reader',
    });
    const log = nodeRed.log();
    assert.equal(log.match(/\[TASK 1\] ✓ Auto-sync completed: 10 MO batches synced/g)?.length, 3);
    assert.equal(log.match(/\[TASK 3\] ✓ Batch #\d+ \(MO: [^)]+\) pushed to Odoo and archived/g)?.length, 30);
    assert.match(log, /\[TASK 1\] No batches found in Odoo/);
    assert.doesNotMatch(log, /\[error\]/);
  });
});
