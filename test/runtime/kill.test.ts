import assert from 'node:assert/strict';
import { assertBooked, assertDrained, assertNothingLost } from '../support/evidence';
import { change, example, withoutTimers } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { startOperator, type Operator } from '../support/operator';
import { type Site, startSite } from '../support/site';

const ROUNDS = Number(process.env['SMART_MO_ROUNDS'] ?? 2);

/** A message on one of the wires; Node-RED is killed before the server has it, or before anybody hears of its answer. */
interface Moment {
  when: string;
  wire: keyof Site['wires'];
  side: 'before' | 'after';
  message(bytes: Buffer): boolean;
  answer?(bytes: Buffer): boolean;
}

const contains =
  (text: string) =>
  (bytes: Buffer): boolean =>
    bytes.includes(text);
/** Read area 6000, write area 7000, 100 words a slot, status_read_data at 76. */
const flag = (area: 6000 | 7000, slot: number): number => area + 100 * (slot - 1) + 76;
/** Modbus TCP: function 16 (write words) at this address, first word. */
const writes =
  (address: number, value: number) =>
  (bytes: Buffer): boolean =>
    bytes.length >= 15 && bytes[7] === 16 && bytes.readUInt16BE(8) === address && bytes.readUInt16BE(13) === value;
/** PostgreSQL is ready for the next statement: this one is committed. */
const ready = contains('Z\0\0\0\x05I');

const queueing = contains('INSERT INTO "public".mo_fetch');
const committing = contains('COMMIT\0');
const storing = contains('"state":"finished"');
const archiving = contains('DELETE FROM "public".mo_batch');

/** In the order in which a set comes by them. */
function moments(slot: number): Moment[] {
  return [
    { when: 'Odoo has answered, nothing is queued', wire: 'database', side: 'before', message: queueing },
    { when: 'the set is committed, the answer lost', wire: 'database', side: 'after', message: committing, answer: ready },
    { when: `recipes are loaded, that of slot ${slot} lacks its flag`, wire: 'plc', side: 'before', message: writes(flag(7000, slot), 0) },
    { when: `the recipe of slot ${slot} is loaded, not stored`, wire: 'plc', side: 'after', message: writes(flag(7000, slot), 0) },
    { when: 'a result is read, not stored', wire: 'database', side: 'before', message: storing },
    { when: 'results are stored, not acknowledged', wire: 'database', side: 'after', message: storing, answer: ready },
    { when: `results are acknowledged, that of slot ${slot} not`, wire: 'plc', side: 'before', message: writes(flag(6000, slot), 1) },
    { when: 'the payload is frozen, nothing is sent', wire: 'odoo', side: 'before', message: contains('"write"') },
    { when: 'the consumption is written, the answer lost', wire: 'odoo', side: 'after', message: contains('"write"') },
    { when: 'the consumption is written, mark done not sent', wire: 'odoo', side: 'before', message: contains('button_mark_done') },
    { when: 'the MO is done, the answer lost', wire: 'odoo', side: 'after', message: contains('button_mark_done') },
    { when: 'the MO is done, not archived', wire: 'database', side: 'before', message: archiving },
    { when: 'the batch is archived, the answer lost', wire: 'database', side: 'after', message: archiving, answer: ready },
  ];
}

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

  /** There is always another set to fetch, and not many more: all of it is done at the end. */
  async function moreWork(): Promise<void> {
    if (!site.odoo.orders().some(({ state }) => state === 'confirmed')) await site.odoo.command({ action: 'orders', count: 10 });
  }

  /** Node-RED dies in the moment itself: later another task could have gone on. */
  async function pressUntil(moment: Promise<void>): Promise<void> {
    let reached = false;
    void moment.then(() => {
      reached = true;
      process.kill(nodeRed.pid, 'SIGKILL');
    });
    await operator.until('the moment', async () => {
      if (!reached) await moreWork();
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
      await moreWork();
      const effects = site.odoo.effects().length;
      const wanted = 1 + Math.floor(Math.random() * 100);
      await operator.until(`${wanted} effects`, async () => {
        // What is left may be too little for so many.
        await moreWork();
        return site.odoo.effects().length >= effects + wanted;
      });
      await killAndRestart();
    }
    await operator.until('all orders done', allDone);
    await assertDrained(site);
  });

  it('when a batch is cancelled in Odoo, not archived', async () => {
    await moreWork();
    await operator.until('a queue', async () => (await site.queued()).length > 0, ['every 60 minutes']);
    const moId = (await site.queued()).at(-1) ?? '';
    const moment = site.wires.odoo.trip('after', contains('action_cancel'));
    await operator.press('cancel slot 1', { mo_id: moId, notes: 'killed meanwhile' });
    await moment;
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
