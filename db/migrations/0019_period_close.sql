-- Closing a period: its checklist with evidence, signatures and accepted differences; what is expected to be
-- billed; and which reports a lock was set on.
SET ROLE throughline_owner;

-- What a carrier bills beyond what single shipments cost, such as surcharges of a month.
INSERT INTO gl_account (id, code, name, class, role, area, monetary, control_of, open_items, limited, required_dims) VALUES
  (5045, '5045', 'Freight of no order', 'expense', 'FreightOfNoOrder', 'AP', false, NULL, false, false, 0),
  (3300, '3300', 'Translation difference', 'equity', 'TranslationDifference', 'GL', false, NULL, false, false, 0);

-- ───────── the year's end ─────────
-- A line that closes a year is about everything in it, and so carries every dimension: it names the year, and no period.
CREATE OR REPLACE FUNCTION journal_dimension_bits(l journal_line) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN length(l.belongs_to) = 4 THEN 16383 ELSE
    (l.order_id IS NOT NULL)::int * 1 + (l.order_line_id IS NOT NULL)::int * 2 + (l.channel_id IS NOT NULL)::int * 4 + (l.item_id IS NOT NULL)::int * 8
    + (l.site_id IS NOT NULL)::int * 16 + (l.segment IS NOT NULL)::int * 32 + (l.party IS NOT NULL)::int * 64 + (l.tax_code IS NOT NULL)::int * 128
    + (l.jurisdiction IS NOT NULL)::int * 256 + (l.provider IS NOT NULL)::int * 512 + (l.condition IS NOT NULL)::int * 1024 + (l.layer_id IS NOT NULL)::int * 2048
    + (l.open_key IS NOT NULL)::int * 4096 + (l.promotion IS NOT NULL)::int * 8192 END
$$;

-- Only the closing entry of that very year may name a year, and only on results and retained earnings.
CREATE FUNCTION journal_line_closes_year() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM journal_entry e JOIN gl_period p ON p.id = e.period_id JOIN gl_account a ON a.id = NEW.account_id
    WHERE e.id = NEW.entry_id AND e.event_type IN ('year-closed', 'year-closed.reversed') AND p.kind = 'adjusting'
      AND NEW.belongs_to = to_char(p.ends, 'YYYY') AND (a.class IN ('income', 'expense') OR a.role = 'RetainedEarnings')) THEN
    PERFORM journal_refuse('journal_line_dimensions', 'only the closing entry of a year is about a whole year');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER closes_year AFTER INSERT ON journal_line FOR EACH ROW WHEN (length(NEW.belongs_to) = 4)
  EXECUTE FUNCTION journal_line_closes_year();

-- ───────── what a company has laid down for its closes ─────────
CREATE TABLE close_policy (
  entity_id   int NOT NULL REFERENCES entity,
  version     int NOT NULL CHECK (version > 0),
  -- Materiality, how revaluation ends, allowance by age, allocations: domain/ledger/close-policy.ts.
  body        jsonb NOT NULL,
  owner       text NOT NULL CHECK (owner <> ''),
  reason      text NOT NULL CHECK (reason <> ''),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, version)
);
SELECT make_append_only('close_policy');

-- A version holds once another person has approved it.
CREATE TABLE close_policy_approval (
  entity_id   int NOT NULL,
  version     int NOT NULL,
  approved_by text NOT NULL CHECK (approved_by <> ''),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, version),
  FOREIGN KEY (entity_id, version) REFERENCES close_policy
);
SELECT make_append_only('close_policy_approval');

CREATE FUNCTION close_policy_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM close_policy WHERE entity_id = NEW.entity_id AND version = NEW.version AND owner = NEW.approved_by) THEN
    PERFORM refuse_period('close_duties', 'who wrote the rules of a close may not approve them');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_two BEFORE INSERT ON close_policy_approval FOR EACH ROW EXECUTE FUNCTION close_policy_by_two();

-- ───────── one close ─────────
CREATE TABLE period_close (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id   int NOT NULL REFERENCES entity,
  period_id   int NOT NULL UNIQUE REFERENCES gl_period,
  workflow_id text NOT NULL UNIQUE,
  -- The rules that it was begun under; 0 where nobody has written any.
  policy_version int NOT NULL,
  -- In the company's currency: a difference up to it may be accepted with a reason.
  materiality_minor bigint NOT NULL CHECK (materiality_minor >= 0),
  -- A stored projection of tasks and locks; nobody sets it.
  phase       text NOT NULL DEFAULT 'open',
  version     int NOT NULL DEFAULT 0,
  opened_by   text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at   timestamptz
);

