import type { Queryable } from '../database/database';
import type { HistoryRow } from './batch';

/** `what` of the event that keeps one; read again to tell it. */
const WHAT = 'weighed after the batch left the queue';

/** What the PLC weighed for a batch that had left the queue before it was read. */
export interface LateWeight {
  mo_id: string;
  run: number;
  slot: number;
  actual: Record<string, number>;
  actual_weight: number | null;
}

const KEEP = `
INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail)
SELECT $1, $2, 'refused', 'plc', $3::jsonb
WHERE NOT EXISTS (SELECT 1 FROM {schema}.mo_events e WHERE e.line = $1 AND e.mo_id = $2 AND e.event = 'refused' AND e.detail = $3::jsonb)`;

/** Keeps the figures as an event; the same figures once, however often the PLC shows them. */
export async function keepLateWeight(db: Queryable, line: string, { mo_id, ...detail }: LateWeight): Promise<void> {
  await db.query(KEEP, [line, mo_id, JSON.stringify({ what: WHAT, ...detail })]);
}

const KEPT = `
SELECT mo_id, (detail ->> 'run')::int AS run, (detail ->> 'actual_weight')::numeric AS actual_weight FROM {schema}.mo_events
WHERE line = $1 AND mo_id = ANY($2) AND event = 'refused' AND detail ->> 'what' = $3 ORDER BY id`;

/** What to tell of one run of an MO, null when nothing of it came late. */
export type LateText = (batch: Pick<HistoryRow, 'mo_id' | 'run'>) => string | null;

/**
 * "998.06 kg weighed after it left the queue: book it by hand", for those of these MOs of which that is so. The alarm ends when
 * the slot is used again, the batch record has other figures or none: who looks at the batch later has to be told.
 * @param unit of the finished weight
 */
export async function lateTexts(db: Queryable, line: string, moIds: readonly string[], unit: string): Promise<LateText> {
  if (moIds.length === 0) return () => null;
  const rows = await db.query<Pick<LateWeight, 'mo_id' | 'run' | 'actual_weight'>>(KEPT, [line, moIds, WHAT]);
  const weights = new Map(rows.map(({ mo_id, run, actual_weight }) => [`${run} ${mo_id}`, actual_weight]));
  return ({ mo_id, run }) => {
    const weight = weights.get(`${run} ${mo_id}`);
    if (weight === undefined) return null;
    return weight === null
      ? 'finished without a weight after it left the queue: book it by hand, from the paper of the scale'
      : `${weight} ${unit} weighed after it left the queue: book it by hand`;
  };
}

/** The same batch records; the notes of one whose weight came late say so. */
export async function withLateNotes<R extends Pick<HistoryRow, 'mo_id' | 'run' | 'notes'>>(
  db: Queryable,
  line: string,
  records: readonly R[],
  unit: string,
): Promise<R[]> {
  const names = records.map(({ mo_id }) => mo_id);
  const late = await lateTexts(db, line, names, unit);
  return records.map((record) => ({ ...record, notes: [record.notes, late(record)].filter(Boolean).join('; ') || null }));
}
