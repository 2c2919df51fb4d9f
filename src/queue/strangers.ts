import type { Queryable } from '../database/database';

const REMEMBER = `
INSERT INTO {schema}.mo_events (line, mo_id, event, actor)
SELECT $1, s.mo_id, 'hold', 'reader' FROM unnest($2::text[]) AS s(mo_id)
WHERE NOT EXISTS (SELECT 1 FROM {schema}.mo_events e WHERE e.line = $1 AND e.mo_id = s.mo_id AND e.event = 'hold')
RETURNING mo_id`;

/**
 * MO names that the PLC shows and nobody knows. Returns those that are seen for the first time; they are remembered as events,
 * because an alarm is cleared as soon as one bad word hides the name for a read.
 */
export async function rememberStrangers(db: Queryable, line: string, moIds: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ mo_id: string }>(REMEMBER, [line, [...new Set(moIds)]]);
  return new Set(rows.map((row) => row.mo_id));
}
