import assert from 'node:assert/strict';
import { ConstraintError, type Database } from '../../src/database/database';
import { createPostgres } from '../../src/database/postgres';
import { accessFrom } from '../../src/database/settings';
import { SmartMoError } from '../../src/errors';
import { testDatabase, testServer, type TestServer } from '../support/postgres';

const INSERT_LINE = 'INSERT INTO {schema}.mo_line (line, hold) VALUES ($1, true)';
const LINES = 'SELECT line FROM {schema}.mo_line ORDER BY line';

function withCode(code: string, pattern = /./) {
  return (error: unknown): boolean => error instanceof SmartMoError && error.code === code && pattern.test(error.message);
}

describe('database: statements and transactions', () => {
  let database: Database;
  let server: TestServer;

  before(async function () {
    server = await testServer(this);
    database = await testDatabase(this);
  });

  beforeEach(() => database.query('DELETE FROM {schema}.mo_line'));

  /** The same tables through one connection, so that every statement meets the plans of those before. */
  async function testDatabaseOfOne(): Promise<Database> {
    const one = createPostgres({ ...server.settings, schema: database.schema, poolSize: 1 });
    await one.ready();
    return one;
  }

  it('gives bigint, numeric and count as numbers, time stamps as Date, jsonb parsed, and leaves the parsers of pg alone', async () => {
    const [row] = await database.query(
      `SELECT count(*) AS n, 12345678901.125::numeric(18,3) AS weight, 42::bigint AS id, ARRAY[1, 2]::bigint[] AS ids, ARRAY[0.5]::numeric[] AS parts,
              '{"silo_a": 1.5}'::jsonb AS actual, now() AS at, NULL::numeric AS nothing`,
    );
    assert.ok(row?.['at'] instanceof Date);
    assert.deepEqual(
      { ...row, at: null },
      { n: 1, weight: 12345678901.125, id: 42, ids: [1, 2], parts: [0.5], actual: { silo_a: 1.5 }, at: null, nothing: null },
    );
    const { Client } = await import('pg');
    const plain = new Client({ connectionString: server.url });
    await plain.connect();
    assert.equal((await plain.query<{ id: string }>('SELECT 1::bigint AS id')).rows[0]?.id, '1');
    await plain.end();
  });

  it('a kept plan that no longer fits its table, or that the connection has lost, does not keep a statement from running', async () => {
    const one = await testDatabaseOfOne();
    const look = (): Promise<Record<string, unknown>[]> => one.query('SELECT * FROM {schema}.mo_line WHERE line = $1', ['a'], 'look');
    await one.query(INSERT_LINE, ['a']);
    assert.equal((await look())[0]?.['line'], 'a');
    await database.query('ALTER TABLE {schema}.mo_line ADD COLUMN shift text');
    assert.ok('shift' in ((await look())[0] ?? {}));
    await database.query('ALTER TABLE {schema}.mo_line DROP COLUMN shift');
    await one.query('DEALLOCATE ALL');
    assert.equal((await look()).length, 1);
    assert.equal(one.state().state, 'ok');
    await one.close();
  });

  it('keeps nothing of a transaction whose work throws, and the next user of the connection is not touched by it', async () => {
    const mine = new Error('changed my mind');
    await assert.rejects(
      database.transaction(async (tx) => {
        await tx.query(INSERT_LINE, ['a']);
        throw mine;
      }),
      (error) => error === mine,
    );
    await database.query(INSERT_LINE, ['b']);
    assert.deepEqual(await database.query(LINES), [{ line: 'b' }]);
  });

  it('answers a COMMIT that was answered with ROLLBACK by the error that the work swallowed [fault: db-commit-rolled-back]', async () => {
    await assert.rejects(
      database.transaction(async (tx) => {
        await tx.query(INSERT_LINE, ['a']);
        await tx.query(INSERT_LINE, ['a']).catch(() => undefined);
        return 'done';
      }),
      (error) => error instanceof ConstraintError && error.constraint === 'mo_line_pkey' && error.sqlState === '23505',
    );
    assert.deepEqual(await database.query(LINES), []);
  });

  it('commits after a savepoint that took an error back', async () => {
    await database.transaction(async (tx) => {
      await tx.query(INSERT_LINE, ['a']);
      await tx.query('SAVEPOINT before_b');
      await tx.query(INSERT_LINE, ['a']).catch(() => tx.query('ROLLBACK TO SAVEPOINT before_b'));
    });
    assert.deepEqual(await database.query(LINES), [{ line: 'a' }]);
  });

  it('waits for statements that the work did not wait for, and refuses those that come later', async () => {
    let late: (() => Promise<unknown>) | undefined;
    await database.transaction(async (tx) => {
      void tx.query(INSERT_LINE, ['a']);
      void tx.query(INSERT_LINE, ['b']);
      late = () => tx.query(INSERT_LINE, ['c']);
      await Promise.resolve();
    });
    assert.deepEqual(await database.query(LINES), [{ line: 'a' }, { line: 'b' }]);
    await assert.rejects(async () => late?.(), /after the end of its transaction/);
  });

  it('names a mistake in SQL as it is, not as a database that is down', async () => {
    await assert.rejects(database.query('SELECT * FROM {schema}.no_such_table'), /no_such_table/);
    await assert.rejects(database.query('SELECT $1::int', ['x']), /invalid input syntax/);
    assert.equal(database.state().state, 'ok');
  });

  it('takes the victim of a deadlock for transient, and the other transaction commits [fault: db-deadlock]', async () => {
    await database.query(INSERT_LINE, ['a']);
    await database.query(INSERT_LINE, ['b']);
    const lock = (line: string) => ['UPDATE {schema}.mo_line SET reason = $1 WHERE line = $1', [line]] as const;
    let arrived = 0;
    let go: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (go = resolve));
    const run = (first: string, second: string) =>
      database.transaction(async (tx) => {
        await tx.query(...lock(first));
        if (++arrived === 2) go();
        await both;
        await tx.query(...lock(second));
      });
    const results = await Promise.allSettled([run('a', 'b'), run('b', 'a')]);
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    assert.equal(failed.length, 1);
    assert.ok(failed[0] instanceof SmartMoError && failed[0].class === 'transient' && /deadlock/.test(failed[0].message));
  });

  it('says that no connection became free, and both reasons there can be, instead of waiting for ever [fault: db-pool-exhausted]', async function () {
    const small = await testDatabase(this, { poolSize: 1, timeouts: { connect: 300 } });
    await small.transaction(async () => {
      await assert.rejects(
        small.query('SELECT 1'),
        withCode('DB_UNREACHABLE', /none of the 1 connections .* within 0\.3 s: it answers slowly or not at all, or poolSize .* too small/),
      );
    });
    assert.deepEqual(await small.query('SELECT 1 AS one'), [{ one: 1 }]);
  });
});

