-- Disputes that statements tell of, bank files by mapped columns, evidence of chargebacks, realisable value of stock.
SET ROLE throughline_owner;

-- ───────── disputes that statements tell of ─────────
CREATE INDEX settlement_match_dispute ON settlement_match (open_key) WHERE rule = 'dispute';
CREATE INDEX chargeback_reference ON chargeback (reference);
-- A statement may name the dispute only; who tells of the charge later is right, as long as no order is known.
GRANT UPDATE (reference) ON chargeback TO throughline_app;

-- ───────── what the columns of a bank's CSV mean, account by account, in versions ─────────
CREATE TABLE bank_csv_mapping (
  entity_id   int NOT NULL REFERENCES entity,
  account     text NOT NULL CHECK (account <> ''),
  version     int NOT NULL CHECK (version > 0),
  currency    char(3) NOT NULL,
  -- Columns by their headers: connectors/bank/mapped-csv.ts.
  columns     jsonb NOT NULL,
  reason      text NOT NULL CHECK (reason <> ''),
  decided_by  text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, account, version)
);
SELECT make_append_only('bank_csv_mapping');
GRANT SELECT, INSERT ON bank_csv_mapping TO throughline_app;

-- ───────── what we say to banks ─────────
-- The text stands where a customer can be erased; that it was so, and not otherwise, stays.
CREATE TABLE chargeback_evidence (
  chargeback_id bigint NOT NULL REFERENCES chargeback,
  number      int NOT NULL CHECK (number > 0),
  round       int NOT NULL,
  personal_data_id bigint NOT NULL REFERENCES personal_data,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  built_by    text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (chargeback_id, number)
);
SELECT make_append_only('chargeback_evidence');
GRANT SELECT, INSERT ON chargeback_evidence TO throughline_app;

-- ───────── by when a task of a close is to be done ─────────
ALTER TABLE close_task ADD COLUMN due_on date;
CREATE OR REPLACE VIEW close_standing AS
  SELECT t.close_id, c.period_id, t.task, t.position, t.step, t.kind, t.area, t.title, t.owner, t.reviewer, t.depends_on,
    CASE
      WHEN t.kind = 'judgement' THEN CASE WHEN r.preparation_id IS NOT NULL THEN 'signed' WHEN p.id IS NOT NULL THEN 'prepared' ELSE 'open' END
      WHEN v.id IS NULL THEN 'unchecked' WHEN v.colour = 'green' THEN 'green' WHEN a.evidence_id IS NOT NULL THEN 'accepted' ELSE 'red' END AS state,
    v.id AS evidence_id, v.broken, v.at_risk_minor, v.rows, y.checked_at, y.since,
    p.id AS preparation_id, p.prepared_by, p.recorded_at AS prepared_at, r.reviewed_by, r.recorded_at AS reviewed_at, a.accepted_by, a.reason AS accepted_reason, t.due_on
  FROM close_task t JOIN period_close c ON c.id = t.close_id
  LEFT JOIN close_tie y ON y.period_id = c.period_id AND y.task = t.task AND t.kind <> 'judgement' LEFT JOIN close_evidence v ON v.id = y.evidence_id
  LEFT JOIN close_acceptance a ON a.close_id = t.close_id AND a.evidence_id = v.id
  LEFT JOIN LATERAL (SELECT * FROM close_preparation x WHERE x.close_id = t.close_id AND x.task = t.task ORDER BY x.id DESC LIMIT 1) p ON true
  LEFT JOIN close_review r ON r.preparation_id = p.id;

-- ───────── what each order earned month by month, so that a year need not be read line by line ─────────
-- As ledger_day: each run holds the entries between its horizon and the one before.
CREATE TABLE ledger_order_month (
  result_minor bigint NOT NULL,
  order_id     bigint NOT NULL,
  run_id       int NOT NULL REFERENCES ledger_day_run,
  entity_id    int NOT NULL,
  month        date NOT NULL,
  book         text NOT NULL
);
CREATE INDEX ledger_order_month_entity ON ledger_order_month (entity_id, month);
-- The same account by account, for what names an order and what names none.
CREATE TABLE ledger_result_month (
  amount_minor bigint NOT NULL,
  func_minor   bigint NOT NULL,
  run_id       int NOT NULL REFERENCES ledger_day_run,
  entity_id    int NOT NULL,
  account_id   int NOT NULL,
  month        date NOT NULL,
  of_order     boolean NOT NULL,
  currency     char(3) NOT NULL,
  book         text NOT NULL
);
CREATE INDEX ledger_result_month_entity ON ledger_result_month (entity_id, month);

