import { systemClock } from '../../src/clock';
import { startPlcSimulator } from '../../src/simulators/plc/simulator';
import { type NodeRed, startNodeRed } from '../../test/support/node-red';
import { type Site, startSite } from '../../test/support/site';
import { waitFor } from '../../test/support/wait';
import { spreadOf } from '../measure';
import { BUTTONS, linesFlow, SHOW } from '../node-red/lines-flow';
import type { Measured, Row } from '../row';
import { resident } from '../node-red/memory';

const LINES = 20;
const QUICK_LINES = 2;
/** Between two cells of that speed the readers always find something new. */
const SPEED = 20;

export const lines: Row = {
  name: 'lines',
  what: '20 lines with 20 PLCs in one Node-RED, then over two',
  package: true,
  once: true,
  async run({ context, quick, rounds, progress }) {
    const count = quick ? QUICK_LINES : LINES;
    const findings: Measured[] = [];
    for (const processes of [1, 2]) {
      progress(`${count} lines, ${processes} Node-RED`);
      const site = await startSite(context, { orders: 10 * count + 50 });
      const cells = await Promise.all(
        Array.from({ length: count }, () => startPlcSimulator({ port: 0, speed: SPEED }, { clock: systemClock })),
      );
      const shares = Array.from({ length: processes }, (_, process) =>
        cells.map(({ port }, index) => ({ line: `line${index + 1}`, port })).filter((_line, index) => index % processes === process),
      );
      const reds: NodeRed[] = [];
      try {
        const flows = shares.map((share) => linesFlow(share));
        for (const [index] of shares.entries()) reds.push(await startNodeRed({ flows: flows[index] ?? [], env: site.env }));
        findings.push(...(await measure(site, reds, count, rounds(20))));
      } finally {
        for (const red of reds) await red.stop();
        await Promise.all(cells.map((cell) => cell.close()));
        await site.close();
      }
    }
    return findings;
  },
};

async function measure(site: Site, reds: readonly NodeRed[], count: number, rounds: number): Promise<Measured[]> {
  const where = `${count} lines in ${reds.length} Node-RED`;
  const press = (button: string): Promise<unknown> => Promise.all(reds.map((red) => red.inject(button)));
  // Lines that list the same MOs in the same second give way to each other, and take the next ones when they are asked again.
  const isFull = async (): Promise<boolean> => {
    await press(BUTTONS.fetch);
    return (await site.query('SELECT DISTINCT line FROM mo_batch WHERE loaded_at IS NOT NULL')).length === count;
  };
  await waitFor(isFull, { what: 'a set in the PLC of every line', deadlineMs: 240_000, everyMs: 500 });

  const seen = (): number[] =>
    reds.flatMap((red) =>
      red
        .debug()
        .filter(({ id }) => id === SHOW)
        .map(({ value }) => Number(value)),
    );
  const cycles: number[] = [];
  const connections: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = seen().length;
    await press(BUTTONS.read);
    await waitFor(() => seen().length >= before + count, { what: 'every line read', deadlineMs: 60_000 });
    cycles.push(spreadOf(seen().slice(before)).median);
    const [open] = await site.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'smart-mo-sync' AND datname = current_database()`,
    );
    connections.push(open?.n ?? NaN);
  }
  return [
    { what: `${where}: a read of 10 slots, all lines at once`, unit: 'ms', values: cycles, goal: null },
    {
      what: `${where}: memory of all Node-RED`,
      unit: 'MB',
      values: [reds.reduce((sum, red) => sum + resident(red), 0)],
      goal: null,
    },
    { what: `${where}: connections to PostgreSQL`, unit: '', values: connections, goal: null },
  ];
}
