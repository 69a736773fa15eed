import type { Reader } from '#db/client'
import { DEFAULT_CHANNEL_STOCK, possible, type ChannelStockPolicy } from '#domain/channel-stock'

/** The rule in force for a channel: its own, else everybody's, else the built-in one. */
export async function channelStockPolicy(
  reader: Reader,
  channel: string,
): Promise<ChannelStockPolicy> {
  const [row] = await reader<{ body: Partial<ChannelStockPolicy> }[]>`
    SELECT body FROM policy WHERE kind = 'channel-stock' AND scope IN (${channel}, '*') AND effective_from <= clock_timestamp()
    ORDER BY (scope = '*'), version DESC LIMIT 1`
  return possible({ ...DEFAULT_CHANNEL_STOCK, ...row?.body })
}

/** Every channel that is to be told what it may sell, with its company. */
export async function toldChannels(db: Reader): Promise<{ channel: string; entity: string }[]> {
  return db<{ channel: string; entity: string }[]>`
    SELECT c.code AS channel, e.code AS entity FROM channel_stock s JOIN channel c ON c.id = s.channel_id JOIN entity e ON e.id = c.entity_id
    WHERE s.state <> 'off' AND c.status = 'active' AND c.poll_url IS NOT NULL ORDER BY c.code`
}

/**
 * Seconds since the oldest change of stock that the channel has not been told. A listing that the
 * channel refuses, or that a person is asked about, is its own trouble and no lag of the channel.
 */
export const lagOf = (reader: Reader, channelId: number) => reader`
  (SELECT coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(w.changed_at))), 0)::int FROM channel_stock_listing w
   WHERE w.channel_id = ${channelId} AND w.state IN ('unknown', 'intended', 'sent') AND NOT w.held)`

export interface StockSyncRow {
  state: 'on' | 'paused' | 'off'
  location: string | null
  lagSeconds: number
  listings: number
  open: number
  held: number
  failed: number
  absent: number
  lookedTo: string | null
  waitsUntil: string | null
  waitsBecause: string | null
  throttle: Record<string, unknown> | null
  failures: number
  failingSince: string | null
  lastError: string | null
  sweepUnderWay: boolean
  sweptAt: string | null
  sweepRead: number
  sweepDrift: number
}

/** How a channel's stock stands; undefined while nobody has ever asked for it to be told. */
export async function stockSyncOf(
  reader: Reader,
  channelCode: string,
): Promise<StockSyncRow | undefined> {
  const [channel] = await reader<
    { id: number }[]
  >`SELECT id FROM channel WHERE code = ${channelCode}`
  if (!channel) return undefined
  const [row] = await reader<StockSyncRow[]>`
    SELECT s.state, s.location, ${lagOf(reader, channel.id)} AS "lagSeconds", n.listings, n.open, n.held, n.failed, n.absent,
      s.looked_to AS "lookedTo", CASE WHEN s.not_before > clock_timestamp() THEN s.not_before END AS "waitsUntil",
      CASE WHEN s.not_before > clock_timestamp() THEN s.waits_because END AS "waitsBecause", s.throttle, s.failures, s.failing_since AS "failingSince",
      s.last_error AS "lastError", s.sweep_after IS NOT NULL OR s.sweep_wanted_by IS NOT NULL AS "sweepUnderWay", s.swept_at AS "sweptAt",
      s.sweep_read AS "sweepRead", s.sweep_drift AS "sweepDrift"
    FROM channel_stock s
    CROSS JOIN LATERAL (SELECT count(*)::int AS listings, (count(*) FILTER (WHERE w.state <> 'confirmed'))::int AS open, (count(*) FILTER (WHERE w.held))::int AS held,
      (count(*) FILTER (WHERE w.state = 'failed'))::int AS failed, (count(*) FILTER (WHERE w.state = 'absent'))::int AS absent
      FROM channel_stock_listing w WHERE w.channel_id = s.channel_id) n
    WHERE s.channel_id = ${channel.id}`
  return row
}

export interface SyncedListing {
  id: number
  externalId: string
  sku: string
  listingState: string
  state: 'unknown' | 'intended' | 'sent' | 'confirmed' | 'failed' | 'absent'
  listable: bigint
  lagBuffer: bigint
  wanted: bigint
  theirs: bigint | null
  theirsAt: string | null
  confirmedAt: string | null
  unknownSince: string | null
  version: bigint
  attempts: number
  held: boolean
  error: string | null
  drift: {
    ours: string
    theirs: string
    since: string
    cause: string
    repairedAt: string | null
  } | null
}

/** Each listing of a channel: what ATS shows, what is wanted there and what is believed to stand there. */
export async function syncedListings(
  reader: Reader,
  ask: {
    channel: string
    after: number
    limit: number
    only?: 'open' | 'drift' | undefined
  },
): Promise<SyncedListing[]> {
  return reader<SyncedListing[]>`
    SELECT l.id, l.external_id AS "externalId", i.sku, l.state AS "listingState", w.state, w.listable, w.lag_buffer AS "lagBuffer", w.target AS wanted,
      w.theirs, w.theirs_at AS "theirsAt", w.confirmed_at AS "confirmedAt", w.changed_at AS "unknownSince", w.version, w.attempts, w.held, w.error,
      CASE WHEN w.drift_at IS NOT NULL THEN jsonb_build_object('ours', w.drift_ours::text, 'theirs', w.drift_theirs::text, 'since', to_char(w.drift_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'cause', w.drift_cause, 'repairedAt', to_char(w.drift_repaired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END AS drift
    FROM channel_stock_listing w JOIN listing l ON l.id = w.listing_id JOIN item i ON i.id = l.item_id JOIN channel c ON c.id = w.channel_id
    WHERE c.code = ${ask.channel} AND l.id > ${ask.after}
      AND (${ask.only ?? null}::text IS NULL OR CASE ${ask.only ?? ''} WHEN 'open' THEN w.state <> 'confirmed' ELSE w.drift_at IS NOT NULL AND w.drift_repaired_at IS NULL END)
    ORDER BY l.id LIMIT ${ask.limit}`
}
