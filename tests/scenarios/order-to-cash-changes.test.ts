import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  buyLabels,
  changeOrder,
  recordPayment,
  recordTracking,
  releaseOrder,
  requestCancellation,
} from '#contracts/order-to-cash'
import { aLine, anOrder, foundCompany, nextVersion, setPolicy } from '#tests/support/company'
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

beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin, {
    MUG: { east: 500 },
    LAMP: { east: 200 },
    CHAIR: { west: 50 },
    TEA: {},
  })
  // Where a test is about an order that the warehouse does not have yet.
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const waiting = (changes: Parameters<typeof anOrder>[0] = {}) =>
  anOrder({ channel: 'b2b', ...changes })
const authorised = {
  state: 'authorised',
  provider: 'stripe',
  reference: 'pi_v',
  amountMinor: 'all',
} as const
const cancel = (lines?: { orderLineId: string; qty: number }[]) => ({
  key: aKey(),
  actor: 'csr',
  reason: 'changed their mind',
  ...(lines ? { lines } : {}),
})

test('a paid order that is cancelled before release owes its money back until the refund has left', async () => {
  const order = waiting()
  const placed = await system.place(order)
  const b2b = desk(system, order)
  const command = cancel()
  await b2b.update(requestCancellation, command)
  expect(await b2b.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })
  expect(await entryOf(system.db, placed.orderId, 'deposit-cancelled')).toEqual([
    'Dr CustomerDeposits 100.00',
    'Cr RefundsPayable 100.00',
  ])
  expect(await entryOf(system.db, placed.orderId, 'refund-settled')).toEqual([
    'Cr ProcessorClearing 100.00',
    'Dr RefundsPayable 100.00',
  ])
  expect(await postedFor(system.db, placed.orderId)).toEqual([])
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ cancelled: 1, allocated: 0 }])
})

test('an authorised order that is cancelled gives its authorisation back and posts nothing', async () => {
  const order = waiting({ payment: { ...authorised } })
  const placed = await system.place(order)
  await desk(system, order).update(requestCancellation, cancel())
  await desk(system, order).until((seen) => !seen.open)
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['void confirmed 10000'])
  expect(await postedFor(system.db, placed.orderId)).toEqual([])
})

test('cancelling a part refunds exactly its frozen share, once, and the rest ships', async () => {
  const order = waiting({
    line: { sku: 'MUG', quantity: 3, unitPriceMinor: '1000' },
    orderDiscounts: [{ code: 'X', amountMinor: '100', fundedBy: 'merchant' }],
  })
  const placed = await system.place(order)
  const b2b = desk(system, order)
  const [line] = await linesOf(system.db, placed.orderId)
  const command = cancel([{ orderLineId: line!.id, qty: 1 }])
  await b2b.update(requestCancellation, command)
  await b2b.update(requestCancellation, command)
  await expectRefused(
    b2b.update(requestCancellation, cancel([{ orderLineId: line!.id, qty: 3 }])),
    'QuantityNotOpen',
  )
  await b2b.until((seen) => seen.effects.length === 0)
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['refund confirmed 967'])
  await b2b.update(releaseOrder, { key: aKey(), actor: 'oms' })
  expect(await b2b.ship()).toMatchObject({ phase: 'closed' })
})

test('a released order is asked back from the warehouse; what it gives back is refunded', async () => {
  const order = anOrder({
    lines: [aLine(), aLine({ sku: 'MUG', quantity: 2, unitPriceMinor: '1000' })],
  })
  const placed = await system.place(order)
  const web = desk(system, order)
  const [, mugs] = await linesOf(system.db, placed.orderId)
  const asked = await web.update(requestCancellation, cancel([{ orderLineId: mugs!.id, qty: 1 }]))
  expect(asked.cases).toMatchObject([{ type: 'channel-changed-after-release' }])
  await web.resolve('channel-changed-after-release', 'recall')
  await web.until((seen) => seen.effects.length === 0)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([
    { cancelled: 0, released: 1 },
    { cancelled: 1, released: 1 },
  ])
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['refund confirmed 1000'])
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
})

