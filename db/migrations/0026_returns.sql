SET ROLE throughline_owner;

INSERT INTO stock_condition VALUES
  ('refurbish', 'In work, to be sold again; its cost stands on account 1330'),
  ('liquidation', 'Sold off as a lot');

-- What was given back of what an order had earned: returns and goodwill, as refunds or off what is owed.
ALTER TABLE sales_order ADD COLUMN credited_minor bigint NOT NULL DEFAULT 0 CHECK (credited_minor >= 0);

-- ───────── returns of customers ─────────
CREATE TABLE customer_return (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  return_no    text NOT NULL,
  workflow_id  text NOT NULL UNIQUE,
  -- return: goods are to come back; goodwill: none are; channel-refund: the channel has paid already;
  -- blind: a parcel came that nobody had announced.
  kind         text NOT NULL CHECK (kind IN ('return', 'goodwill', 'channel-refund', 'blind')),
  entity_id    int NOT NULL REFERENCES entity,
  -- Unknown for a blind parcel until somebody says whose it is.
  order_id     bigint REFERENCES sales_order,
  site_id      int NOT NULL REFERENCES site,
  source       text NOT NULL CHECK (source IN ('customer', 'agent', 'channel', 'carrier', 'warehouse')),
  -- A stored projection of the units, as of every document; nobody sets it.
  phase        text NOT NULL,
  version      int NOT NULL DEFAULT 0,
  reason       text NOT NULL,
  note         text,
  policy_version int NOT NULL,
  policy       jsonb NOT NULL,
  -- Where the money goes, and what sets it off.
  refund_to    text NOT NULL DEFAULT 'original' CHECK (refund_to IN ('original', 'store-credit')),
  refund_on    text NOT NULL CHECK (refund_on IN ('approved', 'scanned', 'received', 'inspected')),
  -- What a channel has paid, or goodwill is to be: gross, in the order's currency.
  amount_minor bigint CHECK (amount_minor > 0),
  -- The channel's facts of a refund: what it gave back of its fees.
  fees         jsonb,
  requested_by text NOT NULL,
  requested_on date NOT NULL,
  approved_by  text,
  approved_on  date,
  -- Who let more be given back than the policy lets one person.
  refund_approved_by text,
  ended_as     text CHECK (ended_as IN ('declined', 'cancelled', 'expired')),
  ended_by     text,
  expires_on   date,
  -- When a refund that came before its goods is asked about.
  chase_on     date,
  scanned_on   date,
  label        jsonb,
  -- The order that replaces what comes back.
  exchange_order_id bigint REFERENCES sales_order,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Of what its units sold for, what a statement of the marketplace has given back already.
  by_statement_minor bigint NOT NULL DEFAULT 0 CHECK (by_statement_minor >= 0),
  closed_at    timestamptz,
  CONSTRAINT customer_return_no UNIQUE (return_no),
  CONSTRAINT customer_return_approved_by_another CHECK (approved_by <> requested_by AND refund_approved_by <> requested_by),
  CONSTRAINT customer_return_approved_whole CHECK ((approved_by IS NULL) = (approved_on IS NULL)),
  CONSTRAINT customer_return_has_order CHECK (order_id IS NOT NULL OR kind = 'blind')
);
CREATE INDEX customer_return_order ON customer_return (order_id);
CREATE INDEX customer_return_open ON customer_return (entity_id, id) WHERE closed_at IS NULL;

-- A parcel of a return that came, under the warehouse's own reference.
CREATE TABLE return_receipt (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  return_id   bigint NOT NULL REFERENCES customer_return,
  reference   text NOT NULL,
  site_id     int NOT NULL REFERENCES site,
  received_on date NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (return_id, reference)
);
SELECT make_append_only('return_receipt');

-- What came and was not expected: no stock of ours until somebody says whose it is.
CREATE TABLE return_surplus (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receipt_id  bigint NOT NULL REFERENCES return_receipt,
  item_id     int REFERENCES item,
  sku         text NOT NULL,
  qty         int NOT NULL CHECK (qty > 0),
  condition   text NOT NULL,
  outcome     text CHECK (outcome IN ('taken', 'sent-back', 'disposed'))
);
CREATE INDEX return_surplus_receipt ON return_surplus (receipt_id);

