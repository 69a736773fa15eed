SET ROLE throughline_owner;

-- What returned goods cost beyond what is credited for them. 5030 is about units that orders took, and names them.
INSERT INTO gl_account (id, code, name, class, role, area, monetary, control_of, open_items, limited, required_dims) VALUES
  (5035, '5035', 'Price variance on returned units', 'expense', 'ReturnVariance', 'INV', false, NULL, false, false, 8 + 16 + 64);

-- ───────── returns to vendors ─────────
-- Units of one receipt that go back to whoever sent them; all of them leave at once.
CREATE TABLE vendor_return (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  return_no    text NOT NULL UNIQUE,
  workflow_id  text NOT NULL,
  entity_id    int NOT NULL REFERENCES entity,
  site_id      int NOT NULL REFERENCES site,
  receipt_id   bigint NOT NULL REFERENCES goods_receipt,
  -- As journal lines name it.
  party        text NOT NULL,
  -- In which the supplier bills, and credits.
  currency     char(3) NOT NULL,
  -- A stored projection of what follows, as of every document; nobody sets it.
  phase        text NOT NULL,
  version      int NOT NULL DEFAULT 0,
  reason       text NOT NULL CHECK (reason <> ''),
  requested_by text NOT NULL,
  -- The warehouse's own reference of the shipment.
  reference    text,
  shipped_on   date,
  cancelled_by text,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz,
  CONSTRAINT vendor_return_shipped_whole CHECK ((reference IS NULL) = (shipped_on IS NULL)),
  CONSTRAINT vendor_return_ends_once CHECK (shipped_on IS NULL OR cancelled_by IS NULL)
);
CREATE INDEX vendor_return_receipt ON vendor_return (receipt_id);
CREATE INDEX vendor_return_open ON vendor_return (entity_id, id) WHERE closed_at IS NULL;

CREATE TABLE vendor_return_line (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  return_id    bigint NOT NULL REFERENCES vendor_return,
  line_no      int NOT NULL CHECK (line_no > 0),
  receipt_id   bigint NOT NULL,
  receipt_line_no int NOT NULL,
  item_id      int NOT NULL REFERENCES item,
  site_id      int NOT NULL REFERENCES site,
  -- From where the units leave: the shelf, or where the receipt set them aside.
  condition    text NOT NULL REFERENCES stock_condition (code),
  qty          bigint NOT NULL CHECK (qty > 0),
  -- requested: ours until they leave; shipped; cancelled.
  state        text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'shipped', 'cancelled')),
  -- Once they left: units that no bill had matched, what was taken off goods received not invoiced for
  -- them, what the supplier is to credit for the others (return's currency), and what all of them cost.
  unbilled_qty bigint CHECK (unbilled_qty BETWEEN 0 AND qty),
  grni_minor   bigint CHECK (grni_minor >= 0),
  credit_minor bigint CHECK (credit_minor >= 0),
  cost_minor   bigint CHECK (cost_minor >= 0),
  UNIQUE (return_id, line_no),
  UNIQUE (return_id, receipt_line_no),
  FOREIGN KEY (receipt_id, receipt_line_no) REFERENCES goods_receipt_line,
  CONSTRAINT vendor_return_line_valued CHECK ((state = 'shipped') = (cost_minor IS NOT NULL)
    AND (cost_minor IS NULL) = (unbilled_qty IS NULL) AND (cost_minor IS NULL) = (grni_minor IS NULL) AND (cost_minor IS NULL) = (credit_minor IS NULL))
);
CREATE INDEX vendor_return_line_receipt ON vendor_return_line (receipt_id, receipt_line_no);

-- Units on the shelf that a return has been promised, against the same position as orders are.
CREATE TABLE vendor_return_reservation (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line_id     bigint NOT NULL UNIQUE REFERENCES vendor_return_line,
  item_id     int NOT NULL REFERENCES item,
  site_id     int NOT NULL REFERENCES site,
  qty         bigint NOT NULL CHECK (qty > 0),
  ended_at    timestamptz,
  live        bigint GENERATED ALWAYS AS (CASE WHEN ended_at IS NULL THEN qty ELSE 0 END) STORED
);
CREATE INDEX vendor_return_reservation_live ON vendor_return_reservation (item_id, site_id) WHERE ended_at IS NULL;
CREATE TRIGGER reserves AFTER INSERT ON vendor_return_reservation REFERENCING NEW TABLE AS now_rows
  FOR EACH STATEMENT EXECUTE FUNCTION reservation_reserves();
CREATE TRIGGER reserves_again AFTER UPDATE ON vendor_return_reservation REFERENCING NEW TABLE AS now_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION reservation_reserves();

-- No unit of a receipt goes back twice, nor is judged while it is asked back: by construction, whoever writes.
-- Units that were set aside are counted as rejected once they left.
CREATE FUNCTION receipt_line_goes_back_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  line goods_receipt_line;
  judged bigint;
  rejected bigint;
  from_shelf bigint;
  set_aside bigint;
BEGIN
  SELECT * INTO line FROM goods_receipt_line WHERE receipt_id = NEW.receipt_id AND line_no = NEW.receipt_line_no FOR UPDATE;
  SELECT coalesce(sum(accepted_qty + rejected_qty), 0), coalesce(sum(rejected_qty), 0) INTO judged, rejected
  FROM goods_inspection WHERE receipt_id = NEW.receipt_id AND receipt_line_no = NEW.receipt_line_no;
  SELECT coalesce(sum(qty) FILTER (WHERE condition = 'sellable' AND state <> 'cancelled'), 0),
    coalesce(sum(qty) FILTER (WHERE condition <> 'sellable' AND state = 'requested'), 0) INTO from_shelf, set_aside
  FROM vendor_return_line WHERE receipt_id = NEW.receipt_id AND receipt_line_no = NEW.receipt_line_no;
  IF from_shelf + set_aside + rejected > line.received_qty OR (line.condition <> 'sellable' AND judged + set_aside > line.received_qty) THEN
    RAISE EXCEPTION 'more of line % of receipt % would go back than came', NEW.receipt_line_no, NEW.receipt_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_line_goes_back_once';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER goes_back_once AFTER INSERT ON vendor_return_line FOR EACH ROW EXECUTE FUNCTION receipt_line_goes_back_once();
CREATE TRIGGER goes_back_once AFTER INSERT ON goods_inspection FOR EACH ROW EXECUTE FUNCTION receipt_line_goes_back_once();

GRANT SELECT, INSERT ON vendor_return, vendor_return_line, vendor_return_reservation TO throughline_app;
GRANT UPDATE (phase, version, reference, shipped_on, cancelled_by, closed_at) ON vendor_return TO throughline_app;
GRANT UPDATE (state, unbilled_qty, grni_minor, credit_minor, cost_minor) ON vendor_return_line TO throughline_app;
GRANT UPDATE (ended_at) ON vendor_return_reservation TO throughline_app;
RESET ROLE;
