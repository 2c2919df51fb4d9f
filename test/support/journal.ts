import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';

/**
 * The tables themselves write down every state they were ever in, whoever put them there: nothing between two looks of a
 * test stays unseen.
 */
const KEEP = `
CREATE TABLE {schema}.test_journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mo_id text, run int, state text, row_version int, measured text, payload text
);
CREATE FUNCTION {schema}.test_journal_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO {schema}.test_journal (mo_id, run, state, row_version, measured, payload)
  SELECT NEW.mo_id, NEW.run, to_jsonb(NEW) ->> 'state', (to_jsonb(NEW) ->> 'row_version')::int,
         md5(ROW(NEW.actual, NEW.actual_weight, NEW.status_manufacturing, NEW.status_operation, NEW.finished_at)::text),
         md5(NEW.push_payload::text)
  WHERE TG_OP = 'INSERT' OR to_jsonb(NEW) <> to_jsonb(OLD);
  RETURN NULL;
END $$;
CREATE TRIGGER test_journal AFTER INSERT OR UPDATE ON {schema}.mo_batch FOR EACH ROW EXECUTE FUNCTION {schema}.test_journal_keep();
CREATE TRIGGER test_journal AFTER INSERT ON {schema}.mo_histories FOR EACH ROW EXECUTE FUNCTION {schema}.test_journal_keep()`;

/** Each entry beside the one before it of the same batch; an entry without a state is the batch record. */
const STEPS = `
SELECT mo_id || ' run ' || run AS batch, coalesce(state, 'record') AS state, row_version, measured, payload,
       lag(coalesce(state, 'record')) OVER batches AS state_before, lag(row_version) OVER batches AS version_before,
       lag(measured) OVER batches AS measured_before, lag(payload) OVER batches AS payload_before
FROM {schema}.test_journal WINDOW batches AS (PARTITION BY mo_id, run ORDER BY id)`;

/** The table of steps of data.md, and from where a batch may go to the history. */
const LEGAL = [
  ...['>queued', 'queued>running', 'queued>finished', 'queued>failed', 'queued>cancelling', 'running>finished', 'running>failed'],
  ...['running>cancelling', 'finished>pushing', 'finished>failed', 'finished>cancelling', 'pushing>pushed', 'pushing>failed'],
  ...['failed>finished', 'failed>cancelling', 'cancelling>failed', 'pushed>record', 'failed>record', 'cancelling>record'],
];

interface Step {
  batch: string;
  state: string;
  row_version: number | null;
  measured: string;
  payload: string | null;
  state_before: string | null;
  version_before: number | null;
  measured_before: string | null;
  payload_before: string | null;
}

export async function keepJournal(database: Database): Promise<void> {
  await database.query(KEEP);
}

/** I8: nothing measured or frozen has ever changed. I9: every step was legal, and every change counted. */
export async function checkJournal(database: Database): Promise<void> {
  for (const step of await database.query<Step>(STEPS)) {
    const { batch, state, state_before: before } = step;
    if (state !== before) assert.ok(LEGAL.includes(`${before ?? ''}>${state}`), `I9: ${batch} went from ${before} to ${state}`);
    if (before === null) continue;
    const counted = state === 'record' || step.row_version === (step.version_before ?? 0) + 1;
    assert.ok(counted, `I9: ${batch} changed from version ${step.version_before} to ${step.row_version}`);
    const isFrozen = !['queued', 'running'].includes(before) && !(before === 'failed' && state === 'finished' && step.payload === null);
    if (isFrozen) assert.equal(step.measured, step.measured_before, `I8: what was measured of ${batch} changed when it was ${before}`);
    if (step.payload_before !== null) assert.equal(step.payload, step.payload_before, `I8: the payload of ${batch} changed`);
  }
}
