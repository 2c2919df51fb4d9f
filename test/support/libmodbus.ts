import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { skip } from './skip';
import { checkout } from './tarball';
import { waitFor } from './wait';

const SOURCE = path.join(checkout, 'test', 'fixtures', 'libmodbus', 'device.c');

/** A Modbus device that nobody of this project wrote. */
export interface ForeignDevice {
  /** Of 127.0.0.1; 0 on a serial line. */
  port: number;
  /** The other end of the serial line; "" over TCP. */
  device: string;
  stop(): Promise<void>;
}

/** libmodbus over TCP. Skips where gcc or libmodbus is missing. */
export async function startForeignDevice(context: Mocha.Context): Promise<ForeignDevice> {
  const folder = await built(context);
  const { child, said } = await started(path.join(folder, 'device'), ['tcp']);
  return { port: Number(said), device: '', stop: () => ended([child], folder) };
}

/** libmodbus as unit 1 at one end of a serial line that socat makes, 19200 baud with even parity. */
export async function startForeignSerialDevice(context: Mocha.Context): Promise<ForeignDevice> {
  const folder = await built(context);
  const [ours, theirs] = [path.join(folder, 'ours'), path.join(folder, 'theirs')];
  const line = spawn('socat', [`pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`], { stdio: 'ignore' });
  const missing = once(line, 'error').then(() => true);
  const there = waitFor(() => existsSync(ours) && existsSync(theirs), { what: 'the serial line of socat' }).then(() => false);
  if (await Promise.race([missing, there])) {
    await rm(folder, { recursive: true });
    skip(context, 'no serial line: install socat');
  }
  const { child } = await started(path.join(folder, 'device'), ['rtu', theirs, '19200', 'E']);
  return { port: 0, device: ours, stop: () => ended([child, line], folder) };
}

async function built(context: Mocha.Context): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'smart-mo-libmodbus-'));
  try {
    await promisify(execFile)('gcc', ['-O1', '-o', path.join(folder, 'device'), SOURCE, '-lmodbus']);
  } catch {
    await rm(folder, { recursive: true });
    skip(context, 'no foreign Modbus server: install gcc and libmodbus-dev');
  }
  return folder;
}

/** The process with its first line; its standard input ends with ours, and it ends then. */
async function started(command: string, words: string[]): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer | number | null];
  if (!Buffer.isBuffer(said)) throw new Error(`${command} ${words.join(' ')} ended with ${String(said)}`);
  return { child, said: said.toString() };
}

async function ended(children: ChildProcess[], folder: string): Promise<void> {
  for (const child of children) {
    const exit = once(child, 'exit');
    child.kill();
    await exit;
  }
  await rm(folder, { recursive: true });
}
