import { createHash } from 'node:crypto'
import type { Db, Tx } from '#db/client'
import { lagOf } from '#db/queries/channel-stock'
import { transaction } from '#db/transaction'
import { lagBuffer, pauseAfterFailures, type ChannelStockPolicy } from '#domain/channel-stock'
import { isDue } from './channel-stock-plan.ts'

export interface ToldListing {
  listingId: number
  externalId: string
  remoteRef: string | null
}

export interface SetListing extends ToldListing {
  remoteRef: string
  /** What is believed to stand there: another number there means that nothing is set. */
  theirs: bigint
  qty: bigint
}

/** The one call that is to be made now; its rows say so before it is made. */
export type StockCall =
  | { call: 'none' }
  | { call: 'ask'; listings: ToldListing[]; askedAt: string }
  | { call: 'set'; key: string; listings: SetListing[] }

/** Longer than any call may take: whose lease is over has died, and what it did is asked about. */
const LEASE_SECONDS = 90

/**
 * Takes the next call on: lower numbers first, as they are what is oversold, then questions, then
 * the rest. Of two workers the later one finds the rows taken.
 */
export async function takeCall(
  db: Db,
  channelId: number,
  policy: ChannelStockPolicy,
): Promise<StockCall> {
  return transaction(db, async (tx) => {
    if (!(await lockForCall(tx, channelId))) return { call: 'none' }
    const [due] = await tx<
      { now: string; lower: number; ask: number; raise: number; lag: number }[]
    >`
      SELECT clock_timestamp() AS now, (count(*) FILTER (WHERE w.state IN ('intended', 'failed') AND w.target < w.theirs))::int AS lower, (count(*) FILTER (WHERE w.state IN ('unknown', 'sent')))::int AS ask,
        (count(*) FILTER (WHERE w.state IN ('intended', 'failed')))::int AS raise, ${lagOf(tx, channelId)} AS lag
      FROM channel_stock_listing w WHERE w.channel_id = ${channelId} AND w.state <> 'confirmed' AND ${isDue(tx)}`
    const { now, lower, ask, raise, lag } = due!
    if (lower + ask + raise === 0) return { call: 'none' }
    const number = await takeFromBudget(tx, channelId, policy)
    if (number === null) return { call: 'none' }
    if (lower === 0 && ask > 0)
      return {
        call: 'ask',
        listings: await toAsk(tx, channelId, policy.batch),
        askedAt: now,
      }
    const listings = await claimSet(tx, channelId, policy.batch, {
      key: keyOf(channelId, number),
      buffer: lagBuffer(policy, lag),
    })
    return { call: 'set', key: keyOf(channelId, number), listings }
  })
}

/** The channel's own form of a key: a UUID, the same for the same call. */
function keyOf(channelId: number, number: bigint): string {
  const digest = createHash('sha256').update(`channel-stock/${channelId}/${number}`).digest('hex')
  return [8, 12, 16, 20, 32].map((end, n, ends) => digest.slice(ends[n - 1] ?? 0, end)).join('-')
}

/** Holds the channel while a call is chosen; false while it is paused or left alone. */
export async function lockForCall(tx: Tx, channelId: number): Promise<boolean> {
  const rows = await tx`
    SELECT 1 FROM channel_stock WHERE channel_id = ${channelId} AND state = 'on' AND (not_before IS NULL OR not_before <= clock_timestamp()) FOR NO KEY UPDATE`
  return rows.length > 0
}

/**
 * Our own limit, kept with the channel so that all workers share it: a bucket of ten seconds' calls.
 * Answers the number of the call, or null when it has to wait.
 */
export async function takeFromBudget(
  tx: Tx,
  channelId: number,
  { callsPerMinute }: ChannelStockPolicy,
): Promise<bigint | null> {
  const perSecond = (callsPerMinute * 1000) / 60
  const most = Math.max(1000, perSecond * 10)
  const [row] = await tx<{ number: bigint | null }[]>`
    UPDATE channel_stock s SET budget_at = clock_timestamp(), budget_milli = b.milli - CASE WHEN b.milli >= 1000 THEN 1000 ELSE 0 END,
      calls = calls + CASE WHEN b.milli >= 1000 THEN 1 ELSE 0 END,
      not_before = CASE WHEN b.milli >= 1000 THEN NULL ELSE clock_timestamp() + make_interval(secs => (1000 - b.milli) / ${perSecond}::float8) END,
      waits_because = CASE WHEN b.milli >= 1000 THEN NULL ELSE 'our own limit of calls' END
    FROM (SELECT floor(least(${most}::float8, budget_milli + extract(epoch FROM clock_timestamp() - budget_at)::float8 * ${perSecond}::float8))::bigint AS milli
      FROM channel_stock WHERE channel_id = ${channelId}) b
    WHERE s.channel_id = ${channelId} RETURNING CASE WHEN b.milli >= 1000 THEN s.calls END AS number`
  return row!.number
}

async function toAsk(tx: Tx, channelId: number, batch: number): Promise<ToldListing[]> {
  return tx<ToldListing[]>`
    SELECT w.listing_id AS "listingId", l.external_id AS "externalId", w.remote_ref AS "remoteRef"
    FROM channel_stock_listing w JOIN listing l ON l.id = w.listing_id
    WHERE w.channel_id = ${channelId} AND w.state IN ('unknown', 'sent') AND ${isDue(tx)} ORDER BY w.changed_at, w.listing_id LIMIT ${batch}`
}

