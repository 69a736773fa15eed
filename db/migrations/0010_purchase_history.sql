SET ROLE throughline_owner;

-- What files tell of purchases that were over before go-live: rows to judge suppliers by. They move
-- neither stock nor money, as both are in the opening balances.
CREATE TABLE purchase_history (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id     int NOT NULL REFERENCES entity,
  supplier_id   int NOT NULL REFERENCES supplier,
  -- The kind of file, such as scms.
  source        text NOT NULL CHECK (source <> ''),
  external_id   text NOT NULL CHECK (external_id <> ''),
  state         text NOT NULL CHECK (state IN ('complete', 'open')),
  status        text NOT NULL,
  currency      char(3) NOT NULL,
  goods_minor   bigint NOT NULL CHECK (goods_minor >= 0),
  tax_minor     bigint NOT NULL CHECK (tax_minor >= 0),
  freight_minor bigint NOT NULL CHECK (freight_minor >= 0),
  insurance_minor bigint NOT NULL CHECK (insurance_minor >= 0),
  total_minor   bigint NOT NULL,
  -- sha256 of all that was told of it: the same order told otherwise is not taken silently.
  content_hash  text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  -- File and row, as PurchaseOrderHeader.csv:17.
  origin        text NOT NULL,
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (supplier_id, source, external_id),
  CONSTRAINT purchase_history_total CHECK (total_minor = goods_minor + tax_minor + freight_minor + insurance_minor)
);
SELECT make_append_only('purchase_history');

-- What is null is what the file does not tell.
CREATE TABLE purchase_history_line (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_id   bigint NOT NULL REFERENCES purchase_history,
  line_no       int NOT NULL CHECK (line_no > 0),
  external_line_id text NOT NULL,
  item_id       int NOT NULL REFERENCES item,
  ordered_on    date,
  -- What stands in the file in place of the day, such as Date Not Captured.
  ordered_gap   text,
  promised_on   date,
  received_on   date,
  qty_ordered   bigint NOT NULL CHECK (qty_ordered > 0),
  qty_received  bigint CHECK (qty_received >= 0),
  qty_rejected  bigint CHECK (qty_rejected >= 0),
  -- What the supplier asks or had quoted: agreed_minor buys agreed_per units.
  agreed_minor  bigint CHECK (agreed_minor >= 0),
  agreed_per    bigint CHECK (agreed_per > 0),
  -- What was charged for the line in whole.
  goods_minor   bigint NOT NULL CHECK (goods_minor >= 0),
  freight_minor bigint NOT NULL CHECK (freight_minor >= 0),
  freight_terms text NOT NULL CHECK (freight_terms IN ('charged', 'shared', 'included', 'separate', 'order')),
  insurance_minor bigint NOT NULL CHECK (insurance_minor >= 0),
  -- Of Incoterms 2000 too, which know DDU.
  incoterm      text,
  mode          text,
  shipment_no   text,
  origin        text NOT NULL,
  UNIQUE (purchase_id, line_no),
  CONSTRAINT purchase_history_line_rejected CHECK (qty_rejected <= qty_received),
  CONSTRAINT purchase_history_line_agreed CHECK ((agreed_minor IS NULL) = (agreed_per IS NULL)),
  CONSTRAINT purchase_history_line_gap CHECK ((ordered_on IS NULL) = (ordered_gap IS NOT NULL))
);
CREATE INDEX purchase_history_line_item ON purchase_history_line (item_id);
SELECT make_append_only('purchase_history_line');

-- The heading is the sum of its lines, to the cent; tax is told of the order in whole only.
CREATE FUNCTION purchase_history_foots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM purchase_history_line WHERE purchase_id = NEW.id
    HAVING (count(*), coalesce(sum(goods_minor), 0), coalesce(sum(freight_minor), 0), coalesce(sum(insurance_minor), 0))
      IS DISTINCT FROM (greatest(count(*), 1), NEW.goods_minor, NEW.freight_minor, NEW.insurance_minor)) THEN
    RAISE EXCEPTION 'past purchase % (%) is not the sum of its lines', NEW.external_id, NEW.origin
      USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_history_foots';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER foots AFTER INSERT ON purchase_history DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION purchase_history_foots();

-- A line cannot join a purchase that was written before: its heading was proved with the lines that it had.
CREATE FUNCTION purchase_history_line_with_heading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added a JOIN purchase_history p ON p.id = a.purchase_id WHERE p.xmin <> pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'a past purchase is written with its lines'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_history_line_with_heading';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER with_heading AFTER INSERT ON purchase_history_line REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION purchase_history_line_with_heading();

GRANT SELECT, INSERT ON purchase_history, purchase_history_line TO throughline_app;
RESET ROLE;