describe('database: settings', () => {
  it('reads lists of hosts and URLs, also with an @ in the password', () => {
    assert.deepEqual(accessFrom({ host: 'a, b:5433,[::1]:5434,fe80::1', port: 6000, user: 'u', database: 'd' }).servers, [
      { host: 'a', port: 6000 },
      { host: 'b', port: 5433 },
      { host: '::1', port: 5434 },
      { host: 'fe80::1', port: 6000 },
    ]);
    const access = accessFrom({
      url: 'postgresql://plant%40x:p@ss:w%2Frd%@db1:5433,db2/queue?sslmode=require',
      host: 'other',
      user: 'other',
    });
    assert.deepEqual(access, {
      servers: [
        { host: 'db1', port: 5433 },
        { host: 'db2', port: 5432 },
      ],
      database: 'queue',
      user: 'plant@x',
      password: 'p@ss:w%2Frd%',
      ssl: {},
    });
    assert.equal(accessFrom({ url: 'postgres://u@h/d?sslmode=disable' }).ssl, false);
  });

  it('refuses what cannot work, without showing the URL', () => {
    assert.throws(() => accessFrom({ host: 'db:99999', user: 'u' }), withCode('CONFIG_INVALID', /db:99999/));
    assert.throws(() => accessFrom({ host: 'db' }), withCode('CONFIG_MISSING', /user/));
    assert.throws(
      () => accessFrom({ url: 'mysql://u:canary@h/d' }),
      (error) => withCode('CONFIG_INVALID')(error) && error instanceof Error && !error.message.includes('canary'),
    );
    for (const schema of ['Public', '1a', 'a"b', 'a'.repeat(64), 'a;b']) {
      assert.throws(() => createPostgres({ user: 'u', schema }), withCode('CONFIG_INVALID'));
    }
  });

  it('says who was refused where, and never the password', async function () {
    const server = await testServer(this);
    const wrong = createPostgres({ ...server.settings, url: undefined, user: 'smart_mo', password: 'canary-4711' });
    if (server.pid === null) return;
    await assert.rejects(wrong.query('SELECT 1'), (error) => {
      assert.ok(error instanceof SmartMoError);
      assert.equal(error.code, 'DB_RIGHTS');
      assert.equal(error.class, 'auth');
      assert.match(error.message, /127\.0\.0\.1:\d+ refuses user smart_mo/);
      assert.ok(!JSON.stringify({ ...Object.fromEntries(Object.entries(error)), text: error.stack }).includes('canary'));
      return true;
    });
    assert.match(wrong.state().error ?? '', /^DB_RIGHTS: /);
    const nowhere = createPostgres({ ...server.settings, database: 'no_such_database' });
    await assert.rejects(nowhere.ready(), withCode('DB_UNREACHABLE', /no_such_database.*create it/));
    await Promise.all([wrong.close(), nowhere.close()]);
  });
});
