import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { FAULT_GROUPS, faultsIn } from '../support/fault-list';
import { checkout } from '../support/tarball';

const MOCHA = path.join(checkout, 'node_modules', 'mocha', 'bin', 'mocha.js');
const ALL_TESTS = 'test/{unit,models,database,node,runtime,editor,package}/**/*.test.ts';

/** Titles of all tests, as mocha names them without running one. */
async function titles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [MOCHA, '--dry-run', '--reporter', 'json', ALL_TESTS], {
    cwd: checkout,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { tests } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { tests: { fullTitle: string }[] };
  return tests.map(({ fullTitle }) => fullTitle);
}

describe('the fault list', function () {
  this.timeout(120_000);
  const names = Object.values(FAULT_GROUPS).flatMap((group) => Object.keys(group));
  let injected: Set<string>;
  before(async () => {
    injected = new Set((await titles()).flatMap(faultsIn));
  });

  it('names each fault once', () => assert.deepEqual(names, [...new Set(names)]));

  it('has a test that makes each of them happen', () => {
    assert.deepEqual(
      names.filter((name) => !injected.has(name)),
      [],
    );
  });

  it('knows every fault that a test names', () => {
    assert.deepEqual(
      [...injected].filter((name) => !names.includes(name)),
      [],
    );
  });
});
