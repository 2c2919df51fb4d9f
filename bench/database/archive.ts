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

/** Archives sets of batches over and over, each of new MOs. */
export function archiver(
  database: Database,
  client: Client,
  line: string,
  firstMo = 0,
): { product(rows: number): Promise<number>; bare(rows: number): Promise<number> } {
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
  };
}
