SET ROLE throughline_owner;

-- ───────── chargebacks ─────────
-- While a bank has not decided, goods that are still here stay here.
ALTER TABLE order_hold DROP CONSTRAINT order_hold_type_check;
ALTER TABLE order_hold ADD CONSTRAINT order_hold_type_check
  CHECK (type IN ('payment', 'fraud', 'address', 'compliance', 'data', 'price', 'manual', 'chargeback'));

-- What banks took, or may keep, of a tender cannot be given back a second time. `disputed` was earned, or
-- is not decided; `charged back` was a deposit for goods that had not left, and is not paid in any more.
ALTER TABLE payment ADD COLUMN disputed_minor bigint NOT NULL DEFAULT 0, ADD COLUMN charged_back_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE payment DROP CONSTRAINT payment_refund_bound;
ALTER TABLE payment ADD CONSTRAINT payment_refund_bound CHECK (refunded_minor >= 0 AND refund_pending_minor >= 0 AND disputed_minor >= 0 AND charged_back_minor >= 0
  AND refunded_minor + refund_pending_minor + disputed_minor + charged_back_minor <= captured_minor);

-- One dispute of one charge, for ever; a second chargeback is its next round.
CREATE TABLE chargeback (
  id           bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  provider     text NOT NULL CHECK (provider <> ''),
  dispute_id   text NOT NULL CHECK (dispute_id <> ''),
  no           text NOT NULL GENERATED ALWAYS AS (provider || '/' || dispute_id) STORED,
  workflow_id  text NOT NULL,
  entity_id    int NOT NULL REFERENCES entity,
  -- Unknown while no payment of ours has the reference.
  order_id     bigint REFERENCES sales_order,
  payment_id   bigint REFERENCES payment,
  reference    text NOT NULL,
  reason       text,
  round        int NOT NULL DEFAULT 1 CHECK (round > 0),
  -- How far this round has come, by the furthest that anybody told.
  stage        text NOT NULL CHECK (stage IN ('inquiry', 'opened', 'won', 'lost', 'accepted', 'closed')),
  -- Whether the provider has said that it took the money, in this round.
  withdrawn    boolean NOT NULL DEFAULT false,
  currency     char(3) NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  -- All fees of all rounds, as told and as booked.
  fee_minor    bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
  fee_booked_minor bigint NOT NULL DEFAULT 0 CHECK (fee_booked_minor BETWEEN 0 AND fee_minor),
  -- What of the amount stands in account 1140, or stood there until the outcome was booked.
  booked_minor bigint CHECK (booked_minor > 0),
  outcome_booked boolean NOT NULL DEFAULT false,
  -- What it binds of its tender, in the order's currency, and how much of that was a deposit that went with it.
  bound_minor  bigint NOT NULL DEFAULT 0 CHECK (bound_minor >= 0),
  deposit_minor bigint NOT NULL DEFAULT 0 CHECK (deposit_minor BETWEEN 0 AND bound_minor),
  evidence_due_at timestamptz,
  submitted_at timestamptz,
  submission_reference text,
  -- A stored projection of what follows, as of every fact; nobody sets it.
  phase        text NOT NULL,
  version      int NOT NULL DEFAULT 0,
  told_on      date NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz,
  CONSTRAINT chargeback_once UNIQUE (provider, dispute_id),
  CONSTRAINT chargeback_of_one_order CHECK ((order_id IS NULL) = (payment_id IS NULL)),
  CONSTRAINT chargeback_booked_first CHECK (booked_minor IS NOT NULL OR NOT outcome_booked)
);
CREATE INDEX chargeback_order ON chargeback (order_id);
CREATE INDEX chargeback_payment ON chargeback (payment_id);
CREATE INDEX chargeback_open ON chargeback (entity_id, id) WHERE closed_at IS NULL;

-- What anybody told of it, in the order in which we heard it.
CREATE TABLE chargeback_fact (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chargeback_id bigint NOT NULL REFERENCES chargeback,
  key          text NOT NULL,
  round        int NOT NULL,
  stage        text NOT NULL,
  currency     char(3),
  amount_minor bigint,
  fee_minor    bigint,
  reason       text,
  effective_on date NOT NULL,
  actor        text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT chargeback_fact_once UNIQUE (chargeback_id, key)
);
SELECT make_append_only('chargeback_fact');

GRANT SELECT, INSERT ON chargeback, chargeback_fact TO throughline_app;
GRANT UPDATE (order_id, payment_id, entity_id, reason, round, stage, withdrawn, currency, amount_minor, fee_minor, fee_booked_minor, booked_minor, outcome_booked, bound_minor,
  deposit_minor, evidence_due_at, submitted_at, submission_reference, phase, version, told_on, closed_at) ON chargeback TO throughline_app;
RESET ROLE;
