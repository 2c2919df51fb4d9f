import assert from 'node:assert/strict';
import { startOdooSimulator, type OdooSimulator } from '../../src/simulators/odoo/simulator';
import { call, order, post, route, session, type Json } from '../support/odoo-simulator-client';

const FIRST = 'WH/MO/00001';
const UPDATE = 'mo/update-with-consumptions';

describe('Odoo simulator: the plant module (scada)', () => {
  let sim: OdooSimulator;
  let cookie: string;

  beforeEach(async () => {
    sim = await startOdooSimulator({ port: 0, version: 'scada', orders: 12 });
    cookie = await session(sim, '/api/scada/authenticate');
  });
  afterEach(() => sim.close());

  const scada = (path: string, params: Json) => route(sim, `/api/scada/${path}`, params, cookie);
  const result = async (path: string, params: Json) => (await scada(path, params))['result'] as Json;
  const list = async (params: Json = {}) => (await result('mo-list-detailed', params))['data'] as Json[];
  const consumption = () => Object.fromEntries(order(sim, 1).moves.map((move) => [move.product, move.picked ? move.quantity : 0]));

  describe('sessions', () => {
    it('tells health and version to anybody', async () => {
      assert.deepEqual(await (await fetch(`${sim.url}/api/scada/health`)).json(), { status: 'ok' });
      assert.match(JSON.stringify(await (await fetch(`${sim.url}/api/scada/version`)).json()), /"version":"14\.0/);
    });

    it('logs in on either route and refuses a wrong password in the way of each', async () => {
      const wrong = { db: 'demo', login: 'demo', password: 'wrong' };
      assert.equal((await result('authenticate', wrong))['status'], 'error');
      assert.ok((await route(sim, '/web/session/authenticate', wrong))['error']);
      const other = await session(sim, '/web/session/authenticate');
      assert.equal(((await route(sim, '/api/scada/mo-list-detailed', {}, other))['result'] as Json)['status'], 'success');
    });

    it('answers code 100 without a session and after its end, until the client logs in again', async () => {
      const code = async () => ((await scada('mo-list-detailed', {}))['error'] as Json | undefined)?.['code'];
      await sim.command({ action: 'fault', fault: 'session' });
      assert.deepEqual([await code(), await code()], [100, 100], 'a mere repetition does not help');
      cookie = await session(sim, '/api/scada/authenticate');
      assert.equal(await code(), undefined);
    });

    it('lets a client log in while every session ends at once', async () => {
      await sim.command({ action: 'fault', fault: 'session', seconds: 600 });
      cookie = await session(sim, '/api/scada/authenticate');
      assert.notEqual(cookie, '');
      assert.ok((await scada('mo-list-detailed', {}))['error']);
    });

    it('reads states with the same session and lets nothing be written that way', async () => {
      const kw = (method: string, args: unknown[]) =>
        route(sim, '/web/dataset/call_kw', { model: 'mrp.production', method, args, kwargs: {} }, cookie);
      const found = (await kw('search_read', [[['name', '=', FIRST]], ['name', 'state', 'date_planned_start']]))['result'] as Json[];
      assert.equal(found[0]?.['state'], 'confirmed');
      const refused = (await kw('write', [[1], { qty_producing: 5 }]))['error'] as { data: Json };
      assert.equal(refused.data['name'], 'odoo.exceptions.AccessError');
      assert.equal(order(sim, 1).qty_producing, 0);
    });
  });

  describe('the list', () => {
    it('names orders, products and equipment', async () => {
      const [first] = await list();
      assert.ok(first);
      assert.equal(first['mo_id'], FIRST);
      assert.match(String(first['schedule_start']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
      const components = first['components_consumption'] as Json[];
      assert.equal(components.length, 15);
      assert.deepEqual(components[0]?.['equipment'], { code: 'silo101', name: 'Silo 101' });
      assert.deepEqual(components[14]?.['equipment'], { code: 'lq115', name: 'Tank 115' });
      assert.equal(components.reduce((sum, component) => sum + Number(component['to_consume']), 0).toFixed(2), '1000.00');
    });

    it('pages by planned start, and does not look at a body without envelope', async () => {
      const names = (orders: Json[]) => orders.map((entry) => entry['mo_id']);
      assert.deepEqual(names(await list({ limit: 2, offset: 10 })), ['WH/MO/00011', 'WH/MO/00012']);
      const bare = await post(sim, { limit: 2, offset: 10 }, '/api/scada/mo-list-detailed', { Cookie: cookie });
      const answer = ((await bare.json()) as { result: { data: Json[] } }).result;
      assert.equal(answer.data.length, 10);
      assert.equal(answer.data[0]?.['mo_id'], FIRST);
    });

    it('puts the later of two orders with one planned start first', async () => {
      await call(sim, 'mrp.production', 'write', [[2], { date_planned_start: order(sim, 1).planned_start }]);
      assert.deepEqual(
        (await list({ limit: 3 })).map((entry) => entry['mo_id']),
        ['WH/MO/00002', 'WH/MO/00001', 'WH/MO/00003'],
      );
    });

    it('shows the recipe as it is written, not scaled to the order', async () => {
      await sim.command({ action: 'orders', count: 1, quantity: 250 });
      const last = (await list({ limit: 20 })).at(-1);
      assert.equal(last?.['quantity'], 250);
      const sum = (last['components_consumption'] as Json[]).reduce((total, component) => total + Number(component['to_consume']), 0);
      assert.equal(sum.toFixed(2), '1000.00');
    });

    it('lets a component without equipment inherit that of its order, or shows none', async () => {
      await call(sim, 'stock.move', 'write', [[order(sim, 1).moves[0]?.move_id], { product_id: 20 }]);
      await call(sim, 'stock.move', 'write', [[order(sim, 4).moves[0]?.move_id], { product_id: 20 }]);
      const equipment = (await list()).map((entry) => (entry['components_consumption'] as Json[])[0]?.['equipment']);
      assert.deepEqual([equipment[0], equipment[3]], [{ code: 'PLC01', name: 'Batching PLC' }, null]);
    });
  });

  describe('consumption', () => {
    it('replaces what was written, and leaves alone what is 0 or less', async () => {
      await result(UPDATE, { mo_id: FIRST, quantity: 990, silo101: 200, silo102: 150 });
      const answer = await result(UPDATE, { mo_id: FIRST, silo101: 210, silo102: 0, silo103: -4 });
      assert.deepEqual([consumption()['SILO-101'], consumption()['SILO-102'], consumption()['SILO-103']], [210, 150, 0]);
      const { status, updated_finished_qty, consumed_items, errors } = answer;
      assert.deepEqual([status, updated_finished_qty, errors], ['success', 990, []]);
      assert.deepEqual(consumed_items, [
        { equipment_code: 'silo101', applied_qty: 210, move_ids: [order(sim, 1).moves[0]?.move_id], products: ['Silo 101 ingredient'] },
      ]);
    });

    it('calls it a success although an equipment is unknown', async () => {
      const answer = await result(UPDATE, { mo_id: FIRST, silo101: 200, silo999: 5 });
      assert.equal(answer['status'], 'success');
      assert.match(String(answer['errors']), /silo999/);
      assert.equal(consumption()['SILO-101'], 200);
    });

    it('keeps what was written before an error in the middle', async () => {
      const answer = await result(UPDATE, { mo_id: FIRST, silo101: 200, silo102: 'much', silo103: 100 });
      assert.equal(answer['status'], 'error');
      assert.deepEqual([consumption()['SILO-101'], consumption()['SILO-103']], [200, 0]);
    });

    for (const [fault, status] of [
      ['partial', 'success'],
      ['halfway', 'error'],
    ] as const) {
      it(`${fault}: writes the first half and answers ${status}`, async () => {
        await sim.command({ action: 'fault', fault });
        const answer = await result(UPDATE, { mo_id: FIRST, silo101: 200, silo102: 150, silo103: 100, silo104: 50 });
        assert.equal(answer['status'], status);
        assert.equal((answer['errors'] as []).length, fault === 'partial' ? 2 : 0);
        const { 'SILO-101': a, 'SILO-102': b, 'SILO-103': c, 'SILO-104': d } = consumption();
        assert.deepEqual([a, b, c, d], [200, 150, 0, 0]);
      });
    }
  });

  describe('done and cancelled', () => {
    const weights = { silo101: 300, silo102: 180, lq114: 20 };

    it('is done with the quantity given, once', async () => {
      await result(UPDATE, { mo_id: FIRST, ...weights });
      const params = { mo_id: FIRST, finished_qty: 985, date_end_actual: '2026-01-02T03:04:05' };
      assert.equal((await result('mo/mark-done', params))['status'], 'success');
      const { state, qty_produced, end } = order(sim, 1);
      assert.deepEqual([state, qty_produced, end], ['done', 985, '2026-01-02 03:04:05']);
      const effects = sim.effects().length;
      for (const path of ['mo/mark-done', UPDATE, 'mo/cancel']) assert.equal((await result(path, params))['status'], 'error', path);
      assert.equal(sim.effects().length, effects);
    });

    it('refuses to be done with nothing produced, nothing consumed, or under an unknown name', async () => {
      for (const params of [
        { mo_id: FIRST, finished_qty: 0 },
        { mo_id: FIRST, finished_qty: 985 },
        { mo_id: 'WH/MO/1', finished_qty: 5 },
      ]) {
        assert.equal((await result('mo/mark-done', params))['status'], 'error', JSON.stringify(params));
      }
      assert.deepEqual([order(sim, 1).state, order(sim, 1).qty_producing], ['confirmed', 0], 'a refusal changes nothing');
    });

    it('is cancelled as often as asked', async () => {
      const answers = [await result('mo/cancel', { mo_id: FIRST }), await result('mo/cancel', { mo_id: FIRST })];
      assert.deepEqual(
        answers.map(({ status, mo_state }) => [status, mo_state]),
        [
          ['success', 'cancel'],
          ['success', 'cancel'],
        ],
      );
      assert.match(String(answers[1]?.['message']), /already cancelled/);
      assert.equal((await result(UPDATE, { mo_id: FIRST, ...weights }))['status'], 'error');
    });
  });

  it('puts refusals into the answer and faults of the framework above it', async () => {
    await sim.command({ action: 'fault', fault: 'refused' });
    assert.equal((await result('mo/cancel', { mo_id: FIRST }))['status'], 'error');
    await sim.command({ action: 'fault', fault: 'serialization' });
    assert.ok((await scada('mo/cancel', { mo_id: FIRST }))['error']);
    assert.equal(order(sim, 1).state, 'confirmed');
  });

  it('answers without envelope when it is told to', async () => {
    const bare = await startOdooSimulator({ port: 0, version: 'scada', orders: 1, bare: true });
    const own = await session(bare, '/api/scada/authenticate');
    const answer = await route(bare, '/api/scada/mo-list-detailed', {}, own);
    assert.deepEqual(Object.keys(answer), ['status', 'count', 'data']);
    assert.ok((await route(bare, '/api/scada/mo-list-detailed', {}))['error'], 'an expired session stays a fault of the framework');
    await bare.close();
  });

  it('is not there in stock Odoo', async () => {
    await sim.command({ action: 'upgrade', version: '15' });
    assert.equal((await fetch(`${sim.url}/api/scada/health`)).status, 404);
  });
});
