import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Effect, KeptOutcome } from '#activities/orders/effect-outcomes'
import type { Gateways } from '#activities/orders/gateways'
import {
  buyLabels,
  changeOrder,
  requestCancellation,
  type OrderProgress,
} from '#contracts/order-to-cash'
import { anOrder, foundCompany, setPolicy } from '#tests/support/company'
import {
  aKey,
  desk,
  effectsOf,
  expectRefused,
  fulfilmentsOf,
  postedFor,
} from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

type Found = KeptOutcome | { outcome: 'absent' }

/** What the outside answers next; an empty list agrees to everything. */
const script = {
  pay: [] as KeptOutcome[],
  findPayment: [] as Found[],
  buyLabel: [] as KeptOutcome[],
  findLabel: [] as Found[],
  voidLabel: [] as KeptOutcome[],
  findVoid: [] as Found[],
  asked: [] as string[],
}
const unknown = { outcome: 'unknown', message: 'no answer' } as const
const declined = { outcome: 'declined', code: 'card_declined', message: 'no funds' } as const
const label = (trackingNumber: string) =>
  ({
    outcome: 'confirmed',
    facts: { trackingNumber, carrier: 'UPS', service: 'Ground', costMinor: '650' },
  }) as const

const gateways: Gateways = {
  ...agreeableGateways,
  pay: (effect) => answer('pay', effect, () => agreeableGateways.pay(effect)),
  findPayment: (effect) =>
    answer('findPayment', effect, () => agreeableGateways.findPayment(effect)),
  buyLabel: (effect, route, keep) =>
    answer('buyLabel', effect, () => agreeableGateways.buyLabel(effect, route, keep)),
  findLabel: (effect) => answer('findLabel', effect, () => agreeableGateways.findLabel(effect)),
  voidLabel: (effect) => answer('voidLabel', effect, () => agreeableGateways.voidLabel(effect)),
  findVoid: (effect) => answer('findVoid', effect, () => agreeableGateways.findVoid(effect)),
}

function answer<A extends KeptOutcome | Found>(
  call: keyof Omit<typeof script, 'asked'>,
  effect: Effect,
  agree: () => Promise<A>,
): Promise<A> {
  script.asked.push(`${call} ${effect.operation}`)
  const next = script[call].shift()
  return next ? Promise.resolve(next as A) : agree()
}

let system: TestSystem
beforeAll(async () => {
  system = await startSystem(gateways)
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 200 }, CHAIR: {}, TEA: {} })
})
beforeEach(() => {
  for (const list of Object.values(script)) list.length = 0
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const authorised = {
  state: 'authorised',
  provider: 'stripe',
  reference: 'pi_1',
  amountMinor: 'all',
} as const

async function placed(changes: Parameters<typeof anOrder>[0] = {}) {
  const order = anOrder(changes)
  const progress: OrderProgress = await system.place(order)
  return { ...desk(system, order), orderId: progress.orderId, at: progress }
}

test('a capture that is declined is tried again under a new key and then closes the order', async () => {
  script.pay = [declined]
  const order = await placed({ payment: { ...authorised } })
  await order.ship()
  await order.until((seen) => seen.cases.length > 0)
  await expectRefused(order.resolve('payment-declined', 'cancel'), 'NothingToCancel')
  await order.resolve('payment-declined', 'retry')
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'closed' })
  expect(await effectsOf(system.db, order.orderId)).toEqual([
    'capture failed 10000',
    'capture confirmed 10000',
  ])
  expect(await postedFor(system.db, order.orderId)).toContain('Dr ProcessorClearing 100.00')
})

test('a capture whose answer is lost is asked about and never repeated', async () => {
  script.pay = [unknown]
  script.findPayment = [unknown, { outcome: 'confirmed', facts: { reference: 'pi_1' } }]
  const order = await placed({ payment: { ...authorised } })
  await order.ship()
  await order.until((seen) => !seen.open)
  expect(script.asked).toEqual(['pay capture', 'findPayment capture', 'findPayment capture'])
})

