import { randomBytes } from 'node:crypto'
import type { Db } from '#db/client'
import { setStockSync } from '#db/stores/channel-stock'
import type { Tx } from '#db/client'
import { DEFAULT_CHANNEL_STOCK, type ChannelStockPolicy } from '#domain/channel-stock'

/** A channel that is told what it may sell, with listings and a patient rule. */
export interface ToldShop {
  code: string
  /** The rule gets its next version; what is not named is as patient as tests are not. */
  rule(changes: Partial<ChannelStockPolicy>): Promise<void>
  list(
    externalId: string,
    sku: string,
    more?: { packFactor?: number; buffer?: number },
  ): Promise<number>
  row(externalId: string): Promise<ToldRow>
}

interface ToldRow {
  state: string
  listable: bigint
  lagBuffer: bigint
  theirs: bigint | null
  held: boolean
  error: string | null
  driftOurs: bigint | null
  driftTheirs: bigint | null
  driftCause: string | null
  repaired: boolean
}

const QUICK: ChannelStockPolicy = {
  ...DEFAULT_CHANNEL_STOCK,
  callsPerMinute: 6000,
  settleSeconds: 1,
}

/** A process is known by its channel for life, also to the Temporal of an earlier run. */
const run = randomBytes(4).toString('hex')

export async function toldShop(
  admin: Db,
  {
    kind,
    url,
    secret,
    entityId,
    name = kind,
  }: {
    kind: 'shopify' | 'woocommerce'
    url: string
    secret: string
    entityId: number
    name?: string
  },
): Promise<ToldShop> {
  const code = `${name}-${run}`
  const [channel] = await admin<{ id: number }[]>`
    INSERT INTO channel (code, name, kind, entity_id, currency, poll_url, poll_secret_ref, poll_seconds)
    VALUES (${code}, 'Told shop', ${kind}, ${entityId}, 'USD', ${url}, ${secret}, 3600) RETURNING id`
  let version = 0
  const shop: ToldShop = {
    code,
    rule: async (changes) => {
      version += 1
      await admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('channel-stock', ${code}, ${version}, 'tests', ${admin.json({ ...QUICK, ...changes })})`
    },
    list: async (externalId, sku, { packFactor = 1, buffer = 0 } = {}) => {
      const [row] = await admin<{ id: number }[]>`
        INSERT INTO listing (channel_id, external_id, item_id, pack_factor, buffer)
        SELECT ${channel!.id}, ${externalId}, id, ${packFactor}, ${buffer} FROM item WHERE sku = ${sku} RETURNING id`
      return row!.id
    },
    row: async (externalId) => {
      const [row] = await admin<ToldRow[]>`
        SELECT w.state, w.listable, w.lag_buffer AS "lagBuffer", w.theirs, w.held, w.error, w.drift_ours AS "driftOurs", w.drift_theirs AS "driftTheirs",
          w.drift_cause AS "driftCause", w.drift_repaired_at IS NOT NULL AS repaired
        FROM channel_stock_listing w JOIN listing l ON l.id = w.listing_id WHERE l.channel_id = ${channel!.id} AND l.external_id = ${externalId}`
      return row!
    },
  }
  await shop.rule({})
  await admin.begin((tx) =>
    setStockSync(tx as unknown as Tx, code, { state: 'on', location: '77', actor: 'test' }),
  )
  return shop
}
