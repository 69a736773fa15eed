SET ROLE throughline_owner;

-- RPT-23: what the company looked at on a Monday stays as it was seen; a definition that changes gets a new version.
CREATE TABLE scorecard_week (
  entity_id    int NOT NULL REFERENCES entity,
  -- The Monday that the week began with.
  week         date NOT NULL CHECK (extract(isodow FROM week) = 1),
  metric       text NOT NULL,
  definition_version int NOT NULL,
  owner        text NOT NULL,
  -- Thousandths of the metric's unit; null where there was nothing to measure.
  target_milli bigint NOT NULL,
  value_milli  bigint,
  -- Of how many orders, lines or cases the value is made.
  sample       bigint NOT NULL CHECK (sample >= 0),
  frozen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (entity_id, week, metric)
);
SELECT make_append_only('scorecard_week');
GRANT SELECT, INSERT ON scorecard_week TO throughline_app;

-- A week of orders and shipments is found by when they came; these cost intake next to nothing.
CREATE INDEX sales_order_recorded ON sales_order USING brin (recorded_at);
CREATE INDEX shipment_recorded ON shipment USING brin (recorded_at);

RESET ROLE;
