import type { Client } from 'pg';
import type { Database } from '../../src/database/database';
import { archive } from '../../src/queue/archive';
import type { QueueRow } from '../../src/queue/batch';
import { queueRows } from '../../src/queue/rows';
import { timed } from '../measure';
import { emptyLine, pushedLine } from './rows';

const COLUMNS = `line, batch_no, mo_id, run, odoo_id, finished_goods, quantity, uom, materials, actual, actual_weight, status_manufacturing,
  status_operation, push_payload, push_attempt, fetch_seq, created_at, loaded_at, started_at, finished_at, last_read_from_plc`;

/** The bare statement: rows go from one table to the other, whoever they are; nobody is told. */
const BARE = `
WITH d AS (DELETE FROM mo_batch WHERE line = $1 AND state = 'pushed' RETURNING *)
INSERT INTO mo_histories (${COLUMNS}, status, actor) SELECT ${COLUMNS}, 'completed', 'bench' FROM d`;

/** What any client does that archives a batch as soon as it may: the same for one row, with its event, the row read back. */
const BARE_ONE = `
WITH d AS (DELETE FROM mo_batch WHERE id = $1 AND row_version = $2 AND state = 'pushed' RETURNING *),
  h AS (INSERT INTO mo_histories (${COLUMNS}, status, actor) SELECT ${COLUMNS}, 'completed', 'bench' FROM d RETURNING *),
  noted AS (INSERT INTO mo_events (line, mo_id, event, actor) SELECT line, mo_id, 'completed', actor FROM h)
SELECT * FROM h`;

/** Archives sets of batches over and over, each of new MOs. */
export function archiver(
  database: Database,
  client: Client,
  line: string,
  firstMo = 0,
): Record<'product' | 'bare' | 'bareEach', (rows: number) => Promise<number>> {
  let next = firstMo;

  async function prepared(rows: number): Promise<QueueRow[]> {
    await emptyLine(database, line);
    await pushedLine(database, line, next, rows);
    next += rows;
    return queueRows(database, line);
  }

  return {
    async product(count) {
      const rows = await prepared(count);
      return timed(async () => {
        for (const row of rows) await archive(database, row, 'completed', { notes: null, actor: 'bench' });
      });
    },
    async bare(count) {
      await prepared(count);
      return timed(() => client.query(BARE, [line]));
    },
    async bareEach(count) {
      const rows = await prepared(count);
      return timed(async () => {
        for (const { id, row_version } of rows) await client.query({ name: 'archive-each', text: BARE_ONE, values: [id, row_version] });
      });
    },
  };
}
