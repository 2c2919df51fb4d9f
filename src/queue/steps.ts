import type { Queryable } from '../database/database';
import type { PushPayload } from '../odoo/odoo';
import type { Cancellation, QueueRow } from './batch';
import type { EventKind } from './events';

/**
 * The steps of a batch that concern one row (data.md, steps of a batch). Each is one UPDATE that names the state it
 * leaves and the version it saw: no row back means somebody else was first, and the caller lets go. The event is
 * written by the same statement. The guard trigger refuses any step that is not in the table.
 */
export type Seen = Pick<QueueRow, 'id' | 'row_version'>;

/** Who did it, and what the event shall say. */
export interface Note {
  actor: string;
  detail?: object;
}

/** @param set what changes, with $5 and up for the step's own parameters */
export function step(event: EventKind, set: string, from: readonly string[]): string {
  const states = from.map((state) => `'${state}'`).join(', ');
  return `
WITH stepped AS (
  UPDATE {schema}.mo_batch SET ${set}
  WHERE id = $1 AND row_version = $2 AND state IN (${states})
  RETURNING *
), noted AS (
  INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
  SELECT line, mo_id, '${event}', $3, jsonb_build_object('batch_no', batch_no) || $4::jsonb FROM stepped
)
SELECT * FROM stepped`;
}

/** Takes a step; null: somebody else was first. */
export async function take(
  db: Queryable,
  sql: string,
  row: Seen,
  { actor, detail }: Note,
  params: readonly unknown[],
): Promise<QueueRow | null> {
  const [stepped] = await db.query<QueueRow>(sql, [row.id, row.row_version, actor, JSON.stringify(detail ?? {}), ...params]);
  return stepped ?? null;
}

const CLAIM_LOAD = `
UPDATE {schema}.mo_batch b SET next_try_at = now() + make_interval(secs => $3)
WHERE b.id = $1 AND b.row_version = $2 AND b.state = 'queued' AND b.loaded_at IS NULL
  AND (b.next_try_at IS NULL OR b.next_try_at <= now())
  AND NOT EXISTS (SELECT 1 FROM {schema}.mo_line l WHERE l.line = b.line AND l.hold)
RETURNING *`;

/**
 * Before the first word of a recipe is written: of two processes only one may write it, because a PLC has no constraint that
 * would keep the second out. null: somebody else has the row, or the line is on hold by now.
 */
export async function claimLoad(db: Queryable, row: Seen, leaseSeconds: number): Promise<QueueRow | null> {
  const [claimed] = await db.query<QueueRow>(CLAIM_LOAD, [row.id, row.row_version, leaseSeconds]);
  return claimed ?? null;
}

const STILL_MINE = 'SELECT 1 AS mine FROM {schema}.mo_batch WHERE id = $1 AND row_version = $2 AND next_try_at > now()';

/** Is the lease of {@link claimLoad} still ours? A process that was stopped in between finds out here. */
export async function holdsLoad(db: Queryable, row: Seen): Promise<boolean> {
  return (await db.query(STILL_MINE, [row.id, row.row_version])).length > 0;
}

const NOTE_LOADING = `
INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
SELECT line, mo_id, 'loading', $2, jsonb_build_object('batch_no', batch_no, 'run', run) FROM {schema}.mo_batch WHERE id = $1`;

/** Of an MO that was queued again, before the first word of its recipe is written: from now on its slot may show this run. */
export async function noteLoading(db: Queryable, row: Pick<QueueRow, 'id'>, actor: string): Promise<void> {
  await db.query(NOTE_LOADING, [row.id, actor]);
}

const LOAD_BEGUN = `
SELECT id FROM {schema}.mo_batch b WHERE id = ANY($1) AND (loaded_at IS NOT NULL OR EXISTS (
  SELECT 1 FROM {schema}.mo_events e
  WHERE e.line = b.line AND e.mo_id = b.mo_id AND e.event = 'loading' AND (e.detail ->> 'run')::int = b.run))`;

/** Those of these rows whose recipe was written, or begun to be ({@link noteLoading}), in their present run. */
export async function loadBegun(db: Queryable, ids: readonly number[]): Promise<Set<number>> {
  const rows = await db.query<{ id: number }>(LOAD_BEGUN, [ids]);
  return new Set(rows.map(({ id }) => id));
}

const RELEASE_LOAD = "UPDATE {schema}.mo_batch SET next_try_at = NULL WHERE id = $1 AND row_version = $2 AND state = 'queued'";

