SET ROLE throughline_owner;

-- ───────── vendors' credit notes ─────────
-- What a vendor gives back, as it came in; what it was for is written beside it once and stays.
CREATE TABLE vendor_credit (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  supplier_id  int NOT NULL REFERENCES supplier,
  credit_number text NOT NULL CHECK (credit_number <> ''),
  -- As it is compared: CN-0012 and cn 12 are the same, and a vendor's number is one credit for ever.
  normal_number text NOT NULL CHECK (normal_number <> ''),
  credited_on  date NOT NULL,
  currency     char(3) NOT NULL,
  net_minor    bigint NOT NULL CHECK (net_minor > 0),
  tax_minor    bigint NOT NULL CHECK (tax_minor >= 0),
  gross_minor  bigint NOT NULL,
  source       text NOT NULL CHECK (source IN ('typed', 'csv', 'x12-810')),
  captured_by  text NOT NULL,
  captured_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What it is for: goods that went back, or a bill that asked for too much.
  return_id    bigint REFERENCES vendor_return,
  bill_id      bigint REFERENCES vendor_bill,
  matched_by   text,
  matched_on   date,
  -- Of its gross: what of a bill was disputed, thus never owed, and is answered by it.
  disputed_minor bigint CHECK (disputed_minor BETWEEN 0 AND gross_minor),
  -- Of its net: what it takes of the return's receivable.
  claim_minor  bigint CHECK (claim_minor BETWEEN 0 AND net_minor),
  -- What was posted as owed to us: the rest of its gross.
  posted_minor bigint,
  CONSTRAINT vendor_credit_once UNIQUE (supplier_id, normal_number),
  CONSTRAINT vendor_credit_foots CHECK (net_minor + tax_minor = gross_minor),
  CONSTRAINT vendor_credit_for_one CHECK (num_nonnulls(return_id, bill_id) = (matched_on IS NOT NULL)::int),
  CONSTRAINT vendor_credit_matched_whole CHECK (num_nonnulls(matched_by, matched_on, disputed_minor, claim_minor, posted_minor) IN (0, 5)),
  CONSTRAINT vendor_credit_posts_the_rest CHECK (disputed_minor + posted_minor = gross_minor)
);
CREATE INDEX vendor_credit_return ON vendor_credit (return_id);
CREATE INDEX vendor_credit_bill ON vendor_credit (bill_id);
CREATE INDEX vendor_credit_unmatched ON vendor_credit (entity_id, id) WHERE matched_on IS NULL;

CREATE FUNCTION vendor_credit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what credit note % says stays as it came, and what it was for too', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vendor_credit_stays';
END $$;
CREATE TRIGGER stays BEFORE UPDATE ON vendor_credit FOR EACH ROW WHEN (OLD.matched_on IS NOT NULL) EXECUTE FUNCTION vendor_credit_stays();

CREATE TABLE vendor_credit_tax (
  credit_id    bigint NOT NULL REFERENCES vendor_credit,
  jurisdiction text NOT NULL,
  tax_code     text NOT NULL,
  tax_minor    bigint NOT NULL CHECK (tax_minor > 0),
  PRIMARY KEY (credit_id, jurisdiction, tax_code)
);
SELECT make_append_only('vendor_credit_tax');

-- Which credits a run takes off which of its bills: the bank is told the rest.
CREATE TABLE payment_run_credit (
  run_id       bigint NOT NULL,
  bill_id      bigint NOT NULL,
  credit_id    bigint NOT NULL REFERENCES vendor_credit,
  minor        bigint NOT NULL CHECK (minor > 0),
  PRIMARY KEY (run_id, bill_id, credit_id),
  FOREIGN KEY (run_id, bill_id) REFERENCES payment_run_line
);
CREATE INDEX payment_run_credit_credit ON payment_run_credit (credit_id);
SELECT make_append_only('payment_run_credit');

-- No credit is taken off twice, nor off a bill more than is paid of it: by construction, whoever writes.
CREATE FUNCTION payment_run_credit_within() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  owed bigint;
  paid bigint;
BEGIN
  SELECT posted_minor INTO owed FROM vendor_credit WHERE id = NEW.credit_id FOR NO KEY UPDATE;
  SELECT pay_minor INTO paid FROM payment_run_line WHERE run_id = NEW.run_id AND bill_id = NEW.bill_id;
  IF coalesce(owed, 0) < (SELECT sum(c.minor) FROM payment_run_credit c JOIN payment_run r ON r.id = c.run_id WHERE c.credit_id = NEW.credit_id AND r.state <> 'cancelled')
    OR paid < (SELECT sum(c.minor) FROM payment_run_credit c WHERE c.run_id = NEW.run_id AND c.bill_id = NEW.bill_id) THEN
    RAISE EXCEPTION 'more of credit note % would be taken off than there is', NEW.credit_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_run_credit_within';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER within AFTER INSERT ON payment_run_credit FOR EACH ROW EXECUTE FUNCTION payment_run_credit_within();

