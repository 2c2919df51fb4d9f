/**
 * The first set of tables. Never edited after a release: later changes are migrations of their own.
 *
 * The gate rests on constraints, not on luck: one open fetch per line (mo_fetch_one_open), and every row of the queue
 * points to an open fetch, so all rows of a line share one fetch_seq in every committed state, whoever wrote them.
 */
export const tables = `
CREATE TABLE {schema}.mo_schema (version integer NOT NULL);
CREATE UNIQUE INDEX mo_schema_one_row ON {schema}.mo_schema ((true));
INSERT INTO {schema}.mo_schema (version) VALUES (0);

CREATE TABLE {schema}.mo_fetch (
  line        text        NOT NULL,
  fetch_seq   bigint      NOT NULL,
  is_open     boolean     NOT NULL DEFAULT true,
  token       uuid        NOT NULL,
  map_hash    text        NOT NULL DEFAULT '',
  fetched_at  timestamptz NOT NULL DEFAULT now(),
  closed_at   timestamptz,
  PRIMARY KEY (line, fetch_seq),
  UNIQUE (line, fetch_seq, is_open)
);
CREATE UNIQUE INDEX mo_fetch_one_open ON {schema}.mo_fetch (line) WHERE is_open;

CREATE TABLE {schema}.mo_histories (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line           text          NOT NULL,
  batch_no       integer       NOT NULL,
  mo_id          text          NOT NULL,
  run            integer       NOT NULL,
  odoo_id        bigint,
  finished_goods text,
  quantity       numeric(18,3) NOT NULL,
  uom            text          NOT NULL,
  materials      jsonb         NOT NULL,
  actual         jsonb,
  actual_weight  numeric(18,3),
  status_manufacturing smallint NOT NULL,
  status_operation     smallint NOT NULL,
  push_payload   jsonb,
  push_attempt   integer       NOT NULL,
  fetch_seq      bigint        NOT NULL,
  created_at     timestamptz   NOT NULL,
  loaded_at      timestamptz,
  started_at     timestamptz,
  finished_at    timestamptz,
  last_read_from_plc timestamptz,
  measured_by    text          NOT NULL DEFAULT 'plc' CHECK (measured_by IN ('plc', 'operator')),
  status         text          NOT NULL CHECK (status IN ('completed', 'failed', 'cancelled')),
  notes          text,
  actor          text          NOT NULL,
  requeued       boolean       NOT NULL DEFAULT false CHECK (NOT (requeued AND status = 'completed')),
  archived_at    timestamptz   NOT NULL DEFAULT now(),
  UNIQUE (mo_id, run)
);
CREATE UNIQUE INDEX mo_histories_completed ON {schema}.mo_histories (mo_id) WHERE status = 'completed';
CREATE INDEX mo_histories_newest ON {schema}.mo_histories (line, id DESC);

-- Few rows, updated often: room in the page keeps updates off the indexes, early vacuum keeps the gate's count cheap.
CREATE TABLE {schema}.mo_batch (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line           text          NOT NULL,
  batch_no       integer       NOT NULL CHECK (batch_no > 0),
  mo_id          text          NOT NULL UNIQUE,
  run            integer       NOT NULL DEFAULT 1,
  odoo_id        bigint,
  finished_goods text,
  quantity       numeric(18,3) NOT NULL CHECK (quantity > 0 AND quantity < 1e12),
  uom            text          NOT NULL,
  materials      jsonb         NOT NULL,
  actual         jsonb,
  actual_weight  numeric(18,3) CHECK (actual_weight >= 0 AND actual_weight < 1e12),
  status_manufacturing smallint NOT NULL DEFAULT 0 CHECK (status_manufacturing IN (0, 1)),
  status_operation     smallint NOT NULL DEFAULT 0 CHECK (status_operation IN (0, 1)),
  state          text          NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'running', 'finished', 'pushing', 'pushed', 'failed', 'cancelling')),
  row_version    integer       NOT NULL DEFAULT 1,
  push_payload   jsonb,
  push_attempt   integer       NOT NULL DEFAULT 0,
  next_try_at    timestamptz,
  last_error     text,
  missed_reads   smallint      NOT NULL DEFAULT 0,
  cancellation   jsonb,
  fetch_seq      bigint        NOT NULL,
  fetch_open     boolean       NOT NULL DEFAULT true CHECK (fetch_open),
  created_at     timestamptz   NOT NULL DEFAULT now(),
  loaded_at      timestamptz,
  started_at     timestamptz,
  finished_at    timestamptz,
  last_read_from_plc timestamptz,
  measured_by    text          NOT NULL DEFAULT 'plc' CHECK (measured_by IN ('plc', 'operator')),
  updated_at     timestamptz   NOT NULL DEFAULT now(),
  UNIQUE (line, batch_no),
  FOREIGN KEY (line, fetch_seq, fetch_open) REFERENCES {schema}.mo_fetch (line, fetch_seq, is_open),
  CHECK (state NOT IN ('finished', 'pushing', 'pushed')
         OR (status_manufacturing = 1 AND actual IS NOT NULL AND actual_weight IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- A renamed MO is the same MO.
CREATE UNIQUE INDEX mo_batch_odoo_id_key ON {schema}.mo_batch (odoo_id) WHERE odoo_id IS NOT NULL;

CREATE FUNCTION {schema}.mo_batch_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN (
    'queued>running', 'queued>finished', 'queued>failed', 'running>finished', 'running>failed',
    'finished>pushing', 'pushing>pushed', 'finished>failed', 'pushing>failed', 'failed>finished',
    'queued>cancelling', 'running>cancelling', 'finished>cancelling', 'failed>cancelling', 'cancelling>failed') THEN
    RAISE EXCEPTION 'batch %: % to % is not a legal step', OLD.mo_id, OLD.state, NEW.state
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'mo_batch_guard';
  END IF;
  IF OLD.state NOT IN ('queued', 'running')
     AND NOT (OLD.state = 'failed' AND NEW.state = 'finished' AND OLD.push_payload IS NULL)
     AND (OLD.actual, OLD.actual_weight, OLD.status_manufacturing, OLD.status_operation, OLD.finished_at)
         IS DISTINCT FROM (NEW.actual, NEW.actual_weight, NEW.status_manufacturing, NEW.status_operation, NEW.finished_at)
     OR OLD.push_payload IS NOT NULL AND NEW.push_payload IS DISTINCT FROM OLD.push_payload THEN
    RAISE EXCEPTION 'batch % is %: what was measured is frozen', OLD.mo_id, OLD.state
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'mo_batch_guard';
  END IF;
  NEW.row_version := OLD.row_version + 1;
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER mo_batch_guard BEFORE UPDATE ON {schema}.mo_batch
  FOR EACH ROW EXECUTE FUNCTION {schema}.mo_batch_guard();

CREATE TABLE {schema}.mo_line (
  line   text    PRIMARY KEY,
  hold   boolean NOT NULL DEFAULT false,
  reason text,
  actor  text,
  since  timestamptz,
  heartbeat    bigint,
  heartbeat_at timestamptz
);

CREATE TABLE {schema}.mo_events (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT now(),
  line   text        NOT NULL,
  mo_id  text,
  event  text        NOT NULL,
  actor  text        NOT NULL,
  detail jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX mo_events_mo ON {schema}.mo_events (mo_id, id);

-- What each task of a line last did: freshness survives a restart while the rows of the queue stay untouched.
CREATE TABLE {schema}.mo_task (
  line       text NOT NULL,
  task       text NOT NULL CHECK (task IN ('fetch', 'write', 'read', 'complete', 'health')),
  started_at timestamptz,
  ok_at      timestamptz,
  error_at   timestamptz,
  error      text,
  outcome    jsonb,
  PRIMARY KEY (line, task)
) WITH (fillfactor = 50);

-- raised_sent_at and cleared_sent_at are claims: the one monitor that sets the time sends the alarm.
CREATE TABLE {schema}.mo_alarm (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line       text NOT NULL,
  code       text NOT NULL,
  mo_id      text NOT NULL DEFAULT '',
  batch_no   integer,
  severity   text NOT NULL,
  text       text NOT NULL,
  value      text,
  since      timestamptz NOT NULL DEFAULT now(),
  raised_sent_at  timestamptz,
  reminded_at     timestamptz,
  cleared_at      timestamptz,
  cleared_sent_at timestamptz
);
CREATE UNIQUE INDEX mo_alarm_active ON {schema}.mo_alarm (line, code, mo_id) WHERE cleared_at IS NULL;

CREATE VIEW {schema}.mo_consumption AS
SELECT b.line, b.mo_id, b.run, m ->> 'tag' AS tag, m ->> 'product' AS product, m ->> 'uom' AS uom,
       (m ->> 'planned')::numeric AS planned, (b.actual ->> (m ->> 'tag'))::numeric AS actual,
       (b.actual ->> (m ->> 'tag'))::numeric - (m ->> 'planned')::numeric AS difference, b.archived_at
FROM (SELECT line, mo_id, run, materials, actual, NULL::timestamptz AS archived_at FROM {schema}.mo_batch
      UNION ALL SELECT line, mo_id, run, materials, actual, archived_at FROM {schema}.mo_histories) b,
     jsonb_array_elements(b.materials) m;
`;
