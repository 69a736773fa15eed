SET ROLE throughline_owner;

-- ───────── conditions ─────────
-- What stock can be like is a list that grows, no closed check. Only `sellable` is ever promised to an order;
-- `in-transit` is stock on its way between two sites of one company: it still lies at the site that sent it.
CREATE TABLE stock_condition (
  code    text PRIMARY KEY,
  meaning text NOT NULL
);
INSERT INTO stock_condition VALUES
  ('sellable', 'May be promised and shipped'),
  ('quarantine', 'Waits for somebody to look at it'),
  ('b-stock', 'Sold as used or opened'),
  ('damaged', 'Broken; scrapped, or sent back'),
  ('in-transit', 'On its way between two sites; of the site that sent it until it arrives');
ALTER TABLE stock_quant DROP CONSTRAINT IF EXISTS stock_quant_condition_check,
  ADD CONSTRAINT stock_quant_condition_known FOREIGN KEY (condition) REFERENCES stock_condition;

-- ───────── transfers between sites ─────────
CREATE TABLE transfer (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  transfer_no  text NOT NULL UNIQUE,
  workflow_id  text NOT NULL,
  entity_id    int NOT NULL REFERENCES entity,
  from_site_id int NOT NULL REFERENCES site,
  to_site_id   int NOT NULL REFERENCES site,
  -- A stored projection of the lines, as of every document; nobody sets it.
  phase        text NOT NULL,
  version      int NOT NULL DEFAULT 1,
  reason       text NOT NULL CHECK (reason <> ''),
  -- When it must be there; what waits at the destination is promised by it.
  due_on       date NOT NULL,
  -- How long goods may be late before a person is asked; moves when somebody says that they wait on.
  overdue_on   date NOT NULL,
  -- What the units were worth when they were asked for, which says who must approve.
  value_minor  bigint NOT NULL CHECK (value_minor >= 0),
  policy       jsonb NOT NULL,
  requested_by text NOT NULL,
  approved_by  text,
  approved_at  timestamptz,
  recalled     boolean NOT NULL DEFAULT false,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz,
  CONSTRAINT transfer_between_two_sites CHECK (from_site_id <> to_site_id),
  CONSTRAINT transfer_approved_by_another CHECK (approved_by <> requested_by)
);
CREATE INDEX transfer_open ON transfer (entity_id, id) WHERE closed_at IS NULL;

CREATE TABLE transfer_line (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transfer_id bigint NOT NULL REFERENCES transfer,
  line_no     int NOT NULL,
  item_id     int NOT NULL REFERENCES item,
  qty         bigint NOT NULL CHECK (qty > 0),
  shipped     bigint NOT NULL DEFAULT 0,
  received    bigint NOT NULL DEFAULT 0,
  damaged     bigint NOT NULL DEFAULT 0,
  lost        bigint NOT NULL DEFAULT 0,
  came_back   bigint NOT NULL DEFAULT 0,
  cancelled   bigint NOT NULL DEFAULT 0,
  in_transit  bigint GENERATED ALWAYS AS (shipped - received - damaged - lost - came_back) STORED,
  UNIQUE (transfer_id, line_no),
  UNIQUE (transfer_id, item_id),
  CHECK (least(shipped, received, damaged, lost, came_back, cancelled) >= 0),
  CONSTRAINT transfer_line_not_over CHECK (shipped + cancelled <= qty),
  CONSTRAINT transfer_line_arrives_once CHECK (received + damaged + lost + came_back <= shipped)
);

-- Units at the source that this transfer has been promised, against the same position as orders are.
CREATE TABLE transfer_reservation (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line_id     bigint NOT NULL REFERENCES transfer_line,
  item_id     int NOT NULL REFERENCES item,
  site_id     int NOT NULL REFERENCES site,
  qty         bigint NOT NULL CHECK (qty > 0),
  consumed    bigint NOT NULL DEFAULT 0,
  released    bigint NOT NULL DEFAULT 0,
  live        bigint GENERATED ALWAYS AS (qty - consumed - released) STORED,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (consumed >= 0 AND released >= 0 AND consumed + released <= qty)
);
CREATE INDEX transfer_reservation_line ON transfer_reservation (line_id);
CREATE INDEX transfer_reservation_live ON transfer_reservation (item_id, site_id) WHERE qty - consumed - released > 0;
CREATE TRIGGER reserves AFTER INSERT ON transfer_reservation REFERENCING NEW TABLE AS now_rows
  FOR EACH STATEMENT EXECUTE FUNCTION reservation_reserves();
