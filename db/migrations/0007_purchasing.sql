SET ROLE throughline_owner;

-- ───────── suppliers ─────────
-- What stands here is what somebody else has approved; proposals wait in supplier_change (GOV-17).
CREATE TABLE supplier (
  id           int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  code         text NOT NULL UNIQUE CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$'),
  -- How journal lines and open items name it.
  party        text NOT NULL GENERATED ALWAYS AS ('supplier/' || code) STORED UNIQUE,
  name         text NOT NULL CHECK (name <> ''),
  country      char(2) NOT NULL,
  tax_id       text,
  currency     char(3) NOT NULL,
  terms_days   int NOT NULL DEFAULT 30 CHECK (terms_days BETWEEN 0 AND 365),
  -- What is taken off when it is paid within discount_days.
  discount_ppm int NOT NULL DEFAULT 0 CHECK (discount_ppm BETWEEN 0 AND 1000000),
  discount_days int NOT NULL DEFAULT 0 CHECK (discount_days >= 0),
  incoterm     text CHECK (incoterm IN ('EXW', 'FCA', 'FAS', 'FOB', 'CFR', 'CIF', 'CPT', 'CIP', 'DAP', 'DPU', 'DDP')),
  email        text,
  edi_id       text,
  send_by      text NOT NULL DEFAULT 'mail' CHECK (send_by IN ('mail', 'edi')),
  -- pending: nobody has approved it yet; blocked: nothing is ordered, nothing is paid.
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'blocked', 'rejected')),
  standing     text NOT NULL DEFAULT 'new' CHECK (standing IN ('new', 'preferred', 'regular', 'watched')),
  -- Tolerances; null: the purchasing policy's. supplier_item's go before these.
  over_receipt_ppm      int CHECK (over_receipt_ppm BETWEEN 0 AND 1000000),
  under_receipt_ppm     int CHECK (under_receipt_ppm BETWEEN 0 AND 1000000),
  price_tolerance_ppm   int CHECK (price_tolerance_ppm BETWEEN 0 AND 1000000),
  price_tolerance_minor bigint CHECK (price_tolerance_minor >= 0),
  qty_tolerance_ppm     int CHECK (qty_tolerance_ppm BETWEEN 0 AND 1000000),
  version      int NOT NULL DEFAULT 1,
  created_by   text NOT NULL,
  approved_by  text,
  approved_at  timestamptz,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT supplier_maker_not_checker CHECK (approved_by <> created_by),
  CONSTRAINT supplier_approved_by_somebody CHECK (state <> 'approved' OR approved_by IS NOT NULL),
  CONSTRAINT supplier_edi_has_an_address CHECK (send_by <> 'edi' OR edi_id IS NOT NULL)
);

