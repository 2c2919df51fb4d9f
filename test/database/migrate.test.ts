import assert from 'node:assert/strict';
import { ConstraintError, type Database } from '../../src/database/database';
import { MIGRATIONS } from '../../src/database/migrations';
import { createPostgres } from '../../src/database/postgres';
import { accessFrom } from '../../src/database/settings';
import { SmartMoError } from '../../src/errors';
import { testDatabase, testSchema, testServer, type TestServer } from '../support/postgres';

const MATERIALS = JSON.stringify([{ tag: 'silo_a', product: 'SILO-101', uom: 'kg', planned: 600 }]);

function withCode(code: string, pattern = /./) {
  return (error: unknown): boolean => error instanceof SmartMoError && error.code === code && pattern.test(error.message);
}

/** One queued batch of 1000 kg in an open fetch. */
async function queueBatch(database: Database, mo: string): Promise<void> {
  await database.query(
    `INSERT INTO {schema}.mo_fetch (line, fetch_seq, token) VALUES ('main', 1, gen_random_uuid()) ON CONFLICT DO NOTHING`,
  );
  await database.query(
    `INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, quantity, uom, materials, fetch_seq)
     SELECT 'main', 1 + count(*), $1, 1000, 'kg', $2, 1 FROM {schema}.mo_batch`,
    [mo, MATERIALS],
  );
}

describe('migration', () => {
  let server: TestServer;
  before(async function () {
    server = await testServer(this);
  });

  it('of eight at once on a missing schema: all succeed, the tables are made once [fault: db-eight-migrations]', async function () {
    const schema = await testSchema(this);
    const eight = Array.from({ length: 8 }, () => createPostgres({ ...server.settings, schema }));
    try {
      await Promise.all(eight.map((database) => database.ready()));
      const versions = await Promise.all(eight.map((database) => database.query('SELECT version FROM {schema}.mo_schema')));
      for (const rows of versions) assert.deepEqual(rows, [{ version: MIGRATIONS.length }]);
    } finally {
      await Promise.all(eight.map((database) => database.close()));
    }
  });

  it('leaves a mo_batch of other software alone: SCHEMA_FOREIGN, nothing is made [fault: db-foreign-tables]', async function () {
    const schema = await testSchema(this);
    const owner = await testDatabase(this);
    await owner.query(`CREATE SCHEMA ${schema}`);
    await owner.query(`CREATE TABLE ${schema}.mo_batch (id int)`);
    const database = createPostgres({ ...server.settings, schema });
    await assert.rejects(
      database.ready(),
      withCode('SCHEMA_FOREIGN', new RegExp(`schema ${schema} holds mo_batch of other software: choose another`)),
    );
    assert.deepEqual(await owner.query('SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace', [schema]), [
      { relname: 'mo_batch' },
    ]);
    await owner.query(`ALTER TABLE ${schema}.mo_batch RENAME TO mo_events`);
    await assert.rejects(database.ready(), withCode('SCHEMA_FOREIGN', /mo_events/));
    assert.equal((await owner.query('SELECT 1 FROM pg_class WHERE relnamespace = $1::regnamespace', [schema])).length, 1);
    await database.close();
  });

  it('does not touch tables of a newer version: SCHEMA_NEWER [fault: db-newer-schema]', async function () {
    const newer = await testDatabase(this);
    await newer.query('UPDATE {schema}.mo_schema SET version = 99');
    const database = createPostgres({ ...server.settings, schema: newer.schema });
    await assert.rejects(database.ready(), withCode('SCHEMA_NEWER', /version 99.*newer package/));
    assert.match(database.state().error ?? '', /^SCHEMA_NEWER/);
    await newer.query('UPDATE {schema}.mo_schema SET version = $1', [MIGRATIONS.length]);
    await database.ready();
    await assert.rejects(database.query('INSERT INTO {schema}.mo_schema VALUES (2)'), ConstraintError);
    await database.close();
  });

  describe('with roles of few rights', () => {
    let admin: Database;
    let role: string;
    before(async function () {
      admin = await testDatabase(this);
      role = await testSchema(this);
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'few'`);
    });
    after(async () => {
      await admin.query(`DROP OWNED BY ${role} CASCADE`);
      await admin.query(`DROP ROLE ${role}`);
    });

    function asRole(schema: string): Database {
      const { servers, database } = accessFrom({ url: server.url });
      return createPostgres({ ...servers[0], database, user: role, password: 'few', schema });
    }

    it('says what to grant when the role may not create the tables [fault: db-few-rights]', async function () {
      const database = asRole(await testSchema(this));
      await assert.rejects(database.ready(), withCode('DB_RIGHTS', new RegExp(`user ${role} .*GRANT USAGE, CREATE`)));
      await database.close();
    });

    it('works for a role that may only read and write the tables', async () => {
      await admin.query(`GRANT USAGE ON SCHEMA ${admin.schema} TO ${role}`);
      await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${admin.schema} TO ${role}`);
      const database = asRole(admin.schema);
      await queueBatch(database, 'WH/MO/00001');
      await database.query(`UPDATE {schema}.mo_batch SET state = 'running'`);
      await assert.rejects(database.query('CREATE TABLE {schema}.mine (id int)'), withCode('DB_RIGHTS', /permission denied/));
      await database.close();
    });

    it('writes into its own schema with a same-named table earlier in search_path [fault: db-same-name-in-search-path]', async function () {
      const trap = await testSchema(this);
      await admin.query(`CREATE SCHEMA ${trap} AUTHORIZATION ${role}`);
      await admin.query(`CREATE TABLE ${trap}.mo_batch AS TABLE {schema}.mo_batch WITH NO DATA`);
      await admin.query(`CREATE TABLE ${trap}.mo_fetch AS TABLE {schema}.mo_fetch WITH NO DATA`);
      await admin.query(`ALTER ROLE ${role} SET search_path = ${trap}, ${admin.schema}`);
      await admin.query('DELETE FROM {schema}.mo_batch');
      const database = asRole(admin.schema);
      await queueBatch(database, 'WH/MO/00002');
      assert.deepEqual(await admin.query('SELECT mo_id FROM {schema}.mo_batch'), [{ mo_id: 'WH/MO/00002' }]);
      assert.deepEqual(await admin.query(`SELECT * FROM ${trap}.mo_batch`), []);
      await database.close();
    });
  });
});

