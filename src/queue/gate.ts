import { randomUUID } from 'node:crypto';
import { breathe } from '../breather';
import { ConstraintError, type Database, type Queryable } from '../database/database';
import { isDeadlock, isPlanOutdated } from '../database/sql-error';
import { SmartMoError } from '../errors';
import type { BatchMaterial, QueueRow } from './batch';

/**
 * The gate proper. A count is no gate: between a count and an insert another process may do a whole cycle. Here the
 * tables decide (data.md): every row of a line references its one open fetch, a new fetch must carry the number e0 + 1
 * that was read before Odoo was asked, and that number can be used once. Nothing depends on memory, clocks or locks.
 */
export interface Epoch {
  /** Highest fetch number of the line, 0 before the first. */
  e0: number;
  rows: number;
  /** Why the line is on hold; null when it is not. */
  hold: string | null;
}

const EPOCH = `
SELECT (SELECT coalesce(max(fetch_seq), 0) FROM {schema}.mo_fetch WHERE line = $1) AS e0,
       (SELECT count(*) FROM {schema}.mo_batch WHERE line = $1) AS rows,
       (SELECT coalesce(reason, '') FROM {schema}.mo_line WHERE line = $1 AND hold) AS hold`;

export async function readEpoch(db: Queryable, line: string): Promise<Epoch> {
  const [row] = await db.query<Epoch>(EPOCH, [line], 'epoch');
  if (!row) throw new Error('a SELECT without FROM returned no row');
  return row;
}

/** An MO that passed the order check, ready to become a row. */
export interface QueueEntry {
  mo_id: string;
  odoo_id: number;
  finished_goods: string;
  quantity: number;
  uom: string;
  /** Best with their keys as jsonb keeps them, the short ones first: PostgreSQL then need not sort those of every material. */
  materials: BatchMaterial[];
}

/** A name and an id each have an index; with OR inside one EXISTS PostgreSQL would walk the table for every order. */
const KNOWN = `
SELECT o.mo_id,
       EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.mo_id = o.mo_id AND b.line <> $2)
         OR EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.odoo_id = o.odoo_id AND b.line <> $2) AS elsewhere
FROM jsonb_to_recordset($1::jsonb) AS o(mo_id text, odoo_id bigint)
WHERE EXISTS (SELECT 1 FROM {schema}.mo_histories h WHERE h.mo_id = o.mo_id AND NOT h.requeued)
   OR EXISTS (SELECT 1 FROM {schema}.mo_histories h WHERE h.odoo_id = o.odoo_id AND NOT h.requeued)
   OR EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.mo_id = o.mo_id)
   OR EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.odoo_id = o.odoo_id)`;

/** Which of these MOs must not be queued: in the history (completed, cancelled, failed) or in a queue already. */
export async function knownOrders(
  db: Queryable,
  line: string,
  orders: readonly { mo_id: string; odoo_id: number }[],
): Promise<Map<string, { elsewhere: boolean }>> {
  const list = JSON.stringify(orders.map(({ mo_id, odoo_id }) => ({ mo_id, odoo_id })));
  const rows = await db.query<{ mo_id: string; elsewhere: boolean }>(KNOWN, [list, line], 'known-orders');
  return new Map(rows.map((row) => [row.mo_id, { elsewhere: row.elsewhere }]));
}

const CLOSE_EMPTY_FETCH = `
UPDATE {schema}.mo_fetch f SET is_open = false, closed_at = now()
WHERE f.line = $1 AND f.is_open AND NOT EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.line = f.line)
RETURNING closed_at`;

const OPEN_FETCH = `
INSERT INTO {schema}.mo_fetch (line, fetch_seq, token, map_hash)
SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM {schema}.mo_line l WHERE l.line = $1 AND l.hold)
RETURNING fetch_seq`;

