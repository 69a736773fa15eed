import type { Db, Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import type { StockChannel } from './channel-stock-cases.ts'

export interface ToldChannel extends StockChannel {
  kind: string
  pollUrl: string
  pollSecretRef: string
  location: string | null
}

/** How a channel is told what it may sell; undefined when nobody wants it told. */
export async function readToldChannel(db: Db, code: string): Promise<ToldChannel | undefined> {
  const [row] = await db<ToldChannel[]>`
    SELECT c.id, c.code, c.entity_id AS "entityId", c.currency, c.kind, c.poll_url AS "pollUrl", c.poll_secret_ref AS "pollSecretRef", s.location
    FROM channel c JOIN channel_stock s ON s.channel_id = c.id
    WHERE c.code = ${code} AND c.status = 'active' AND c.poll_url IS NOT NULL AND s.state <> 'off'`
  return row
}

const TOLD_KINDS = ['shopify', 'woocommerce']

/**
 * Whether a channel is told what it may sell, and where it keeps the number. Switched on again, it
 * is computed and asked about anew, as anything may have happened meanwhile.
 * @throws Refusal StockSyncIncomplete, UnknownChannel
 */
export async function setStockSync(
  tx: Tx,
  code: string,
  wanted: { state: 'on' | 'paused' | 'off'; location: string | null; actor: string },
): Promise<{ before: string; location: string | null }> {
  const [channel] = await tx<{ id: number; kind: string; pollUrl: string | null }[]>`
    SELECT id, kind, poll_url AS "pollUrl" FROM channel WHERE code = ${code}`
  if (!channel) throw new Refusal('UnknownChannel', `There is no channel "${code}".`)
  const [known] = await tx<{ state: string; location: string | null }[]>`
    SELECT state, location FROM channel_stock WHERE channel_id = ${channel.id} FOR NO KEY UPDATE`
  const location = wanted.location ?? known?.location ?? null
  if (wanted.state !== 'off') {
    if (!TOLD_KINDS.includes(channel.kind) || channel.pollUrl === null)
      throw new Refusal(
        'StockSyncIncomplete',
        `Stock is told to Shopify and WooCommerce channels with a pollUrl: ${code} is a ${channel.kind} channel${channel.pollUrl === null ? ' without one' : ''}.`,
      )
    if (channel.kind === 'shopify' && location === null)
      throw new Refusal(
        'StockSyncIncomplete',
        'Shopify keeps stock by location: send the id of the location that is to show our number.',
        { field: 'body.location' },
      )
  }
  await tx`
    INSERT INTO channel_stock (channel_id, state, location, set_by) VALUES (${channel.id}, ${wanted.state}, ${location}, ${wanted.actor})
    ON CONFLICT (channel_id) DO UPDATE SET state = excluded.state, location = excluded.location, set_by = excluded.set_by, not_before = NULL, failing_since = NULL, failures = 0`
  const anew =
    known && wanted.state !== 'off' && (known.state === 'off' || known.location !== location)
  if (anew) {
    await tx`UPDATE channel_stock SET looked_to = NULL, looked_whole_at = NULL, whole_after = NULL WHERE channel_id = ${channel.id}`
    await tx`
      UPDATE channel_stock_listing SET state = 'unknown', theirs = NULL, changed_at = clock_timestamp(), held = false, not_before = NULL WHERE channel_id = ${channel.id} AND state <> 'sent'`
  }
  return { before: known?.state ?? 'off', location }
}

/** The whole channel is read back as soon as it may be called. False when it is not told at all. */
export async function wantSweep(tx: Tx, code: string, actor: string): Promise<boolean> {
  const rows = await tx`
    UPDATE channel_stock SET sweep_wanted_by = ${actor} WHERE channel_id = (SELECT id FROM channel WHERE code = ${code}) AND state <> 'off' RETURNING 1`
  return rows.length > 0
}

/** Stops or resumes a channel that is told. */
export async function pauseOrResume(
  tx: Tx,
  code: string,
  state: 'on' | 'paused',
  actor: string,
): Promise<void> {
  await tx`
    UPDATE channel_stock SET state = ${state}, set_by = ${actor} WHERE channel_id = (SELECT id FROM channel WHERE code = ${code}) AND state <> 'off'`
}