test('a warehouse that ships in spite of a recall is right; the recall can then only be disputed or returned', async () => {
  const order = anOrder()
  await system.place(order)
  const web = desk(system, order)
  await web.update(requestCancellation, cancel())
  expect(await web.ship()).toMatchObject({ phase: 'shipped', open: true })
  await expectRefused(web.resolve('channel-changed-after-release', 'recall'), 'AlreadyShipped')
  expect(await web.resolve('channel-changed-after-release', 'accept-as-return')).toMatchObject({
    open: false,
  })
})

test('a recall that is disputed lets the warehouse go on', async () => {
  const order = anOrder()
  const placed = await system.place(order)
  const web = desk(system, order)
  await web.update(requestCancellation, cancel())
  await web.resolve('channel-changed-after-release', 'dispute')
  expect(await fulfilmentsOf(system.db, placed.orderId)).toMatchObject([{ state: 'released' }])
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
})

test('a cancellation after the goods have left becomes a case and refunds nothing by itself', async () => {
  const order = anOrder({ line: { sku: 'MUG', quantity: 2, unitPriceMinor: '1000' } })
  const placed = await system.place(order)
  const web = desk(system, order)
  const [line] = await linesOf(system.db, placed.orderId)
  await web.ship({
    lines: [{ orderLineId: line!.id, qty: 1 }],
    parcels: [{ trackingNumber: 'L-1' }],
  })
  const asked = await web.update(requestCancellation, cancel())
  expect(asked.cases.map((c) => c.type).sort()).toEqual([
    'cancel-too-late',
    'channel-changed-after-release',
  ])
  await web.resolve('cancel-too-late', 'refuse')
  await web.resolve('channel-changed-after-release', 'recall')
  await web.until((seen) => seen.effects.length === 0)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ shipped: 1, cancelled: 1 }])
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['refund confirmed 1000'])
})

test('older versions of a channel change nothing, and the same version again is harmless', async () => {
  const order = waiting({ line: { quantity: 2 } })
  const placed = await system.place(order)
  const b2b = desk(system, order)
  const older = {
    ...order,
    externalVersion: '2020-01-01T00:00:00.000Z',
    lines: [aLine({ quantity: 1 })],
  }
  await b2b.channelSends(older)
  await b2b.channelSends(order)
  await b2b.until((seen) => seen.version >= placed.version + 2)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ ordered: 2, cancelled: 0 }])
  const rows =
    await system.db`SELECT outcome FROM inbox WHERE document->>'externalId' = ${order.externalId} ORDER BY id`
  expect(rows.map((row) => row['outcome'] as string)).toEqual([
    'accepted',
    'superseded',
    'accepted',
  ])
})

test('a version that lowers a quantity refunds, one that raises it asks for another payment and goes on when paid', async () => {
  const order = waiting({ line: { quantity: 2 } })
  const placed = await system.place(order)
  const b2b = desk(system, order)
  const fewer = nextVersion(order, { lines: [aLine({ quantity: 1 })] })
  await b2b.channelSends(fewer)
  await b2b.until((seen) => seen.version > placed.version && seen.effects.length === 0)
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['refund confirmed 10000'])

  const other = waiting({ line: { quantity: 2 } })
  const second = await system.place(other)
  const more = nextVersion(other, {
    lines: [aLine({ quantity: 3 }), aLine({ sku: 'MUG', unitPriceMinor: '1000' })],
  })
  await desk(system, other).channelSends(more)
  const held = await desk(system, other).until((seen) => seen.phase === 'held')
  expect(held.cases).toMatchObject([{ type: 'payment-pending' }])
  expect(await linesOf(system.db, second.orderId)).toMatchObject([
    { sku: 'LAMP', ordered: 2 },
    { sku: 'LAMP', ordered: 1 },
    { sku: 'MUG', ordered: 1 },
  ])
  await desk(system, other).channelSends(
    nextVersion(more, { payment: { ...more.payment, amountMinor: '31000' } }),
  )
  expect(await desk(system, other).until((seen) => seen.phase === 'allocated')).toMatchObject({
    cases: [],
  })
  const back = { ...nextVersion(other, {}), externalVersion: '2027-01-01T00:00:00.000Z' }
  await desk(system, other).channelSends(back)
  await desk(system, other).until((seen) => seen.moneyAtRisk.minor === '20000')
  expect(await linesOf(system.db, second.orderId)).toMatchObject([
    { sku: 'LAMP', cancelled: 0 },
    { sku: 'LAMP', cancelled: 1 },
    { sku: 'MUG', cancelled: 1 },
  ])
})

