import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runOutsideTests } from '../test/support/outside-mocha';
import { checkout } from '../test/support/tarball';
import { describeMachine } from './machine';
import { type Report, toMarkdown, toText, withTable } from './report';
import type { Bench } from './row';
import { rows } from './rows';
import { idlePicture } from './rows/idle';

/**
 * `npm run bench -- [row ...] [--quick [--seconds N]] [--json | --markdown] [--readme]`: the product beside its yardsticks, see
 * docs/scaling.md.
 * `--readme` renews the table of the README and the picture beside it.
 * Ends with an error only when a row could not be measured; falling short of a goal is a result.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
const chosen = positionals.length === 0 ? rows : rows.filter(({ name }) => positionals.includes(name));
const halfTable = values.readme && (values.quick || chosen.length < rows.length);
const noTime = !(Number(values.seconds) >= 0);
if (values.help || unknown.length > 0 || halfTable || noTime) {
  if (unknown.length > 0) console.error(`no row is called ${unknown.join(', ')}`);
  if (halfTable) console.error('--readme renews the whole table: it goes with all rows, and not with --quick');
  if (noTime) console.error(`--seconds ${values.seconds} is no number of seconds`);
  console.log(`npm run bench -- [row ...] [--quick [--seconds N]] [--json | --markdown] [--readme]\n`);
  for (const { name, what } of rows) console.log(`${name.padEnd(16)} ${what}`);
  process.exit(values.help ? 0 : 2);
}

async function measure(context: Mocha.Context): Promise<Report> {
  const { quick } = values;
  const report: Report = { at: new Date().toISOString(), quick, machine: describeMachine(versions()), rows: [], leftOut: [] };
  // Of a quick run no row begins in the last quarter of its time: the longest take that.
  const until = quick ? performance.now() + 750 * Number(values.seconds) : Infinity;
  for (const { name, run } of chosen) {
    if (performance.now() >= until) {
      report.leftOut.push(name);
      continue;
    }
    const bench: Bench = {
      context,
      quick,
      rounds: (full, few = 3) => (quick ? few : full),
      progress: (text) => console.error(`${name}: ${text}`),
    };
    bench.progress('begins');
    try {
      report.rows.push({ name, findings: await run(bench), failed: null });
    } catch (error) {
      report.rows.push({ name, findings: [], failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return report;
}

function versions(): Record<string, string> {
  const load = createRequire(__filename);
  const versionOf = (name: string): string => (load(`${name}/package.json`) as { version: string }).version;
  return { 'Node-RED': versionOf('node-red') };
}

function print(report: Report): void {
  if (values.readme && report.rows.every(({ failed }) => failed === null)) {
    const readme = path.join(checkout, 'README.md');
    writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), toMarkdown(report)));
    writeFileSync(path.join(checkout, 'docs', 'plant-time.svg'), idlePicture());
  }
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else console.log(values.markdown ? toMarkdown(report) : toText(report));
}

void runOutsideTests('bench', async (context) => {
  const report = await measure(context);
  print(report);
  const failed = report.rows.filter((row) => row.failed !== null);
  if (failed.length > 0) throw new Error(`not measured: ${failed.map(({ name }) => name).join(', ')}`);
}).then((passed) => {
  process.exitCode = passed ? 0 : 1;
});
