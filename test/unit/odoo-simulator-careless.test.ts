import assert from 'node:assert/strict';
import { startOdooSimulator, type OdooSimulator } from '../../src/simulators/odoo/simulator';
import { call, consumed, DONE_CONTEXT, order, post, route, rpc, session, weighed, type Json } from '../support/odoo-simulator-client';

/**
 * Clients that lack one rule of odoo.md B0 each. Every test shows the damage that a client sees as a success, or the error
 * where that version refuses: a simulator that forgives would let a client without the rule pass.
 */
for (const version of ['15', '16', '17', '18', '19']) {
  describe(`Odoo simulator ${version}: a client without our rules`, () => {
    const major = Number(version);
    const field = major < 17 ? 'quantity_done' : 'quantity';
    let sim: OdooSimulator;

    beforeEach(async () => {
      sim = await startOdooSimulator({ port: 0, version, orders: 12 });
    });
    afterEach(() => sim.close());

    const write = (values: Json, id = 1) => call(sim, 'mrp.production', 'write', [[id], values]);
    const done = (context: Json = DONE_CONTEXT, id = 1) => rpc(sim, 'mrp.production', 'button_mark_done', [[id]], { context });
    const commands = (id = 1) => consumed(weighed(order(sim, id)), version);
    const read = async (field: string, model = 'mrp.production', id = 1) =>
      ((await call(sim, model, 'read', [[id]], { fields: [field] })) as [Json])[0][field];
    const taken = () => sim.effects().flatMap((effect) => (effect.kind === 'consume' ? [effect.quantity] : []));
    const planned = () => order(sim, 1).moves.map((move) => move.planned);
    const messageOf = (answer: Json) => ((answer['error'] as Json | undefined)?.['data'] as Json | undefined)?.['message'];

    it('writes no qty_producing', async () => {
      await write({ move_raw_ids: commands() });
      const answer = await done();
      if (major < 17) {
        assert.equal(messageOf(answer), 'The quantity to produce must be positive!');
        assert.deepEqual(sim.effects(), []);
      } else {
        assert.equal(answer['result'], true);
        assert.deepEqual(taken(), planned(), 'what was weighed is replaced by the recipe');
      }
    });

    it('writes quantities without picked', async () => {
      const bare = weighed(order(sim, 1)).map(({ move_id, quantity }) => [1, move_id, { [field]: quantity }]);
      await write({ qty_producing: 980, move_raw_ids: bare });
      assert.equal((await done())['result'], true);
      assert.equal(taken().length, major < 17 ? 15 : 0, 'from 17 on nothing is consumed, and the feed is made all the same');
      assert.equal(order(sim, 1).qty_produced, 980);
    });

    it('leaves out the components that were weighed as planned', async () => {
      await write({ qty_producing: 980, move_raw_ids: commands().slice(0, 3) });
      assert.equal((await done())['result'], true);
      assert.equal(taken().length, 3);
    });

    it('takes any answer of mark done for a success', async () => {
      await write({ qty_producing: 1000, move_raw_ids: commands() });
      const { result } = await done({});
      assert.equal((result as Json)['res_model'], 'mrp.consumption.warning');
      assert.equal(order(sim, 1).state, 'to_close', 'a wizard is no done');
    });

    it('marks done without writing anything', async () => {
      const answer = await done({});
      if (major < 17) assert.equal((answer['result'] as Json)['res_model'], 'mrp.immediate.production');
      else assert.equal(answer['result'], true);
      assert.deepEqual(taken(), major < 17 ? [] : planned());
    });

    it('believes the `true` of an order that a person cancelled', async () => {
      await sim.command({ action: 'cancel', mo_id: 'WH/MO/00001' });
      await write({ qty_producing: 980 });
      const answer = await done();
      assert.equal(answer['result'], major < 17 ? undefined : true);
      assert.equal(order(sim, 1).state, 'cancel');
    });

    it('believes the `true` of cancelling what is done', async () => {
      await sim.command({ action: 'done', mo_id: 'WH/MO/00001' });
      const answer = await rpc(sim, 'mrp.production', 'action_cancel', [[1]]);
      assert.equal(answer['result'], major < 19 ? true : undefined);
      assert.equal(order(sim, 1).state, 'done');
    });

    it('takes HTTP 200 for a success', async () => {
      const args = ['demo', 6, 'demo', 'mrp.production', 'write', [[999_999], { qty_producing: 1 }], {}];
      const response = await post(sim, { jsonrpc: '2.0', id: 1, params: { service: 'object', method: 'execute_kw', args } });
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as { error: Json }).error['code'], major < 19 ? 200 : 0);
    });

    it('adds components and repeats after a lost answer', async () => {
      const add = { move_raw_ids: [[0, 0, { product_id: 2, product_uom_qty: 0, [field]: 7.5, ...(major < 17 ? {} : { picked: true }) }]] };
      await write({ qty_producing: 980, move_raw_ids: commands() });
      await sim.command({ action: 'fault', fault: 'reset-after', method: 'write' });
      await assert.rejects(write(add));
      const again = await rpc(sim, 'mrp.production', 'write', [[1], add]);
      if (major < 16) assert.match(String(messageOf(again)), /mandatory field is not set/);
      await done();
      assert.equal(taken().filter((quantity) => quantity === 7.5).length, major < 16 ? 0 : 2, 'consumed twice');
    });

    it('pushes again, with other figures, what is done', async () => {
      await sim.command({ action: 'done', mo_id: 'WH/MO/00001' });
      const before = sim.effects().length;
      await write({ qty_producing: 980, move_raw_ids: commands() });
      assert.equal(sim.effects().length, before + 16, 'stock has moved again');
    });

    it('takes the reserved quantity for the consumption', async () => {
      const { move_id, planned } = order(sim, 1).moves[0] ?? { move_id: 0, planned: 0 };
      assert.equal(await read(field, 'stock.move', move_id), major < 17 ? 0 : planned);
    });

    it('takes what is left of the quantity of a short order for the order', async () => {
      await write({ qty_producing: 980, move_raw_ids: commands() });
      await done();
      assert.equal(await read('product_qty'), major < 17 ? 980 : 1000);
      assert.equal(((await read('move_raw_ids')) as []).length, major < 17 ? 30 : 15, 'cancelled moves beside the real ones');
    });

    it('looks for its order among the confirmed ones', async () => {
      await write({ qty_producing: 980 });
      const domain = [
        ['state', '=', 'confirmed'],
        ['id', '=', 1],
      ];
      assert.deepEqual(await call(sim, 'mrp.production', 'search', [domain]), []);
    });

    it('pages by offset while it works', async () => {
      const page = (offset: number) =>
        call(sim, 'mrp.production', 'search', [[['state', '=', 'confirmed']]], { offset, limit: 3, order: 'id' }) as Promise<number[]>;
      const seen = await page(0);
      await write({ qty_producing: 980 });
      assert.deepEqual([...seen, ...(await page(3))], [1, 2, 3, 5, 6, 7], 'order 4 was never seen');
    });

    it('knows orders by name', async () => {
      await write({ qty_producing: 500, move_raw_ids: commands() });
      await done({ ...DONE_CONTEXT, mo_ids_to_backorder: [1] });
      const found = await call(sim, 'mrp.production', 'search_count', [[['name', '=', 'WH/MO/00001']]]);
      assert.equal(found, 0);
    });

    it('takes every list without its order for a deleted one, and writes to its moves', async () => {
      const move = order(sim, 1).moves[0]?.move_id;
      await sim.command({ action: 'delete', mo_id: 'WH/MO/00001' });
      assert.deepEqual(await call(sim, 'mrp.production', 'read', [[1]], { fields: ['state'] }), []);
      const answer = await rpc(sim, 'stock.move', 'write', [[move], { [field]: 5 }]);
      assert.match(String(messageOf(answer)), major < 19 ? /cancelled stock move/ : /does not exist or has been deleted/);
    });

    it('asks for a field of another version', async () => {
      const other = major < 17 ? 'picked' : 'quantity_done';
      const answer = await rpc(sim, 'stock.move', 'search_read', [[]], { fields: [other], limit: 1 });
      assert.match(String(messageOf(answer)), new RegExp(`Invalid field '${other}'`));
    });
  });
}