-- The checklist as it was when the close began.
CREATE TABLE close_task (
  close_id    bigint NOT NULL REFERENCES period_close,
  task        text NOT NULL,
  position    int NOT NULL,
  step        text NOT NULL,
  -- check: a query; entry: a rule that has nothing left to post; judgement: signed by two persons.
  kind        text NOT NULL CHECK (kind IN ('check', 'entry', 'judgement')),
  area        text NOT NULL CHECK (area IN ('AR', 'AP', 'INV', 'CASH', 'TAX', 'GL')),
  title       text NOT NULL,
  owner       text NOT NULL,
  reviewer    text NOT NULL,
  depends_on  text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (close_id, task)
);
SELECT make_append_only('close_task');

-- What a query answered, each time that its answer was another one; kept for ever.
CREATE TABLE close_evidence (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  period_id   int NOT NULL REFERENCES gl_period,
  task        text NOT NULL,
  colour      text NOT NULL CHECK (colour IN ('green', 'red')),
  -- Over every row of the answer, in order.
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  looked_at   int NOT NULL,
  broken      int NOT NULL CHECK ((colour = 'red') = (broken > 0)),
  at_risk_minor bigint NOT NULL,
  ledger_minor bigint,
  documents_minor bigint,
  -- The broken rows, at most a hundred, each with what it is about, its money and since when.
  rows        jsonb NOT NULL,
  -- Every entry with a smaller transaction id had been committed when it was asked.
  upto_xid    xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot()),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX close_evidence_task ON close_evidence (period_id, task, id DESC);
SELECT make_append_only('close_evidence');

-- Where each query stands now, so that a page need not ask them all.
CREATE TABLE close_tie (
  period_id   int NOT NULL REFERENCES gl_period,
  task        text NOT NULL,
  evidence_id bigint NOT NULL REFERENCES close_evidence,
  checked_at  timestamptz NOT NULL,
  -- Since when it has this colour.
  since       timestamptz NOT NULL,
  took_ms     int NOT NULL,
  PRIMARY KEY (period_id, task)
);

-- What a person has prepared for a task: a judgement, with the lines that it asks for. A later one replaces it.
CREATE TABLE close_preparation (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  close_id    bigint NOT NULL,
  task        text NOT NULL,
  note        text NOT NULL CHECK (note <> ''),
  lines       jsonb NOT NULL DEFAULT '[]',
  reverses    boolean NOT NULL DEFAULT false,
  prepared_by text NOT NULL CHECK (prepared_by <> ''),
  -- Of note, lines and reversal: what the reviewer signs.
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (close_id, task) REFERENCES close_task
);
CREATE INDEX close_preparation_task ON close_preparation (close_id, task, id DESC);
SELECT make_append_only('close_preparation');

CREATE TABLE close_review (
  preparation_id bigint PRIMARY KEY REFERENCES close_preparation,
  reviewed_by text NOT NULL CHECK (reviewed_by <> ''),
  sha256      bytea NOT NULL,
  note        text NOT NULL DEFAULT '',
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('close_review');

CREATE FUNCTION close_review_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE p close_preparation;
BEGIN
  SELECT * INTO p FROM close_preparation WHERE id = NEW.preparation_id;
  IF p.prepared_by = NEW.reviewed_by THEN
    PERFORM refuse_period('close_duties', format('who prepared %s may not review it', p.task));
  ELSIF p.sha256 <> NEW.sha256 OR EXISTS (SELECT FROM close_preparation WHERE close_id = p.close_id AND task = p.task AND id > p.id) THEN
    PERFORM refuse_period('close_review_of_latest', format('%s has been prepared anew since', p.task));
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_another BEFORE INSERT ON close_review FOR EACH ROW EXECUTE FUNCTION close_review_by_another();

-- A difference that somebody lives with: of this answer only, and never more than is material.
CREATE TABLE close_acceptance (
  evidence_id bigint NOT NULL REFERENCES close_evidence,
  close_id    bigint NOT NULL REFERENCES period_close,
  accepted_by text NOT NULL CHECK (accepted_by <> ''),
  reason      text NOT NULL CHECK (reason <> ''),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (close_id, evidence_id)
);
SELECT make_append_only('close_acceptance');

CREATE FUNCTION close_acceptance_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM close_evidence v JOIN period_close c ON c.id = NEW.close_id AND c.period_id = v.period_id
    WHERE v.id = NEW.evidence_id AND v.at_risk_minor <= c.materiality_minor) THEN
    PERFORM refuse_period('close_material', 'a difference above materiality is not accepted but corrected');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER within BEFORE INSERT ON close_acceptance FOR EACH ROW EXECUTE FUNCTION close_acceptance_within();

