import type { Db, Tx } from '#db/client'
import { lagOf } from '#db/queries/channel-stock'
import { availableToSell } from '#db/queries/stock'
import { transaction } from '#db/transaction'
import { EVERYWHERE } from '#domain/scopes'
import { lagBuffer, type ChannelStockPolicy } from '#domain/channel-stock'

/** How a channel's stock stands after a look at what has changed. */
export interface StockLook {
  state: 'on' | 'paused' | 'off'
  /** Listings whose quantity this look has changed. */
  changed: number
  /** Listings that the channel has not been told of, and those that may be told or asked about now. */
  open: number
  due: number
  lagSeconds: number
  lagBuffer: number
  sweepDue: boolean
  /** Until when and why the channel is left alone. */
  waitsUntil: string | null
  waitsBecause: string | null
}

export const NOT_TOLD: StockLook = {
  state: 'off',
  changed: 0,
  open: 0,
  due: 0,
  lagSeconds: 0,
  lagBuffer: 0,
  sweepDue: false,
  waitsUntil: null,
  waitsBecause: null,
}

/** Changes may become visible a little after their time stamp; looked at again, they do no harm. */
const OVERLAP_SECONDS = 10
const SKUS_AT_A_TIME = 1000

interface Looked {
  channelId: number
  now: string
  /** The last look; changes of shortly before it are looked at again. */
  lookedTo: string
  from: string
  /** Behind which listing the next slice of all of them begins; null: none is due. */
  wholeAfter: number | null
}

/**
 * Finds what has changed since the last look, computes what each of those listings may sell by the
 * same query as `GET /v1/stock/ats`, and writes down what differs. Lookers come one after the other,
 * so that a slow one cannot put an older number over a newer one.
 */
export async function lookForChanges(
  db: Db,
  channel: string,
  policy: ChannelStockPolicy,
): Promise<StockLook> {
  return transaction(db, async (tx) => {
    const looked = await beginLook(tx, channel, policy)
    if (!looked) return NOT_TOLD
    let changed = 0
    const skus = [...(await changedSkus(tx, looked))]
    for (let n = 0; n < skus.length; n += SKUS_AT_A_TIME)
      changed += await writeDeltas(tx, channel, looked, skus.slice(n, n + SKUS_AT_A_TIME))
    await tx`UPDATE channel_stock SET looked_to = ${looked.now} WHERE channel_id = ${looked.channelId}`
    if (looked.wholeAfter !== null) changed += await lookAtSlice(tx, channel, looked)
    const standing = await standingOf(tx, looked.channelId, policy)
    if (standing.lagBuffer === 0) await giveBufferBack(tx, looked.channelId)
    return { ...standing, changed }
  })
}

async function beginLook(
  tx: Tx,
  channel: string,
  policy: ChannelStockPolicy,
): Promise<Looked | undefined> {
  const [row] = await tx<Looked[]>`
    SELECT s.channel_id AS "channelId", clock_timestamp() AS now,
      coalesce(s.looked_to, clock_timestamp()) AS "lookedTo", coalesce(s.looked_to, clock_timestamp()) - make_interval(secs => ${OVERLAP_SECONDS}) AS "from",
      CASE WHEN s.whole_after IS NOT NULL OR s.looked_whole_at IS NULL OR s.looked_whole_at < clock_timestamp() - make_interval(secs => ${policy.wholeLookSeconds})
        THEN coalesce(s.whole_after, 0) END AS "wholeAfter"
    FROM channel_stock s JOIN channel c ON c.id = s.channel_id
    WHERE c.code = ${channel} AND s.state <> 'off' AND c.status = 'active' AND c.poll_url IS NOT NULL FOR NO KEY UPDATE OF s`
  return row
}

interface ChangedSku {
  sku: string
  changedAt: string
}

/**
 * Kits have no stock of their own, so their listings are not told. What an earlier look has seen
 * already must not make a new change look older than it is.
 */
async function changedSkus(tx: Tx, { channelId, lookedTo, from }: Looked): Promise<ChangedSku[]> {
  return tx<ChangedSku[]>`
    SELECT i.sku, greatest(min(t.at), ${lookedTo}::timestamptz) AS "changedAt" FROM (
      SELECT item_id, changed_at AS at FROM stock_position WHERE changed_at >= ${from} AND condition = 'sellable'
      UNION ALL SELECT item_id, changed_at FROM stock_pool WHERE changed_at >= ${from}
      UNION ALL SELECT item_id, recorded_at FROM missing_stock WHERE recorded_at >= ${from}
      UNION ALL SELECT item_id, settled_at FROM missing_stock WHERE settled_at >= ${from}
      UNION ALL SELECT item_id, recorded_at FROM stock_policy WHERE recorded_at >= ${from}
      UNION ALL SELECT item_id, changed_at FROM listing WHERE channel_id = ${channelId} AND changed_at >= ${from}) t
    JOIN item i ON i.id = t.item_id AND i.kind = 'stock'
    WHERE EXISTS (SELECT FROM listing l WHERE l.item_id = i.id AND l.channel_id = ${channelId}) GROUP BY i.sku`
}

