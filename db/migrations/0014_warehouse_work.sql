SET ROLE throughline_owner;

-- ───────── what scanners read ─────────
-- GTIN of an item, and how many of its units one scan of it stands for: a case has another than a piece.
CREATE TABLE item_gtin (
  gtin    text PRIMARY KEY CHECK (gtin ~ '^[0-9]{14}$'),
  item_id int NOT NULL REFERENCES item,
  units   int NOT NULL DEFAULT 1 CHECK (units > 0)
);

-- ───────── waves and pick lists (FUL-31, FUL-32) ─────────
CREATE TABLE wave (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  wave_no     text NOT NULL UNIQUE,
  site_id     int NOT NULL REFERENCES site,
  -- What it was planned by; null: whatever there is.
  carrier     text,
  zone        text,
  ship_until  date NOT NULL,
  planned_by  text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- From here on no order joins, and its tasks exist.
  started_at  timestamptz,
  started_by  text
);
CREATE INDEX wave_site ON wave (site_id, id);

-- An order is picked in one wave, whoever plans at the same moment.
CREATE TABLE wave_order (
  fulfilment_id bigint NOT NULL REFERENCES fulfilment_order,
  wave_id       bigint NOT NULL REFERENCES wave,
  joined_by     text NOT NULL,
  joined_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT wave_order_once PRIMARY KEY (fulfilment_id)
);
CREATE INDEX wave_order_wave ON wave_order (wave_id);
SELECT make_append_only('wave_order');

-- Units of one order line to be taken out of one place.
CREATE TABLE pick_task (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  wave_id       bigint NOT NULL REFERENCES wave,
  fulfilment_id bigint NOT NULL REFERENCES fulfilment_order,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  item_id       int NOT NULL REFERENCES item,
  site_id       int NOT NULL REFERENCES site,
  bin           text NOT NULL,
  lot           text NOT NULL,
  qty           int NOT NULL CHECK (qty > 0),
  picked        int NOT NULL DEFAULT 0 CHECK (picked BETWEEN 0 AND qty),
  state         text NOT NULL DEFAULT 'to-pick' CHECK (state IN ('to-pick', 'picked', 'will-not-pick')),
  reason        text,
  picked_by     text,
  picked_at     timestamptz,
  CONSTRAINT pick_task_short_says_why CHECK (state = 'to-pick' OR picked = qty OR reason IS NOT NULL)
);
CREATE INDEX pick_task_wave ON pick_task (wave_id);
CREATE INDEX pick_task_fulfilment ON pick_task (fulfilment_id, order_line_id);
CREATE INDEX pick_task_open ON pick_task (item_id, site_id) WHERE state = 'to-pick';

-- Whether a place holds units that were picked for an order that is still to leave: they are that order's.
CREATE FUNCTION in_open_tote(p_bin text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_bin ~ '^TOTE/[0-9]{1,18}$' THEN EXISTS (
    SELECT FROM fulfilment_order f WHERE f.id = substr(p_bin, 6)::bigint AND f.state IN ('released', 'recall-requested')) ELSE false END
$$;

-- ───────── packing (FUL-21, FUL-33) ─────────
-- Boxes of a company, by what fits inside; a tare belongs to what the scale must say.
CREATE TABLE package_type (
  entity_id    int NOT NULL REFERENCES entity,
  code         text NOT NULL,
  length_mm    int NOT NULL CHECK (length_mm > 0),
  width_mm     int NOT NULL CHECK (width_mm > 0),
  height_mm    int NOT NULL CHECK (height_mm > 0),
  tare_g       int NOT NULL CHECK (tare_g >= 0),
  max_weight_g int NOT NULL CHECK (max_weight_g > tare_g),
  status       text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
  PRIMARY KEY (entity_id, code)
);

-- A box that is packed for a fulfilment order; closed once its weight has been looked at.
CREATE TABLE pack_box (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  fulfilment_id bigint NOT NULL REFERENCES fulfilment_order,
  box_no        int NOT NULL CHECK (box_no > 0),
  entity_id     int NOT NULL,
  package       text NOT NULL,
  opened_by     text NOT NULL,
  opened_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  expected_g    int CHECK (expected_g > 0),
  weight_g      int CHECK (weight_g > 0),
  weight_reason text,
  closed_by     text,
  closed_at     timestamptz,
  -- A label is asked for once a box, and a box leaves once, under the warehouse's reference.
  is_labelled   boolean NOT NULL DEFAULT false,
  shipped_as    text,
  UNIQUE (fulfilment_id, box_no),
  FOREIGN KEY (entity_id, package) REFERENCES package_type,
  CHECK ((closed_at IS NULL) = (weight_g IS NULL) AND (closed_at IS NULL) = (expected_g IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL))
);

CREATE TABLE pack_line (
  box_id        bigint NOT NULL REFERENCES pack_box,
  order_line_id bigint NOT NULL REFERENCES sales_order_line,
  qty           int NOT NULL CHECK (qty > 0),
  PRIMARY KEY (box_id, order_line_id)
);

-- Extension digit and GS1 company prefix, from which the numbers of a company's boxes (SSCC) are made.
CREATE TABLE gs1_prefix (
  entity_id int PRIMARY KEY REFERENCES entity,
  prefix    text NOT NULL CHECK (prefix ~ '^[0-9]{8,11}$')
);

GRANT SELECT ON ALL TABLES IN SCHEMA public TO throughline_app;
GRANT INSERT ON item_gtin, wave, wave_order, pick_task TO throughline_app;
GRANT INSERT ON gs1_prefix, package_type, pack_box, pack_line TO throughline_app;
GRANT UPDATE (length_mm, width_mm, height_mm, tare_g, max_weight_g, status) ON package_type TO throughline_app;
GRANT UPDATE (expected_g, weight_g, weight_reason, closed_by, closed_at, is_labelled, shipped_as) ON pack_box TO throughline_app;
GRANT UPDATE (prefix) ON gs1_prefix TO throughline_app;
GRANT UPDATE (qty), DELETE ON pack_line TO throughline_app;
GRANT UPDATE (item_id, units) ON item_gtin TO throughline_app;
GRANT UPDATE (started_at, started_by) ON wave TO throughline_app;
GRANT UPDATE (picked, state, reason, picked_by, picked_at) ON pick_task TO throughline_app;
RESET ROLE;
