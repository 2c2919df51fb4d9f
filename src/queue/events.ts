import type { Queryable } from '../database/database';

/** What happened to a batch or a line, for the report `batch` and for the night shift. Never a secret in `detail`. */
export type EventKind =
  | 'queued'
  | 'loading'
  | 'loaded'
  | 'running'
  | 'finished'
  | 'pushing'
  | 'pushed'
  | 'completed'
  | 'failed'
  | 'retried'
  | 'parked'
  | 'cancelling'
  | 'cancelled'
  | 'requeued'
  | 'booked'
  | 'refused'
  | 'hold'
  | 'released';

const ADD_EVENT = 'INSERT INTO {schema}.mo_events (line, mo_id, event, actor, detail) VALUES ($1, $2, $3, $4, $5)';

export async function addEvent(
  db: Queryable,
  event: { line: string; mo_id: string | null; event: EventKind; actor: string; detail?: object },
): Promise<void> {
  await db.query(ADD_EVENT, [event.line, event.mo_id, event.event, event.actor, JSON.stringify(event.detail ?? {})]);
}

export interface BatchEvent {
  at: Date;
  event: EventKind;
  actor: string;
  detail: Record<string, unknown>;
}

const OF_BATCH = `
SELECT at, event, actor, detail FROM (
  SELECT * FROM {schema}.mo_events WHERE line = $1 AND mo_id = $2 ORDER BY id DESC LIMIT $3
) newest ORDER BY id`;

/** What happened to an MO, all runs, oldest first; of very many the newest `limit`. */
export async function eventsOf(db: Queryable, line: string, moId: string, limit: number): Promise<BatchEvent[]> {
  return db.query<BatchEvent>(OF_BATCH, [line, moId, limit]);
}
