SET ROLE throughline_owner;

CREATE TABLE sales_order (
  id               bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id        int NOT NULL REFERENCES entity,
  channel_id       int NOT NULL REFERENCES channel,
  external_id      text NOT NULL,
  external_version text NOT NULL,
  order_number     text NOT NULL,
  workflow_id      text NOT NULL UNIQUE,
  customer_id      bigint REFERENCES customer,
  customer_class   text NOT NULL DEFAULT 'standard',
  segment          text NOT NULL DEFAULT 'retail',
  personal_data_id bigint REFERENCES personal_data,
  ship_country     char(2),
  ship_region      text,
  ship_postal_code text,
  currency         char(3) NOT NULL,
  rate_e9          bigint NOT NULL CHECK (rate_e9 > 0),
  placed_at        timestamptz NOT NULL,
  placed_on        date NOT NULL,
  settlement       text NOT NULL CHECK (settlement IN ('deposit', 'receivable', 'marketplace')),
  provider         text NOT NULL,
  tax_collected_by text NOT NULL CHECK (tax_collected_by IN ('seller', 'marketplace')),
  fulfilled_by     text NOT NULL DEFAULT 'merchant' CHECK (fulfilled_by IN ('merchant', 'channel')),
  total_minor      bigint NOT NULL CHECK (total_minor >= 0),
  requested_service text,
  ship_by          date,
  deliver_by       date,
  -- Until when somebody has accepted a later delivery than was promised; 9999-12-31 is whenever it comes.
  accepted_late_until date,
  ship_complete    boolean NOT NULL DEFAULT false,
  entered_by       text,
  policies         jsonb NOT NULL,
  -- Derived from lines, holds and cases at every commit, so that lists can filter by them; nobody sets them.
  phase            text NOT NULL DEFAULT 'held',
  waiting_for      text NOT NULL DEFAULT '',
  -- Counts the commits on this order; commands may name the version that they saw.
  version          int NOT NULL DEFAULT 1,
  recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at        timestamptz,
  UNIQUE (channel_id, external_id)
) WITH (fillfactor = 80);
-- An address that is given for an order later stands in a row of its own until it is taken, so that it too can be erased.
ALTER TABLE personal_data ADD COLUMN order_id bigint REFERENCES sales_order;
CREATE INDEX personal_data_order ON personal_data (order_id) WHERE order_id IS NOT NULL;
-- What came with a command that was refused goes again; nothing else of personal data is deleted this way.
CREATE FUNCTION forget_given_address(address_id bigint, in_attempt text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM personal_data d WHERE d.id = address_id AND d.body->>'attempt' = in_attempt
    AND NOT EXISTS (SELECT FROM sales_order o WHERE o.personal_data_id = d.id)
$$;
REVOKE EXECUTE ON FUNCTION forget_given_address(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_given_address(bigint, text) TO throughline_app;
CREATE INDEX sales_order_recent ON sales_order (id DESC, channel_id);
CREATE INDEX sales_order_customer ON sales_order (customer_id, id);
CREATE INDEX sales_order_phase ON sales_order (phase, id DESC);
CREATE INDEX sales_order_open ON sales_order (id) WHERE closed_at IS NULL;

-- What the order's entries are made of stays as it was placed: company, channel, rate, segment and rules.
CREATE FUNCTION sales_order_stays_as_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'company, channel, currency, rate, segment, total and policies of order % are frozen', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'sales_order_frozen';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE ON sales_order FOR EACH ROW
  WHEN ((NEW.id, NEW.entity_id, NEW.channel_id, NEW.external_id, NEW.workflow_id, NEW.customer_id, NEW.segment, NEW.currency, NEW.rate_e9,
      NEW.placed_at, NEW.placed_on, NEW.tax_collected_by, NEW.fulfilled_by, NEW.total_minor, NEW.policies, NEW.recorded_at)
    IS DISTINCT FROM (OLD.id, OLD.entity_id, OLD.channel_id, OLD.external_id, OLD.workflow_id, OLD.customer_id, OLD.segment, OLD.currency, OLD.rate_e9,
      OLD.placed_at, OLD.placed_on, OLD.tax_collected_by, OLD.fulfilled_by, OLD.total_minor, OLD.policies, OLD.recorded_at))
  EXECUTE FUNCTION sales_order_stays_as_placed();

-- Money columns are frozen at placement, net of tax, in the order's currency; later documents take unit shares.
CREATE TABLE sales_order_line (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id         bigint NOT NULL REFERENCES sales_order,
  line_no          int NOT NULL,
  external_line_id text NOT NULL,
  item_id          int REFERENCES item,
  sku              text,
  external_listing_id text,
  title            text NOT NULL,
  pack_factor      int NOT NULL DEFAULT 1,
  kit_item_id      int REFERENCES item,
  substitution_of  bigint REFERENCES sales_order_line,
  substitution_consent boolean NOT NULL DEFAULT false,
  requires_shipping boolean NOT NULL DEFAULT true,
  gift_card        boolean NOT NULL DEFAULT false,
  goods_minor      bigint NOT NULL,
  discount_minor   bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
  shipping_minor   bigint NOT NULL DEFAULT 0,
  tax_minor        bigint NOT NULL DEFAULT 0,
  -- What the marketplace is expected to keep back of the line: its share of the order's commission and fee.
  commission_minor bigint NOT NULL DEFAULT 0,
  fee_minor        bigint NOT NULL DEFAULT 0,
  qty_ordered      int NOT NULL CHECK (qty_ordered > 0),
  qty_cancelled    int NOT NULL DEFAULT 0,
  qty_allocated    int NOT NULL DEFAULT 0,
  qty_backordered  int NOT NULL DEFAULT 0,
  qty_released     int NOT NULL DEFAULT 0,
  qty_picked       int NOT NULL DEFAULT 0,
  qty_shipped      int NOT NULL DEFAULT 0,
  qty_delivered    int NOT NULL DEFAULT 0,
  -- What the units that were cancelled and that were shipped are worth, of the frozen amounts.
  cancelled_minor  bigint NOT NULL DEFAULT 0,
  shipped_minor    bigint NOT NULL DEFAULT 0,
  -- Of the shipped units, those that got lost before the buyer owed for them.
  lost_minor       bigint NOT NULL DEFAULT 0 CHECK (lost_minor >= 0),
  promise_on       date,
  -- Since when units of it wait for stock.
  backordered_at   timestamptz,
  UNIQUE (order_id, line_no),
  CONSTRAINT order_line_counters CHECK (
    qty_cancelled >= 0 AND qty_allocated >= 0 AND qty_backordered >= 0 AND qty_released >= 0 AND qty_picked >= 0
    AND qty_delivered BETWEEN 0 AND qty_shipped
    AND qty_shipped + qty_cancelled + qty_allocated + qty_backordered <= qty_ordered
    AND qty_released <= qty_allocated AND qty_picked <= qty_released)
) WITH (fillfactor = 80);

-- Frozen at placement: an edit cancels units and adds lines, it never re-prices one.
CREATE FUNCTION order_line_money_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.order_id, NEW.goods_minor, NEW.discount_minor, NEW.shipping_minor, NEW.tax_minor, NEW.commission_minor, NEW.fee_minor, NEW.qty_ordered)
     IS DISTINCT FROM (OLD.order_id, OLD.goods_minor, OLD.discount_minor, OLD.shipping_minor, OLD.tax_minor, OLD.commission_minor, OLD.fee_minor, OLD.qty_ordered) THEN
    RAISE EXCEPTION 'the amounts and the quantity of order line % are frozen', OLD.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'order_line_money_frozen';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER money_frozen BEFORE UPDATE ON sales_order_line FOR EACH ROW EXECUTE FUNCTION order_line_money_is_frozen();

CREATE TABLE order_line_discount (
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  seq           int NOT NULL,
  code          text NOT NULL,
  funded_by     text NOT NULL CHECK (funded_by IN ('merchant', 'marketplace', 'vendor')),
  -- FIN-13: who owes us a discount that a vendor funds, where the document says so.
  vendor        text,
  amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
  PRIMARY KEY (order_line_id, seq)
);

-- FIN-10, GOV-1: the sale's tax as it was computed, never again; returns mirror these rows.
CREATE TABLE order_line_tax (
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  seq           int NOT NULL,
  component     text NOT NULL CHECK (component IN ('goods', 'shipping')),
  jurisdiction  text NOT NULL,
  tax_code      text NOT NULL,
  rate_ppm      int NOT NULL,
  base_minor    bigint NOT NULL,
  tax_minor     bigint NOT NULL,
  collected_by  text NOT NULL CHECK (collected_by IN ('seller', 'marketplace')),
  PRIMARY KEY (order_line_id, seq)
);
SELECT make_append_only('order_line_tax');

CREATE TABLE order_hold (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id    bigint NOT NULL REFERENCES sales_order,
  type        text NOT NULL CHECK (type IN ('payment', 'fraud', 'address', 'compliance', 'data', 'price', 'manual')),
  reason      text NOT NULL,
  keeps_stock boolean NOT NULL DEFAULT true,
  opened_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  opened_by   text NOT NULL,
  released_at timestamptz,
  released_by text,
  release_note text,
  -- FUL-26: a compliance match needs two people; the first signs here.
  first_release_by text
);
CREATE UNIQUE INDEX order_hold_one_open ON order_hold (order_id, type) WHERE released_at IS NULL;
CREATE INDEX order_hold_open ON order_hold (type, opened_at) WHERE released_at IS NULL;

CREATE TABLE reservation (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id      bigint NOT NULL REFERENCES sales_order,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  item_id       int NOT NULL REFERENCES item,
  site_id       int NOT NULL REFERENCES site,
  qty           int NOT NULL CHECK (qty > 0),
  consumed      int NOT NULL DEFAULT 0,
  released      int NOT NULL DEFAULT 0,
  live          int GENERATED ALWAYS AS (qty - consumed - released) STORED,
  priority      int NOT NULL DEFAULT 50,
  -- Units of it that came out of the channel's own pool, and go back there when they are released.
  from_pool     int NOT NULL DEFAULT 0 CHECK (from_pool BETWEEN 0 AND qty),
  expires_at    timestamptz,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (consumed >= 0 AND released >= 0 AND consumed + released <= qty)
);
CREATE INDEX reservation_order ON reservation (order_id);
CREATE INDEX reservation_live ON reservation (item_id, site_id) WHERE qty - consumed - released > 0;

-- Reserved is Σ live reservations by construction; the CHECK on stock_position is what makes over-promising impossible.
CREATE FUNCTION reservation_reserves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM stock_position p WHERE p.condition = 'sellable' AND (p.item_id, p.site_id) IN (SELECT item_id, site_id FROM now_rows)
  ORDER BY p.item_id, p.site_id FOR UPDATE;
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT FROM now_rows n WHERE NOT EXISTS (SELECT FROM stock_position p
        WHERE (p.item_id, p.site_id, p.condition) = (n.item_id, n.site_id, 'sellable'))) THEN
      RAISE EXCEPTION 'nothing on hand to reserve' USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_position_not_over_reserved';
    END IF;
    UPDATE stock_position p SET reserved = p.reserved + d.qty, changed_at = clock_timestamp()
    FROM (SELECT item_id, site_id, sum(live) AS qty FROM now_rows GROUP BY 1, 2) d
    WHERE (p.item_id, p.site_id, p.condition) = (d.item_id, d.site_id, 'sellable');
  ELSE
    UPDATE stock_position p SET reserved = p.reserved + d.qty, changed_at = clock_timestamp()
    FROM (SELECT n.item_id, n.site_id, sum(n.live - o.live) AS qty FROM now_rows n JOIN old_rows o USING (id)
          GROUP BY 1, 2 HAVING sum(n.live - o.live) <> 0) d
    WHERE (p.item_id, p.site_id, p.condition) = (d.item_id, d.site_id, 'sellable');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER reserves AFTER INSERT ON reservation REFERENCING NEW TABLE AS now_rows
  FOR EACH STATEMENT EXECUTE FUNCTION reservation_reserves();
