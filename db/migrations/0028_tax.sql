SET ROLE throughline_owner;

-- R6-R12: how a jurisdiction taxes, stated from a day on with its source; the newest version that holds on a day counts.
CREATE TABLE tax_profile (
  -- As tax lines name it: US-NY, DE, GB.
  jurisdiction text NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  version      int NOT NULL CHECK (version > 0),
  valid_from   date NOT NULL,
  system       text NOT NULL CHECK (system IN ('sales-tax', 'vat')),
  -- Sales tax is that of where goods go to, or, within a state of origin, of where they come from.
  sourcing     text NOT NULL CHECK (sourcing IN ('destination', 'origin')),
  -- What is rounded: each line, or the document by rate, which is then split over its lines.
  basis        text NOT NULL CHECK (basis IN ('line', 'document')),
  rounding     text NOT NULL CHECK (rounding IN ('half-up', 'down')),
  -- Rates of state, county and city are rounded one by one, or summed first (SSUTA 324).
  stack        text NOT NULL CHECK (stack IN ('separate', 'summed')),
  shipping     text NOT NULL CHECK (shipping IN ('taxed', 'untaxed', 'as-goods')),
  -- A marketplace collects and remits by law (R11).
  facilitator  boolean NOT NULL,
  -- The law or notice that says so.
  source       text NOT NULL CHECK (source <> ''),
  owner        text NOT NULL CHECK (owner <> ''),
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (jurisdiction, version)
);
SELECT make_append_only('tax_profile');

-- R12: which counties, cities and districts tax what goes to a postal code, beside the state itself.
CREATE TABLE tax_area (
  -- The place within the state: US-NY/NEW YORK CITY.
  jurisdiction text NOT NULL,
  state        text NOT NULL,
  level        text NOT NULL CHECK (level IN ('county', 'city', 'special')),
  postal_from  text NOT NULL,
  postal_to    text NOT NULL CHECK (postal_to >= postal_from),
  valid_from   date NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (jurisdiction, postal_from, valid_from),
  CONSTRAINT tax_area_within_state CHECK (starts_with(jurisdiction, state || '/'))
);
SELECT make_append_only('tax_area');
CREATE INDEX tax_area_of_state ON tax_area (state, postal_from);

-- R13, R15: what a tax office said of a buyer's VAT number, as often as it was asked; the latest answer counts.
CREATE TABLE vat_id_check (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id   int NOT NULL REFERENCES channel,
  -- The channel's id of the customer, who need not have bought yet.
  customer     text NOT NULL CHECK (customer <> ''),
  vat_id       text NOT NULL CHECK (vat_id ~ '^[A-Z]{2}[A-Z0-9+*]{2,12}$'),
  valid        boolean NOT NULL,
  checked_on   date NOT NULL,
  -- The consultation number of VIES or of HMRC: what proves later that it was asked.
  reference    text NOT NULL CHECK (reference <> ''),
  checked_by   text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('vat_id_check');
CREATE INDEX vat_id_check_of ON vat_id_check (channel_id, customer, checked_on DESC, id DESC);

-- FIN-10: why a buyer is not charged sales tax; it counts from when another person has verified it.
CREATE TABLE exemption_certificate (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id    int NOT NULL REFERENCES channel,
  customer      text NOT NULL CHECK (customer <> ''),
  number        text NOT NULL CHECK (number <> ''),
  jurisdictions text[] NOT NULL CHECK (cardinality(jurisdictions) > 0),
  kind          text NOT NULL CHECK (kind IN ('resale', 'government', 'charity', 'education', 'manufacturing', 'direct-pay', 'other')),
  valid_from    date NOT NULL,
  valid_to      date NOT NULL CHECK (valid_to >= valid_from),
  captured_by   text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT exemption_certificate_once UNIQUE (channel_id, customer, number)
);
SELECT make_append_only('exemption_certificate');

CREATE TABLE exemption_decision (
  certificate_id bigint NOT NULL REFERENCES exemption_certificate,
  -- Verified once; what has been verified may be revoked.
  decision       text NOT NULL CHECK (decision IN ('verified', 'rejected', 'revoked')),
  decided_by     text NOT NULL,
  reason         text NOT NULL,
  recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (certificate_id, decision)
);
SELECT make_append_only('exemption_decision');

CREATE FUNCTION exemption_is_decided_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  verified boolean;
BEGIN
  -- Two decisions on one certificate follow each other.
  PERFORM pg_advisory_xact_lock(hashtextextended('exemption/' || NEW.certificate_id, 0));
  IF NEW.decided_by = (SELECT captured_by FROM exemption_certificate WHERE id = NEW.certificate_id) THEN
    RAISE EXCEPTION 'certificate % was captured by %', NEW.certificate_id, NEW.decided_by
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'exemption_by_another';
  END IF;
  verified := EXISTS (SELECT FROM exemption_decision WHERE certificate_id = NEW.certificate_id AND decision = 'verified');
  IF (NEW.decision = 'revoked') <> verified OR EXISTS (SELECT FROM exemption_decision WHERE certificate_id = NEW.certificate_id AND decision <> 'verified') THEN
    RAISE EXCEPTION 'certificate % cannot be % now', NEW.certificate_id, NEW.decision
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'exemption_decided_once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_another BEFORE INSERT ON exemption_decision FOR EACH ROW EXECUTE FUNCTION exemption_is_decided_by_another();

-- By which rule, version and certificate the tax was found; what is said of it to a person.
ALTER TABLE tax_quote ADD COLUMN basis jsonb NOT NULL DEFAULT '{}';

-- The tax of a line is found anew while nothing of it has left or was cancelled: rows are added to its tax, and none is edited.
CREATE OR REPLACE FUNCTION order_line_money_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.order_id, NEW.goods_minor, NEW.discount_minor, NEW.shipping_minor, NEW.commission_minor, NEW.fee_minor, NEW.qty_ordered)
     IS DISTINCT FROM (OLD.order_id, OLD.goods_minor, OLD.discount_minor, OLD.shipping_minor, OLD.commission_minor, OLD.fee_minor, OLD.qty_ordered)
     OR NEW.tax_minor <> OLD.tax_minor AND (OLD.qty_shipped > 0 OR OLD.qty_cancelled > 0
       OR NEW.tax_minor <> (SELECT coalesce(sum(t.tax_minor), 0) FROM order_line_tax t WHERE t.order_line_id = NEW.id AND t.collected_by = 'seller')) THEN
    RAISE EXCEPTION 'the amounts and the quantity of order line % are frozen', OLD.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'order_line_money_frozen';
  END IF;
  RETURN NEW;
