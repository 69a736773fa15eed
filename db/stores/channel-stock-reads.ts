import type { Db, Tx } from '#db/client'
import { transaction } from '#db/transaction'
import { DRIFT_CAUSES, type ChannelStockPolicy } from '#domain/channel-stock'
import {
  lockForCall,
  takeFromBudget,
  type Refused,
  type ToldListing,
} from './channel-stock-calls.ts'

/** What stands at the channel, by its own answer. */
export interface StandsThere {
  listingId: number
  remoteRef: string
  qty: bigint
}

export interface ReadBack {
  found: StandsThere[]
  missing: Refused[]
  /** When the question was asked: what was set after it is not judged by its answer. */
  askedAt: string
}

/**
 * Takes the channel's numbers for what stands there. A number that is neither the one we left nor
 * the one we want is drift; one that fell is given time, as the orders behind it may be on their
 * way, and one that would rise by too much waits for a person. Answers the listings that drifted.
 */
export async function settleRead(
  tx: Tx,
  { found, missing, askedAt }: ReadBack,
  policy: ChannelStockPolicy,
): Promise<{ drifted: number; held: number }> {
  const rows = await tx<{ drifted: boolean; held: boolean }[]>`
    UPDATE channel_stock_listing w SET remote_ref = a.ref, theirs = a.qty, theirs_at = clock_timestamp(), error = NULL, attempts = 0,
      state = CASE WHEN a.qty = w.target THEN 'confirmed' ELSE 'intended' END,
      changed_at = CASE WHEN a.qty <> w.target THEN coalesce(w.changed_at, clock_timestamp()) END,
      confirmed_at = CASE WHEN a.qty = w.target THEN clock_timestamp() ELSE w.confirmed_at END,
      not_before = CASE WHEN a.qty < w.theirs AND a.qty < w.target AND a.qty IS DISTINCT FROM w.sent_qty THEN clock_timestamp() + make_interval(secs => ${policy.settleSeconds}) END,
      held = d.drifted AND w.target - a.qty >= ${policy.driftCaseUnits} OR w.held AND a.qty < w.target,
      drift_at = CASE WHEN d.drifted THEN clock_timestamp() ELSE w.drift_at END,
      drift_ours = CASE WHEN d.drifted THEN w.theirs ELSE w.drift_ours END, drift_theirs = CASE WHEN d.drifted THEN a.qty ELSE w.drift_theirs END,
      drift_cause = CASE WHEN NOT d.drifted THEN w.drift_cause WHEN a.qty < w.theirs THEN ${DRIFT_CAUSES.fell} ELSE ${DRIFT_CAUSES.rose} END,
      drift_repaired_at = CASE WHEN d.drifted THEN NULL WHEN a.qty = w.target AND w.drift_at IS NOT NULL THEN coalesce(w.drift_repaired_at, clock_timestamp()) ELSE w.drift_repaired_at END,
      sent_qty = NULL, sent_key = NULL, lease_until = NULL
    FROM unnest(${found.map((f) => f.listingId)}::int[], ${found.map((f) => f.remoteRef)}::text[], ${found.map((f) => f.qty.toString())}::bigint[]) AS a (id, ref, qty)
    JOIN channel_stock_listing o ON o.listing_id = a.id
    CROSS JOIN LATERAL (SELECT coalesce(a.qty <> o.theirs AND a.qty <> o.target AND a.qty IS DISTINCT FROM o.sent_qty, false) AS drifted) d
    WHERE w.listing_id = a.id AND ${mayJudge(tx, askedAt)} RETURNING d.drifted, w.held`
  await tx`
    UPDATE channel_stock_listing w SET state = 'absent', error = m.message, attempts = w.attempts + 1, sent_qty = NULL, sent_key = NULL, lease_until = NULL
    FROM unnest(${missing.map((m) => m.listingId)}::int[], ${missing.map((m) => m.message)}::text[]) AS m (id, message)
    WHERE w.listing_id = m.id AND ${mayJudge(tx, askedAt)}`
  return {
    drifted: rows.filter((row) => row.drifted).length,
    held: rows.filter((row) => row.held).length,
  }
}

/** A call that is under way, or that ended after the question, knows better. */
const mayJudge = (tx: Tx, askedAt: string) => tx`
  (w.state <> 'sent' OR w.lease_until < clock_timestamp()) AND (w.theirs_at IS NULL OR w.theirs_at < ${askedAt}) AND (w.sent_at IS NULL OR w.sent_at < ${askedAt})`

export interface SweepPage {
  /** The listing behind which it begins. */
  from: number
  askedAt: string
  listings: ToldListing[]
  /** True when this page is the last one. */
  last: boolean
}

/** Takes the next page of the sweep on, or begins one; undefined while the channel is left alone. */
export async function takeSweepPage(
  db: Db,
  channelId: number,
  policy: ChannelStockPolicy,
): Promise<SweepPage | undefined> {
  return transaction(db, async (tx) => {
    if (!(await lockForCall(tx, channelId))) return undefined
    if ((await takeFromBudget(tx, channelId, policy)) === null) return undefined
    await tx`
      UPDATE channel_stock SET sweep_no = sweep_no + 1, sweep_after = 0, sweep_started_at = clock_timestamp(), sweep_read = 0, sweep_drift = 0, sweep_wanted_by = NULL
      WHERE channel_id = ${channelId} AND sweep_after IS NULL`
    const [at] = await tx<{ from: number; askedAt: string }[]>`
      SELECT sweep_after AS "from", clock_timestamp() AS "askedAt" FROM channel_stock WHERE channel_id = ${channelId}`
    const listings = await tx<ToldListing[]>`
      SELECT w.listing_id AS "listingId", l.external_id AS "externalId", w.remote_ref AS "remoteRef"
      FROM channel_stock s JOIN channel_stock_listing w ON w.channel_id = s.channel_id AND w.listing_id > s.sweep_after JOIN listing l ON l.id = w.listing_id
      WHERE s.channel_id = ${channelId} ORDER BY w.listing_id LIMIT ${policy.batch}`
    return { ...at!, listings, last: listings.length < policy.batch }
  })
}

/** Counts a page and says how far the sweep is; the last one ends it. */
export async function sweptPage(
  tx: Tx,
  channelId: number,
  { from, listings, last }: SweepPage,
  drifted: number,
): Promise<{ read: number; drifted: number }> {
  const [row] = await tx<{ read: number; drifted: number }[]>`
    UPDATE channel_stock SET sweep_read = sweep_read + ${listings.length}, sweep_drift = sweep_drift + ${drifted},
      sweep_after = CASE WHEN ${last} THEN NULL ELSE ${listings.at(-1)?.listingId ?? 0}::int END, swept_at = CASE WHEN ${last} THEN clock_timestamp() ELSE swept_at END
    WHERE channel_id = ${channelId} AND sweep_after = ${from} RETURNING sweep_read AS read, sweep_drift AS drifted`
  return row ?? { read: 0, drifted: 0 }
}