describe('tables', () => {
  let database: Database;
  before(async function () {
    database = await testDatabase(this);
    await queueBatch(database, 'WH/MO/00001');
  });

  const set = (assignment: string) =>
    database.query(`UPDATE {schema}.mo_batch SET ${assignment} WHERE mo_id = 'WH/MO/00001' RETURNING row_version`);
  const refused = (pattern: RegExp) => (error: unknown) => error instanceof ConstraintError && pattern.test(error.message);

  it('let only legal steps happen, count every change, and freeze what was measured', async () => {
    await assert.rejects(set(`state = 'pushed'`), refused(/queued to pushed is not a legal step/));
    assert.deepEqual(await set(`state = 'running', row_version = 77`), [{ row_version: 2 }]);
    await assert.rejects(set(`state = 'finished'`), refused(/violates check constraint/));
    await set(`state = 'finished', status_manufacturing = 1, actual = '{"silo_a": 598.5}', actual_weight = 998.5`);
    await assert.rejects(set('actual_weight = 1'), refused(/what was measured is frozen/));
    await set(`state = 'pushing', push_payload = '{"qty": 998.5}'`);
    await assert.rejects(set(`push_payload = '{"qty": 1}'`), refused(/frozen/));
    assert.deepEqual(await set(`state = 'pushed'`), [{ row_version: 5 }]);
    assert.deepEqual(await database.query('SELECT planned, actual, difference FROM {schema}.mo_consumption'), [
      { planned: 600, actual: 598.5, difference: -1.5 },
    ]);
  });

  it('refuse a second open fetch, rows of a closed one, and numbers that are none', async () => {
    const fetch = (seq: number) =>
      database.query(`INSERT INTO {schema}.mo_fetch (line, fetch_seq, token) VALUES ('main', $1, gen_random_uuid())`, [seq]);
    await assert.rejects(fetch(2), (error) => error instanceof ConstraintError && error.constraint === 'mo_fetch_one_open');
    await assert.rejects(
      database.query(`UPDATE {schema}.mo_fetch SET is_open = false WHERE line = 'main'`),
      (error) => error instanceof ConstraintError && error.sqlState === '23503',
    );
    for (const quantity of ['NaN', 'Infinity', '0', '-1', '1000000000000']) {
      await assert.rejects(
        database.query(
          `INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, quantity, uom, materials, fetch_seq) VALUES ('main', 9, 'x', $1::numeric, 'kg', '[]', 1)`,
          [quantity],
        ),
        /quantity|overflow|invalid input syntax for type numeric: "Infinity"/,
      );
    }
  });

  it("answer the users' own queries", async () => {
    const own = (sql: string) => database.transaction(async (tx) => (await tx.query(`SET LOCAL search_path = {schema}`), tx.query(sql)));
    assert.deepEqual(await own('SELECT COUNT(*) FROM mo_batch WHERE 1=1'), [{ count: 1 }]);
    assert.deepEqual(
      await own(`SELECT COUNT(*) as active_batches, COUNT(CASE WHEN status_manufacturing=0 THEN 1 END) as ready_to_process,
                        COUNT(CASE WHEN status_manufacturing=1 THEN 1 END) as completed FROM mo_batch`),
      [{ active_batches: 1, ready_to_process: 0, completed: 1 }],
    );
    assert.equal(
      (
        await own(
          'SELECT batch_no, mo_id, status_manufacturing, status_operation, last_read_from_plc FROM mo_batch ORDER BY last_read_from_plc DESC',
        )
      ).length,
      1,
    );
  });
});
