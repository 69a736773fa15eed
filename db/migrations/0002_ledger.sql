-- The ledger: what happened, in money. Rows are only added, through one door (`post_entries`), and
-- every guard below holds whoever writes. Amounts are minor units: debit above zero, credit below.
SET ROLE throughline_owner;

-- ───────── chart of accounts ─────────
-- The parts of the books that a period lock closes by itself, as bits, so that one comparison asks for all of them.
CREATE FUNCTION ledger_area_bit(area text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE area WHEN 'AR' THEN 1 WHEN 'AP' THEN 2 WHEN 'INV' THEN 4 WHEN 'CASH' THEN 8 WHEN 'TAX' THEN 16 WHEN 'GL' THEN 32 END
$$;

CREATE TABLE gl_account (
  id            int PRIMARY KEY,
  code          text NOT NULL UNIQUE,
  name          text NOT NULL,
  class         text NOT NULL CHECK (class IN ('asset', 'liability', 'equity', 'income', 'expense')),
  -- What posting rules ask for; an account of the merchant's own may have none.
  role          text UNIQUE,
  -- A claim or debt in a fixed number of units of a currency: revalued at the closing rate.
  monetary      boolean NOT NULL DEFAULT false,
  control_of    text CHECK (control_of IN ('inventory', 'ar', 'ap', 'grni', 'tax', 'clearing', 'deposit', 'refund')),
  -- Each line belongs to an open item named by its open_key.
  open_items    boolean NOT NULL DEFAULT false,
  -- The open item may not turn to debit: what was never paid in cannot be spent.
  limited       boolean NOT NULL DEFAULT false,
  -- Realised and unrealised differences: functional value without an amount in the currency.
  fx_difference boolean NOT NULL DEFAULT false,
  fx_position   boolean NOT NULL DEFAULT false,
  manual_allowed boolean NOT NULL DEFAULT false,
  -- The lock that its lines ask for, whatever area their entry names.
  area          text NOT NULL DEFAULT 'GL' CHECK (area IN ('AR', 'AP', 'INV', 'CASH', 'TAX', 'GL')),
  area_bit      int NOT NULL GENERATED ALWAYS AS (ledger_area_bit(area)) STORED,
  -- Bits of journal_dimension_bits(): a line without one of them is refused, never defaulted.
  required_dims int NOT NULL DEFAULT 0,
  currency      char(3),
  valid_from    date NOT NULL DEFAULT '-infinity',
  valid_to      date NOT NULL DEFAULT 'infinity',
  CHECK (NOT limited OR open_items)
);

CREATE FUNCTION gl_account_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an account is closed by valid_to, never deleted'
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'gl_account_stays';
END $$;
CREATE TRIGGER stays BEFORE DELETE ON gl_account FOR EACH STATEMENT EXECUTE FUNCTION gl_account_stays();
CREATE TRIGGER stays_truncate BEFORE TRUNCATE ON gl_account FOR EACH STATEMENT EXECUTE FUNCTION gl_account_stays();

-- Dimension bits: order 1, order line 2, channel 4, item 8, site 16, segment 32, party 64, tax code 128,
-- jurisdiction 256, provider 512, condition 1024, layer 2048, open key 4096, promotion 8192. The return
-- period of a tax line is no dimension of its own: belongs_to, and without it the month of its date.
INSERT INTO gl_account (id, code, name, class, role, monetary, control_of, open_items, limited, required_dims) VALUES
  (1010, '1010', 'Bank', 'asset', 'Bank', true, NULL, false, false, 0),
  (1050, '1050', 'Cash in transit', 'asset', 'CashInTransit', true, 'clearing', true, false, 4096),
  (1110, '1110', 'Processor clearing', 'asset', 'ProcessorClearing', true, 'clearing', true, false, 4096 + 512),
  (1120, '1120', 'Marketplace clearing', 'asset', 'MarketplaceClearing', true, 'clearing', true, false, 4096 + 4),
  (1130, '1130', 'Reserves held by channel or processor', 'asset', 'ReservesHeld', true, 'clearing', true, false, 4096 + 512),
  (1140, '1140', 'Chargebacks in dispute', 'asset', 'ChargebacksInDispute', true, 'clearing', true, false, 4096),
  (1200, '1200', 'Receivables', 'asset', 'Receivables', true, 'ar', true, false, 4096),
  (1210, '1210', 'Credit-loss allowance', 'asset', 'CreditLossAllowance', true, NULL, false, false, 0),
  (1220, '1220', 'Carrier and marketplace claims', 'asset', 'Claims', true, 'clearing', true, false, 4096),
  (1230, '1230', 'Vendor receivable', 'asset', 'VendorReceivable', true, 'ap', true, false, 4096 + 64),
  (1300, '1300', 'Inventory', 'asset', 'Inventory', false, 'inventory', false, false, 8 + 16 + 1024 + 2048),
  (1310, '1310', 'Goods in transit', 'asset', 'InventoryInTransit', false, 'inventory', false, false, 8 + 16 + 1024 + 2048),
  (1315, '1315', 'In transit to customer', 'asset', 'InTransitToCustomer', false, 'inventory', false, false, 8 + 16 + 1024 + 2048 + 1),
  (1320, '1320', 'Quarantine', 'asset', 'Quarantine', false, 'inventory', false, false, 8 + 16 + 1024 + 2048),
  (1330, '1330', 'Refurbishment', 'asset', 'Refurbishment', false, 'inventory', false, false, 8 + 16 + 1024 + 2048),
  (1340, '1340', 'Net realisable value allowance', 'asset', 'NrvAllowance', false, 'inventory', false, false, 8 + 16 + 1024),
  (1350, '1350', 'Right to recover returns', 'asset', 'RightToRecoverReturns', false, NULL, false, false, 4),
  (1400, '1400', 'Vendor prepayment', 'asset', 'VendorPrepayment', false, 'ap', true, false, 4096 + 64),
  (1410, '1410', 'Prepaid expenses', 'asset', 'Prepaid', false, NULL, false, false, 0),
  (1420, '1420', 'Input VAT', 'asset', 'InputVat', true, 'tax', false, false, 256 + 128),
  (1900, '1900', 'Intercompany receivable', 'asset', 'IntercompanyReceivable', true, NULL, false, false, 64),
  (2010, '2010', 'Payables', 'liability', 'Payables', true, 'ap', true, false, 4096 + 64),
  (2020, '2020', 'Goods received not invoiced', 'liability', 'GoodsReceivedNotInvoiced', true, 'grni', true, false, 4096 + 64),
  (2030, '2030', 'Landed-cost accrual', 'liability', 'LandedCostAccrual', true, 'clearing', true, false, 4096 + 64),
  (2040, '2040', 'Freight-out accrual', 'liability', 'FreightOutAccrual', true, 'clearing', true, false, 4096 + 64),
  (2050, '2050', 'Other accruals', 'liability', 'OtherAccruals', true, NULL, false, false, 0),
  (2100, '2100', 'Customer deposits', 'liability', 'CustomerDeposits', false, 'deposit', true, true, 4096 + 1),
  (2110, '2110', 'Gift cards', 'liability', 'GiftCards', false, 'deposit', true, true, 4096),
  (2120, '2120', 'Store credit', 'liability', 'StoreCredit', false, 'deposit', true, true, 4096),
  (2130, '2130', 'Refund liability, estimated', 'liability', 'RefundLiability', true, NULL, false, false, 4),
  (2140, '2140', 'Refunds payable, granted', 'liability', 'RefundsPayable', true, 'refund', true, false, 4096 + 1),
  (2210, '2210', 'Sales tax payable', 'liability', 'SalesTaxPayable', true, 'tax', false, false, 256 + 128),
  (2220, '2220', 'Output VAT', 'liability', 'OutputVat', true, 'tax', false, false, 256 + 128),
  (2225, '2225', 'OSS VAT', 'liability', 'OssVat', true, 'tax', false, false, 256 + 128),
  (2228, '2228', 'IOSS VAT', 'liability', 'IossVat', true, 'tax', false, false, 256 + 128),
  (2240, '2240', 'Unclaimed property', 'liability', 'UnclaimedProperty', true, NULL, false, false, 256),
  (2900, '2900', 'Intercompany payable', 'liability', 'IntercompanyPayable', true, NULL, false, false, 64),
  (3100, '3100', 'Capital', 'equity', 'Capital', false, NULL, false, false, 0),
  (3200, '3200', 'Retained earnings', 'equity', 'RetainedEarnings', false, NULL, false, false, 0),
  (3900, '3900', 'Opening balances', 'equity', 'OpeningBalances', false, NULL, false, false, 0),
  (4010, '4010', 'Product sales', 'income', 'ProductSales', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (4020, '4020', 'Shipping income', 'income', 'ShippingIncome', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (4040, '4040', 'Restocking fees', 'income', 'RestockingFees', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (4050, '4050', 'Breakage', 'income', 'Breakage', false, NULL, false, false, 0),
  (4060, '4060', 'Claims gain', 'income', 'ClaimsGain', false, NULL, false, false, 0),
  (4110, '4110', 'Discounts', 'income', 'Discounts', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32 + 8192),
  (4120, '4120', 'Returns', 'income', 'Returns', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (4125, '4125', 'Returns, expected', 'income', 'ReturnsExpected', false, NULL, false, false, 4),
  (4130, '4130', 'Goodwill', 'income', 'Goodwill', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (5010, '5010', 'Cost of goods sold', 'expense', 'CostOfGoodsSold', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (5015, '5015', 'Cost of goods sold, returns expected', 'expense', 'CostOfReturnsExpected', false, NULL, false, false, 4),
  (5020, '5020', 'Landed-cost true-up', 'expense', 'LandedCostTrueUp', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (5030, '5030', 'Price variance on sold units', 'expense', 'PriceVariance', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (5040, '5040', 'Freight out', 'expense', 'FreightOut', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (5050, '5050', 'Packaging', 'expense', 'Packaging', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (5060, '5060', 'Count gain or loss', 'expense', 'CountGainOrLoss', false, NULL, false, false, 8 + 16),
  (5070, '5070', 'Write-down', 'expense', 'WriteDown', false, NULL, false, false, 8),
  (5080, '5080', 'Scrap', 'expense', 'Scrap', false, NULL, false, false, 8),
  (6010, '6010', 'Marketplace commission', 'expense', 'Commission', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (6020, '6020', 'Fulfilment fee', 'expense', 'FulfilmentFee', false, NULL, false, false, 1 + 2 + 4 + 8 + 16 + 32),
  (6030, '6030', 'Storage and subscription', 'expense', 'StorageAndSubscription', false, NULL, false, false, 0),
  (6040, '6040', 'Processing fee', 'expense', 'ProcessingFee', false, NULL, false, false, 512),
  (6050, '6050', 'Chargeback fee', 'expense', 'ChargebackFee', false, NULL, false, false, 512),
  (6060, '6060', 'Chargeback loss', 'expense', 'ChargebackLoss', false, NULL, false, false, 0),
  (6070, '6070', 'Advertising', 'expense', 'Advertising', false, NULL, false, false, 0),
  (6080, '6080', 'Bad debt', 'expense', 'BadDebt', false, NULL, false, false, 0),
  (6090, '6090', 'Settlement difference', 'expense', 'SettlementDifference', false, NULL, false, false, 0),
  (7010, '7010', 'Realised exchange difference', 'expense', 'RealisedFx', false, NULL, false, false, 0),
  (7020, '7020', 'Unrealised exchange difference', 'expense', 'UnrealisedFx', false, NULL, false, false, 0),
  (7030, '7030', 'Rounding', 'expense', 'Rounding', false, NULL, false, false, 0),
  (9010, '9010', 'Exchange position', 'equity', 'FxPosition', false, NULL, false, false, 0),
  (9090, '9090', 'Suspense', 'asset', 'Suspense', false, NULL, false, false, 0);
UPDATE gl_account SET fx_difference = true WHERE id IN (7010, 7020);
UPDATE gl_account SET fx_position = true WHERE id = 9010;
-- In the order in which a month is locked; estimates of the month's end, equity and exchange stay with GL, the last.
UPDATE gl_account SET area = 'AR' WHERE id IN (1200, 1220, 2100, 2110, 2120, 2140, 4010, 4020, 4040, 4050, 4060, 4110, 4120, 4130);
UPDATE gl_account SET area = 'AP' WHERE id IN (1230, 1400, 2010, 2020, 2030, 2040, 5040, 5050);
UPDATE gl_account SET area = 'INV' WHERE id IN (1300, 1310, 1315, 1320, 1330, 1340, 5010, 5020, 5030, 5060, 5070, 5080);
UPDATE gl_account SET area = 'CASH' WHERE id IN (1010, 1050, 1110, 1120, 1130, 1140, 6010, 6020, 6030, 6040, 6050, 6060, 6090);
UPDATE gl_account SET area = 'TAX' WHERE id IN (1420, 2210, 2220, 2225, 2228);
UPDATE gl_account SET manual_allowed = true WHERE id IN (2050, 1410, 3100, 6070, 6030, 9090);

-- ───────── periods: one row per entity and period; the row is the lock ─────────
CREATE TABLE gl_period (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity_id   int NOT NULL REFERENCES entity,
  period      text NOT NULL,
  starts      date NOT NULL,
  ends        date NOT NULL,
  kind        text NOT NULL DEFAULT 'normal' CHECK (kind IN ('normal', 'adjusting')),
  -- Bits of the areas that take every entry, kept by trigger; what is not among them asks for an exception.
  open_areas  int NOT NULL DEFAULT 0,
  UNIQUE (entity_id, period),
  CHECK (starts <= ends)
);
CREATE INDEX gl_period_date ON gl_period (entity_id, starts);

CREATE TABLE gl_period_area (
  period_id   int NOT NULL REFERENCES gl_period,
  area        text NOT NULL CHECK (area IN ('AR', 'AP', 'INV', 'CASH', 'TAX', 'GL')),
  state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'soft', 'closed')),
  -- A reopened area takes entries of its approval until then, and is closed again by itself.
  reopen_until timestamptz,
  approval_id text,
  changed_by  text,
  changed_at  timestamptz,
  PRIMARY KEY (period_id, area)
);

-- Always a new version of the period's row, so that an entry with an older snapshot fails instead of passing.
CREATE FUNCTION gl_period_area_locks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE gl_period p SET open_areas = (
    SELECT coalesce(bit_or(ledger_area_bit(a.area)) FILTER (WHERE a.state = 'open'), 0) FROM gl_period_area a WHERE a.period_id = p.id)
  WHERE p.id IN (SELECT period_id FROM changed);
  RETURN NULL;
END $$;
CREATE TRIGGER locks AFTER INSERT ON gl_period_area REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION gl_period_area_locks();
CREATE TRIGGER locks_again AFTER UPDATE ON gl_period_area REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION gl_period_area_locks();

-- What happened to each lock, for ever: who, when, why.
CREATE TABLE gl_period_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  period_id   int NOT NULL REFERENCES gl_period,
  area        text NOT NULL,
  action      text NOT NULL CHECK (action IN ('soft-close', 'close', 'reopen')),
  reason      text,
  approval_id text,
  reopen_until timestamptz,
  actor       text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX gl_period_event_area ON gl_period_event (period_id, area, id);
SELECT make_append_only('gl_period_event');

-- A named exception from a lock: asked for by one person and approved by another. Entries carry its approval_id;
-- one approval may name several areas.
CREATE TABLE period_exception (
  approval_id  text NOT NULL CHECK (length(approval_id) BETWEEN 3 AND 100),
  period_id    int NOT NULL REFERENCES gl_period,
  area         text NOT NULL CHECK (area IN ('AR', 'AP', 'INV', 'CASH', 'TAX', 'GL')),
  -- Who may post under it, which accounts of the area, and how much an entry; null leaves that open.
  actor        text,
  account_ids  int[] CHECK (cardinality(account_ids) > 0),
  max_minor    bigint CHECK (max_minor > 0),
  reason       text NOT NULL CHECK (reason <> ''),
  until        timestamptz NOT NULL,
  requested_by text NOT NULL CHECK (requested_by <> ''),
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (approval_id, period_id, area)
);
SELECT make_append_only('period_exception');

CREATE TABLE period_exception_approval (
  approval_id text PRIMARY KEY,
  approved_by text NOT NULL CHECK (approved_by <> ''),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('period_exception_approval');

CREATE SEQUENCE period_exception_no;

-- What a period held when its last area was closed, for ever: a later closing after a reopening is another row.
CREATE TABLE period_closing (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  period_id   int NOT NULL REFERENCES gl_period,
  closed_by   text NOT NULL,
  -- The newest seal then, which binds all that was sealed before; null while nothing is.
  seal_no     int,
  seal_hash   bytea,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT make_append_only('period_closing');

CREATE TABLE period_closing_balance (
  closing_id   int NOT NULL REFERENCES period_closing,
  book         text NOT NULL,
  account_id   int NOT NULL,
  currency     char(3) NOT NULL,
  amount_minor bigint NOT NULL,
  func_minor   bigint NOT NULL,
  PRIMARY KEY (closing_id, book, account_id, currency)
);
SELECT make_append_only('period_closing_balance');

CREATE TABLE fx_rate (
  id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_currency char(3) NOT NULL,
  to_currency   char(3) NOT NULL,
  rate_on       date NOT NULL,
  kind          text NOT NULL DEFAULT 'spot' CHECK (kind IN ('spot', 'closing', 'average')),
  -- Units of to_currency's major unit for one of from_currency's, times 1e9.
  rate_e9       bigint NOT NULL CHECK (rate_e9 > 0),
  source        text NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (from_currency, to_currency, rate_on, kind, source)
);
SELECT make_append_only('fx_rate');

-- ───────── journal ─────────
CREATE SEQUENCE journal_entry_id AS bigint CACHE 1;

CREATE TABLE journal_entry (
  id           bigint PRIMARY KEY DEFAULT nextval('journal_entry_id'),
  -- Set by trigger, whatever was given: the transaction that wrote it, and the database's clock.
  xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  reverses     bigint,
  entity_id    int NOT NULL,
  period_id    int NOT NULL,
  effective_on date NOT NULL,
  rule_version int NOT NULL,
  line_count   int NOT NULL CHECK (line_count >= 2),
  -- Bits of every area that the lines touch, and of the one that is named.
  areas        int NOT NULL CHECK (areas > 0),
  -- The day of a late fact, whose own period was locked when it became known.
  fact_on      date CHECK (fact_on < effective_on),
  book         text NOT NULL DEFAULT 'main',
  area         text NOT NULL CHECK (area IN ('AR', 'AP', 'INV', 'CASH', 'TAX', 'GL')),
  event_type   text NOT NULL CHECK (event_type <> ''),
  source_type  text NOT NULL CHECK (source_type <> ''),
  source_id    text NOT NULL CHECK (source_id <> ''),
  idem_key     text NOT NULL CHECK (length(idem_key) BETWEEN 3 AND 300),
  cause_id     text,
  actor        text NOT NULL CHECK (actor <> ''),
  approval_id  text,
  -- sha256 of journal_canonical(): what a retry must repeat, and what the seals are built from.
  leaf         bytea NOT NULL CHECK (length(leaf) = 32),
  CONSTRAINT journal_entry_idem UNIQUE (entity_id, idem_key)
);
CREATE UNIQUE INDEX journal_entry_reverses_once ON journal_entry (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX journal_entry_xid ON journal_entry (xid);
CREATE INDEX journal_entry_late ON journal_entry (entity_id, fact_on) WHERE fact_on IS NOT NULL;
CREATE INDEX journal_entry_source ON journal_entry (source_type, source_id);
CREATE INDEX journal_entry_recorded ON journal_entry USING brin (recorded_at);

-- The entry and the account of a line are held by the statement trigger below: one join for the whole
-- set instead of one query per row, and neither can ever be deleted. What its dimensions name (order,
-- item, layer, site, channel, rate) no guard asks for: LINE-REFERENCES and LINE-OWNERS prove that.
CREATE TABLE journal_line (
  entry_id      bigint NOT NULL,
  amount_minor  bigint NOT NULL,
  func_minor    bigint NOT NULL,
  qty           bigint,
  order_id      bigint,
  order_line_id bigint,
  layer_id      bigint,
  account_id    int NOT NULL,
  effective_on  date NOT NULL,
  channel_id    int,
  item_id       int,
  site_id       int,
  fx_rate_id    int,
  line_no       smallint NOT NULL,
  currency      char(3) NOT NULL,
  segment       text,
  party         text,
  tax_code      text,
  jurisdiction  text,
  provider      text,
  condition     text,
  promotion     text,
  open_key      text,
  -- The period that a late fact is about, when its own is already closed.
  belongs_to    text,
  PRIMARY KEY (entry_id, line_no),
  CONSTRAINT journal_line_says_something CHECK (amount_minor <> 0 OR func_minor <> 0),
  CONSTRAINT journal_line_one_sign CHECK (
    (amount_minor >= 0 AND func_minor >= 0) OR (amount_minor <= 0 AND func_minor <= 0))
);
CREATE INDEX journal_line_account ON journal_line (account_id, effective_on) INCLUDE (amount_minor, func_minor);
CREATE INDEX journal_line_order ON journal_line (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX journal_line_item ON journal_line (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX journal_line_effective ON journal_line USING brin (effective_on);

-- ───────── open items: what a clearing, receivable, payable or deposit line still waits for ─────────
CREATE TABLE open_item (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Projected from the matches under the row's lock; open_item_balance() computes it anew.
  balance_minor bigint NOT NULL,
  func_minor    bigint NOT NULL,
  entity_id     int NOT NULL,
  account_id    int NOT NULL,
  opened_on     date NOT NULL,
  limited       boolean NOT NULL,
  currency      char(3) NOT NULL,
  key           text NOT NULL,
  book          text NOT NULL DEFAULT 'main',
  CONSTRAINT open_item_key UNIQUE (entity_id, account_id, currency, key, book)
) WITH (fillfactor = 80);
CREATE INDEX open_item_open ON open_item (account_id, opened_on) WHERE balance_minor <> 0;

CREATE TABLE open_item_match (
  open_item_id bigint NOT NULL,
  entry_id     bigint NOT NULL,
  amount_minor bigint NOT NULL,
  func_minor   bigint NOT NULL,
  line_no      smallint NOT NULL,
  PRIMARY KEY (open_item_id, entry_id, line_no)
);

-- Not a CHECK: INSERT … ON CONFLICT checks the proposed row, which for a debit is always below water.
CREATE FUNCTION open_item_refuse_overdraw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'open item % of account % would be overdrawn by % % minor units',
    NEW.key, NEW.account_id, NEW.balance_minor, NEW.currency
    USING ERRCODE = 'check_violation', CONSTRAINT = 'open_item_not_overdrawn', TABLE = 'open_item',
      DETAIL = jsonb_build_object('account', NEW.account_id, 'key', NEW.key, 'currency', NEW.currency,
        'overdrawnMinor', NEW.balance_minor::text)::text;
END $$;
CREATE TRIGGER not_overdrawn AFTER INSERT OR UPDATE ON open_item FOR EACH ROW
  WHEN (NEW.limited AND NEW.balance_minor > 0) EXECUTE FUNCTION open_item_refuse_overdraw();

-- An open item moves by its matches only, keeps its identity and is never deleted.
CREATE FUNCTION open_item_keeps_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'open item % keeps its identity for ever', OLD.key
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'open_item_identity';
END $$;
CREATE TRIGGER keeps_identity BEFORE UPDATE ON open_item FOR EACH ROW
  WHEN ((NEW.id, NEW.entity_id, NEW.account_id, NEW.currency, NEW.key, NEW.book, NEW.limited)
    IS DISTINCT FROM (OLD.id, OLD.entity_id, OLD.account_id, OLD.currency, OLD.key, OLD.book, OLD.limited))
  EXECUTE FUNCTION open_item_keeps_identity();
CREATE TRIGGER stays BEFORE DELETE ON open_item FOR EACH ROW EXECUTE FUNCTION open_item_keeps_identity();
CREATE TRIGGER stays_truncate BEFORE TRUNCATE ON open_item FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION open_item_balance(item bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount_minor), 0)::bigint FROM open_item_match WHERE open_item_id = item
$$;

-- The item, locked until the transaction ends: the application may not write the table, and so may
-- not lock its rows itself.
CREATE FUNCTION lock_open_item(of_entity int, of_account int, of_currency char(3), of_key text, of_book text DEFAULT 'main') RETURNS SETOF open_item
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM open_item WHERE entity_id = of_entity AND account_id = of_account AND currency = of_currency AND key = of_key
    AND book = of_book
  FOR NO KEY UPDATE
$$;

-- ───────── guards ─────────
-- A header knows its transaction and the database's clock, whatever the writer claims.
CREATE FUNCTION journal_entry_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.xid := pg_current_xact_id();
  NEW.recorded_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_entry_stamp();

CREATE FUNCTION journal_refuse(guard text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = guard;
END $$;

-- Takes the period row FOR SHARE: a closer waits for every entry in flight, and an entry that comes
-- after the close sees it, whatever its isolation level. Every area that the entry touches must be open;
-- the lines' guard holds the header to them. A set that is fine costs one query; big tables are reached
-- through LATERAL … LIMIT 1, which no plan cached on a small table can spoil.
CREATE FUNCTION journal_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad record;
BEGIN
  WITH locked AS MATERIALIZED (
    SELECT p.* FROM gl_period p WHERE p.id IN (SELECT period_id FROM new_entries) ORDER BY p.id FOR SHARE
  )
  SELECT e.id, e.idem_key, e.effective_on, e.area, p.id AS period, whole.found INTO bad
  FROM new_entries e
  LEFT JOIN locked p ON p.id = e.period_id AND p.entity_id = e.entity_id AND e.effective_on BETWEEN p.starts AND p.ends
  LEFT JOIN LATERAL (SELECT true AS found FROM journal_line l WHERE l.entry_id = e.id LIMIT 1) whole ON true
  WHERE p.id IS NULL OR e.areas & ~p.open_areas <> 0 OR whole.found IS NULL OR e.reverses IS NOT NULL
  ORDER BY p.id NULLS FIRST, whole.found NULLS FIRST LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF bad.found IS NULL THEN
    PERFORM journal_refuse('journal_entry_has_lines', format('entry %s has no lines in its own statement', bad.idem_key));
  ELSIF bad.period IS NULL THEN
    PERFORM journal_refuse_period(bad.area, bad.idem_key, bad.effective_on);
  END IF;
  PERFORM journal_refuse_period(lock.area, e.idem_key, e.effective_on)
  FROM new_entries e JOIN gl_period p ON p.id = e.period_id AND e.areas & ~p.open_areas <> 0
  JOIN gl_period_area lock ON lock.period_id = p.id AND ledger_area_bit(lock.area) & e.areas & ~p.open_areas <> 0
  WHERE NOT EXISTS (
    SELECT FROM period_exception x JOIN period_exception_approval y USING (approval_id)
    WHERE lock.state = 'soft' AND x.approval_id = e.approval_id AND x.period_id = p.id AND x.area = lock.area
      AND (lock.reopen_until IS NULL OR (clock_timestamp() < lock.reopen_until AND lock.approval_id = x.approval_id))
      AND clock_timestamp() < x.until AND y.approved_by <> e.actor AND (x.actor IS NULL OR x.actor = e.actor)
      AND (x.max_minor IS NULL OR x.max_minor >= (
        SELECT sum(l.func_minor) FROM journal_line l WHERE l.entry_id = e.id AND l.func_minor > 0))
      AND (x.account_ids IS NULL OR NOT EXISTS (
        SELECT FROM journal_line l JOIN gl_account a ON a.id = l.account_id
        WHERE l.entry_id = e.id AND a.area = lock.area AND l.account_id <> ALL (x.account_ids))))
  ORDER BY e.id, lock.area;
  PERFORM journal_refuse_unmirrored(id, idem_key, reverses) FROM new_entries WHERE reverses IS NOT NULL;
  RETURN NULL;
END $$;

CREATE FUNCTION journal_refuse_period(area text, key text, effective_on date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'no open period of area % takes % on %', area, key, effective_on
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'gl_period_open',
      DETAIL = jsonb_build_object('area', area, 'effectiveOn', to_char(effective_on, 'YYYY-MM-DD'))::text;
END $$;

-- REV: the reversal of an entry is its mirror image, line by line, and a document does not reverse
-- its own reversal.
CREATE FUNCTION journal_refuse_unmirrored(reversal bigint, key text, original bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM journal_entry o, journal_entry r
    WHERE o.id = original AND r.id = reversal AND o.id <> r.id AND o.entity_id = r.entity_id AND o.book = r.book
      AND o.line_count = r.line_count
      AND NOT (o.reverses IS NOT NULL AND o.source_type = r.source_type AND o.source_id = r.source_id)
  ) OR EXISTS (
    SELECT FROM journal_line a LEFT JOIN journal_line b ON b.entry_id = reversal AND b.line_no = a.line_no
    WHERE a.entry_id = original AND
      (a.account_id, a.currency, -a.amount_minor, -a.func_minor, -a.qty, a.order_id, a.order_line_id, a.layer_id,
       a.channel_id, a.item_id, a.site_id, a.segment, a.party, a.tax_code, a.jurisdiction, a.provider, a.condition,
       a.promotion, a.open_key)
      IS DISTINCT FROM
      (b.account_id, b.currency, b.amount_minor, b.func_minor, b.qty, b.order_id, b.order_line_id, b.layer_id,
       b.channel_id, b.item_id, b.site_id, b.segment, b.party, b.tax_code, b.jurisdiction, b.provider, b.condition,
       b.promotion, b.open_key)
  ) THEN
    PERFORM journal_refuse('journal_reversal_mirrors', format('entry %s does not mirror entry %s line by line', key, original));
  END IF;
END $$;
CREATE TRIGGER guard AFTER INSERT ON journal_entry REFERENCING NEW TABLE AS new_entries
  FOR EACH STATEMENT EXECUTE FUNCTION journal_entries_guard();

-- Which dimensions a line carries, as the bits that gl_account.required_dims asks for.
CREATE FUNCTION journal_dimension_bits(l journal_line) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT (l.order_id IS NOT NULL)::int * 1 + (l.order_line_id IS NOT NULL)::int * 2 + (l.channel_id IS NOT NULL)::int * 4 + (l.item_id IS NOT NULL)::int * 8
    + (l.site_id IS NOT NULL)::int * 16 + (l.segment IS NOT NULL)::int * 32 + (l.party IS NOT NULL)::int * 64 + (l.tax_code IS NOT NULL)::int * 128
    + (l.jurisdiction IS NOT NULL)::int * 256 + (l.provider IS NOT NULL)::int * 512 + (l.condition IS NOT NULL)::int * 1024 + (l.layer_id IS NOT NULL)::int * 2048
    + (l.open_key IS NOT NULL)::int * 4096 + (l.promotion IS NOT NULL)::int * 8192
$$;

-- Says which guard refuses which entry; only ever called for a set that is already known to be wrong.
CREATE FUNCTION journal_explain(entry bigint, line smallint, problem text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'entry %, line %: %', entry, line, problem
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = split_part(problem, ':', 1);
END $$;

-- The whole entry, in one statement: balanced per currency and in functional currency, dense lines,
-- header's date and transaction, known accounts, required dimensions. Then its open items move.
CREATE FUNCTION journal_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM (
      SELECT l.entry_id, l.currency, count(*) AS lines, min(l.line_no) AS first, max(l.line_no) AS last,
        min(l.effective_on) AS earliest, max(l.effective_on) AS latest,
        sum(l.amount_minor) AS amount, sum(l.func_minor) AS func,
        coalesce(sum(l.func_minor) FILTER (WHERE a.fx_position), 0) AS position,
        bool_and(l.amount_minor = l.func_minor) AS at_par, bit_or(a.area_bit) AS areas, bool_and(a.manual_allowed) AS manual,
        bool_and(coalesce(
          l.effective_on BETWEEN a.valid_from AND a.valid_to
          AND a.required_dims & ~journal_dimension_bits(l) = 0
          AND (l.amount_minor <> 0 OR a.fx_difference OR a.monetary)
          AND (a.currency IS NULL OR a.currency = l.currency)
          AND (l.open_key IS NOT NULL) = a.open_items, false)) AS fine
      FROM new_lines l LEFT JOIN gl_account a ON a.id = l.account_id
      GROUP BY l.entry_id, l.currency
    ) c
    LEFT JOIN LATERAL (
      SELECT e.xid, e.effective_on, e.line_count, e.areas, ledger_area_bit(e.area) AS named, e.source_type, n.functional_currency
      FROM journal_entry e JOIN entity n ON n.id = e.entity_id
      WHERE e.id = c.entry_id LIMIT 1
    ) e ON true
    GROUP BY c.entry_id
    HAVING NOT bool_and(coalesce(
        c.fine AND c.amount = 0 AND e.xid = pg_current_xact_id() AND c.earliest = e.effective_on AND c.latest = e.effective_on
        AND (c.at_par OR c.currency <> e.functional_currency) AND c.currency ~ '^[A-Z]{3}$'
        AND (c.manual OR e.source_type <> 'manual'), false))
      OR bit_or(c.areas) | max(e.named) <> max(e.areas)
      OR sum(c.func) <> 0 OR sum(c.position) <> 0
      OR sum(c.lines) <> max(e.line_count) OR max(c.last) <> max(e.line_count) OR min(c.first) <> 1
  ) THEN
    PERFORM journal_explain(l.entry_id, l.line_no, CASE
      WHEN e.id IS NULL THEN 'journal_line_entry: there is no such entry'
      WHEN e.xid <> pg_current_xact_id() THEN 'journal_line_same_transaction: an entry takes no lines after its own transaction'
      WHEN a.id IS NULL THEN 'journal_line_account: unknown account ' || l.account_id
      WHEN l.effective_on <> e.effective_on THEN 'journal_line_date: differs from the header'
      WHEN NOT l.effective_on BETWEEN a.valid_from AND a.valid_to THEN 'journal_line_account: account ' || a.code || ' is not valid then'
      WHEN a.required_dims & ~journal_dimension_bits(l) <> 0 THEN format('journal_line_dimensions: account %s lacks dimension bits %s', a.code, a.required_dims & ~journal_dimension_bits(l))
      WHEN l.currency = n.functional_currency AND l.amount_minor <> l.func_minor THEN 'journal_line_functional: an amount in functional currency is its own value'
      WHEN l.amount_minor = 0 AND NOT (a.fx_difference OR a.monetary) THEN 'journal_line_fx_only: only exchange differences have value without amount'
      WHEN l.currency !~ '^[A-Z]{3}$' THEN 'journal_line_currency: not a currency code: ' || l.currency
      WHEN e.source_type = 'manual' AND NOT a.manual_allowed THEN 'journal_line_manual: only rules post to account ' || a.code
      WHEN a.currency <> l.currency THEN 'journal_line_currency_of_account: account ' || a.code || ' is kept in ' || a.currency
      WHEN (l.open_key IS NOT NULL) <> a.open_items THEN 'journal_line_open_key: an open key belongs on accounts that keep open items, and only there: ' || a.code
    END)
    FROM new_lines l
    LEFT JOIN journal_entry e ON e.id = l.entry_id
    LEFT JOIN entity n ON n.id = e.entity_id
    LEFT JOIN gl_account a ON a.id = l.account_id
    WHERE NOT coalesce(
      e.xid = pg_current_xact_id() AND l.effective_on = e.effective_on
      AND l.effective_on BETWEEN a.valid_from AND a.valid_to
      AND a.required_dims & ~journal_dimension_bits(l) = 0
      AND (l.currency <> n.functional_currency OR l.amount_minor = l.func_minor)
      AND (l.amount_minor <> 0 OR a.fx_difference OR a.monetary)
      AND (a.currency IS NULL OR a.currency = l.currency) AND (e.source_type <> 'manual' OR a.manual_allowed)
      AND (l.open_key IS NOT NULL) = a.open_items AND l.currency ~ '^[A-Z]{3}$', false)
    ORDER BY l.entry_id, l.line_no LIMIT 1;
    PERFORM journal_refuse('journal_entry_whole', format('entry %s must have its %s lines, numbered from 1, in one statement', l.entry_id, max(e.line_count)))
    FROM new_lines l JOIN journal_entry e ON e.id = l.entry_id
    GROUP BY l.entry_id HAVING count(*) <> max(e.line_count) OR max(l.line_no) <> max(e.line_count) OR min(l.line_no) <> 1;
    PERFORM journal_refuse('journal_entry_areas', format('entry %s does not say which areas its lines touch', l.entry_id))
    FROM new_lines l JOIN journal_entry e ON e.id = l.entry_id JOIN gl_account a ON a.id = l.account_id
    GROUP BY l.entry_id HAVING bit_or(a.area_bit) | max(ledger_area_bit(e.area)) <> max(e.areas);
    PERFORM journal_refuse('journal_entry_balanced', format('entry %s is out of balance by %s %s', entry_id, sum(amount_minor), currency))
    FROM new_lines GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0;
    PERFORM journal_refuse('journal_entry_balanced_functional', format('entry %s is out of balance by %s in functional currency', entry_id, sum(func_minor)))
    FROM new_lines GROUP BY entry_id HAVING sum(func_minor) <> 0;
    PERFORM journal_refuse('journal_fx_position_zero', 'the exchange position has no functional value in any entry');
  END IF;

  -- In key order, so that two sets that share items wait for each other and never deadlock.
  WITH moved AS MATERIALIZED (
    SELECT e.entity_id, e.book, l.account_id, l.currency, l.open_key, l.entry_id, l.line_no, l.amount_minor, l.func_minor,
      -- Recognised breakage stands beside the cards, which keep what is on them, and is a debit.
      l.effective_on, a.limited AND l.open_key <> 'breakage' AS limited
    FROM new_lines l JOIN gl_account a ON a.id = l.account_id
    CROSS JOIN LATERAL (SELECT e.entity_id, e.book FROM journal_entry e WHERE e.id = l.entry_id LIMIT 1) e
    WHERE l.open_key IS NOT NULL
  ), item AS (
    INSERT INTO open_item (entity_id, account_id, currency, key, book, balance_minor, func_minor, opened_on, limited)
    SELECT entity_id, account_id, currency, open_key, book, sum(amount_minor), sum(func_minor), min(effective_on), bool_or(limited)
    FROM moved GROUP BY entity_id, account_id, currency, open_key, book ORDER BY entity_id, account_id, currency, open_key, book
    ON CONFLICT (entity_id, account_id, currency, key, book) DO UPDATE SET
      balance_minor = open_item.balance_minor + excluded.balance_minor,
      func_minor = open_item.func_minor + excluded.func_minor
    RETURNING id, entity_id, account_id, currency, key, book
  )
  INSERT INTO open_item_match (open_item_id, entry_id, line_no, amount_minor, func_minor)
  SELECT i.id, m.entry_id, m.line_no, m.amount_minor, m.func_minor
  FROM item i JOIN moved m
    ON (m.entity_id, m.account_id, m.currency, m.open_key, m.book) = (i.entity_id, i.account_id, i.currency, i.key, i.book);
  RETURN NULL;
END $$;
CREATE TRIGGER guard AFTER INSERT ON journal_line REFERENCING NEW TABLE AS new_lines
  FOR EACH STATEMENT EXECUTE FUNCTION journal_lines_guard();

SELECT make_append_only('journal_entry');
SELECT make_append_only('journal_line');
SELECT make_append_only('open_item_match');

-- ───────── the canonical text ─────────
-- Version 1: 'v1' || the header as a row literal || each line as a row literal in line order. A row
-- literal quotes what it must and writes NULL as nothing, so two different entries never share a
-- text; dates are ISO, whatever DateStyle says. `post_entries` writes the same text from drafts.
CREATE FUNCTION journal_canonical(entry bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT 'v1' || ROW(e.entity_id, e.book, e.area, e.period_id, to_char(e.effective_on, 'YYYY-MM-DD'), e.event_type,
      e.source_type, e.source_id, e.idem_key, e.rule_version, e.reverses, e.cause_id, e.actor, e.approval_id,
      e.line_count, e.areas, to_char(e.fact_on, 'YYYY-MM-DD'))::text || (
    SELECT string_agg(ROW(l.line_no, l.account_id, l.currency, l.amount_minor, l.func_minor, l.qty, l.order_id,
      l.order_line_id, l.channel_id, l.item_id, l.site_id, l.segment, l.party, l.tax_code, l.jurisdiction, l.provider,
      l.condition, l.layer_id, l.promotion, l.open_key, l.belongs_to, l.fx_rate_id)::text, '' ORDER BY l.line_no)
    FROM journal_line l WHERE l.entry_id = e.id)
  FROM journal_entry e WHERE e.id = entry
$$;

-- ───────── the one door ─────────
-- entries: [{ entity_id, book?, area, period?, effective_on, late?, fact_on?, event_type, source_type, source_id, idem_key,
--   rule_version, reverses?, cause_id?, actor, approval_id?, lines: [{ account_id, currency, amount_minor,
--   func_minor, qty?, order_id?, order_line_id?, channel_id?, item_id?, site_id?, segment?, party?, tax_code?,
--   jurisdiction?, provider?, condition?, layer_id?, promotion?, open_key?, belongs_to?, fx_rate_id? }] }]
-- Integers may be JSON numbers or strings. The same key with the same content returns the first
-- entry; with other content the set is refused. A set is judged as a whole, at its end.
-- late = 'next-open': a fact that must be booked even if its period is locked by now. It goes to the first
-- day of the first later period that has open every area that the set's late facts of that day touch, keeps
-- its own day as fact_on and names its own period in belongs_to of each line.
CREATE FUNCTION journal_areas_of_late(entries jsonb, of_entity int, on_day date) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT bit_or(a.area_bit | ledger_area_bit(e.area))
  FROM jsonb_to_recordset(entries) AS e(entity_id int, area text, effective_on date, late text, lines jsonb)
  CROSS JOIN LATERAL jsonb_to_recordset(e.lines) AS l(account_id int) JOIN gl_account a ON a.id = l.account_id
  WHERE e.late = 'next-open' AND e.entity_id = of_entity AND e.effective_on = on_day
$$;

CREATE FUNCTION journal_placed_as(draft jsonb, first journal_entry) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT draft || jsonb_build_object('fact_on', draft -> 'effective_on', 'effective_on', first.effective_on,
    'period', (SELECT period FROM gl_period WHERE id = first.period_id),
    'lines', (SELECT jsonb_agg(d.line || jsonb_build_object('belongs_to', l.belongs_to) ORDER BY d.nth)
      FROM jsonb_array_elements(draft -> 'lines') WITH ORDINALITY AS d(line, nth)
      LEFT JOIN journal_line l ON l.entry_id = first.id AND l.line_no = d.nth))
$$;

CREATE FUNCTION post_entries(entries jsonb) RETURNS TABLE (ordinal int, entry_id bigint, created boolean)
LANGUAGE plpgsql SECURITY DEFINER
-- A plan cached while the tables were empty must not scan them for ever.
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  posted record;
  placed jsonb;
BEGIN
  WITH draft AS MATERIALIZED (
    SELECT t.nth, t.entity_id, t.area, t.event_type, t.source_type, t.source_id, t.idem_key, t.rule_version, t.reverses,
      t.cause_id, t.actor, t.approval_id, t.lines, coalesce(t.book, 'main') AS in_book, coalesce(n.id, p.id, 0) AS period_id,
      CASE WHEN n.id <> coalesce(p.id, 0) THEN n.starts ELSE t.effective_on END AS effective_on,
      CASE WHEN n.id <> coalesce(p.id, 0) THEN t.effective_on ELSE t.fact_on END AS fact_on,
      CASE WHEN n.id <> coalesce(p.id, 0) THEN coalesce(p.period, to_char(t.effective_on, 'YYYY-MM')) END AS belongs_to,
      nextval('journal_entry_id') AS id
    FROM ROWS FROM (jsonb_to_recordset(entries) AS (entity_id int, book text, area text, period text, effective_on date,
      event_type text, source_type text, source_id text, idem_key text, rule_version int, reverses bigint,
      cause_id text, actor text, approval_id text, late text, fact_on date, lines jsonb)) WITH ORDINALITY
      AS t(entity_id, book, area, period, effective_on, event_type, source_type, source_id, idem_key, rule_version,
        reverses, cause_id, actor, approval_id, late, fact_on, lines, nth)
    LEFT JOIN LATERAL (
      SELECT p.id, p.period, p.open_areas FROM gl_period p
      WHERE p.entity_id = t.entity_id AND p.starts <= t.effective_on AND p.ends >= t.effective_on
        AND CASE WHEN t.period IS NULL THEN p.kind = 'normal' ELSE p.period = t.period END
      ORDER BY p.starts DESC LIMIT 1) p ON true
    LEFT JOIN LATERAL (
      -- Locked here already: should a closer come first, the next period is looked at.
      SELECT n.id, n.starts FROM gl_period n
      WHERE t.late = 'next-open' AND p.open_areas IS DISTINCT FROM 63
        AND n.entity_id = t.entity_id AND n.kind = 'normal' AND n.ends >= t.effective_on
        AND journal_areas_of_late(entries, t.entity_id, t.effective_on) & ~n.open_areas = 0
      ORDER BY n.starts LIMIT 1 FOR SHARE) n ON true
  ), line AS MATERIALIZED (
    SELECT d.nth, x.line_no, x.account_id, x.currency, x.amount_minor, x.func_minor, x.qty, x.order_id, x.order_line_id,
      x.channel_id, x.item_id, x.site_id, x.segment, x.party, x.tax_code, x.jurisdiction, x.provider, x.condition,
      x.layer_id, x.promotion, x.open_key, coalesce(d.belongs_to, x.belongs_to) AS belongs_to, x.fx_rate_id, a.area_bit
    FROM draft d CROSS JOIN LATERAL ROWS FROM (jsonb_to_recordset(d.lines) AS (account_id int, currency char(3), amount_minor bigint,
      func_minor bigint, qty bigint, order_id bigint, order_line_id bigint, channel_id int, item_id int, site_id int,
      segment text, party text, tax_code text, jurisdiction text, provider text, condition text, layer_id bigint,
      promotion text, open_key text, belongs_to text, fx_rate_id int)) WITH ORDINALITY
      AS x(account_id, currency, amount_minor, func_minor, qty, order_id, order_line_id, channel_id, item_id, site_id,
        segment, party, tax_code, jurisdiction, provider, condition, layer_id, promotion, open_key, belongs_to,
        fx_rate_id, line_no)
    LEFT JOIN gl_account a ON a.id = x.account_id
  ), body AS (
    SELECT l.nth, count(*)::int AS line_count, bit_or(l.area_bit) AS areas, string_agg(ROW(l.line_no, l.account_id, l.currency, l.amount_minor,
      l.func_minor, l.qty, l.order_id, l.order_line_id, l.channel_id, l.item_id, l.site_id, l.segment, l.party,
      l.tax_code, l.jurisdiction, l.provider, l.condition, l.layer_id, l.promotion, l.open_key, l.belongs_to,
      l.fx_rate_id)::text, '' ORDER BY l.line_no) AS text
    FROM line l GROUP BY l.nth
  ), header AS MATERIALIZED (
    SELECT d.nth, d.id, d.entity_id, d.in_book, d.area, d.period_id, d.effective_on, d.fact_on, d.event_type, d.source_type,
      d.source_id, d.idem_key, d.rule_version, d.reverses, d.cause_id, d.actor, d.approval_id, b.line_count, b.areas,
      sha256(convert_to('v1' || ROW(d.entity_id, d.in_book, d.area, d.period_id, to_char(d.effective_on, 'YYYY-MM-DD'),
        d.event_type, d.source_type, d.source_id, d.idem_key, d.rule_version, d.reverses, d.cause_id, d.actor,
        d.approval_id, b.line_count, b.areas, to_char(d.fact_on, 'YYYY-MM-DD'))::text || b.text, 'UTF8')) AS leaf
    FROM draft d CROSS JOIN LATERAL (
      SELECT b.line_count, b.text, coalesce(b.areas, 0) | ledger_area_bit(d.area) AS areas FROM body b WHERE b.nth = d.nth) b
  ), entry AS (
    INSERT INTO journal_entry (id, entity_id, book, area, areas, period_id, effective_on, fact_on, event_type, source_type,
      source_id, idem_key, rule_version, reverses, cause_id, actor, approval_id, line_count, leaf)
    SELECT id, entity_id, in_book, area, areas, period_id, effective_on, fact_on, event_type, source_type,
      source_id, idem_key, rule_version, reverses, cause_id, actor, approval_id, line_count, leaf
    FROM header ORDER BY entity_id, idem_key
    ON CONFLICT ON CONSTRAINT journal_entry_idem DO NOTHING
    RETURNING id
  ), lines AS (
    INSERT INTO journal_line (entry_id, line_no, account_id, effective_on, currency, amount_minor, func_minor, qty,
      order_id, order_line_id, channel_id, item_id, site_id, segment, party, tax_code, jurisdiction, provider,
      condition, layer_id, promotion, open_key, belongs_to, fx_rate_id)
    SELECT h.id, l.line_no, l.account_id, h.effective_on, l.currency, l.amount_minor, l.func_minor, l.qty,
      l.order_id, l.order_line_id, l.channel_id, l.item_id, l.site_id, l.segment, l.party, l.tax_code, l.jurisdiction,
      l.provider, l.condition, l.layer_id, l.promotion, l.open_key, l.belongs_to, l.fx_rate_id
    FROM entry e JOIN header h ON h.id = e.id JOIN line l ON l.nth = h.nth
    ORDER BY h.id, l.line_no
  )
  SELECT count(*) AS entries, count(e.id) AS created, array_agg(e.id ORDER BY h.nth) AS ids,
    array_agg(h.entity_id ORDER BY h.nth) AS entities, array_agg(h.idem_key ORDER BY h.nth) AS keys,
    array_agg(h.leaf ORDER BY h.nth) AS leaves
  INTO posted
  FROM header h LEFT JOIN entry e ON e.id = h.id;

  IF posted.entries <> jsonb_array_length(entries) THEN
    PERFORM journal_refuse('journal_entry_has_lines', 'an entry without lines');
  END IF;
  IF posted.created = posted.entries THEN
    RETURN QUERY SELECT i.nth::int, i.id, true FROM unnest(posted.ids) WITH ORDINALITY AS i(id, nth);
    RETURN;
  END IF;
  -- Some keys were taken: the winner has committed by now, so a new statement sees its entry. A late fact
  -- is compared as it was placed then, since other periods may be open today.
  SELECT jsonb_agg(CASE WHEN e.fact_on IS NULL THEN d.draft ELSE journal_placed_as(d.draft, e) END - 'late') INTO placed
  FROM unnest(posted.entities, posted.keys, posted.leaves) WITH ORDINALITY AS k(entity_id, key, leaf, nth)
  CROSS JOIN LATERAL (SELECT entries -> (k.nth - 1)::int AS draft) d
  JOIN journal_entry e ON e.entity_id = k.entity_id AND e.idem_key = k.key
  WHERE e.leaf <> k.leaf AND d.draft ? 'late';
  IF placed IS NOT NULL THEN
    PERFORM post_entries(placed);
  END IF;
  PERFORM journal_key_conflict(k.key)
  FROM unnest(posted.entities, posted.keys, posted.leaves) WITH ORDINALITY AS k(entity_id, key, leaf, nth)
  LEFT JOIN journal_entry e ON e.entity_id = k.entity_id AND e.idem_key = k.key
  WHERE e.leaf IS DISTINCT FROM k.leaf AND NOT entries -> (k.nth - 1)::int ? 'late';
  RETURN QUERY
    SELECT k.nth::int, e.id, k.id IS NOT NULL
    FROM unnest(posted.ids, posted.entities, posted.keys) WITH ORDINALITY AS k(id, entity_id, key, nth)
    JOIN journal_entry e ON e.entity_id = k.entity_id AND e.idem_key = k.key ORDER BY k.nth;
END $$;

CREATE FUNCTION journal_key_conflict(key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'key % has already posted another entry', key
    USING ERRCODE = 'unique_violation', CONSTRAINT = 'journal_entry_same_content';
END $$;

-- ───────── period locks ─────────
-- Twelve months, and one adjusting period that shares the last day and takes named exceptions only.
CREATE FUNCTION open_periods(entity int, year int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE opened int;
BEGIN
  WITH fresh AS (
    INSERT INTO gl_period (entity_id, period, starts, ends, kind)
    SELECT entity, format('%s-%s', year, to_char(n, 'FM00')), make_date(year, n, 1),
      (make_date(year, n, 1) + interval '1 month' - interval '1 day')::date, 'normal'
    FROM generate_series(1, 12) AS n
    UNION ALL SELECT entity, format('%s-13', year), make_date(year, 12, 31), make_date(year, 12, 31), 'adjusting'
    ON CONFLICT (entity_id, period) DO NOTHING
    RETURNING id, kind
  )
  INSERT INTO gl_period_area (period_id, area, state)
  SELECT id, area, CASE kind WHEN 'normal' THEN 'open' ELSE 'soft' END
  FROM fresh, unnest(ARRAY['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL']) AS a(area) ORDER BY id, area;
  GET DIAGNOSTICS opened = ROW_COUNT;
  RETURN opened;
END $$;

CREATE FUNCTION refuse_period(guard text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = guard;
END $$;

-- The period, locked: waits for every entry in flight, since each holds the row FOR SHARE.
CREATE FUNCTION lock_period(entity int, in_period text) RETURNS gl_period LANGUAGE plpgsql AS $$
DECLARE p gl_period;
BEGIN
  SELECT * INTO p FROM gl_period WHERE entity_id = entity AND period = in_period FOR UPDATE;
  IF NOT FOUND THEN PERFORM refuse_period('gl_period_known', 'there is no period ' || in_period); END IF;
  RETURN p;
END $$;

-- This year's periods for every company, and the coming year's from two months before it begins.
CREATE FUNCTION open_coming_periods(on_day date) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(sum(open_periods(e.id, year)), 0)::int
  FROM entity e, (VALUES (extract(year FROM on_day)::int) UNION SELECT extract(year FROM on_day + 61)::int) AS y(year)
$$;

-- Asks for an exception from locks of some areas; nobody may use it before another person has approved it.
-- Answers the name that entries will carry: the one given, or a new one.
CREATE FUNCTION request_period_exception(entity int, in_period text, in_areas text[], approval text, why text,
  until_at timestamptz, by_actor text, for_actor text DEFAULT NULL, for_accounts int[] DEFAULT NULL, up_to bigint DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  approval := coalesce(approval, 'exception-' || nextval('period_exception_no'));
  IF until_at <= clock_timestamp() THEN
    PERFORM refuse_period('period_exception_until', 'the exception would have ended already');
  ELSIF EXISTS (SELECT FROM period_exception WHERE approval_id = approval) THEN
    PERFORM refuse_period('period_exception_known', format('exception %s has been asked for before', approval));
  END IF;
  INSERT INTO period_exception (approval_id, period_id, area, actor, account_ids, max_minor, reason, until, requested_by)
  SELECT approval, (lock_period(entity, in_period)).id, area, for_actor, for_accounts, up_to, why, until_at, by_actor
  FROM unnest(in_areas) AS a(area);
  RETURN approval;
END $$;

CREATE FUNCTION approve_period_exception(approval text, by_actor text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM period_exception WHERE approval_id = approval AND until > clock_timestamp()) THEN
    PERFORM refuse_period('period_exception_open', format('no exception %s waits for an approval', approval));
  ELSIF EXISTS (SELECT FROM period_exception WHERE approval_id = approval AND by_actor IN (requested_by, actor)) THEN
    PERFORM refuse_period('gl_period_duties', 'who asked for an exception, or is to use it, may not approve it');
  END IF;
  INSERT INTO period_exception_approval (approval_id, approved_by) VALUES (approval, by_actor);
END $$;

-- Keeps what the period holds: no entry is in flight, since the period's row is locked.
CREATE FUNCTION keep_period_closing(p gl_period, by_actor text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH closing AS (
    INSERT INTO period_closing (period_id, closed_by, seal_no, seal_hash)
    SELECT p.id, by_actor, s.no, s.hash FROM (SELECT) one LEFT JOIN (SELECT no, hash FROM seal ORDER BY no DESC LIMIT 1) s ON true
    RETURNING id
  )
  INSERT INTO period_closing_balance (closing_id, book, account_id, currency, amount_minor, func_minor)
  SELECT c.id, e.book, l.account_id, l.currency, sum(l.amount_minor), sum(l.func_minor)
  FROM closing c, journal_entry e JOIN journal_line l ON l.entry_id = e.id
  WHERE e.period_id = p.id GROUP BY c.id, e.book, l.account_id, l.currency;
END $$;

-- Moves the lock of one area: open → soft → closed, and back only by another person under an approval.
CREATE FUNCTION set_area_state(entity int, in_period text, in_area text, new_state text, by_actor text,
  approval text DEFAULT NULL, why text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  p gl_period := lock_period(entity, in_period);
  lock gl_period_area;
  x period_exception;
  lapsed boolean;
BEGIN
  SELECT * INTO lock FROM gl_period_area WHERE period_id = p.id AND area = in_area FOR UPDATE;
  IF NOT FOUND THEN PERFORM refuse_period('gl_period_known', format('period %s has no area %s', in_period, in_area)); END IF;
  lapsed := lock.reopen_until <= clock_timestamp();
  IF new_state = 'open' THEN
    SELECT e.* INTO x FROM period_exception e JOIN period_exception_approval USING (approval_id)
    WHERE e.approval_id = approval AND e.period_id = p.id AND e.area = in_area AND e.until > clock_timestamp();
    IF x IS NULL OR lock.state = 'open' OR lapsed IS FALSE OR (p.kind = 'adjusting' AND lock.state = 'soft' AND lapsed IS NULL) THEN
      PERFORM refuse_period('gl_period_reopen', 'a reopening needs a locked area and an approved exception of it that has not ended');
    ELSIF EXISTS (
      SELECT FROM gl_period_event WHERE period_id = p.id AND area = in_area AND action <> 'reopen' AND actor = by_actor
        AND id > coalesce((SELECT max(id) FROM gl_period_event WHERE period_id = p.id AND area = in_area AND action = 'reopen'), 0)) THEN
      PERFORM refuse_period('gl_period_duties', format('who closed %s %s may not reopen it', in_area, in_period));
    END IF;
    IF lock.state = 'soft' AND lapsed IS NULL THEN
      UPDATE gl_period_area SET state = 'open', approval_id = approval, changed_by = by_actor, changed_at = clock_timestamp()
      WHERE period_id = p.id AND area = in_area;
      x.until := NULL;
    ELSE
      UPDATE gl_period_area SET state = 'soft', reopen_until = x.until, approval_id = approval, changed_by = by_actor,
        changed_at = clock_timestamp() WHERE period_id = p.id AND area = in_area;
    END IF;
  ELSIF new_state = 'soft' AND lock.state = 'open' OR new_state = 'closed' AND lock.state <> 'closed' THEN
    IF new_state = 'closed' AND (EXISTS (
        SELECT FROM journal_entry WHERE period_id = p.id AND source_type = 'manual' AND actor = by_actor)
      OR by_actor = (SELECT actor FROM gl_period_event WHERE period_id = p.id AND area = in_area AND action = 'reopen' ORDER BY id DESC LIMIT 1)
    ) THEN
      PERFORM refuse_period('gl_period_duties', format('who posted in %s by hand, or reopened %s, may not close it', in_period, in_area));
    END IF;
    UPDATE gl_period_area SET state = new_state, reopen_until = NULL, approval_id = approval, changed_by = by_actor,
      changed_at = clock_timestamp() WHERE period_id = p.id AND area = in_area;
  ELSE
    PERFORM refuse_period('gl_period_transition', format('area %s of %s is already %s', in_area, in_period, lock.state));
  END IF;
  INSERT INTO gl_period_event (period_id, area, action, reason, approval_id, reopen_until, actor)
  VALUES (p.id, in_area, CASE new_state WHEN 'open' THEN 'reopen' WHEN 'soft' THEN 'soft-close' ELSE 'close' END,
    coalesce(why, x.reason), approval, x.until, by_actor);
  IF new_state = 'closed' AND NOT EXISTS (SELECT FROM gl_period_area WHERE period_id = p.id AND state <> 'closed') THEN
    PERFORM keep_period_closing(p, by_actor);
  END IF;
END $$;

-- ───────── balances: a snapshot at a transaction horizon, and what came after it ─────────
CREATE TABLE balance_run (
  id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Every entry with xid < upto_xid is in the snapshot and no other: below it nothing can still commit.
  upto_xid xid8 NOT NULL UNIQUE,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE balance_snapshot (
  run_id     int NOT NULL REFERENCES balance_run,
  entity_id  int NOT NULL,
  account_id int NOT NULL,
  currency   char(3) NOT NULL,
  book       text NOT NULL,
  amount_minor bigint NOT NULL,
  func_minor bigint NOT NULL,
  PRIMARY KEY (run_id, entity_id, account_id, currency, book)
);
SELECT make_append_only('balance_run');
SELECT make_append_only('balance_snapshot');

CREATE FUNCTION take_balance_snapshot() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  horizon xid8;
  before balance_run;
  run int;
BEGIN
  PERFORM pg_advisory_xact_lock(7261002);
  SELECT * INTO before FROM balance_run ORDER BY upto_xid DESC LIMIT 1;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  IF before.upto_xid >= horizon THEN RETURN before.id; END IF;
  INSERT INTO balance_run (upto_xid) VALUES (horizon) RETURNING id INTO run;
  INSERT INTO balance_snapshot (run_id, entity_id, account_id, currency, book, amount_minor, func_minor)
  SELECT run, entity_id, account_id, currency, book, sum(amount_minor), sum(func_minor)
  FROM (
    SELECT entity_id, account_id, currency, book, amount_minor, func_minor FROM balance_snapshot WHERE run_id = before.id
    UNION ALL
    SELECT e.entity_id, l.account_id, l.currency, e.book, l.amount_minor, l.func_minor
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE e.xid < horizon AND e.xid >= coalesce(before.upto_xid, '0'::xid8)
  ) moved GROUP BY entity_id, account_id, currency, book;
  RETURN run;
END $$;

-- Balance of one account now, per currency: the last snapshot plus the entries since its horizon.
CREATE FUNCTION account_balance(of_entity int, of_account int, of_book text DEFAULT 'main')
RETURNS TABLE (currency char(3), amount_minor bigint, func_minor bigint) LANGUAGE sql STABLE AS $$
  WITH run AS (SELECT id, upto_xid FROM balance_run ORDER BY upto_xid DESC LIMIT 1)
  SELECT m.currency, sum(m.amount_minor)::bigint, sum(m.func_minor)::bigint
  FROM (
    SELECT s.currency, s.amount_minor, s.func_minor FROM balance_snapshot s JOIN run ON run.id = s.run_id
    WHERE s.entity_id = of_entity AND s.account_id = of_account AND s.book = of_book
    UNION ALL
    SELECT l.currency, l.amount_minor, l.func_minor
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE e.xid >= coalesce((SELECT upto_xid FROM run), '0'::xid8) AND e.entity_id = of_entity AND e.book = of_book
      AND l.account_id = of_account
  ) m GROUP BY m.currency ORDER BY m.currency
$$;

-- ───────── tamper evidence ─────────
CREATE TABLE seal (
  no        int PRIMARY KEY,
  from_xid  xid8 NOT NULL UNIQUE,
  to_xid    xid8 NOT NULL UNIQUE,
  entries   int NOT NULL CHECK (entries > 0),
  root      bytea NOT NULL,
  prev      bytea NOT NULL,
  hash      bytea NOT NULL,
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (from_xid < to_xid)
);
SELECT make_append_only('seal');

-- What the tree is built of: the content's leaf, bound to the identity that the database gave.
CREATE FUNCTION seal_leaf(id bigint, xid xid8, recorded_at timestamptz, leaf bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256('\x00'::bytea || int8send(id) || xid8send(xid) || timestamptz_send(recorded_at) || leaf)
$$;

-- Root of a Merkle tree over leaves in order; an odd one out moves up unchanged. One pass per level.
CREATE FUNCTION merkle_root(leaves bytea[]) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE level bytea[] := leaves;
BEGIN
  WHILE cardinality(level) > 1 LOOP
    SELECT array_agg(node ORDER BY pair) INTO level FROM (
      SELECT pair, CASE count(*) WHEN 1 THEN min(h) ELSE sha256('\x01'::bytea || string_agg(h, '' ORDER BY nth)) END AS node
      FROM (SELECT h, nth, (nth - 1) / 2 AS pair FROM unnest(level) WITH ORDINALITY AS u(h, nth)) p GROUP BY pair) nodes;
  END LOOP;
  RETURN level[1];
END $$;

-- Seals every entry below the snapshot horizon that no seal holds yet, in a chained batch. By
-- transaction id and never by entry id: a transaction that took a low id may commit late.
CREATE FUNCTION seal_ledger() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  horizon xid8;
  last seal;
  sealed int;
  leaves bytea[];
BEGIN
  PERFORM pg_advisory_xact_lock(7261003);
  SELECT * INTO last FROM seal ORDER BY no DESC LIMIT 1;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  SELECT count(*), array_agg(seal_leaf(id, xid, recorded_at, leaf) ORDER BY xid, id) INTO sealed, leaves
  FROM journal_entry WHERE xid >= coalesce(last.to_xid, '0'::xid8) AND xid < horizon;
  IF sealed = 0 THEN RETURN 0; END IF;
  INSERT INTO seal (no, from_xid, to_xid, entries, root, prev, hash)
  SELECT n.no, n.from_xid, horizon, sealed, n.root, n.prev,
    sha256(n.prev || n.root || int4send(sealed) || int4send(n.no))
  FROM (SELECT coalesce(last.no, 0) + 1 AS no, coalesce(last.to_xid, '0'::xid8) AS from_xid,
    coalesce(last.hash, sha256('throughline')) AS prev, merkle_root(leaves) AS root) n;
  RETURN sealed;
END $$;

-- What was known at an instant, as the transaction below which every entry was sealed by then. Waits for a
-- sealer in flight, since what it seals bears an instant that may be asked for; a later one seals later.
CREATE FUNCTION known_horizon(at timestamptz) RETURNS xid8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE horizon xid8;
BEGIN
  IF at > clock_timestamp() THEN
    RAISE EXCEPTION 'what will be known at % is not known yet', at
      USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'known_at_passed';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(7261003);
  SELECT to_xid INTO horizon FROM seal WHERE sealed_at <= at ORDER BY no DESC LIMIT 1;
  RETURN coalesce(horizon, '0');
END $$;

-- Every problem of the sealed ledger, recomputed from the rows; an empty answer is the proof.
CREATE FUNCTION verify_seals() RETURNS TABLE (seal_no int, entry_id bigint, problem text) LANGUAGE sql STABLE AS $$
  WITH body AS (
    SELECT l.entry_id, string_agg(ROW(l.line_no, l.account_id, l.currency, l.amount_minor, l.func_minor, l.qty, l.order_id,
      l.order_line_id, l.channel_id, l.item_id, l.site_id, l.segment, l.party, l.tax_code, l.jurisdiction, l.provider,
      l.condition, l.layer_id, l.promotion, l.open_key, l.belongs_to, l.fx_rate_id)::text, '' ORDER BY l.line_no) AS text
    FROM journal_line l GROUP BY l.entry_id
  ), entry AS MATERIALIZED (
    SELECT s.no, e.id, e.xid, e.leaf, e.recorded_at, sha256(convert_to('v1' || ROW(e.entity_id, e.book, e.area, e.period_id,
      to_char(e.effective_on, 'YYYY-MM-DD'), e.event_type, e.source_type, e.source_id, e.idem_key, e.rule_version,
      e.reverses, e.cause_id, e.actor, e.approval_id, e.line_count, e.areas, to_char(e.fact_on, 'YYYY-MM-DD'))::text
      || coalesce(b.text, ''), 'UTF8')) AS computed
    FROM journal_entry e JOIN seal s ON e.xid >= s.from_xid AND e.xid < s.to_xid LEFT JOIN body b ON b.entry_id = e.id
  ), batch AS (
    SELECT no, count(*) AS entries, merkle_root(array_agg(seal_leaf(id, xid, recorded_at, computed) ORDER BY xid, id)) AS root
    FROM entry GROUP BY no
  ), chain AS (
    SELECT *, lag(hash, 1, sha256('throughline')) OVER w AS before, lag(to_xid, 1, '0'::xid8) OVER w AS ended,
      lag(no, 1, 0) OVER w AS previous
    FROM seal WINDOW w AS (ORDER BY no)
  )
  SELECT no, id, 'leaf' FROM entry WHERE computed <> leaf
  UNION ALL SELECT c.no, NULL, 'count' FROM chain c LEFT JOIN batch b ON b.no = c.no WHERE b.entries IS DISTINCT FROM c.entries
  UNION ALL SELECT c.no, NULL, 'root' FROM chain c LEFT JOIN batch b ON b.no = c.no WHERE b.root IS DISTINCT FROM c.root
  UNION ALL SELECT no, NULL, 'chain' FROM chain WHERE prev <> before OR no <> previous + 1
    OR hash <> sha256(prev || root || int4send(entries) || int4send(no))
  UNION ALL SELECT no, NULL, 'gap' FROM chain WHERE from_xid <> ended
$$;

-- ───────── tamper evidence of the audit trail (GOV-12) ─────────
CREATE TABLE audit_seal (
  no        int PRIMARY KEY,
  from_xid  xid8 NOT NULL UNIQUE,
  to_xid    xid8 NOT NULL UNIQUE,
  events    int NOT NULL CHECK (events > 0),
  root      bytea NOT NULL,
  prev      bytea NOT NULL,
  hash      bytea NOT NULL,
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (from_xid < to_xid)
);
SELECT make_append_only('audit_seal');

CREATE FUNCTION audit_leaf(e audit_event) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256('\x02'::bytea || int8send(e.id) || xid8send(e.xid) || timestamptz_send(e.recorded_at) || convert_to('v1' ||
    ROW(e.subject_type, e.subject_id, e.action, e.before, e.after, e.reason, e.actor, e.command_key)::text, 'UTF8'))
$$;

-- As seal_ledger: in chained batches below the snapshot horizon, so that no writer waits for another.
CREATE FUNCTION seal_audit() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  horizon xid8;
  last audit_seal;
  sealed int;
  leaves bytea[];
BEGIN
  PERFORM pg_advisory_xact_lock(7261004);
  SELECT * INTO last FROM audit_seal ORDER BY no DESC LIMIT 1;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  SELECT count(*), array_agg(audit_leaf(e) ORDER BY xid, id) INTO sealed, leaves
  FROM audit_event e WHERE xid >= coalesce(last.to_xid, '0'::xid8) AND xid < horizon;
  IF sealed = 0 THEN RETURN 0; END IF;
  INSERT INTO audit_seal (no, from_xid, to_xid, events, root, prev, hash)
  SELECT n.no, n.from_xid, horizon, sealed, n.root, n.prev,
    sha256(n.prev || n.root || int4send(sealed) || int4send(n.no))
  FROM (SELECT coalesce(last.no, 0) + 1 AS no, coalesce(last.to_xid, '0'::xid8) AS from_xid,
    coalesce(last.hash, sha256('throughline audit')) AS prev, merkle_root(leaves) AS root) n;
  RETURN sealed;
END $$;

CREATE FUNCTION verify_audit_seals() RETURNS TABLE (seal_no int, problem text) LANGUAGE sql STABLE AS $$
  WITH batch AS (
    SELECT s.no, count(*) AS events, merkle_root(array_agg(audit_leaf(e) ORDER BY e.xid, e.id)) AS root
    FROM audit_seal s JOIN audit_event e ON e.xid >= s.from_xid AND e.xid < s.to_xid GROUP BY s.no
  ), chain AS (
    SELECT *, lag(hash, 1, sha256('throughline audit')) OVER w AS before, lag(to_xid, 1, '0'::xid8) OVER w AS ended,
      lag(no, 1, 0) OVER w AS previous
    FROM audit_seal WINDOW w AS (ORDER BY no)
  )
  SELECT c.no, 'count' FROM chain c LEFT JOIN batch b ON b.no = c.no WHERE b.events IS DISTINCT FROM c.events
  UNION ALL SELECT c.no, 'root' FROM chain c LEFT JOIN batch b ON b.no = c.no WHERE b.root IS DISTINCT FROM c.root
  UNION ALL SELECT no, 'chain' FROM chain WHERE prev <> before OR no <> previous + 1
    OR hash <> sha256(prev || root || int4send(events) || int4send(no))
  UNION ALL SELECT no, 'gap' FROM chain WHERE from_xid <> ended
$$;

-- ───────── rights ─────────
REVOKE EXECUTE ON FUNCTION keep_period_closing(gl_period, text), lock_period(int, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION post_entries(jsonb), lock_open_item(int, int, char, text, text), open_periods(int, int),
  take_balance_snapshot(), seal_ledger(), seal_audit(), known_horizon(timestamptz), open_coming_periods(date), set_area_state(int, text, text, text, text, text, text), approve_period_exception(text, text),
  request_period_exception(int, text, text[], text, text, timestamptz, text, text, int[], bigint) FROM PUBLIC;
GRANT SELECT ON gl_account, gl_period, gl_period_area, gl_period_event, period_exception, period_exception_approval, period_closing, period_closing_balance, audit_seal, fx_rate,
  journal_entry, journal_line, open_item, open_item_match, balance_run, balance_snapshot, seal TO throughline_app;
GRANT INSERT ON fx_rate TO throughline_app;
GRANT EXECUTE ON FUNCTION post_entries(jsonb), lock_open_item(int, int, char, text, text), open_periods(int, int),
  take_balance_snapshot(), seal_ledger(), seal_audit(), known_horizon(timestamptz), open_coming_periods(date), set_area_state(int, text, text, text, text, text, text), approve_period_exception(text, text),
  request_period_exception(int, text, text[], text, text, timestamptz, text, text, int[], bigint) TO throughline_app;
RESET ROLE;