END $$;

-- R13, R14: the return of a registration for a period, as it was sent. What it said is kept for good; a correction is a line of a later return.
CREATE TABLE tax_return (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id     int NOT NULL REFERENCES entity,
  scheme        text NOT NULL CHECK (scheme IN ('domestic', 'oss', 'ioss')),
  -- As the registration names it.
  jurisdiction  text NOT NULL,
  period        text NOT NULL,
  currency      char(3) NOT NULL,
  -- What is to be paid; below zero what comes back.
  due_minor     bigint NOT NULL,
  prepared_by   text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('tax_return');
CREATE INDEX tax_return_of ON tax_return (entity_id, scheme, jurisdiction, period);

CREATE TABLE tax_return_line (
  return_id     bigint NOT NULL REFERENCES tax_return,
  line_no       int NOT NULL,
  -- The return that the ledger put it in; an earlier one: it became known after that was sent.
  posted_period text NOT NULL,
  -- Of OSS: the period of the sale that a refund takes back (R14).
  corrects_period text,
  account_id    int NOT NULL REFERENCES gl_account,
  jurisdiction  text NOT NULL,
  tax_code      text NOT NULL,
  currency      char(3) NOT NULL,
  -- Above zero what is owed, below what is deducted or taken back.
  tax_minor     bigint NOT NULL,
  func_minor    bigint NOT NULL,
  -- In the currency of the return.
  due_minor     bigint NOT NULL,
  PRIMARY KEY (return_id, line_no)
);
SELECT make_append_only('tax_return_line');

-- As for every effect outside: it is written before it leaves, and what became of it is added.
CREATE TABLE tax_return_event (
  return_id    bigint NOT NULL REFERENCES tax_return,
  kind         text NOT NULL CHECK (kind IN ('filed', 'rejected', 'paid')),
  happened_on  date NOT NULL,
  -- The authority's receipt, its reason for rejecting, or the bank's reference.
  reference    text NOT NULL CHECK (reference <> ''),
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (return_id, kind)
);
SELECT make_append_only('tax_return_event');

CREATE FUNCTION tax_period_ends(in_period text) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN in_period ~ '^\d{4}-Q[1-4]$' THEN (make_date(left(in_period, 4)::int, right(in_period, 1)::int * 3, 1) + interval '1 month - 1 day')::date
    WHEN in_period ~ '^\d{4}-\d{2}$' THEN ((in_period || '-01')::date + interval '1 month - 1 day')::date
    ELSE make_date(in_period::int, 12, 31) END
$$;

-- Two people who prepare the same return follow each other, and one return holds until it is rejected.
CREATE FUNCTION tax_return_is_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('tax-return/' || NEW.entity_id || '/' || NEW.scheme || '/' || NEW.jurisdiction, 0));
  IF EXISTS (SELECT FROM tax_return r WHERE (r.entity_id, r.scheme, r.jurisdiction) = (NEW.entity_id, NEW.scheme, NEW.jurisdiction)
      AND tax_period_ends(r.period) >= tax_period_ends(NEW.period) AND NOT EXISTS (SELECT FROM tax_return_event e WHERE e.return_id = r.id AND e.kind = 'rejected')) THEN
    RAISE EXCEPTION 'a return of % for % or later is there', NEW.jurisdiction, NEW.period
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'tax_return_once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER is_next BEFORE INSERT ON tax_return FOR EACH ROW EXECUTE FUNCTION tax_return_is_next();

