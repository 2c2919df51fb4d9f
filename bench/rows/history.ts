import type { Client } from 'pg';
import { testDatabase } from '../../test/support/postgres';
import { knownOrders } from '../../src/queue/gate';
import { archiver } from '../database/archive';
import { bareClient, walOf } from '../database/client';
import { entry, weights } from '../database/rows';
import { onceARound, timed } from '../measure';
import type { Pair } from '../measure';
import type { Row } from '../row';

const RECORDS = 5_000_000;
const QUICK_RECORDS = 10_000;
const BATCHES = 100;
const LIMIT =
  'indexes of five million records are two levels deeper than empty ones; how far two equal sides differ by chance is in the row "beside itself"';
/** MOs of the history are numbered from here on, apart from those that are archived. */
const FIRST_OLD = 10_000_000;

/** Years of batch records at once; their texts are shorter than real ones, their keys are not. */
const FILL = `
INSERT INTO mo_histories (line, batch_no, mo_id, run, odoo_id, quantity, uom, materials, actual, actual_weight, status_manufacturing,
  status_operation, push_attempt, fetch_seq, created_at, status, actor)
SELECT 'line' || n % 10, 1 + n % 10, 'WH/MO/' || lpad((${FIRST_OLD} + n)::text, 8, '0'), 1, ${FIRST_OLD} + n, 1000, 'kg', '[]', $1, 1000, 1,
  0, 1, n / 10, now(), 'completed', 'bench'
FROM generate_series(1, $2::int) n`;

/** Those that only help to search; the keys stay. */
const INDEXES = `
SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index i
WHERE indrelid = 'mo_histories'::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)`;

/** Years of records: indexes are made when all rows are there, which is quicker than keeping them up with each row. */
async function fill(client: Client, records: number): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; made: string }>(INDEXES);
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  await client.query(FILL, [JSON.stringify(weights(1)), records]);
  for (const { made } of indexes) await client.query(made);
  await client.query('VACUUM ANALYZE mo_histories');
}

export const history: Row = {
  name: 'history',
  what: 'archive and fetch with 5 million batch records, against the same with none',
  once: true,
  async run({ context, rounds, quick, progress }) {
    const records = quick ? QUICK_RECORDS : RECORDS;
    const full = await testDatabase(context, { timeouts: { query: 600_000, statement: 600_000 } });
    const empty = await testDatabase(context);
    const fullClient = await bareClient(context, full);
    const emptyClient = await bareClient(context, empty);
    try {
      progress(`${records} batch records are made`);
      await fill(fullClient, records);
      const [among, alone] = [archiver(full, fullClient, 'main'), archiver(empty, emptyClient, 'main')];
      progress('archive');
      const times = await onceARound(
        rounds(60),
        () => among.product(BATCHES),
        () => alone.product(BATCHES),
      );
      const floors = await onceARound(
        rounds(30),
        () => alone.product(BATCHES),
        () => alone.product(BATCHES),
      );
      const wal: Pair[] = [];
      for (let round = 0; round < rounds(10); round += 1) {
        wal.push({
          product: await walOf(fullClient, () => among.product(BATCHES)),
          yardstick: await walOf(emptyClient, () => alone.product(BATCHES)),
        });
      }
      const known = Array.from({ length: 10 }, (_, index) => entry(FIRST_OLD - 20 + index));
      const ask = await onceARound(
        rounds(50),
        () => timed(() => knownOrders(full, 'main', known)),
        () => timed(() => knownOrders(empty, 'main', known)),
      );
      const what = `with ${records} batch records`;
      const against = 'with none';
      return [
        { what: `${BATCHES} batches archived ${what}`, unit: 'ms', against, goal: 1.1, pairs: times, limit: LIMIT },
        { what: 'the same with none, beside itself: what chance makes of it', unit: 'ms', against, goal: null, pairs: floors },
        { what: `write-ahead log of it ${what}`, unit: 'bytes', against, goal: 1.05, pairs: wal, limit: LIMIT },
        { what: `10 MOs looked up before they are queued ${what}`, unit: 'ms', against, goal: 1.5, pairs: ask, limit: LIMIT },
      ];
    } finally {
      await fullClient.end();
      await emptyClient.end();
    }
  },
};
