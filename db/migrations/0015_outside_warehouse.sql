SET ROLE throughline_owner;

-- A site that somebody else runs, and the addresses under which we and they know each other in X12.
CREATE TABLE outside_warehouse (
  site_id    int PRIMARY KEY REFERENCES site,
  -- ISA06 of what they send, ISA08 of what we send; one sender is one site.
  edi_id     text NOT NULL UNIQUE CHECK (edi_id ~ '^[!-~]([ -~]{0,13}[!-~])?$'),
  our_edi_id text NOT NULL CHECK (our_edi_id ~ '^[!-~]([ -~]{0,13}[!-~])?$'),
  -- Their adjustment codes (947 W1901) and what each is called in our books.
  reasons    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(reasons) = 'object')
);

CREATE FUNCTION outside_warehouse_is_3pl() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM site WHERE id = NEW.site_id AND kind = '3pl') THEN
    RAISE EXCEPTION 'site % is not run by somebody else', NEW.site_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'outside_warehouse_is_3pl';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER is_3pl BEFORE INSERT OR UPDATE ON outside_warehouse FOR EACH ROW EXECUTE FUNCTION outside_warehouse_is_3pl();

-- What a warehouse has sent, one row a document under the number that the warehouse gave it.
CREATE TABLE warehouse_document (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site_id    int NOT NULL REFERENCES outside_warehouse,
  set_type   text NOT NULL,
  number     text NOT NULL,
  segments   jsonb NOT NULL,
  -- sha256 of the segments: the same number with other content is not the same document.
  content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  -- refused waits for a person or for the sender; rejected is for ever.
  outcome    text NOT NULL DEFAULT 'received' CHECK (outcome IN ('received', 'applied', 'refused', 'rejected')),
  problem    jsonb,
  actor      text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at timestamptz,
  UNIQUE (site_id, set_type, number),
  CONSTRAINT warehouse_document_says_why CHECK ((outcome = 'refused') <= (problem IS NOT NULL))
);

CREATE FUNCTION warehouse_document_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome IN ('applied', 'rejected') THEN
    RAISE EXCEPTION 'warehouse document % is %', OLD.id, OLD.outcome USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER moves_on BEFORE UPDATE ON warehouse_document FOR EACH ROW EXECUTE FUNCTION warehouse_document_moves_on();

-- What a warehouse asserts to have (846), beside what the books held at that instant. Neither is edited.
CREATE TABLE warehouse_snapshot (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id bigint NOT NULL UNIQUE REFERENCES warehouse_document,
  site_id     int NOT NULL REFERENCES site,
  as_of       timestamptz NOT NULL,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX warehouse_snapshot_site ON warehouse_snapshot (site_id, as_of DESC);
SELECT make_append_only('warehouse_snapshot');

CREATE TABLE warehouse_snapshot_line (
  snapshot_id bigint NOT NULL REFERENCES warehouse_snapshot,
  item_id     int NOT NULL REFERENCES item,
  condition   text NOT NULL,
  asserted    bigint NOT NULL CHECK (asserted >= 0),
  -- By the movements that were recorded until as_of.
  booked      bigint NOT NULL,
  PRIMARY KEY (snapshot_id, item_id, condition)
);
SELECT make_append_only('warehouse_snapshot_line');

GRANT SELECT, INSERT ON outside_warehouse, warehouse_document, warehouse_snapshot, warehouse_snapshot_line TO throughline_app;
GRANT UPDATE (edi_id, our_edi_id, reasons) ON outside_warehouse TO throughline_app;
GRANT UPDATE (segments, content_hash, outcome, problem, actor, settled_at) ON warehouse_document TO throughline_app;
RESET ROLE;
