SET ROLE throughline_owner;

-- ───────── lots and serials asked for (INV-21, INV-22) ─────────
ALTER TABLE item DROP CONSTRAINT item_lot_policy_check;
ALTER TABLE item ADD CONSTRAINT item_lot_policy_check CHECK (lot_policy IN ('none', 'lot', 'lot-expiry', 'serial'));
-- Goods that would last for fewer days from their receipt are set aside; null: only what has expired is.
ALTER TABLE item ADD COLUMN min_shelf_life_days int CHECK (min_shelf_life_days BETWEEN 0 AND 36500);

-- Units of a receipt line by lot; of an item with serials one row a unit.
CREATE TABLE goods_receipt_lot (
  receipt_id bigint NOT NULL,
  line_no    int NOT NULL,
  lot        text NOT NULL CHECK (lot <> ''),
  qty        bigint NOT NULL CHECK (qty > 0),
  PRIMARY KEY (receipt_id, line_no, lot),
  FOREIGN KEY (receipt_id, line_no) REFERENCES goods_receipt_line
);
SELECT make_append_only('goods_receipt_lot');

ALTER TABLE receipt_discrepancy DROP CONSTRAINT receipt_discrepancy_kind_check;
ALTER TABLE receipt_discrepancy ADD CONSTRAINT receipt_discrepancy_kind_check
  CHECK (kind IN ('short', 'over', 'damaged', 'wrong', 'unexpected', 'shelf-life'));

CREATE INDEX stock_quant_lot ON stock_quant (item_id, lot) WHERE lot <> '';
CREATE INDEX stock_movement_from_lot ON stock_movement (item_id, from_lot) WHERE from_lot <> '';

-- What is kept by lot comes in by lot and never loses it, whoever moves it; a serial is at most one unit.
-- Units from before their item was kept so may go on without.
CREATE FUNCTION stock_movement_names_lots() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  bad record;
BEGIN
  IF NOT EXISTS (SELECT FROM moved m JOIN item i ON i.id = m.item_id WHERE i.lot_policy <> 'none') THEN RETURN NULL; END IF;
  SELECT i.sku, i.lot_policy INTO bad FROM moved m JOIN item i ON i.id = m.item_id
  WHERE i.lot_policy <> 'none' AND m.to_site_id IS NOT NULL AND m.to_lot = '' AND (m.from_site_id IS NULL OR m.from_lot <> '') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'units of % are kept by % and this movement names none', bad.sku, bad.lot_policy
      USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_movement_names_lot';
  END IF;
  SELECT i.sku, m.to_lot INTO bad FROM moved m JOIN item i ON i.id = m.item_id
  WHERE i.lot_policy <> 'none' AND m.to_site_id IS NOT NULL AND m.to_lot <> '' AND NOT EXISTS (
    SELECT FROM lot l WHERE l.item_id = m.item_id AND l.code = m.to_lot AND (i.lot_policy <> 'lot-expiry' OR l.expires_on IS NOT NULL)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'lot % of % is not registered with what is to be known of it', bad.to_lot, bad.sku
      USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_movement_knows_lot';
  END IF;
  -- Two sites that receive one serial at once hold different positions: its own row decides.
  PERFORM 1 FROM lot l WHERE (l.item_id, l.code) IN (
    SELECT m.item_id, m.to_lot FROM moved m JOIN item i ON i.id = m.item_id WHERE i.lot_policy = 'serial' AND m.to_site_id IS NOT NULL AND m.to_lot <> '')
  ORDER BY l.item_id, l.code FOR UPDATE;
  SELECT i.sku, q.lot INTO bad FROM stock_quant q JOIN item i ON i.id = q.item_id
  WHERE q.lot <> '' AND (q.item_id, q.lot) IN (
    SELECT m.item_id, m.to_lot FROM moved m JOIN item i ON i.id = m.item_id WHERE i.lot_policy = 'serial' AND m.to_site_id IS NOT NULL)
  GROUP BY i.sku, q.lot HAVING sum(q.qty) > 1 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'serial % of % would be here twice', bad.lot, bad.sku
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'serial_once';
  END IF;
  RETURN NULL;
END $$;
-- After the balances, whose trigger comes first by its name.
CREATE TRIGGER names_lots AFTER INSERT ON stock_movement REFERENCING NEW TABLE AS moved
  FOR EACH STATEMENT EXECUTE FUNCTION stock_movement_names_lots();

-- ───────── recalls (INV-21) ─────────
-- One recall of one lot, as of the act that blocked it; a process of its own follows it to its end.
CREATE TABLE recall (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  recall_no    text GENERATED ALWAYS AS ('RC-' || id) STORED UNIQUE,
  item_id      int NOT NULL,
  lot          text NOT NULL,
  -- Whose cases it opens: who sold most of it, else who holds most of it.
  entity_id    int NOT NULL REFERENCES entity,
  phase        text NOT NULL DEFAULT 'blocked',
  version      int NOT NULL DEFAULT 0,
  -- What lay where when it was blocked.
  blocked      jsonb NOT NULL,
  reason       text NOT NULL CHECK (reason <> ''),
  requested_by text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz,
  FOREIGN KEY (item_id, lot) REFERENCES lot
);
CREATE UNIQUE INDEX recall_open ON recall (item_id, lot) WHERE closed_at IS NULL;

-- An order that was sent units of the lot, and what came of them.
CREATE TABLE recall_order (
  recall_id  bigint NOT NULL REFERENCES recall,
  order_id   bigint NOT NULL REFERENCES sales_order,
  units      bigint NOT NULL CHECK (units > 0),
  outcome    text CHECK (outcome IN ('returned', 'destroyed', 'refunded', 'not-affected', 'unreachable')),
  note       text,
  decided_by text,
  decided_at timestamptz,
  PRIMARY KEY (recall_id, order_id),
  CHECK ((outcome IS NULL) = (decided_by IS NULL))
);

GRANT SELECT, INSERT ON goods_receipt_lot, recall, recall_order TO throughline_app;
GRANT UPDATE (phase, version, closed_at) ON recall TO throughline_app;
GRANT UPDATE (outcome, note, decided_by, decided_at) ON recall_order TO throughline_app;
RESET ROLE;