test('a better address heals the hold, a new one after release asks the warehouse first', async () => {
  const right = anOrder().shipTo!
  const order = anOrder({ shipTo: { ...right, postalCode: '1' } })
  expect(await system.place(order)).toMatchObject({ cases: [{ type: 'address-invalid' }] })
  const web = desk(system, order)
  await web.channelSends(nextVersion(order, { shipTo: right }))
  await web.until((seen) => seen.phase === 'released')

  const moved = { ...right, line1: '2 Side St' }
  const later = {
    ...nextVersion(order, { shipTo: moved }),
    externalVersion: '2027-01-01T00:00:00.000Z',
  }
  await web.channelSends(later)
  await web.until((seen) => seen.cases.length > 0)
  expect(await web.resolve('channel-changed-after-release', 'recall')).toMatchObject({
    phase: 'released',
  })
  const [row] = await system.db`
    SELECT d.body->'shipTo'->>'line1' AS line1 FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.external_id = ${order.externalId}`
  expect(row).toEqual({ line1: '2 Side St' })
})

test('a channel that cancels is obeyed before release; one whose change does not foot is told so and not for ever', async () => {
  const order = waiting()
  const placed = await system.place(order)
  const b2b = desk(system, order)
  const wrong = { ...nextVersion(order, {}), total: { currency: 'USD', minor: '7' } }
  const inboxId = await b2b.channelSends(wrong)
  for (let waits = 0; waits < 100; waits += 1) {
    const [row] = await system.db`SELECT outcome FROM inbox WHERE id = ${inboxId}`
    if (row!['outcome'] !== 'received') break
    await new Promise((done) => setTimeout(done, 50))
  }
  const [row] =
    await system.db`SELECT outcome, problems->0->>'code' AS code FROM inbox WHERE id = ${inboxId}`
  expect(row).toEqual({ outcome: 'refused', code: 'TotalsDoNotFoot' })
  await b2b.channelSends(
    nextVersion(order, { cancelled: { at: new Date().toISOString(), reason: 'customer' } }),
  )
  expect(await b2b.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })
  expect(placed.open).toBe(true)
})

test('a change-set that adds and removes the same nets to nothing, one that exchanges asks only for the difference', async () => {
  const order = waiting({ line: { sku: 'MUG', unitPriceMinor: '1000' } })
  const placed = await system.place(order)
  const b2b = desk(system, order)
  const [mug] = await linesOf(system.db, placed.orderId)
  const add = { kind: 'add-line', sku: 'MUG', qty: 1, unitPriceMinor: '1000' } as const
  const remove = { kind: 'cancel-units', orderLineId: mug!.id, qty: 1 } as const
  const same = await b2b.update(changeOrder, { key: aKey(), actor: 'csr', actions: [remove, add] })
  expect(same).toMatchObject({ phase: 'allocated', effects: [], cases: [] })
  expect(await effectsOf(system.db, placed.orderId)).toEqual([])
  const [, added] = await linesOf(system.db, placed.orderId)
  const dearer = [
    { kind: 'cancel-units', orderLineId: added!.id, qty: 1 } as const,
    { ...add, unitPriceMinor: '1500' },
  ]
  const due = await b2b.update(changeOrder, { key: aKey(), actor: 'csr', actions: dearer })
  expect(due).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
  await b2b.handle.signal(recordPayment, {
    key: 'x',
    kind: 'captured',
    provider: 'stripe',
    reference: 'pi_more',
    amountMinor: '500',
    effectiveOn: new Date().toISOString().slice(0, 10),
    actor: 'stripe',
  })
  await b2b.until((seen) => seen.phase === 'allocated')
  const changes =
    await system.db`SELECT effect->>'deltaMinor' AS delta FROM order_change WHERE order_id = ${placed.orderId} ORDER BY id`
  expect(changes.map((change) => change['delta'] as string)).toEqual(['0', '500'])
})