-- What was decided about one thing that a check listed: a bill that came late, an event that is not posted.
CREATE TABLE close_item_decision (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  close_id    bigint NOT NULL REFERENCES period_close,
  task        text NOT NULL,
  item        text NOT NULL,
  choice      text NOT NULL CHECK (choice IN ('accrue', 'next-period')),
  reason      text NOT NULL CHECK (reason <> ''),
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (close_id, task, item)
);
SELECT make_append_only('close_item_decision');

-- Where each task stands: of a query its last answer, of a judgement its last preparation.
CREATE VIEW close_standing AS
  SELECT t.close_id, c.period_id, t.task, t.position, t.step, t.kind, t.area, t.title, t.owner, t.reviewer, t.depends_on,
    CASE
      WHEN t.kind = 'judgement' THEN CASE WHEN r.preparation_id IS NOT NULL THEN 'signed' WHEN p.id IS NOT NULL THEN 'prepared' ELSE 'open' END
      WHEN v.id IS NULL THEN 'unchecked' WHEN v.colour = 'green' THEN 'green' WHEN a.evidence_id IS NOT NULL THEN 'accepted' ELSE 'red' END AS state,
    v.id AS evidence_id, v.broken, v.at_risk_minor, v.rows, y.checked_at, y.since,
    p.id AS preparation_id, p.prepared_by, p.recorded_at AS prepared_at, r.reviewed_by, r.recorded_at AS reviewed_at, a.accepted_by, a.reason AS accepted_reason
  FROM close_task t JOIN period_close c ON c.id = t.close_id
  LEFT JOIN close_tie y ON y.period_id = c.period_id AND y.task = t.task AND t.kind <> 'judgement' LEFT JOIN close_evidence v ON v.id = y.evidence_id
  LEFT JOIN close_acceptance a ON a.close_id = t.close_id AND a.evidence_id = v.id
  LEFT JOIN LATERAL (SELECT * FROM close_preparation x WHERE x.close_id = t.close_id AND x.task = t.task ORDER BY x.id DESC LIMIT 1) p ON true
  LEFT JOIN close_review r ON r.preparation_id = p.id;

-- ───────── locks under a close ─────────
-- Who prepared anything of a close may not set its hard lock; and the tasks of an area, for GL all of them, come
-- first. Where nobody runs a close the lock stays what it was.
CREATE FUNCTION gl_period_closed_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE open text;
BEGIN
  IF EXISTS (SELECT FROM close_preparation p JOIN period_close c ON c.id = p.close_id WHERE c.period_id = NEW.period_id AND p.prepared_by = NEW.actor)
    OR EXISTS (SELECT FROM journal_entry WHERE period_id = NEW.period_id AND source_type = 'period-close' AND reverses IS NULL AND actor = NEW.actor) THEN
    PERFORM refuse_period('gl_period_duties', 'who prepared anything of a close may not lock it');
  END IF;
  -- After a reopening the lock comes back by itself, whatever the tasks say by then.
  IF NEW.reason = 'reopening over' THEN RETURN NEW; END IF;
  SELECT string_agg(task, ', ' ORDER BY position) INTO open FROM close_standing
  WHERE period_id = NEW.period_id AND (area = NEW.area OR NEW.area = 'GL') AND state NOT IN ('green', 'accepted', 'signed');
  IF open IS NOT NULL THEN
    PERFORM refuse_period('close_tasks_open', format('open tasks: %s', open));
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_another BEFORE INSERT ON gl_period_event FOR EACH ROW WHEN (NEW.action = 'close')
  EXECUTE FUNCTION gl_period_closed_by_another();

