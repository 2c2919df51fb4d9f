import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Clock } from '../clock';
import { closed, describe, SmartMoError } from '../errors';
import type { Database } from './database';
import { isMigrated, migrate } from './migrate';
import { createServerPool, type ServerPool, type Session } from './pool';
import { accessFrom, DEFAULT_TIMEOUTS, type Access, type PostgresSettings, type Timeouts } from './settings';
import { createRenderer } from './sql';
import { inTransaction, rowsOf } from './transaction';

/** How long close() lets work end by itself; a node must be closed within 2 s. */
const CLOSE_GRACE_MS = 1_000;

export interface DatabaseDeps {
  clock?: Pick<Clock, 'now'>;
}

/**
 * A PostgreSQL server that somebody else runs.
 * @throws SmartMoError CONFIG_INVALID, CONFIG_MISSING for settings that cannot work; nothing is connected before the first use
 */
export function createPostgres(settings: PostgresSettings, deps: DatabaseDeps = {}): Database {
  const access = accessFrom(settings);
  return createDatabase({ ...settings, access: () => Promise.resolve(access) }, deps);
}

export interface DatabaseOptions {
  /** Asked at every new connection: the builtin server may have another port by then. */
  access(): Promise<Access>;
  schema?: string | undefined;
  poolSize?: number | undefined;
  timeouts?: Partial<Timeouts> | undefined;
  tables?: 'make' | 'leave' | undefined;
}

/** {@link Database} over pg: connects when first used, again after a failure, and each time to the server that takes writes. */
export function createDatabase(options: DatabaseOptions, { clock = systemClock }: DatabaseDeps = {}): Database {
  const schema = options.schema || 'public';
  const render = createRenderer(schema);
  const size = options.poolSize || 5;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const pools = new Set<ServerPool>();
  const draining = new Set<ServerPool>();
  /** How to tell those who wait for a session that none will come. */
  const waiting = new Set<(error: SmartMoError) => void>();
  let closing = false;
  let opening: Promise<ServerPool> | undefined;
  let current: ServerPool | undefined;
  let link: ReturnType<Database['state']> = { state: 'unknown', since: null, error: null };

  function report(state: 'ok' | 'down', error: string | null): void {
    link = { state, since: link.state === state ? link.since : clock.now(), error };
  }

  /** The pool of the primary, with the tables there. Shared by all callers, tried again by the next one after a failure. */
  function opened(): Promise<ServerPool> {
    if (closing) return Promise.reject(closed());
    if (opening) return opening;
    const attempt = open();
    opening = attempt;
    attempt.catch((error: unknown) => {
      if (opening === attempt) opening = undefined;
      report('down', describe(error));
    });
    return attempt;
  }

  async function open(): Promise<ServerPool> {
    const access = await options.access();
    let failure: unknown;
    for (const server of access.servers) {
      if (closing) throw closed();
      const pool = createServerPool(access, server, { size, timeouts, render, onLost: (error) => lost(pool, error) });
      pools.add(pool);
      try {
        await prepare(pool, access);
        current = pool;
        return pool;
      } catch (error) {
        retire(pool);
        // The most telling failure of the list: a wrong password says more than a host that is down.
        if (!(failure instanceof SmartMoError) || failure.class === 'transient') failure = error;
      }
    }
    throw failure;
  }

  async function prepare(pool: ServerPool, { servers }: Access): Promise<void> {
    const session = await pool.connect();
    try {
      const answer = await session.run('SELECT pg_is_in_recovery() AS standby', undefined, 'reading');
      if (answer.rows[0]?.['standby'] === true) {
        const list = servers.map(({ host, port }) => `${host}:${port}`).join(', ');
        throw new SmartMoError(
          'DB_UNREACHABLE',
          `none of ${list} is a primary that takes changes; wait for the failover or add the primary's address`,
          { class: 'transient' },
        );
      }
      if (options.tables === 'leave') return;
      if (!(await isMigrated(autocommit(session), schema))) await inTransaction(session, (tx) => migrate(tx, schema));
    } finally {
      session.release();
    }
  }

  function lost(pool: ServerPool, error: unknown): void {
    if (error !== null) report('down', describe(error));
    if (current === pool) current = opening = undefined;
    retire(pool);
  }

  /** Work in progress may end; what a black-holed link would keep for ever is cut. */
  function retire(pool: ServerPool): void {
    if (!pools.delete(pool)) return;
    const cut = setTimeout(() => pool.destroy(), timeouts.query).unref();
    draining.add(pool);
    void pool.end().finally(() => {
      clearTimeout(cut);
      draining.delete(pool);
    });
  }

  async function withSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
    try {
      const session = await connect();
      try {
        const result = await use(session);
        report('ok', null);
        return result;
      } finally {
        session.release();
      }
    } catch (error) {
      const cut = closing && error instanceof SmartMoError && error.code === 'DB_UNREACHABLE' && error.class === 'transient';
      throw cut ? closed() : error;
    }
  }

  /** A session that comes after close() began is given back unused. */
  function connect(): Promise<Session> {
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      void opened()
        .then((pool) => pool.connect())
        .then((session) => {
          if (closing) session.release();
          else resolve(session);
        }, reject)
        .finally(() => waiting.delete(reject));
    });
  }

  return {
    schema,
    query: (sql, params, name) => withSession((session) => autocommit(session).query(sql, params, name)),
    transaction: (work) => withSession((session) => inTransaction(session, work)),
    async ready() {
      await opened();
      report('ok', null);
    },
    state: () => ({ ...link }),
    async close() {
      closing = true;
      for (const reject of waiting) reject(closed());
      const all = [...pools, ...draining];
      await Promise.race([Promise.all(all.map((pool) => pool.end())), delay(CLOSE_GRACE_MS, undefined, { ref: false })]);
      for (const pool of all) pool.destroy();
    },
  };
}

/** A statement outside a transaction that changes something may have done so when its answer is lost. */
function autocommit(session: Session): Pick<Database, 'query'> {
  return {
    query: async (sql, params, name) => rowsOf(await session.run(sql, params, /^\s*SELECT\b/i.test(sql) ? 'reading' : 'changing', name)),
  };
}