test('an outcome that nobody knows becomes a case, blocks no other call, and a person may ask again', async () => {
  script.pay = [unknown]
  script.findPayment = [unknown, unknown, unknown]
  const order = await placed({ payment: { ...authorised }, line: { quantity: 2 } })
  const [line] = await system.db<
    { id: bigint }[]
  >`SELECT id FROM sales_order_line WHERE order_id = ${order.orderId}`
  await order.ship({ lines: [{ orderLineId: line!.id.toString(), qty: 1 }] })
  await order.until((seen) => seen.cases.length > 0)
  const [fulfilment] = await fulfilmentsOf(system.db, order.orderId)
  await order.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
  })
  await order.until((seen) => seen.effects.length === 0)
  expect(await effectsOf(system.db, order.orderId)).toEqual([
    'capture unknown 10000',
    'buy-label confirmed',
  ])
  script.findPayment = [{ outcome: 'confirmed', facts: { reference: 'pi_1' } }]
  await order.resolve('effect-unknown', 'ask-again')
  await order.until((seen) => seen.cases.length === 0 && seen.effects.length === 0)
  await order.ship()
  await order.until((seen) => seen.phase === 'shipped' && seen.effects.length === 0)
  expect(script.asked.filter((call) => call === 'pay capture')).toHaveLength(2)
})

test('a person who knows better marks a lost call as done', async () => {
  script.pay = [unknown]
  script.findPayment = [unknown, unknown]
  const order = await placed({ payment: { ...authorised } })
  await order.ship()
  await order.until((seen) => seen.cases.length > 0)
  await expectRefused(order.resolve('effect-unknown', 'mark-done'), 'MissingParameter')
  await order.resolve('effect-unknown', 'mark-done', { params: { reference: 'ch_9' } })
  await order.until((seen) => !seen.open)
  const [row] = await system.db`
    SELECT resolution, resolved_by FROM exception_case WHERE subject_id = ${order.orderId}`
  expect(row).toEqual({ resolution: 'mark-done', resolved_by: 'ann' })
})

test('a refund that is declined stays owed, and its second attempt settles the first grant', async () => {
  script.pay = [declined]
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
  const order = await placed({ channel: 'b2b' })
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'x' })
  await order.until((seen) => seen.cases.length > 0)
  expect(await postedFor(system.db, order.orderId)).toEqual([
    'Dr ProcessorClearing 100.00',
    'Cr RefundsPayable 100.00',
  ])
  await order.resolve('refund-failed', 'retry')
  await order.until((seen) => !seen.open)
  expect(await postedFor(system.db, order.orderId)).toEqual([])
  const open =
    await system.db`SELECT key FROM open_item WHERE account_id = 2140 AND balance_minor <> 0`
  expect([...open]).toEqual([])
})

test('a label is bought once although the carrier’s answer got lost', async () => {
  script.buyLabel = [unknown]
  script.findLabel = [label('1Z-FOUND')]
  const order = await placed()
  const [fulfilment] = await fulfilmentsOf(system.db, order.orderId)
  await order.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
  })
  await order.until((seen) => seen.effects.length === 0)
  expect(script.asked).toEqual(['buyLabel buy-label', 'findLabel buy-label'])
  const [parcel] =
    await system.db`SELECT tracking_number FROM parcel WHERE order_id = ${order.orderId}`
  expect(parcel).toEqual({ tracking_number: '1Z-FOUND' })
})

/** The warehouse has a bought label and gives the goods back. */
async function labelledAndRecalled() {
  const order = await placed()
  const [fulfilment] = await fulfilmentsOf(system.db, order.orderId)
  await order.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
  })
  await order.until((seen) => seen.effects.length === 0)
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed mind' })
  script.asked.length = 0
  await order.resolve('channel-changed-after-release', 'recall')
  return order
}

