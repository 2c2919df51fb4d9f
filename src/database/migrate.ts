import { SmartMoError } from '../errors';
import type { Queryable } from './database';
import { MIGRATIONS } from './migrations';

/** Serialises the migrations of one schema among any number of processes; freed at the end of the transaction. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('smart-mo-sync ' || $1, 0))`;

const SCHEMA = `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS there`;

const TABLES = `
SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname IN ('mo_schema', 'mo_batch')`;

const VERSION = `SELECT version FROM {schema}.mo_schema`;

/** True when the tables are at the version of this package: the everyday case, which needs no lock and only SELECT. */
export async function isMigrated(database: Queryable, schema: string): Promise<boolean> {
  return (await versionOf(database, schema)) === MIGRATIONS.length;
}

/**
 * Brings the schema to the version of this package, in the caller's transaction: all or nothing, forward only.
 * @throws SmartMoError SCHEMA_NEWER, SCHEMA_FOREIGN, DB_RIGHTS when the role may not create what is missing
 */
export async function migrate(tx: Queryable, schema: string): Promise<void> {
  await tx.query(LOCK, [schema]);
  const version = await versionOf(tx, schema);
  if (version === MIGRATIONS.length) return;
  try {
    const [found] = await tx.query<{ there: boolean }>(SCHEMA, [schema]);
    if (!found?.there) await tx.query('CREATE SCHEMA {schema}');
    for (const sql of MIGRATIONS.slice(version)) await tx.query(sql);
    await tx.query('UPDATE {schema}.mo_schema SET version = $1', [MIGRATIONS.length]);
  } catch (error) {
    throw explain(error, schema);
  }
}

/** 0 without tables of ours. */
async function versionOf(database: Queryable, schema: string): Promise<number> {
  const tables = (await database.query<{ name: string }>(TABLES, [schema])).map(({ name }) => name);
  if (!tables.includes('mo_schema')) {
    if (tables.includes('mo_batch')) throw foreign(schema, 'mo_batch');
    return 0;
  }
  const version = (await database.query<{ version: number }>(VERSION))[0]?.version ?? 0;
  if (version > MIGRATIONS.length) {
    throw new SmartMoError(
      'SCHEMA_NEWER',
      `the tables in schema ${schema} have version ${version}, this package knows up to ${MIGRATIONS.length}: install the newer package here too`,
      { value: version },
    );
  }
  return version;
}

function foreign(schema: string, what: string): SmartMoError {
  return new SmartMoError(
    'SCHEMA_FOREIGN',
    `schema ${schema} holds ${what} of other software: choose another schema in the database node`,
    {
      value: schema,
    },
  );
}

/** What exists already (a table, a function of the same name) was not made by us: our own tables have mo_schema beside them. */
function explain(error: unknown, schema: string): unknown {
  if (error instanceof SmartMoError && error.code === 'DB_RIGHTS') {
    return new SmartMoError(
      'DB_RIGHTS',
      `the tables cannot be created in schema ${schema}: ${error.message}, for example: ` +
        `CREATE SCHEMA IF NOT EXISTS ${schema}; GRANT USAGE, CREATE ON SCHEMA ${schema} TO <user>`,
    );
  }
  const state = error instanceof Error && 'code' in error ? error.code : undefined;
  return error instanceof Error && (state === '42P07' || state === '42710' || state === '42723')
    ? foreign(schema, `something (${error.message})`)
    : error;
}
