SET ROLE throughline_owner;

-- FIN-10, SAAS-5: the tax of an order whose document states none, as it was quoted before the order was frozen.
CREATE TABLE tax_quote (
  inbox_id     bigint PRIMARY KEY,
  -- The order that was frozen with it; a document that was refused has none.
  order_id     bigint UNIQUE REFERENCES sales_order,
  -- The engine, the rates in the database where no engine is set up, or these because the engine was down.
  source       text NOT NULL CHECK (source IN ('engine', 'rates', 'fallback')),
  tax_on       date NOT NULL,
  currency     char(3) NOT NULL,
  prices_include_tax boolean NOT NULL,
  -- What was asked, part by part, and what was answered; neither holds personal data.
  parts        jsonb NOT NULL,
  quoted       jsonb NOT NULL,
  tax_minor    bigint NOT NULL,
  reason       text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Where a company files, and how often. A frequency that changes is a new row; one that has held is never edited.
CREATE TABLE tax_registration (
  entity_id    int NOT NULL REFERENCES entity,
  -- `domestic` is one jurisdiction's own return; OSS and IOSS are one return for all that they cover (R14, R15).
  scheme       text NOT NULL DEFAULT 'domestic' CHECK (scheme IN ('domestic', 'oss', 'ioss')),
  -- As tax lines name it; it covers what lies within: US-NY also US-NY/NEW YORK CITY.
  jurisdiction text NOT NULL CHECK (jurisdiction <> ''),
  number       text NOT NULL CHECK (number <> ''),
  frequency    text NOT NULL CHECK (frequency IN ('month', 'quarter', 'year')),
  valid_from   date NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, scheme, jurisdiction, valid_from)
);
SELECT make_append_only('tax_registration');

-- A registration tells from its first day on how often is filed; one that begins before another would move what that one covers to other returns.
CREATE FUNCTION tax_registration_begins_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM tax_registration r WHERE (r.entity_id, r.scheme, r.jurisdiction) = (NEW.entity_id, NEW.scheme, NEW.jurisdiction)
      AND r.valid_from >= NEW.valid_from) THEN
    RAISE EXCEPTION 'a newer registration of % begins on or after %', NEW.jurisdiction, NEW.valid_from
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'tax_registration_begins_later';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER begins_later BEFORE INSERT ON tax_registration FOR EACH ROW EXECUTE FUNCTION tax_registration_begins_later();

-- The return that a tax line belongs to (ledger.md 3.1): derived from its day and the registration that held on it, so that posting
-- looks nothing up. Without a registration OSS files by the quarter and everything else by the month.
CREATE FUNCTION tax_return_period(in_entity int, in_account int, in_jurisdiction text, in_on date) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE coalesce(
      (SELECT r.frequency FROM tax_registration r
       WHERE r.entity_id = in_entity AND r.scheme = CASE in_account WHEN 2225 THEN 'oss' WHEN 2228 THEN 'ioss' ELSE 'domestic' END AND r.valid_from <= in_on
         AND (r.scheme <> 'domestic' OR r.jurisdiction = in_jurisdiction OR starts_with(in_jurisdiction, r.jurisdiction || '-') OR starts_with(in_jurisdiction, r.jurisdiction || '/'))
       ORDER BY length(r.jurisdiction) DESC, r.valid_from DESC LIMIT 1),
      CASE in_account WHEN 2225 THEN 'quarter' ELSE 'month' END)
    WHEN 'year' THEN to_char(in_on, 'YYYY') WHEN 'quarter' THEN to_char(in_on, 'YYYY-"Q"Q') ELSE to_char(in_on, 'YYYY-MM') END
$$;

-- The day that a line is about: a late fact is booked in an open period and belongs to its own month.
CREATE FUNCTION tax_day(in_belongs_to text, in_effective_on date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN in_belongs_to ~ '^\d{4}-(0[1-9]|1[0-2])$' THEN (in_belongs_to || '-01')::date ELSE in_effective_on END
$$;

-- Lines of 22xx with the return that they belong to, above zero what is owed.
CREATE VIEW tax_ledger_line AS
  SELECT e.entity_id, l.entry_id, l.line_no, l.account_id, l.jurisdiction, l.tax_code, l.currency, l.order_id, e.event_type, l.effective_on,
    -l.amount_minor AS tax_minor, -l.func_minor AS tax_func_minor,
    tax_return_period(e.entity_id, l.account_id, l.jurisdiction, tax_day(l.belongs_to, l.effective_on)) AS return_period
  FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE l.account_id IN (2210, 2220, 2225, 2228);

GRANT SELECT ON tax_ledger_line TO throughline_app;
GRANT SELECT, INSERT ON tax_registration TO throughline_app;
GRANT SELECT, INSERT ON tax_quote TO throughline_app;
GRANT UPDATE (order_id) ON tax_quote TO throughline_app;
RESET ROLE;
