import type { Queryable } from '../database/database';

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
  await db.query(KEEP, [line, mo_id, JSON.stringify({ what: 'weighed after the batch left the queue', ...detail })]);
}
