import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startOdooSimulator, type OdooSimulator } from '../../src/simulators/odoo/simulator';
import { call, consumed, DONE_CONTEXT, order, route, session, weighed, type Json } from '../support/odoo-simulator-client';

describe('Odoo simulator: upgrade', () => {
  let directory: string;
  let sim: OdooSimulator;

  const start = (version: string) => startOdooSimulator({ port: 0, version, orders: 3, stateFile: path.join(directory, 'state.json') });

  beforeEach(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'odoo-simulator-'));
    sim = await start('16');
  });
  afterEach(async () => {
    await sim.close();
    fs.rmSync(directory, { recursive: true });
  });

  const series = async () => {
    const answer = await route(sim, '/web/webclient/version_info', {});
    return (answer['result'] as Json)['server_version'];
  };
  const push = (version: string, id: number) =>
    call(sim, 'mrp.production', 'write', [[id], { qty_producing: 980, move_raw_ids: consumed(weighed(order(sim, id)), version) }]);

  it('goes on with the same orders, half-done ones included, under the names of the new version', async () => {
    await push('16', 1);
    const before = sim.orders();
    const event = await sim.command({ action: 'upgrade', version: '19' });
    assert.equal(event.text, 'the same database goes on as Odoo 19.0');
    assert.deepEqual([sim.orders(), await series()], [before, '19.0']);
    await assert.rejects(push('16', 2), /Invalid field 'quantity_done' in 'stock.move'/);
    await call(sim, 'mrp.production', 'button_mark_done', [[1]], { context: DONE_CONTEXT });
    const consumption = sim.effects().flatMap((effect) => (effect.kind === 'consume' ? [effect.quantity] : []));
    assert.deepEqual(
      consumption,
      weighed(before[0] ?? order(sim, 1)).map(({ quantity }) => quantity),
      'what 16 took as done is picked in 19',
    );
  });

  it('ends all sessions', async () => {
    const cookie = await session(sim, '/web/session/authenticate');
    const read = { model: 'mrp.production', method: 'search_count', args: [[]], kwargs: {} };
    assert.equal((await route(sim, '/web/dataset/call_kw', read, cookie))['result'], 3);
    await sim.command({ action: 'upgrade', version: '17' });
    assert.equal(((await route(sim, '/web/dataset/call_kw', read, cookie))['error'] as Json)['code'], 100);
  });

  it('outlives a restart, until another version is configured', async () => {
    await sim.command({ action: 'upgrade', version: '18' });
    await sim.close();
    sim = await start('16');
    assert.equal(await series(), '18.0');
    await sim.close();
    sim = await start('17');
    assert.equal(await series(), '17.0');
    await sim.close();
    sim = await start('17');
    assert.equal(await series(), '17.0');
  });

  it('is undone by a reset', async () => {
    await sim.command({ action: 'upgrade', version: '18' });
    await sim.command({ action: 'reset' });
    assert.equal(await series(), '16.0');
  });

  it('lets a person mark done in any version', async () => {
    for (const [index, version] of ['15', '16', '17', '18', '19', 'scada'].entries()) {
      await sim.command({ action: 'upgrade', version });
      await sim.command({ action: 'done', mo_id: `WH/MO/0000${index + 1}` });
      const { state, qty_produced, moves } = order(sim, index + 1);
      assert.deepEqual([state, qty_produced], ['done', 1000], version);
      assert.ok(moves.every((move) => move.quantity === move.planned));
    }
  });
});
