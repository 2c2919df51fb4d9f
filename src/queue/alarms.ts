import type { Queryable } from '../database/database';

export interface OpenAlarm {
  code: string;
  mo_id: string;
  batch_no: number | null;
  severity: 'info' | 'warning' | 'critical';
  text: string;
  value: string | null;
  /** Since when it is so, where that is known better than by when it was seen. null: a later report of the same alarm does not move it. */
  since?: Date | null;
}

export interface AlarmRow extends OpenAlarm {
  id: number;
  line: string;
  since: Date;
  cleared_at: Date | null;
}

const SETTLE = `
WITH open AS (
  SELECT * FROM jsonb_to_recordset($3::jsonb) AS o(code text, mo_id text, batch_no int, severity text, text text, value text, since timestamptz)
), cleared AS (
  UPDATE {schema}.mo_alarm a SET cleared_at = now()
  WHERE a.line = $1 AND a.cleared_at IS NULL AND a.code = ANY($2)
    AND NOT EXISTS (SELECT 1 FROM open o WHERE o.code = a.code AND o.mo_id = a.mo_id)
)
INSERT INTO {schema}.mo_alarm AS a (line, code, mo_id, batch_no, severity, text, value, since)
SELECT $1, code, mo_id, batch_no, severity, text, value, coalesce(since, now()) FROM open
ON CONFLICT (line, code, mo_id) WHERE cleared_at IS NULL
DO UPDATE SET text = excluded.text, value = excluded.value, batch_no = excluded.batch_no, severity = excluded.severity,
  since = coalesce((SELECT o.since FROM open o WHERE o.code = a.code AND o.mo_id = a.mo_id), a.since)
WHERE (a.text, a.value, a.batch_no, a.severity)
  IS DISTINCT FROM (excluded.text, excluded.value, excluded.batch_no, excluded.severity)
  OR a.since <> (SELECT o.since FROM open o WHERE o.code = a.code AND o.mo_id = a.mo_id)`;

/**
 * Makes the open alarms of these codes exactly the given ones: raises what is new, clears what is no longer so. Each
 * task says what it sees now and nobody has to remember; two processes that see the same raise one.
 */
export async function settleAlarms(db: Queryable, line: string, codes: readonly string[], open: readonly OpenAlarm[]): Promise<void> {
  const once = new Map(open.map((alarm) => [`${alarm.code} ${alarm.mo_id}`, alarm]));
  await db.query(SETTLE, [line, codes, JSON.stringify([...once.values()])], 'settle-alarms');
}

const OPEN = 'SELECT * FROM {schema}.mo_alarm WHERE line = $1 AND cleared_at IS NULL ORDER BY id';

export async function openAlarms(db: Queryable, line: string): Promise<AlarmRow[]> {
  return db.query<AlarmRow>(OPEN, [line]);
}

export interface DueAlarm extends AlarmRow {
  /** Its raise has not been announced before: one that is cleared by now has to be announced twice. */
  is_new: boolean;
}

/** Claims what has to be announced: each raise, reminder and clearing goes to exactly one caller. */
const CLAIM = `
WITH due AS (
  SELECT id, raised_sent_at IS NULL AS is_new FROM {schema}.mo_alarm
  WHERE line = $1 AND (cleared_at IS NULL OR cleared_sent_at IS NULL) -- the condition of the index mo_alarm_to_announce
    AND (cleared_at IS NULL AND (raised_sent_at IS NULL OR reminded_at < now() - $2 * interval '1 minute')
      OR cleared_at IS NOT NULL AND cleared_sent_at IS NULL)
  ORDER BY id FOR UPDATE
)
UPDATE {schema}.mo_alarm a SET
  raised_sent_at  = coalesce(raised_sent_at, now()),
  reminded_at     = now(),
  cleared_sent_at = CASE WHEN cleared_at IS NOT NULL THEN now() END
FROM due WHERE a.id = due.id
RETURNING a.*, due.is_new`;

export async function claimAnnouncements(db: Queryable, line: string, remindAfterMinutes: number): Promise<DueAlarm[]> {
  const rows = await db.query<DueAlarm>(CLAIM, [line, remindAfterMinutes]);
  return rows.sort((a, b) => a.id - b.id);
}

/** raised_sent_at is older than the reminder that is taken back, so that one is due again too. */
const GIVE_BACK = `
UPDATE {schema}.mo_alarm SET
  raised_sent_at  = CASE WHEN id = ANY($2) THEN NULL ELSE raised_sent_at END,
  reminded_at     = CASE WHEN id = ANY($2) THEN NULL ELSE raised_sent_at END,
  cleared_sent_at = NULL
WHERE id = ANY($1)`;

/** For a run that claimed announcements and cannot send them: whoever reports next does. */
export async function giveBackAnnouncements(db: Queryable, due: readonly DueAlarm[]): Promise<void> {
  if (due.length === 0) return;
  const ids = (rows: readonly DueAlarm[]): number[] => rows.map(({ id }) => id);
  await db.query(GIVE_BACK, [ids(due), ids(due.filter(({ is_new }) => is_new))]);
}
