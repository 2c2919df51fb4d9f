import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';
import { systemClock } from '../../src/clock';
import { accessFrom } from '../../src/database/settings';
import { type OdooSimulator, startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import type { OwnServer } from './own-server';
import type { Pair } from './pair';
import { testServer } from './postgres';
import { startWire, type Wire } from './wire';

/** What stands around Node-RED at a plant: Odoo, PLC and PostgreSQL, each behind a wire that can be broken. */
export interface Site {
  odoo: OdooSimulator;
  plc: PlcSimulator;
  wires: { odoo: Wire; plc: Wire; database: Wire };
  /** What the examples take from the environment. */
  env: Record<string, string>;
  /** Past the wire, as the owner of the tables. count and bigint want a cast to int. */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** MO names in mo_batch, by slot. */
  queued(): Promise<string[]>;
  /** MO names in mo_histories with that status, oldest first. */
  archived(status?: 'completed' | 'cancelled' | 'failed'): Promise<string[]>;
  /** Leases and retries are over: as if minutes had passed. */
  timePasses(): Promise<void>;
  close(): Promise<void>;
}

export interface SiteOptions {
  /** Confirmed orders that Odoo keeps ready. Default 25; 0 = only those a command adds. */
  orders?: number;
  /** Milliseconds Odoo takes for a call. Default 0. */
  latency?: number;
  /** Plant seconds per second; a batch takes 60. Default 2000. */
  speed?: number;
  /** Where the database is made. Default: the server of this mocha process. */
  server?: OwnServer['settings'];
  /** In place of one server: the database is made on the primary, and the environment names both. */
  pair?: Pair;
}

/** Everything of it is new: a database of its own on the test server, stand-ins on free ports. */
export async function startSite(context: Mocha.Context, options: SiteOptions = {}): Promise<Site> {
  const { orders = 25, latency = 0, speed = 2000, pair } = options;
  const {
    servers,
    user,
    password,
    database: home,
  } = accessFrom(pair?.primary().settings ?? options.server ?? (await testServer(context)).settings);
  const [server = { host: 'localhost', port: 5432 }] = servers;
  /** Of the primary, which may be another one by now. */
  const login = () => ({ ...server, port: pair?.primary().settings.port ?? server.port, user, password });
  const name = `site_${randomBytes(6).toString('hex')}`;
  await asAdmin({ ...login(), database: home }, `CREATE DATABASE ${name}`);

  const odoo = await startOdooSimulator({ port: 0, orders, latency, keepEnded: 10_000 });
  const plc = await startPlcSimulator({ port: 0, speed }, { clock: systemClock });
  const link = await pair?.connect();
  const single = link ? null : await startWire(server);
  const wires = {
    odoo: await startWire({ host: '127.0.0.1', port: odoo.port }),
    plc: await startWire({ host: '127.0.0.1', port: plc.port }),
    get database() {
      return single ?? link!.toPrimary();
    },
  };
  const pools = new Map<number, Pool>();

  function pool(): Pool {
    const { port } = login();
    const known = pools.get(port);
    if (known) return known;
    const made = new Pool({ ...login(), database: name, max: 2 });
    made.on('error', () => undefined);
    pools.set(port, made);
    return made;
  }

  async function names(sql: string, params: unknown[] = []): Promise<string[]> {
    const { rows } = await pool().query<{ mo_id: string }>(sql, params);
    return rows.map((row) => row.mo_id);
  }

  const hosts = link?.settings.host ?? `127.0.0.1:${wires.database.port}`;
  return {
    odoo,
    plc,
    wires,
    env: {
      DATABASE_URL: `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${hosts}/${name}?sslmode=disable`,
      ODOO_URL: `http://127.0.0.1:${wires.odoo.port}`,
      ODOO_DATABASE: 'demo',
      ODOO_LOGIN: 'demo',
      ODOO_PASSWORD: 'demo',
      PLC_HOST: '127.0.0.1',
      PLC_PORT: String(wires.plc.port),
    },
    query: async <Row extends object>(sql: string, params: unknown[] = []) =>
      (await pool().query<Row & Record<string, unknown>>(sql, params)).rows,
    queued: () => names('SELECT mo_id FROM mo_batch ORDER BY batch_no'),
    archived: (status = 'completed') => names('SELECT mo_id FROM mo_histories WHERE status = $1 ORDER BY id', [status]),
    async timePasses() {
      await pool().query('UPDATE mo_batch SET next_try_at = now() WHERE next_try_at > now()');
    },
    async close() {
      for (const one of pools.values()) await one.end();
      await Promise.all([...Object.values(wires).map((wire) => wire.close()), odoo.close(), plc.close()]);
      await asAdmin({ ...login(), database: home }, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** There is always another set to fetch, and not many more: all of it is done at the end. */
export async function moreWork({ odoo }: Site): Promise<void> {
  if (!odoo.orders().some(({ state }) => state === 'confirmed')) await odoo.command({ action: 'orders', count: 10 });
}

async function asAdmin(access: ConstructorParameters<typeof Client>[0], sql: string): Promise<void> {
  const client = new Client(access);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