test('a label that was bought and not used is given back to the carrier, once', async () => {
  script.voidLabel = [unknown]
  script.findVoid = [{ outcome: 'confirmed', facts: { state: 'submitted' } }]
  const order = await labelledAndRecalled()
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })
  expect(script.asked.filter((call) => call.includes('void-label'))).toEqual([
    'voidLabel void-label',
    'findVoid void-label',
  ])
  expect(await effectsOf(system.db, order.orderId)).toContain('void-label confirmed')
})

test('a label that the carrier does not take back stops nobody; one that nobody knows of asks a person', async () => {
  script.voidLabel = [{ outcome: 'refused', code: 'void-refused', message: 'used' }]
  const refused = await labelledAndRecalled()
  expect(await refused.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })

  script.voidLabel = [unknown]
  script.findVoid = [unknown, unknown, unknown]
  const order = await labelledAndRecalled()
  const stuck = await order.until((seen) => seen.cases.length > 0)
  expect(stuck.cases).toMatchObject([{ type: 'effect-unknown' }])
  await order.resolve('effect-unknown', 'mark-failed')
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })
})

test('a label that arrives after the goods were given back is given back too', async () => {
  let answerLabel = () => {}
  const late = new Promise<void>((done) => (answerLabel = done))
  const buys = gateways.buyLabel
  gateways.buyLabel = async (effect, route, keep) => {
    await late
    return buys(effect, route, keep)
  }
  const order = await placed()
  const [fulfilment] = await fulfilmentsOf(system.db, order.orderId)
  await order.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
  })
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed mind' })
  await order.resolve('channel-changed-after-release', 'recall')
  answerLabel()
  gateways.buyLabel = buys
  await order.until((seen) => !seen.open)
  expect(await effectsOf(system.db, order.orderId)).toEqual(
    expect.arrayContaining(['buy-label confirmed', 'void-label confirmed']),
  )
})

test('a label that cannot be bought is tried again, by another service, or written by hand', async () => {
  const no = { outcome: 'refused', code: 'no-rate', message: 'too heavy' } as const
  script.buyLabel = [no, no, no]
  const order = await placed()
  const [fulfilment] = await fulfilmentsOf(system.db, order.orderId)
  const failed = () =>
    order.until((seen) => seen.effects.length === 0 && seen.cases[0]?.type === 'label-failed')
  await order.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
  })
  await failed()
  await order.resolve('label-failed', 'retry')
  await failed()
  await order.resolve('label-failed', 'next-service')
  await failed()
  const params = { trackingNumber: 'HAND-1', carrier: 'Post' }
  expect(await order.resolve('label-failed', 'manual', { params })).toMatchObject({ cases: [] })
  await order.ship()
  const parcels =
    await system.db`SELECT tracking_number FROM parcel WHERE order_id = ${order.orderId}`
  expect([...parcels]).toEqual([{ tracking_number: 'HAND-1' }])
})

test('an authorisation that ends soon is renewed once, at release and by the clock', async () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  const later = new Date(Date.now() + 30 * 86_400_000).toISOString()
  script.pay = [{ outcome: 'confirmed', facts: { reference: 'pi_2', expiresAt: later } }]
  const order = await placed({ payment: { ...authorised, authorisationExpiresAt: soon } })
  await order.until((seen) => seen.effects.length === 0)
  const renewed = ['reauthorise confirmed 10000', 'void confirmed 10000']
  expect(await effectsOf(system.db, order.orderId)).toEqual(renewed)
  const payments =
    await system.db`SELECT reference, authorised_minor, expires_at FROM payment WHERE order_id = ${order.orderId} ORDER BY seq`
  expect([...payments]).toEqual([
    { reference: 'pi_1', authorised_minor: 0n, expires_at: null },
    { reference: 'pi_2', authorised_minor: 10000n, expires_at: later },
  ])

  script.pay = [{ outcome: 'confirmed', facts: { reference: 'pi_3', expiresAt: later } }]
  const waits = await placed({
    channel: 'b2b',
    payment: { ...authorised, authorisationExpiresAt: soon },
  })
  await waits.until((seen) => seen.effects.length === 0 && seen.version > waits.at.version + 1)
  expect(await effectsOf(system.db, waits.orderId)).toEqual(renewed)
})