CREATE FUNCTION tax_return_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  been text[];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('tax-return/' || NEW.return_id, 0));
  IF NEW.kind <> 'paid' AND NEW.actor = (SELECT prepared_by FROM tax_return WHERE id = NEW.return_id) THEN
    RAISE EXCEPTION '% prepared return %', NEW.actor, NEW.return_id USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'tax_return_by_another';
  END IF;
  been := ARRAY(SELECT kind FROM tax_return_event WHERE return_id = NEW.return_id);
  IF NOT (CASE NEW.kind WHEN 'paid' THEN been = '{filed}' ELSE been = '{}' END) THEN
    RAISE EXCEPTION 'return % cannot be % now', NEW.return_id, NEW.kind USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'tax_return_state';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER goes_on BEFORE INSERT ON tax_return_event FOR EACH ROW EXECUTE FUNCTION tax_return_goes_on();

-- Paying a return is no tax of any return.
CREATE OR REPLACE VIEW tax_ledger_line AS
  SELECT e.entity_id, l.entry_id, l.line_no, l.account_id, l.jurisdiction, l.tax_code, l.currency, l.order_id, e.event_type, l.effective_on,
    -l.amount_minor AS tax_minor, -l.func_minor AS tax_func_minor,
    tax_return_period(e.entity_id, l.account_id, l.jurisdiction, tax_day(l.belongs_to, l.effective_on)) AS return_period
  FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE l.account_id IN (2210, 2220, 2225, 2228) AND e.event_type <> 'tax-return-paid';

-- The registration that a tax line belongs to on its day, as tax_return_period finds its frequency; null: none.
CREATE FUNCTION tax_registration_of(in_entity int, in_account int, in_jurisdiction text, in_on date) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT r.jurisdiction FROM tax_registration r
  WHERE r.entity_id = in_entity AND r.scheme = CASE in_account WHEN 2225 THEN 'oss' WHEN 2228 THEN 'ioss' ELSE 'domestic' END AND r.valid_from <= in_on
    AND (r.scheme <> 'domestic' OR r.jurisdiction = in_jurisdiction OR starts_with(in_jurisdiction, r.jurisdiction || '-') OR starts_with(in_jurisdiction, r.jurisdiction || '/'))
  ORDER BY length(r.jurisdiction) DESC, r.valid_from DESC LIMIT 1
$$;

-- What returns are made of: output tax, and input tax of domestic ones (no OSS return deducts any, R14).
CREATE VIEW tax_return_source AS
  SELECT e.entity_id, l.account_id, l.jurisdiction, l.tax_code, l.currency, l.effective_on, -l.amount_minor AS tax_minor, -l.func_minor AS func_minor,
    CASE l.account_id WHEN 2225 THEN 'oss' WHEN 2228 THEN 'ioss' ELSE 'domestic' END AS scheme,
    tax_registration_of(e.entity_id, l.account_id, l.jurisdiction, d.day) AS registration,
    tax_return_period(e.entity_id, l.account_id, l.jurisdiction, d.day) AS posted_period,
    CASE WHEN l.account_id IN (2225, 2228) AND l.amount_minor > 0 THEN
      (SELECT tax_return_period(e.entity_id, s.account_id, s.jurisdiction, min(tax_day(s.belongs_to, s.effective_on))) FROM journal_line s
       WHERE s.order_id = l.order_id AND (s.account_id, s.jurisdiction, s.tax_code) = (l.account_id, l.jurisdiction, l.tax_code) AND s.amount_minor < 0
       GROUP BY s.account_id, s.jurisdiction) END AS sold_period
  FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id CROSS JOIN LATERAL (SELECT tax_day(l.belongs_to, l.effective_on) AS day) d
  WHERE l.account_id IN (1420, 2210, 2220, 2225, 2228) AND e.event_type <> 'tax-return-paid';

GRANT SELECT ON tax_return_source TO throughline_app;
GRANT SELECT, INSERT ON tax_return, tax_return_line, tax_return_event TO throughline_app;
GRANT SELECT, INSERT ON tax_profile, tax_area, vat_id_check, exemption_certificate, exemption_decision TO throughline_app;
GRANT INSERT ON tax_rate TO throughline_app;
RESET ROLE;
