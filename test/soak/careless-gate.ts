import { type Line, odooOf } from '../../src/line/line';
import { checkOrder } from '../../src/line/orders';

/**
 * What everybody writes first: count the rows, and when there are none fetch and insert, in one transaction. Two processes
 * that count before either has committed both insert. It is here so that the harness can show that it would see that.
 */

/** Tables as they come with such a gate: rows, and nothing that says which of them may stand side by side. */
export const WITHOUT_FENCE = `
DO $$
DECLARE fence text;
BEGIN
  FOR fence IN SELECT conname FROM pg_constraint WHERE conrelid = 'mo_batch'::regclass AND contype IN ('u', 'f') LOOP
    EXECUTE format('ALTER TABLE mo_batch DROP CONSTRAINT %I', fence);
  END LOOP;
  FOR fence IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'mo_batch'::regclass AND indisunique AND NOT indisprimary LOOP
    EXECUTE 'DROP INDEX ' || fence;
  END LOOP;
END $$;
DROP INDEX mo_fetch_one_open`;

const COUNT = 'SELECT count(*) AS rows FROM {schema}.mo_batch WHERE line = $1';

const INSERT = `
WITH queued AS (
  INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, odoo_id, finished_goods, quantity, uom, materials, fetch_seq)
  SELECT $1, row_number() OVER (), o.mo_id, o.odoo_id, o.finished_goods, o.quantity, o.uom, o.materials, pg_current_xact_id()::text::bigint
  FROM jsonb_to_recordset($2::jsonb)
       AS o(mo_id text, odoo_id bigint, finished_goods text, quantity numeric, uom text, materials jsonb)
  WHERE NOT EXISTS (SELECT 1 FROM {schema}.mo_histories h WHERE h.mo_id = o.mo_id)
  RETURNING line, batch_no, mo_id, run
)
INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
SELECT line, mo_id, 'queued', 'careless', jsonb_build_object('batch_no', batch_no, 'run', run) FROM queued`;

export async function carelessFetch(line: Line, signal: AbortSignal, limit = line.slots): Promise<void> {
  await line.database.transaction(async (tx) => {
    const [count] = await tx.query<{ rows: number }>(COUNT, [line.line]);
    if (count?.rows !== 0) return;
    const orders = await odooOf(line).listConfirmed({ limit, seen: [], domain: [] }, signal);
    const checked = orders.map((order) => checkOrder(order, line));
    const entries = checked.flatMap((order) => ('entry' in order ? [order.entry] : []));
    await tx.query(INSERT, [line.line, JSON.stringify(entries)]);
  });
}
