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

-- ───────── by when a task of a close is to be done ─────────
ALTER TABLE close_task ADD COLUMN due_on date;
CREATE OR REPLACE VIEW close_standing AS
  SELECT t.close_id, c.period_id, t.task, t.position, t.step, t.kind, t.area, t.title, t.owner, t.reviewer, t.depends_on,
    CASE
      WHEN t.kind = 'judgement' THEN CASE WHEN r.preparation_id IS NOT NULL THEN 'signed' WHEN p.id IS NOT NULL THEN 'prepared' ELSE 'open' END
      WHEN v.id IS NULL THEN 'unchecked' WHEN v.colour = 'green' THEN 'green' WHEN a.evidence_id IS NOT NULL THEN 'accepted' ELSE 'red' END AS state,
    v.id AS evidence_id, v.broken, v.at_risk_minor, v.rows, y.checked_at, y.since,
    p.id AS preparation_id, p.prepared_by, p.recorded_at AS prepared_at, r.reviewed_by, r.recorded_at AS reviewed_at, a.accepted_by, a.reason AS accepted_reason, t.due_on
  FROM close_task t JOIN period_close c ON c.id = t.close_id
  LEFT JOIN close_tie y ON y.period_id = c.period_id AND y.task = t.task AND t.kind <> 'judgement' LEFT JOIN close_evidence v ON v.id = y.evidence_id
  LEFT JOIN close_acceptance a ON a.close_id = t.close_id AND a.evidence_id = v.id
  LEFT JOIN LATERAL (SELECT * FROM close_preparation x WHERE x.close_id = t.close_id AND x.task = t.task ORDER BY x.id DESC LIMIT 1) p ON true
  LEFT JOIN close_review r ON r.preparation_id = p.id;

RESET ROLE;
