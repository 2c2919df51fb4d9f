import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Set as cluster_name and so visible in the command line: tells our server from a process that got its number later. */
export async function clusterName(directory: string): Promise<string> {
  return `smart-mo-${createHash('sha256')
    .update(await realpath(directory))
    .digest('hex')
    .slice(0, 16)}`;
}

export interface RunningServer {
  pid: number;
  /** null while it is starting. */
  port: number | null;
}

/** The server that postmaster.pid names, if that process is one. */
export async function findRunning(data: string, cluster: string): Promise<RunningServer | null> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!(pid > 0) || !(await isServer(pid, cluster))) return null;
  const port = Number(lines[3]);
  return { pid, port: port > 0 ? port : null };
}

/**
 * After a crash the number in postmaster.pid may belong to another process (container starts count from 1 again) and
 * PostgreSQL would refuse to start. It takes the number of its parent for stale, and still checks by the rest of the file
 * that no process of the old server is left in the shared memory: so our own number goes there, and the file stays.
 */
export async function disownStalePid(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (!(pid > 0) || !isAlive(pid) || process.platform === 'win32' || /postgres|postmaster/.test(await commandOf(pid))) return;
  await writeFile(file, text.replace(/^\d+/, String(process.pid)));
}

/** A process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Ended meanwhile.
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Fast shutdown; after `patience` ms immediate shutdown. Nothing is lost by either. @returns whether it ended */
export async function stopServer(pid: number, cluster: string, patience = 10_000): Promise<boolean> {
  for (const name of ['SIGINT', 'SIGQUIT'] as const) {
    signal(pid, name);
    for (const deadline = Date.now() + patience; Date.now() < deadline; await delay(20)) {
      if (!(await isServer(pid, cluster))) return true;
    }
  }
  return false;
}

/**
 * Sends a fast shutdown when this process ends in any way that lets it act. Node-RED ends without waiting for the server,
 * which finishes by itself.
 * @returns takes the promise back
 */
export function stopAtExit(pid: number, data: string): () => void {
  const stop = (): void => {
    try {
      if (Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]) === pid) signal(pid, 'SIGINT');
    } catch {
      // No pid file: it has ended already.
    }
  };
  process.once('exit', stop);
  return () => void process.off('exit', stop);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/**
 * Words before the command that end it together with its parent, also after kill -9; empty where the system has no such
 * tool (BusyBox has a setpriv without the option).
 */
export async function dieWithParent(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const words = ['setpriv', '--pdeathsig', 'INT', '--'];
  return promisify(execFile)('setpriv', [...words.slice(1), 'true']).then(
    () => words,
    () => [],
  );
}

/** A zombie has no command line, so it counts as ended. Where nothing can be seen (Windows) a living process is believed. */
export async function isServer(pid: number, cluster: string): Promise<boolean> {
  return process.platform === 'win32' ? isAlive(pid) : (await commandOf(pid)).includes(`cluster_name=${cluster}`);
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}