-- What earlier runs hold.
CREATE TEMP TABLE result_line ON COMMIT DROP AS
  SELECT r.id AS run_id, e.entity_id, e.book, date_trunc('month', l.effective_on)::date AS month, l.order_id, l.account_id, l.currency, l.amount_minor, l.func_minor
  FROM (SELECT id, upto_xid, lag(upto_xid, 1, '0'::xid8) OVER (ORDER BY upto_xid) AS from_xid FROM ledger_day_run) r
  JOIN journal_entry e ON e.xid >= r.from_xid AND e.xid < r.upto_xid JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id AND a.class IN ('income', 'expense')
  WHERE NOT EXISTS (SELECT FROM journal_line t WHERE t.entry_id = e.id AND t.account_id = 3200);
INSERT INTO ledger_order_month (run_id, entity_id, book, month, order_id, result_minor)
  SELECT run_id, entity_id, book, month, order_id, -sum(func_minor) FROM result_line WHERE order_id IS NOT NULL GROUP BY run_id, entity_id, book, month, order_id;
INSERT INTO ledger_result_month (run_id, entity_id, book, month, account_id, currency, of_order, amount_minor, func_minor)
  SELECT run_id, entity_id, book, month, account_id, currency, order_id IS NOT NULL, sum(amount_minor), sum(func_minor) FROM result_line
  GROUP BY run_id, entity_id, book, month, account_id, currency, order_id IS NOT NULL;
DROP TABLE result_line;
SELECT make_append_only('ledger_order_month');
SELECT make_append_only('ledger_result_month');
GRANT SELECT ON ledger_order_month, ledger_result_month TO throughline_app;

CREATE OR REPLACE FUNCTION take_ledger_days(worth int DEFAULT 20000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET jit = off AS $$
DECLARE
  horizon xid8;
  since xid8;
  run int;
BEGIN
  PERFORM pg_advisory_xact_lock(7261005);
  SELECT coalesce(max(upto_xid), '0'::xid8) INTO since FROM ledger_day_run;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  IF (SELECT count(*) FROM (SELECT FROM journal_entry WHERE xid >= since AND xid < horizon LIMIT greatest(worth, 1)) come) < greatest(worth, 1) THEN
    RETURN NULL;
  END IF;
  INSERT INTO ledger_day_run (upto_xid) VALUES (horizon) RETURNING id INTO run;
  WITH line AS MATERIALIZED (
    SELECT e.entity_id, e.book, l.account_id, l.effective_on, date_trunc('month', l.effective_on)::date AS month, l.currency, l.channel_id,
      l.site_id, l.segment, l.item_id, l.condition, l.order_id, t.entry_id IS NOT NULL AND a.class IN ('income', 'expense') AS transfer,
      t.entry_id IS NULL AND a.class IN ('income', 'expense') AS result,
      coalesce(l.qty, 0) AS qty, l.amount_minor, l.func_minor
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
    LEFT JOIN (SELECT DISTINCT entry_id FROM journal_line WHERE account_id = 3200) t ON t.entry_id = e.id
    WHERE e.xid >= since AND e.xid < horizon
  ), by_item AS (
    INSERT INTO ledger_item_month (run_id, entity_id, book, account_id, month, currency, item_id, site_id, condition, transfer, qty, amount_minor, func_minor)
    SELECT run, entity_id, book, account_id, month, currency, item_id, site_id, condition, transfer, sum(qty), sum(amount_minor), sum(func_minor)
    FROM line GROUP BY entity_id, book, account_id, month, currency, item_id, site_id, condition, transfer
  ), by_order AS (
    INSERT INTO ledger_order_month (run_id, entity_id, book, month, order_id, result_minor)
    SELECT run, entity_id, book, month, order_id, -sum(func_minor) FROM line WHERE result AND order_id IS NOT NULL GROUP BY entity_id, book, month, order_id
  ), by_result AS (
    INSERT INTO ledger_result_month (run_id, entity_id, book, month, account_id, currency, of_order, amount_minor, func_minor)
    SELECT run, entity_id, book, month, account_id, currency, order_id IS NOT NULL, sum(amount_minor), sum(func_minor) FROM line WHERE result
    GROUP BY entity_id, book, month, account_id, currency, order_id IS NOT NULL
  )
  INSERT INTO ledger_day (run_id, entity_id, book, account_id, effective_on, currency, channel_id, site_id, segment, transfer, amount_minor, func_minor)
  SELECT run, entity_id, book, account_id, effective_on, currency, channel_id, site_id, segment, transfer, sum(amount_minor), sum(func_minor)
  FROM line GROUP BY entity_id, book, account_id, effective_on, currency, channel_id, site_id, segment, transfer;
  RETURN run;
END $$;

RESET ROLE;
