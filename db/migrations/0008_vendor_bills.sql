SET ROLE throughline_owner;

-- ───────── vendor bills ─────────
-- What a vendor wants, as it came in; where it stands is written beside it and never over it.
CREATE TABLE vendor_bill (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  supplier_id  int NOT NULL REFERENCES supplier,
  workflow_id  text NOT NULL UNIQUE,
  bill_number  text NOT NULL CHECK (bill_number <> ''),
  -- As it is compared: INV-0012 and inv 12 are the same.
  normal_number text NOT NULL CHECK (normal_number <> ''),
  kind         text NOT NULL DEFAULT 'goods' CHECK (kind IN ('goods', 'landed-cost')),
  billed_on    date NOT NULL,
  due_on       date NOT NULL,
  discount_ppm int NOT NULL DEFAULT 0 CHECK (discount_ppm BETWEEN 0 AND 1000000),
  discount_until date,
  currency     char(3) NOT NULL,
  po_number    text,
  -- As billed; what is accepted of it stands on the lines.
  net_minor    bigint NOT NULL,
  tax_minor    bigint NOT NULL CHECK (tax_minor >= 0),
  gross_minor  bigint NOT NULL CHECK (gross_minor > 0),
  -- How a landed cost is spread over its receipt lines.
  basis        text CHECK (basis IN ('quantity', 'value', 'weight', 'volume', 'equal', 'manual')),
  -- No further bill comes for the estimates of these receipt lines.
  clears_estimate boolean NOT NULL DEFAULT true,
  source       text NOT NULL CHECK (source IN ('typed', 'csv', 'x12-810')),
  captured_by  text NOT NULL,
  captured_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Bills that a person has said are others than this one.
  distinct_from bigint[] NOT NULL DEFAULT '{}',
  approved_by  text,
  posted_on    date,
  -- What was posted as owed; less than gross where a part is disputed.
  posted_minor bigint CHECK (posted_minor <= gross_minor),
  reject_reason text,
  rejected_at  timestamptz,
  paid_at      timestamptz,
  -- Derived at every commit, so that lists can filter by it; nobody sets it.
  phase        text NOT NULL DEFAULT 'captured',
  waiting_for  text NOT NULL DEFAULT '',
  version      int NOT NULL DEFAULT 1,
  closed_at    timestamptz,
  CONSTRAINT vendor_bill_once UNIQUE (supplier_id, bill_number),
  CONSTRAINT vendor_bill_foots CHECK (net_minor + tax_minor = gross_minor),
  CONSTRAINT vendor_bill_has_basis CHECK ((kind = 'landed-cost') = (basis IS NOT NULL)),
  -- GOV-14: whoever wrote a bill down does not approve it.
  CONSTRAINT vendor_bill_maker_not_checker CHECK (approved_by <> captured_by),
  CONSTRAINT vendor_bill_posted_whole CHECK ((posted_on IS NULL) = (posted_minor IS NULL))
);
CREATE INDEX vendor_bill_number ON vendor_bill (supplier_id, normal_number);
CREATE INDEX vendor_bill_amount ON vendor_bill (supplier_id, gross_minor, billed_on);
CREATE INDEX vendor_bill_phase ON vendor_bill (phase, id DESC);
CREATE INDEX vendor_bill_due ON vendor_bill (entity_id, due_on) WHERE posted_on IS NOT NULL AND paid_at IS NULL;

CREATE FUNCTION vendor_bill_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what bill % says stays as it came, and what was posted of it too', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vendor_bill_stays';
END $$;
CREATE TRIGGER stays BEFORE UPDATE ON vendor_bill FOR EACH ROW
  WHEN ((NEW.id, NEW.entity_id, NEW.supplier_id, NEW.workflow_id, NEW.bill_number, NEW.billed_on, NEW.currency, NEW.gross_minor, NEW.captured_by)
      IS DISTINCT FROM (OLD.id, OLD.entity_id, OLD.supplier_id, OLD.workflow_id, OLD.bill_number, OLD.billed_on, OLD.currency, OLD.gross_minor, OLD.captured_by)
    OR (OLD.posted_on IS NOT NULL AND (NEW.posted_on, NEW.posted_minor) IS DISTINCT FROM (OLD.posted_on, OLD.posted_minor)))
  EXECUTE FUNCTION vendor_bill_stays();

CREATE TABLE vendor_bill_line (
  bill_id      bigint NOT NULL REFERENCES vendor_bill,
  line_no      int NOT NULL CHECK (line_no > 0),
  kind         text NOT NULL CHECK (kind IN ('goods', 'charge')),
  item_id      int REFERENCES item,
  sku          text,
  vendor_sku   text,
  description  text NOT NULL,
  qty          bigint NOT NULL CHECK (qty >= 0),
  net_minor    bigint NOT NULL,
  po_number    text,
  receipt_no   text,
  purchase_order_line_id bigint REFERENCES purchase_order_line,
  -- What is paid of the line, where a part is disputed.
  accepted_qty bigint CHECK (accepted_qty BETWEEN 0 AND qty),
  accepted_net_minor bigint,
  -- A person has said that this price, or this quantity, is right once.
  price_approved_by text,
  qty_approved_by   text,
  PRIMARY KEY (bill_id, line_no),
  CHECK ((kind = 'goods') = (qty > 0))
);
CREATE INDEX vendor_bill_line_purchase_line ON vendor_bill_line (purchase_order_line_id);