describe('Odoo simulator scada: a client without our rules', () => {
  let sim: OdooSimulator;
  let cookie: string;

  beforeEach(async () => {
    sim = await startOdooSimulator({ port: 0, version: 'scada', orders: 3 });
    cookie = await session(sim, '/api/scada/authenticate');
  });
  afterEach(() => sim.close());

  const update = async (weights: Json) =>
    (await route(sim, '/api/scada/mo/update-with-consumptions', { mo_id: 'WH/MO/00001', ...weights }, cookie))['result'] as Json;
  const quantity = (index: number) => order(sim, 1).moves[index]?.quantity;

  it('clears a figure with 0', async () => {
    await update({ silo101: 250 });
    assert.equal((await update({ silo101: 0 }))['status'], 'success');
    assert.equal(quantity(0), 250);
  });

  it('takes status success for a complete push', async () => {
    await sim.command({ action: 'fault', fault: 'partial' });
    assert.equal((await update({ silo101: 250, silo102: 150 }))['status'], 'success');
    assert.equal(order(sim, 1).moves[1]?.picked, false);
  });

  it('takes status error for nothing written', async () => {
    await sim.command({ action: 'fault', fault: 'halfway' });
    assert.equal((await update({ silo101: 250, silo102: 150 }))['status'], 'error');
    assert.equal(quantity(0), 250);
  });

  it('loads the recipe of the list for an order of another size', async () => {
    await sim.command({ action: 'orders', count: 1, quantity: 500 });
    const answer = (await route(sim, '/api/scada/mo-list-detailed', {}, cookie))['result'] as { data: Json[] };
    const components = answer.data.at(-1)?.['components_consumption'] as Json[];
    const sum = components.reduce((total, component) => total + Number(component['to_consume']), 0);
    assert.equal(Math.round(sum), 1000, 'twice the order');
  });
});
