import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StockAccess } from '#activities/gateways/shop-stock'
import { SHOPIFY_STOCK } from '#activities/gateways/shopify-stock'
import { WOOCOMMERCE_STOCK } from '#activities/gateways/woocommerce-stock'
import { channelStockPolicy } from '#db/queries/channel-stock'
import { settleSet, takeCall } from '#db/stores/channel-stock-calls'
import { lookForChanges } from '#db/stores/channel-stock-plan'
import { settleRead, takeSweepPage } from '#db/stores/channel-stock-reads'
import { transaction } from '#db/transaction'
import { startShopSimulator, type ShopSimulator } from '#simulators/shop'
import { foundCompany, type Company } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { toldShop, type ToldShop } from '#tests/support/told-shop'

let database: TestDatabase
let company: Company
let shop: ShopSimulator
beforeAll(async () => {
  database = await freshDatabase()
  company = await foundCompany(database.admin, { MUG: { east: 60 }, LAMP: { east: 40 } })
  shop = await startShopSimulator({ seed: 1, bucket: { maximumAvailable: 40, restoreRate: 20 } })
})
afterAll(async () => {
  await shop.close()
  await database.drop()
})

const woo = (): StockAccess => ({
  kind: 'woocommerce',
  baseUrl: shop.url,
  credential: 'ck:cs',
  location: null,
})
const shopify = (): StockAccess => ({
  kind: 'shopify',
  baseUrl: shop.url,
  credential: 'shpat',
  location: '77',
})
const open = (name: string, kind: 'shopify' | 'woocommerce' = 'shopify'): Promise<ToldShop> =>
  toldShop(database.admin, {
    kind,
    url: shop.url,
    secret: 'UNUSED',
    entityId: company.entityId,
    name,
  })

async function look(told: ToldShop) {
  const [row] = await database.admin<
    { id: number }[]
  >`SELECT id FROM channel WHERE code = ${told.code}`
  const policy = await channelStockPolicy(database.db, told.code)
  const standing = await lookForChanges(database.db, told.code, policy)
  return { channelId: row!.id, policy, standing }
}

/** Reads everything once, so that all that is left is to set. */
async function askAll(told: ToldShop, quantity = 0) {
  const { channelId, policy } = await look(told)
  for (;;) {
    const call = await takeCall(database.db, channelId, policy)
    if (call.call !== 'ask') return { channelId, policy, call }
    const found = call.listings.map((one) => ({
      listingId: one.listingId,
      remoteRef: `gid://shopify/InventoryItem/${one.externalId}`,
      qty: BigInt(quantity),
    }))
    await transaction(database.db, (tx) =>
      settleRead(tx, { found, missing: [], askedAt: call.askedAt }, policy),
    )
  }
}

test('WooCommerce is read, checked and written; a variation is found with its product', async () => {
  shop.stock.put('woocommerce', '21', 5)
  shop.stock.put('woocommerce', '31', 6, '30')
  const unread = (listingId: number, externalId: string) => ({
    listingId,
    externalId,
    remoteRef: null,
  })
  const { found, missing } = await WOOCOMMERCE_STOCK.read(woo(), [
    unread(1, '21'),
    unread(2, '31'),
    unread(3, '99'),
  ])
  expect(found).toEqual([
    { listingId: 1, remoteRef: '21', qty: 5n },
    { listingId: 2, remoteRef: '30/31', qty: 6n },
  ])
  expect(missing).toEqual([{ listingId: 3, absent: true, message: 'there is no such product' }])

  shop.stock.put('woocommerce', '21', 4)
  const toSet = found.map((one) => ({
    ...one,
    externalId: one.remoteRef.split('/').at(-1)!,
    theirs: one.qty,
    qty: 9n,
  }))
  const set = await WOOCOMMERCE_STOCK.set(woo(), 'key', toSet)
  expect(set).toMatchObject({ done: [2], stale: [1], refused: [] })
  expect([
    shop.stock.quantity('woocommerce', '21'),
    shop.stock.quantity('woocommerce', '31'),
  ]).toEqual([4, 9])
})

test('WooCommerce’s 429 names the wait, and nothing was written', async () => {
  shop.faults.add({ kind: 'decline', operation: 'woocommerce.products' })
  const ask = WOOCOMMERCE_STOCK.read(woo(), [{ listingId: 1, externalId: '21', remoteRef: null }])
  await expect(ask).rejects.toMatchObject({ name: 'SlowDown', waitMs: 1000 })
})

test('Shopify’s throttle is waited out as long as the cost of the call takes to come back', async () => {
  const listings = Array.from({ length: 39 }, (_, n) => ({
    listingId: n,
    externalId: `${700 + n}`,
    remoteRef: null,
  }))
  await SHOPIFY_STOCK.read(shopify(), listings)
  const again = SHOPIFY_STOCK.read(shopify(), listings)
  const refusal = (await again.catch((error: unknown) => error)) as { name: string; waitMs: number }
  expect(refusal.name).toBe('SlowDown')
  expect(refusal.waitMs).toBeGreaterThan(1500)
  expect(refusal.waitMs).toBeLessThanOrEqual(2000)
})