async function claimSet(
  tx: Tx,
  channelId: number,
  batch: number,
  { key, buffer }: { key: string; buffer: number },
): Promise<SetListing[]> {
  return tx<SetListing[]>`
    UPDATE channel_stock_listing w SET state = 'sent', lag_buffer = least(${buffer}, w.listable), sent_qty = greatest(0, w.listable - ${buffer}), sent_version = w.version,
      sent_key = ${key}, sent_at = clock_timestamp(), lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    FROM listing l
    WHERE l.id = w.listing_id AND w.listing_id IN (
      SELECT w.listing_id FROM channel_stock_listing w WHERE w.channel_id = ${channelId} AND w.state IN ('intended', 'failed') AND ${isDue(tx)}
      ORDER BY (w.target < w.theirs) DESC, w.changed_at, w.listing_id LIMIT ${batch})
    RETURNING w.listing_id AS "listingId", l.external_id AS "externalId", w.remote_ref AS "remoteRef", w.theirs, w.sent_qty AS qty`
}

export interface Refused {
  listingId: number
  message: string
  /** The channel does not know the listing at all. */
  absent: boolean
}

/** What one call made of its listings; those that it does not name were not touched, or nobody knows. */
export interface SetOutcome {
  done: number[]
  stale: number[]
  refused: Refused[]
  /** What becomes of all others: they may have been set, or certainly were not. */
  others: 'unknown' | 'not-set'
  message: string | null
}

/** Writes down what became of a call. A row that has meanwhile been asked about keeps what was learnt. */
export async function settleSet(tx: Tx, key: string, outcome: SetOutcome): Promise<void> {
  const { done, stale, refused, others, message } = outcome
  await tx`
    UPDATE channel_stock_listing w SET theirs = w.sent_qty, theirs_at = clock_timestamp(), confirmed_at = clock_timestamp(), attempts = 0, error = NULL, not_before = NULL, held = false,
      state = CASE WHEN w.target = w.sent_qty THEN 'confirmed' ELSE 'intended' END, changed_at = CASE WHEN w.target = w.sent_qty THEN NULL ELSE w.sent_at END,
      drift_repaired_at = CASE WHEN w.drift_at IS NOT NULL THEN coalesce(w.drift_repaired_at, clock_timestamp()) END, ${unsent(tx)}
    WHERE w.sent_key = ${key} AND w.state = 'sent' AND w.listing_id = ANY (${done}::int[])`
  await tx`
    UPDATE channel_stock_listing w SET state = 'unknown', error = 'another number stands there than we left', ${unsent(tx)}
    WHERE w.sent_key = ${key} AND w.state = 'sent' AND w.listing_id = ANY (${stale}::int[])`
  await tx`
    UPDATE channel_stock_listing w SET state = CASE WHEN r.absent THEN 'absent' ELSE 'failed' END, attempts = w.attempts + 1, error = r.message,
      not_before = clock_timestamp() + make_interval(secs => least(3600, 30 * 2 ^ least(w.attempts, 7))), ${unsent(tx)}
    FROM unnest(${refused.map((r) => r.listingId)}::int[], ${refused.map((r) => r.message)}::text[], ${refused.map((r) => r.absent)}::boolean[]) AS r (id, message, absent)
    WHERE w.listing_id = r.id AND w.sent_key = ${key} AND w.state = 'sent'`
  if (others === 'unknown')
    await tx`UPDATE channel_stock_listing w SET state = 'unknown', error = ${message} WHERE w.sent_key = ${key} AND w.state = 'sent'`
  else
    await tx`UPDATE channel_stock_listing w SET state = 'intended', error = ${message}, ${unsent(tx)} WHERE w.sent_key = ${key} AND w.state = 'sent'`
}

const unsent = (tx: Tx) => tx`sent_qty = NULL, sent_key = NULL, lease_until = NULL`

/**
 * The channel has answered: it works, and this is what it says of its limit. First of all in a
 * transaction that settles, as it holds the channel: lookers and callers lock it before listings too.
 */
export async function channelAnswered(
  tx: Tx,
  channelId: number,
  throttle: Record<string, number> | null,
): Promise<void> {
  await tx`
    UPDATE channel_stock SET failures = 0, failing_since = NULL, last_error = NULL, throttle = coalesce(${throttle ? tx.json(throttle) : null}, throttle)
    WHERE channel_id = ${channelId}`
}

/** The channel asks us to slow down: that is no failure, but nobody calls before it wishes. */
export async function channelThrottled(tx: Tx, channelId: number, waitMs: number): Promise<void> {
  await tx`
    UPDATE channel_stock SET not_before = greatest(not_before, clock_timestamp() + make_interval(secs => ${waitMs / 1000}::float8)), waits_because = 'the channel asks us to slow down'
    WHERE channel_id = ${channelId}`
}

/** No answer, or none that can be used: the channel is left alone, ever longer. */
export async function channelFailed(tx: Tx, channelId: number, message: string): Promise<void> {
  const [row] = await tx<{ failures: number }[]>`
    UPDATE channel_stock SET failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()), last_error = ${message}
    WHERE channel_id = ${channelId} RETURNING failures`
  await tx`
    UPDATE channel_stock SET not_before = clock_timestamp() + make_interval(secs => ${pauseAfterFailures(row!.failures)}), waits_because = 'the last call failed'
    WHERE channel_id = ${channelId}`
}