-- Names are compared without case, punctuation and company form: ACME Ltd. is acme limited.
CREATE FUNCTION supplier_name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(regexp_replace(lower(name), '\m(gmbh|ag|inc|llc|ltd|limited|corp|corporation|co|company|sa|sarl|bv|kg|plc|oy|ab|srl|spa)\M\.?', '', 'g'), '[^a-z0-9]', '', 'g')
$$;
CREATE FUNCTION tax_id_key(tax_id text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT upper(regexp_replace(tax_id, '[^A-Za-z0-9]', '', 'g'))
$$;
CREATE INDEX supplier_name ON supplier (supplier_name_key(name));
CREATE INDEX supplier_tax_id ON supplier (tax_id_key(tax_id));

-- A proposal: what shall become of a supplier, who asked for it and who decided; nobody decides their own.
CREATE TABLE supplier_change (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  supplier_id  int NOT NULL REFERENCES supplier,
  kind         text NOT NULL CHECK (kind IN ('create', 'change', 'bank', 'block', 'unblock')),
  -- The version of the supplier that the author saw; approving another one is refused.
  based_on     int NOT NULL,
  body         jsonb NOT NULL,
  -- Suppliers that look like this one: same name, tax id or bank account.
  duplicates   jsonb NOT NULL DEFAULT '[]',
  reason       text NOT NULL CHECK (reason <> ''),
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn', 'superseded')),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_by   text,
  decided_at   timestamptz,
  decision_note text,
  CONSTRAINT supplier_change_maker_not_checker CHECK (state NOT IN ('approved', 'rejected') OR decided_by <> requested_by),
  CONSTRAINT supplier_change_decided_by_somebody CHECK (state NOT IN ('approved', 'rejected') OR decided_by IS NOT NULL)
);
CREATE INDEX supplier_change_waiting ON supplier_change (requested_at) WHERE state = 'pending';
CREATE INDEX supplier_change_supplier ON supplier_change (supplier_id, id);

-- Where a supplier is paid: versions are added, never edited. The newest verified one whose cool-off is over is paid to.
CREATE TABLE supplier_bank_account (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  supplier_id  int NOT NULL REFERENCES supplier,
  version      int NOT NULL CHECK (version > 0),
  holder       text NOT NULL CHECK (holder <> ''),
  -- IBAN, or the account number with the bank's routing number.
  account_no   text NOT NULL CHECK (account_no ~ '^[A-Z0-9]{4,34}$'),
  routing_no   text,
  bic          text CHECK (bic ~ '^[A-Z0-9]{8}([A-Z0-9]{3})?$'),
  currency     char(3) NOT NULL,
  country      char(2) NOT NULL,
  change_id    bigint NOT NULL UNIQUE REFERENCES supplier_change,
  requested_by text NOT NULL,
  verified_by  text NOT NULL,
  -- How it was made sure of, such as a call back to a number that was known before.
  verified_how text NOT NULL CHECK (verified_how <> ''),
  verified_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  usable_from  timestamptz NOT NULL,
  UNIQUE (supplier_id, version),
  CONSTRAINT supplier_bank_maker_not_checker CHECK (verified_by <> requested_by)
);
CREATE INDEX supplier_bank_account_no ON supplier_bank_account (account_no);
SELECT make_append_only('supplier_bank_account');

CREATE TABLE supplier_item (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  supplier_id  int NOT NULL REFERENCES supplier,
  item_id      int NOT NULL REFERENCES item,
  vendor_sku   text NOT NULL CHECK (vendor_sku <> ''),
  -- Lowest first: whom an item is bought from when nobody says.
  rank         int NOT NULL DEFAULT 1 CHECK (rank > 0),
  moq          bigint NOT NULL DEFAULT 1 CHECK (moq > 0),
  multiple     bigint NOT NULL DEFAULT 1 CHECK (multiple > 0),
  lead_time_days int NOT NULL CHECK (lead_time_days BETWEEN 0 AND 1000),
  over_receipt_ppm      int CHECK (over_receipt_ppm BETWEEN 0 AND 1000000),
  under_receipt_ppm     int CHECK (under_receipt_ppm BETWEEN 0 AND 1000000),
  price_tolerance_ppm   int CHECK (price_tolerance_ppm BETWEEN 0 AND 1000000),
  price_tolerance_minor bigint CHECK (price_tolerance_minor >= 0),
  qty_tolerance_ppm     int CHECK (qty_tolerance_ppm BETWEEN 0 AND 1000000),
  inspect      boolean NOT NULL DEFAULT false,
  status       text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
  UNIQUE (supplier_id, item_id)
);
CREATE INDEX supplier_item_item ON supplier_item (item_id, rank);
CREATE INDEX supplier_item_vendor_sku ON supplier_item (supplier_id, vendor_sku);

-- Price breaks in the supplier's currency: price_minor buys price_per units when at least min_qty are ordered.
CREATE TABLE supplier_price (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  supplier_item_id bigint NOT NULL REFERENCES supplier_item,
  min_qty      bigint NOT NULL DEFAULT 1 CHECK (min_qty > 0),
  price_minor  bigint NOT NULL CHECK (price_minor >= 0),
  price_per    bigint NOT NULL DEFAULT 1 CHECK (price_per > 0),
  valid_from   date NOT NULL,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX supplier_price_item ON supplier_price (supplier_item_id, min_qty, valid_from DESC, id DESC);
SELECT make_append_only('supplier_price');

-- ───────── purchase orders ─────────
CREATE TABLE purchase_order (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  po_number    text NOT NULL UNIQUE CHECK (po_number ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$'),
  entity_id    int NOT NULL REFERENCES entity,
  supplier_id  int NOT NULL REFERENCES supplier,
  workflow_id  text NOT NULL UNIQUE,
  currency     char(3) NOT NULL,
  ordered_on   date NOT NULL,
  terms_days   int NOT NULL CHECK (terms_days >= 0),
  incoterm     text,
  note         text,
  -- Counts what was changed of lines and terms; an approval holds for one revision only.
  revision     int NOT NULL DEFAULT 1,
  -- The people who wrote this revision; none of them approves it.
  created_by   text NOT NULL,
  authors      text[] NOT NULL CHECK (cardinality(authors) > 0),
  submitted_revision int,
  approved_revision int,
  sent_revision int,
  acknowledged_revision int,
  sent_at      timestamptz,
  cancelled_at timestamptz,
  policies     jsonb NOT NULL,
  -- Derived from lines, approvals and cases at every commit, so that lists can filter by it; nobody sets it.
  phase        text NOT NULL DEFAULT 'draft',
  waiting_for  text NOT NULL DEFAULT '',
  version      int NOT NULL DEFAULT 1,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz,
  CONSTRAINT purchase_order_sent_as_approved CHECK (sent_revision IS NULL OR approved_revision IS NOT NULL)
);
CREATE INDEX purchase_order_phase ON purchase_order (phase, id DESC);
CREATE INDEX purchase_order_supplier ON purchase_order (supplier_id, id DESC);

-- Quantities in the item's base unit; money in minor units of the order's currency.
CREATE TABLE purchase_order_line (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  line_no      int NOT NULL CHECK (line_no > 0),
  item_id      int NOT NULL REFERENCES item,
  site_id      int NOT NULL REFERENCES site,
  vendor_sku   text,
  -- unit_price_minor buys price_per units.
  unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
  price_per    bigint NOT NULL DEFAULT 1 CHECK (price_per > 0),
  -- What freight, duty and insurance are expected to add to price_per units, in the entity's currency.
  landed_estimate_minor bigint NOT NULL DEFAULT 0 CHECK (landed_estimate_minor >= 0),
  needed_on    date NOT NULL,
  -- What the supplier said; null until it has.
  promised_on  date,
  -- Goods of this line are looked at before anybody may sell them.
  inspect      boolean NOT NULL DEFAULT false,
  qty_ordered  bigint NOT NULL CHECK (qty_ordered > 0),
  -- What the supplier has confirmed; null until it has.
  qty_acknowledged bigint CHECK (qty_acknowledged >= 0),
  qty_received bigint NOT NULL DEFAULT 0,
  -- Of the received ones, those that somebody has judged, and of these those that were not accepted.
  qty_inspected bigint NOT NULL DEFAULT 0,
  qty_rejected bigint NOT NULL DEFAULT 0,
  -- Rejected or damaged units that the supplier sends again.
  qty_replacing bigint NOT NULL DEFAULT 0,
  qty_billed   bigint NOT NULL DEFAULT 0,
  -- Cancelled or closed short: nothing more of it is expected.
  qty_cancelled bigint NOT NULL DEFAULT 0,
  qty_open     bigint GENERATED ALWAYS AS (greatest(0, qty_ordered + qty_replacing - qty_cancelled - qty_received)) STORED,
  cancel_reason text,
  UNIQUE (purchase_order_id, line_no),
  CONSTRAINT purchase_line_counters CHECK (
    qty_received >= 0 AND qty_billed >= 0 AND qty_cancelled BETWEEN 0 AND qty_ordered + qty_replacing
    AND qty_rejected BETWEEN 0 AND qty_inspected AND qty_inspected <= qty_received AND qty_replacing >= 0)
);
CREATE INDEX purchase_order_line_item ON purchase_order_line (item_id, site_id) WHERE qty_open > 0;

CREATE TABLE purchase_order_approval (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  revision     int NOT NULL,
  -- Whose signature it is, such as purchasing-manager; rule: nobody had to.
  step         text NOT NULL,
  decision     text NOT NULL CHECK (decision IN ('approved', 'rejected')),
  -- What was approved: sha256 of lines and terms.
  content_hash bytea NOT NULL,
  reason       text,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (purchase_order_id, revision, step)
);
SELECT make_append_only('purchase_order_approval');

-- GOV-14: whoever wrote a revision does not approve it, whatever roles they hold.
CREATE FUNCTION purchase_approval_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.step <> 'rule' AND EXISTS (SELECT FROM purchase_order p WHERE p.id = NEW.purchase_order_id AND NEW.actor = ANY (p.authors)) THEN
    RAISE EXCEPTION '% wrote purchase order %', NEW.actor, NEW.purchase_order_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_order_maker_not_checker';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_another BEFORE INSERT ON purchase_order_approval FOR EACH ROW EXECUTE FUNCTION purchase_approval_by_another();

-- What was sent to a supplier, to the byte.
CREATE TABLE purchase_order_document (
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  revision     int NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('pdf', 'x12-850')),
  body         bytea NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (purchase_order_id, revision, kind)
);
SELECT make_append_only('purchase_order_document');

-- What a supplier confirmed, line by line (X12 855 or typed in).
CREATE TABLE purchase_order_ack (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  ack_no       text NOT NULL,
  source       text NOT NULL CHECK (source IN ('x12-855', 'person')),
  -- changed: it waits for somebody to accept what differs.
  outcome      text NOT NULL CHECK (outcome IN ('accepted', 'changed', 'rejected')),
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (purchase_order_id, ack_no)
);
SELECT make_append_only('purchase_order_ack');

CREATE TABLE purchase_order_ack_line (
  ack_id       bigint NOT NULL REFERENCES purchase_order_ack,
  purchase_order_line_id bigint NOT NULL REFERENCES purchase_order_line,
  qty          bigint NOT NULL CHECK (qty >= 0),
  unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
  price_per    bigint NOT NULL DEFAULT 1 CHECK (price_per > 0),
  promised_on  date,
  PRIMARY KEY (ack_id, purchase_order_line_id)
);
SELECT make_append_only('purchase_order_ack_line');

-- ───────── what is under way ─────────
CREATE TABLE asn (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asn_no       text NOT NULL CHECK (asn_no <> ''),
  supplier_id  int NOT NULL REFERENCES supplier,
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  source       text NOT NULL CHECK (source IN ('x12-856', 'person')),
  shipped_on   date NOT NULL,
  expected_on  date,
  carrier      text,
  bill_of_lading text,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT asn_once UNIQUE (supplier_id, asn_no)
);
CREATE INDEX asn_purchase_order ON asn (purchase_order_id);
SELECT make_append_only('asn');

CREATE TABLE asn_line (
  asn_id       bigint NOT NULL REFERENCES asn,
  line_no      int NOT NULL,
  purchase_order_line_id bigint NOT NULL REFERENCES purchase_order_line,
  qty          bigint NOT NULL CHECK (qty > 0),
  lot          text,
  -- SSCC of the pallet or carton that it lies in.
  package_no   text,
  PRIMARY KEY (asn_id, line_no)
);
CREATE INDEX asn_line_purchase_line ON asn_line (purchase_order_line_id);
SELECT make_append_only('asn_line');

-- ───────── receipts against purchase orders ─────────
ALTER TABLE goods_receipt
  ADD COLUMN supplier_id int REFERENCES supplier,
  ADD COLUMN purchase_order_id bigint REFERENCES purchase_order,
  ADD COLUMN asn_id bigint REFERENCES asn;
CREATE INDEX goods_receipt_purchase_order ON goods_receipt (purchase_order_id) WHERE purchase_order_id IS NOT NULL;

-- Null in receipts without a purchase order: there unit_cost_minor times the quantity is the value.
ALTER TABLE goods_receipt_line
  ADD COLUMN purchase_order_line_id bigint REFERENCES purchase_order_line,
  -- What the line is worth on the shelf, in the entity's currency: goods and landed estimate.
  ADD COLUMN value_minor bigint CHECK (value_minor >= 0),
  -- Credited to goods received not invoiced: in the order's currency, and at the rate of the day.
  ADD COLUMN currency char(3),
  ADD COLUMN goods_minor bigint CHECK (goods_minor >= 0),
  ADD COLUMN goods_func_minor bigint CHECK (goods_func_minor >= 0),
  -- Credited to the landed-cost accrual.
  ADD COLUMN landed_minor bigint CHECK (landed_minor >= 0),
  ADD CONSTRAINT goods_receipt_line_value CHECK (value_minor = goods_func_minor + landed_minor);
CREATE INDEX goods_receipt_line_purchase_line ON goods_receipt_line (purchase_order_line_id) WHERE purchase_order_line_id IS NOT NULL;

-- What was received of a purchase line is the sum of its receipts by construction; nobody else writes the counter.
-- GOV-14: whoever wrote the order does not receive it.
CREATE FUNCTION receipt_counts_on_purchase_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  bad record;
BEGIN
  SELECT r.actor, p.po_number INTO bad FROM arrived a JOIN goods_receipt r ON r.id = a.receipt_id
  JOIN purchase_order_line l ON l.id = a.purchase_order_line_id JOIN purchase_order p ON p.id = l.purchase_order_id
  WHERE r.actor = ANY (p.authors) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% wrote purchase order % and may not receive it', bad.actor, bad.po_number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_order_buyer_not_receiver';
  END IF;
  PERFORM 1 FROM purchase_order_line l WHERE l.id IN (SELECT purchase_order_line_id FROM arrived) ORDER BY l.id FOR UPDATE;
  UPDATE purchase_order_line l SET qty_received = l.qty_received + d.qty
  FROM (SELECT purchase_order_line_id, sum(received_qty) AS qty FROM arrived WHERE purchase_order_line_id IS NOT NULL GROUP BY 1) d
  WHERE l.id = d.purchase_order_line_id;
  RETURN NULL;
END $$;
CREATE TRIGGER counts_on_purchase_line AFTER INSERT ON goods_receipt_line REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION receipt_counts_on_purchase_line();

-- INV-36: what was not as ordered, and what became of it.
CREATE TABLE receipt_discrepancy (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receipt_id   bigint NOT NULL REFERENCES goods_receipt,
  receipt_line_no int NOT NULL,
  purchase_order_line_id bigint REFERENCES purchase_order_line,
  kind         text NOT NULL CHECK (kind IN ('short', 'over', 'damaged', 'wrong', 'unexpected')),
  qty          bigint NOT NULL CHECK (qty > 0),
  note         text,
  case_id      bigint REFERENCES exception_case,
  -- Null while nobody has decided; tolerated: the policy did.
  resolution   text CHECK (resolution IN ('tolerated', 'accepted', 'returned', 'credit-claimed', 'scrapped', 'replaced', 'waiting', 'closed-short')),
  resolved_by  text,
  resolved_at  timestamptz,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (receipt_id, receipt_line_no) REFERENCES goods_receipt_line
);
CREATE INDEX receipt_discrepancy_receipt ON receipt_discrepancy (receipt_id);
CREATE INDEX receipt_discrepancy_purchase_line ON receipt_discrepancy (purchase_order_line_id);

-- What somebody judged of the goods that lay in quarantine.
CREATE TABLE goods_inspection (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receipt_id   bigint NOT NULL,
  receipt_line_no int NOT NULL,
  accepted_qty bigint NOT NULL CHECK (accepted_qty >= 0),
  rejected_qty bigint NOT NULL CHECK (rejected_qty >= 0),
  -- Taken off goods received not invoiced again for the rejected ones: order's currency, and entity's.
  rejected_goods_minor bigint NOT NULL DEFAULT 0,
  rejected_value_minor bigint NOT NULL DEFAULT 0,
  reason       text,
  inspected_on date NOT NULL,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (receipt_id, receipt_line_no) REFERENCES goods_receipt_line,
  CHECK (accepted_qty + rejected_qty > 0), CHECK (rejected_qty = 0 OR reason IS NOT NULL)
);
CREATE INDEX goods_inspection_line ON goods_inspection (receipt_id, receipt_line_no);
SELECT make_append_only('goods_inspection');

CREATE FUNCTION inspection_counts_on_purchase_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  line goods_receipt_line;
BEGIN
  SELECT * INTO line FROM goods_receipt_line WHERE receipt_id = NEW.receipt_id AND line_no = NEW.receipt_line_no FOR UPDATE;
  IF (SELECT sum(accepted_qty + rejected_qty) FROM goods_inspection
      WHERE receipt_id = NEW.receipt_id AND receipt_line_no = NEW.receipt_line_no) > line.received_qty THEN
    RAISE EXCEPTION 'more of line % of receipt % was judged than came', NEW.receipt_line_no, NEW.receipt_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'goods_inspection_not_over_received';
  END IF;
  UPDATE purchase_order_line SET qty_inspected = qty_inspected + NEW.accepted_qty + NEW.rejected_qty, qty_rejected = qty_rejected + NEW.rejected_qty
  WHERE id = line.purchase_order_line_id;
  RETURN NULL;
END $$;
CREATE TRIGGER counts_on_purchase_line AFTER INSERT ON goods_inspection FOR EACH ROW EXECUTE FUNCTION inspection_counts_on_purchase_line();

-- Documents to suppliers, and payment orders to banks, are outside calls like others.
ALTER TABLE external_effect DROP CONSTRAINT external_effect_gateway_check;
ALTER TABLE external_effect ADD CONSTRAINT external_effect_gateway_check
  CHECK (gateway IN ('payment', 'carrier', 'tax', 'mail', 'compliance', 'channel', 'supplier', 'bank', 'warehouse'));

GRANT SELECT, INSERT ON supplier, supplier_change, supplier_bank_account, supplier_item, supplier_price,
  purchase_order, purchase_order_line, purchase_order_approval, purchase_order_document, purchase_order_ack, purchase_order_ack_line,
  asn, asn_line, receipt_discrepancy, goods_inspection TO throughline_app;
GRANT UPDATE (name, country, tax_id, currency, terms_days, discount_ppm, discount_days, incoterm, email, edi_id, send_by, state, standing,
  over_receipt_ppm, under_receipt_ppm, price_tolerance_ppm, price_tolerance_minor, qty_tolerance_ppm, version, approved_by, approved_at) ON supplier TO throughline_app;
GRANT UPDATE (state, decided_by, decided_at, decision_note) ON supplier_change TO throughline_app;
GRANT UPDATE (vendor_sku, rank, moq, multiple, lead_time_days, over_receipt_ppm, under_receipt_ppm, price_tolerance_ppm, price_tolerance_minor,
  qty_tolerance_ppm, inspect, status) ON supplier_item TO throughline_app;
GRANT UPDATE (terms_days, incoterm, note, revision, authors, submitted_revision, approved_revision, sent_revision, acknowledged_revision, sent_at,
  cancelled_at, phase, waiting_for, version, closed_at) ON purchase_order TO throughline_app;
GRANT UPDATE (item_id, site_id, vendor_sku, unit_price_minor, price_per, landed_estimate_minor, needed_on, promised_on, inspect, qty_ordered,
  qty_acknowledged, qty_replacing, qty_billed, qty_cancelled, cancel_reason), DELETE ON purchase_order_line TO throughline_app;
GRANT UPDATE (case_id, resolution, resolved_by, resolved_at) ON receipt_discrepancy TO throughline_app;
RESET ROLE;
