SET ROLE throughline_owner;

-- ───────── what the books hold day by day, so that a report need not read every line ─────────
-- As balance_run: every entry with xid < upto_xid is in this run or an earlier one, and no other. A report
-- adds up the runs to its horizon and the entries after the last of them; rows are only ever added, so what
-- was known at an earlier horizon is still there.
CREATE TABLE ledger_day_run (
  id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  upto_xid xid8 NOT NULL UNIQUE,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ledger_day (
  amount_minor bigint NOT NULL,
  func_minor   bigint NOT NULL,
  run_id       int NOT NULL REFERENCES ledger_day_run,
  entity_id    int NOT NULL,
  account_id   int NOT NULL,
  effective_on date NOT NULL,
  channel_id   int,
  site_id      int,
  -- The line moves a result into retained earnings: it belongs to the balance sheet and to no result.
  transfer     boolean NOT NULL,
  currency     char(3) NOT NULL,
  segment      text,
  book         text NOT NULL
);
CREATE INDEX ledger_day_entity ON ledger_day (entity_id, effective_on);

-- The same by item, site and condition. By month, since by day it would be nearly as long as the journal.
CREATE TABLE ledger_item_month (
  qty          bigint NOT NULL,
  amount_minor bigint NOT NULL,
  func_minor   bigint NOT NULL,
  run_id       int NOT NULL REFERENCES ledger_day_run,
  entity_id    int NOT NULL,
  account_id   int NOT NULL,
  month        date NOT NULL,
  item_id      int,
  site_id      int,
  transfer     boolean NOT NULL,
  currency     char(3) NOT NULL,
  condition    text,
  book         text NOT NULL
);
CREATE INDEX ledger_item_month_entity ON ledger_item_month (entity_id, month);
SELECT make_append_only('ledger_day_run');
SELECT make_append_only('ledger_day');
SELECT make_append_only('ledger_item_month');

-- Adds what has come below the snapshot horizon. `worth`: how many entries are worth a run; a report reads as
-- many by itself, and fewer runs are fewer rows.
CREATE FUNCTION take_ledger_days(worth int DEFAULT 20000) RETURNS int
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
      l.site_id, l.segment, l.item_id, l.condition, t.entry_id IS NOT NULL AND a.class IN ('income', 'expense') AS transfer,
      coalesce(l.qty, 0) AS qty, l.amount_minor, l.func_minor
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
    LEFT JOIN (SELECT DISTINCT entry_id FROM journal_line WHERE account_id = 3200) t ON t.entry_id = e.id
    WHERE e.xid >= since AND e.xid < horizon
  ), by_item AS (
    INSERT INTO ledger_item_month (run_id, entity_id, book, account_id, month, currency, item_id, site_id, condition, transfer, qty, amount_minor, func_minor)
    SELECT run, entity_id, book, account_id, month, currency, item_id, site_id, condition, transfer, sum(qty), sum(amount_minor), sum(func_minor)
    FROM line GROUP BY entity_id, book, account_id, month, currency, item_id, site_id, condition, transfer
  )
  INSERT INTO ledger_day (run_id, entity_id, book, account_id, effective_on, currency, channel_id, site_id, segment, transfer, amount_minor, func_minor)
  SELECT run, entity_id, book, account_id, effective_on, currency, channel_id, site_id, segment, transfer, sum(amount_minor), sum(func_minor)
  FROM line GROUP BY entity_id, book, account_id, effective_on, currency, channel_id, site_id, segment, transfer;
  RETURN run;
END $$;

-- Which line opened an item, when one is picked of many.
CREATE TYPE open_item_line AS (entry_id bigint, line_no smallint);

-- ───────── journals for an outside general ledger ─────────
-- Which account of the outside package each of ours is, in versions: an export keeps the one it was made with.
CREATE TABLE account_mapping (
  entity_id   int NOT NULL REFERENCES entity,
  version     int NOT NULL CHECK (version > 0),
  package     text NOT NULL CHECK (package <> ''),
  -- { "4010": "8400" }: our account, its account.
  codes       jsonb NOT NULL CHECK (jsonb_typeof(codes) = 'object'),
  reason      text NOT NULL CHECK (reason <> ''),
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, version)
);
SELECT make_append_only('account_mapping');

-- A numbered batch. It holds every entry of the main book that is effective on to_on or before and has
-- xid < upto_xid, and is in no batch before it. Both limits never fall, so a batch is told by its own row and the
-- one before: none overlaps another and nothing is skipped, and it can be made again for ever.
CREATE TABLE journal_export (
  entity_id    int NOT NULL REFERENCES entity,
  number       int NOT NULL CHECK (number > 0),
  mode         text NOT NULL CHECK (mode IN ('day', 'entry')),
  to_on        date NOT NULL,
  upto_xid     xid8 NOT NULL,
  mapping_version int NOT NULL,
  row_count    int NOT NULL CHECK (row_count > 0),
  debit_minor  bigint NOT NULL,
  -- sha256 of its rows, which whoever makes it again compares.
  content_hash bytea NOT NULL CHECK (length(content_hash) = 32),
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, number),
  FOREIGN KEY (entity_id, mapping_version) REFERENCES account_mapping
);
SELECT make_append_only('journal_export');

CREATE FUNCTION journal_export_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before journal_export;
BEGIN
  SELECT * INTO before FROM journal_export WHERE entity_id = NEW.entity_id ORDER BY number DESC LIMIT 1;
  IF NEW.number <> coalesce(before.number, 0) + 1 OR NEW.to_on < before.to_on OR NEW.upto_xid < before.upto_xid
    OR NEW.upto_xid > coalesce((SELECT max(to_xid) FROM seal), '0'::xid8) THEN
    RAISE EXCEPTION 'export % of entity % does not follow the one before', NEW.number, NEW.entity_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_export_follows';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER follows BEFORE INSERT ON journal_export FOR EACH ROW EXECUTE FUNCTION journal_export_follows();

REVOKE EXECUTE ON FUNCTION take_ledger_days(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_ledger_days(int) TO throughline_app;
GRANT SELECT ON ledger_day_run, ledger_day, ledger_item_month, account_mapping, journal_export TO throughline_app;
GRANT INSERT ON account_mapping, journal_export TO throughline_app;
RESET ROLE;
