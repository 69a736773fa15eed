-- Roles: the owner holds every table and may not log in; the application role may only do what
-- is granted to it below and in the migrations that follow.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_owner') THEN
    CREATE ROLE throughline_owner NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_app') THEN
    CREATE ROLE throughline_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated meanwhile
END $$;
GRANT throughline_owner, throughline_app TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO throughline_owner;
GRANT USAGE ON SCHEMA public TO throughline_app;
SET ROLE throughline_owner;

-- Refuses UPDATE, DELETE and TRUNCATE on tables that are only ever added to.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: correct by a new row, not by %', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;

CREATE FUNCTION make_append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', target);
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', target);
END $$;

-- ───────── commands: one row per business key that has ever been carried out ─────────
CREATE TABLE command (
  key          text PRIMARY KEY CHECK (length(key) BETWEEN 3 AND 300),
  request_hash bytea NOT NULL,
  result       jsonb,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- ───────── masters ─────────
CREATE TABLE entity (
  id                  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code                text NOT NULL UNIQUE,
  name                text NOT NULL,
  functional_currency char(3) NOT NULL,
  country             char(2) NOT NULL,
  timezone            text NOT NULL DEFAULT 'UTC',
  tax_ids             jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE site (
  id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id  int NOT NULL REFERENCES entity,
  code       text NOT NULL UNIQUE,
  name       text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('own', '3pl', 'fba', 'store', 'dropship', 'virtual')),
  country    char(2) NOT NULL,
  region     text,
  postal_code text,
  timezone   text NOT NULL DEFAULT 'UTC',
  cutoff_local time NOT NULL DEFAULT '15:00',
  daily_capacity int CHECK (daily_capacity > 0),
  status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'closed'))
);

-- Why a site may not ship for an entity, whatever lies there; what is told as available and what is allocated ask the same.
CREATE FUNCTION site_exclusion(s site, p_entity int, p_by_channel boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN s.entity_id <> p_entity THEN 'belongs to another entity'
    WHEN s.status <> 'active' THEN 'is ' || s.status
    WHEN s.kind = 'fba' AND NOT p_by_channel THEN 'holds stock of the channel fulfilment'
    WHEN s.kind <> 'fba' AND p_by_channel THEN 'the channel fulfils this order'
  END
$$;

CREATE TABLE item (
  id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku           text NOT NULL UNIQUE CHECK (length(sku) BETWEEN 1 AND 100),
  name          text NOT NULL,
  kind          text NOT NULL DEFAULT 'stock' CHECK (kind IN ('stock', 'kit', 'service', 'gift-card')),
  status        text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'blocked', 'retired')),
  uom           text NOT NULL DEFAULT 'EA',
  class         text,
  brand         text,
  length_mm     int CHECK (length_mm > 0),
  width_mm      int CHECK (width_mm > 0),
  height_mm     int CHECK (height_mm > 0),
  weight_g      int CHECK (weight_g > 0),
  ship_alone    boolean NOT NULL DEFAULT false,
  hazmat_class  text,
  restricted_countries char(2)[] NOT NULL DEFAULT '{}',
  minimum_age   int,
  hs_code       text,
  origin        char(2),
  tax_category  text NOT NULL DEFAULT 'standard',
  lot_policy    text NOT NULL DEFAULT 'none' CHECK (lot_policy IN ('none', 'lot', 'serial')),
  cost_method   text NOT NULL DEFAULT 'fifo' CHECK (cost_method IN ('fifo', 'moving-average')),
  list_price_minor bigint CHECK (list_price_minor >= 0),
  list_currency char(3),
  version       int NOT NULL DEFAULT 1,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- INV-3: what an item of each kind must know before it may be sold or received.
CREATE FUNCTION item_missing_fields(i item) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(f ORDER BY f), '{}') FROM (VALUES
    ('weight_g',    i.kind = 'stock' AND i.weight_g IS NULL),
    ('length_mm',   i.kind = 'stock' AND i.length_mm IS NULL),
    ('width_mm',    i.kind = 'stock' AND i.width_mm IS NULL),
    ('height_mm',   i.kind = 'stock' AND i.height_mm IS NULL),
    ('origin',      i.kind = 'stock' AND i.origin IS NULL),
    ('hs_code',     i.kind = 'stock' AND i.hs_code IS NULL)
  ) AS required(f, missing) WHERE missing
$$;

-- An item becomes active only when it is complete, whoever writes it.
CREATE FUNCTION item_must_be_complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'active' AND cardinality(item_missing_fields(NEW)) > 0 THEN
    RAISE EXCEPTION 'item % cannot be active: % missing', NEW.sku, array_to_string(item_missing_fields(NEW), ', ')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'item_complete';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER item_complete BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION item_must_be_complete();

-- What channels sell without a SKU of ours: tips, wrapping, fees; and gift cards.
INSERT INTO item (sku, name, kind, status) VALUES ('SERVICE', 'Service charge', 'service', 'active'), ('GIFT-CARD', 'Gift card', 'gift-card', 'active');

