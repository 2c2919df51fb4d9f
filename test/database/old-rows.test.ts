import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { createPostgres } from '../../src/database/postgres';
import type { Database } from '../../src/database/database';
import type { PostgresSettings } from '../../src/database/settings';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { toRecord } from '../../src/queue/batch';
import { knownOrders } from '../../src/queue/gate';
import { historyPage } from '../../src/queue/history';
import { testServer } from '../support/postgres';
import { checkout } from '../support/tarball';

const TAGS = FEED_MILL_MATERIALS.map(({ tag }) => tag);
const page = readFileSync(path.join(checkout, 'docs', 'from-the-python-middleware.md'), 'utf8');
const [script = '', listing = ''] = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);

/** The tables of the Python middleware: a column for everything, once per silo. */
const OLD_COLUMNS = `
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), batch_no integer NOT NULL, mo_id varchar(64) NOT NULL, consumption numeric(18,3) NOT NULL,
  equipment_id_batch varchar(64) NOT NULL DEFAULT 'PLC01', finished_goods varchar(128),
  ${TAGS.map((tag) => `component_${tag}_name varchar(64), consumption_${tag} double precision, actual_consumption_${tag} double precision`).join(',\n  ')},
  status_manufacturing boolean NOT NULL DEFAULT false, status_operation boolean NOT NULL DEFAULT false,
  actual_weight_quantity_finished_goods numeric(18,3), last_read_from_plc timestamptz`;

const OLD_ROWS = `
INSERT INTO public.mo_histories
  (batch_no, mo_id, consumption, finished_goods, component_silo_a_name, consumption_silo_a, actual_consumption_silo_a,
   consumption_lq_fml, actual_consumption_lq_fml, status_manufacturing, actual_weight_quantity_finished_goods, last_read_from_plc, status, notes)
VALUES
  (1, 'WH/MO/00001', 1000, 'Layer feed', 'Maize', 600, 588.5, 20, 0, true, 997.25, '2026-01-05 10:00+00', 'completed', NULL),
  (2, 'WH/MO/00002', 1000, 'Layer feed', 'Maize', 600, NULL, NULL, NULL, false, NULL, NULL, 'cancelled', 'wrong recipe'),
  (3, 'WH/MO/00003', 1000, 'Layer feed', 'Maize', 600, 601, NULL, NULL, true, 1001, '2026-01-06 10:00+00', 'completed', NULL),
  (4, 'WH/MO/00003', 1000, 'Layer feed', 'Maize', 600, 602, NULL, NULL, true, 1002, '2026-01-07 10:00+00', 'completed', NULL),
  (5, 'WH/MO/00004', 1000, NULL, NULL, NULL, NULL, NULL, NULL, true, 0, '2026-01-08 10:00+00', 'failed', 'Odoo refused');
INSERT INTO public.mo_batch (batch_no, mo_id, consumption, finished_goods, consumption_silo_a, update_odoo)
VALUES (6, 'WH/MO/00005', 500, 'Layer feed', 300, false)`;

describe('rows of the Python middleware, brought over by the script of the docs', function () {
  this.timeout(60_000);
  const name = `old_${randomBytes(6).toString('hex')}`;
  let admin: Client;
  let owner: Client;
  let database: Database;
  let settings: PostgresSettings;

  before(async function () {
    const server = await testServer(this);
    admin = new Client({ connectionString: server.url });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    owner = new Client({ connectionString: url.href });
    await owner.connect();
    await owner.query(`CREATE TABLE public.mo_batch (${OLD_COLUMNS}, update_odoo boolean NOT NULL DEFAULT false)`);
    await owner.query(`CREATE TABLE public.mo_histories (${OLD_COLUMNS}, status varchar(20) NOT NULL DEFAULT 'completed', notes text)`);
    await owner.query(OLD_ROWS);
    settings = { ...server.settings, url: url.href };
    database = createPostgres({ ...settings, schema: 'smart_mo' });
  });
  after(async () => {
    await database?.close();
    await owner?.end();
    await admin?.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin?.end();
  });

  it('are in the way only in their own schema: SCHEMA_FOREIGN', async () => {
    const inTheWay = createPostgres({ ...settings, schema: 'public' });
    try {
      await assert.rejects(inTheWay.ready(), (error: unknown) => error instanceof SmartMoError && error.code === 'SCHEMA_FOREIGN');
    } finally {
      await inTheWay.close();
    }
  });

  it('become records that no fetch takes again', async () => {
    await database.ready();
    await owner.query(script);
    const names = [1, 2, 3, 4, 5, 6].map((number) => ({ mo_id: `WH/MO/0000${number}`, odoo_id: number }));
    const known = await knownOrders(database, 'main', names);
    assert.deepEqual([...known.keys()].sort(), ['WH/MO/00001', 'WH/MO/00002', 'WH/MO/00003', 'WH/MO/00004', 'WH/MO/00005']);
  });

  it('with plan, actual, weight and what became of them', async () => {
    const { total, rows } = await historyPage(database, 'main', { limit: 50, offset: 0, status: null, mo_id: null });
    assert.equal(total, 6);
    const records = rows.map((row) => toRecord(row, { scaleManual: false, mapping: { weightUnit: 'kg', unitOf: () => 'kg' } }));
    assert.deepEqual(records.map(({ mo_id, run, status, notes, actual_weight }) => [mo_id, run, status, notes, actual_weight]).sort(), [
      ['WH/MO/00001', 1, 'completed', null, 997.25],
      ['WH/MO/00002', 1, 'cancelled', 'wrong recipe', null],
      ['WH/MO/00003', 1, 'failed', 'completed more than once', 1001],
      ['WH/MO/00003', 2, 'completed', null, 1002],
      ['WH/MO/00004', 1, 'failed', 'Odoo refused', 0],
      ['WH/MO/00005', 1, 'failed', 'was still in the queue of the Python middleware', null],
    ]);
    const first = records.find(({ mo_id }) => mo_id === 'WH/MO/00001');
    assert.deepEqual(first?.materials, [
      { tag: 'silo_a', code: 'silo101', product: 'Maize', uom: 'kg', manual: false, planned: 600, actual: 588.5, source: 'plc' },
      { tag: 'lq_fml', code: 'lq115', product: '', uom: 'kg', manual: false, planned: 20, actual: 0, source: 'plc' },
    ]);
    assert.equal(first?.archived_at, '2026-01-05T10:00:00.000Z');
  });

  it('and are listed for a person where something is odd', async () => {
    const { rows } = await owner.query<{ mo_id: string }>(listing);
    assert.deepEqual(
      rows.map(({ mo_id }) => mo_id),
      ['WH/MO/00003', 'WH/MO/00004', 'WH/MO/00005'],
    );
  });

  it('stay as they were in the old tables', async () => {
    const { rows } = await owner.query<{ left: number }>(
      'SELECT (SELECT count(*) FROM public.mo_histories)::int + (SELECT count(*) FROM public.mo_batch)::int AS left',
    );
    assert.deepEqual(rows, [{ left: 6 }]);
  });

  it('are not brought over twice', async () => {
    await assert.rejects(owner.query(script), /duplicate key/);
  });
});
