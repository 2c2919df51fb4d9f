import assert from 'node:assert/strict';
import { assertBooked, assertDrained, assertNothingLost } from '../support/evidence';
import { change, example, withoutTimers } from '../support/example';
import { contains, moments } from '../support/moments';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { moreWork, type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const ROUNDS = Number(process.env['SMART_MO_ROUNDS'] ?? 2);

describe('kill -9 of Node-RED', function () {
  this.timeout(180_000);
  const flows = change(withoutTimers(example('01 - Smart MO Sync')), 'plc-batch-reader', { settle: '0.1' });
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

  const allDone = async (): Promise<boolean> =>
    site.odoo.orders().every(({ state }) => state === 'done') && (await site.queued()).length === 0;

  /** Node-RED dies in the moment itself: later another task could have gone on. */
  async function pressUntil(moment: Promise<void>): Promise<void> {
    let reached = false;
    void moment.then(() => {
      reached = true;
      process.kill(nodeRed.pid, 'SIGKILL');
    });
    await operator.until('the moment', async () => {
      if (!reached) await moreWork(site);
      return reached;
    });
  }

  async function killAndRestart(): Promise<void> {
    await nodeRed.kill('SIGKILL');
    try {
      await assertNothingLost(site);
    } finally {
      // The lease of a dead completer ends after a minute.
      await site.timePasses();
      await nodeRed.restart();
    }
  }

  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { when, wire, side, message, answer } of moments(2 + (round % 8))) {
      it(`when ${when} (round ${round}) [fault: nr-killed-at-each-crash-point]`, async () => {
        await pressUntil(site.wires[wire].trip(side, message, answer));
        await killAndRestart();
      });
    }

    it(`everything that was begun is done, once (round ${round})`, async () => {
      await operator.until('all orders done', allDone);
      await assertDrained(site);
      assert.ok((await site.archived()).length >= 10 * round);
    });
  }

  it(`at moments nobody has chosen [fault: nr-killed-at-random]`, async () => {
    for (let round = 1; round <= ROUNDS + 1; round += 1) {
      await moreWork(site);
      const effects = site.odoo.effects().length;
      const wanted = 1 + Math.floor(Math.random() * 100);
      await operator.until(`${wanted} effects`, async () => {
        // What is left may be too little for so many.
        await moreWork(site);
        return site.odoo.effects().length >= effects + wanted;
      });
      await killAndRestart();
    }
    await operator.until('all orders done', allDone);
    await assertDrained(site);
  });

  it('when a batch is cancelled in Odoo, not archived', async () => {
    await moreWork(site);
    await operator.until('a queue', async () => (await site.queued()).length > 0, ['every 60 minutes']);
    const moId = (await site.queued()).at(-1) ?? '';
    let reached = false;
    void site.wires.odoo.trip('after', contains('action_cancel')).then(() => (reached = true));
    const from = nodeRed.log().length;
    await operator.press('cancel slot 1', { mo_id: moId, notes: 'killed meanwhile' });
    const cancelled = (): true => {
      assert.ok(reached, nodeRed.log().slice(from));
      return true;
    };
    await waitFor(cancelled, { what: 'the cancellation in Odoo', deadlineMs: 30_000 });
    await killAndRestart();
    await operator.until('all orders ended', async () => {
      const states = site.odoo.orders().map(({ state }) => state);
      return states.every((state) => state === 'done' || state === 'cancel') && (await site.queued()).length === 0;
    });
    assert.deepEqual(await site.archived('cancelled'), [moId]);
    await assertNothingLost(site);
    assertBooked(await site.archived(), site.odoo.effects(), site.plc.weighed());
  });
});
