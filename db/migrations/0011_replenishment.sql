SET ROLE throughline_owner;

-- ───────── rules ─────────
-- How an item is kept at a site. The narrowest scope that has a version in force holds: item and site, item,
-- class and site, class, site, all of the company. Versions are added, never edited.
CREATE TABLE replenishment_policy (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id     int NOT NULL REFERENCES entity,
  item_id       int REFERENCES item,
  item_class    text CHECK (item_class <> ''),
  site_id       int REFERENCES site,
  version       int NOT NULL CHECK (version > 0),
  effective_from date NOT NULL,
  method        text NOT NULL CHECK (method IN ('min-max', 'reorder-point', 'cover-days', 'order-up-to', 'to-order', 'none')),
  -- service: safety_value is the share of cycles in which stock lasts, in ppm; days of demand; units.
  safety_kind   text NOT NULL CHECK (safety_kind IN ('service', 'days', 'units')),
  safety_value  bigint NOT NULL CHECK (safety_value >= 0),
  min_units     bigint NOT NULL DEFAULT 0 CHECK (min_units >= 0),
  max_units     bigint NOT NULL DEFAULT 0 CHECK (max_units >= 0),
  cover_days    int NOT NULL DEFAULT 0 CHECK (cover_days BETWEEN 0 AND 730),
  review_days   int NOT NULL DEFAULT 7 CHECK (review_days BETWEEN 0 AND 365),
  history_days  int NOT NULL DEFAULT 91 CHECK (history_days BETWEEN 7 AND 730),
  lead_time     text NOT NULL DEFAULT 'planned' CHECK (lead_time IN ('planned', 'actual')),
  -- Null: the supplier's.
  lead_days     int CHECK (lead_days BETWEEN 0 AND 730),
  max_cover_days int CHECK (max_cover_days BETWEEN 1 AND 3650),
  shelf_life_days int CHECK (shelf_life_days BETWEEN 1 AND 3650),
  lot_ratio_ppm bigint NOT NULL DEFAULT 3000000 CHECK (lot_ratio_ppm >= 1000000),
  spike_score_e6 bigint NOT NULL DEFAULT 3500000 CHECK (spike_score_e6 > 0),
  spike_units   bigint NOT NULL DEFAULT 10 CHECK (spike_units > 0),
  dismiss_days  int NOT NULL DEFAULT 14 CHECK (dismiss_days BETWEEN 0 AND 365),
  -- INV-42: who decides, and by how much a site may differ from what was computed without asking.
  owner_mode    text NOT NULL DEFAULT 'central' CHECK (owner_mode IN ('central', 'local-proposes', 'local-decides')),
  band_ppm      bigint NOT NULL DEFAULT 0 CHECK (band_ppm BETWEEN 0 AND 10000000),
  reason        text NOT NULL CHECK (reason <> ''),
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT replenishment_policy_one_scope CHECK (item_id IS NULL OR item_class IS NULL),
  CONSTRAINT replenishment_policy_levels CHECK (method <> 'min-max' OR max_units >= min_units),
  CONSTRAINT replenishment_policy_service CHECK (safety_kind <> 'service' OR safety_value IN
    (500000, 800000, 850000, 900000, 950000, 975000, 980000, 990000, 995000, 999000)),
  CONSTRAINT replenishment_policy_version UNIQUE NULLS NOT DISTINCT (entity_id, item_id, item_class, site_id, version)
);
SELECT make_append_only('replenishment_policy');

-- INV-26: what demand was or will be unlike the usual, and why. Withdrawn ones stay for whoever asks why.
CREATE TABLE demand_event (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id     int NOT NULL REFERENCES entity,
  item_id       int REFERENCES item,
  item_class    text CHECK (item_class <> ''),
  site_id       int REFERENCES site,
  kind          text NOT NULL CHECK (kind IN ('season', 'promotion', 'one-off', 'new-level')),
  name          text NOT NULL CHECK (name <> ''),
  from_on       date NOT NULL,
  to_on         date NOT NULL,
  -- Parts per million of the usual demand; a promotion may add units a day too.
  factor_ppm    bigint NOT NULL DEFAULT 1000000 CHECK (factor_ppm BETWEEN 1 AND 1000000000),
  units_per_day bigint NOT NULL DEFAULT 0 CHECK (units_per_day BETWEEN 0 AND 1000000000),
  reason        text NOT NULL CHECK (reason <> ''),
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  withdrawn_at  timestamptz,
  withdrawn_by  text,
  CONSTRAINT demand_event_days CHECK (to_on >= from_on),
  CONSTRAINT demand_event_one_scope CHECK (item_id IS NULL OR item_class IS NULL)
);
CREATE INDEX demand_event_live ON demand_event (entity_id, id) WHERE withdrawn_at IS NULL;

