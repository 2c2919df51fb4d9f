import type { Machine } from './machine';
import { machineLine } from './machine';
import type { Spread } from './measure';
import type { Finding } from './row';
import type { RowResult } from './run';

/** What one run of the bench found. */
export interface Report {
  /** ISO 8601, UTC. */
  at: string;
  quick: boolean;
  machine: Machine;
  rows: RowResult[];
  /** Rows for which a quick run had no time. */
  leftOut: string[];
}

export function toText({ machine, quick, rows, leftOut }: Report): string {
  const lines = [`Machine: ${machineLine(machine)}`, ...(quick ? [QUICK] : []), ''];
  for (const { name, findings, failed } of rows) {
    lines.push(name, ...findings.map((finding) => `  ${sentence(finding)}`));
    if (failed !== null) lines.push(`  FAILED: ${failed}`);
  }
  const all = rows.flatMap(({ findings }) => findings);
  const count = (verdict: Finding['verdict']): number => all.filter((finding) => finding.verdict === verdict).length;
  if (leftOut.length > 0) lines.push(noTimeFor(leftOut));
  return [
    ...lines,
    '',
    `${count('pass')} pass, ${count('close')} close, ${count('falls short')} fall short, ${rows.filter(({ failed }) => failed !== null).length} failed`,
  ].join('\n');
}

const QUICK = 'A quick run: it shows that every row works, its figures are worth little.';

function noTimeFor(leftOut: readonly string[]): string {
  return `No time was left for ${leftOut.join(', ')}: --seconds gives a quick run more than a minute.`;
}

function sentence({ what, product, unit, yardstick, ratio, goal, verdict, note, limit }: Finding): string {
  const parts = [`${what}: ${spread(product, unit)}`];
  if (yardstick) parts.push(`${yardstick.name} ${spread(yardstick.value, unit)}`);
  if (ratio) parts.push(`ratio ${spread(ratio)}`);
  if (goal) parts.push(`goal ${goal}: ${verdict}`);
  if (note) parts.push(note);
  if (limit) parts.push(limit);
  return parts.join('; ');
}

/** Median, and quartiles where they differ: "52.3 ms (51.9-53.0)". */
function spread({ median, low, high }: Spread, unit = ''): string {
  const range = low === high ? '' : ` (${digits(low)}-${digits(high)})`;
  return `${digits(median)}${unit ? ` ${unit}` : ''}${range}`;
}

function digits(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

/** The table of the README. */
export function toMarkdown({ at, machine, quick, rows, leftOut }: Report): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const table = rows.flatMap(({ findings }) =>
    findings.map(({ what, product, unit, yardstick, ratio, goal, verdict, limit }) =>
      line([
        what,
        spread(product, unit),
        yardstick ? `${yardstick.name}: ${spread(yardstick.value, unit)}` : '',
        ratio ? spread(ratio) : '',
        goal.replace('<=', '≤'),
        verdict === 'no goal' ? '' : limit ? `${verdict}: ${limit}` : verdict,
      ]),
    ),
  );
  return [
    line(['what', 'product', 'yardstick', 'ratio', 'goal', 'verdict']),
    line(['---', '---', '---', '---', '---', '---']),
    ...table,
    '',
    `Median and quartiles, measured on ${at.slice(0, 10)} on ${machineLine(machine)}.`,
    ...(quick ? ['', QUICK] : []),
    ...(leftOut.length > 0 ? ['', noTimeFor(leftOut)] : []),
  ].join('\n');
}

/** Which verdicts another run did not give: what a machine, or a change, has made of them. */
export function toDifferences(now: Report, before: Report): string {
  const known = new Map(verdictsOf(before));
  const both = verdictsOf(now).filter(([key]) => known.has(key));
  const differ = both.filter(([key, verdict]) => known.get(key) !== verdict);
  return [
    `${both.length} verdicts of ${before.at} are here too, ${differ.length} differ`,
    ...differ.map(([key, verdict]) => `  ${key}: ${verdict}, before ${known.get(key) ?? ''}`),
  ].join('\n');
}

/** By row and text: those that have a goal. */
function verdictsOf({ rows }: Report): [key: string, verdict: string][] {
  return rows.flatMap(({ name, findings }) =>
    findings.filter(({ verdict }) => verdict !== 'no goal').map(({ what, verdict }): [string, string] => [`${name}: ${what}`, verdict]),
  );
}

const BEGIN = '<!-- bench: made by npm run bench -- --readme -->';
const END = '<!-- /bench -->';

/** The README with the table between its two marks renewed. @throws when the marks are missing */
export function withTable(readme: string, table: string): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md has no place for the table: ${BEGIN} ... ${END}`);
  return `${readme.slice(0, from)}${BEGIN}\n${table}\n${readme.slice(to)}`;
}