CREATE TABLE vendor_bill_tax (
  bill_id      bigint NOT NULL REFERENCES vendor_bill,
  jurisdiction text NOT NULL,
  tax_code     text NOT NULL,
  tax_minor    bigint NOT NULL CHECK (tax_minor > 0),
  posted_minor bigint CHECK (posted_minor BETWEEN 0 AND tax_minor),
  PRIMARY KEY (bill_id, jurisdiction, tax_code)
);

-- Which units of a bill's line are which units of a receipt's: the three-way match, for ever.
CREATE TABLE bill_match (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bill_id      bigint NOT NULL,
  line_no      int NOT NULL,
  -- received: they had come; ahead: they are billed and have not; arrived: of those ahead, they came.
  kind         text NOT NULL CHECK (kind IN ('received', 'ahead', 'arrived')),
  receipt_id   bigint,
  receipt_line_no int,
  qty          bigint NOT NULL CHECK (qty > 0),
  -- Taken from the receipt's open item, and what the bill asks for these units, in the bill's currency.
  received_minor bigint NOT NULL,
  billed_minor bigint NOT NULL,
  actor        text NOT NULL,
  matched_on   date NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (bill_id, line_no) REFERENCES vendor_bill_line,
  FOREIGN KEY (receipt_id, receipt_line_no) REFERENCES goods_receipt_line,
  CHECK ((kind = 'ahead') = (receipt_id IS NULL)), CHECK ((receipt_id IS NULL) = (receipt_line_no IS NULL))
);
CREATE INDEX bill_match_bill ON bill_match (bill_id, line_no);
CREATE INDEX bill_match_receipt ON bill_match (receipt_id, receipt_line_no) WHERE receipt_id IS NOT NULL;
SELECT make_append_only('bill_match');

-- No unit of a receipt is billed twice, and the order's line counts what is billed: by construction, whoever writes.
CREATE FUNCTION bill_match_counts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  bad record;
BEGIN
  PERFORM 1 FROM goods_receipt_line l WHERE (l.receipt_id, l.line_no) IN (SELECT receipt_id, receipt_line_no FROM matched)
  ORDER BY l.receipt_id, l.line_no FOR UPDATE;
  SELECT l.receipt_id, l.line_no INTO bad FROM goods_receipt_line l
  WHERE (l.receipt_id, l.line_no) IN (SELECT receipt_id, receipt_line_no FROM matched) AND l.received_qty < (
    SELECT sum(m.qty) FROM bill_match m WHERE m.receipt_id = l.receipt_id AND m.receipt_line_no = l.line_no) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'more of line % of receipt % would be billed than came', bad.line_no, bad.receipt_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_match_not_over_received';
  END IF;
  UPDATE purchase_order_line p SET qty_billed = p.qty_billed + d.qty
  FROM (SELECT l.purchase_order_line_id AS id, sum(m.qty) AS qty FROM matched m JOIN vendor_bill_line l USING (bill_id, line_no)
        WHERE m.kind <> 'arrived' AND l.purchase_order_line_id IS NOT NULL GROUP BY 1) d
  WHERE p.id = d.id;
  RETURN NULL;
END $$;
CREATE TRIGGER counts AFTER INSERT ON bill_match REFERENCING NEW TABLE AS matched
  FOR EACH STATEMENT EXECUTE FUNCTION bill_match_counts();

-- Goods came: bills that wait for them, or that are in question, are looked at again.
CREATE FUNCTION receipt_tells_bills() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO outbox (topic, key, body)
  SELECT DISTINCT 'vendor-bill', 'arrived/' || a.receipt_id || '/' || b.id, jsonb_build_object('billId', b.id::text)
  FROM arrived a JOIN vendor_bill_line l ON l.purchase_order_line_id = a.purchase_order_line_id
  JOIN vendor_bill b ON b.id = l.bill_id AND b.closed_at IS NULL
  ON CONFLICT (topic, key) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER tells_bills AFTER INSERT ON goods_receipt_line REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION receipt_tells_bills();

-- FIN-5, FIN-27: which receipt lines bear a landed cost, by hand or by its basis.
CREATE TABLE landed_cost_allocation (
  bill_id      bigint NOT NULL REFERENCES vendor_bill,
  receipt_id   bigint NOT NULL,
  receipt_line_no int NOT NULL,
  -- Given by a person, for the basis manual; in the bill's currency.
  manual_minor bigint,
  -- Once it is posted: the line's share, and what its estimate was, both functional.
  share_minor  bigint,
  estimate_minor bigint,
  PRIMARY KEY (bill_id, receipt_id, receipt_line_no),
  FOREIGN KEY (receipt_id, receipt_line_no) REFERENCES goods_receipt_line
);
CREATE INDEX landed_cost_allocation_receipt ON landed_cost_allocation (receipt_id, receipt_line_no);

