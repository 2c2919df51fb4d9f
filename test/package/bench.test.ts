import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Report } from '../../bench/report';
import { rows } from '../../bench/rows';
import { scripts } from '../../package.json';
import { checkout } from '../support/tarball';

const run = promisify(execFile);
const [, ...command] = scripts.bench.split(' ');

/** Figures of a machine that does other things too are worth nothing: what counts here is that each row can be measured. */
describe('npm run bench', function () {
  this.timeout(600_000);

  it('--quick --json measures every row', async () => {
    const { stdout } = await run(process.execPath, [...command, '--quick', '--seconds', '600', '--json'], {
      cwd: checkout,
      maxBuffer: 2 ** 24,
    });
    const report = JSON.parse(stdout) as Report;
    assert.deepEqual(
      report.rows.map(({ name, failed }) => [name, failed]),
      rows.map(({ name }) => [name, null]),
    );
    for (const { name, findings } of report.rows) {
      assert.ok(findings.length > 0, name);
      for (const { what, product, ratio } of findings) {
        assert.ok(Number.isFinite(product.median), `${name}: ${what} has no figure`);
        assert.ok(ratio === null || ratio.median > 0, `${name}: ${what} has no ratio`);
      }
    }
  });

  it('a quick run begins no row for which it has no time, and names it', async () => {
    const { stdout } = await run(process.execPath, [...command, 'gate', 'idle', '--quick', '--seconds', '0'], { cwd: checkout });
    assert.match(stdout, /No time was left for gate, idle/);
    assert.match(stdout, /0 pass, 0 fall short, 0 failed/);
  });

  it('refuses a row that does not exist, and names those that do', async () => {
    const refused = run(process.execPath, [...command, 'sideways'], { cwd: checkout });
    await assert.rejects(refused, (error: { code: number; stderr: string; stdout: string }) => {
      assert.equal(error.code, 2);
      assert.match(error.stderr, /no row is called sideways/);
      assert.match(error.stdout, /^cycle /m);
      return true;
    });
  });
});
