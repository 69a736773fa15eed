import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { recordPayment, recordTracking } from '#contracts/order-to-cash'
import { aLine, anOrder, foundCompany, setPolicy, type Company } from '#tests/support/company'
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

let system: TestSystem
let company: Company
beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, {
    MUG: { east: 1000 },
    LAMP: { east: 100, west: 10 },
    CHAIR: { west: 5 },
    TEA: {},
  })
  await system.admin`UPDATE carrier_service SET base_minor = 650, per_kg_minor = 0 WHERE service = 'Ground'`
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const tax = (amountMinor: string, collectedBy: 'seller' | 'marketplace' = 'seller') => [
  { jurisdiction: 'US-NJ', ratePpm: 82500, amountMinor, collectedBy },
]

/** 100.00 − 10.00 + 8.00 shipping + 8.25% tax: 106.09. */
function o1(changes: Parameters<typeof anOrder>[0] = {}, by: 'seller' | 'marketplace' = 'seller') {
  return anOrder({
    line: { taxes: tax('743', by) },
    orderDiscounts: [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' }],
    shipping: [{ title: 'Ground', amountMinor: '800', discounts: [], taxes: tax('66', by) }],
    ...changes,
  })
}

async function cardsOf(orderId: string): Promise<{ code: string }[]> {
  return system.db<{ code: string }[]>`
    SELECT code FROM gift_card WHERE order_line_id IN (SELECT id FROM sales_order_line WHERE order_id = ${orderId})`
}

const O1_EARNED = [
  'Cr Inventory 40.00',
  'Cr FreightOutAccrual 6.50',
  'Cr SalesTaxPayable 8.09',
  'Cr ProductSales 100.00',
  'Cr ShippingIncome 8.00',
  'Dr Discounts 10.00',
  'Dr CostOfGoodsSold 40.00',
  'Dr FreightOut 6.50',
]

test('a prepaid order is a deposit until its goods leave, then revenue, tax, cost and freight', async () => {
  const order = o1()
  const placed = await system.place(order)
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr ProcessorClearing 106.09',
    'Cr CustomerDeposits 106.09',
  ])
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed', open: false })
  expect(await entryOf(system.db, placed.orderId, 'goods-shipped')).toEqual([
    'Cr Inventory 40.00',
    'Cr FreightOutAccrual 6.50',
    'Dr CustomerDeposits 106.09',
    'Cr SalesTaxPayable 8.09',
    'Cr ProductSales 100.00',
    'Cr ShippingIncome 8.00',
    'Dr Discounts 10.00',
    'Dr CostOfGoodsSold 40.00',
    'Dr FreightOut 6.50',
  ])
})

test('an authorised order posts nothing until it ships, then it is captured and closes', async () => {
  const order = o1({
    payment: { state: 'authorised', provider: 'stripe', reference: 'pi_auth', amountMinor: 'all' },
  })
  const placed = await system.place(order)
  expect(await postedFor(system.db, placed.orderId)).toEqual([])
  expect(await desk(system, order).ship()).toMatchObject({ open: true })
  await desk(system, order).until((seen) => !seen.open)
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr ProcessorClearing 106.09',
    ...O1_EARNED,
  ])
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['capture confirmed 10609'])
})

test('an order on terms is receivable after shipment and its invoice has a due date', async () => {
  const order = o1({
    payment: { state: 'terms', provider: 'terms', reference: null, amountMinor: '0' },
  })
  const placed = await system.place(order)
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr Receivables 106.09',
    ...O1_EARNED,
  ])
  const [invoice] = await system.db`
    SELECT due_on - issued_on AS days, gross_minor AS gross FROM customer_invoice WHERE order_id = ${placed.orderId}`
  expect(invoice).toMatchObject({ days: 30, gross: 10609n })
})

test('the invoice of a customer with terms of their own is due by these', async () => {
  await system.admin`
    INSERT INTO customer (channel_id, external_id, terms_days) SELECT id, 'SIXTY', 60 FROM channel WHERE code = 'web'`
  const order = o1({
    customer: { externalId: 'SIXTY', name: 'Shop', email: null, phone: null },
    payment: { state: 'terms', provider: 'terms', reference: null, amountMinor: '0' },
  })
  const placed = await system.place(order)
  await desk(system, order).ship()
  const [invoice] = await system.db`
    SELECT due_on - issued_on AS days FROM customer_invoice WHERE order_id = ${placed.orderId}`
  expect(invoice).toEqual({ days: 60 })
})

test('a marketplace order owes no tax of its own and expects the fees that will be kept back', async () => {
  await setPolicy(
    system.admin,
    'order',
    { expectedCommissionPpm: 150_000, expectedFeeMinor: '475' },
    'market',
  )
  const order = o1(
    {
      channel: 'market',
      taxCollectedBy: 'marketplace',
      payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
    },
    'marketplace',
  )
  const placed = await system.place(order)
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr MarketplaceClearing 78.55',
    'Cr Inventory 40.00',
    'Cr FreightOutAccrual 6.50',
    'Cr ProductSales 100.00',
    'Cr ShippingIncome 8.00',
    'Dr Discounts 10.00',
    'Dr CostOfGoodsSold 40.00',
    'Dr FreightOut 6.50',
    'Dr Commission 14.70',
    'Dr FulfilmentFee 4.75',
  ])
})