-- What of a return's claim nobody expects any more, with the reason; a claim is given up once.
CREATE TABLE vendor_claim_given_up (
  return_id    bigint PRIMARY KEY REFERENCES vendor_return,
  minor        bigint NOT NULL CHECK (minor > 0),
  reason       text NOT NULL CHECK (reason <> ''),
  actor        text NOT NULL,
  given_up_on  date NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('vendor_claim_given_up');

-- ───────── prepayments to vendors ─────────
-- Money that an order's terms ask for before its goods come: asked for and approved by two people.
CREATE TABLE vendor_prepayment (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  entity_id    int NOT NULL REFERENCES entity,
  supplier_id  int NOT NULL REFERENCES supplier,
  currency     char(3) NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  -- Of the order's value, where it was asked for as a share.
  share_ppm    int CHECK (share_ppm BETWEEN 1 AND 1000000),
  due_on       date NOT NULL,
  reason       text NOT NULL CHECK (reason <> ''),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  approved_by  text,
  approved_at  timestamptz,
  cancelled_by text,
  cancelled_at timestamptz,
  CONSTRAINT vendor_prepayment_maker_not_checker CHECK (approved_by <> requested_by),
  CONSTRAINT vendor_prepayment_approved_whole CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CONSTRAINT vendor_prepayment_cancelled_whole CHECK ((cancelled_by IS NULL) = (cancelled_at IS NULL))
);
CREATE INDEX vendor_prepayment_order ON vendor_prepayment (purchase_order_id);
CREATE INDEX vendor_prepayment_due ON vendor_prepayment (entity_id, due_on) WHERE cancelled_at IS NULL;

CREATE TABLE payment_run_prepayment (
  run_id       bigint NOT NULL REFERENCES payment_run,
  prepayment_id bigint NOT NULL REFERENCES vendor_prepayment,
  bank_account_id bigint NOT NULL REFERENCES supplier_bank_account,
  currency     char(3) NOT NULL,
  pay_minor    bigint NOT NULL CHECK (pay_minor > 0),
  -- Why it is not paid by this run after all; then another may.
  dropped_because text,
  PRIMARY KEY (run_id, prepayment_id)
);
CREATE UNIQUE INDEX payment_run_prepayment_once ON payment_run_prepayment (prepayment_id) WHERE dropped_because IS NULL;

-- GOV-14, as for bills: who has changed or verified where a supplier is paid does not sign its payment.
CREATE OR REPLACE FUNCTION payment_run_duties() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  signer text := CASE NEW.state WHEN 'approved' THEN NEW.approved_by ELSE NEW.released_by END;
  bad text;
BEGIN
  SELECT s.code INTO bad FROM (
    SELECT bank_account_id FROM payment_run_line WHERE run_id = NEW.id AND dropped_because IS NULL
    UNION ALL SELECT bank_account_id FROM payment_run_prepayment WHERE run_id = NEW.id AND dropped_because IS NULL) l
  JOIN supplier_bank_account b ON b.id = l.bank_account_id JOIN supplier s ON s.id = b.supplier_id WHERE signer IN (b.requested_by, b.verified_by) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% has changed the bank details of %', signer, bad
      USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_run_bank_editor_not_signer';
  END IF;
  RETURN NEW;
END $$;

-- Which bills a prepayment has paid, and what came back of it: facts, never edited.
CREATE TABLE vendor_prepayment_use (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  prepayment_id bigint NOT NULL REFERENCES vendor_prepayment,
  kind         text NOT NULL CHECK (kind IN ('bill', 'refund')),
  bill_id      bigint REFERENCES vendor_bill,
  minor        bigint NOT NULL CHECK (minor > 0),
  used_on      date NOT NULL,
  reference    text,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((kind = 'bill') = (bill_id IS NOT NULL))
);
CREATE UNIQUE INDEX vendor_prepayment_use_bill ON vendor_prepayment_use (prepayment_id, bill_id) WHERE bill_id IS NOT NULL;
CREATE INDEX vendor_prepayment_use_of_bill ON vendor_prepayment_use (bill_id);
SELECT make_append_only('vendor_prepayment_use');

-- No prepayment is used beyond what it is: by construction, whoever writes.
CREATE FUNCTION vendor_prepayment_within() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  paid bigint;
BEGIN
  SELECT amount_minor INTO paid FROM vendor_prepayment WHERE id = NEW.prepayment_id FOR NO KEY UPDATE;
  IF paid < (SELECT sum(minor) FROM vendor_prepayment_use WHERE prepayment_id = NEW.prepayment_id) THEN
    RAISE EXCEPTION 'more of prepayment % would be used than was paid', NEW.prepayment_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'vendor_prepayment_within';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER within AFTER INSERT ON vendor_prepayment_use FOR EACH ROW EXECUTE FUNCTION vendor_prepayment_within();

GRANT SELECT, INSERT ON vendor_prepayment, payment_run_prepayment, vendor_prepayment_use TO throughline_app;
GRANT UPDATE (approved_by, approved_at, cancelled_by, cancelled_at) ON vendor_prepayment TO throughline_app;
GRANT UPDATE (dropped_because) ON payment_run_prepayment TO throughline_app;

GRANT SELECT, INSERT ON vendor_credit, vendor_credit_tax, payment_run_credit, vendor_claim_given_up TO throughline_app;
GRANT UPDATE (return_id, bill_id, matched_by, matched_on, disputed_minor, claim_minor, posted_minor) ON vendor_credit TO throughline_app;
RESET ROLE;