CREATE TRIGGER reserves_again AFTER UPDATE ON reservation REFERENCING NEW TABLE AS now_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION reservation_reserves();

-- FUL-3: what a line's waiting units are promised from; an expected unit is promised to one line only.
CREATE TABLE supply_promise (
  supply_id     bigint NOT NULL REFERENCES expected_supply,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  order_id      bigint NOT NULL REFERENCES sales_order,
  qty           int NOT NULL CHECK (qty > 0),
  PRIMARY KEY (order_line_id, supply_id)
);
CREATE INDEX supply_promise_supply ON supply_promise (supply_id);
CREATE INDEX supply_promise_order ON supply_promise (order_id);

-- FUL-12: sites that an order was short at, or that would not ship it; not asked again until goods come in there.
CREATE TABLE routing_exclusion (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id    bigint NOT NULL REFERENCES sales_order,
  site_id     int NOT NULL REFERENCES site,
  item_id     int NOT NULL REFERENCES item,
  cause       text NOT NULL CHECK (cause IN ('rejected', 'short-pick')),
  reason      text NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX routing_exclusion_order ON routing_exclusion (order_id);
SELECT make_append_only('routing_exclusion');

CREATE TABLE fulfilment_order (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  order_id      bigint NOT NULL REFERENCES sales_order,
  site_id       int NOT NULL REFERENCES site,
  carrier       text,
  service       text,
  freight_estimate_minor bigint NOT NULL DEFAULT 0,
  promise_on    date,
  ship_on       date NOT NULL,
  state         text NOT NULL DEFAULT 'released'
    CHECK (state IN ('released', 'recall-requested', 'recalled', 'rejected', 'shipped', 'cancelled')),
  released_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_by   text NOT NULL
);
CREATE INDEX fulfilment_order_order ON fulfilment_order (order_id);
CREATE INDEX fulfilment_order_site_day ON fulfilment_order (site_id, ship_on, id);

CREATE TABLE fulfilment_line (
  fulfilment_id bigint NOT NULL REFERENCES fulfilment_order,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  reservation_id bigint NOT NULL REFERENCES reservation,
  item_id       int NOT NULL REFERENCES item,
  qty           int NOT NULL CHECK (qty > 0),
  picked        int NOT NULL DEFAULT 0,
  shipped       int NOT NULL DEFAULT 0,
  cancelled     int NOT NULL DEFAULT 0,
  short_reason  text,
  PRIMARY KEY (fulfilment_id, order_line_id, reservation_id),
  CHECK (shipped >= 0 AND cancelled >= 0 AND picked >= 0 AND shipped + cancelled <= qty AND picked + cancelled <= qty)
);
CREATE INDEX fulfilment_line_order_line ON fulfilment_line (order_line_id);

CREATE TABLE shipment (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  order_id      bigint NOT NULL REFERENCES sales_order,
  fulfilment_id bigint NOT NULL REFERENCES fulfilment_order,
  site_id       int NOT NULL REFERENCES site,
  reference     text NOT NULL,
  shipped_on    date NOT NULL,
  -- What the carrier is expected to charge, in functional currency; posted together with the revenue.
  freight_minor bigint NOT NULL DEFAULT 0,
  freight_party text,
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (fulfilment_id, reference)
);
CREATE INDEX shipment_order ON shipment (order_id);
SELECT make_append_only('shipment');

CREATE TABLE shipment_line (
  shipment_id   bigint NOT NULL REFERENCES shipment,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  qty           int NOT NULL CHECK (qty > 0),
  -- The units of the line that left: the frozen amounts of [unit_from, unit_from + qty) are this document's.
  unit_from     int NOT NULL CHECK (unit_from >= 0),
  goods_minor   bigint NOT NULL,
  discount_minor bigint NOT NULL,
  shipping_minor bigint NOT NULL,
  tax_minor     bigint NOT NULL,
  cost_minor    bigint NOT NULL,
  PRIMARY KEY (shipment_id, order_line_id)
);
CREATE INDEX shipment_line_order_line ON shipment_line (order_line_id);
SELECT make_append_only('shipment_line');

CREATE TABLE parcel (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  order_id      bigint NOT NULL REFERENCES sales_order,
  fulfilment_id bigint NOT NULL REFERENCES fulfilment_order,
  shipment_id   bigint REFERENCES shipment,
  parcel_no     int NOT NULL,
  carrier       text,
  service       text,
  tracking_number text,
  weight_g      int,
  label_effect_key text UNIQUE,
  label_cost_minor bigint,
  delivered_at  timestamptz,
  stalled_at    timestamptz,
  voided_at     timestamptz,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (fulfilment_id, parcel_no)
);
CREATE INDEX parcel_tracking ON parcel (tracking_number);
CREATE INDEX parcel_order ON parcel (order_id);

CREATE TABLE tracking_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parcel_id   bigint NOT NULL REFERENCES parcel,
  provider_event_id text NOT NULL UNIQUE,
  status      text NOT NULL CHECK (status IN ('pre-transit', 'in-transit', 'out-for-delivery', 'delivered', 'exception', 'returned')),
  happened_at timestamptz NOT NULL,
  details     text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX tracking_event_parcel ON tracking_event (parcel_id, happened_at);
SELECT make_append_only('tracking_event');

-- ───────── money of the order ─────────
CREATE TABLE payment (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id       bigint NOT NULL REFERENCES sales_order,
  seq            int NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('card', 'marketplace', 'terms', 'gift-card', 'store-credit')),
  provider       text NOT NULL,
  reference      text,
  due_minor      bigint NOT NULL CHECK (due_minor >= 0),
  authorised_minor bigint NOT NULL DEFAULT 0,
  captured_minor bigint NOT NULL DEFAULT 0,
  refunded_minor bigint NOT NULL DEFAULT 0,
  refund_pending_minor bigint NOT NULL DEFAULT 0,
  expires_at     timestamptz,
  UNIQUE (order_id, seq),
  -- Refunds are bounded by what remains of what was captured, on this tender, under its row lock.
  CONSTRAINT payment_refund_bound CHECK (refunded_minor >= 0 AND refund_pending_minor >= 0
    AND refunded_minor + refund_pending_minor <= captured_minor)
);
CREATE INDEX payment_reference ON payment (reference) WHERE reference IS NOT NULL;