test('where revenue waits for delivery, shipping moves the goods into transit and the last parcel earns it', async () => {
  await setPolicy(system.admin, 'order', { revenueOn: 'delivered' }, 'b2b')
  const order = o1({ channel: 'b2b' })
  const placed = await system.place(order)
  const b2b = desk(system, order)
  await expectRefused(b2b.ship(), 'TrackingNeeded')
  const parcels = [{ trackingNumber: 'D-1' }, { trackingNumber: 'D-2' }]
  expect(await b2b.ship({ parcels })).toMatchObject({ phase: 'shipped', open: true })
  expect(await entryOf(system.db, placed.orderId, 'goods-dispatched')).toEqual([
    'Cr Inventory 40.00',
    'Dr InTransitToCustomer 40.00',
  ])
  const arrived = (trackingNumber: string) => ({
    providerEventId: aKey(),
    trackingNumber,
    status: 'delivered' as const,
    at: new Date().toISOString(),
    actor: 'carrier',
  })
  await b2b.handle.signal(recordTracking, arrived('D-1'))
  await b2b.handle.signal(recordTracking, arrived('D-2'))
  await b2b.until((seen) => seen.phase === 'closed')
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr ProcessorClearing 106.09',
    ...O1_EARNED,
  ])
})

test('three of five units ship with their frozen shares, and the last two with the rest', async () => {
  const order = anOrder({
    line: {
      sku: 'MUG',
      quantity: 5,
      unitPriceMinor: '1001',
      taxes: tax('401'),
    },
    orderDiscounts: [{ code: 'X', amountMinor: '333', fundedBy: 'merchant' }],
    shipping: [{ title: 'Ground', amountMinor: '700', discounts: [], taxes: [] }],
  })
  const placed = await system.place(order)
  const web = desk(system, order)
  const [line] = await linesOf(system.db, placed.orderId)
  const part = await web.ship({ lines: [{ orderLineId: line!.id, qty: 3 }] })
  expect(part).toMatchObject({ phase: 'part-shipped' })
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ shipped: 3, allocated: 2 }])
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  const posted = await postedFor(system.db, placed.orderId)
  expect(posted).toContain('Cr ProductSales 50.05')
  expect(posted).toContain('Dr Discounts 3.33')
  expect(posted).toContain('Cr ShippingIncome 7.00')
  expect(posted).toContain('Cr SalesTaxPayable 4.01')
  expect(posted).toContain('Cr FreightOutAccrual 6.50')
})

test('prices that include tax give the tax first and the net is the rest', async () => {
  const order = anOrder({ pricesIncludeTax: true, line: { taxes: tax('762') } })
  const placed = await system.place(order)
  await desk(system, order).ship()
  const posted = await postedFor(system.db, placed.orderId)
  expect(posted).toContain('Cr ProductSales 92.38')
  expect(posted).toContain('Cr SalesTaxPayable 7.62')
})

test('a foreign order is booked at the rate of the day, its cost in our own currency', async () => {
  await system.admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', '2020-01-01', 1100000000, 'test')`
  const order = anOrder({ currency: 'EUR' })
  const placed = await system.place(order)
  await desk(system, order).ship()
  const posted = await postedFor(system.db, placed.orderId)
  expect(posted).toContain('Dr ProcessorClearing 100.00 EUR')
  expect(posted).toContain('Cr ProductSales 100.00 EUR')
  expect(posted).toContain('Dr CostOfGoodsSold 40.00')
  const [func] = await system.db`
    SELECT sum(func_minor)::bigint AS minor FROM journal_line WHERE order_id = ${placed.orderId} AND account_id = 4010`
  expect(func).toEqual({ minor: -11000n })
})

test('a gift card is sold as a debt, then pays a part of another order beside a card', async () => {
  const sold = anOrder({
    lines: [aLine({ sku: null, requiresShipping: false, giftCard: true, unitPriceMinor: '5000' })],
  })
  const placed = await system.place(sold)
  expect(placed).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr ProcessorClearing 50.00',
    'Cr GiftCards 50.00',
  ])
  const reference = (await cardsOf(placed.orderId))[0]!.code
  const used = o1({
    payment: {
      state: 'captured',
      provider: 'stripe',
      reference: 'pi_rest',
      amountMinor: '5609',
      otherTenders: [{ kind: 'gift-card', reference, amountMinor: '5000' }],
    },
  })
  const paid = await system.place(used)
  expect(await postedFor(system.db, paid.orderId)).toEqual([
    'Dr ProcessorClearing 56.09',
    'Cr CustomerDeposits 106.09',
    'Dr GiftCards 50.00',
  ])
  expect(await desk(system, used).ship()).toMatchObject({ phase: 'closed' })

  const again = o1({
    payment: {
      state: 'captured',
      provider: 'stripe',
      reference: 'pi_rest2',
      amountMinor: '5609',
      otherTenders: [{ kind: 'gift-card', reference, amountMinor: '5000' }],
    },
  })
  const empty = await system.place(again)
  expect(empty).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
})

