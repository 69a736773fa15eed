SET ROLE throughline_owner;

-- ───────── when the revenue of a product is earned (GOV-3) ─────────
-- What is billed and not earned yet: each shipped line under its own key, deferral/<shipment>/<line>.
INSERT INTO gl_account (id, code, name, class, role, area, monetary, control_of, open_items, limited, required_dims) VALUES
  (2150, '2150', 'Deferred revenue', 'liability', 'DeferredRevenue', 'AR', false, 'deposit', true, true, 4096 + 1 + 2);

-- A rule of one item or of a class of items; the newest row of each holds, and without a moment it is the channel's again.
CREATE TABLE revenue_policy (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id     int REFERENCES item,
  item_class  text CHECK (item_class <> ''),
  revenue_on  text CHECK (revenue_on IN ('shipped', 'delivered', 'activated', 'over-term')),
  term_months int CHECK (term_months BETWEEN 1 AND 240),
  -- The paragraph that the rule follows, as ASC 606-10-25-27 or IFRS 15.35.
  standard    text NOT NULL,
  reason      text NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((item_id IS NULL) <> (item_class IS NULL)),
  CHECK ((term_months IS NOT NULL) = (revenue_on IS NOT DISTINCT FROM 'over-term'))
);
CREATE INDEX revenue_policy_item ON revenue_policy (item_id, id) WHERE item_id IS NOT NULL;
CREATE INDEX revenue_policy_class ON revenue_policy (item_class, id) WHERE item_class IS NOT NULL;
SELECT make_append_only('revenue_policy');

-- Item before class before channel. Goods are earned when they leave or arrive; only a service waits for its activation or runs over a term.
CREATE FUNCTION revenue_policy_of(p_item int) RETURNS revenue_policy LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT p FROM item i JOIN revenue_policy p ON p.item_id = i.id OR p.item_class = i.class
  WHERE i.id = p_item AND p.revenue_on IS NOT NULL AND (i.kind = 'service' OR i.kind = 'stock' AND p.revenue_on IN ('shipped', 'delivered'))
    AND NOT EXISTS (SELECT FROM revenue_policy n WHERE n.id > p.id AND (n.item_id = p.item_id OR n.item_class = p.item_class))
  ORDER BY p.item_id IS NULL LIMIT 1
$$;

ALTER TABLE sales_order_line
  -- Frozen when the line comes to be, or its item is known at last; null: as the order's policy says.
  ADD COLUMN revenue_on text CHECK (revenue_on IN ('shipped', 'delivered', 'activated', 'over-term')),
  ADD COLUMN term_months int,
  ADD COLUMN revenue_policy_id bigint REFERENCES revenue_policy,
  -- Units that got lost, which this line sends once more for the same money.
  ADD COLUMN replaces_line_id bigint REFERENCES sales_order_line;

CREATE FUNCTION order_line_takes_revenue_policy() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE rule revenue_policy;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.replaces_line_id IS NOT NULL AND OLD.replaces_line_id IS NULL THEN
    SELECT l.revenue_on, l.term_months, l.revenue_policy_id INTO NEW.revenue_on, NEW.term_months, NEW.revenue_policy_id
    FROM sales_order_line l WHERE l.id = NEW.replaces_line_id;
  ELSIF TG_OP = 'INSERT' OR OLD.item_id IS NULL AND NEW.item_id IS NOT NULL THEN
    rule := revenue_policy_of(NEW.item_id);
    NEW.revenue_on := rule.revenue_on;
    NEW.term_months := rule.term_months;
    NEW.revenue_policy_id := rule.id;
  ELSE
    NEW.revenue_on := OLD.revenue_on;
    NEW.term_months := OLD.term_months;
    NEW.revenue_policy_id := OLD.revenue_policy_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER takes_revenue_policy BEFORE INSERT ON sales_order_line FOR EACH ROW
  WHEN (NEW.item_id IS NOT NULL) EXECUTE FUNCTION order_line_takes_revenue_policy();
CREATE TRIGGER keeps_revenue_policy BEFORE UPDATE ON sales_order_line FOR EACH ROW
  WHEN ((NEW.item_id, NEW.replaces_line_id, NEW.revenue_on, NEW.term_months, NEW.revenue_policy_id)
    IS DISTINCT FROM (OLD.item_id, OLD.replaces_line_id, OLD.revenue_on, OLD.term_months, OLD.revenue_policy_id))
  EXECUTE FUNCTION order_line_takes_revenue_policy();