test('a renewal that is refused asks a person, does not spin, and lapses in its own time', async () => {
  script.pay = [declined]
  const end = new Date(Date.now() + 4_000).toISOString()
  const order = await placed({
    channel: 'b2b',
    payment: { ...authorised, authorisationExpiresAt: end },
  })
  const asked = await order.until((seen) => seen.cases.length === 1)
  expect(asked.cases).toMatchObject([{ type: 'authorisation-expired' }])
  expect(asked.nextDeadline).toBe(end)
  const lapsed = await order.until((seen) => seen.cases.length === 2)
  expect(lapsed.version - asked.version).toBe(1)
  const [payment] =
    await system.db`SELECT authorised_minor FROM payment WHERE order_id = ${order.orderId}`
  expect(payment).toEqual({ authorised_minor: 0n })
})

test('silence has a policy: a case moves up when its time is over', async () => {
  const quick = { team: 'risk', slaMinutes: 0.02, escalateTo: 'boss', severity: 'high' }
  await setPolicy(system.admin, 'exceptions', { 'price-suspect': quick }, 'market')
  const order = await placed({ channel: 'market', line: { unitPriceMinor: '1' } })
  await order.until((seen) => seen.whoMayAct === 'boss')
  const [row] = await system.db`
    SELECT owner_team, escalations > 0 AS up FROM exception_case WHERE subject_id = ${order.orderId}`
  expect(row).toEqual({ owner_team: 'boss', up: true })
})

async function paymentIsAwaitedBriefly(): Promise<void> {
  const quick = { team: 'order-desk', slaMinutes: 0.02, escalateTo: 'boss', severity: 'high' }
  await setPolicy(system.admin, 'exceptions', { 'payment-pending': quick }, 'market')
  await setPolicy(system.admin, 'order', { paymentWaitHours: 0.0006 }, 'market')
}

test('an order that nobody pays is cancelled in the end', async () => {
  await paymentIsAwaitedBriefly()
  const payment = {
    state: 'pending',
    provider: 'stripe',
    reference: null,
    amountMinor: '0',
  } as const
  const order = await placed({ channel: 'market', payment })
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })
})

test('a paid order that grew and is not paid again loses only what came last', async () => {
  await paymentIsAwaitedBriefly()
  const order = await placed({ channel: 'market' })
  const add = { kind: 'add-line', sku: 'MUG', qty: 2, unitPriceMinor: '1000' } as const
  await order.update(changeOrder, { key: aKey(), actor: 'csr', actions: [add] })
  const kept = await order.until((seen) => seen.cases.length === 0)
  expect(kept).toMatchObject({ phase: 'released', moneyAtRisk: { minor: '10000' } })
  expect(await effectsOf(system.db, order.orderId)).toEqual([])
})

test('a parcel that does not move opens a case with the last day for a claim, and may be lost', async () => {
  await setPolicy(system.admin, 'order', { stalledAfterHours: 0.0004 }, 'market')
  const order = await placed({ channel: 'market' })
  await order.ship({ parcels: [{ trackingNumber: 'SLOW', carrier: 'UPS' }] })
  await order.until((seen) => seen.cases[0]?.type === 'parcel-stalled')
  await order.resolve('parcel-stalled', 'claim-lost')
  await order.resolve('parcel-lost', 'refund')
  await order.until((seen) => !seen.open)
  const claims = await system.db`
    SELECT claim_by > claimed_on AS "inTime", cost_minor AS cost FROM carrier_claim WHERE order_id = ${order.orderId}`
  expect(claims).toEqual([{ inTime: true, cost: 4000n }])
})
