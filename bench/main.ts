import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runOutsideTests } from '../test/support/outside-mocha';
import { checkout } from '../test/support/tarball';
import { describeMachine } from './machine';
import { type Report, toDifferences, toMarkdown, toText, withTable } from './report';
import { rows } from './rows';
import { idlePicture } from './rows/idle';
import { runRows } from './run';

/**
 * `npm run bench -- [row ...] [--quick [--seconds N]] [--json | --markdown] [--against FILE] [--readme]`: the product beside its
 * yardsticks, see docs/scaling.md.
 * `--against` shows which verdicts differ from those of a run before, which was kept with `--json`.
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
    against: { type: 'string' },
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
  console.log(`npm run bench -- [row ...] [--quick [--seconds N]] [--json | --markdown] [--against FILE] [--readme]\n`);
  for (const { name, what } of rows) console.log(`${name.padEnd(16)} ${what}`);
  process.exit(values.help ? 0 : 2);
}
const before = values.against === undefined ? null : reportIn(values.against);

/** npm writes two lines of its own before what a program prints. */
function reportIn(file: string): Report {
  const text = readFileSync(file, 'utf8');
  return JSON.parse(text.slice(text.indexOf('{'))) as Report;
}

async function measure(context: Mocha.Context): Promise<Report> {
  const { quick } = values;
  const about = { at: new Date().toISOString(), quick, machine: describeMachine(versions()) };
  const progress = (text: string): void => console.error(text);
  return { ...about, ...(await runRows(chosen, { context, quick, seconds: Number(values.seconds), progress })) };
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
  // Not among what a program reads.
  if (before) console.error(toDifferences(report, before));
}

void runOutsideTests('bench', async (context) => {
  const report = await measure(context);
  print(report);
  const failed = report.rows.filter((row) => row.failed !== null);
  if (failed.length > 0) throw new Error(`not measured: ${failed.map(({ name }) => name).join(', ')}`);
}).then((passed) => {
  process.exitCode = passed ? 0 : 1;
});
