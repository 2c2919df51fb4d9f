import assert from 'node:assert/strict';
import dns from 'node:dns';
import { systemClock } from '../../src/clock';
import { createPostgres } from '../../src/database/postgres';
import { accessFrom } from '../../src/database/settings';
import { createOdoo } from '../../src/odoo/client';
import { createModbusPlc } from '../../src/plc/modbus';
import { startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { startPlcSimulator } from '../../src/simulators/plc/simulator';
import { modbusSettings } from '../support/modbus';
import { testServer } from '../support/postgres';

const NAME = 'two-addresses.plant';
/** Nobody listens at the first: what the tests start is bound to the second. */
const ADDRESSES = [
  { address: '127.0.0.2', family: 4 },
  { address: '127.0.0.1', family: 4 },
];

/** A server that moved, or one that also has an IPv6 address which nobody serves: its name has two addresses, and the first refuses. */
describe('a name with two addresses, of which only the second answers', () => {
  const { lookup } = dns;
  let asked = 0;

  beforeEach(() => {
    asked = 0;
    const instead = (name: string, options: dns.LookupOptions, found: (error: Error | null, ...result: unknown[]) => void): void => {
      if (name !== NAME) return lookup(name, options, found);
      asked += 1;
      if (options.all) found(null, ADDRESSES);
      else found(null, ADDRESSES[0]?.address, 4);
    };
    dns.lookup = instead as unknown as typeof lookup;
  });
  afterEach(() => {
    dns.lookup = lookup;
    assert.ok(asked > 0, 'the name was looked up');
  });

  it('of the PLC', async () => {
    const simulator = await startPlcSimulator({ port: 0 }, { clock: systemClock });
    const plc = createModbusPlc(modbusSettings(simulator.port, { host: NAME }), { clock: systemClock });
    try {
      assert.equal((await plc.read('holding', 6000, 77)).length, 77);
      assert.equal(plc.state().state, 'ok');
    } finally {
      plc.close();
      await simulator.close();
    }
  });

  it('of Odoo', async () => {
    const simulator = await startOdooSimulator({ port: 0, orders: 3 });
    const settings = { url: `http://${NAME}:${simulator.port}`, database: 'demo', login: 'demo', password: 'demo' };
    const odoo = createOdoo(
      { ...settings, protocol: 'jsonrpc', timeout: 5, quietTime: 150, retryMin: 2, retryMax: 300 },
      { clock: systemClock },
    );
    try {
      await odoo.probe(new AbortController().signal);
      assert.equal(odoo.state().state, 'ok');
    } finally {
      odoo.close();
      await simulator.close();
    }
  });

  it('of PostgreSQL', async function () {
    const { servers, ...access } = accessFrom((await testServer(this)).settings);
    const database = createPostgres({ ...access, host: NAME, port: servers[0]?.port, tables: 'leave' });
    try {
      assert.deepEqual(await database.query('SELECT 1 AS one'), [{ one: 1 }]);
    } finally {
      await database.close();
    }
  });
});