CREATE TABLE kit_component (
  kit_id  int NOT NULL REFERENCES item,
  item_id int NOT NULL REFERENCES item,
  qty     bigint NOT NULL CHECK (qty > 0),
  PRIMARY KEY (kit_id, item_id), CHECK (kit_id <> item_id)
);

CREATE TABLE item_substitute (
  item_id       int NOT NULL REFERENCES item,
  substitute_id int NOT NULL REFERENCES item,
  rank          int NOT NULL DEFAULT 1,
  ratio         int NOT NULL DEFAULT 1 CHECK (ratio > 0),
  PRIMARY KEY (item_id, substitute_id), CHECK (item_id <> substitute_id)
);

CREATE TABLE channel (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code        text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9-]{1,40}$'),
  name        text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('shopify', 'woocommerce', 'amazon', 'b2b', 'phone', 'edi', 'import')),
  entity_id   int NOT NULL REFERENCES entity,
  currency    char(3) NOT NULL,
  marketplace boolean NOT NULL DEFAULT false,
  priority    int NOT NULL DEFAULT 50,
  status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
  -- Signing secrets live in the environment; this names the variables, newest first.
  secret_refs text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE listing (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id  int NOT NULL REFERENCES channel,
  external_id text NOT NULL,
  item_id     int NOT NULL REFERENCES item,
  pack_factor int NOT NULL DEFAULT 1 CHECK (pack_factor > 0),
  buffer      bigint NOT NULL DEFAULT 0 CHECK (buffer >= 0),
  state       text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'paused')),
  UNIQUE (channel_id, external_id)
);
CREATE INDEX listing_item ON listing (item_id, channel_id);

CREATE TABLE external_ref (
  system      text NOT NULL,
  type        text NOT NULL,
  external_id text NOT NULL,
  internal_id text NOT NULL,
  PRIMARY KEY (system, type, external_id),
  UNIQUE (system, type, internal_id)
);

CREATE TABLE customer (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id int NOT NULL REFERENCES channel,
  external_id text NOT NULL,
  class      text NOT NULL DEFAULT 'standard',
  segment    text NOT NULL DEFAULT 'retail',
  terms_days int NOT NULL DEFAULT 0,
  blocked_reason text,
  ship_complete boolean NOT NULL DEFAULT false,
  UNIQUE (channel_id, external_id)
);

