SET ROLE throughline_owner;

-- ───────── what channels and processors say that they owe and pay ─────────
-- A seller or merchant account at a provider. It belongs to one company, and that of a marketplace to one channel, for ever.
CREATE TABLE settlement_account (
  id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider   text NOT NULL CHECK (provider IN ('amazon', 'shopify', 'stripe', 'paypal', 'adyen')),
  -- As the provider's files name it; '' where they name none.
  account    text NOT NULL,
  entity_id  int NOT NULL REFERENCES entity,
  channel_id int REFERENCES channel,
  UNIQUE (provider, account),
  -- A marketplace owes per channel; whatever a processor holds is owed to the company.
  CONSTRAINT settlement_account_of_a_marketplace CHECK (provider <> 'amazon' OR channel_id IS NOT NULL)
);
SELECT make_append_only('settlement_account');

CREATE TABLE settlement_statement (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  account_id    int NOT NULL REFERENCES settlement_account,
  statement_id  text NOT NULL CHECK (statement_id <> ''),
  workflow_id   text NOT NULL,
  currency      char(3) NOT NULL,
  from_on       date,
  to_on         date,
  deposited_on  date,
  -- The day of what it says as a whole: paid, else ended, else its last line.
  effective_on  date NOT NULL,
  opening_minor bigint NOT NULL,
  closing_minor bigint NOT NULL,
  total_minor   bigint NOT NULL,
  payout_minor  bigint NOT NULL,
  payout_reference text,
  line_count    int NOT NULL CHECK (line_count > 0),
  -- Of the header and all lines, whatever their order: the same content is the same statement.
  content_hash  bytea NOT NULL CHECK (length(content_hash) = 32),
  received_by   text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- From here on where its process stands; nobody sets it.
  phase         text NOT NULL DEFAULT 'received'
    CHECK (phase IN ('received', 'matching', 'exceptions', 'posting', 'posted', 'closed')),
  version       int NOT NULL DEFAULT 0,
  matched_to    int NOT NULL DEFAULT 0,
  posted_chunks int NOT NULL DEFAULT 0,
  chunk_count   int,
  approved_by   text,
  closed_at     timestamptz,
  UNIQUE (account_id, statement_id, currency),
  -- Three-way: what was there and what came is what was paid and what stays.
  CONSTRAINT settlement_statement_ties CHECK (opening_minor + total_minor = payout_minor + closing_minor)
) WITH (fillfactor = 70);
CREATE INDEX settlement_statement_open ON settlement_statement (id) WHERE closed_at IS NULL;

CREATE FUNCTION settlement_statement_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what statement % says is frozen', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'settlement_statement_frozen';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE ON settlement_statement FOR EACH ROW
  WHEN ((NEW.id, NEW.account_id, NEW.statement_id, NEW.workflow_id, NEW.currency, NEW.effective_on, NEW.opening_minor, NEW.closing_minor, NEW.total_minor, NEW.payout_minor,
      NEW.payout_reference, NEW.line_count, NEW.content_hash)
    IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.statement_id, OLD.workflow_id, OLD.currency, OLD.effective_on, OLD.opening_minor, OLD.closing_minor, OLD.total_minor, OLD.payout_minor,
      OLD.payout_reference, OLD.line_count, OLD.content_hash))
  EXECUTE FUNCTION settlement_statement_stays();
CREATE TRIGGER stays BEFORE DELETE ON settlement_statement FOR EACH ROW EXECUTE FUNCTION settlement_statement_stays();

CREATE TABLE settlement_line (
  statement_id  bigint NOT NULL REFERENCES settlement_statement,
  amount_minor  bigint NOT NULL,
  line_no       int NOT NULL CHECK (line_no > 0),
  account_id    int NOT NULL,
  quantity      int,
  posted_on     date NOT NULL,
  class         text NOT NULL,
  type          text NOT NULL,
  order_reference text,
  item_reference text,
  sku           text,
  payment_reference text,
  external_id   text,
  PRIMARY KEY (statement_id, line_no)
);
SELECT make_append_only('settlement_line');

-- An entry of the provider's own books, which may be several lines, is in one statement, however often it is reported.
CREATE TABLE settlement_external (
  account_id   int NOT NULL REFERENCES settlement_account,
  currency     char(3) NOT NULL,
  external_id  text NOT NULL,
  statement_id bigint NOT NULL REFERENCES settlement_statement,
  CONSTRAINT settlement_external_once PRIMARY KEY (account_id, currency, external_id)
);
SELECT make_append_only('settlement_external');

-- A provider's type of line that a controller has told what it is; the newest version holds.
CREATE TABLE settlement_mapping (
  provider    text NOT NULL,
  type        text NOT NULL CHECK (type <> ''),
  version     int NOT NULL CHECK (version > 0),
  treatment   text NOT NULL,
  reason      text NOT NULL CHECK (reason <> ''),
  decided_by  text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (provider, type, version)
);
SELECT make_append_only('settlement_mapping');

