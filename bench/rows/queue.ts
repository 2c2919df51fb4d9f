import { request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Client } from 'pg';
import { systemClock } from '../../src/clock';
import { fetchOrders } from '../../src/line/fetch';
import { runGate } from '../../src/line/gate';
import type { Line } from '../../src/line/line';
import { createOdoo } from '../../src/odoo/client';
import { queueRows } from '../../src/queue/rows';
import { testDatabase } from '../../test/support/postgres';
import { bareClient } from '../database/client';
import { copyIn, copyLine } from '../database/copy';
import { emptyLine } from '../database/rows';
import { countStatements } from '../database/statements';
import { benchLine, quietRun } from '../line';
import { interleaved, timed, WARM_UP } from '../measure';
import { startBenchOdoo } from '../odoo/server';
import { compare, type Finding, judge, type Row } from '../row';
import { countsStretches, longestStretch } from '../stretch';

const SIZES = [10, 100, 1000];
const STALL_MS = 20;
const LIMIT = 'every order is checked, looked up in the history and queued with its event in a transaction; COPY checks nothing';
const COLUMNS = ['line', 'batch_no', 'mo_id', 'odoo_id', 'finished_goods', 'quantity', 'uom', 'materials', 'fetch_seq'] as const;

export const queue: Row = {
  name: 'queue',
  what: 'gate, fetch and queue of 10, 100 and 1000 MOs, against fetch, JSON.parse and COPY',
  async run({ context, rounds, progress }) {
    const counter = countStatements(await testDatabase(context));
    const { database } = counter;
    const client = await bareClient(context, database);
    const server = await startBenchOdoo(Math.max(...SIZES));
    const login = { url: server.url, database: 'demo', login: 'demo', password: 'demo', protocol: 'jsonrpc' } as const;
    const odoo = createOdoo({ ...login, timeout: 60, retryMin: 1, retryMax: 2 }, { clock: systemClock });
    const findings: Finding[] = [];
    const statements: number[] = [];
    const stalls: number[] = [];
    const stretches: number[] = [];

    async function queueSet(line: Line, limit: number): Promise<void> {
      await runGate(line, quietRun(), { enabled: true, manual: false, stuckAfterMinutes: 30 });
      const { payload } = await fetchOrders(line, quietRun(), { limit, filter: '', preview: false, message: {} });
      if (payload['reason'] !== 'queued') throw new Error(`nothing queued: ${payload.text}`);
    }

    try {
      for (const size of SIZES) {
        progress(`${size} MOs`);
        const line = benchLine({ database, odoo }, { slots: size });
        await emptyLine(database, line.line);
        await queueSet(line, size);
        await server.asked();
        await emptyLine(database, line.line);
        counter.take();
        await queueSet(line, size);
        statements.push(counter.take());
        const { bodies } = await server.asked();
        const ready = copyBuffer(await queueRows(database, line.line));

        async function product(): Promise<number> {
          await emptyLine(database, line.line);
          const delays = monitorEventLoopDelay({ resolution: 1 });
          delays.enable();
          const taken = await timed(() => queueSet(line, size));
          delays.disable();
          if (size === Math.max(...SIZES)) stalls.push(delays.max / 1e6);
          return taken;
        }

        async function yardstick(): Promise<number> {
          await emptyLine(database, line.line);
          await client.query("INSERT INTO mo_fetch (line, fetch_seq, token) VALUES ('main', 1000000, gen_random_uuid())");
          const taken = await timed(() => fetchAndCopy(client, server.url, bodies, ready));
          await emptyLine(database, line.line);
          await client.query('DELETE FROM mo_fetch WHERE fetch_seq = 1000000');
          return taken;
        }

        const pairs = await interleaved(rounds(size === 1000 ? 15 : 30), product, yardstick);
        const what = `gate, fetch and queue of ${size} MOs`;
        findings.push(compare({ what, unit: 'ms', against: 'fetch, JSON.parse, COPY', goal: 2, pairs, limit: LIMIT }));
        if (size < Math.max(...SIZES)) continue;
        for (let round = 0; countsStretches && round < rounds(10); round += 1) {
          await emptyLine(database, line.line);
          stretches.push(await longestStretch(() => queueSet(line, size)));
        }
      }
      const range = Math.max(...statements) - Math.min(...statements);
      findings.push(
        judge({
          what: 'statements that 1000 MOs take more than 10',
          unit: '',
          values: [range],
          goal: 0,
          note: `${Math.min(...statements)} statements`,
        }),
      );
      findings.push(
        judge({
          what: 'longest stall of the event loop in a round of 1000 MOs, by the clock',
          unit: 'ms',
          values: stalls.slice(WARM_UP),
          goal: STALL_MS,
          limit: 'the clock also counts the time in which other processes had the processor: for what this one worked see the next row',
        }),
      );
      if (countsStretches)
        findings.push(judge({ what: 'the same, by the processor time of the thread', unit: 'ms', values: stretches, goal: STALL_MS }));
      return findings;
    } finally {
      odoo.close();
      await server.close();
      await client.end();
    }
  },
};

/** The rows of the queue as COPY takes them, for the fetch that the yardstick opens. */
function copyBuffer(rows: Awaited<ReturnType<typeof queueRows>>): Buffer {
  return Buffer.from(rows.map((row) => copyLine(COLUMNS.map((column) => (column === 'fetch_seq' ? 1_000_000 : row[column])))).join(''));
}

async function fetchAndCopy(client: Client, url: string, bodies: readonly string[], rows: Buffer): Promise<void> {
  for (const body of bodies) JSON.parse((await post(`${url}/jsonrpc`, body)).toString());
  await copyIn(client, `mo_batch (${COLUMNS.join(', ')})`, rows);
}

function post(url: string, body: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(Buffer.concat(chunks)));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