CREATE TRIGGER reserves_again AFTER UPDATE ON transfer_reservation REFERENCING NEW TABLE AS now_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION reservation_reserves();

-- What left, what arrived, what was lost and what came back, each under the warehouse's own reference.
CREATE TABLE transfer_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transfer_id bigint NOT NULL REFERENCES transfer,
  kind        text NOT NULL CHECK (kind IN ('shipped', 'arrived', 'lost', 'came-back')),
  reference   text NOT NULL,
  happened_on date NOT NULL,
  reason      text,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (transfer_id, kind, reference)
);
SELECT make_append_only('transfer_event');

CREATE TABLE transfer_event_line (
  event_id bigint NOT NULL REFERENCES transfer_event,
  line_id  bigint NOT NULL REFERENCES transfer_line,
  qty      bigint NOT NULL CHECK (qty >= 0),
  damaged  bigint NOT NULL DEFAULT 0 CHECK (damaged >= 0),
  value_minor bigint NOT NULL CHECK (value_minor >= 0),
  reason   text,
  PRIMARY KEY (event_id, line_id)
);
SELECT make_append_only('transfer_event_line');

-- ───────── cycle counts ─────────
CREATE TABLE count_task (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  count_no     text NOT NULL UNIQUE,
  workflow_id  text NOT NULL,
  entity_id    int NOT NULL REFERENCES entity,
  site_id      int NOT NULL REFERENCES site,
  phase        text NOT NULL,
  version      int NOT NULL DEFAULT 0,
  reason       text NOT NULL CHECK (reason <> ''),
  requested_by text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz
);
CREATE INDEX count_task_open ON count_task (site_id, id) WHERE closed_at IS NULL;

-- One place of one item to be counted, why it was chosen, and what came of it.
CREATE TABLE count_line (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id     bigint NOT NULL REFERENCES count_task,
  line_no     int NOT NULL,
  item_id     int NOT NULL REFERENCES item,
  site_id     int NOT NULL REFERENCES site,
  bin         text NOT NULL DEFAULT '',
  lot         text NOT NULL DEFAULT '',
  reasons     jsonb NOT NULL DEFAULT '[]',
  -- The tolerance in force when it was chosen, of the item, its class or the site.
  policy      jsonb NOT NULL,
  state       text NOT NULL DEFAULT 'to-count' CHECK (state IN ('to-count', 'recount', 'review', 'approved', 'matched', 'posted', 'rejected', 'cancelled')),
  expected    bigint,
  counted     bigint CHECK (counted >= 0),
  expected_minor bigint,
  variance_minor bigint CHECK (variance_minor >= 0),
  within_tolerance boolean,
  reason_code text,
  approved_by text,
  settled_at  timestamptz,
  UNIQUE (task_id, line_no),
  CONSTRAINT count_line_says_why CHECK (state <> 'posted' OR (reason_code IS NOT NULL AND approved_by IS NOT NULL))
);
-- Two counts of one place at once would both correct it.
CREATE UNIQUE INDEX count_line_once ON count_line (item_id, site_id, bin, lot) WHERE state IN ('to-count', 'recount', 'review', 'approved');
CREATE INDEX count_line_settled ON count_line (site_id, bin, settled_at) WHERE settled_at IS NOT NULL;

-- What somebody counted, blind, and what the books held for that place at the moment of the scan.
CREATE TABLE count_entry (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line_id     bigint NOT NULL REFERENCES count_line,
  round       int NOT NULL CHECK (round > 0),
  counted     bigint NOT NULL CHECK (counted >= 0),
  expected    bigint NOT NULL,
  scanned_at  timestamptz NOT NULL,
  counted_by  text NOT NULL,
  device      text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT count_entry_once UNIQUE (line_id, round),
  CONSTRAINT count_entry_by_another UNIQUE (line_id, counted_by)
);
SELECT make_append_only('count_entry');
CREATE INDEX stock_movement_recent ON stock_movement (item_id, recorded_at);