-- What a line was found to be, by which rule of the ladder, and with what it is posted.
CREATE TABLE settlement_match (
  statement_id  bigint NOT NULL,
  order_id      bigint,
  order_line_id bigint,
  line_no       int NOT NULL,
  mapping_version int,
  rule          text NOT NULL,
  treatment     text NOT NULL,
  -- Why it waits in suspense, where it does.
  held          text,
  -- The open item of the clearing account that it settles.
  open_key      text,
  -- Lines of one group are posted by one transaction.
  -- Sorted by its bytes, so that a part is a range of keys on every server.
  group_key     text COLLATE "C" NOT NULL,
  PRIMARY KEY (statement_id, line_no),
  FOREIGN KEY (statement_id, line_no) REFERENCES settlement_line,
  CONSTRAINT settlement_match_held CHECK ((treatment = 'suspense') = (held IS NOT NULL))
);
CREATE INDEX settlement_match_group ON settlement_match (statement_id, group_key);
CREATE INDEX settlement_match_order ON settlement_match (order_id, order_line_id) WHERE order_id IS NOT NULL;
CREATE INDEX settlement_match_held_lines ON settlement_match (statement_id, held) WHERE held IS NOT NULL;
SELECT make_append_only('settlement_match');

CREATE TABLE settlement_chunk (
  statement_id bigint NOT NULL REFERENCES settlement_statement,
  chunk        int NOT NULL,
  from_key     text COLLATE "C" NOT NULL,
  to_key       text COLLATE "C" NOT NULL,
  lines        int NOT NULL CHECK (lines > 0),
  PRIMARY KEY (statement_id, chunk)
);
SELECT make_append_only('settlement_chunk');

-- What a statement said of one open item of the clearing account, when it was posted.
CREATE TABLE settlement_item (
  statement_id  bigint NOT NULL REFERENCES settlement_statement,
  order_id      bigint,
  sale_minor    bigint NOT NULL,
  -- Units that the sales name; 0 where they name none.
  units         bigint NOT NULL,
  refund_minor  bigint NOT NULL,
  -- Above zero is kept back; what was expected is the part that these sales bear.
  expected_commission_minor bigint NOT NULL,
  actual_commission_minor   bigint NOT NULL,
  expected_fulfilment_minor bigint NOT NULL,
  actual_fulfilment_minor   bigint NOT NULL,
  actual_fee_minor          bigint NOT NULL,
  open_key      text NOT NULL,
  -- The case that released its lines from suspense; '' where they were known at once.
  cause         text NOT NULL DEFAULT '',
  PRIMARY KEY (statement_id, open_key, cause)
);
CREATE INDEX settlement_item_order ON settlement_item (order_id) WHERE order_id IS NOT NULL;
SELECT make_append_only('settlement_item');

-- What a held line was found to be after all: it leaves suspense, once.
CREATE TABLE settlement_release (
  statement_id bigint NOT NULL,
  line_no      int NOT NULL,
  case_id      bigint NOT NULL REFERENCES exception_case,
  treatment    text NOT NULL,
  rule         text NOT NULL,
  order_id     bigint,
  decided_by   text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (statement_id, line_no),
  FOREIGN KEY (statement_id, line_no) REFERENCES settlement_match
);
SELECT make_append_only('settlement_release');

-- A processor's report may name an order as people do.
CREATE INDEX sales_order_number ON sales_order (order_number);

-- ───────── what the bank says ─────────
CREATE TABLE bank_statement (
  id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  entity_id     int NOT NULL REFERENCES entity,
  account       text NOT NULL CHECK (account <> ''),
  statement_id  text NOT NULL CHECK (statement_id <> ''),
  currency      char(3) NOT NULL,
  from_on       date NOT NULL,
  to_on         date NOT NULL,
  opening_minor bigint,
  closing_minor bigint,
  line_count    int NOT NULL CHECK (line_count >= 0),
  content_hash  bytea NOT NULL CHECK (length(content_hash) = 32),
  received_by   text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (account, statement_id)
);
SELECT make_append_only('bank_statement');

CREATE TABLE bank_line (
  bank_statement_id bigint NOT NULL REFERENCES bank_statement,
  line_no        int NOT NULL CHECK (line_no > 0),
  amount_minor   bigint NOT NULL CHECK (amount_minor <> 0),
  booked_on      date NOT NULL,
  value_on       date,
  account        text NOT NULL,
  bank_reference text,
  reference      text,
  counterparty   text,
  purpose        text,
  -- Whose it is until it is matched, and by when.
  owner          text NOT NULL,
  due_on         date NOT NULL,
  PRIMARY KEY (bank_statement_id, line_no)
);
-- The bank's own id of an entry is in one statement, however often it is sent.
CREATE UNIQUE INDEX bank_line_reference ON bank_line (account, bank_reference) WHERE bank_reference IS NOT NULL;
SELECT make_append_only('bank_line');

-- A bank line is one payout, or a part of it.
CREATE TABLE bank_match (
  bank_statement_id bigint NOT NULL,
  line_no        int NOT NULL,
  -- The open item of cash in transit that it closes, wholly or in part.
  open_key       text NOT NULL,
  statement_id   bigint REFERENCES settlement_statement,
  -- What the bank kept of it.
  fee_minor      bigint NOT NULL DEFAULT 0,
  rule           text NOT NULL,
  decided_by     text NOT NULL,
  recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (bank_statement_id, line_no),
  FOREIGN KEY (bank_statement_id, line_no) REFERENCES bank_line
);
CREATE INDEX bank_match_statement ON bank_match (statement_id) WHERE statement_id IS NOT NULL;
SELECT make_append_only('bank_match');

GRANT SELECT, INSERT ON settlement_account, settlement_line, settlement_external, settlement_mapping, settlement_match, settlement_chunk, settlement_item, settlement_release,
  bank_statement, bank_line, bank_match TO throughline_app;
GRANT SELECT, INSERT ON settlement_statement TO throughline_app;
GRANT UPDATE (phase, version, matched_to, posted_chunks, chunk_count, approved_by, closed_at) ON settlement_statement TO throughline_app;
RESET ROLE;
