-- Disputes that statements tell of, bank files by mapped columns, evidence of chargebacks, realisable value of stock.
SET ROLE throughline_owner;

-- ───────── disputes that statements tell of ─────────
CREATE INDEX settlement_match_dispute ON settlement_match (open_key) WHERE rule = 'dispute';
CREATE INDEX chargeback_reference ON chargeback (reference);
-- A statement may name the dispute only; who tells of the charge later is right, as long as no order is known.
GRANT UPDATE (reference) ON chargeback TO throughline_app;

-- ───────── what the columns of a bank's CSV mean, account by account, in versions ─────────
CREATE TABLE bank_csv_mapping (
  entity_id   int NOT NULL REFERENCES entity,
  account     text NOT NULL CHECK (account <> ''),
  version     int NOT NULL CHECK (version > 0),
  currency    char(3) NOT NULL,
  -- Columns by their headers: connectors/bank/mapped-csv.ts.
  columns     jsonb NOT NULL,
  reason      text NOT NULL CHECK (reason <> ''),
  decided_by  text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, account, version)
);
SELECT make_append_only('bank_csv_mapping');
GRANT SELECT, INSERT ON bank_csv_mapping TO throughline_app;

-- ───────── what we say to banks ─────────
-- The text stands where a customer can be erased; that it was so, and not otherwise, stays.
CREATE TABLE chargeback_evidence (
  chargeback_id bigint NOT NULL REFERENCES chargeback,
  number      int NOT NULL CHECK (number > 0),
  round       int NOT NULL,
  personal_data_id bigint NOT NULL REFERENCES personal_data,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  built_by    text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (chargeback_id, number)
);
SELECT make_append_only('chargeback_evidence');
GRANT SELECT, INSERT ON chargeback_evidence TO throughline_app;

RESET ROLE;
