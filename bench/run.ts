import { installedModules } from '../test/support/tarball';
import { type Bench, type Finding, findingOf, joined, type Measured, type Row } from './row';

/** Times that the rows are gone through: the rounds of a row are spread over the run, so that no row has the machine's worst minute for itself. */
const PASSES = 3;
/** Passes more, at most, for rows in which the rounds do not tell. */
const PASSES_MORE = 3;

export interface RowResult {
  name: string;
  findings: Finding[];
  /** Why it could not be measured. */
  failed: string | null;
}

export interface RunOptions {
  context: Mocha.Context;
  /** One pass of a few rounds. */
  quick: boolean;
  /** Seconds after which a quick run begins no row any more. */
  seconds: number;
  progress(text: string): void;
}

/** What was measured of a row so far. */
interface Progress {
  row: Row;
  measured: Measured[];
  failed: string | null;
  begun: boolean;
}

/** Measures the rows, those that are not yet decided longer than the others. */
export async function runRows(
  rows: readonly Row[],
  { context, quick, seconds, progress }: RunOptions,
): Promise<{ rows: RowResult[]; leftOut: string[] }> {
  const all = rows.map((row): Progress => ({ row, measured: [], failed: null, begun: false }));
  const until = quick ? performance.now() + 1000 * seconds : Infinity;
  // The figures of a quick run are worth little, so the package may be built beside the rows that do not need it.
  if (quick && rows.some(({ package: needed }) => needed)) void installedModules().catch(() => undefined);
  const order = quick ? [...all].sort((a, b) => Number(a.row.package ?? false) - Number(b.row.package ?? false)) : all;

  for (let pass = 1; pass <= (quick ? 1 : PASSES + PASSES_MORE); pass += 1) {
    for (const one of order) {
      const { row } = one;
      if (one.failed !== null || performance.now() >= until || (pass > 1 && row.once) || (pass > PASSES && !isOpen(one))) continue;
      const bench: Bench = {
        context,
        quick,
        rounds: (full, few = 2) => (quick ? few : row.once ? full : Math.ceil(full / PASSES)),
        progress: (text) => progress(`${row.name}: ${text}`),
      };
      bench.progress(pass === 1 ? 'begins' : pass <= PASSES ? `pass ${pass} of ${PASSES}` : 'measures on, its rounds do not tell');
      one.begun = true;
      try {
        one.measured = joined(one.measured, await row.run(bench));
      } catch (error) {
        one.failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
    }
  }
  return {
    rows: all.filter(({ begun }) => begun).map(resultOf),
    leftOut: all.filter(({ begun }) => !begun).map(({ row }) => row.name),
  };
}

function isOpen({ measured }: Progress): boolean {
  return measured.some((one) => findingOf(one).narrowly);
}

function resultOf({ row: { name }, measured, failed }: Progress): RowResult {
  return { name, findings: failed === null ? measured.map(findingOf) : [], failed };
}
