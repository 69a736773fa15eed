import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { placeHold, recordPayment, releaseOrder } from '#contracts/order-to-cash'
import { aLine, anOrder, foundCompany, type Company } from '#tests/support/company'
import { aKey, desk, effectsOf, expectRefused, giveAddress, linesOf } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
let company: Company

beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, {
    MUG: { east: 500 },
    LAMP: { east: 500 },
    CHAIR: { west: 50 },
    TEA: { east: 50 },
  })
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const today = () => new Date().toISOString().slice(0, 10)
const pending = { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' } as const

test('an order that nobody has paid waits with its stock reserved, and payment releases it by itself', async () => {
  const order = anOrder({ payment: pending })
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 1, released: 0 }])
  await desk(system, order).handle.signal(recordPayment, {
    key: 'p1',
    kind: 'captured',
    provider: 'stripe',
    reference: 'pi_late',
    amountMinor: '10000',
    effectiveOn: today(),
    actor: 'stripe',
  })
  const paid = await desk(system, order).until((seen) => seen.phase === 'released')
  expect(paid.cases).toEqual([])
  const [healed] = await system.db`
    SELECT state, resolved_by FROM exception_case WHERE subject_id = ${placed.orderId}`
  expect(healed).toEqual({ state: 'self-healed', resolved_by: 'system' })
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed' })
})

test('a payment that covers a part waits, and the second part of another payment adds to it', async () => {
  const order = anOrder({
    payment: { state: 'captured', provider: 'stripe', reference: 'pi_a', amountMinor: '4000' },
  })
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'held' })
  const event = { kind: 'captured', provider: 'stripe', effectiveOn: today(), actor: 'x' } as const
  const web = desk(system, order)
  // The same payment in all, told twice, then a second payment.
  for (const key of ['a', 'b'])
    await web.handle.signal(recordPayment, {
      ...event,
      key,
      reference: 'pi_a',
      amountMinor: '7000',
    })
  await web.handle.signal(recordPayment, {
    ...event,
    key: 'c',
    reference: 'pi_b',
    amountMinor: '3000',
  })
  await web.until((seen) => seen.phase === 'released')
  const [payment] =
    await system.db`SELECT sum(captured_minor)::bigint AS captured FROM payment WHERE order_id = ${placed.orderId}`
  expect(payment).toEqual({ captured: 10000n })
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
})

test('an unpaid order may be accepted on terms', async () => {
  const order = anOrder({ payment: pending })
  await system.place(order)
  const trusted = await desk(system, order).resolve('payment-pending', 'accept-on-terms')
  expect(trusted).toMatchObject({ phase: 'released', cases: [] })
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed' })
})

test('holds are independent: lifting one keeps the others and the order', async () => {
  const order = anOrder({
    payment: pending,
    billTo: null,
    lines: [aLine({ quantity: 501, sku: 'MUG', unitPriceMinor: '1000' })],
  })
  const placed = await system.place(order)
  expect(placed.cases.map((c) => c.type).sort()).toEqual([
    'fraud-review',
    'payment-pending',
    'stock-short',
  ])
  const accepted = await desk(system, order).resolve('fraud-review', 'accept')
  expect(accepted.phase).toBe('held')
  expect(accepted.cases.map((c) => c.type).sort()).toEqual(['payment-pending', 'stock-short'])
  expect(await desk(system, order).resolve('payment-pending', 'cancel')).toMatchObject({
    open: false,
    phase: 'cancelled',
  })
})

test('a fraudulent order is cancelled, its customer blocked, and the next order of theirs is held', async () => {
  const customer = { externalId: 'FRAUD', name: 'Eve', email: null, phone: null }
  const big = { customer, lines: [aLine({ quantity: 30 })] }
  const order = anOrder(big)
  expect(await system.place(order)).toMatchObject({ cases: [{ type: 'fraud-review' }] })
  await desk(system, order).resolve('fraud-review', 'cancel-and-block')
  await desk(system, order).until((seen) => !seen.open)
  const next = anOrder({ customer })
  const placed = await system.place(next)
  expect(placed.cases).toMatchObject([{ type: 'fraud-review' }])
  expect(await desk(system, next).resolve('fraud-review', 'accept')).toMatchObject({
    phase: 'released',
  })
})

const guest = (email: string) => ({ externalId: null, name: 'Mal Lory', email, phone: null })
const lair = {
  name: 'Mal Lory',
  company: null,
  line1: '13 Dark Alley',
  line2: null,
  city: 'Newark',
  region: 'NJ',
  postalCode: '07102',
  country: 'US',
}

