import type { Queryable } from '../database/database';

const BEAT = `
INSERT INTO {schema}.mo_line AS l (line, heartbeat, heartbeat_at) VALUES ($1, $2, now())
ON CONFLICT (line) DO UPDATE SET
  heartbeat    = excluded.heartbeat,
  heartbeat_at = CASE WHEN l.heartbeat IS DISTINCT FROM excluded.heartbeat THEN now() ELSE l.heartbeat_at END
RETURNING extract(epoch FROM now() - heartbeat_at) AS still`;

/** Keeps the heartbeat word that the PLC showed; returns for how many seconds it has been the same, by the database clock. */
export async function keepHeartbeat(db: Queryable, line: string, value: number): Promise<number> {
  const [row] = await db.query<{ still: number }>(BEAT, [line, value]);
  return row?.still ?? 0;
}