INSERT INTO reason_code (domain, code, label) VALUES
  ('count', 'found', 'Units were found that the books did not hold'),
  ('count', 'missing', 'Units are gone and nobody knows where'),
  ('count', 'misplaced', 'Units lie in another place'),
  ('count', 'stolen', 'Units were stolen'),
  ('count', 'damaged', 'Units were broken and thrown away'),
  ('count', 'expired', 'Units were thrown away past their date'),
  ('count', 'inbound-not-recorded', 'Goods came in that nobody received in the books'),
  ('count', 'outbound-not-recorded', 'Goods left that nobody shipped in the books'),
  ('count', 'wrong-item', 'Units were taken for another item'),
  ('count', 'wrong-unit', 'Packs were counted as pieces, or pieces as packs'),
  ('count', 'lot-correction', 'Units belong to another lot or bin'),
  ('count', 'earlier-count-error', 'An earlier count was wrong'),
  ('count', 'within-tolerance', 'The difference lies within the tolerance'),
  ('count', 'confirmed-by-recount', 'A second person counted the same, below the value that needs an approval')
ON CONFLICT DO NOTHING;

-- ───────── bins and lots ─────────
-- INV-46. A place that is not in this list is still a place: only what the list says is held against a bin.
CREATE TABLE bin (
  site_id     int NOT NULL REFERENCES site,
  code        text NOT NULL CHECK (code <> ''),
  zone        text NOT NULL DEFAULT '',
  kind        text NOT NULL DEFAULT 'pick' CHECK (kind IN ('pick', 'bulk', 'stage', 'dock', 'quarantine', 'scrap')),
  -- Units of whatever lies in it; null: nobody has said.
  capacity    bigint CHECK (capacity > 0),
  pick_seq    int NOT NULL DEFAULT 0,
  mixes_items boolean NOT NULL DEFAULT true,
  allocatable boolean NOT NULL DEFAULT true,
  status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked')),
  PRIMARY KEY (site_id, code)
);

CREATE TABLE lot (
  item_id    int NOT NULL REFERENCES item,
  code       text NOT NULL CHECK (code <> ''),
  expires_on date,
  status     text NOT NULL DEFAULT 'approved' CHECK (status IN ('approved', 'hold', 'recalled')),
  reason     text,
  PRIMARY KEY (item_id, code)
);

-- Why units of a place may be promised to nobody, whatever lies there; null where nothing speaks against it.
CREATE FUNCTION place_blocked(p_item int, p_site int, p_bin text, p_lot text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT 'lot ' || l.code || ' is ' || CASE WHEN l.status <> 'approved' THEN l.status ELSE 'expired' END FROM lot l
      WHERE p_lot <> '' AND l.item_id = p_item AND l.code = p_lot AND (l.status <> 'approved' OR l.expires_on <= current_date)),
    (SELECT 'bin ' || b.code || CASE b.status WHEN 'blocked' THEN ' is blocked' ELSE ' is not for picking' END FROM bin b
      WHERE p_bin <> '' AND b.site_id = p_site AND b.code = p_bin AND (b.status = 'blocked' OR NOT b.allocatable)))
$$;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO throughline_app;
GRANT INSERT ON bin, lot TO throughline_app;
GRANT UPDATE (zone, kind, capacity, pick_seq, mixes_items, allocatable, status) ON bin TO throughline_app;
GRANT UPDATE (expires_on, status, reason) ON lot TO throughline_app;
GRANT INSERT ON count_task, count_line, count_entry TO throughline_app;
GRANT UPDATE (phase, version, closed_at) ON count_task TO throughline_app;
GRANT UPDATE (state, expected, counted, expected_minor, variance_minor, within_tolerance, reason_code, approved_by, settled_at) ON count_line TO throughline_app;
GRANT INSERT ON transfer, transfer_line, transfer_reservation, transfer_event, transfer_event_line TO throughline_app;
GRANT UPDATE (phase, version, due_on, overdue_on, approved_by, approved_at, recalled, closed_at) ON transfer TO throughline_app;
GRANT UPDATE (shipped, received, damaged, lost, came_back, cancelled) ON transfer_line TO throughline_app;
GRANT UPDATE (consumed, released) ON transfer_reservation TO throughline_app;
RESET ROLE;
