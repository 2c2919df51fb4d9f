import { request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Client } from 'pg';
import { systemClock } from '../../src/clock';
import { fetchOrders } from '../../src/line/fetch';
import { runGate } from '../../src/line/gate';
import type { Line } from '../../src/line/line';
import { createOdoo } from '../../src/odoo/client';
import { knownOrders, readEpoch } from '../../src/queue/gate';
import { glanceAt } from '../../src/queue/glance';
import { queueRows } from '../../src/queue/rows';
import { taskEnded } from '../../src/queue/tasks';
import { testDatabase } from '../../test/support/postgres';
import { bareClient } from '../database/client';
import { copyIn, copyLine } from '../database/copy';
import { emptyLine } from '../database/rows';
import { countStatements } from '../database/statements';
import { benchLine, quietRun } from '../line';
import { onceARound, type Measure, timed } from '../measure';
import { startBenchOdoo } from '../odoo/server';
import type { Measured, Row } from '../row';
import { countsStretches, longestStretch } from '../stretch';

const SIZES = [10, 100, 1000];
const QUICK_SIZES = [10, 100];
const STALL_MS = 20;
const LIMIT = 'the transaction, the statements around it, and reading the answers take what the three rows after it say';
const COLUMNS = ['line', 'batch_no', 'mo_id', 'odoo_id', 'finished_goods', 'quantity', 'uom', 'materials', 'fetch_seq'] as const;

export const queue: Row = {
  name: 'queue',
  what: 'gate, fetch and queue of 10, 100 and 1000 MOs, against fetch, JSON.parse and COPY',
  async run({ context, quick, rounds, progress }) {
    const sizes = quick ? QUICK_SIZES : SIZES;
    const most = Math.max(...sizes);
    const counter = countStatements(await testDatabase(context));
    const { database } = counter;
    const client = await bareClient(context, database);
    const server = await startBenchOdoo(most);
    const login = { url: server.url, database: 'demo', login: 'demo', password: 'demo', protocol: 'jsonrpc' } as const;
    const odoo = createOdoo({ ...login, timeout: 60, retryMin: 1, retryMax: 2 }, { clock: systemClock });
    const findings: Measured[] = [];
    const statements: number[] = [];
    const stalls: number[] = [];
    const stretches: number[] = [];

    /** Vacuumed too: no plant queues the same MOs over and over, and their dead rows would be walked over by each that looks an MO up. */
    async function empty(): Promise<void> {
      await emptyLine(database, 'main');
      await client.query('VACUUM mo_batch, mo_fetch');
    }

    async function queueSet(line: Line, limit: number): Promise<void> {
      await runGate(line, quietRun(), { enabled: true, manual: false, stuckAfterMinutes: 30 });
      const { payload } = await fetchOrders(line, quietRun(), { limit, filter: '', preview: false, message: {} });
      if (payload['reason'] !== 'queued') throw new Error(`nothing queued: ${payload.text}`);
    }

    try {
      for (const size of sizes) {
        progress(`${size} MOs`);
        const line = benchLine({ database, odoo }, { slots: size });
        await empty();
        await queueSet(line, size);
        await server.asked();
        await empty();
        counter.take();
        await queueSet(line, size);
        statements.push(counter.take());
        const { bodies } = await server.asked();
        const rows = await queueRows(database, line.line);
        const ready = copyBuffer(rows);

        async function product(): Promise<number> {
          await empty();
          return timed(() => queueSet(line, size));
        }

        async function yardstick(): Promise<number> {
          await empty();
          await client.query("INSERT INTO mo_fetch (line, fetch_seq, token) VALUES ('main', 1000000, gen_random_uuid())");
          const taken = await timed(() => fetchAndCopy(client, server.url, bodies, ready));
          await empty();
          await client.query('DELETE FROM mo_fetch WHERE fetch_seq = 1000000');
          return taken;
        }

        /** The rows of the yardstick, with all that keeps a set from being queued twice; from a text that lies ready. */
        async function transaction(): Promise<number> {
          await empty();
          const taken = await timed(async () => {
            await ask(server.url, bodies);
            await queueBare(client, list);
          });
          await empty();
          return taken;
        }

        /** What the product has to ask and note beside its transaction, in the order in which it does. */
        async function around(): Promise<number> {
          await empty();
          return timed(async () => {
            await glanceAt(database, line.line);
            await readEpoch(database, line.line);
            await knownOrders(database, line.line, names);
            await taskEnded(line, 'fetch', new Date(), { text: 'queued' });
          });
        }

        const list = linesOf(rows);
        const names = rows.map(({ mo_id, odoo_id }) => ({ mo_id, odoo_id: odoo_id ?? 0 }));
        const times = rounds(size === 1000 ? 15 : 30);
        const beside = async (what: string, goal: number | null, measure: Measure): Promise<void> => {
          // What is judged lies near its goal: its median has to be known well.
          const pairs = await onceARound(goal === null ? times : rounds(60), measure, yardstick);
          findings.push({ what, unit: 'ms', against: 'fetch, JSON.parse, COPY', goal, pairs, limit: LIMIT });
        };
        await beside(`gate, fetch and queue of ${size} MOs`, 2, product);
        await beside(
          `the same answers and rows, looked up and queued with their events in a transaction by a bare client`,
          null,
          transaction,
        );
        await beside('the statements around it: the gate, the number of the last fetch, the look-up, the record of the run', null, around);
        findings.push({
          what: `the confirmed MOs asked of Odoo, every answer checked`,
          unit: 'ms',
          against: 'the same requests, JSON.parse',
          goal: null,
          pairs: await onceARound(
            times,
            () => timed(() => odoo.listConfirmed({ limit: size, seen: [], domain: [] })),
            () => timed(() => ask(server.url, bodies)),
          ),
        });
        if (size < most) continue;
        for (let round = 0; round < rounds(10); round += 1) {
          await empty();
          stalls.push(await longestStall(() => queueSet(line, size)));
          await empty();
          if (countsStretches) stretches.push(await longestStretch(() => queueSet(line, size)));
        }
      }
      const range = Math.max(...statements) - Math.min(...statements);
      findings.push({
        what: `statements that ${most} MOs take more than 10`,
        unit: '',
        values: [range],
        goal: 0,
        worst: true,
        note: `${Math.min(...statements)} statements`,
      });
      findings.push({
        what: `longest stall of the event loop in a round of ${most} MOs, by the clock`,
        unit: 'ms',
        values: stalls,
        goal: STALL_MS,
        limit: 'the clock also counts the time in which other processes had the processor: for what this one worked see the next row',
      });
      if (countsStretches)
        findings.push({ what: 'the same, by the processor time of the thread', unit: 'ms', values: stretches, goal: STALL_MS });
      return findings;
    } finally {
      odoo.close();
      await server.close();
      await client.end();
    }
  },
};