/** The recipe was not loaded: any process may try again at once. */
export async function releaseLoad(db: Queryable, row: Seen): Promise<void> {
  await db.query(RELEASE_LOAD, [row.id, row.row_version]);
}

const LOADED = step('loaded', 'loaded_at = now(), next_try_at = NULL', ['queued']);

/** The recipe is in the PLC and read back. */
export function markLoaded(db: Queryable, row: Seen, note: Note): Promise<QueueRow | null> {
  return take(db, LOADED, row, note, []);
}

const PUSHING = step(
  'pushing',
  `state = 'pushing', push_payload = coalesce(push_payload, $5::jsonb), push_attempt = push_attempt + 1,
   next_try_at = now() + make_interval(secs => $6)`,
  ['finished'],
);

/** finished > pushing: freezes what will be sent, before anything is sent, and takes the lease. */
export function startPush(db: Queryable, row: Seen, payload: PushPayload, leaseSeconds: number, note: Note): Promise<QueueRow | null> {
  return take(db, PUSHING, row, note, [JSON.stringify(payload), leaseSeconds]);
}

const LEASE = `
UPDATE {schema}.mo_batch SET next_try_at = now() + make_interval(secs => $3)
WHERE id = $1 AND row_version = $2 AND state IN ('pushing', 'pushed', 'cancelling')
RETURNING *`;

/** Takes the lease of a row that an earlier run left in the middle. */
export async function renewLease(db: Queryable, row: Seen, leaseSeconds: number): Promise<QueueRow | null> {
  const [leased] = await db.query<QueueRow>(LEASE, [row.id, row.row_version, leaseSeconds]);
  return leased ?? null;
}

const TRY_AGAIN = `
UPDATE {schema}.mo_batch
SET last_error = $3, next_try_at = now() + make_interval(secs => $4), push_attempt = push_attempt + $5
WHERE id = $1 AND row_version = $2 AND state IN ('pushing', 'cancelling')
RETURNING *`;

/** pushing > pushing: not now. `counts` only when the cause is the batch's own (not Odoo being away). */
export async function tryAgainLater(
  db: Queryable,
  row: Seen,
  why: { error: string; delaySeconds: number; counts: boolean },
): Promise<QueueRow | null> {
  const [waiting] = await db.query<QueueRow>(TRY_AGAIN, [row.id, row.row_version, why.error, why.delaySeconds, why.counts ? 1 : 0]);
  return waiting ?? null;
}

const PUSHED = step('pushed', "state = 'pushed', last_error = NULL", ['pushing']);

/** pushing > pushed: Odoo was read back and shows exactly the frozen payload. */
export function markPushed(db: Queryable, row: Seen, note: Note): Promise<QueueRow | null> {
  return take(db, PUSHED, row, note, []);
}

const FAILED = step('failed', "state = 'failed', last_error = $5, next_try_at = NULL", ['finished', 'pushing', 'cancelling']);

/** Gave up: a person decides. */
export function markFailed(db: Queryable, row: Seen, error: string, note: Note): Promise<QueueRow | null> {
  return take(db, FAILED, row, { ...note, detail: { ...note.detail, error } }, [error]);
}

const CANCELLING = step('cancelling', "state = 'cancelling', cancellation = $5::jsonb, next_try_at = now() + make_interval(secs => $6)", [
  'queued',
  'running',
  'finished',
  'failed',
]);

/** An operator (or the failed bit) ends the batch without completion. Rows being pushed are refused by the state list. */
export function startCancel(db: Queryable, row: Seen, cancellation: Cancellation, leaseSeconds: number): Promise<QueueRow | null> {
  return take(db, CANCELLING, row, noteOf(cancellation), [JSON.stringify(cancellation), leaseSeconds]);
}

const LESS = step('cancelling', 'cancellation = cancellation || $5::jsonb, next_try_at = now() + make_interval(secs => $6)', [
  'cancelling',
]);

/** Odoo or the PLC does not carry a cancellation out, so an operator wants it without them; reason and notes stay the first ones. */
export function askLess(db: Queryable, row: Seen, wanted: Cancellation, leaseSeconds: number): Promise<QueueRow | null> {
  const { in_odoo, free_slot } = wanted;
  return take(db, LESS, row, noteOf(wanted), [JSON.stringify({ in_odoo, free_slot }), leaseSeconds]);
}

function noteOf({ actor, notes, reason, in_odoo }: Cancellation): Note {
  return { actor, detail: { notes, reason, in_odoo } };
}
