import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { channelSyncId, syncNow } from '#contracts/channel-sync'
import { startShopSimulator, type ShopSimulator } from '#simulators/shop'
import { aShopifyOrder, aWoocommerceOrder } from '#tests/api/channel-messages'
import { eventually, runningApi, shopifyWebhook, type RunningApi } from '#tests/api/running-api'
import { bigAmazon, type AmazonStandIn } from '#tests/support/amazon-stand-in'

/** A process is known by its channel for life, also to the Temporal of an earlier run. */
const run = randomBytes(4).toString('hex')
const shopify = `shop-${run}`
const woo = `woo-${run}`
const amazon = `amz-${run}`
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

let api: RunningApi
let shop: ShopSimulator
let seller: AmazonStandIn
let stop: () => Promise<void>
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 500 }, MUG: { east: 500 } } })
  shop = await startShopSimulator({ seed: 1, pageSize: 3 })
  seller = await bigAmazon()
  process.env['TEST_SHOP_TOKEN'] = 'shpat_test'
  process.env['TEST_WOO_KEYS'] = 'ck_test:cs_test'
  process.env['TEST_AMAZON'] = seller.credential
  const at = { url: shop.url, entity: api.company.entityId }
  await api.system.admin`
    INSERT INTO channel (code, name, kind, entity_id, currency, secret_refs, marketplace, poll_url, poll_secret_ref, poll_seconds) VALUES
      (${shopify}, 'Polled shop', 'shopify', ${at.entity}, 'USD', '{SHOP_NEW}', false, ${at.url}, 'TEST_SHOP_TOKEN', 1),
      (${woo}, 'Polled shop', 'woocommerce', ${at.entity}, 'USD', '{}', false, ${at.url}, 'TEST_WOO_KEYS', 1),
      (${amazon}, 'Polled seller', 'amazon', ${at.entity}, 'USD', '{}', true, ${seller.url}, 'TEST_AMAZON', 1)`
  stop = await api.notify()
})
afterAll(async () => {
  for (const channel of [shopify, woo, amazon])
    await processOf(channel)
      .terminate('the test is over')
      .catch(() => undefined)
  await stop()
  await Promise.all([shop.close(), seller.close()])
  await api.close()
})

const processOf = (channel: string) => api.system.client.workflow.getHandle(channelSyncId(channel))
const orders = (channel: string) =>
  api.system.admin<{ id: string; version: string; phase: string; note: string | null }[]>`
    SELECT o.external_id AS id, o.external_version AS version, o.phase FROM sales_order o JOIN channel c ON c.id = o.channel_id
    WHERE c.code = ${channel} ORDER BY o.external_id`
const inbox = (channel: string) =>
  api.system.admin<{ eventId: string; outcome: string }[]>`
    SELECT event_id AS "eventId", outcome FROM inbox WHERE split_part(source, '/', 2) = ${channel} ORDER BY id`

describe('an order whose webhook was lost', () => {
  test('on Shopify is found by the next sweep, over as many pages as it takes', async () => {
    const lost = Array.from({ length: 8 }, (_, n) =>
      aShopifyOrder({ updated_at: minutesAgo(30 - n) }),
    )
    for (const order of lost) shop.put('shopify', order)
    const found = await eventually(
      () => orders(shopify),
      (rows) => rows.length === 8,
    )
    expect(found.map((row) => row.id)).toEqual(lost.map((order) => String(order['id'])).sort())
    expect(found.every((row) => row.phase === 'released')).toBe(true)
  })

  test('on WooCommerce too, also when many were changed in the same second', async () => {
    const at = minutesAgo(20).slice(0, 19)
    const lost = Array.from({ length: 7 }, () => aWoocommerceOrder({ date_modified_gmt: at }))
    for (const order of lost) shop.put('woocommerce', order)
    const found = await eventually(
      () => orders(woo),
      (rows) => rows.length === 7,
    )
    expect(found.every((row) => row.phase === 'released')).toBe(true)
  })

  test('on Amazon is fetched with its items; a pending one later, when it has a price', async () => {
    const [ready, pending] = [seller.order(), seller.order({ OrderStatus: 'Pending' })]
    await eventually(
      () => orders(amazon),
      (rows) => rows.length === 1 && rows[0]!.id === ready,
    )
    seller.change(pending, { OrderStatus: 'Unshipped', LastUpdateDate: minutesAgo(1) })
    await eventually(
      () => orders(amazon),
      (rows) => rows.length === 2,
    )
    expect((await inbox(amazon)).every((row) => row.outcome === 'accepted')).toBe(true)
    expect(seller.itemCalls(ready), 'items are fetched once a version').toBe(1)
  })
})