CREATE TABLE payment_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id  bigint NOT NULL REFERENCES payment,
  key         text NOT NULL UNIQUE,
  kind        text NOT NULL CHECK (kind IN ('authorised', 'reauthorised', 'captured', 'voided', 'declined', 'expired', 'refund-granted', 'refunded', 'refund-failed', 'refund-returned')),
  amount_minor bigint NOT NULL,
  reference   text,
  effect_key  text,
  effective_on date NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX payment_event_payment ON payment_event (payment_id, id);
CREATE INDEX payment_event_reference ON payment_event (reference) WHERE reference IS NOT NULL;
SELECT make_append_only('payment_event');

-- One card a unit sold: what is left of it is the balance of its open item, gift-card/<id>. A channel
-- names a card by its own id, which it tells when the card is spent; until then only the code is known.
CREATE TABLE gift_card (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id   int NOT NULL REFERENCES entity,
  channel_id  int REFERENCES channel,
  -- Whoever has the code has the money, so it cannot be guessed.
  code        text NOT NULL UNIQUE DEFAULT upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 16)),
  external_id text CHECK (external_id <> ''),
  currency    char(3) NOT NULL,
  face_minor  bigint NOT NULL CHECK (face_minor > 0),
  order_line_id bigint REFERENCES sales_order_line,
  unit        int,
  -- Whose law says when an unused card escheats, as US-DE.
  jurisdiction text,
  issued_on   date NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (channel_id, external_id),
  UNIQUE (order_line_id, unit),
  CHECK ((order_line_id IS NULL) = (unit IS NULL))
);