/** $3 holds a line of JSON for each entry: PostgreSQL reads a thousand small texts in two thirds of the time of one large one. */
const INSERT_BATCHES = `
WITH queued AS (
  INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, run, odoo_id, finished_goods, quantity, uom, materials, fetch_seq)
  SELECT $1, row_number() OVER (ORDER BY entry.pos), o.mo_id,
         1 + coalesce((SELECT max(h.run) FROM {schema}.mo_histories h WHERE h.mo_id = o.mo_id), 0),
         o.odoo_id, o.finished_goods, o.quantity, o.uom, o.materials, $2
  FROM unnest(string_to_array($3, chr(10))) WITH ORDINALITY AS entry(line, pos)
  CROSS JOIN LATERAL jsonb_to_record(entry.line::jsonb)
       AS o(mo_id text, odoo_id bigint, finished_goods text, quantity numeric, uom text, materials jsonb)
  WHERE NOT EXISTS (SELECT 1 FROM {schema}.mo_histories h WHERE h.mo_id = o.mo_id AND NOT h.requeued)
    AND NOT EXISTS (SELECT 1 FROM {schema}.mo_histories h WHERE h.odoo_id = o.odoo_id AND NOT h.requeued)
    AND NOT EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.mo_id = o.mo_id)
    AND NOT EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.odoo_id = o.odoo_id)
  RETURNING line, batch_no, mo_id, run, created_at
), noted AS (
  INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
  SELECT line, mo_id, 'queued', $4, jsonb_build_object('batch_no', batch_no, 'run', run) FROM queued
), cleared AS (
  UPDATE {schema}.mo_alarm SET cleared_at = now() WHERE line = $1 AND code = 'all-in-history' AND cleared_at IS NULL
)
SELECT batch_no, mo_id, run, created_at FROM queued ORDER BY batch_no`;

const BATCHES_OF_FETCH = `
SELECT batch_no, mo_id, run, created_at FROM {schema}.mo_batch WHERE line = $1 AND fetch_seq = $2 ORDER BY batch_no`;

const MAP_HASH = `
SELECT f.map_hash FROM {schema}.mo_fetch f
WHERE f.line = $1 AND f.is_open AND EXISTS (SELECT 1 FROM {schema}.mo_batch b WHERE b.line = f.line)`;

/** Hash of map and materials that the rows of a line were queued with; null when its queue is empty. */
export async function mapHashOf(db: Queryable, line: string): Promise<string | null> {
  const [row] = await db.query<{ map_hash: string }>(MAP_HASH, [line]);
  return row?.map_hash ?? null;
}

const FIND_TOKEN = 'SELECT 1 FROM {schema}.mo_fetch WHERE token = $1';

/** Thrown inside the transaction to roll it back when every MO turned out to be known by now. */
class NothingNew extends Error {}

/** The same, because somebody put the line on hold while Odoo was asked. */
class OnHold extends Error {}

export type QueueResult = 'queued' | 'lost-race' | 'nothing-new' | 'hold';

/** What the tables made of an entry; the rest of the row is the entry. */
export type QueuedRow = Pick<QueueRow, 'batch_no' | 'mo_id' | 'run' | 'created_at'>;

export interface QueuedSet {
  result: QueueResult;
  /** The batches of this set in slot order, when it was queued. */
  rows: QueuedRow[];
}

export interface QueueRequest {
  line: string;
  /** The epoch read before Odoo was asked. */
  e0: number;
  mapHash: string;
  actor: string;
  entries: readonly QueueEntry[];
  /** Called when the rows are on their way to PostgreSQL, which is at work with them for a while. */
  onSent?: () => void;
}

/** A deadlock, then a name that the other line commits a moment later, and the same with a third line. */
const MAX_ATTEMPTS = 5;

/**
 * Queues one set of batches, all or none; with it the line no longer stands still because all MOs are in the history.
 * `lost-race`: another instance queued a set since e0 was read, ours is dropped.
 * @throws DB_OUTCOME_UNKNOWN when the reply to COMMIT was lost and the set is not found afterwards
 */