test('an order that a webhook has told is not taken again', async () => {
  const order = aShopifyOrder({ updated_at: minutesAgo(2) })
  await shopifyWebhook(api, order, {}, shopify)
  await eventually(
    () => orders(shopify),
    (rows) => rows.some((row) => row.id === String(order['id'])),
  )
  shop.put('shopify', order)
  const calls = shop.journal.calls('shopify.orders').length
  await eventually(
    async () => shop.journal.calls('shopify.orders').length,
    (now) => now > calls + 3,
  )
  expect(
    (await inbox(shopify)).filter((row) => row.eventId.startsWith(String(order['id']))),
  ).toEqual([])
})

test('a change that no webhook told reaches the order', async () => {
  const order = aShopifyOrder({ updated_at: minutesAgo(5), financial_status: 'pending' })
  shop.put('shopify', order)
  const mine = async () => (await orders(shopify)).find((row) => row.id === String(order['id']))
  await eventually(mine, (row) => row?.phase === 'held')
  shop.put('shopify', { ...order, updated_at: minutesAgo(1), financial_status: 'paid' })
  await eventually(mine, (row) => row?.phase === 'released')
})

test('one that cannot be read asks somebody once, and keeps none behind it', async () => {
  const broken = aShopifyOrder({ updated_at: minutesAgo(4), total_price: '1.00' })
  const unstorable = aShopifyOrder({ updated_at: minutesAgo(4), note: 'half \ud800' })
  const sound = aShopifyOrder({ updated_at: minutesAgo(3) })
  for (const order of [broken, unstorable, sound]) shop.put('shopify', order)
  await eventually(
    () => orders(shopify),
    (rows) => rows.some((row) => row.id === String(sound['id'])),
  )
  for (const order of [broken, unstorable]) {
    const [row] = await api.system.admin<{ n: number }[]>`
      SELECT count(*)::int AS n FROM exception_case WHERE type = 'document-refused' AND evidence->>'externalId' = ${String(order['id'])}`
    expect(row!.n).toBe(1)
  }
})

test('a channel that asks us to slow down is left alone as long as it wishes', async () => {
  shop.faults.add({ kind: 'decline', operation: 'shopify.orders' })
  const refused = async () =>
    shop.journal.entries.filter((one) => one.operation === 'shopify.orders' && one.status === 429)
  const [first] = await eventually(refused, (found) => found.length === 1)
  const later = shop.journal.entries.find(
    (one) => one.operation === 'shopify.orders' && one.seq > first!.seq,
  )
  const next = await eventually(
    async () =>
      later ??
      shop.journal.entries.find(
        (one) => one.operation === 'shopify.orders' && one.seq > first!.seq && one.status === 200,
      ),
    (one) => one !== undefined,
  )
  expect(Date.parse(next!.at) - Date.parse(first!.at)).toBeGreaterThanOrEqual(950)
})

test('a channel that is paused ends its process; active again, it has one', async () => {
  const { admin } = api.system
  await admin`UPDATE channel SET status = 'paused' WHERE code = ${woo}`
  await processOf(woo).signal(syncNow)
  await processOf(woo).result()
  const order = aWoocommerceOrder({ date_modified_gmt: minutesAgo(1).slice(0, 19) })
  shop.put('woocommerce', order)
  await admin`UPDATE channel SET status = 'active' WHERE code = ${woo}`
  await eventually(
    () => orders(woo),
    (rows) => rows.some((row) => row.id === String(order['id'])),
  )
})
