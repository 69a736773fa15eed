SET ROLE throughline_owner;

-- FIN-10, SAAS-5: the tax of an order whose document states none, as it was quoted before the order was frozen.
CREATE TABLE tax_quote (
  inbox_id     bigint PRIMARY KEY,
  -- The order that was frozen with it; a document that was refused has none.
  order_id     bigint UNIQUE REFERENCES sales_order,
  -- The engine, the rates in the database where no engine is set up, or these because the engine was down.
  source       text NOT NULL CHECK (source IN ('engine', 'rates', 'fallback')),
  tax_on       date NOT NULL,
  currency     char(3) NOT NULL,
  prices_include_tax boolean NOT NULL,
  -- What was asked, part by part, and what was answered; neither holds personal data.
  parts        jsonb NOT NULL,
  quoted       jsonb NOT NULL,
  tax_minor    bigint NOT NULL,
  reason       text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT ON tax_quote TO throughline_app;
GRANT UPDATE (order_id) ON tax_quote TO throughline_app;
RESET ROLE;
