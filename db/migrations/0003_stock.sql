SET ROLE throughline_owner;

-- One row per quantity key: what lies where, in which lot and condition, and whose it is.
CREATE TABLE stock_quant (
  item_id   int NOT NULL REFERENCES item,
  site_id   int NOT NULL REFERENCES site,
  bin       text NOT NULL DEFAULT '',
  lot       text NOT NULL DEFAULT '',
  condition text NOT NULL DEFAULT 'sellable' CHECK (condition IN ('sellable', 'quarantine', 'b-stock', 'damaged')),
  owner     text NOT NULL DEFAULT 'own',
  qty       bigint NOT NULL,
  PRIMARY KEY (item_id, site_id, condition, bin, lot, owner),
  CONSTRAINT stock_quant_not_negative CHECK (qty >= 0)
);

-- The row that is locked to promise stock: on hand and reserved of an item at a site.
CREATE TABLE stock_position (
  item_id   int NOT NULL REFERENCES item,
  site_id   int NOT NULL REFERENCES site,
  condition text NOT NULL DEFAULT 'sellable',
  on_hand   bigint NOT NULL DEFAULT 0,
  reserved  bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (item_id, site_id, condition),
  CONSTRAINT stock_position_not_negative CHECK (on_hand >= 0),
  CONSTRAINT stock_position_not_over_reserved CHECK (reserved BETWEEN 0 AND on_hand)
) WITH (fillfactor = 70);

CREATE TABLE stock_movement (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id       int NOT NULL REFERENCES item,
  qty           bigint NOT NULL CHECK (qty > 0),
  kind          text NOT NULL CHECK (kind IN ('opening', 'receipt', 'issue', 'adjustment', 'transfer', 'bin-move', 'return')),
  from_site_id  int REFERENCES site,
  from_bin      text NOT NULL DEFAULT '',
  from_lot      text NOT NULL DEFAULT '',
  from_condition text NOT NULL DEFAULT 'sellable',
  to_site_id    int REFERENCES site,
  to_bin        text NOT NULL DEFAULT '',
  to_lot        text NOT NULL DEFAULT '',
  to_condition  text NOT NULL DEFAULT 'sellable',
  owner         text NOT NULL DEFAULT 'own',
  cause_type    text NOT NULL,
  cause_id      text NOT NULL,
  reason        text,
  actor         text NOT NULL,
  device        text,
  effective_on  date NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (from_site_id IS NOT NULL OR to_site_id IS NOT NULL)
);
CREATE INDEX stock_movement_item ON stock_movement (item_id, id);
CREATE INDEX stock_movement_cause ON stock_movement (cause_type, cause_id);
SELECT make_append_only('stock_movement');

-- INV-40: a quantity changes only because a movement was inserted; nobody holds UPDATE on the balances.
CREATE FUNCTION stock_movement_moves_stock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO stock_position (item_id, site_id, condition)
  SELECT DISTINCT item_id, to_site_id, to_condition FROM moved m WHERE to_site_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM stock_position p WHERE (p.item_id, p.site_id, p.condition) = (m.item_id, m.to_site_id, m.to_condition))
  ORDER BY 1, 2, 3
  ON CONFLICT DO NOTHING;

  PERFORM 1 FROM stock_position p
  WHERE (p.item_id, p.site_id, p.condition) IN (
    SELECT item_id, from_site_id, from_condition FROM moved WHERE from_site_id IS NOT NULL
    UNION SELECT item_id, to_site_id, to_condition FROM moved WHERE to_site_id IS NOT NULL)
  ORDER BY p.item_id, p.site_id, p.condition FOR UPDATE;

  UPDATE stock_position p SET on_hand = p.on_hand + d.qty, changed_at = clock_timestamp()
  FROM (SELECT item_id, site_id, condition, sum(qty) AS qty FROM (
          SELECT item_id, to_site_id AS site_id, to_condition AS condition, qty FROM moved WHERE to_site_id IS NOT NULL
          UNION ALL SELECT item_id, from_site_id, from_condition, -qty FROM moved WHERE from_site_id IS NOT NULL) s
        GROUP BY 1, 2, 3 HAVING sum(qty) <> 0) d
  WHERE (p.item_id, p.site_id, p.condition) = (d.item_id, d.site_id, d.condition);

  INSERT INTO stock_quant (item_id, site_id, condition, bin, lot, owner, qty)
  SELECT DISTINCT item_id, to_site_id, to_condition, to_bin, to_lot, owner, 0 FROM moved m WHERE to_site_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM stock_quant q WHERE (q.item_id, q.site_id, q.condition, q.bin, q.lot, q.owner)
                    = (m.item_id, m.to_site_id, m.to_condition, m.to_bin, m.to_lot, m.owner))
  ORDER BY 1, 2, 3, 4, 5, 6
  ON CONFLICT DO NOTHING;

  -- Taking from a key that has never held anything must fail as loudly as taking too much.
  IF EXISTS (SELECT FROM moved m WHERE from_site_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM stock_quant q WHERE (q.item_id, q.site_id, q.condition, q.bin, q.lot, q.owner)
                      = (m.item_id, m.from_site_id, m.from_condition, m.from_bin, m.from_lot, m.owner))) THEN
    RAISE EXCEPTION 'nothing of this item lies in the place that the movement takes from'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_quant_not_negative';
  END IF;

  UPDATE stock_quant q SET qty = q.qty + d.qty
  FROM (SELECT item_id, site_id, condition, bin, lot, owner, sum(qty) AS qty FROM (
          SELECT item_id, to_site_id AS site_id, to_condition AS condition, to_bin AS bin, to_lot AS lot, owner, qty FROM moved WHERE to_site_id IS NOT NULL
          UNION ALL SELECT item_id, from_site_id, from_condition, from_bin, from_lot, owner, -qty FROM moved WHERE from_site_id IS NOT NULL) s
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(qty) <> 0) d
  WHERE (q.item_id, q.site_id, q.condition, q.bin, q.lot, q.owner) = (d.item_id, d.site_id, d.condition, d.bin, d.lot, d.owner);
  RETURN NULL;