-- A way between two sites of a company and what it costs; the newest row of a pair holds.
CREATE TABLE replenishment_lane (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_site_id  int NOT NULL REFERENCES site,
  to_site_id    int NOT NULL REFERENCES site,
  days          int NOT NULL CHECK (days BETWEEN 0 AND 365),
  fixed_minor   bigint NOT NULL CHECK (fixed_minor >= 0),
  per_unit_minor bigint NOT NULL CHECK (per_unit_minor >= 0),
  status        text NOT NULL CHECK (status IN ('active', 'paused')),
  reason        text NOT NULL CHECK (reason <> ''),
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (from_site_id <> to_site_id)
);
CREATE INDEX replenishment_lane_newest ON replenishment_lane (from_site_id, to_site_id, id DESC);
SELECT make_append_only('replenishment_lane');

-- INV-27: what may be ordered in a month, of one supplier or of all; the newest row holds.
CREATE TABLE replenishment_budget (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id     int NOT NULL REFERENCES entity,
  supplier_id   int REFERENCES supplier,
  month         date NOT NULL CHECK (extract(day FROM month) = 1),
  limit_minor   bigint NOT NULL CHECK (limit_minor >= 0),
  reason        text NOT NULL CHECK (reason <> ''),
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX replenishment_budget_newest ON replenishment_budget (entity_id, month, supplier_id, id DESC);
SELECT make_append_only('replenishment_budget');

-- What a person has decided about an item at a site for a while: another supplier, a transfer, by air.
CREATE TABLE replenishment_wish (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id       int NOT NULL REFERENCES item,
  site_id       int NOT NULL REFERENCES site,
  kind          text NOT NULL CHECK (kind IN ('transfer', 'not-supplier', 'air')),
  supplier_id   int REFERENCES supplier,
  days          int CHECK (days BETWEEN 0 AND 365),
  until_on      date NOT NULL,
  case_id       bigint REFERENCES exception_case,
  actor         text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((kind = 'not-supplier') = (supplier_id IS NOT NULL)), CHECK ((kind = 'air') = (days IS NOT NULL))
);
CREATE INDEX replenishment_wish_live ON replenishment_wish (item_id, site_id, until_on);
SELECT make_append_only('replenishment_wish');

-- ───────── runs ─────────
CREATE TABLE replenishment_run (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key           text NOT NULL UNIQUE,
  entity_id     int NOT NULL REFERENCES entity,
  run_on        date NOT NULL,
  cause         text NOT NULL,
  actor         text NOT NULL,
  state         text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done')),
  -- Item-nodes to look at, and those looked at; everything up to cursor_item is done.
  total         int NOT NULL CHECK (total >= 0),
  done          int NOT NULL DEFAULT 0 CHECK (done >= 0),
  cursor_item   int NOT NULL DEFAULT 0,
  proposed      int NOT NULL DEFAULT 0,
  superseded    int NOT NULL DEFAULT 0,
  kept          int NOT NULL DEFAULT 0,
  unsourced     int NOT NULL DEFAULT 0,
  over_budget   int NOT NULL DEFAULT 0,
  started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at      timestamptz,
  CHECK ((state = 'done') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX replenishment_run_one_running ON replenishment_run (entity_id) WHERE state = 'running';
CREATE INDEX replenishment_run_newest ON replenishment_run (entity_id, id DESC);

-- ───────── proposals ─────────
CREATE TABLE replenishment_proposal (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  run_id        bigint NOT NULL REFERENCES replenishment_run,
  entity_id     int NOT NULL REFERENCES entity,
  item_id       int NOT NULL REFERENCES item,
  site_id       int NOT NULL REFERENCES site,
  policy_id     bigint NOT NULL REFERENCES replenishment_policy,
  state         text NOT NULL DEFAULT 'computed'
    CHECK (state IN ('computed', 'proposed', 'snoozed', 'dismissed', 'approved', 'converted', 'covered', 'closed', 'superseded')),
  -- unsourced: nobody sells it and no site has it to spare.
  kind          text NOT NULL CHECK (kind IN ('buy', 'transfer', 'unsourced')),
  computed_qty  bigint NOT NULL CHECK (computed_qty > 0),
  -- What is wanted now: as computed, or as somebody has changed it.
  qty           bigint NOT NULL CHECK (qty > 0),
  moq           bigint NOT NULL DEFAULT 1 CHECK (moq > 0),
  multiple      bigint NOT NULL DEFAULT 1 CHECK (multiple > 0),
  supplier_id   int REFERENCES supplier,
  from_site_id  int REFERENCES site,
  -- In the company's currency, for qty units.
  cost_minor    bigint NOT NULL CHECK (cost_minor >= 0),
  currency      char(3) NOT NULL,
  arrives_on    date NOT NULL,
  runs_out_on   date,
  -- Days that what is there and to come lasts.
  cover_days    int NOT NULL,
  -- Why: every number that the formula took, and what it gave; and what else there was.
  inputs        jsonb NOT NULL,
  alternatives  jsonb NOT NULL DEFAULT '[]',
  owner_mode    text NOT NULL,
  band_ppm      bigint NOT NULL,
  lot_asks      boolean NOT NULL DEFAULT false,
  over_budget   boolean NOT NULL DEFAULT false,
  -- Somebody changed the quantity by more than they may alone.
  outside_band  boolean NOT NULL DEFAULT false,
  changed_by    text,
  snoozed_until date,
  reason        text,
  approved_by   text,
  decided_by    text,
  decided_at    timestamptz,
  converted_by  text,
  -- The order that it became a line of; its row may come a moment later, by its own process.
  po_number     text,
  transfer_no   text,
  superseded_by bigint REFERENCES replenishment_proposal,
  version       int NOT NULL DEFAULT 1,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT replenishment_proposal_source CHECK (
    (kind = 'buy') = (supplier_id IS NOT NULL) AND (kind = 'transfer') = (from_site_id IS NOT NULL)),
  CONSTRAINT replenishment_proposal_lot CHECK (kind <> 'buy' OR (qty >= moq AND qty % multiple = 0)),
  -- GOV-14: nobody signs what they changed, nor carries out what they signed.
  CONSTRAINT replenishment_maker_not_checker CHECK (approved_by <> changed_by),
  CONSTRAINT replenishment_signer_not_converter CHECK (approved_by <> converted_by),
  CONSTRAINT replenishment_proposal_converted CHECK (
    state NOT IN ('converted', 'covered') OR po_number IS NOT NULL OR transfer_no IS NOT NULL)
) WITH (fillfactor = 80);
-- The cure for buying twice: an item at a site has one open proposal, whoever computes.
CREATE UNIQUE INDEX replenishment_proposal_one_open ON replenishment_proposal (item_id, site_id)
  WHERE state IN ('computed', 'proposed', 'snoozed', 'approved');
CREATE INDEX replenishment_proposal_entity ON replenishment_proposal (entity_id, state, cover_days, id);
CREATE INDEX replenishment_proposal_under_way ON replenishment_proposal (item_id, site_id) WHERE state IN ('converted', 'covered');
CREATE INDEX replenishment_proposal_dismissed ON replenishment_proposal (item_id, site_id, id DESC) WHERE state = 'dismissed';
CREATE INDEX replenishment_proposal_run ON replenishment_proposal (run_id);

-- What was computed stays as it was computed.
CREATE FUNCTION replenishment_proposal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what proposal % was computed from stays; a new one supersedes it', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'replenishment_proposal_stays';
END $$;
CREATE TRIGGER stays BEFORE UPDATE ON replenishment_proposal FOR EACH ROW
  WHEN ((NEW.run_id, NEW.entity_id, NEW.item_id, NEW.site_id, NEW.policy_id, NEW.kind, NEW.computed_qty, NEW.moq, NEW.multiple, NEW.supplier_id,
      NEW.from_site_id, NEW.currency, NEW.arrives_on, NEW.inputs, NEW.alternatives)
    IS DISTINCT FROM (OLD.run_id, OLD.entity_id, OLD.item_id, OLD.site_id, OLD.policy_id, OLD.kind, OLD.computed_qty, OLD.moq, OLD.multiple, OLD.supplier_id,
      OLD.from_site_id, OLD.currency, OLD.arrives_on, OLD.inputs, OLD.alternatives))
  EXECUTE FUNCTION replenishment_proposal_stays();

-- What left a site day by day is asked for every run, of every item.
CREATE INDEX stock_movement_issued ON stock_movement (item_id, from_site_id, effective_on) INCLUDE (qty) WHERE kind = 'issue';
-- How long deliveries took, by item.
CREATE INDEX purchase_order_line_received ON purchase_order_line (item_id) WHERE qty_received > 0;

GRANT SELECT, INSERT ON replenishment_policy, demand_event, replenishment_lane, replenishment_budget, replenishment_wish,
  replenishment_run, replenishment_proposal TO throughline_app;
GRANT UPDATE (withdrawn_at, withdrawn_by) ON demand_event TO throughline_app;
GRANT UPDATE (state, done, cursor_item, proposed, superseded, kept, unsourced, over_budget, ended_at) ON replenishment_run TO throughline_app;
GRANT UPDATE (state, qty, cost_minor, cover_days, runs_out_on, over_budget, outside_band, changed_by, snoozed_until, reason, approved_by, decided_by,
  decided_at, converted_by, po_number, transfer_no, superseded_by, version) ON replenishment_proposal TO throughline_app;
RESET ROLE;
