import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../test/support/tarball';

/** A process that reads PLCs as fast as can be: ten requests of 77 registers each, one after another, all PLCs at once. */
export interface Yardstick {
  /** "C loop over libmodbus", or what stands in for it. */
  name: string;
  /** Milliseconds of one cycle of all PLCs. */
  cycle(): Promise<number>;
  close(): Promise<void>;
}

let compiled: Promise<string | null> | undefined;

/** Path of the compiled C loop; null without gcc or libmodbus. */
export function libmodbusLoop(): Promise<string | null> {
  return (compiled ??= compile());
}

async function compile(): Promise<string | null> {
  const program = path.join(await temporaryFolder('libmodbus'), 'loop');
  const source = path.join(__dirname, 'libmodbus-loop.c');
  try {
    await promisify(execFile)('gcc', ['-O2', '-I/usr/include/modbus', '-o', program, source, '-lmodbus', '-lpthread']);
    return program;
  } catch {
    return null;
  }
}

/** @param bare the loop over bare sockets of Node.js, also where the C loop can be had */
export async function startYardstick(port: number, plcs = 1, { bare = false } = {}): Promise<Yardstick> {
  const program = bare ? null : await libmodbusLoop();
  const args = [String(port), String(plcs)];
  const child: ChildProcessByStdio<Writable, Readable, null> = program
    ? spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, 'bare-loop.ts'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines: AsyncIterator<string, undefined> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name: program ? 'C loop over libmodbus' : bare ? 'bare sockets of Node.js' : 'bare-socket loop (no gcc or libmodbus here)',
    async cycle() {
      child.stdin.write('\n');
      const line = await lines.next();
      if (line.done) throw new Error('the yardstick ended');
      return Number(line.value) / 1000;
    },
    async close() {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}
