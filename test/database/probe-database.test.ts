import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serverAccount } from '../../src/database/builtin-binaries';
import { startBuiltinServer } from '../../src/database/builtin-server';
import type { PostgresSettings } from '../../src/database/settings';
import { probeDatabase as ask } from '../../src/probe/database';
import type { ProbeResult } from '../../src/probe/probe';
import { testDatabase, testSchema, testServer } from '../support/postgres';
import { skip } from '../support/skip';
import { waitFor } from '../support/wait';
import type { Told } from '../../src/sentence';
import { englishLater } from '../support/english';

const probeDatabase = englishLater(ask);

const CANARY = 'secret-canary-7f3a';

describe('test of a database', () => {
  let server: PostgresSettings;
  let admin: Client;
  before(async function () {
    const { settings, url } = await testServer(this);
    server = settings;
    admin = new Client({ connectionString: url });
    await admin.connect();
  });
  after(() => admin.end());

  const probe = (more: PostgresSettings): Promise<Told<ProbeResult>> => probeDatabase({ mode: 'postgres', ...server, ...more });
  const detail = ({ details }: Told<ProbeResult>, label: string): string | undefined => details.find((one) => one.label === label)?.value;

  async function role(): Promise<{ user: string; password: string; drop(): Promise<unknown> }> {
    const user = `probe_${randomBytes(6).toString('hex')}`;
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${CANARY}'`);
    return { user, password: CANARY, drop: () => admin.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`) };
  }

  it('says what will be made and makes nothing', async function () {
    const schema = await testSchema(this);
    const result = await probe({ schema });
    assert.equal(result.ok, true, result.text);
    assert.match(result.text, /^PostgreSQL \d+.* answers; the tables will be made by the next deploy$/);
    assert.match(detail(result, 'rights') ?? '', /is not there; user may create it/);
    const { rowCount } = await admin.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
    assert.equal(rowCount, 0);
  });

  it('counts the rows of every line', async function () {
    const database = await testDatabase(this);
    const { schema } = database;
    assert.equal(detail(await probe({ schema }), 'rows'), 'none yet');
    await admin.query(`INSERT INTO ${schema}.mo_fetch (line, fetch_seq, token) VALUES ('main', 1, gen_random_uuid())`);
    await admin.query(
      `INSERT INTO ${schema}.mo_batch (line, batch_no, mo_id, quantity, uom, materials, fetch_seq) SELECT 'main', n, 'MO/' || n, 1, 'kg', '[]', 1 FROM generate_series(1, 3) n`,
    );
    await admin.query(
      `INSERT INTO ${schema}.mo_histories (line, batch_no, mo_id, run, quantity, uom, materials, status_manufacturing, status_operation, push_attempt, fetch_seq, created_at, status, actor)
       VALUES ('wet', 1, 'MO/9', 1, 1, 'kg', '[]', 0, 0, 0, 1, now(), 'cancelled', 'test')`,
    );
    const result = await probe({ schema });
    assert.equal(detail(result, 'line main'), '3 in mo_batch, 0 in mo_histories');
    assert.equal(detail(result, 'line wet'), '0 in mo_batch, 1 in mo_histories');
    assert.match(result.text, /the tables are there$/);
  });

  it('tells a mo_batch of somebody else', async function () {
    const schema = await testSchema(this);
    await admin.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.mo_batch (id int)`);
    assert.match((await probe({ schema })).text, /^SCHEMA_FOREIGN: /);
  });

  it('tells a role that may not make the tables, and what to run', async function () {
    const schema = await testSchema(this);
    await admin.query(`CREATE SCHEMA ${schema}`);
    const { user, password, drop } = await role();
    const result = await probe({ ...bare(server), user, password, schema });
    assert.match(result.text, new RegExp(`^DB_RIGHTS: user ${user} may not create tables .*GRANT USAGE, CREATE ON SCHEMA ${schema}`));
    assert.doesNotMatch(JSON.stringify(result), new RegExp(CANARY));
    await drop();
  });

  it('tells a role that lacks a right on the tables that are there', async function () {
    const { schema } = await testDatabase(this);
    const { user, password, drop } = await role();
    await admin.query(
      `GRANT USAGE ON SCHEMA ${schema} TO ${user}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${schema} TO ${user}`,
    );
    const result = await probe({ ...bare(server), user, password, schema });
    assert.match(result.text, new RegExp(`^DB_RIGHTS: .*GRANT DELETE ON ${schema}.mo_batch TO "${user}"$`));
    await admin.query(`GRANT DELETE ON ${schema}.mo_batch TO ${user}`);
    assert.equal((await probe({ ...bare(server), user, password, schema })).ok, true);
    await drop();
  });

  for (const [what, more, text] of [
    [
      'a port where nothing listens',
      { host: '127.0.0.1', port: 1, user: 'mo', password: CANARY, url: '' },
      /^DB_UNREACHABLE: PostgreSQL at 127\.0\.0\.1:1/,
    ],
    ['a wrong password', { password: CANARY }, /^DB_RIGHTS: /],
    ['a database that is not there', { database: 'no_such_database' }, /^DB_UNREACHABLE: database "no_such_database" does not exist/],
    ['a URL whose @ is missing', { url: `postgres://plant:${CANARY}` }, /^CONFIG_INVALID|^CONFIG_MISSING/],
  ] as const) {
    it(`tells ${what} and never the password`, async () => {
      const result = await probe({ ...bare(server), ...more });
      assert.equal(result.ok, false);
      assert.match(result.text, text);
      assert.doesNotMatch(JSON.stringify(result), new RegExp(CANARY));
    });
  }

  it('leaves no connection behind', async () => {
    const { user, password, drop } = await role();
    for (const database of [bare(server).database ?? '', 'no_such_database']) await probe({ ...bare(server), user, password, database });
    await waitFor(
      async () => {
        const { rowCount } = await admin.query('SELECT 1 FROM pg_stat_activity WHERE usename = $1', [user]);
        return rowCount === 0;
      },
      { what: 'the end of the connections' },
    );
    await drop();
  });

  describe('builtin', () => {
    let directory: string;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'smart-mo-probe-'));
      if (await serverAccount()) await chmod(directory, 0o711);
    });
    afterEach(() => rm(directory, { recursive: true }));

    it('that does not run is not started', async function () {
      this.timeout(60_000);
      const missing = join(directory, 'postgres');
      const result = await probeDatabase({ mode: 'builtin', directory: missing });
      if (result.text.startsWith('BUILTIN_UNAVAILABLE')) skip(this, result.text);
      assert.match(result.text, /can run on this machine; the next deploy starts it with an empty database/);
      await assert.rejects(access(missing));
    });

    it('that runs is looked at and goes on running', async function () {
      this.timeout(60_000);
      const first = await probeDatabase({ mode: 'builtin', directory });
      if (first.text.startsWith('BUILTIN_UNAVAILABLE')) skip(this, first.text);
      const running = await startBuiltinServer(directory, { parameters: { fsync: 'off' } });
      try {
        assert.match((await probeDatabase({ mode: 'builtin', directory })).text, /database smart_mo will be made by the next deploy/);
        const result = await probeDatabase({ mode: 'builtin', directory, database: 'postgres' });
        assert.match(result.text, /answers; the tables will be made/);
        assert.doesNotMatch(JSON.stringify(result), new RegExp(running.password));
        assert.doesNotThrow(() => process.kill(running.pid, 0));
      } finally {
        await running.stop();
      }
    });
  });
});

/** The server of the tests by its fields, so that single ones can be replaced. */
function bare(settings: PostgresSettings): PostgresSettings {
  if (!settings.url) return settings;
  const { hostname, port, username, password, pathname } = new URL(settings.url);
  return {
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  };
}