test('a guest whose order was fraud is known again by mail address, or by where the goods go', async () => {
  const order = anOrder({
    customer: guest('Mal.Lory+shop@example.com'),
    shipTo: lair,
    line: { quantity: 30 },
  })
  await system.place(order)
  await desk(system, order).resolve('fraud-review', 'cancel-and-block')
  const sameMail = anOrder({ customer: guest('mal.lory@example.com') })
  expect(await system.place(sameMail)).toMatchObject({ cases: [{ type: 'fraud-review' }] })
  const samePlace = anOrder({
    customer: guest('another@example.com'),
    shipTo: { ...lair, line1: '13, dark alley', name: 'Somebody Else' },
  })
  expect(await system.place(samePlace)).toMatchObject({ cases: [{ type: 'fraud-review' }] })
  const [row] = await system.db`
    SELECT evidence->'reasons'->0->>'rule' AS rule FROM exception_case WHERE type = 'fraud-review' ORDER BY id DESC LIMIT 1`
  expect(row!['rule']).toContain('address is blocked: fraud on order')
  expect(await system.place(anOrder({ customer: guest('stranger@example.com') }))).toMatchObject({
    cases: [],
  })
  const rows = JSON.stringify(await system.db`SELECT kind, reason, actor FROM fraud_mark`)
  expect(rows).not.toMatch(/mal|alley/i)
})

test('the rules learn from who was accepted: the same buyer to the same place is not asked about twice', async () => {
  const big = (shipTo = lair2) => ({
    customer: guest('good@example.com'),
    shipTo,
    line: { quantity: 26 },
  })
  const lair2 = { ...lair, line1: '1 Sunny Lane', name: 'Good Buyer' }
  const first = anOrder(big())
  const { orderId } = await system.place(first)
  await desk(system, first).resolve('fraud-review', 'accept')
  const second = await system.place(anOrder(big()))
  expect(second.cases).toEqual([])
  const elsewhere = await system.place(anOrder(big({ ...lair2, line1: '2 Windy Road' })))
  expect(elsewhere.cases).toMatchObject([{ type: 'fraud-review' }])

  // Also of an order that nobody looked at, what spoke for a look and against it is on record.
  const fraudOf = async (id: string) => {
    const [row] = await system.db`
      SELECT choice, inputs->'fraud' AS fraud FROM decision_record WHERE subject_id = ${id} AND kind = 'validation' ORDER BY id LIMIT 1`
    return row
  }
  expect(await fraudOf(second.orderId)).toMatchObject({
    choice: { verdict: 'accepted' },
    fraud: {
      score: 20,
      reasons: [{ score: 50 }, { rule: 'accepted by a person before', score: -30 }],
    },
  })
  expect(await fraudOf(orderId)).toMatchObject({
    choice: { verdict: 'held' },
    fraud: { score: 50 },
  })
})

const nowhere = {
  name: 'Ada',
  company: null,
  line1: '1 Main St',
  line2: null,
  city: 'Newark',
  region: 'NJ',
  postalCode: 'ABC',
  country: 'US',
}

test('a doubtful address is corrected or overridden, and a wrong correction is refused', async () => {
  const order = anOrder({ shipTo: nowhere })
  const { orderId } = await system.place(order)
  const web = desk(system, order)
  const given = (changes: { postalCode: string }) =>
    giveAddress(system.db, orderId, { ...nowhere, ...changes })
  await web.until((seen) => seen.effects.length === 0)
  await expectRefused(
    web.resolve('address-invalid', 'correct', { addressId: await given({ postalCode: 'XYZ' }) }),
    'AddressInvalid',
  )
  await expectRefused(web.resolve('address-invalid', 'accept-suggestion'), 'NoSuggestion')
  const right = { addressId: await given({ postalCode: '07102' }) }
  expect(await web.resolve('address-invalid', 'correct', right)).toMatchObject({
    phase: 'released',
  })
  const [row] = await system.db`
    SELECT resolution, resolved_by, resolution_params FROM exception_case WHERE type = 'address-invalid' ORDER BY id DESC LIMIT 1`
  expect(row).toMatchObject({ resolution: 'correct', resolved_by: 'ann' })
  expect(JSON.stringify(row)).not.toContain('Main St')

  const other = anOrder({ shipTo: nowhere })
  await system.place(other)
  expect(await desk(system, other).resolve('address-invalid', 'override')).toMatchObject({
    cases: [],
  })
})

test('a compliance match is cleared by two different people and reserves nothing before', async () => {
  await system.admin`INSERT INTO denied_party (list, name) VALUES ('OFAC', 'Jones, Ada X')`
  const order = anOrder({
    customer: { externalId: 'C9', name: 'Ada X. Jones', email: null, phone: null },
  })
  const placed = await system.place(order)
  expect(placed.cases).toMatchObject([{ type: 'compliance-match' }])
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 0 }])
  const web = desk(system, order)
  expect(await web.resolve('compliance-match', 'clear', { actor: 'bob' })).toMatchObject({
    cases: [{ type: 'compliance-match' }],
  })
  await expectRefused(
    web.resolve('compliance-match', 'clear', { actor: 'bob' }),
    'SecondPersonNeeded',
  )
  expect(await web.resolve('compliance-match', 'clear', { actor: 'eve' })).toMatchObject({
    phase: 'released',
  })
})

