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

-- When a row came to be is the database's word, whatever the writer claims.
CREATE FUNCTION stamp_recorded_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.recorded_at := clock_timestamp();
  RETURN NEW;
END $$;

CREATE FUNCTION make_append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = 'recorded_at')
    AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgname = 'stamp') THEN
    EXECUTE format('CREATE TRIGGER stamp BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION stamp_recorded_at()', target);
  END IF;
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', target);
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', target);
END $$;

-- ───────── commands: one row per business key that has ever been carried out ─────────
CREATE TABLE command (
  key          text PRIMARY KEY CHECK (length(key) BETWEEN 3 AND 300),
  request_hash bytea NOT NULL,
  -- Empty while a process has been asked and has not answered: it commits under keys of its own.
  result       jsonb,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Only a question that was refused may be taken back; what was carried out is known for ever.
CREATE FUNCTION command_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'command % has been carried out: its row stays as it is', OLD.key
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'command_is_kept';
END $$;
CREATE TRIGGER is_kept BEFORE UPDATE OR DELETE ON command FOR EACH ROW WHEN (OLD.result IS NOT NULL) EXECUTE FUNCTION command_is_kept();

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

-- All that was ever posted is valued in it: a company that changes its currency opens new books.
CREATE FUNCTION entity_keeps_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the functional currency of % stays %', OLD.code, OLD.functional_currency
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entity_currency_stays';
END $$;
CREATE TRIGGER currency_stays BEFORE UPDATE ON entity FOR EACH ROW
  WHEN (NEW.functional_currency <> OLD.functional_currency) EXECUTE FUNCTION entity_keeps_currency();

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
  secret_refs text[] NOT NULL DEFAULT '{}',
  -- FUL-6: where its orders can be listed, the variable with the credential for that, and how often; null: nobody looks.
  poll_url    text CHECK (poll_url ~ '^https?://[^/]+'),
  poll_secret_ref text,
  poll_seconds int NOT NULL DEFAULT 60 CHECK (poll_seconds BETWEEN 1 AND 86400),
  CONSTRAINT channel_polls_with_a_credential CHECK ((poll_url IS NULL) = (poll_secret_ref IS NULL))
);

-- How far a channel's orders have been looked at, by the channel's own clock.
CREATE TABLE channel_sync (
  channel_id int PRIMARY KEY REFERENCES channel,
  synced_to  timestamptz NOT NULL,
  swept_at   timestamptz NOT NULL DEFAULT clock_timestamp()
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
  -- A token names the password that it was given for; a later one ends every session.
  password_changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
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
  -- Whoever holds the key acts for them; empty for keys of the installation itself.
  created_by  int REFERENCES app_user,
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
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The transaction that wrote it, by which it is sealed (GOV-12).
  xid          xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX audit_subject ON audit_event (subject_type, subject_id, id);
CREATE INDEX audit_xid ON audit_event (xid);
CREATE FUNCTION audit_event_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.recorded_at := clock_timestamp();
  NEW.xid := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_stamp();
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
  -- What the provider agreed to before the call that costs money: the purchase is made on that alone.
  prepared     jsonb,
  intended_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at      timestamptz,
  -- An outcome that nobody knows is asked about again from here on.
  ask_at       timestamptz,
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
  -- One that fails waits longer each time, so that it cannot keep the others of its topic.
  attempts     int NOT NULL DEFAULT 0,
  next_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (topic, key)
);
CREATE INDEX outbox_waiting ON outbox (topic, next_at, id) WHERE delivered_at IS NULL;

-- A file of orders that somebody sent: what was read of it, row by row.
CREATE TABLE import_run (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key        text NOT NULL UNIQUE,
  format     text NOT NULL CHECK (format IN ('csv', 'ndjson')),
  -- broken: its sender hung up, or it was cut off; what was read stays.
  state      text NOT NULL DEFAULT 'reading' CHECK (state IN ('reading', 'done', 'broken')),
  stored     int NOT NULL DEFAULT 0,
  known      int NOT NULL DEFAULT 0,
  rejected   int NOT NULL DEFAULT 0,
  actor      text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at   timestamptz
);

CREATE TABLE import_rejection (
  import_id bigint NOT NULL REFERENCES import_run,
  row_no    int NOT NULL,
  problems  jsonb NOT NULL,
  PRIMARY KEY (import_id, row_no)
);

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
  -- When its process was told last, how often the sweep tried to, and when it tries next; null: some seconds after it came.
  told_at      timestamptz,
  attempts     int NOT NULL DEFAULT 0,
  next_at      timestamptz,
  import_id    bigint REFERENCES import_run,
  import_row   int,
  UNIQUE (source, event_id)
);
CREATE INDEX inbox_process ON inbox (workflow_id) WHERE outcome = 'accepted';
CREATE INDEX inbox_import ON inbox (import_id, import_row) WHERE import_id IS NOT NULL;
CREATE INDEX inbox_untold ON inbox (next_at NULLS FIRST, id) WHERE outcome = 'received';

-- A refused message as it came, so that it can be read again once its cause is mended. Personal data: emptied when it was taken or rejected, or when somebody is erased.
CREATE TABLE inbox_body (
  inbox_id    bigint PRIMARY KEY REFERENCES inbox,
  body        bytea,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  erased_at   timestamptz,
  CHECK ((body IS NULL) = (erased_at IS NOT NULL))
);

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
GRANT UPDATE (result), DELETE ON command TO throughline_app;
GRANT UPDATE ON item, site, channel, channel_sync, listing, customer, personal_data, carrier_service, app_user, api_key,
  external_effect, outbox, inbox, inbox_body, import_run, exception_case TO throughline_app;

-- §2.4: who changes tables, guards or rights leaves a row, a superuser too.
CREATE TABLE schema_change (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command     text NOT NULL,
  object      text NOT NULL,
  login       text NOT NULL DEFAULT session_user,
  program     text NOT NULL DEFAULT current_setting('application_name'),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('schema_change');
GRANT SELECT ON schema_change TO throughline_app;

CREATE FUNCTION keep_schema_change() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF tg_event = 'sql_drop' THEN
    INSERT INTO schema_change (command, object)
    SELECT tg_tag, object_identity FROM pg_event_trigger_dropped_objects() WHERE original AND NOT is_temporary;
  ELSE
    INSERT INTO schema_change (command, object)
    SELECT command_tag, coalesce(object_identity, object_type) FROM pg_event_trigger_ddl_commands()
    WHERE schema_name IS DISTINCT FROM 'pg_temp';
  END IF;
END $$;
RESET ROLE;
-- Only a superuser may make one; elsewhere the provider's own audit log has to do.
DO $$
BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    CREATE EVENT TRIGGER schema_changed ON ddl_command_end EXECUTE FUNCTION keep_schema_change();
    CREATE EVENT TRIGGER schema_dropped ON sql_drop EXECUTE FUNCTION keep_schema_change();
  ELSE
    RAISE NOTICE 'schema changes are not logged: event triggers need a superuser';
  END IF;
END $$;