CREATE TABLE return_disposition (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  return_id   bigint NOT NULL REFERENCES customer_return,
  kind        text NOT NULL CHECK (kind IN ('restock', 'b-stock', 'liquidate', 'refurbish', 'scrap', 'vendor')),
  site_id     int NOT NULL REFERENCES site,
  units       int NOT NULL CHECK (units > 0),
  -- Functional: what the units cost, what they are worth now, what work on them cost.
  cost_minor  bigint NOT NULL CHECK (cost_minor >= 0),
  value_minor bigint NOT NULL CHECK (value_minor >= 0),
  work_minor  bigint NOT NULL DEFAULT 0 CHECK (work_minor >= 0),
  party       text,
  decided_on  date NOT NULL,
  reason      text NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX return_disposition_return ON return_disposition (return_id);
SELECT make_append_only('return_disposition');

-- Gapless by law as invoices are: nobody chooses a number, and none is taken without its note.
CREATE TABLE credit_note (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  number       bigint NOT NULL,
  order_id     bigint NOT NULL REFERENCES sales_order,
  return_id    bigint NOT NULL REFERENCES customer_return,
  kind         text NOT NULL CHECK (kind IN ('return', 'goodwill')),
  issued_on    date NOT NULL,
  currency     char(3) NOT NULL,
  -- Of the units' frozen shares: goods less every discount, shipping, tax that we collect.
  goods_minor  bigint NOT NULL CHECK (goods_minor >= 0),
  shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
  tax_minor    bigint NOT NULL CHECK (tax_minor >= 0),
  fee_minor    bigint NOT NULL CHECK (fee_minor >= 0),
  -- Goodwill that was given for these units before, and counts against what they are credited with.
  goodwill_used_minor bigint NOT NULL DEFAULT 0 CHECK (goodwill_used_minor >= 0),
  -- What goes back by tenders, and what is taken off what the customer owes.
  refund_minor bigint NOT NULL CHECK (refund_minor >= 0),
  owed_minor   bigint NOT NULL CHECK (owed_minor >= 0),
  trigger      text NOT NULL,
  policy_version int NOT NULL,
  reason       text NOT NULL,
  granted_by   text NOT NULL,
  approved_by  text,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (entity_id, number),
  CONSTRAINT credit_note_foots CHECK (refund_minor + owed_minor = goods_minor + shipping_minor + tax_minor - fee_minor - goodwill_used_minor)
);
CREATE INDEX credit_note_order ON credit_note (order_id);
CREATE INDEX credit_note_return ON credit_note (return_id);
SELECT make_append_only('credit_note');
CREATE FUNCTION credit_note_takes_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.number := take_document_number(NEW.entity_id, 'credit-note');
  RETURN NEW;
END $$;
CREATE TRIGGER takes_number BEFORE INSERT ON credit_note FOR EACH ROW EXECUTE FUNCTION credit_note_takes_number();

-- R10: what a note gives back of each tax, and which tender pays it back under which key.
CREATE TABLE credit_note_tax (
  credit_id    bigint NOT NULL REFERENCES credit_note,
  jurisdiction text NOT NULL,
  tax_code     text NOT NULL,
  amount_minor bigint NOT NULL,
  PRIMARY KEY (credit_id, jurisdiction, tax_code)
);
SELECT make_append_only('credit_note_tax');
CREATE TABLE credit_note_tender (
  credit_id    bigint NOT NULL REFERENCES credit_note,
  payment_id   bigint NOT NULL REFERENCES payment,
  refund_key   text NOT NULL UNIQUE,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (credit_id, payment_id)
);
SELECT make_append_only('credit_note_tender');

-- One unit of an order line that somebody sends back: which one says what it sold for and what it cost.
CREATE TABLE returned_unit (
  return_id     bigint NOT NULL REFERENCES customer_return,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  unit          int NOT NULL CHECK (unit >= 0),
  shipment_id   bigint NOT NULL,
  item_id       int NOT NULL REFERENCES item,
  -- expected: on its way to us; received: set aside; refurbishing: in work; disposed; kept: stays with the
  -- customer; lost: it never comes; dropped: nobody sends it back any more.
  state         text NOT NULL CHECK (state IN ('expected', 'received', 'refurbishing', 'disposed', 'kept', 'lost', 'dropped')),
  condition     text,
  grade         char(1) CHECK (grade IN ('A', 'B', 'C', 'D')),
  receipt_id    bigint REFERENCES return_receipt,
  -- What it cost when it was shipped, functional; and the layer that holds it now.
  cost_minor    bigint CHECK (cost_minor >= 0),
  layer_id      bigint REFERENCES cost_layer,
  disposition_id bigint REFERENCES return_disposition,
  -- What is given back for it, in parts per million of its frozen shares.
  credit_ppm    int NOT NULL DEFAULT 1000000 CHECK (credit_ppm BETWEEN 0 AND 1000000),
  -- A person has said what is given back for it, whatever it is like.
  credit_decided boolean NOT NULL DEFAULT false,
  credit_id     bigint REFERENCES credit_note,
  PRIMARY KEY (return_id, order_line_id, unit),
  FOREIGN KEY (shipment_id, order_line_id) REFERENCES shipment_line,
  CONSTRAINT returned_unit_received_whole CHECK ((receipt_id IS NULL) = (cost_minor IS NULL))
);
CREATE UNIQUE INDEX returned_unit_once ON returned_unit (order_line_id, unit) WHERE state <> 'dropped';
CREATE INDEX returned_unit_receipt ON returned_unit (receipt_id);

-- Row 12: what the books expect to come back, set to its target; the newest row of a company, channel and day counts.
CREATE TABLE return_reserve (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id    int NOT NULL REFERENCES entity,
  channel_id   int NOT NULL REFERENCES channel,
  reserved_on  date NOT NULL,
  -- Of what shipped in mature cohorts: net of goods, what of it was credited, and cost.
  rate_ppm     int NOT NULL CHECK (rate_ppm >= 0),
  open_net_minor bigint NOT NULL,
  open_cost_minor bigint NOT NULL,
  liability_minor bigint NOT NULL CHECK (liability_minor >= 0),
  asset_minor  bigint NOT NULL CHECK (asset_minor >= 0),
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('return_reserve');

-- Of what a statement says was refunded, what a channel had told before (row 9b): the order's open item bears it.
ALTER TABLE settlement_item ADD COLUMN refund_told_minor bigint NOT NULL DEFAULT 0 CHECK (refund_told_minor >= 0);

GRANT SELECT, INSERT ON customer_return, return_receipt, return_surplus, return_disposition, credit_note, credit_note_tax, credit_note_tender, returned_unit, return_reserve TO throughline_app;
GRANT UPDATE (order_id, site_id, phase, version, reason, refund_to, refund_on, approved_by, approved_on, refund_approved_by, ended_as, ended_by, expires_on, chase_on, scanned_on, label,
  exchange_order_id, by_statement_minor, closed_at) ON customer_return TO throughline_app;
GRANT UPDATE (outcome) ON return_surplus TO throughline_app;
GRANT UPDATE (state, condition, grade, receipt_id, cost_minor, layer_id, disposition_id, credit_ppm, credit_decided, credit_id) ON returned_unit TO throughline_app;
RESET ROLE;
