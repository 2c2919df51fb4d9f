import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock';
import { SmartMoError } from '../../src/errors';
import { consumptionEquals } from '../../src/odoo/compare';
import type { Odoo, PushPayload } from '../../src/odoo/odoo';
import { createOdoo } from '../../src/odoo/stock';
import { PASSWORD, recordings, type Replay, startReplay } from '../support/odoo-replay';

type WriteCall = [number[], { qty_producing: number; move_raw_ids: [1, number, { quantity?: number; quantity_done?: number }][] }];

for (const version of ['15', '16', '17', '18', '19']) {
  describe(`Odoo ${version}, as recorded`, () => {
    const all = recordings(version);
    const crashed = all.get('X3b-after-crash-read-moves')!.response['result'] as { id: number; product_id: [number, string] }[];
    let replay: Replay;
    let odoo: Odoo;

    beforeEach(async () => {
      const fill = { 'mrp.production': { product_qty: 2000, qty_produced: 0, move_raw_ids: crashed.map((move) => move.id) } };
      replay = await startReplay(version, fill);
      odoo = createOdoo(
        {
          url: replay.url,
          database: replay.database,
          login: 'mo_connector',
          password: PASSWORD,
          protocol: 'auto',
          timeout: 5,
          retryMin: 1,
          retryMax: 2,
        },
        { clock: systemClock },
      );
    });
    afterEach(async () => {
      odoo.close();
      await replay.close();
      assert.deepEqual(replay.unknown, [], 'every request was recorded as working');
    });

    /** The payload that the recorded write was made from. */
    function payloadOf(name: string): PushPayload {
      const [[odoo_id], { qty_producing, move_raw_ids }] = all.get(name)!.request.body.params.args[5] as WriteCall;
      const moves = move_raw_ids.map(([, move_id, values], index) => ({
        move_id,
        product_id: crashed[index]!.product_id[0],
        quantity: (values.quantity ?? values.quantity_done)!,
      }));
      return { mo_id: 'WH/MO/00026', odoo_id: odoo_id!, qty: qty_producing, moves, markDone: true };
    }

    async function refusal(work: () => Promise<unknown>): Promise<SmartMoError> {
      const error = await work().then(
        () => assert.fail('it was accepted'),
        (error: unknown) => error,
      );
      assert.ok(error instanceof SmartMoError, String(error));
      return error;
    }

    it('probes version, user and the number of confirmed MOs', async () => {
      assert.deepEqual(await odoo.probe(), {
        version: `${version}.0`,
        major: Number(version),
        uid: replay.uid,
        confirmed: 25,
        protocol: 'jsonrpc',
      });
      assert.equal(odoo.state().state, 'ok');
    });

    it('lists ten confirmed MOs with their components, products in one call', async () => {
      const orders = await odoo.listConfirmed({ limit: 10, seen: [], domain: [] });
      assert.deepEqual(
        orders.map((order) => order.odoo_id),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
      const { components, ...first } = orders[0]!;
      assert.deepEqual(first, {
        odoo_id: 1,
        mo_id: 'WH/MO/00001',
        state: 'confirmed',
        quantity: 2500,
        uom: 'kg',
        product_id: 1,
        product: 'Feed A',
        product_code: 'FEED-A',
        tracking: 'none',
      });
      assert.equal(components.length, 15);
      assert.deepEqual(components[0], {
        move_id: 16,
        product_id: 2,
        product: 'Silo 101 ingredient',
        product_code: 'SILO-101',
        tracking: 'none',
        planned: 750,
        uom: 'kg',
        digits: 2,
      });
      assert.equal(orders.flatMap((order) => order.components).length, 150);
    });

    it('reads an MO whose consumption is written but not done, and finds it equal to the payload', async () => {
      const payload = payloadOf('X3c-write-again');
      const record = await odoo.readOrder(payload.odoo_id);
      assert.ok(record);
      assert.equal(record.state, 'to_close');
      assert.equal(record.qty_producing, 2000);
      assert.deepEqual(consumptionEquals(record, payload), { equal: true, differences: [] });
    });

    it('writes and marks done exactly as recorded', async () => {
      for (const name of ['A3-write-all-moves-one-call-time-1', 'X3c-write-again']) {
        await odoo.push(payloadOf(name));
        assert.equal(replay.used.at(-1), name);
      }
      await odoo.markDone(26, { strictConsumption: false });
      assert.equal(replay.used.at(-1), 'A5-mark_done-context');
    });

    it('reads an MO that was deleted as absent', async () => {
      const [[[, , id]]] = all.get('F7-search_read-deleted')!.request.body.params.args[5] as [[[string, string, number]]];
      replay.next('moves-fields_get');
      replay.next('fields_get');
      replay.next('F7-search_read-deleted');
      assert.equal(await odoo.readOrder(id), null);
      replay.next('F7-search_read-deleted');
      assert.deepEqual(await odoo.readStates([id]), new Map());
    });

    it('cancels, and again', async () => {
      const [[id]] = all.get('F1-action_cancel')!.request.body.params.args[5] as [[number]];
      await odoo.cancel(id);
      await odoo.cancel(id);
      assert.equal(replay.used.at(-1), 'F1-action_cancel');
    });

    if (all.has('T1b-generate-lot')) {
      it('takes an answer without result for a success', async () => {
        replay.next('T1b-generate-lot');
        await odoo.cancel(1);
      });
    }

    const refusals: [recording: string, code: string, errorClass: string][] = [
      ['F4b-write-moves-via-mo-on-cancelled', 'ODOO_REFUSED', 'permanent'],
      ['T2-lot-component-mark_done', 'ODOO_REFUSED', 'permanent'],
      ['F9-write-deleted', 'ODOO_GONE', 'permanent'],
      ['F10-mark_done-deleted', 'ODOO_GONE', 'permanent'],
      ['access-denied-write', 'ODOO_RIGHTS', 'auth'],
      ['private-method', 'ODOO_RIGHTS', 'auth'],
      ['wrong-field-in-fields', 'ODOO_VERSION_CHANGED', 'version'],
      ['wrong-field-in-domain', 'ODOO_VERSION_CHANGED', 'version'],
      ['wrong-field-in-order', 'ODOO_VERSION_CHANGED', 'version'],
      ['wrong-field-in-write', 'ODOO_VERSION_CHANGED', 'version'],
      ['wrong-method', 'ODOO_VERSION_CHANGED', 'version'],
      ['wrong-kwarg', 'ODOO_VERSION_CHANGED', 'version'],
      ['wrong-type-value', 'ODOO_REFUSED', 'permanent'],
      ['wrong-model', 'ODOO_REFUSED', 'permanent'],
      ['F5-mark_done-cancelled', 'ODOO_REFUSED', 'permanent'],
      ['A9-cancel-done-MO', 'ODOO_REFUSED', 'permanent'],
      ['Y1-serialization-failure', 'ODOO_UNREACHABLE', 'transient'],
    ];
    // Not every version refuses each of them.
    for (const [name, code, errorClass] of refusals.filter(([name]) => all.get(name)?.response['error'])) {
      it(`turns ${name} into ${code} (${errorClass})`, async () => {
        replay.next(name);
        const error = await refusal(() => odoo.cancel(1));
        assert.deepEqual([error.code, error.class], [code, errorClass]);
        assert.doesNotMatch(JSON.stringify(error) + error.message, /traceback/i);
      });
    }

    it('tells an unknown database, which Odoo reports like a PostgreSQL that is down', async () => {
      const other = createOdoo(
        {
          url: replay.url,
          database: 'no_such_db',
          login: 'mo_connector',
          password: PASSWORD,
          protocol: 'jsonrpc',
          timeout: 5,
          retryMin: 1,
          retryMax: 2,
        },
        { clock: systemClock },
      );
      const error = await refusal(() => other.probe());
      assert.deepEqual([error.code, error.class], ['ODOO_UNREACHABLE', 'transient']);
      assert.match(error.message, /name of the database/);
      assert.equal(other.state().state, 'down');
    });

    it('tells a wrong password', async () => {
      const other = createOdoo(
        {
          url: replay.url,
          database: replay.database,
          login: 'mo_connector',
          password: 'nope',
          protocol: 'jsonrpc',
          timeout: 5,
          retryMin: 1,
          retryMax: 2,
        },
        { clock: systemClock },
      );
      const error = await refusal(() => other.probe());
      assert.deepEqual([error.code, error.class], ['ODOO_AUTH', 'auth']);
    });
  });
}
