import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SmartMoError } from '../../src/errors';
import { consumptionOf } from '../../src/line/consumption';
import { checkOrder } from '../../src/line/orders';
import { pushBatch } from '../../src/line/push';
import type { Odoo, PushPayload } from '../../src/odoo/odoo';
import type { OdooSettings } from '../../src/odoo/settings';
import type { QueueRow } from '../../src/queue/batch';
import { type OdooSimulator, startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { bareLine } from '../support/bare';
import { type Counter, startCounter } from '../support/odoo-counter';
import { connectTo } from '../support/odoo-script';

const LINE = bareLine({ scaleBom: true });
const SERVERS = [
  { version: '15', protocol: 'jsonrpc', password: 'demo' },
  { version: '16', protocol: 'jsonrpc', password: 'demo' },
  { version: '17', protocol: 'jsonrpc', password: 'demo' },
  { version: '18', protocol: 'jsonrpc', password: 'demo-key' },
  { version: '19', protocol: 'jsonrpc', password: 'demo' },
  { version: '19', protocol: 'json2', password: 'demo-key' },
  { version: 'scada', protocol: 'scada', password: 'demo' },
];
const NEVER = new AbortController().signal;

/** What a PLC would have weighed of ten MOs, two per cent less than planned, frozen as it is for a push. */
async function weighTen(odoo: Odoo): Promise<PushPayload[]> {
  const orders = await odoo.listConfirmed({ limit: 10, seen: [], domain: [] });
  assert.equal(orders.length, 10);
  return orders.map((order) => {
    const checked = checkOrder(order, LINE);
    assert.ok('entry' in checked, JSON.stringify(checked));
    const { entry } = checked;
    const actual = Object.fromEntries(entry.materials.map(({ tag, planned }) => [tag, Math.round(planned * 98) / 100]));
    const row = { ...entry, actual, actual_weight: entry.quantity * 0.98 } as unknown as QueueRow & { odoo_id: number };
    return consumptionOf(row, LINE, true);
  });
}

const push = (odoo: Odoo, payload: PushPayload): Promise<void> => pushBatch(odoo, payload, { strictConsumption: false, digits: 2 }, NEVER);

/** Each MO done once, with exactly the weighed figures. */
function assertPushed(odoo: OdooSimulator, payloads: readonly PushPayload[]): void {
  const effects = odoo.effects();
  for (const { mo_id, moves } of payloads) {
    const of = effects.filter((effect) => effect.mo_id === mo_id);
    assert.equal(of.filter((effect) => effect.kind === 'done').length, 1, mo_id);
    const consumed = of.reduce((sum, effect) => sum + (effect.kind === 'consume' ? effect.quantity : 0), 0);
    assert.equal(consumed.toFixed(2), moves.reduce((sum, move) => sum + move.quantity, 0).toFixed(2), mo_id);
  }
}

describe('one client, all versions and protocols of Odoo', () => {
  let simulator: OdooSimulator;
  let counter: Counter;
  let odoo: Odoo;

  async function start(version: string, settings: Partial<OdooSettings>, stateFile: string | null = null): Promise<void> {
    simulator = await startOdooSimulator({ port: 0, version, orders: 12, stateFile });
    counter = await startCounter(simulator.url);
    odoo = connectTo(counter.url, { database: 'demo', login: 'demo', ...settings });
  }
  afterEach(async () => {
    odoo.close();
    await Promise.all([simulator.close(), counter.close()]);
  });

  for (const { version, protocol, password } of SERVERS) {
    it(`${version} over ${protocol}: ten MOs of fifteen components, one write, one done, four reads each`, async () => {
      await start(version, { password });
      const probe = await odoo.probe();
      assert.equal(probe.protocol, protocol);
      assert.equal(probe.confirmed, 12);
      assert.notEqual(probe.mayChange, false);
      const payloads = await weighTen(odoo);
      counter.asked.length = 0;
      for (const payload of payloads) await push(odoo, payload);
      assertPushed(simulator, payloads);

      const counts: Record<string, number> = {};
      for (const name of counter.asked) counts[name] = (counts[name] ?? 0) + 1;
      const [write, done] =
        protocol === 'scada'
          ? ['/api/scada/mo/update-with-consumptions', '/api/scada/mo/mark-done']
          : ['mrp.production.write', 'mrp.production.button_mark_done'];
      assert.deepEqual(counts, { [write]: 10, [done]: 10, 'mrp.production.search_read': 20, 'stock.move.search_read': 20 });
    });
  }

  it('an upgrade from 17 to 19 with ten batches in work fails none, and is told once [fault: odoo-upgraded]', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upgrade-'));
    const stateFile = path.join(folder, 'odoo.json');
    try {
      await start('17', { password: 'demo-key', retryMin: 0.001, retryMax: 0.002 }, stateFile);
      const payloads = await weighTen(odoo);
      // Two are done, one is written but not done, the others wait.
      for (const payload of payloads.slice(0, 2)) await push(odoo, payload);
      const half = payloads[2]!;
      await odoo.push(half, (await odoo.readOrder(half.odoo_id))!);
      assert.equal(odoo.upgrade(), null);

      await simulator.close();
      await assert.rejects(push(odoo, half), (error) => error instanceof SmartMoError && error.retryable);
      simulator = await startOdooSimulator({ port: 0, version: '19', orders: 12, stateFile });
      counter.target(simulator.url);
      counter.asked.length = 0;
      for (const payload of payloads) await push(odoo, payload);
      assertPushed(simulator, payloads);
      const { from, to } = odoo.upgrade()!;
      assert.deepEqual([from, to], ['17.0', '19.0']);
      assert.equal(counter.asked.filter((name) => name === 'stock.move.fields_get').length, 1, 'the names are asked once');
      const { protocol, version } = await odoo.probe();
      assert.deepEqual([protocol, version], ['json2', '19.0']);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
