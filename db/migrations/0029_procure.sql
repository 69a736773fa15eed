SET ROLE throughline_owner;

-- ───────── drop-ship: the supplier ships to the buyer ─────────
-- The sales order that all lines of a purchase are for; null where goods come to us.
ALTER TABLE purchase_order ADD COLUMN ships_to_order_id bigint REFERENCES sales_order;
CREATE INDEX purchase_order_ships_to ON purchase_order (ships_to_order_id) WHERE ships_to_order_id IS NOT NULL;
ALTER TABLE purchase_order_line ADD COLUMN order_line_id bigint REFERENCES sales_order_line;
CREATE INDEX purchase_order_line_order_line ON purchase_order_line (order_line_id) WHERE order_line_id IS NOT NULL;

-- Of the waiting units, those that a supplier ships to the buyer: no stock of ours is planned for them.
ALTER TABLE sales_order_line ADD COLUMN qty_drop_ship int NOT NULL DEFAULT 0;
ALTER TABLE sales_order_line ADD CONSTRAINT order_line_drop_ship CHECK (qty_drop_ship BETWEEN 0 AND qty_backordered);

-- ───────── title at origin: goods are ours from the supplier's ramp on ─────────
-- What of a ship notice's line became ours, and the layer that it is on its way.
CREATE TABLE purchase_title (
  asn_id       bigint NOT NULL REFERENCES asn,
  purchase_order_line_id bigint NOT NULL REFERENCES purchase_order_line,
  layer_id     bigint NOT NULL UNIQUE REFERENCES cost_layer,
  -- The open item of account 2020 that is owed for it until it is received.
  open_key     text NOT NULL UNIQUE,
  qty          bigint NOT NULL CHECK (qty > 0),
  -- In the order's currency.
  goods_minor  bigint NOT NULL CHECK (goods_minor >= 0),
  passed_on    date NOT NULL,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (asn_id, purchase_order_line_id)
);
CREATE INDEX purchase_title_line ON purchase_title (purchase_order_line_id);
SELECT make_append_only('purchase_title');
GRANT SELECT, INSERT ON purchase_title TO throughline_app;

-- ───────── changes of orders that the supplier has ─────────
CREATE TABLE purchase_change (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  purchase_order_id bigint NOT NULL REFERENCES purchase_order,
  -- The revision that its author saw.
  revision     int NOT NULL,
  -- Terms by line, and lines more.
  lines        jsonb NOT NULL,
  added        jsonb NOT NULL,
  -- Whose signature it needs before it is sent; null: nobody's.
  needed_step  text,
  state        text NOT NULL CHECK (state IN ('proposed', 'sent', 'countered', 'accepted', 'refused', 'withdrawn')),
  -- What the supplier offers instead.
  counter      jsonb,
  reason       text NOT NULL CHECK (reason <> ''),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  approved_by  text,
  answered_by  text,
  answered_at  timestamptz,
  CONSTRAINT purchase_change_maker_not_checker CHECK (approved_by <> requested_by),
  CONSTRAINT purchase_change_signed CHECK (needed_step IS NULL OR state IN ('proposed', 'withdrawn') OR approved_by IS NOT NULL)
);
CREATE UNIQUE INDEX purchase_change_one_open ON purchase_change (purchase_order_id) WHERE state IN ('proposed', 'sent', 'countered');
CREATE INDEX purchase_change_order ON purchase_change (purchase_order_id, id);
GRANT SELECT, INSERT ON purchase_change TO throughline_app;
GRANT UPDATE (state, counter, approved_by, answered_by, answered_at) ON purchase_change TO throughline_app;

-- ───────── payments that came back ─────────
CREATE TABLE payment_return (
  run_id       bigint NOT NULL,
  bill_id      bigint NOT NULL,
  -- What the bank did not pay: in the bill's currency, and as it was booked.
  minor        bigint NOT NULL CHECK (minor > 0),
  func_minor   bigint NOT NULL,
  code         text NOT NULL CHECK (code <> ''),
  reason       text,
  returned_on  date NOT NULL,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, bill_id),
  FOREIGN KEY (run_id, bill_id) REFERENCES payment_run_line
);
CREATE INDEX payment_return_bill ON payment_return (bill_id);
SELECT make_append_only('payment_return');
GRANT SELECT, INSERT ON payment_return TO throughline_app;

RESET ROLE;