test('an item without its data holds the order until somebody completes it', async () => {
  await system.admin`UPDATE item SET status = 'draft' WHERE sku = 'TEA'`
  const order = anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } })
  expect(await system.place(order)).toMatchObject({ cases: [{ type: 'data-missing' }] })
  await expectRefused(desk(system, order).resolve('data-missing', 'retry'), 'ItemNotReady')
  await system.admin`UPDATE item SET status = 'active' WHERE sku = 'TEA'`
  expect(await desk(system, order).resolve('data-missing', 'retry')).toMatchObject({
    phase: 'released',
  })
})

test('a price far from the list price is looked at', async () => {
  const order = anOrder({ line: { unitPriceMinor: '100' } })
  expect(await system.place(order)).toMatchObject({ cases: [{ type: 'price-suspect' }] })
  expect(await desk(system, order).resolve('price-suspect', 'accept')).toMatchObject({
    phase: 'released',
  })
})

test('unknown SKUs are mapped one by one, created, or rejected', async () => {
  const order = anOrder({
    lines: [
      aLine({ sku: 'LAMP-OLD', externalLineId: 'a' }),
      aLine({ sku: 'NEW-1', externalLineId: 'b', unitPriceMinor: '500' }),
      aLine({ sku: 'GHOST', externalLineId: 'c', unitPriceMinor: '700' }),
      aLine({ sku: 'CHAIR', externalLineId: 'd', unitPriceMinor: '22500' }),
    ],
  })
  const placed = await system.place(order)
  const web = desk(system, order)
  const [lamp, created] = await linesOf(system.db, placed.orderId)
  await expectRefused(
    web.resolve('unknown-sku', 'map-listing', { params: { sku: 'LAMP' } }),
    'LineNeeded',
  )
  const mapped = { params: { sku: 'LAMP', orderLineId: lamp!.id } }
  expect(await web.resolve('unknown-sku', 'map-listing', mapped)).toMatchObject({
    phase: 'held',
    cases: [{ type: 'unknown-sku' }],
  })
  const params = {
    sku: 'NEW-1',
    name: 'New',
    orderLineId: created!.id,
    weight_g: 1,
    length_mm: 1,
    width_mm: 1,
    height_mm: 1,
    hs_code: '1',
    origin: 'US',
  }
  await web.resolve('unknown-sku', 'create-item', { params })
  const rejected = await web.resolve('unknown-sku', 'reject')
  expect(rejected.cases).toMatchObject([{ type: 'stock-short' }])
  await web.resolve('stock-short', 'cancel')
  const done = await web.until((seen) => seen.effects.length === 0)
  expect(done).toMatchObject({ phase: 'released', cases: [] })
  expect(await effectsOf(system.db, placed.orderId)).toEqual([
    'refund confirmed 700',
    'refund confirmed 500',
  ])

  const next = anOrder({ line: { sku: 'LAMP-OLD' } })
  expect(await system.place(next)).toMatchObject({ phase: 'released' })
})

test('a person holds an order, decides whether it keeps its stock, and lets it go again', async () => {
  const order = anOrder({ payment: pending })
  const placed = await system.place(order)
  const web = desk(system, order)
  const held = await web.update(placeHold, {
    key: aKey(),
    actor: 'ann',
    reason: 'customer calls back',
    keepsStock: false,
  })
  expect(held.cases.map((c) => c.type)).toContain('manual-hold')
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 0 }])
  await expectRefused(web.update(releaseOrder, { key: aKey(), actor: 'ann' }), 'NotReleasable')
  await web.resolve('manual-hold', 'release')
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 1 }])
  await web.resolve('payment-pending', 'cancel')
  await web.until((seen) => !seen.open)
})

test('a command is carried out once per key, refused under its key with other content, and refused when stale', async () => {
  const order = anOrder({ payment: pending })
  const placed = await system.place(order)
  const web = desk(system, order)
  const hold = { key: 'once', actor: 'ann', reason: 'x' }
  const first = await web.update(placeHold, hold)
  expect((await web.update(placeHold, hold)).version).toBe(first.version)
  await expectRefused(web.update(placeHold, { ...hold, reason: 'y' }), 'IdempotencyMismatch')
  await expectRefused(
    web.resolve('manual-hold', 'release', { expectedVersion: placed.version }),
    'StaleVersion',
  )
  await expectRefused(web.resolve('manual-hold', 'accept'), 'ResolutionNotAllowed')
})

test('a document that the business refuses says so on its inbox row', async () => {
  const lost = anOrder({ channel: 'nowhere' })
  await expectRefused(system.place(lost), 'UnknownChannel')
  const wrong = { ...anOrder(), total: { currency: 'USD', minor: '1' } }
  await expectRefused(system.place(wrong), 'TotalsDoNotFoot')
  const empty = { ...anOrder(), lines: [] }
  await expectRefused(system.place(empty), 'NoLines')
  const rows = await system.db`
    SELECT outcome, problems->0->>'code' AS code FROM inbox WHERE outcome <> 'accepted' ORDER BY id`
  expect([...rows]).toEqual([
    { outcome: 'refused', code: 'UnknownChannel' },
    { outcome: 'refused', code: 'TotalsDoNotFoot' },
    { outcome: 'refused', code: 'NoLines' },
  ])
  void company
})