-- What processors and carriers tell, kept before anybody acts on it: an event may be ahead of its order.
CREATE TABLE provider_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider    text NOT NULL,
  event_id    text NOT NULL,
  kind        text NOT NULL,
  -- What it is about in the provider's words: its payment, or the parcel's tracking number.
  reference   text NOT NULL,
  -- Our effect that caused it, where the provider says so.
  effect_key  text,
  -- Never personal data: amounts, instants and references only.
  facts       jsonb NOT NULL,
  -- waiting: for its order to be known, or to take it; untaken: no process of ours takes its kind yet;
  -- unmatched: nobody knew it for a month.
  state       text NOT NULL CHECK (state IN ('waiting', 'taken', 'untaken', 'unmatched')),
  order_id    bigint,
  -- Why it is not taken yet: a refusal's code and what to do.
  problem     text,
  attempts    int NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at  timestamptz,
  UNIQUE (provider, event_id)
);
CREATE INDEX provider_event_waiting ON provider_event (next_at, id) WHERE state = 'waiting';

CREATE TABLE document_sequence (
  entity_id int NOT NULL REFERENCES entity,
  kind      text NOT NULL,
  next      bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (entity_id, kind)
);

CREATE TABLE customer_invoice (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id   int NOT NULL REFERENCES entity,
  number      bigint NOT NULL,
  order_id    bigint NOT NULL REFERENCES sales_order,
  shipment_id bigint NOT NULL UNIQUE REFERENCES shipment,
  issued_on   date NOT NULL,
  due_on      date NOT NULL,
  currency    char(3) NOT NULL,
  net_minor   bigint NOT NULL,
  tax_minor   bigint NOT NULL,
  gross_minor bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (entity_id, number)
);
CREATE INDEX customer_invoice_order ON customer_invoice (order_id);
SELECT make_append_only('customer_invoice');