END $$;
CREATE TRIGGER moves_stock AFTER INSERT ON stock_movement REFERENCING NEW TABLE AS moved
  FOR EACH STATEMENT EXECUTE FUNCTION stock_movement_moves_stock();

-- Bins may not be mixed up with quantities that are promised: safety stock and channel pools are policy, not stock.
CREATE TABLE stock_policy (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id      int NOT NULL REFERENCES item,
  site_id      int NOT NULL REFERENCES site,
  safety_stock bigint NOT NULL CHECK (safety_stock >= 0),
  effective_from date NOT NULL,
  reason       text NOT NULL CHECK (reason <> ''),
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX stock_policy_key ON stock_policy (item_id, site_id, effective_from DESC, id DESC);
SELECT make_append_only('stock_policy');

-- INV-1, INV-29: units set aside for one channel (wholesale, a marketplace promise); others may not allocate them.
CREATE TABLE stock_pool (
  channel_id int NOT NULL REFERENCES channel,
  item_id    int NOT NULL REFERENCES item,
  site_id    int NOT NULL REFERENCES site,
  qty        bigint NOT NULL CHECK (qty >= 0),
  reason     text NOT NULL CHECK (reason <> ''),
  PRIMARY KEY (item_id, site_id, channel_id)
);

CREATE TABLE expected_supply (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id    int NOT NULL REFERENCES item,
  site_id    int NOT NULL REFERENCES site,
  qty        bigint NOT NULL CHECK (qty > 0),
  received   bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
  due_on     date NOT NULL,
  confidence_pct int NOT NULL DEFAULT 90 CHECK (confidence_pct BETWEEN 0 AND 100),
  source_type text NOT NULL,
  source_id  text NOT NULL,
  state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  UNIQUE (source_type, source_id, item_id, site_id)
);
CREATE INDEX expected_supply_open ON expected_supply (item_id, site_id, due_on) WHERE state = 'open';

-- Units that the books hold and nobody found when they were to be picked: not available until somebody has counted.
CREATE TABLE missing_stock (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id     int NOT NULL REFERENCES item,
  site_id     int NOT NULL REFERENCES site,
  qty         bigint NOT NULL CHECK (qty > 0),
  cause_type  text NOT NULL,
  cause_id    text NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at  timestamptz,
  settled_by  text
);
CREATE INDEX missing_stock_open ON missing_stock (item_id, site_id) WHERE settled_at IS NULL;
CREATE INDEX missing_stock_recent ON missing_stock (item_id, site_id, recorded_at);

-- INV-44: who counted what, and what the books said; the difference is an adjustment.
CREATE TABLE stock_count (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id     int NOT NULL REFERENCES item,
  site_id     int NOT NULL REFERENCES site,
  counted     bigint NOT NULL CHECK (counted >= 0),
  expected    bigint NOT NULL CHECK (expected >= 0),
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX stock_count_newest ON stock_count (item_id, site_id, recorded_at DESC);
SELECT make_append_only('stock_count');

-- ───────── valuation ─────────
CREATE TABLE cost_layer (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id       int NOT NULL REFERENCES entity,
  item_id         int NOT NULL REFERENCES item,
  site_id         int NOT NULL REFERENCES site,
  condition       text NOT NULL DEFAULT 'sellable',
  ranked_on       date NOT NULL,
  qty0            bigint NOT NULL CHECK (qty0 > 0),
  value0_minor    bigint NOT NULL CHECK (value0_minor >= 0),
  remaining_qty   bigint NOT NULL CHECK (remaining_qty >= 0),
  remaining_minor bigint NOT NULL CHECK (remaining_minor >= 0),
  source_type     text NOT NULL,
  source_id       text NOT NULL,
  -- The transaction that brought it, whatever was given: what it must have posted is judged at its end.
  xid             xid8 NOT NULL DEFAULT pg_current_xact_id(),
  recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT cost_layer_ends_at_zero CHECK (remaining_qty > 0 OR remaining_minor = 0)
) WITH (fillfactor = 80);
CREATE INDEX cost_layer_open ON cost_layer (item_id, site_id, condition, ranked_on, id) WHERE remaining_qty > 0;
CREATE INDEX cost_layer_source ON cost_layer (source_type, source_id);
CREATE INDEX cost_layer_xid ON cost_layer (xid);
CREATE INDEX cost_layer_item ON cost_layer (item_id, entity_id);

CREATE TABLE layer_consumption (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  layer_id      bigint NOT NULL REFERENCES cost_layer,
  qty           bigint NOT NULL CHECK (qty > 0),
  value_minor   bigint NOT NULL CHECK (value_minor >= 0),
  cause_type    text NOT NULL,
  cause_id      text NOT NULL,
  order_line_id bigint,
  effective_on  date NOT NULL,
  xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX layer_consumption_xid ON layer_consumption (xid);
CREATE INDEX layer_consumption_layer ON layer_consumption (layer_id);
CREATE INDEX layer_consumption_line ON layer_consumption (order_line_id);
SELECT make_append_only('layer_consumption');

-- Later cost on a layer, and receipts into a moving-average pool.
CREATE TABLE layer_adjustment (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  layer_id    bigint NOT NULL REFERENCES cost_layer,
  qty         bigint NOT NULL DEFAULT 0 CHECK (qty >= 0),
  value_minor bigint NOT NULL,
  cause_type  text NOT NULL,
  cause_id    text NOT NULL,
  effective_on date NOT NULL,
  xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX layer_adjustment_xid ON layer_adjustment (xid);
CREATE INDEX layer_adjustment_layer ON layer_adjustment (layer_id);
SELECT make_append_only('layer_adjustment');

CREATE FUNCTION layer_consumption_takes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE cost_layer l SET remaining_qty = l.remaining_qty - c.qty, remaining_minor = l.remaining_minor - c.value
  FROM (SELECT layer_id, sum(qty) AS qty, sum(value_minor) AS value FROM taken GROUP BY 1) c WHERE l.id = c.layer_id;
  RETURN NULL;
END $$;
CREATE TRIGGER takes AFTER INSERT ON layer_consumption REFERENCING NEW TABLE AS taken
  FOR EACH STATEMENT EXECUTE FUNCTION layer_consumption_takes();

CREATE FUNCTION layer_adjustment_adds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE cost_layer l SET remaining_qty = l.remaining_qty + c.qty, remaining_minor = l.remaining_minor + c.value
  FROM (SELECT layer_id, sum(qty) AS qty, sum(value_minor) AS value FROM added GROUP BY 1) c WHERE l.id = c.layer_id;
  RETURN NULL;
END $$;
CREATE TRIGGER adds AFTER INSERT ON layer_adjustment REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION layer_adjustment_adds();

CREATE FUNCTION layer_row_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.xid := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER stamp_xid BEFORE INSERT ON cost_layer FOR EACH ROW EXECUTE FUNCTION layer_row_stamp();
CREATE TRIGGER stamp_xid BEFORE INSERT ON layer_consumption FOR EACH ROW EXECUTE FUNCTION layer_row_stamp();
CREATE TRIGGER stamp_xid BEFORE INSERT ON layer_adjustment FOR EACH ROW EXECUTE FUNCTION layer_row_stamp();

-- INV-15: what a transaction does to layers is what it posts to the inventory accounts, per entity,
-- item, site, condition and day of the fact, when it commits. The rows of one statement are judged once: the
-- first trigger of a COMMIT looks at all of them, the others see that it has.
CREATE FUNCTION layers_are_ledger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
  mine xid8 := pg_current_xact_id();
  judged text := mine::text || ' ' || extract(epoch FROM statement_timestamp())::text;
  bad record;
BEGIN
  IF current_setting('throughline.layers_judged', true) = judged THEN RETURN NULL; END IF;
  SELECT entity_id, item_id, site_id, condition, on_day, sum(layers) AS layers, sum(ledger) AS ledger INTO bad FROM (
    SELECT entity_id, item_id, site_id, condition, ranked_on AS on_day, value0_minor AS layers, 0 AS ledger FROM cost_layer WHERE xid = mine
    UNION ALL
    SELECT l.entity_id, l.item_id, l.site_id, l.condition, c.effective_on, -c.value_minor, 0
    FROM layer_consumption c JOIN cost_layer l ON l.id = c.layer_id WHERE c.xid = mine
    UNION ALL
    SELECT l.entity_id, l.item_id, l.site_id, l.condition, a.effective_on, a.value_minor, 0
    FROM layer_adjustment a JOIN cost_layer l ON l.id = a.layer_id WHERE a.xid = mine
    UNION ALL
    SELECT e.entity_id, j.item_id, j.site_id, j.condition, coalesce(e.fact_on, j.effective_on), 0, j.func_minor
    FROM journal_entry e JOIN journal_line j ON j.entry_id = e.id
    WHERE e.xid = mine AND e.book = 'main' AND j.account_id IN (1300, 1310, 1320, 1330)
  ) t GROUP BY 1, 2, 3, 4, 5 HAVING sum(layers) <> sum(ledger) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'layers of item % at site % (%) change by %, the inventory accounts by % on %',
      bad.item_id, bad.site_id, bad.condition, bad.layers, bad.ledger, bad.on_day
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'layers_are_ledger';
  END IF;
  PERFORM set_config('throughline.layers_judged', judged, true);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER are_ledger AFTER INSERT ON cost_layer DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION layers_are_ledger();
CREATE CONSTRAINT TRIGGER are_ledger AFTER INSERT ON layer_consumption DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION layers_are_ledger();
CREATE CONSTRAINT TRIGGER are_ledger AFTER INSERT ON layer_adjustment DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION layers_are_ledger();
CREATE CONSTRAINT TRIGGER are_layers AFTER INSERT ON journal_line DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.account_id IN (1300, 1310, 1320, 1330)) EXECUTE FUNCTION layers_are_ledger();

CREATE TABLE goods_receipt (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receipt_no  text NOT NULL UNIQUE,
  entity_id   int NOT NULL REFERENCES entity,
  site_id     int NOT NULL REFERENCES site,
  supplier    text,
  asn         text,
  received_on date NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('goods_receipt');

CREATE TABLE goods_receipt_line (
  receipt_id  bigint NOT NULL REFERENCES goods_receipt,
  line_no     int NOT NULL,
  item_id     int NOT NULL REFERENCES item,
  expected_qty bigint NOT NULL DEFAULT 0 CHECK (expected_qty >= 0),
  received_qty bigint NOT NULL CHECK (received_qty >= 0),
  condition   text NOT NULL DEFAULT 'sellable',
  unit_cost_minor bigint NOT NULL CHECK (unit_cost_minor >= 0),
  -- Derived at the dock: full, short, over or unexpected.
  discrepancy text NOT NULL CHECK (discrepancy IN ('none', 'short', 'over', 'unexpected')),
  reason      text,
  PRIMARY KEY (receipt_id, line_no)
);
SELECT make_append_only('goods_receipt_line');

GRANT SELECT ON ALL TABLES IN SCHEMA public TO throughline_app;
GRANT INSERT ON stock_movement, stock_policy, expected_supply, cost_layer, layer_consumption, layer_adjustment,
  goods_receipt, goods_receipt_line, stock_pool, missing_stock, stock_count TO throughline_app;
GRANT UPDATE (qty, received, state, due_on) ON expected_supply TO throughline_app;
GRANT UPDATE (settled_at, settled_by) ON missing_stock TO throughline_app;
GRANT UPDATE, DELETE ON stock_pool TO throughline_app;
-- SELECT … FOR UPDATE asks for an UPDATE privilege on some column; this one carries no quantity.
GRANT UPDATE (changed_at) ON stock_position TO throughline_app;
RESET ROLE;
