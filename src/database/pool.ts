import { Socket } from 'node:net';
import type { PoolClient, QueryResult } from 'pg';
import { SmartMoError } from '../errors';
import { pg } from './pg';
import type { Access, Server, Timeouts } from './settings';
import type { RenderSql } from './sql';
import { isPlanOutdated, isServerLost, isSessionLost, translate, type Phase, type Whereabouts } from './sql-error';
import { numbersAsNumbers } from './types';

/** One checked-out connection. */
export interface Session {
  /**
   * @param name under which this connection keeps the plan
   * @throws the error as the product knows it (sql-error.ts)
   */
  run(sql: string, params: readonly unknown[] | undefined, phase: Phase, name?: string): Promise<QueryResult<Record<string, unknown>>>;
  /** Nothing that is sent would arrive, or what comes back cannot be trusted. */
  isLost(): boolean;
  /** Makes it lost. */
  discard(): void;
  /** Back to the pool, or thrown away when lost. */
  release(): void;
}

/** The connections to one server. */
export interface ServerPool {
  connect(): Promise<Session>;
  /** No new sessions; resolves when those at work are released. */
  end(): Promise<void>;
  /** Cuts every connection now, whatever it is doing. */
  destroy(): void;
}

export interface PoolOptions {
  size: number;
  timeouts: Timeouts;
  render: RenderSql;
  /** Called, also repeatedly, when the server is suspect: restarted, failed over, out of reach. null: only an idle connection broke. */
  onLost(error: unknown): void;
}

/** The only place that takes connections from pg: everything else goes through a {@link Session}. */
export function createServerPool(access: Access, server: Server, options: PoolOptions): ServerPool {
  const { timeouts } = options;
  const where: Whereabouts = { server: `${server.host}:${server.port}`, database: access.database, user: access.user };
  const sockets = new Set<Socket>();
  const broken = new WeakSet<object>();
  let ended: Promise<void> | undefined;

  const pool = new (pg().Pool)({
    host: server.host,
    port: server.port,
    database: access.database,
    user: access.user,
    // As a function, so that an empty one is not replaced by PGPASSWORD or ~/.pgpass of whoever started Node-RED.
    password: () => access.password,
    ssl: access.ssl,
    application_name: 'smart-mo-sync',
    max: options.size,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: timeouts.connect,
    query_timeout: timeouts.query,
    statement_timeout: timeouts.statement,
    lock_timeout: timeouts.lock,
    idle_in_transaction_session_timeout: timeouts.idleInTransaction,
    types: numbersAsNumbers(),
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
  });
  // An 'error' event without a listener ends the process: idle clients report to the pool, checked-out ones themselves.
  pool.on('error', () => options.onLost(null));
  pool.on('connect', (client) => client.on('error', () => broken.add(client)));

  function session(client: PoolClient): Session {
    let lost = false;
    return {
      async run(sql, params, phase, name) {
        // On a connection known to be gone nothing was sent, so nothing can have happened.
        const known = broken.has(client) ? 'in transaction' : phase;
        const text = options.render(sql);
        const values = params ? [...params] : [];
        try {
          if (name === undefined) return await client.query<Record<string, unknown>>(text, params && values);
          return await client.query<Record<string, unknown>>({ name, text, values }).catch((error: unknown) => {
            // Refused before it ran; a transaction is lost with it.
            if (isPlanOutdated(error) && phase !== 'in transaction') return client.query<Record<string, unknown>>(text, values);
            throw error;
          });
        } catch (error) {
          const translated = translate(error, where, known);
          if (isSessionLost(error)) lost = true;
          if (isServerLost(error)) options.onLost(translated);
          throw translated;
        }
      },
      discard: () => (lost = true),
      isLost: () => lost || broken.has(client),
      release: () => client.release(lost || broken.has(client)),
    };
  }

  return {
    async connect() {
      try {
        return session(await pool.connect());
      } catch (error) {
        if (pool.totalCount >= options.size) {
          throw new SmartMoError(
            'DB_UNREACHABLE',
            `none of the ${options.size} connections to PostgreSQL at ${where.server} became free within ${timeouts.connect / 1000} s: ` +
              'it answers slowly or not at all, or poolSize of the database node is too small',
            { class: 'transient' },
          );
        }
        const translated = translate(error, where, 'connecting');
        options.onLost(translated);
        throw translated;
      }
    },
    end: () => (ended ??= pool.end()),
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