/** Milliseconds by the clock in which nothing else of this process could run. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await work();
  delays.disable();
  return delays.max / 1e6;
}

/** The rows of the queue as COPY takes them, for the fetch that the yardstick opens. */
function copyBuffer(rows: Awaited<ReturnType<typeof queueRows>>): Buffer {
  return Buffer.from(rows.map((row) => copyLine(COLUMNS.map((column) => (column === 'fetch_seq' ? 1_000_000 : row[column])))).join(''));
}

/** The same set as a statement takes it. */
function linesOf(rows: Awaited<ReturnType<typeof queueRows>>): string {
  return rows
    .map(({ mo_id, odoo_id, finished_goods, quantity, uom, materials }) =>
      JSON.stringify({ mo_id, odoo_id, finished_goods, quantity, uom, materials }),
    )
    .join('\n');
}

/** Asks of Odoo what the product asked. */
async function ask(url: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) JSON.parse((await post(`${url}/jsonrpc`, body)).toString());
}

async function fetchAndCopy(client: Client, url: string, bodies: readonly string[], rows: Buffer): Promise<void> {
  await ask(url, bodies);
  await copyIn(client, `mo_batch (${COLUMNS.join(', ')})`, rows);
}

const QUEUE_BARE = `
WITH queued AS (
  INSERT INTO mo_batch (line, batch_no, mo_id, odoo_id, finished_goods, quantity, uom, materials, fetch_seq)
  SELECT 'main', row_number() OVER (), o.mo_id, o.odoo_id, o.finished_goods, o.quantity, o.uom, o.materials, $2
  FROM unnest(string_to_array($1, chr(10))) AS entry
  CROSS JOIN LATERAL jsonb_to_record(entry::jsonb) AS o(mo_id text, odoo_id bigint, finished_goods text, quantity numeric, uom text, materials jsonb)
  WHERE NOT EXISTS (SELECT 1 FROM mo_histories h WHERE h.mo_id = o.mo_id) AND NOT EXISTS (SELECT 1 FROM mo_batch b WHERE b.mo_id = o.mo_id)
  RETURNING mo_id
)
INSERT INTO mo_events (line, mo_id, event, actor) SELECT 'main', mo_id, 'queued', 'bench' FROM queued`;

async function queueBare(client: Client, list: string): Promise<void> {
  await client.query('BEGIN');
  const opened =
    "INSERT INTO mo_fetch (line, fetch_seq, token) SELECT 'main', max(fetch_seq) + 1, gen_random_uuid() FROM mo_fetch RETURNING fetch_seq";
  const [fetched] = (await client.query<{ fetch_seq: string }>(opened)).rows;
  await client.query({ name: 'queue-bare', text: QUEUE_BARE, values: [list, fetched?.fetch_seq] });
  await client.query('COMMIT');
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
