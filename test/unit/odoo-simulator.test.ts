import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import { startOdooSimulator, type OdooSimulator, type SimulatorEvent } from '../../src/simulators/odoo/simulator';
import { call, consumed, DONE_CONTEXT, order, rpc, weighed, type Json } from '../support/odoo-simulator-client';

const CODES = [...Array.from({ length: 13 }, (_, index) => `SILO-${101 + index}`), 'LQ114', 'LQ115'];

describe('Odoo simulator', () => {
  let sim: OdooSimulator;
  const events: SimulatorEvent[] = [];

  beforeEach(async () => {
    events.length = 0;
    sim = await startOdooSimulator({ port: 0, orders: 12 }, { onEvent: (event) => events.push(event) });
  });
  afterEach(() => sim.close());

  const search = (model: string, domain: unknown[], kwargs: Json = {}) =>
    call(sim, model, 'search_read', [domain], kwargs) as Promise<Json[]>;
  const names = async (domain: unknown[], kwargs: Json = {}) =>
    (await search('mrp.production', domain, { fields: ['name'], ...kwargs })).map((found) => found['name']);

  async function push(odooId: number): Promise<void> {
    const view = order(sim, odooId);
    await call(sim, 'mrp.production', 'write', [[odooId], { qty_producing: 980, move_raw_ids: consumed(weighed(view)) }]);
    await call(sim, 'mrp.production', 'button_mark_done', [[odooId]], { context: DONE_CONTEXT });
  }

  describe('orders', () => {
    it('names every bundled material and adds up to the quantity', () => {
      const views = sim.orders();
      assert.equal(views.length, 12);
      assert.deepEqual([views[0]?.mo_id, views[11]?.mo_id], ['WH/MO/00001', 'WH/MO/00012']);
      for (const { moves, quantity } of views) {
        assert.deepEqual(
          moves.map(({ product }) => product),
          CODES,
        );
        assert.equal(Math.round(moves.reduce((sum, { planned }) => sum + planned, 0) * 100) / 100, quantity);
      }
      assert.ok(new Set(views.map(({ product }) => product)).size >= 3, 'varied recipes');
      const starts = views.map(({ planned_start }) => planned_start);
      assert.deepEqual(starts, [...new Set(starts)].sort());
    });

    it('keeps the sum at an uneven quantity', async () => {
      const uneven = await startOdooSimulator({ port: 0, orders: 4, quantity: 333.33 });
      for (const { moves } of uneven.orders()) assert.equal(Math.round(moves.reduce((sum, { planned }) => sum + planned, 0) * 100), 33_333);
      await uneven.close();
    });

    it('repeats the same recipes with the same seed only', async () => {
      const [same, other] = await Promise.all([
        startOdooSimulator({ port: 0, orders: 12 }),
        startOdooSimulator({ port: 0, orders: 12, seed: 2 }),
      ]);
      const products = (simulator: OdooSimulator) => simulator.orders().map(({ product }) => product);
      assert.deepEqual(products(same), products(sim));
      assert.notDeepEqual(products(other), products(sim));
      await Promise.all([same.close(), other.close()]);
    });

    it('adds a new one with the next number as soon as one is no longer confirmed', async () => {
      await call(sim, 'mrp.production', 'write', [[3], { qty_producing: 10 }]);
      assert.equal(await call(sim, 'mrp.production', 'search_count', [[['state', '=', 'confirmed']]]), 12);
      assert.equal(sim.orders().at(-1)?.mo_id, 'WH/MO/00013');
      assert.ok((sim.orders()[12]?.planned_start ?? '') > (sim.orders()[11]?.planned_start ?? ''));
    });

    it('forgets the oldest ended orders beyond keepEnded, with their effects', async () => {
      const small = await startOdooSimulator({ port: 0, orders: 2, keepEnded: 1 });
      for (const id of [1, 2]) await small.command({ action: 'done', mo_id: order(small, id).mo_id });
      assert.deepEqual(
        small.orders().map(({ odoo_id, state }) => [odoo_id, state]),
        [
          [2, 'done'],
          [3, 'confirmed'],
          [4, 'confirmed'],
        ],
      );
      assert.ok(small.effects().every(({ odoo_id }) => odoo_id === 2));
      assert.equal(await call(small, 'stock.move', 'search_count', [[]]), 45);
      await small.close();
    });
  });

  describe('effects', () => {
    it('logs what moved stock and the end of the order, once', async () => {
      await push(1);
      await push(1);
      const view = order(sim, 1);
      const about = { at: '', mo_id: 'WH/MO/00001', odoo_id: 1 };
      assert.deepEqual(
        sim.effects().map((effect) => ({ ...effect, at: '' })),
        [
          ...view.moves.map(({ product, planned }) => ({ ...about, kind: 'consume', product, quantity: Math.round(planned * 98) / 100 })),
          { ...about, kind: 'produce', product: view.product, quantity: 980 },
          { ...about, kind: 'done' },
        ],
      );
      assert.deepEqual(
        events.map(({ event, mo_id }) => [event, mo_id]),
        [['done', 'WH/MO/00001']],
      );
    });

    it('leaves no trace of a write that fails in its last command', async () => {
      const before = sim.orders();
      const commands = [...consumed(weighed(order(sim, 1))), [1, 999_999, { quantity: 1, picked: true }]];
      const answer = await rpc(sim, 'mrp.production', 'write', [[1], { qty_producing: 980, move_raw_ids: commands }]);
      assert.equal(((answer['error'] as Json)['data'] as Json)['name'], 'odoo.exceptions.MissingError');
      assert.deepEqual(sim.orders(), before);
    });

    it('moves the product again when qty_producing of a done order is changed', async () => {
      await push(1);
      await call(sim, 'mrp.production', 'write', [[1], { qty_producing: 900 }]);
      const last = sim.effects().at(-1);
      assert.equal(last?.kind === 'produce' && last.quantity, -80);
    });

    it('moves stock once when four clients mark done at once', async () => {
      await call(sim, 'mrp.production', 'write', [[1], { qty_producing: 980, move_raw_ids: consumed(weighed(order(sim, 1))) }]);
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => call(sim, 'mrp.production', 'button_mark_done', [[1]], { context: DONE_CONTEXT })),
      );
      assert.deepEqual(answers, [true, true, true, true]);
      assert.equal(sim.effects().filter(({ kind }) => kind === 'done').length, 1);
      assert.equal(sim.effects().length, 17);
    });
  });

  describe('searching', () => {
    it('pages by planned start without the ids already seen', async () => {
      const page = { order: 'date_start asc, id asc', limit: 5 };
      const confirmed = ['state', '=', 'confirmed'];
      const first = await search('mrp.production', [confirmed], { fields: ['id'], ...page });
      const second = await search('mrp.production', [confirmed, ['id', 'not in', first.map(({ id }) => id)]], { fields: ['id'], ...page });
      assert.deepEqual(
        [...first, ...second].map(({ id }) => id),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
    });

    for (const [domain, expected] of [
      [[['id', '<', 3]], [1, 2]],
      [[['id', '>=', 11]], [11, 12]],
      [
        ['|', ['id', '=', 2], ['id', '=', 4]],
        [2, 4],
      ],
      [
        ['&', ['id', 'in', [1, 2, 3]], '!', ['id', '=', 2]],
        [1, 3],
      ],
      [
        [
          ['id', '<=', 2],
          ['state', '!=', 'done'],
        ],
        [1, 2],
      ],
      [[['name', 'like', 'MO/0000_']], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
      [[['name', 'ilike', 'mo/0001']], [10, 11, 12]],
      [[['name', 'like', 'mo/0001']], []],
      [[['move_raw_ids', 'in', [16]]], [1]],
      [[['product_id.default_code', 'like', 'SILO']], []],
      [
        [
          ['date_deadline', '=', false],
          ['id', '=', 7],
        ],
        [7],
      ],
      [[['date_deadline', '<', '2100-01-01 00:00:00']], []],
    ] as [unknown[], number[]][]) {
      it(`understands ${JSON.stringify(domain)}`, async () => {
        assert.deepEqual(
          (await search('mrp.production', domain, { fields: ['id'], order: 'id' })).map(({ id }) => id),
          expected,
        );
      });
    }

    it('compares a many2one by id or by label', async () => {
      const product = order(sim, 1).product;
      const byCode = await names([['product_id.default_code', '=', product]]);
      assert.ok(byCode.includes('WH/MO/00001'));
      assert.deepEqual(await names([['product_id', 'ilike', `[${product}]`]]), byCode);
      const moves = await search('stock.move', [['raw_material_production_id', '=', 2]], { fields: ['product_id'] });
      assert.equal(moves.length, 15);
    });

    it('sorts down and skips', async () => {
      assert.deepEqual(await names([], { order: 'id desc', limit: 2, offset: 1 }), ['WH/MO/00011', 'WH/MO/00010']);
    });

    for (const [what, domain] of [
      ['an operator', [['id', '~', 1]]],
      ['a broken term', [['id', '=']]],
      ['a dangling operator', ['|', ['id', '=', 1]]],
    ] as [string, unknown[]][]) {
      it(`refuses ${what}`, async () => {
        const answer = await rpc(sim, 'mrp.production', 'search_read', [domain]);
        assert.equal(((answer['error'] as Json)['data'] as Json)['name'], 'builtins.ValueError');
      });
    }
  });

  it('refuses to be done with a lot-tracked material and no lot', async () => {
    await call(sim, 'product.product', 'write', [[2], { tracking: 'lot' }]);
    await call(sim, 'mrp.production', 'write', [[1], { qty_producing: 980, move_raw_ids: consumed(weighed(order(sim, 1))) }]);
    const answer = await rpc(sim, 'mrp.production', 'button_mark_done', [[1]], { context: DONE_CONTEXT });
    assert.equal(
      ((answer['error'] as Json)['data'] as Json)['message'],
      'You need to supply a Lot/Serial Number for product: \n - [SILO-101] Silo 101 ingredient',
    );
    assert.equal(order(sim, 1).state, 'progress');
  });

  it('takes numbers as text and rounds them to two decimals', async () => {
    await call(sim, 'mrp.production', 'write', [[1], { qty_producing: ' 979.996 ' }]);
    assert.equal(order(sim, 1).qty_producing, 980);
  });

  it('keeps chatter notes', async () => {
    assert.equal(await call(sim, 'mrp.production', 'message_post', [[2]], { body: 'batch 2' }), 1);
    assert.deepEqual(order(sim, 2).notes, ['batch 2']);
  });

  describe('commands', () => {
    it('does what a person does in Odoo', async () => {
      assert.equal((await sim.command({ action: 'cancel', mo_id: 'WH/MO/00001' })).text, 'a person cancelled WH/MO/00001');
      await sim.command({ action: 'done', mo_id: 'WH/MO/00002' });
      await sim.command({ action: 'delete', mo_id: 'WH/MO/00003' });
      assert.equal(order(sim, 1).state, 'cancel');
      assert.deepEqual([order(sim, 2).state, order(sim, 2).qty_produced], ['done', 1000]);
      assert.ok(!sim.orders().some(({ odoo_id }) => odoo_id === 3));
      assert.equal(sim.orders().filter(({ state }) => state === 'confirmed').length, 12);
    });

    it('adds orders and starts over', async () => {
      await sim.command({ action: 'orders', count: 3 });
      assert.equal(sim.orders().length, 15);
      await sim.command({ action: 'done', mo_id: 'WH/MO/00015' });
      await sim.command({ action: 'reset' });
      assert.deepEqual([sim.orders().length, sim.effects().length], [12, 0]);
    });

    for (const [payload, text] of [
      ['orders', /msg\.payload is "orders"; allowed: an object/],
      [{ action: 'explode' }, /action is "explode"; allowed: orders, cancel, done, delete, fault, upgrade, clear, reset/],
      [{ action: 'orders', count: 0 }, /count is 0; allowed: a whole number from 1 to 10000/],
      [{ action: 'orders' }, /count is missing/],
      [{ action: 'orders', count: 1, quantity: 0 }, /quantity is 0; allowed: kg above 0/],
      [{ action: 'upgrade', version: '20' }, /version is "20"; allowed: 15, 16, 17, 18, 19, scada/],
      [{ action: 'cancel', mo_id: 'WH/MO/99999' }, /mo_id is "WH\/MO\/99999"; the simulator has no order of that name/],
      [{ action: 'done' }, /mo_id is missing; allowed: the name of an order/],
      [{ action: 'fault', fault: 'fire' }, /fault is "fire"; allowed: down, http-404, http-429/],
      [{ action: 'fault', fault: 'hang', times: 1, seconds: 1 }, /not both/],
      [{ action: 'fault', fault: 'hang', seconds: -1 }, /seconds is -1; allowed: seconds above 0/],
      [{ action: 'fault', fault: 'down', times: 1 }, /seconds is missing; allowed: a number of seconds/],
    ] as [unknown, RegExp][]) {
      it(`refuses ${JSON.stringify(payload)}`, async () => {
        await assert.rejects(
          sim.command(payload),
          (error) => error instanceof SmartMoError && error.code === 'INPUT_INVALID' && text.test(error.message),
        );
      });
    }

    it('refuses what a person cannot do either', async () => {
      await sim.command({ action: 'done', mo_id: 'WH/MO/00002' });
      for (const action of ['done', 'cancel', 'delete']) {
        await assert.rejects(sim.command({ action, mo_id: 'WH/MO/00002' }), /WH\/MO\/00002 is in state done/);
      }
    });
  });

  for (const [options, text] of [
    [{ version: '20' }, /version "20" of Odoo is not simulated; use 15, 16, 17, 18, 19, scada/],
    [{ orders: -1 }, /orders of the Odoo simulator is -1; use a whole number from 0 to 10000/],
    [{ quantity: Number.NaN }, /quantity of the Odoo simulator is NaN/],
  ] as [object, RegExp][]) {
    it(`refuses the options ${JSON.stringify(options)}`, async () => {
      await assert.rejects(
        startOdooSimulator({ port: 0, ...options }),
        (error) => error instanceof SmartMoError && error.code === 'CONFIG_INVALID' && text.test(error.message),
      );
    });
  }

  it('says that its port is taken', async () => {
    await assert.rejects(startOdooSimulator({ port: sim.port }), new RegExp(`cannot use port ${sim.port} .*choose another Port`));
  });
});