-- The period, held until the transaction ends: no entry is in flight in it while it is looked at for a lock.
CREATE FUNCTION hold_period(of_entity int, of_period text) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT (lock_period(of_entity, of_period)).id
$$;

-- ───────── reports that a lock was set on ─────────
CREATE TABLE period_closing_report (
  closing_id  int NOT NULL REFERENCES period_closing,
  report      text NOT NULL CHECK (report IN ('trial-balance', 'profit-and-loss', 'balance-sheet', 'open-items')),
  lines       int NOT NULL,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (closing_id, report)
);
SELECT make_append_only('period_closing_report');

-- A report of a period as text lines: what the period moved, so that no other period can change it.
CREATE FUNCTION period_report(of_period int) RETURNS TABLE (report text, lines int, sha256 bytea) LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
  WITH moved AS MATERIALIZED (
    SELECT a.class, l.account_id, l.currency, a.open_items, sum(l.amount_minor) AS amount, sum(l.func_minor) AS func
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
    WHERE e.period_id = of_period AND e.book = 'main' GROUP BY 1, 2, 3, 4
  )
  SELECT r.report, count(m.account_id)::int,
    sha256(convert_to(coalesce(string_agg(format('%s %s %s %s', m.account_id, m.currency, m.amount, m.func), E'\n' ORDER BY m.account_id, m.currency), ''), 'UTF8'))
  FROM (VALUES ('trial-balance', '{asset,liability,equity,income,expense}'::text[], false), ('profit-and-loss', '{income,expense}', false),
    ('balance-sheet', '{asset,liability,equity}', false), ('open-items', '{asset,liability}', true)) r(report, classes, items)
  LEFT JOIN moved m ON m.class = ANY (r.classes) AND (m.open_items OR NOT r.items)
  GROUP BY r.report
$$;

CREATE FUNCTION period_closing_keeps_reports() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO period_closing_report (closing_id, report, lines, sha256) SELECT NEW.id, r.report, r.lines, r.sha256 FROM period_report(NEW.period_id) r;
  RETURN NULL;
END $$;
CREATE TRIGGER keeps_reports AFTER INSERT ON period_closing FOR EACH ROW EXECUTE FUNCTION period_closing_keeps_reports();

-- ───────── what is expected to be billed ─────────
CREATE TABLE expected_invoice (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  invoice_no  text NOT NULL UNIQUE,
  workflow_id text NOT NULL UNIQUE,
  entity_id   int NOT NULL REFERENCES entity,
  period_id   int NOT NULL REFERENCES gl_period,
  account_id  int NOT NULL REFERENCES gl_account,
  party       text NOT NULL,
  description text NOT NULL,
  currency    char(3) NOT NULL,
  expected_minor bigint NOT NULL CHECK (expected_minor > 0),
  -- A stored projection; nobody sets it.
  phase       text NOT NULL DEFAULT 'expected',
  version     int NOT NULL DEFAULT 0,
  requested_by text NOT NULL,
  accrued_entry bigint,
  bill_number text,
  actual_minor bigint CHECK (actual_minor >= 0),
  ended_as    text CHECK (ended_as IN ('arrived', 'cancelled', 'never-came')),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at   timestamptz,
  CONSTRAINT expected_invoice_arrived CHECK ((ended_as IS NOT DISTINCT FROM 'arrived') = (bill_number IS NOT NULL AND actual_minor IS NOT NULL))
);
CREATE INDEX expected_invoice_period ON expected_invoice (period_id);

-- ───────── rights ─────────
REVOKE EXECUTE ON FUNCTION hold_period(int, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_period(int, text) TO throughline_app;
GRANT SELECT ON close_policy, close_policy_approval, period_close, close_task, close_evidence, close_tie, close_preparation, close_review,
  close_acceptance, close_item_decision, close_standing, period_closing_report, expected_invoice TO throughline_app;
GRANT INSERT ON close_policy, close_policy_approval, period_close, close_task, close_evidence, close_tie, close_preparation, close_review,
  close_acceptance, close_item_decision, expected_invoice TO throughline_app;
GRANT UPDATE (phase, version, closed_at) ON period_close TO throughline_app;
GRANT UPDATE (evidence_id, checked_at, since, took_ms) ON close_tie TO throughline_app;
GRANT UPDATE (phase, version, accrued_entry, bill_number, actual_minor, ended_as, closed_at) ON expected_invoice TO throughline_app;
RESET ROLE;
