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

RESET ROLE;
