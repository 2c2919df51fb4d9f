import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { createPostgres } from '../../src/database/postgres';
import { accessFrom, type PostgresSettings, type Server, type Timeouts } from '../../src/database/settings';
import { describeInFull, SmartMoError } from '../../src/errors';
import { testDatabase, testServer, type TestServer } from '../support/postgres';
import { waitFor } from '../support/wait';
import { startWire, type Wire } from '../support/wire';

const INSERT_LINE = 'INSERT INTO {schema}.mo_line (line) VALUES ($1)';
const LINES = 'SELECT line FROM {schema}.mo_line ORDER BY line';
const SHORT: Timeouts = { connect: 1_000, query: 1_500, statement: 1_000, lock: 500, idleInTransaction: 1_000 };

describe('database: faults', () => {
  let server: TestServer;
  /** Straight to the server; looks at what really happened. */
  let direct: Database;
  /** Through the wire. */
  let database: Database;
  let wire: Wire;

  before(async function () {
    server = await testServer(this);
    direct = await testDatabase(this);
  });

  beforeEach(async () => {
    await direct.query('DELETE FROM {schema}.mo_line');
    wire = await startWire(realServer());
    database = connect({ host: '127.0.0.1', port: wire.port });
    await database.ready();
  });

  afterEach(async () => {
    await database.close();
    await wire.close();
  });

  function realServer(): Server {
    const [first] = accessFrom({ url: server.url }).servers;
    assert.ok(first);
    return first;
  }

  function connect(settings: PostgresSettings): Database {
    const { user, password, database: name } = accessFrom({ url: server.url });
    return createPostgres({ user, password, database: name, schema: direct.schema, timeouts: SHORT, ...settings });
  }

  async function rejected(promise: Promise<unknown>): Promise<SmartMoError> {
    const error = await promise.then(
      () => assert.fail('it should have been rejected'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SmartMoError, String(error));
    return error;
  }

  /** The server carries out the next message that holds the text; the connection ends in place of its answer. */
  const loseAnswerTo = (text: string): void => void wire.trip('after', (bytes) => bytes.includes(text)).then(wire.drop);
  const ownPid = async (queryable: Pick<Database, 'query'>) =>
    (await queryable.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
  const terminate = (pid: number | undefined) => direct.query('SELECT pg_terminate_backend($1)', [pid]);

  it('an idle connection is terminated: nothing happens, statements go on over a new one [fault: db-idle-terminated]', async () => {
    const before = await ownPid(database);
    await terminate(before);
    await waitFor(() => wire.open() === 0, { what: 'the end of the connection' });
    assert.notEqual(await waitFor(() => ownPid(database), { what: 'an answer' }), before);
    assert.equal(database.state().state, 'ok');
  });

  it('a connection at work is terminated: transient, nothing stored, the next transaction works [fault: db-busy-terminated]', async () => {
    const error = await rejected(
      database.transaction(async (tx) => {
        await tx.query(INSERT_LINE, ['a']);
        await terminate(await ownPid(tx));
        await tx.query(INSERT_LINE, ['b']);
      }),
    );
    assert.deepEqual([error.code, error.class], ['DB_UNREACHABLE', 'transient']);
    assert.equal(database.state().state, 'down');
    await database.transaction((tx) => tx.query(INSERT_LINE, ['c']));
    assert.deepEqual(await direct.query(LINES), [{ line: 'c' }]);
    assert.equal(database.state().state, 'ok');
  });

  it('the connection is gone before COMMIT is sent: nothing stored, and known to be [fault: db-link-cut-before-commit]', async () => {
    const error = await rejected(
      database.transaction(async (tx) => {
        await tx.query(INSERT_LINE, ['a']);
        await terminate(await ownPid(tx));
        await waitFor(() => wire.open() === 0, { what: 'the end of the connection' });
      }),
    );
    assert.deepEqual([error.code, error.class], ['DB_UNREACHABLE', 'transient']);
    assert.deepEqual(await direct.query(LINES), []);
  });

  it('the answer to COMMIT is lost: DB_OUTCOME_UNKNOWN, and in fact it was stored [fault: db-commit-reply-lost]', async () => {
    loseAnswerTo('COMMIT\0');
    const error = await rejected(database.transaction((tx) => tx.query(INSERT_LINE, ['a'])));
    assert.deepEqual([error.code, error.class], ['DB_OUTCOME_UNKNOWN', 'unknown']);
    await waitFor(async () => (await direct.query(LINES)).length === 1, { what: 'the row of the unknown commit' });
    assert.deepEqual(await database.query(LINES), [{ line: 'a' }]);
  });

  it('the answer to a single change is lost: class unknown; to a question: transient [fault: db-change-reply-lost]', async () => {
    loseAnswerTo('INSERT');
    assert.equal((await rejected(database.query(INSERT_LINE, ['a']))).class, 'unknown');
    loseAnswerTo('SELECT');
    assert.equal((await rejected(database.query(LINES))).class, 'transient');
  });

  it('the link swallows everything: an error in time, and work again when it heals [fault: db-link-silent]', async () => {
    wire.hole();
    const from = Date.now();
    assert.equal((await rejected(database.query(LINES))).class, 'transient');
    assert.ok(Date.now() - from < 4_000, `${Date.now() - from} ms`);
    assert.match((await rejected(database.query(LINES))).message, /does not answer/);
    assert.equal(database.state().state, 'down');
    await wire.heal();
    assert.deepEqual(await database.query(LINES), []);
  });

  it('the server is down at the start and comes up: the next use connects and migrates [fault: db-down-at-start]', async () => {
    const { port } = wire;
    await wire.cut();
    const late = connect({ host: '127.0.0.1', port });
    assert.equal(late.state().state, 'unknown');
    const error = await rejected(late.ready());
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port} does not answer: nothing listens at that address;`));
    assert.match(describeInFull(error), /\(connect ECONNREFUSED [\d.:]+\)$/);
    const { since } = late.state();
    await rejected(late.query(LINES));
    assert.deepEqual(late.state().since, since);
    await wire.heal();
    assert.deepEqual(await late.query(LINES), []);
    await late.close();
  });

  it('the first host of the list is down: the second is used, also when the first dies later [fault: db-first-host-down]', async () => {
    const other = await startWire(realServer());
    const both = connect({ host: `127.0.0.1:${wire.port},127.0.0.1:${other.port}` });
    await both.ready();
    assert.equal(other.open(), 0);
    await wire.close();
    await both.query(INSERT_LINE, ['a']).catch(() => both.query(INSERT_LINE, ['a']));
    assert.equal(other.open(), 1);
    await both.close();
    await other.close();
  });

  it('the server turns read-only: transient, and all connections are made anew [fault: db-read-only]', async () => {
    const before = await ownPid(database);
    const error = await rejected(
      database.transaction(async (tx) => {
        await tx.query('SET TRANSACTION READ ONLY');
        await tx.query(INSERT_LINE, ['a']);
      }),
    );
    assert.deepEqual([error.code, error.class], ['DB_UNREACHABLE', 'transient']);
    assert.match(error.message, /read-only/);
    assert.notEqual(await ownPid(database), before);
  });

  it('a statement and a lock that take too long: transient [fault: db-slow-statement, db-slow-lock]', async () => {
    const before = await ownPid(database);
    assert.match((await rejected(database.query('SELECT pg_sleep(5)'))).message, /took too long/);
    assert.notEqual(await ownPid(database), before);
    await direct.query(INSERT_LINE, ['a']);
    await direct.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM {schema}.mo_line FOR UPDATE');
      const error = await rejected(database.query('DELETE FROM {schema}.mo_line'));
      assert.deepEqual([error.code, error.class], ['DB_UNREACHABLE', 'transient']);
    });
  });

  for (const [how, disturb] of [
    ['while a statement runs', () => undefined],
    ['on a link that swallows everything', (at: Wire) => at.hole()],
  ] as const) {
    it(`closes within 2 s ${how}, and everything that waits ends with CLOSED`, async () => {
      const busy = connect({
        host: '127.0.0.1',
        port: wire.port,
        poolSize: 2,
        timeouts: { query: 60_000, statement: 60_000, connect: 30_000 },
      });
      await busy.ready();
      disturb(wire);
      const work = [1, 2, 3].map(() => rejected(busy.query('SELECT pg_sleep(30)')));
      await waitFor(() => how !== 'while a statement runs' || sleeping(), { what: 'the statements at work' });
      const from = Date.now();
      await busy.close();
      assert.deepEqual(
        (await Promise.all(work)).map(({ code }) => code),
        ['CLOSED', 'CLOSED', 'CLOSED'],
      );
      assert.ok(Date.now() - from < 2_000, `${Date.now() - from} ms`);
      assert.equal((await rejected(busy.query('SELECT 1'))).code, 'CLOSED');
    });
  }

  const sleeping = async () =>
    (
      await direct.query(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid() AND state = 'active'`,
      )
    ).length === 2;

  it('leaves no listener and no connection behind after many failures', async () => {
    for (let round = 0; round < 5; round++) {
      wire.drop();
      await database.query('SELECT 1').catch(() => undefined);
    }
    await database.close();
    await waitFor(() => wire.open() === 0, { what: 'the end of all connections' });
  });
});
