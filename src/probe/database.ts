import { serverAccount, builtinBinaries } from '../database/builtin-binaries';
import { BUILTIN_USER, builtinPassword, checkVersion, dataFolder, versionOfData } from '../database/builtin-data';
import { clusterName, findRunning } from '../database/builtin-process';
import type { DatabaseSettings } from '../database/connect';
import type { Queryable } from '../database/database';
import { isMigrated } from '../database/migrate';
import { createPostgres } from '../database/postgres';
import type { PostgresSettings } from '../database/settings';
import { SmartMoError } from '../errors';
import { say, type Text } from '../sentence';
import { type Probe, type ProbeResult, runProbe } from './probe';

type BuiltinSettings = Extract<DatabaseSettings, { mode: 'builtin' }>;

/** Milliseconds; together less than a probe may take. */
const TIMEOUTS = { connect: 3_000, query: 6_000, statement: 5_000, lock: 2_000, idleInTransaction: 8_000 };
const OLDEST_VERSION = 13;

/** What the mo-database of a dialog reaches: version, rights, tables, rows. Makes nothing: no tables and no builtin server. */
export function probeDatabase(settings: DatabaseSettings): Promise<ProbeResult> {
  return runProbe((probe) => (settings.mode === 'builtin' ? lookAtBuiltin(settings, probe) : lookAtServer(settings, probe)));
}

async function lookAtServer(settings: PostgresSettings, probe: Probe): Promise<Text> {
  return reading(settings, probe, async (tx) => {
    const schema = settings.schema || 'public';
    const server = await lookAtAccess(tx, schema, probe);
    const migrated = await isMigrated(tx, schema);
    if (migrated) await checkTableRights(tx, schema, server.user);
    else if (server.mayMakeTables !== true && !(server.mayMakeTables === null && server.mayMakeSchema)) throw mayNotMake(server, schema);
    probe.found(say`tables`, migrated ? say`there` : say`will be made by the next deploy`);
    if (migrated) await countRows(tx, probe);
    return migrated
      ? say`PostgreSQL ${server.version} answers; the tables are there`
      : say`PostgreSQL ${server.version} answers; the tables will be made by the next deploy`;
  });
}

/** Runs the work in one read-only transaction, over one connection that is closed at the end or when the time is over. */
async function reading<T>(settings: PostgresSettings, { signal }: Probe, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const database = createPostgres({ ...settings, poolSize: 1, timeouts: TIMEOUTS, tables: 'leave' });
  signal.addEventListener('abort', () => void database.close(), { once: true });
  try {
    return await database.transaction(async (tx) => {
      await tx.query('SET TRANSACTION READ ONLY');
      return work(tx);
    });
  } finally {
    await database.close();
  }
}

interface Access {
  version: string;
  major: number;
  user: string;
  database: string;
  encrypted: boolean;
  mayMakeSchema: boolean;
  /** null: no such schema. */
  mayMakeTables: boolean | null;
}

const ACCESS = `
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
       current_user AS "user", current_database() AS database,
       coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
       has_database_privilege(current_database(), 'CREATE') AS "mayMakeSchema",
       (SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
        FROM pg_catalog.pg_namespace WHERE nspname = $1) AS "mayMakeTables"`;

async function lookAtAccess(tx: Queryable, schema: string, { found }: Probe): Promise<Access> {
  const [access] = await tx.query<Access>(ACCESS, [schema]);
  if (!access) throw new Error('a SELECT without FROM returned no row');
  const { version, major, user, database, encrypted } = access;
  found(say`server`, encrypted ? say`PostgreSQL ${version}, encrypted` : say`PostgreSQL ${version}, not encrypted`);
  found(say`database`, say`${database}, as user ${user}`);
  if (major < OLDEST_VERSION) {
    const sentence = say`PostgreSQL ${version} is too old; use a server of version ${OLDEST_VERSION} or later`;
    throw new SmartMoError('CONFIG_INVALID', sentence, { value: version });
  }
  found(say`rights`, rightsIn(access, schema));
  return access;
}

function rightsIn({ mayMakeSchema, mayMakeTables }: Access, schema: string): Text {
  if (mayMakeTables === null)
    return mayMakeSchema
      ? say`schema ${schema} is not there; user may create it`
      : say`schema ${schema} is not there; user may not create it`;
  return mayMakeTables ? say`user may create tables in schema ${schema}` : say`user may not create tables in schema ${schema}`;
}