-- Units of a line that were billed before they are earned; what is left of them is the balance of their open item.
CREATE TABLE deferred_revenue (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  shipment_id   bigint NOT NULL REFERENCES shipment,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  entity_id     int NOT NULL REFERENCES entity,
  currency      char(3) NOT NULL,
  minor         bigint NOT NULL CHECK (minor > 0),
  -- Null: earned as a whole when the service is activated.
  term_months   int,
  starts_on     date NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (shipment_id, order_line_id)
);
CREATE INDEX deferred_revenue_entity ON deferred_revenue (entity_id, id);
SELECT make_append_only('deferred_revenue');

-- ───────── parcels that got lost ─────────
-- Which units a parcel holds, where the warehouse has said it for every parcel of the shipment.
CREATE TABLE parcel_content (
  parcel_id     bigint NOT NULL REFERENCES parcel,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  -- The units of the line that it holds: [unit_from, unit_from + qty), as on the shipment.
  unit_from     int NOT NULL CHECK (unit_from >= 0),
  qty           int NOT NULL CHECK (qty > 0),
  PRIMARY KEY (parcel_id, order_line_id)
);
SELECT make_append_only('parcel_content');

-- Units that got lost with a parcel. Taken back: they had been earned when they left; else they were still ours.
CREATE TABLE lost_units (
  parcel_id     bigint NOT NULL REFERENCES parcel,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  shipment_id   bigint NOT NULL REFERENCES shipment,
  unit_from     int NOT NULL CHECK (unit_from >= 0),
  qty           int NOT NULL CHECK (qty > 0),
  -- What was to be paid for them, without tax and the tax that we collect.
  net_minor     bigint NOT NULL,
  tax_minor     bigint NOT NULL,
  cost_minor    bigint NOT NULL,
  taken_back    boolean NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (parcel_id, order_line_id)
);
CREATE INDEX lost_units_shipment ON lost_units (shipment_id, order_line_id);
CREATE INDEX lost_units_line ON lost_units (order_line_id);
SELECT make_append_only('lost_units');

-- What a carrier owes for a lost parcel, at what its goods had cost; its answer is a row of its own.
CREATE TABLE carrier_claim (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  parcel_id   bigint NOT NULL UNIQUE REFERENCES parcel,
  order_id    bigint NOT NULL REFERENCES sales_order,
  entity_id   int NOT NULL REFERENCES entity,
  -- Zero where nobody knows what the parcel held.
  cost_minor  bigint NOT NULL CHECK (cost_minor >= 0),
  claim_by    date,
  claimed_on  date NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX carrier_claim_entity ON carrier_claim (entity_id, id);
SELECT make_append_only('carrier_claim');

CREATE TABLE carrier_claim_outcome (
  claim_id    bigint PRIMARY KEY REFERENCES carrier_claim,
  outcome     text NOT NULL CHECK (outcome IN ('paid', 'refused')),
  paid_minor  bigint NOT NULL CHECK (paid_minor >= 0 AND (paid_minor > 0) = (outcome = 'paid')),
  reference   text NOT NULL,
  decided_on  date NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('carrier_claim_outcome');

-- The box is this parcel, so what was scanned into it is in the parcel.
ALTER TABLE pack_box ADD COLUMN parcel_id bigint UNIQUE REFERENCES parcel;
GRANT UPDATE (parcel_id) ON pack_box TO throughline_app;

-- Units of order lines by the entry that earned them, or (sign -1) that they were left out of or taken back by.
CREATE VIEW earned_units AS
  SELECT h.order_id, s.shipment_id, s.order_line_id, s.unit_from, s.qty, 1 AS sign, e.id AS entry_id
  FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id JOIN sales_order o ON o.id = h.order_id JOIN sales_order_line l ON l.id = s.order_line_id
  JOIN journal_entry e ON e.source_type = 'shipment' AND e.source_id = h.id::text
    AND e.event_type = CASE WHEN coalesce(l.revenue_on, o.policies->'order'->'body'->>'revenueOn') = 'delivered' THEN 'goods-delivered' ELSE 'goods-shipped' END
  UNION ALL
  SELECT h.order_id, x.shipment_id, x.order_line_id, x.unit_from, x.qty, -1, e.id
  FROM lost_units x JOIN shipment h ON h.id = x.shipment_id JOIN journal_entry e ON e.source_type = 'shipment' AND e.source_id = h.id::text
    AND CASE WHEN x.taken_back THEN e.idem_key = 'sale-taken-back/' || x.shipment_id || '/' || x.parcel_id ELSE e.event_type = 'goods-delivered' END;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO throughline_app;
GRANT INSERT ON revenue_policy, deferred_revenue, parcel_content, lost_units, carrier_claim, carrier_claim_outcome TO throughline_app;
RESET ROLE;
