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
  const count = (verdict: Finding['verdict']): string => {
    const such = all.filter((finding) => finding.verdict === verdict);
    const narrow = such.filter(({ narrowly }) => narrowly).length;
    return `${such.length} ${verdict === 'pass' ? 'pass' : 'fall short'}${narrow > 0 ? ` (${narrow} narrowly)` : ''}`;
  };
  if (leftOut.length > 0) lines.push(noTimeFor(leftOut));
  return [...lines, '', `${count('pass')}, ${count('falls short')}, ${rows.filter(({ failed }) => failed !== null).length} failed`].join(
    '\n',
  );
}

const QUICK = 'A quick run: it shows that every row works, its figures are worth little.';

function noTimeFor(leftOut: readonly string[]): string {
  return `No time was left for ${leftOut.join(', ')}: --seconds gives a quick run more than a minute.`;
}

function sentence(finding: Finding): string {
  const { what, product, unit, yardstick, ratio, goal, note, limit } = finding;
  const parts = [`${what}: ${spread(product, unit)}`];
  if (yardstick) parts.push(`${yardstick.name} ${spread(yardstick.value, unit)}`);
  if (ratio) parts.push(`ratio ${spread(ratio)}`);
  if (goal) parts.push(`goal ${goal}: ${judgement(finding)}`);
  if (note) parts.push(note);
  if (limit) parts.push(limit);
  return parts.join('; ');
}

/** "pass", "falls short, narrowly" */
function judgement({ verdict, narrowly }: Finding): string {
  return narrowly ? `${verdict}, narrowly` : verdict;
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
    findings.map((finding) => {
      const { what, product, unit, yardstick, ratio, goal, verdict, limit } = finding;
      const judged = verdict === 'no goal' ? '' : judgement(finding);
      return line([
        what,
        spread(product, unit),
        yardstick ? `${yardstick.name}: ${spread(yardstick.value, unit)}` : '',
        ratio ? spread(ratio) : '',
        goal.replace('<=', '≤'),
        limit ? `${judged}: ${limit}` : judged,
      ]);
    }),
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

/**
 * Which verdicts another run did not give: what a machine, or a change, has made of them. Where both were narrow the median lies at
 * the goal, and on which side of it is chance: such rows are told apart from those that differ.
 */
export function toDifferences(now: Report, before: Report): string {
  const known = judgedOf(before);
  const pairs = [...judgedOf(now)].flatMap(([key, to]) => {
    const from = known.get(key);
    return from ? [{ key, from, to }] : [];
  });
  const others = pairs.filter(({ from, to }) => from.verdict !== to.verdict);
  const atGoal = others.filter(({ from, to }) => from.narrowly && to.narrowly);
  const differ = others.filter((pair) => !atGoal.includes(pair));
  const listed = (some: typeof pairs): string[] => some.map(({ key, from, to }) => `  ${key}: ${judgement(to)}; before ${judgement(from)}`);
  return [
    `${pairs.length} verdicts of ${before.at} are here too, ${differ.length} differ`,
    ...listed(differ),
    ...(atGoal.length > 0 ? [`${atGoal.length} at the goal in both runs, by chance on the other side of it`] : []),
    ...listed(atGoal),
  ].join('\n');
}

/** Those that have a goal, by row and text. */
function judgedOf({ rows }: Report): Map<string, Finding> {
  const findings = rows.flatMap(({ name, findings }) => findings.map((finding) => [`${name}: ${finding.what}`, finding] as const));
  return new Map(findings.filter(([, { verdict }]) => verdict !== 'no goal'));
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