test('one stale number of many: nothing is set, it is named, and the others are asked about', async () => {
  shop.stock.put('shopify', '801', 1)
  shop.stock.put('shopify', '802', 2)
  const one = (n: number, theirs: bigint) => ({
    listingId: n,
    externalId: `${n}`,
    remoteRef: `gid://shopify/InventoryItem/${n}`,
    theirs,
    qty: 50n,
  })
  await new Promise((resume) => setTimeout(resume, 1_000))
  const set = await SHOPIFY_STOCK.set(shopify(), '5b1f0f5e-0000-4000-8000-000000000001', [
    one(801, 1n),
    one(802, 9n),
  ])
  expect(set).toMatchObject({ done: [], stale: [802], refused: [] })
  expect(shop.stock.quantity('shopify', '801')).toBe(1)
})

test('two workers at once take every listing once', async () => {
  const told = await open('race')
  await told.rule({ batch: 3 })
  const ids = Array.from({ length: 20 }, (_, n) => `${900 + n}`)
  for (const id of ids) await told.list(id, 'MUG')
  const { channelId, policy, call } = await askAll(told)
  const taken = call.call === 'set' ? [call] : []
  const worker = async () => {
    for (;;) {
      const next = await takeCall(database.db, channelId, policy)
      if (next.call !== 'set') return
      taken.push(next)
      await transaction(database.db, (tx) =>
        settleSet(tx, next.key, {
          done: next.listings.map((one) => one.listingId),
          stale: [],
          refused: [],
          others: 'unknown',
          message: null,
        }),
      )
    }
  }
  await Promise.all(Array.from({ length: 6 }, worker))
  const pushed = taken.flatMap((one) => one.listings.map((listing) => listing.externalId)).sort()
  expect(pushed).toEqual(ids)
  expect(new Set(taken.map((one) => one.key)).size).toBe(taken.length)
})

test('a newer number takes the place of one that was not sent, and of one under way it is sent next', async () => {
  const told = await open('newer')
  await told.list('1', 'LAMP')
  const { channelId, policy, call } = await askAll(told)
  if (call.call !== 'set') throw new Error('nothing to set')
  expect(call.listings[0]).toMatchObject({ theirs: 0n, qty: 40n })
  await database.admin`UPDATE listing SET buffer = 10 WHERE external_id = '1'`
  await look(told)
  await transaction(database.db, (tx) =>
    settleSet(tx, call.key, {
      done: [call.listings[0]!.listingId],
      stale: [],
      refused: [],
      others: 'unknown',
      message: null,
    }),
  )
  expect(await told.row('1')).toMatchObject({ state: 'intended', theirs: 40n, listable: 30n })
  const next = await takeCall(database.db, channelId, policy)
  expect(next).toMatchObject({ call: 'set', listings: [{ theirs: 40n, qty: 30n }] })
})

test('our own limit of calls is kept, and the wait is said', async () => {
  const told = await open('limited')
  await told.rule({ callsPerMinute: 6, batch: 1 })
  for (const id of ['1', '2', '3']) await told.list(id, 'MUG')
  const { channelId, policy } = await look(told)
  expect((await takeCall(database.db, channelId, policy)).call).toBe('ask')
  expect((await takeCall(database.db, channelId, policy)).call).toBe('none')
  const { standing } = await look(told)
  expect(standing).toMatchObject({ due: 0, open: 3, waitsBecause: 'our own limit of calls' })
  const wait = Date.parse(standing.waitsUntil!) - Date.now()
  expect(wait).toBeGreaterThan(8_000)
  expect(wait).toBeLessThanOrEqual(10_000)
})

test('what was read before a push ended does not undo what the push has taught', async () => {
  const told = await open('crossed')
  await told.list('1', 'MUG')
  const { channelId, policy, call } = await askAll(told)
  const page = await takeSweepPage(database.db, channelId, policy)
  if (call.call !== 'set' || !page) throw new Error('nothing to set')
  const [listing] = call.listings
  await transaction(database.db, (tx) =>
    settleSet(tx, call.key, {
      done: [listing!.listingId],
      stale: [],
      refused: [],
      others: 'unknown',
      message: null,
    }),
  )
  const { drifted } = await transaction(database.db, (tx) =>
    settleRead(
      tx,
      {
        found: [{ listingId: listing!.listingId, remoteRef: 'x', qty: 0n }],
        missing: [],
        askedAt: page.askedAt,
      },
      policy,
    ),
  )
  expect(drifted).toBe(0)
  expect(await told.row('1')).toMatchObject({ state: 'confirmed', theirs: 60n })
})

test('a reservation stays a heap-only update: nobody pays for the cursor', async () => {
  const { admin } = database
  await admin`UPDATE stock_position SET changed_at = clock_timestamp()`
  const hot = async () => {
    await admin`SELECT pg_stat_force_next_flush()`
    const [row] = await admin<{ all: bigint; hot: bigint }[]>`
      SELECT n_tup_upd AS "all", n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'stock_position'`
    return row!
  }
  const before = await hot()
  await admin`UPDATE stock_position SET changed_at = clock_timestamp()`
  const after = await hot()
  expect(after.all).toBeGreaterThan(before.all)
  expect(after.hot - before.hot).toBe(after.all - before.all)
})