function mayNotMake({ user, mayMakeTables }: Access, schema: string): SmartMoError {
  const what =
    mayMakeTables === null
      ? say`there is no schema ${schema}, and user ${user} may not create it`
      : say`user ${user} may not create tables in schema ${schema}`;
  return new SmartMoError(
    'DB_RIGHTS',
    say`${what}; let the database administrator run: CREATE SCHEMA IF NOT EXISTS ${schema}; GRANT USAGE, CREATE ON SCHEMA ${schema} TO "${user}"`,
  );
}

/** Rights on the tables that somebody else made. */
const MISSING_RIGHTS = `
SELECT c.relname AS name, string_agg(needed.privilege, ', ' ORDER BY needed.privilege) AS privileges
FROM (VALUES ('mo_fetch', 'SELECT'), ('mo_fetch', 'INSERT'), ('mo_fetch', 'UPDATE'),
             ('mo_batch', 'SELECT'), ('mo_batch', 'INSERT'), ('mo_batch', 'UPDATE'), ('mo_batch', 'DELETE'),
             ('mo_histories', 'SELECT'), ('mo_histories', 'INSERT'), ('mo_histories', 'UPDATE'),
             ('mo_line', 'SELECT'), ('mo_line', 'INSERT'), ('mo_line', 'UPDATE'),
             ('mo_events', 'SELECT'), ('mo_events', 'INSERT'),
             ('mo_task', 'SELECT'), ('mo_task', 'INSERT'), ('mo_task', 'UPDATE'),
             ('mo_alarm', 'SELECT'), ('mo_alarm', 'INSERT'), ('mo_alarm', 'UPDATE')) AS needed (name, privilege)
JOIN pg_catalog.pg_class c ON c.relname = needed.name
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
WHERE NOT has_table_privilege(c.oid, needed.privilege)
GROUP BY c.relname ORDER BY c.relname`;

async function checkTableRights(tx: Queryable, schema: string, user: string): Promise<void> {
  const missing = await tx.query<{ name: string; privileges: string }>(MISSING_RIGHTS, [schema]);
  if (missing.length === 0) return;
  const grants = missing.map(({ name, privileges }) => `GRANT ${privileges} ON ${schema}.${name} TO "${user}"`).join('; ');
  throw new SmartMoError('DB_RIGHTS', say`user ${user} lacks rights on the tables; let their owner run: ${grants}`);
}

const ROWS = `
SELECT line, coalesce(queued, 0) AS queued, coalesce(archived, 0) AS archived
FROM (SELECT line, count(*) AS queued FROM {schema}.mo_batch GROUP BY line) q
FULL JOIN (SELECT line, count(*) AS archived FROM {schema}.mo_histories GROUP BY line) h USING (line) ORDER BY line`;

async function countRows(tx: Queryable, { found }: Probe): Promise<void> {
  const lines = await tx.query<{ line: string; queued: number; archived: number }>(ROWS);
  if (lines.length === 0) found(say`rows`, say`none yet`);
  for (const { line, queued, archived } of lines) found(say`line ${line}`, say`${queued} in mo_batch, ${archived} in mo_histories`);
}

/** A server that runs already, whoever started it, is looked at; one that does not is left to the deploy to start. */
async function lookAtBuiltin(settings: BuiltinSettings, probe: Probe): Promise<Text> {
  const { directory, schema, database = 'smart_mo' } = settings;
  const account = await serverAccount();
  const binaries = settings.binaries ?? (await builtinBinaries(account));
  probe.found(say`programs`, `PostgreSQL ${binaries.major}`);
  probe.found(say`folder`, directory);
  const written = await versionOfData(directory);
  if (written === '') return startsLater(binaries.major, say`with an empty database`);
  checkVersion(directory, written, binaries);
  const running = await findRunning(dataFolder(directory), await clusterName(directory));
  if (!running) return startsLater(binaries.major, say`with the data that is there`);
  if (running.port === null) {
    throw new SmartMoError('DB_UNREACHABLE', say`the builtin PostgreSQL is just starting; test again in a moment`, { class: 'transient' });
  }
  const server = { host: '127.0.0.1', port: running.port, user: BUILTIN_USER, password: await builtinPassword(directory, account), schema };
  const named = await reading({ ...server, database: 'postgres' }, probe, (tx) =>
    tx.query('SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1', [database]),
  );
  if (named.length === 0) return say`the builtin PostgreSQL answers; database ${database} will be made by the next deploy`;
  return lookAtServer({ ...server, database }, probe);
}

function startsLater(major: string, how: Text): Text {
  return say`the builtin PostgreSQL ${major} can run on this machine; the next deploy starts it ${how}`;
}