-- Personal data stands apart from the ledger, so that a customer can be erased and the books stay whole.
CREATE TABLE personal_data (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint REFERENCES customer,
  body        jsonb NOT NULL,
  erased_at   timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE carrier_service (
  id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  carrier    text NOT NULL,
  service    text NOT NULL,
  from_country char(2) NOT NULL,
  to_zone    text NOT NULL,
  transit_days int NOT NULL CHECK (transit_days >= 0),
  base_minor bigint NOT NULL CHECK (base_minor >= 0),
  per_kg_minor bigint NOT NULL CHECK (per_kg_minor >= 0),
  currency   char(3) NOT NULL,
  status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
  UNIQUE (carrier, service, from_country, to_zone)
);

CREATE TABLE shipping_zone (
  from_country char(2) NOT NULL,
  to_country   char(2) NOT NULL,
  to_postal_prefix text NOT NULL DEFAULT '',
  zone         text NOT NULL,
  PRIMARY KEY (from_country, to_country, to_postal_prefix)
);

CREATE TABLE denied_party (
  id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  list    text NOT NULL,
  name    text NOT NULL,
  country char(2)
);

CREATE TABLE tax_rate (
  jurisdiction text NOT NULL,
  tax_category text NOT NULL,
  rate_ppm     int NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
  valid_from   date NOT NULL,
  valid_to     date,
  PRIMARY KEY (jurisdiction, tax_category, valid_from)
);

-- Rules are versioned data with an owner; a process keeps the versions that it started with.
CREATE TABLE policy (
  kind       text NOT NULL,
  scope      text NOT NULL DEFAULT '*',
  version    int NOT NULL,
  owner      text NOT NULL CHECK (owner <> ''),
  approver   text,
  effective_from timestamptz NOT NULL DEFAULT clock_timestamp(),
  body       jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (kind, scope, version)
);
SELECT make_append_only('policy');

CREATE TABLE reason_code (
  domain text NOT NULL,
  code   text NOT NULL,
  label  text NOT NULL,
  PRIMARY KEY (domain, code)
);

-- ───────── people and keys ─────────
CREATE TABLE app_user (
  id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email         text NOT NULL UNIQUE,
  name          text NOT NULL,
  password_hash text NOT NULL,
  roles         text[] NOT NULL CHECK (cardinality(roles) > 0),
  -- Scopes narrow what a role may touch; NULL means all.
  entity_codes  text[],
  site_codes    text[],
  channel_codes text[],
  disabled_at   timestamptz
);

CREATE TABLE api_key (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  key_hash    bytea NOT NULL UNIQUE,
  roles       text[] NOT NULL CHECK (cardinality(roles) > 0),
  entity_codes  text[],
  site_codes    text[],
  channel_codes text[],
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at  timestamptz
);

-- ───────── what every process leaves behind ─────────
CREATE TABLE decision_record (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_type text NOT NULL,
  subject_id   text NOT NULL,
  kind         text NOT NULL,
  rule         text NOT NULL,
  rule_version int NOT NULL,
  inputs       jsonb NOT NULL,
  choice       jsonb NOT NULL,
  alternatives jsonb NOT NULL DEFAULT '[]',
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX decision_subject ON decision_record (subject_type, subject_id, id);
SELECT make_append_only('decision_record');

CREATE TABLE audit_event (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_type text NOT NULL,
  subject_id   text NOT NULL,
  action       text NOT NULL,
  before       jsonb,
  after        jsonb,
  reason       text,
  actor        text NOT NULL,
  command_key  text,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_subject ON audit_event (subject_type, subject_id, id);
SELECT make_append_only('audit_event');

-- Every call to the outside: written before the call with one key for life.
CREATE TABLE external_effect (
  key          text PRIMARY KEY,
  gateway      text NOT NULL CHECK (gateway IN ('payment', 'carrier', 'tax', 'mail', 'compliance', 'channel')),
  operation    text NOT NULL,
  subject_type text NOT NULL,
  subject_id   text NOT NULL,
  request      jsonb NOT NULL,
  state        text NOT NULL DEFAULT 'intended' CHECK (state IN ('intended', 'sent', 'confirmed', 'failed', 'unknown')),
  attempts     int NOT NULL DEFAULT 0,
  outcome      jsonb,
  intended_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at   timestamptz
);
CREATE INDEX external_effect_subject ON external_effect (subject_type, subject_id);
CREATE INDEX external_effect_open ON external_effect (state, intended_at) WHERE state IN ('intended', 'sent', 'unknown');

CREATE FUNCTION external_effect_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an effect row is kept for ever: %', OLD.key USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF (NEW.key, NEW.gateway, NEW.operation, NEW.request) IS DISTINCT FROM (OLD.key, OLD.gateway, OLD.operation, OLD.request) THEN
    RAISE EXCEPTION 'the intent of effect % cannot change', OLD.key USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.state IN ('confirmed', 'failed') AND NEW.state IS DISTINCT FROM OLD.state THEN
    RAISE EXCEPTION 'effect % is already %', OLD.key, OLD.state USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER moves_on BEFORE UPDATE OR DELETE ON external_effect FOR EACH ROW EXECUTE FUNCTION external_effect_moves_on();

CREATE TABLE outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic        text NOT NULL,
  key          text NOT NULL,
  body         jsonb NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivered_at timestamptz,
  UNIQUE (topic, key)
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE delivered_at IS NULL;

-- What came in from channels, carriers and processors; unique per provider event.
CREATE TABLE inbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source       text NOT NULL,
  event_id     text NOT NULL,
  topic        text NOT NULL,
  body_hash    bytea NOT NULL,
  -- received: stored, its process not yet told; the sweep tells it again until it is.
  outcome      text NOT NULL CHECK (outcome IN ('received', 'accepted', 'refused', 'superseded')),
  problems     jsonb,
  workflow_id  text,
  -- The neutral document. Workflow histories carry only this row's id, so that personal data can be erased here.
  document     jsonb,
  received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (source, event_id)
);
CREATE INDEX inbox_untold ON inbox (id) WHERE outcome = 'received';

CREATE TABLE exception_case (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key           text NOT NULL UNIQUE,
  type          text NOT NULL,
  state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'self-healed')),
  subject_type  text NOT NULL,
  subject_id    text NOT NULL,
  workflow_id   text NOT NULL,
  entity_id     int NOT NULL REFERENCES entity,
  channel_id    int REFERENCES channel,
  site_id       int REFERENCES site,
  owner_team    text NOT NULL CHECK (owner_team <> ''),
  owner_user    text,
  severity      text NOT NULL DEFAULT 'normal' CHECK (severity IN ('low', 'normal', 'high')),
  escalations   int NOT NULL DEFAULT 0,
  due_at        timestamptz NOT NULL,
  money_at_risk_minor bigint NOT NULL DEFAULT 0,
  currency      char(3) NOT NULL,
  customer_class text NOT NULL DEFAULT 'standard',
  summary       text NOT NULL,
  evidence      jsonb NOT NULL DEFAULT '{}',
  allowed       jsonb NOT NULL,
  opened_by     text NOT NULL,
  opened_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  resolution    text,
  resolution_params jsonb,
  resolved_by   text,
  resolved_at   timestamptz,
  reopened      int NOT NULL DEFAULT 0
);
CREATE INDEX exception_open ON exception_case (due_at, id) WHERE state = 'open';
CREATE INDEX exception_subject ON exception_case (subject_type, subject_id, id);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO throughline_app;
GRANT UPDATE ON command, item, site, channel, listing, customer, personal_data, carrier_service, app_user, api_key,
  external_effect, outbox, inbox, exception_case, entity TO throughline_app;
RESET ROLE;