test('tracking may come late, twice and out of order; only the newest event speaks', async () => {
  const order = anOrder()
  await system.place(order)
  const web = desk(system, order)
  await web.ship({ parcels: [{ trackingNumber: 'T-1', carrier: 'UPS' }] })
  const tell = (
    providerEventId: string,
    status: 'in-transit' | 'exception' | 'delivered',
    at: string,
  ) =>
    web.handle.signal(recordTracking, {
      providerEventId,
      trackingNumber: 'T-1',
      status,
      at,
      actor: 'ups',
    })
  await tell('t2', 'in-transit', '2026-02-02T00:00:00Z')
  await tell('t1', 'exception', '2026-02-01T00:00:00Z')
  await tell('t2', 'in-transit', '2026-02-02T00:00:00Z')
  await tell('t3', 'exception', '2026-02-03T00:00:00Z')
  const stalled = await web.until((seen) => seen.cases.length > 0)
  expect(stalled.cases).toMatchObject([{ type: 'parcel-stalled' }])
  const [row] =
    await system.db`SELECT evidence->>'claimBy' AS "claimBy", evidence->>'lastEvent' AS "lastEvent" FROM exception_case WHERE type = 'parcel-stalled'`
  expect(row!['claimBy']).toMatch(/^\d{4}-\d\d-\d\d$/)
  expect(row!['lastEvent']).toContain('exception at 2026-02-03')
  await tell('t4', 'delivered', '2026-02-04T00:00:00Z')
  expect(await web.until((seen) => !seen.open)).toMatchObject({ phase: 'closed', cases: [] })
})

test('a command that breaks is answered as a bug at once, and a fact about nothing of ours ends nothing', async () => {
  const order = anOrder()
  await system.place(order)
  const web = desk(system, order)
  await expectRefused(web.ship({ fulfilmentId: 'no number' }), 'Bug')
  const event = { providerEventId: 'u1', status: 'delivered', at: '2026-02-02T00:00:00Z' } as const
  await web.handle.signal(recordTracking, { ...event, trackingNumber: 'NOT-OURS', actor: 'ups' })
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  expect(await web.handle.result()).toMatchObject({ phase: 'closed' })
})

test('a delivery that the carrier tells before the warehouse confirms is counted when the goods have left', async () => {
  const order = anOrder()
  const placed = await system.place(order)
  const web = desk(system, order)
  const [fulfilment] = await fulfilmentsOf(system.db, placed.orderId)
  const labelled = await web.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
  })
  await web.until((seen) => seen.effects.length === 0 && seen.version > labelled.version)
  const [parcel] = await system.db<
    { no: string }[]
  >`SELECT tracking_number AS no FROM parcel WHERE order_id = ${placed.orderId}`
  const event = {
    providerEventId: 'early',
    status: 'delivered',
    at: '2026-02-02T00:00:00Z',
  } as const
  const before = await web.progress()
  await web.handle.signal(recordTracking, { ...event, trackingNumber: parcel!.no, actor: 'ups' })
  await web.until((seen) => seen.version > before.version)
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ delivered: 1 }])
})