export async function queueSet(database: Database, request: QueueRequest): Promise<QueuedSet> {
  const none = (result: QueueResult): QueuedSet => ({ result, rows: [] });
  let { e0 } = request;
  // Other lines may queue the same MOs in the same second: again with a fresh epoch, without what they have committed by then.
  // So too when the connection has lost its plans.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { result: 'queued', rows: await insertSet(database, { ...request, e0 }, attempt === 1) };
    } catch (error) {
      if (error instanceof NothingNew) return none('nothing-new');
      if (error instanceof OnHold) return none('hold');
      if (lostRace(error)) return none('lost-race');
      if (!(isTakenByOther(error) || isPlanOutdated(error)) || attempt === MAX_ATTEMPTS) throw error;
      const now = await readEpoch(database, request.line);
      if (now.rows > 0) return none('lost-race');
      e0 = now.e0;
    }
  }
}

/** @param keepsPlans with plans of the connection: for ten MOs, making them takes as long as inserting the rows */
async function insertSet(
  database: Database,
  { line, e0, mapHash, actor, entries, onSent }: QueueRequest,
  keepsPlans: boolean,
): Promise<QueuedRow[]> {
  const token = randomUUID();
  const list = await linesOf(entries);
  const plan = (name: string): string | undefined => (keepsPlans ? name : undefined);
  try {
    return await database.transaction(async (tx) => {
      await tx.query(CLOSE_EMPTY_FETCH, [line], plan('close-empty-fetch'));
      const opened = await tx.query(OPEN_FETCH, [line, e0 + 1, token, mapHash], plan('open-fetch'));
      if (opened.length === 0) throw new OnHold();
      const inserting = tx.query<QueuedRow>(INSERT_BATCHES, [line, e0 + 1, list, actor], plan('insert-batches'));
      onSent?.();
      const queued = await inserting;
      if (queued.length === 0) throw new NothingNew();
      return queued;
    });
  } catch (error) {
    if (!(error instanceof SmartMoError) || error.code !== 'DB_OUTCOME_UNKNOWN') throw error;
    const found = await database.query(FIND_TOKEN, [token]).catch(() => []);
    if (found.length === 0) throw error;
    return database.query<QueuedRow>(BATCHES_OF_FETCH, [line, e0 + 1]);
  }
}

/** A thousand MOs are 4 MB of JSON: too much to be written at one stretch. */
async function linesOf(entries: readonly QueueEntry[]): Promise<string> {
  const lines: string[] = [];
  for (const entry of entries) {
    await breathe();
    lines.push(JSON.stringify(entry));
  }
  return lines.join('\n');
}

/** Another line holds the MO, or each waits for an MO of the other because their lists are in another order. */
function isTakenByOther(error: unknown): boolean {
  return isDeadlock(error) || (error instanceof ConstraintError && /^mo_batch_(mo_id|odoo_id)_key$/.test(error.constraint));
}

function lostRace(error: unknown): boolean {
  if (!(error instanceof ConstraintError)) return false;
  const { sqlState, constraint } = error;
  if (sqlState === '23503') return constraint.startsWith('mo_batch_line_fetch_seq');
  return sqlState === '23505' && constraint.startsWith('mo_fetch_');
}

/**
 * Closes the open fetch of a line whose queue is empty. True for exactly one caller per set, however many processes
 * archive at once: that one announces "queue empty".
 */
export async function closeDrainedFetch(db: Queryable, line: string): Promise<Date | null> {
  try {
    const [row] = await db.query<{ closed_at: Date }>(CLOSE_EMPTY_FETCH, [line], 'close-empty-fetch');
    return row?.closed_at ?? null;
  } catch (error) {
    // A row committed between the check and the update still references the fetch: not drained.
    if (error instanceof ConstraintError && error.sqlState === '23503') return null;
    throw error;
  }
}
