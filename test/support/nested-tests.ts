import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { checkout } from './tarball';

export interface NestedTests {
  /** "the tests of the nodes on Node-RED 5.0" */
  what: string;
  /** Words for mocha: files, options. */
  mocha: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Program that runs them. Default: this Node.js. */
  node?: string | undefined;
}

/** Runs tests once more in a process of their own, in other surroundings. @returns what it printed, and how many passed; all of them did */
export async function nestedTests({ what, mocha, env, node = process.execPath }: NestedTests): Promise<{ stdout: string; passed: number }> {
  const { stdout } = await promisify(execFile)(node, ['node_modules/mocha/bin/mocha.js', ...mocha], { cwd: checkout, env }).catch(
    (error: unknown) => {
      const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`${what} failed:\n${printed}`, { cause: error });
    },
  );
  const [, passed = '0'] = /^(\d+) passed, 0 failed, 0 skipped$/m.exec(stdout) ?? [];
  if (passed === '0') throw new Error(`${what}: none passed, or some were skipped:\n${stdout}`);
  return { stdout, passed: Number(passed) };
}