-- ───────── payment runs ─────────
-- From where the company pays; never edited, a new one is another row.
CREATE TABLE company_bank_account (
  id           int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  holder       text NOT NULL CHECK (holder <> ''),
  iban         text NOT NULL CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$'),
  bic          text NOT NULL CHECK (bic ~ '^[A-Z0-9]{8}([A-Z0-9]{3})?$'),
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (entity_id, iban)
);
SELECT make_append_only('company_bank_account');

CREATE TABLE payment_run (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  account_id   int NOT NULL REFERENCES company_bank_account,
  pay_on       date NOT NULL,
  state        text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'released', 'settled', 'cancelled')),
  -- sha256 of what was approved: bills, accounts and amounts.
  content_hash bytea NOT NULL,
  proposed_by  text NOT NULL,
  approved_by  text,
  released_by  text,
  settled_by   text,
  cancelled_by text,
  -- What left for the bank, in functional currency.
  paid_minor   bigint,
  proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  approved_at  timestamptz,
  released_at  timestamptz,
  settled_at   timestamptz,
  CONSTRAINT payment_run_proposer_not_approver CHECK (approved_by <> proposed_by),
  CONSTRAINT payment_run_approver_not_releaser CHECK (released_by <> approved_by),
  CONSTRAINT payment_run_signed CHECK (state IN ('proposed', 'cancelled')
    OR approved_by IS NOT NULL AND (state = 'approved' OR released_by IS NOT NULL))
);
CREATE INDEX payment_run_state ON payment_run (entity_id, state, id DESC);

CREATE TABLE payment_run_line (
  run_id       bigint NOT NULL REFERENCES payment_run,
  bill_id      bigint NOT NULL REFERENCES vendor_bill,
  bank_account_id bigint NOT NULL REFERENCES supplier_bank_account,
  currency     char(3) NOT NULL,
  open_minor   bigint NOT NULL CHECK (open_minor > 0),
  pay_minor    bigint NOT NULL CHECK (pay_minor > 0 AND pay_minor <= open_minor),
  net_discount_minor bigint NOT NULL DEFAULT 0,
  -- Why it is not paid by this run after all; then another may.
  dropped_because text,
  PRIMARY KEY (run_id, bill_id)
);
-- Two runs at once: a bill is in one that may still pay it.
CREATE UNIQUE INDEX payment_run_line_once ON payment_run_line (bill_id) WHERE dropped_because IS NULL;

-- GOV-14: whoever has changed where a supplier is paid, or made sure of it, neither approves nor releases its payment.
CREATE FUNCTION payment_run_duties() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  signer text := CASE NEW.state WHEN 'approved' THEN NEW.approved_by ELSE NEW.released_by END;
  bad text;
BEGIN
  SELECT s.code INTO bad FROM payment_run_line l JOIN supplier_bank_account b ON b.id = l.bank_account_id JOIN supplier s ON s.id = b.supplier_id
  WHERE l.run_id = NEW.id AND l.dropped_because IS NULL AND signer IN (b.requested_by, b.verified_by) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% has changed the bank details of %', signer, bad
      USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_run_bank_editor_not_signer';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER duties BEFORE UPDATE ON payment_run FOR EACH ROW
  WHEN (NEW.state IN ('approved', 'released') AND NEW.state <> OLD.state) EXECUTE FUNCTION payment_run_duties();

-- What the bank was given, to the byte.
CREATE TABLE payment_run_file (
  run_id       bigint PRIMARY KEY REFERENCES payment_run,
  message_id   text NOT NULL UNIQUE,
  body         text NOT NULL,
  sha256       bytea NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('payment_run_file');

GRANT SELECT, INSERT ON vendor_bill, vendor_bill_line, vendor_bill_tax, bill_match, landed_cost_allocation,
  company_bank_account, payment_run, payment_run_line, payment_run_file TO throughline_app;
GRANT UPDATE (po_number, distinct_from, approved_by, posted_on, posted_minor, reject_reason, rejected_at, paid_at, phase, waiting_for, version, closed_at)
  ON vendor_bill TO throughline_app;
GRANT UPDATE (po_number, receipt_no, item_id, purchase_order_line_id, accepted_qty, accepted_net_minor, price_approved_by, qty_approved_by) ON vendor_bill_line TO throughline_app;
GRANT UPDATE (posted_minor) ON vendor_bill_tax TO throughline_app;
GRANT UPDATE (share_minor, estimate_minor) ON landed_cost_allocation TO throughline_app;
GRANT UPDATE (state, approved_by, released_by, settled_by, cancelled_by, paid_minor, approved_at, released_at, settled_at) ON payment_run TO throughline_app;
GRANT UPDATE (dropped_because) ON payment_run_line TO throughline_app;
RESET ROLE;
