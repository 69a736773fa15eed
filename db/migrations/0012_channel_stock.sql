SET ROLE throughline_owner;

-- INV-16, INV-17: what a channel is told that it may sell, and what is believed to stand there.
CREATE TABLE channel_stock (
  channel_id    int PRIMARY KEY REFERENCES channel,
  -- off: nobody is told; paused: changes are still found, so that the lag is known.
  state         text NOT NULL DEFAULT 'on' CHECK (state IN ('on', 'paused', 'off')),
  -- Where the channel itself keeps the quantity: a location of Shopify.
  location      text CHECK (location <> ''),
  looked_to     timestamptz,
  looked_whole_at timestamptz,
  -- All are computed anew a slice at a time, so that no look lasts long; listings up to here have been, null: none is under way.
  whole_after   int,
  -- Thousandths of a call that may be made now, as of an instant.
  budget_milli  bigint NOT NULL DEFAULT 0,
  budget_at     timestamptz NOT NULL DEFAULT '-infinity',
  -- Calls made so far; names each of them.
  calls         bigint NOT NULL DEFAULT 0,
  not_before    timestamptz,
  waits_because text,
  -- What the channel last said of its own limit.
  throttle      jsonb,
  failures      int NOT NULL DEFAULT 0,
  failing_since timestamptz,
  last_error    text,
  sweep_wanted_by text,
  sweep_no      int NOT NULL DEFAULT 0,
  -- Listings up to here have been read back in the sweep that is under way; null: none is.
  sweep_after   int,
  sweep_started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  swept_at      timestamptz,
  sweep_read    int NOT NULL DEFAULT 0,
  sweep_drift   int NOT NULL DEFAULT 0,
  set_by        text NOT NULL
);

-- The delta outbox, one row a listing: a newer quantity takes the place of one that was not sent.
CREATE TABLE channel_stock_listing (
  listing_id   int PRIMARY KEY REFERENCES listing,
  channel_id   int NOT NULL REFERENCES channel_stock,
  -- The channel's own key of the quantity, as its first answer told it.
  remote_ref   text,
  -- What ATS shows of the listing over all sites.
  listable     bigint NOT NULL CHECK (listable >= 0),
  -- What was kept back of it in the last push, because the channel lagged behind.
  lag_buffer   bigint NOT NULL DEFAULT 0 CHECK (lag_buffer >= 0),
  target       bigint NOT NULL GENERATED ALWAYS AS (greatest(0, listable - lag_buffer)) STORED,
  version      bigint NOT NULL DEFAULT 1,
  -- The oldest change that the channel has not been told; null: it knows all.
  changed_at   timestamptz,
  -- What is believed to stand there; null: nobody has looked.
  theirs       bigint,
  theirs_at    timestamptz,
  -- unknown: to be asked; intended: to be set; sent: a call is under way; absent: the channel does not know it.
  state        text NOT NULL DEFAULT 'unknown' CHECK (state IN ('unknown', 'intended', 'sent', 'confirmed', 'failed', 'absent')),
  sent_qty     bigint,
  sent_version bigint,
  sent_key     uuid,
  sent_at      timestamptz,
  lease_until  timestamptz,
  confirmed_at timestamptz,
  attempts     int NOT NULL DEFAULT 0,
  not_before   timestamptz,
  -- Too large a difference to be raised before somebody has looked.
  held         boolean NOT NULL DEFAULT false,
  error        text,
  drift_at     timestamptz,
  drift_ours   bigint,
  drift_theirs bigint,
  drift_cause  text,
  drift_repaired_at timestamptz,
  CONSTRAINT channel_stock_listing_sent CHECK (state <> 'sent' OR (sent_qty IS NOT NULL AND sent_key IS NOT NULL AND lease_until IS NOT NULL)),
  CONSTRAINT channel_stock_listing_confirmed CHECK (state <> 'confirmed' OR (theirs = target AND changed_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX channel_stock_listing_open ON channel_stock_listing (channel_id, listing_id) WHERE state <> 'confirmed';
CREATE INDEX channel_stock_listing_channel ON channel_stock_listing (channel_id, listing_id);

-- Who changed since is asked twice a second. BRIN, because an index of another kind would end the
-- heap-only updates of stock_position, and every reservation would pay for it.
CREATE INDEX stock_position_changed ON stock_position USING brin (changed_at) WITH (pages_per_range = 4, autosummarize = on);
CREATE INDEX missing_stock_recorded ON missing_stock USING brin (recorded_at) WITH (pages_per_range = 4, autosummarize = on);
CREATE INDEX missing_stock_settled ON missing_stock USING brin (settled_at) WITH (pages_per_range = 4, autosummarize = on);
CREATE INDEX stock_policy_recorded ON stock_policy USING brin (recorded_at) WITH (pages_per_range = 4, autosummarize = on);
ALTER TABLE stock_pool ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE listing ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX listing_changed ON listing (channel_id, changed_at);

CREATE FUNCTION listing_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER stamp_change BEFORE UPDATE ON listing FOR EACH ROW EXECUTE FUNCTION listing_stamp();

GRANT SELECT, INSERT, UPDATE ON channel_stock, channel_stock_listing TO throughline_app;
RESET ROLE;
