import type { Queryable } from '../database/database';
import type { HistoryRow } from './batch';
import type { Note } from './steps';

/** `what` of the event that keeps one; read again to tell it. */
const WHAT = 'weighed after the batch left the queue';

/** What came late may hold what is booked by then: what was dosed before the batch left the queue, or what came late before. */
export const LESS_BOOKED = ', less what of it is booked already';

/** What the PLC weighed for a batch that had left the queue before it was read. */
export interface LateWeight {
  mo_id: string;
  run: number;
  slot: number;
  /** The PLC gave it up half dosed. */
  finished?: false;
  actual: Record<string, number>;
  /** null: nothing of it has a weight. */
  actual_weight: number | null;
  /** Sentence and value of its alarm. */
  text: string;
  value: string;
}

const KEEP = `
INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
SELECT $1, $2, 'refused', 'plc', $3::jsonb
WHERE NOT EXISTS (SELECT 1 FROM {schema}.mo_events e WHERE e.line = $1 AND e.mo_id = $2 AND e.event = 'refused' AND e.detail = $3::jsonb)`;

/** Keeps the figures as an event; the same figures once, however often the PLC shows them. */
export async function keepLateWeight(db: Queryable, line: string, { mo_id, ...detail }: LateWeight): Promise<void> {
  await db.query(KEEP, [line, mo_id, JSON.stringify({ what: WHAT, ...detail })]);
}

/** Has nobody said since the event `e`, which keeps a late weight, that its run is booked? An earlier booking was of other figures. */
export const NOT_BOOKED_SINCE = `NOT EXISTS (
    SELECT 1 FROM {schema}.mo_events b
    WHERE b.line = e.line AND b.mo_id = e.mo_id AND b.event = 'booked' AND b.detail -> 'run' = e.detail -> 'run' AND b.id > e.id)`;

/** Of each run the last that came late and that nobody has booked since. */
const WAITING = `
  SELECT DISTINCT ON (detail -> 'run') id, detail FROM {schema}.mo_events e
  WHERE line = $1 AND mo_id = $2 AND event = 'refused' AND detail ->> 'what' = $5 AND ${NOT_BOOKED_SINCE}
  ORDER BY detail -> 'run', id DESC`;

/** The alarm is one for each MO: while another run waits, it goes on with that. Whoever raised it in this very moment is cleared too. */
const BOOK = `
WITH waiting AS (${WAITING}
), late AS (
  SELECT * FROM waiting WHERE $6::int IS NULL OR (detail ->> 'run')::int = $6 ORDER BY id DESC LIMIT 1
), other AS (
  SELECT detail FROM waiting WHERE id IS DISTINCT FROM (SELECT id FROM late) ORDER BY id DESC LIMIT 1
), noted AS (
  INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
  SELECT $1, $2, 'booked', $3, jsonb_build_object('batch_no', detail -> 'slot', 'run', detail -> 'run') || $4::jsonb FROM late
), alarm AS (
  UPDATE {schema}.mo_alarm a SET
    text       = coalesce(next.detail ->> 'text', a.text),
    value      = coalesce(next.detail ->> 'value', a.value),
    batch_no   = coalesce((next.detail ->> 'slot')::int, a.batch_no),
    cleared_at = CASE WHEN next.detail IS NULL THEN now() END
  FROM (SELECT (SELECT detail FROM other) AS detail) next
  WHERE line = $1 AND code = 'late-weight' AND mo_id = $2 AND cleared_at IS NULL
  RETURNING a.batch_no
)
SELECT coalesce(
  (SELECT (detail ->> 'slot')::int FROM late),
  (SELECT batch_no FROM alarm WHERE NOT EXISTS (SELECT 1 FROM waiting))) AS slot`;

/**
 * A person has booked in Odoo what the PLC weighed too late: noted with the name, and the alarm `late-weight`, which nobody else
 * clears, is over.
 * @param run the last that waits when null
 * @returns the slot; null when nothing of this run waits to be booked
 */
export async function bookLateWeight(
  db: Queryable,
  line: string,
  { mo_id, run }: { mo_id: string; run: number | null },
  { actor, detail }: Note,
): Promise<number | null> {
  const [booked] = await db.query<{ slot: number | null }>(BOOK, [line, mo_id, actor, JSON.stringify(detail ?? {}), WHAT, run]);
  return booked?.slot ?? null;
}

const KEPT = `
SELECT mo_id, (detail ->> 'run')::int AS run, (detail ->> 'actual_weight')::numeric AS actual_weight, detail -> 'finished' AS finished, (
  SELECT b.actor FROM {schema}.mo_events b
  WHERE b.line = e.line AND b.mo_id = e.mo_id AND b.event = 'booked' AND b.detail -> 'run' = e.detail -> 'run' AND b.id > e.id
  ORDER BY b.id LIMIT 1
) AS booked_by
FROM {schema}.mo_events e
WHERE line = $1 AND mo_id = ANY($2) AND event = 'refused' AND detail ->> 'what' = $3 ORDER BY id`;

/** What came late of one run of an MO. */
export interface Late {
  text: string;
  /** Somebody has said that it is booked in Odoo. */
  isBooked: boolean;
}

/** null when nothing came late. */
export type LateOf = (batch: Pick<HistoryRow, 'mo_id' | 'run'>) => Late | null;

/**
 * "998.06 kg weighed after it left the queue: book it by hand", for those of these MOs of which that is so. The batch record has
 * other figures or none: who looks at the batch later has to be told.
 * @param unit of the finished weight
 */
export async function lateOf(db: Queryable, line: string, moIds: readonly string[], unit: string): Promise<LateOf> {
  if (moIds.length === 0) return () => null;
  type Kept = Pick<LateWeight, 'mo_id' | 'run' | 'actual_weight'> & { finished: false | null } & { booked_by: string | null };
  const rows = await db.query<Kept>(KEPT, [line, moIds, WHAT]);
  const byRun = new Map(rows.map((row) => [`${row.run} ${row.mo_id}`, row]));
  return ({ mo_id, run }) => {
    const kept = byRun.get(`${run} ${mo_id}`);
    if (!kept) return null;
    const { actual_weight, finished, booked_by } = kept;
    const what =
      actual_weight === null ? `${finished === false ? 'dosed' : 'finished'} without a weight` : `${actual_weight} ${unit} weighed`;
    const how = actual_weight === null ? 'book it by hand, from the paper of the scale' : 'book it by hand';
    const text = `${what} after it left the queue: ${booked_by === null ? how : `booked by hand (${booked_by})`}`;
    return { text, isBooked: booked_by !== null };
  };
}