test('an authorised order beside a gift card captures only what the card does not pay', async () => {
  const sold = anOrder({
    lines: [aLine({ sku: null, requiresShipping: false, giftCard: true, unitPriceMinor: '5000' })],
  })
  const { orderId } = await system.place(sold)
  const [card] = await cardsOf(orderId)
  const order = o1({
    payment: {
      state: 'authorised',
      provider: 'stripe',
      reference: 'pi_part',
      amountMinor: '5609',
      otherTenders: [
        {
          kind: 'gift-card',
          reference: card!.code,
          amountMinor: '5000',
        },
      ],
    },
  })
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'released' })
  await desk(system, order).ship()
  await desk(system, order).until((seen) => !seen.open)
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['capture confirmed 5609'])
})

test('money that a channel captures early on an authorised order is a deposit, and can go back', async () => {
  const order = anOrder({
    payment: { state: 'authorised', provider: 'stripe', reference: 'pi_early', amountMinor: 'all' },
  })
  const placed = await system.place(order)
  const web = desk(system, order)
  await web.handle.signal(recordPayment, {
    key: 'e1',
    kind: 'captured',
    provider: 'stripe',
    reference: 'pi_early',
    amountMinor: '10000',
    effectiveOn: new Date().toISOString().slice(0, 10),
    actor: 'stripe',
  })
  await web.until((seen) => seen.version > placed.version)
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr ProcessorClearing 100.00',
    'Cr CustomerDeposits 100.00',
  ])
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  expect(await effectsOf(system.db, placed.orderId)).toEqual([])
})

test('a free gift ships at its cost and without a price', async () => {
  const order = anOrder({
    lines: [aLine(), aLine({ sku: 'MUG', unitPriceMinor: '0' })],
  })
  await system.admin`UPDATE item SET list_price_minor = NULL WHERE sku = 'MUG'`
  const placed = await system.place(order)
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed' })
  const posted = await postedFor(system.db, placed.orderId)
  expect(posted).toContain('Cr ProductSales 100.00')
  expect(posted).toContain('Dr CostOfGoodsSold 44.00')
})

test('an order of services alone is delivered at once', async () => {
  const order = anOrder({
    lines: [aLine({ sku: null, title: 'Tip', requiresShipping: false, unitPriceMinor: '300' })],
    shipTo: null,
  })
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toEqual([
    'Dr ProcessorClearing 3.00',
    'Cr ProductSales 3.00',
  ])
})

test('a kit explodes into its components, which share its price by their own', async () => {
  const [kit] = await system.admin<
    { id: number }[]
  >`INSERT INTO item (sku, name, kind, status) VALUES ('SET', 'Set', 'kit', 'active') RETURNING id`
  await system.admin`INSERT INTO kit_component (kit_id, item_id, qty) VALUES (${kit!.id}, ${company.items.get('LAMP')!}, 1), (${kit!.id}, ${company.items.get('MUG')!}, 2)`
  await system.admin`UPDATE item SET list_price_minor = 1000 WHERE sku = 'MUG'`
  const order = anOrder({ line: { sku: 'SET', quantity: 2, unitPriceMinor: '6000' } })
  const placed = await system.place(order)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([
    { sku: 'MUG', allocated: 4 },
    { sku: 'LAMP', allocated: 2 },
  ])
  await desk(system, order).ship()
  const shares = await system.db`
    SELECT i.sku, sum(-amount_minor)::bigint AS minor FROM journal_line l JOIN item i ON i.id = l.item_id WHERE order_id = ${placed.orderId} AND account_id = 4010 GROUP BY 1 ORDER BY 1`
  expect([...shares]).toEqual([
    { sku: 'LAMP', minor: 10000n },
    { sku: 'MUG', minor: 2000n },
  ])
})

test('a listing of a pack of six sells six units', async () => {
  await system.admin`INSERT INTO listing (channel_id, external_id, item_id, pack_factor) SELECT id, 'MUG-6', ${company.items.get('MUG')!}, 6 FROM channel WHERE code = 'web'`
  const order = anOrder({
    line: { externalListingId: 'MUG-6', sku: 'MUG-6', unitPriceMinor: '6000' },
  })
  const placed = await system.place(order)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([
    { sku: 'MUG', ordered: 6, allocated: 6 },
  ])
})

test('a shipment that is confirmed twice under one reference ships once, and more than is open is refused', async () => {
  const order = anOrder({ line: { sku: 'MUG', quantity: 4, unitPriceMinor: '1000' } })
  const placed = await system.place(order)
  const web = desk(system, order)
  const [line] = await linesOf(system.db, placed.orderId)
  const [fulfilment] = await fulfilmentsOf(system.db, placed.orderId)
  const same = {
    fulfilmentId: fulfilment!.id,
    reference: 'W-7',
    lines: [{ orderLineId: line!.id, qty: 1 }],
  }
  await web.ship({ ...same })
  await web.ship({ ...same })
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ shipped: 1 }])
  await expectRefused(web.ship({ lines: [{ orderLineId: line!.id, qty: 4 }] }), 'OverShipment')
})
