import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  buyLabels,
  recordPayment,
  recordTracking,
  requestCancellation,
} from '#contracts/order-to-cash'
import type { OrderDocument } from '#contracts/order-intake'
import { aLine, anOrder, foundCompany, setPolicy } from '#tests/support/company'
import {
  aKey,
  desk,
  effectsOf,
  entryOf,
  expectRefused,
  fulfilmentsOf,
  linesOf,
  postedFor,
} from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

const year = new Date().getUTCFullYear()
const newYear = `${year}-01-01`
const today = new Date().toISOString().slice(0, 10)

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin, {
    MUG: { east: 1000 },
    LAMP: { east: 100, west: 10 },
    CHAIR: {},
    TEA: {},
  })
  await system.admin`UPDATE carrier_service SET base_minor = 650, per_kg_minor = 0 WHERE service = 'Ground'`
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source)
    VALUES ('EUR', 'USD', ${newYear}, 1100000000, 'test'), ('EUR', 'USD', ${today}, 1200000000, 'test')`
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

async function place(document: OrderDocument) {
  const placed = await system.place(document)
  return { ...desk(system, document), orderId: placed.orderId, at: placed }
}

/** Value in our own currency that an order has left on an account. */
async function functional(orderId: string, account: number): Promise<bigint> {
  const [row] = await system.db<{ minor: bigint }[]>`
    SELECT coalesce(sum(func_minor), 0)::bigint AS minor FROM journal_line WHERE order_id = ${orderId} AND account_id = ${account}`
  return row!.minor
}

const paidOn = (document: OrderDocument, effectiveOn: string) => ({
  key: aKey(),
  kind: 'captured' as const,
  provider: 'stripe',
  reference: document.payment.reference!,
  amountMinor: document.total.minor,
  effectiveOn,
  actor: 'stripe',
})

const euros = (
  line: Parameters<typeof aLine>[0],
  state: 'pending' | 'authorised' = 'pending',
): OrderDocument => {
  const amountMinor = state === 'pending' ? '0' : 'all'
  const reference = `pi_eur_${aKey()}`
  return anOrder({
    currency: 'EUR',
    line,
    payment: { state, provider: 'stripe', reference, amountMinor },
  })
}

test('a foreign deposit has the rate of its own day, and is earned at it in whatever parts it ships', async () => {
  await system.admin`UPDATE item SET list_price_minor = NULL WHERE sku = 'MUG'`
  const document = euros({ sku: 'MUG', quantity: 3, unitPriceMinor: '3333' })
  const order = await place(document)
  await order.handle.signal(recordPayment, paidOn(document, newYear))
  await order.until((seen) => seen.phase === 'released')
  const [line] = await linesOf(system.db, order.orderId)
  for (let n = 0; n < 3; n += 1) await order.ship({ lines: [{ orderLineId: line!.id, qty: 1 }] })
  expect(await functional(order.orderId, 1110)).toBe(10999n)
  expect(await functional(order.orderId, 4010)).toBe(-10999n)
  expect(await functional(order.orderId, 2100)).toBe(0n)
  expect(await functional(order.orderId, 7010)).toBe(0n)
})

test('a foreign receivable is settled at the value it was booked at, and the difference is realised', async () => {
  const order = await place(euros({ unitPriceMinor: '10000' }, 'authorised'))
  await order.ship({ shippedOn: newYear })
  await order.until((seen) => !seen.open)
  expect(await functional(order.orderId, 4010)).toBe(-11000n)
  expect(await functional(order.orderId, 1110)).toBe(12000n)
  expect(await functional(order.orderId, 1200)).toBe(0n)
  expect(await functional(order.orderId, 7010)).toBe(-1000n)
})

test('a foreign deposit that goes back is money again: the rate of the day counts', async () => {
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
  const document = { ...euros({ unitPriceMinor: '10000' }), channel: 'b2b' }
  const order = await place(document)
  await order.handle.signal(recordPayment, paidOn(document, newYear))
  await order.until((seen) => seen.phase === 'allocated')
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'x' })
  await order.until((seen) => !seen.open)
  expect(await functional(order.orderId, 2100)).toBe(0n)
  expect(await functional(order.orderId, 2140)).toBe(0n)
  expect(await functional(order.orderId, 7010)).toBe(1000n)
})

const card = { sku: null, title: 'Gift card', requiresShipping: false, giftCard: true } as const

async function cardsOf(orderId: string) {
  return system.db<{ id: bigint; code: string; faceMinor: bigint }[]>`
    SELECT id, code, face_minor AS "faceMinor" FROM gift_card
    WHERE order_line_id IN (SELECT id FROM sales_order_line WHERE order_id = ${orderId}) ORDER BY id`
}

/** A web order of 100.00, half paid with a card that the channel calls `reference`. */
const halfByCard = (reference: string) =>
  anOrder({
    payment: {
      state: 'captured',
      provider: 'stripe',
      reference: `pi_${aKey()}`,
      amountMinor: '5000',
      otherTenders: [{ kind: 'gift-card', reference, amountMinor: '5000' }],
    },
  })

test('three cards on one line are three debts, each at its face value whatever was paid for it', async () => {
  const order = await place(
    anOrder({
      lines: [aLine({ ...card, quantity: 3, unitPriceMinor: '5000' })],
      orderDiscounts: [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' }],
    }),
  )
  expect(order.at).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, order.orderId)).toEqual([
    'Dr ProcessorClearing 140.00',
    'Cr GiftCards 150.00',
    'Dr Discounts 10.00',
  ])
  const cards = await cardsOf(order.orderId)
  expect(cards.map((sold) => sold.faceMinor)).toEqual([5000n, 5000n, 5000n])
  const items = await system.db`
    SELECT balance_minor FROM open_item WHERE key = ANY(${cards.map(({ id }) => `gift-card/${id}`)}::text[])`
  expect(items.map((item) => item['balance_minor'])).toEqual([-5000n, -5000n, -5000n])
})

test('a card that nobody knows asks finance, who says which it is; from then on its channel’s name is known', async () => {
  const sold = await place(anOrder({ lines: [aLine({ ...card, unitPriceMinor: '10000' })] }))
  const { code } = (await cardsOf(sold.orderId))[0]!
  const order = await place(halfByCard('1035197676'))
  expect(order.at.phase).toBe('held')
  expect(order.at.cases.map((found) => found.type).sort()).toEqual([
    'gift-card-unknown',
    'payment-pending',
  ])
  const wrong = order.resolve('gift-card-unknown', 'match-card', { params: { code: 'NONE' } })
  await expectRefused(wrong, 'GiftCardNotOurs')
  await order.resolve('gift-card-unknown', 'match-card', { params: { code } })
  expect(await order.progress()).toMatchObject({ phase: 'released', cases: [] })
  const next = await place(halfByCard('1035197676'))
  expect(next.at).toMatchObject({ phase: 'released' })
  const empty = await place(halfByCard('1035197676'))
  expect(empty.at).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
})

test('a card that was sold before the books began is taken on with what is left of it', async () => {
  const order = await place(halfByCard('old-card'))
  const take = (balanceMinor: string) =>
    order.resolve('gift-card-unknown', 'take-on', { params: { balanceMinor } })
  await expectRefused(take('4999'), 'GiftCardHasTooLittle')
  await take('8000')
  expect(await order.progress()).toMatchObject({ phase: 'released', cases: [] })
  expect(await postedFor(system.db, order.orderId)).toEqual([
    'Dr ProcessorClearing 50.00',
    'Cr CustomerDeposits 100.00',
    'Cr GiftCards 30.00',
    'Dr OpeningBalances 80.00',
  ])
})

test('money of a gift card goes back onto the very card', async () => {
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
  const sold = await place(anOrder({ lines: [aLine({ ...card, unitPriceMinor: '5000' })] }))
  const { id, code } = (await cardsOf(sold.orderId))[0]!
  const order = await place({ ...halfByCard(code), channel: 'b2b' })
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'x' })
  await order.until((seen) => !seen.open)
  expect(await postedFor(system.db, order.orderId)).toEqual([])
  const [item] = await system.db`
    SELECT balance_minor FROM open_item WHERE key = ${`gift-card/${id}`}`
  expect(item).toEqual({ balance_minor: -5000n })
})

test('a marketplace’s fee per order is one however often the order ships, and its commission adds up', async () => {
  await setPolicy(
    system.admin,
    'order',
    { expectedCommissionPpm: 150_000, expectedFeeMinor: '475' },
    'market',
  )
  const order = await place(
    anOrder({
      channel: 'market',
      line: { sku: 'MUG', quantity: 3, unitPriceMinor: '1111' },
      payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
    }),
  )
  const [line] = await linesOf(system.db, order.orderId)
  for (let n = 0; n < 3; n += 1) await order.ship({ lines: [{ orderLineId: line!.id, qty: 1 }] })
  const posted = await postedFor(system.db, order.orderId)
  expect(posted).toContain('Dr Commission 5.00')
  expect(posted).toContain('Dr FulfilmentFee 4.75')
})

const tracked = (trackingNumber: string) => ({
  providerEventId: aKey(),
  trackingNumber,
  status: 'delivered' as const,
  at: new Date().toISOString(),
  actor: 'carrier',
})
const taxes = [
  { jurisdiction: 'US-NJ', ratePpm: 50_000, amountMinor: '100', collectedBy: 'seller' as const },
]

test('of a line in two shipments only the delivered one is earned, and the proofs know it', async () => {
  await setPolicy(system.admin, 'order', { revenueOn: 'delivered' }, 'web')
  const order = await place(
    anOrder({ line: { sku: 'MUG', quantity: 2, unitPriceMinor: '1000', taxes } }),
  )
  const [line] = await linesOf(system.db, order.orderId)
  const lines = [{ orderLineId: line!.id, qty: 1 }]
  await order.ship({ lines, parcels: [{ trackingNumber: 'T-1' }] })
  await order.ship({ lines, parcels: [{ trackingNumber: 'T-2' }] })
  await order.handle.signal(recordTracking, tracked('T-1'))
  await order.until((seen) => seen.version > 3)
  await expectProofs(system.admin)
  expect(await postedFor(system.db, order.orderId)).toContain('Cr ProductSales 10.00')
  await order.handle.signal(recordTracking, tracked('T-2'))
  await order.until((seen) => !seen.open)
})

test('goods that get lost before they are earned become a claim at cost, and their money goes back', async () => {
  await setPolicy(
    system.admin,
    'order',
    { revenueOn: 'delivered', stalledAfterHours: 0.0004 },
    'web',
  )
  const order = await place(anOrder())
  await order.ship({ parcels: [{ trackingNumber: 'LOST', carrier: 'UPS' }] })
  await order.until((seen) => seen.cases[0]?.type === 'parcel-stalled')
  await order.resolve('parcel-stalled', 'claim-lost')
  await order.resolve('parcel-lost', 'refund')
  await order.until((seen) => !seen.open)
  expect(await postedFor(system.db, order.orderId)).toEqual([
    'Dr Claims 40.00',
    'Cr Inventory 40.00',
    'Cr FreightOutAccrual 6.50',
    'Dr FreightOut 6.50',
  ])
  expect(await effectsOf(system.db, order.orderId)).toEqual(['refund confirmed 10000'])
  await setPolicy(system.admin, 'order', { revenueOn: 'shipped' }, 'web')
})

test('freight is what the labels cost, owed to the carrier that they name', async () => {
  const order = await place(anOrder())
  const [fulfilment] = await fulfilmentsOf(system.db, order.orderId)
  const parcels = [{ weightG: 500 }]
  const label = { key: aKey(), actor: 'packer', fulfilmentId: fulfilment!.id, parcels }
  await order.update(buyLabels, label)
  await order.until((seen) => seen.effects.length === 0)
  await system.admin`UPDATE parcel SET label_cost_minor = 723 WHERE order_id = ${order.orderId}`
  await order.ship()
  const shipped = await entryOf(system.db, order.orderId, 'goods-shipped')
  expect(shipped).toContain('Dr FreightOut 7.23')
  const [accrued] = await system.db`
    SELECT party FROM journal_line WHERE account_id = 2040 AND order_id = ${order.orderId}`
  expect(accrued).toEqual({ party: 'carrier/UPS/Ground' })
})

test('each invoice is one receivable of its customer', async () => {
  const document = anOrder({
    line: { sku: 'MUG', quantity: 2, unitPriceMinor: '1000' },
    payment: { state: 'terms', provider: 'terms', reference: null, amountMinor: '0' },
  })
  const order = await place(document)
  const [line] = await linesOf(system.db, order.orderId)
  const lines = [{ orderLineId: line!.id, qty: 1 }]
  await order.ship({ lines })
  await order.ship({ lines })
  const owed = await system.db<{ balance: bigint; party: string }[]>`
    SELECT i.balance_minor AS balance, l.party FROM open_item i JOIN open_item_match m ON m.open_item_id = i.id
    JOIN journal_line l ON l.entry_id = m.entry_id AND l.line_no = m.line_no
    WHERE i.account_id = 1200 AND l.order_id = ${order.orderId} ORDER BY i.id`
  expect(owed.map((item) => item.balance)).toEqual([1000n, 1000n])
  expect(owed.every((item) => item.party.startsWith('customer/'))).toBe(true)
})

test('a discount that a vendor funds is owed by that vendor', async () => {
  const discount = {
    code: 'BRAND',
    amountMinor: '500',
    fundedBy: 'vendor',
    vendor: 'ACME',
  } as const
  const order = await place(anOrder({ line: { discounts: [discount] } }))
  await order.ship()
  const [line] = await system.db`
    SELECT party, amount_minor AS minor FROM journal_line WHERE account_id = 1230 AND order_id = ${order.orderId}`
  expect(line).toEqual({ party: 'supplier/ACME', minor: 500n })
})