/** The next slice of all listings, for what has no mark of its change. */
async function lookAtSlice(tx: Tx, channel: string, looked: Looked): Promise<number> {
  const { channelId, now, wholeAfter } = looked
  const slice = await tx<{ id: number; sku: string; isStock: boolean }[]>`
    SELECT l.id, i.sku, i.kind = 'stock' AS "isStock" FROM listing l JOIN item i ON i.id = l.item_id
    WHERE l.channel_id = ${channelId} AND l.id > ${wholeAfter} ORDER BY l.id LIMIT ${SKUS_AT_A_TIME}`
  const skus = new Set(slice.filter((one) => one.isStock).map((one) => one.sku))
  const ended = slice.length < SKUS_AT_A_TIME
  await tx`
    UPDATE channel_stock SET whole_after = ${ended ? null : slice.at(-1)!.id}, looked_whole_at = CASE WHEN ${ended} THEN ${now} ELSE looked_whole_at END
    WHERE channel_id = ${channelId}`
  return writeDeltas(
    tx,
    channel,
    looked,
    [...skus].map((sku) => ({ sku, changedAt: now })),
  )
}

async function writeDeltas(
  tx: Tx,
  channel: string,
  { channelId }: Looked,
  skus: ChangedSku[],
): Promise<number> {
  const wanted = await availableToSell(tx, {
    skus: skus.map(({ sku }) => sku),
    channel,
    scopes: EVERYWHERE,
    afterSku: '',
    afterSite: '',
    limit: 1_000_000,
  })
  const listable = new Map<string, bigint>()
  for (const { externalId, listable: here } of wanted.flatMap((row) => row.listings))
    listable.set(externalId, (listable.get(externalId) ?? 0n) + BigInt(here))
  const rows = await tx`
    INSERT INTO channel_stock_listing (listing_id, channel_id, listable, changed_at)
    SELECT l.id, ${channelId}, coalesce(a.listable, 0), t.at
    FROM unnest(${skus.map(({ sku }) => sku)}::text[], ${skus.map(({ changedAt }) => changedAt)}::timestamptz[]) AS t (sku, at)
    JOIN item i ON i.sku = t.sku JOIN listing l ON l.item_id = i.id AND l.channel_id = ${channelId}
    LEFT JOIN unnest(${[...listable.keys()]}::text[], ${[...listable.values()].map(String)}::bigint[]) AS a (external_id, listable) ON a.external_id = l.external_id
    ON CONFLICT (listing_id) DO UPDATE SET listable = excluded.listable, version = channel_stock_listing.version + 1,
      lag_buffer = CASE WHEN channel_stock_listing.state IN ('confirmed', 'intended', 'failed') THEN 0 ELSE channel_stock_listing.lag_buffer END,
      state = CASE WHEN channel_stock_listing.state NOT IN ('confirmed', 'intended', 'failed') THEN channel_stock_listing.state
        WHEN channel_stock_listing.theirs = excluded.listable THEN 'confirmed' ELSE 'intended' END,
      changed_at = CASE WHEN channel_stock_listing.state IN ('confirmed', 'intended', 'failed') AND channel_stock_listing.theirs = excluded.listable THEN NULL
        ELSE coalesce(channel_stock_listing.changed_at, excluded.changed_at) END,
      not_before = CASE WHEN excluded.listable < channel_stock_listing.theirs THEN NULL ELSE channel_stock_listing.not_before END
    WHERE channel_stock_listing.listable <> excluded.listable RETURNING 1`
  return rows.length
}

/** What can be told or asked about at this moment. */
export const isDue = (tx: Tx) => tx`
  (w.state IN ('unknown', 'intended', 'failed') OR (w.state = 'sent' AND w.lease_until < clock_timestamp()))
  AND (w.not_before IS NULL OR w.not_before <= clock_timestamp()) AND (NOT w.held OR w.target < w.theirs)`

async function standingOf(
  tx: Tx,
  channelId: number,
  policy: ChannelStockPolicy,
): Promise<Omit<StockLook, 'changed'>> {
  const [row] = await tx<Omit<StockLook, 'changed' | 'lagBuffer'>[]>`
    SELECT s.state, ${lagOf(tx, channelId)} AS "lagSeconds", n.open,
      CASE WHEN s.state = 'on' AND (s.not_before IS NULL OR s.not_before <= clock_timestamp()) THEN n.due ELSE 0 END AS due,
      CASE WHEN s.not_before > clock_timestamp() THEN s.not_before END AS "waitsUntil", CASE WHEN s.not_before > clock_timestamp() THEN s.waits_because END AS "waitsBecause",
      s.state = 'on' AND (s.not_before IS NULL OR s.not_before <= clock_timestamp())
        AND (s.sweep_after IS NOT NULL OR s.sweep_wanted_by IS NOT NULL OR s.sweep_started_at < (date_trunc('day', (clock_timestamp() AT TIME ZONE e.timezone)
          - make_interval(hours => ${policy.sweepHour})) + make_interval(hours => ${policy.sweepHour})) AT TIME ZONE e.timezone) AS "sweepDue"
    FROM channel_stock s JOIN channel c ON c.id = s.channel_id JOIN entity e ON e.id = c.entity_id
    CROSS JOIN LATERAL (SELECT count(*)::int AS open, (count(*) FILTER (WHERE ${isDue(tx)}))::int AS due
      FROM channel_stock_listing w WHERE w.channel_id = s.channel_id AND w.state <> 'confirmed') n
    WHERE s.channel_id = ${channelId}`
  return { ...row!, lagBuffer: lagBuffer(policy, row!.lagSeconds) }
}

/** The channel has caught up: what was kept back of its last numbers is told again. */
async function giveBufferBack(tx: Tx, channelId: number): Promise<void> {
  await tx`
    UPDATE channel_stock_listing SET lag_buffer = 0, state = CASE WHEN theirs = listable THEN 'confirmed' ELSE 'intended' END,
      changed_at = CASE WHEN theirs = listable THEN NULL ELSE clock_timestamp() END
    WHERE channel_id = ${channelId} AND lag_buffer > 0 AND state = 'confirmed'`
}