-- Gapless by law in many countries: the number is taken in the invoice's own transaction.
CREATE FUNCTION take_document_number(p_entity int, p_kind text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO document_sequence AS s (entity_id, kind, next) VALUES (p_entity, p_kind, 2)
  ON CONFLICT (entity_id, kind) DO UPDATE SET next = s.next + 1 RETURNING next - 1
$$;
REVOKE EXECUTE ON FUNCTION take_document_number(int, text) FROM PUBLIC;

-- Whatever number the writer gives: nobody chooses one, and none is taken without its invoice.
CREATE FUNCTION customer_invoice_takes_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.number := take_document_number(NEW.entity_id, 'customer-invoice');
  RETURN NEW;
END $$;
CREATE TRIGGER takes_number BEFORE INSERT ON customer_invoice FOR EACH ROW EXECUTE FUNCTION customer_invoice_takes_number();

CREATE TABLE order_change (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id    bigint NOT NULL REFERENCES sales_order,
  base_version int NOT NULL,
  actions     jsonb NOT NULL,
  effect      jsonb NOT NULL,
  source      text NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX order_change_order ON order_change (order_id);
SELECT make_append_only('order_change');

-- FUL-10: what people decided about buyers, so that the rules know them again; the newest row of a hash holds.
CREATE TABLE fraud_mark (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('email', 'address')),
  hash        bytea NOT NULL,
  verdict     text NOT NULL CHECK (verdict IN ('blocked', 'trusted')),
  order_id    bigint NOT NULL REFERENCES sales_order,
  reason      text NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX fraud_mark_hash ON fraud_mark (hash, id);


-- What past files say was given back and no known sale explains: kept, so that nothing of a file is lost, and matched later when its sale is imported.
CREATE TABLE history_cancellation (
  channel_id   int NOT NULL REFERENCES channel,
  mark         text NOT NULL,
  customer_external_id text,
  sku          text NOT NULL,
  qty          int NOT NULL CHECK (qty > 0),
  unit_price_minor bigint NOT NULL,
  cancelled_at timestamptz NOT NULL,
  reason       text NOT NULL,
  origin       text NOT NULL,
  order_line_id bigint REFERENCES sales_order_line,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (channel_id, mark)
);

GRANT SELECT ON ALL TABLES IN SCHEMA public TO throughline_app;
GRANT INSERT ON sales_order, sales_order_line, order_line_discount, order_line_tax, order_hold, reservation, fulfilment_order,
  supply_promise, routing_exclusion, fulfilment_line, shipment, shipment_line, parcel, tracking_event, payment, payment_event, provider_event, gift_card, customer_invoice, order_change, fraud_mark, history_cancellation TO throughline_app;
GRANT UPDATE (channel_id, external_id) ON gift_card TO throughline_app;
GRANT UPDATE ON sales_order, sales_order_line, order_hold, fulfilment_order, fulfilment_line, parcel, payment TO throughline_app;
GRANT DELETE ON supply_promise TO throughline_app;
GRANT UPDATE (consumed, released, expires_at) ON reservation TO throughline_app;
GRANT UPDATE (order_line_id) ON history_cancellation TO throughline_app;
GRANT UPDATE (state, order_id, problem, attempts, next_at, settled_at) ON provider_event TO throughline_app;
RESET ROLE;
