import assert from 'node:assert/strict';
import { assertNothingLost } from '../support/evidence';
import { disableGroup, example, nodeId, withoutTimers } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const EVENTS = 'Do not wait for the timers';

describe('the timeline of a line in Node-RED', function () {
  this.timeout(180_000);
  const flows = withoutTimers(example('01 - Smart MO Sync'));
  const gate = nodeId(flows, { type: 'mo-queue-gate' });
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;
  let first: string[] = [];

  before(async function () {
    site = await startSite(this, { speed: 150 });
    nodeRed = await startNodeRed({ flows: disableGroup(flows, EVENTS), env: site.env });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  /** Presses a timer and waits for the line it ends with. */
  async function run(timer: string, ends: string | RegExp): Promise<string> {
    const from = nodeRed.log().length;
    await operator.press(timer);
    return nodeRed.waitForLog(ends, 20_000, from);
  }

  it('00:00 queues ten; without the event wires no recipe moves before the timer', async () => {
    await run('every 60 minutes', '10 MO batches synced');
    first = await site.queued();
    assert.equal(first.length, 10);
    await run('every 10 minutes', '[TASK 4] Health: ');
    assert.deepEqual(await site.query('SELECT mo_id FROM mo_batch WHERE loaded_at IS NOT NULL'), []);
    assert.deepEqual([...new Set(site.plc.slots().map(({ state, recipe }) => `${state} ${String(recipe)}`))], ['empty null']);
  });

  it('00:05 loads the ten', async () => {
    await operator.press('every 5 minutes');
    // The PLC begins while the other recipes are still on their way: its turn may have come already.
    await waitFor(() => ['waiting', 'dosing', 'mixing'].includes(site.plc.slots()[2]?.state ?? ''), { what: 'the recipe of slot 3' });
    site.plc.command({ action: 'hold', slot: 3 });
    await waitFor(async () => (await site.query('SELECT 1 FROM mo_batch WHERE loaded_at IS NOT NULL')).length === 10, {
      what: 'ten recipes',
    });
    await waitFor(() => site.plc.weighed().length === 2, { what: 'two batches weighed' });
  });

  it('01:00 waits with eight left, two completed', async () => {
    // A read that began before the second was finished may end after the timer is pressed.
    await operator.until('two finished rows', () => finishedRows(2), ['every 5 minutes']);
    assert.deepEqual(await site.archived(), []);
    await run('every 3 minutes', '[TASK 3] Cycle complete: 2 archived, 0 failed, 8 remaining');
    await run('every 60 minutes', '[TASK 1] Table mo_batch has 8 records. Skipping sync - waiting for PLC to complete all batches.');
    await waitFor(() => /^wait: 8 left, 0 finished \d\d:\d\d$/.test(nodeRed.statuses().get(gate)?.text ?? ''), {
      what: 'status of the gate',
    });
    assert.deepEqual(await site.queued(), first.slice(2));
  });

  it('02:00 fetches the next ten when the queue is empty, none seen before', async () => {
    site.plc.command({ action: 'restart', slot: 3 });
    await waitFor(() => site.plc.weighed().length === 10, { what: 'the set weighed' });
    await operator.until('eight finished rows', () => finishedRows(8), ['every 5 minutes']);
    await run('every 3 minutes', '[TASK 3] Cycle complete: 8 archived, 0 failed, 0 remaining');
    assert.deepEqual(await site.archived(), first);
    assert.deepEqual(await site.query('SELECT fetch_seq::int FROM mo_fetch'), [{ fetch_seq: 1 }]);
    await run('every 60 minutes', '10 MO batches synced');
    const second = await site.queued();
    assert.equal(second.length, 10);
    assert.deepEqual(
      second.filter((moId) => first.includes(moId)),
      [],
    );
    await assertNothingLost(site);
  });

  it('with the event wires the next ten come as soon as the last batch is archived', async () => {
    await nodeRed.deploy(flows);
    await run('every 5 minutes', /\[TASK 2\] /);
    await waitFor(() => site.plc.weighed().length === 20, { what: 'the set weighed', deadlineMs: 20_000 });
    const from = nodeRed.log().length;
    // The read that comes next may find its first batches finished.
    await operator.until('the third set', async () => (await site.query('SELECT 1 FROM mo_fetch WHERE fetch_seq = 3')).length === 1, [
      'every 5 minutes',
    ]);
    assert.ok((await site.archived()).length >= 20);
    const log = nodeRed.log().slice(from);
    assert.doesNotMatch(log, /Skipping sync/);
    await waitFor(() => site.plc.slots().some(({ state }) => state === 'dosing' || state === 'waiting'), {
      what: 'the third set in the PLC',
    });
    await assertNothingLost(site);
  });

  async function finishedRows(count: number): Promise<boolean> {
    return (await site.query("SELECT 1 FROM mo_batch WHERE state = 'finished'")).length === count;
  }
});
