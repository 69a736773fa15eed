import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Gateways } from '#activities/orders/gateways'
import { requestCancellation } from '#contracts/order-to-cash'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { anOrder, setPolicy } from '#tests/support/company'
import { postedFor } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import {
  carrierWebhook,
  eventually,
  post,
  runningApi,
  stripeWebhook,
  type RunningApi,
} from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let supervisor: Caller
let stop: () => Promise<void>
/** What the processor says of a refund that it accepted; the agreeable one pays it out at once. */
let settled = true
const gateways: Gateways = {
  ...agreeableGateways,
  pay: async (effect) => {
    const answer = await agreeableGateways.pay(effect)
    if (answer.outcome !== 'confirmed' || effect.operation !== 'refund') return answer
    return { ...answer, facts: { ...answer.facts, settled } }
  },
}

beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 200 } }, gateways })
  supervisor = await api.as('oms-supervisor')
})
beforeEach(async () => {
  stop = await api.notify()
})
afterEach(async () => {
  await stop()
  await expectProofs(api.system.admin)
})
afterAll(() => api.close())

let events = 0
const stripeEvent = (type: string, object: Record<string, unknown>) => ({
  id: `evt_${process.pid}_${(events += 1)}`,
  type,
  created: Math.floor(Date.now() / 1000),
  data: { object: { currency: 'usd', ...object } },
})
const capturedBy = (reference: string, amount = 10000) =>
  stripeEvent('payment_intent.succeeded', { id: reference, amount, amount_received: amount })

const scan = (code: string, status: string) => ({
  id: `evt_${code}_${status}`,
  object: 'Event',
  description: 'tracker.updated',
  created_at: new Date().toISOString(),
  result: {
    id: 'trk_1',
    object: 'Tracker',
    tracking_code: code,
    status,
    updated_at: new Date().toISOString(),
    tracking_details: [{ status, message: status, datetime: new Date().toISOString() }],
  },
})

const unpaid = (reference: string | null, channel = 'web') =>
  anOrder({
    channel,
    payment: { state: 'pending', provider: 'stripe', reference, amountMinor: '0' },
  })
const orderNow = async (id: string) =>
  (await supervisor({ method: 'GET', url: `/v1/orders/${id}` })).json()

/** The sweep need not wait for the pause that keeps it from asking all the time. */
async function isDue(eventId: string): Promise<void> {
  await api.system
    .admin`UPDATE provider_event SET next_at = clock_timestamp() WHERE event_id = ${eventId}`
}

async function eventRow(eventId: string) {
  const [row] = await api.system.db<
    { state: string; problem: string | null; orderId: bigint | null }[]
  >`SELECT state, problem, order_id AS "orderId" FROM provider_event WHERE event_id = ${eventId}`
  return row!
}

test('a payment that is ahead of its order is taken when the order is there, and counted once', async () => {
  const order = unpaid(`pi_early_${process.pid}`)
  const event = capturedBy(order.payment.reference!)
  for (let time = 1; time <= 2; time += 1)
    expect((await stripeWebhook(api, event)).json()).toEqual({ outcome: 'kept' })
  const { orderId, phase } = await api.place(order)
  expect(phase).toBe('held')
  await isDue(event.id)
  const paid = await eventually(
    () => orderNow(orderId),
    (now) => now.phase === 'released',
  )
  expect(paid.payments).toMatchObject([{ capturedMinor: '10000' }])
  expect(
    await eventually(
      () => eventRow(event.id),
      (row) => row.state === 'taken',
    ),
  ).toMatchObject({
    orderId: BigInt(orderId),
  })
  expect((await stripeWebhook(api, event)).json()).toEqual({ outcome: 'told' })
  expect((await orderNow(orderId)).payments).toMatchObject([{ capturedMinor: '10000' }])
})

test('a scan that is ahead of its label is taken when the parcel is known', async () => {
  const code = `1ZEARLY${process.pid}`
  expect((await carrierWebhook(api, scan(code, 'in_transit'))).json()).toEqual({ outcome: 'kept' })
  const { orderId } = await api.place(anOrder())
  const { fulfilments } = await orderNow(orderId)
  await post(await api.as('picker'), `/v1/fulfilment-orders/${fulfilments[0].id}/shipments`, {
    reference: `S-${orderId}`,
    parcels: [{ trackingNumber: code }],
  })
  await isDue(`evt_${code}_in_transit`)
  await eventually(
    async () => (await orderNow(orderId)).shipments[0].parcels[0].events,
    (scans) => scans.length === 1,
  )
})

test('a scan of a parcel that was given up is kept for the claim and moves nothing', async () => {
  const code = `1ZLOST${process.pid}`
  const { orderId } = await api.place(anOrder())
  const { fulfilments } = await orderNow(orderId)
  await post(await api.as('picker'), `/v1/fulfilment-orders/${fulfilments[0].id}/shipments`, {
    reference: `S-${orderId}`,
    parcels: [{ trackingNumber: code }],
  })
  await api.system
    .admin`UPDATE parcel SET voided_at = clock_timestamp() WHERE tracking_number = ${code}`
  await carrierWebhook(api, scan(code, 'delivered'))
  await eventually(
    () => eventRow(`evt_${code}_delivered`),
    (row) => row.state === 'taken',
  )
  const [parcel] = (await orderNow(orderId)).shipments[0].parcels
  expect(parcel).toMatchObject({ deliveredAt: null, events: [{ status: 'delivered' }] })
})

test('a payment that no books are open for says why and is taken once they are', async () => {
  const order = unpaid(`pi_closed_${process.pid}`)
  const { orderId } = await api.place(order)
  const year = new Date().getUTCFullYear() + 3
  const event = capturedBy(order.payment.reference!)
  event.created = Math.floor(Date.UTC(year, 5, 15) / 1000)
  expect((await stripeWebhook(api, event)).json()).toEqual({ outcome: 'told' })
  const refused = await eventually(
    () => eventRow(event.id),
    (row) => row.problem !== null,
  )
  expect(refused).toMatchObject({ state: 'waiting', problem: expect.stringMatching(/^Period/) })
  expect(await orderNow(orderId)).toMatchObject({ phase: 'held' })
  await api.system.admin`SELECT open_periods(${api.company.entityId}, ${year})`
  await isDue(event.id)
  await eventually(
    () => orderNow(orderId),
    (now) => now.phase === 'released',
  )
  expect(
    await eventually(
      () => eventRow(event.id),
      (row) => row.state === 'taken',
    ),
  ).toMatchObject({
    problem: null,
  })
})

/** A paid order that was cancelled; the bank pays its refund out at once, or says later that it did. */
async function refunded(atOnce: boolean) {
  settled = atOnce
  await setPolicy(api.system.admin, 'order', { autoRelease: false }, 'b2b')
  const order = anOrder({ channel: 'b2b' })
  const { orderId } = await api.place(order)
  const handle = api.system.order(order)
  const cancel = { key: 'cancel', actor: 'csr', reason: 'changed their mind' }
  await handle.executeUpdate(requestCancellation, { args: [cancel] })
  await handle.result()
  const [effect] = await api.system.db<{ key: string }[]>`
    SELECT key FROM external_effect WHERE subject_id = ${orderId} AND operation = 'refund'`
  const tells = async (type: string, status: string) => {
    const event = stripeEvent(type, {
      id: `re_${orderId}`,
      payment_intent: order.payment.reference,
      amount: 10000,
      status,
      failure_reason: status === 'failed' ? 'account closed' : null,
      metadata: { effect_key: effect!.key },
    })
    await stripeWebhook(api, event)
    await isDue(event.id)
    await eventually(
      () => eventRow(event.id),
      (row) => row.state === 'taken',
    )
  }
  const posted = () => postedFor(api.system.db, orderId)
  return { orderId, handle, tells, posted }
}

const OWED = ['Dr ProcessorClearing 100.00', 'Cr RefundsPayable 100.00']

test('a refund that the bank still works on is owed until the bank has paid it out', async () => {
  const order = await refunded(false)
  expect(await order.posted()).toEqual(OWED)
  await order.tells('refund.updated', 'succeeded')
  expect(await order.posted()).toEqual([])
  expect(await orderNow(order.orderId)).toMatchObject({ phase: 'cancelled', cases: [] })
})

test.each([
  ['store-credit', {}, ['Dr ProcessorClearing 100.00', 'Cr StoreCredit 100.00']],
  ['retry', {}, []],
  ['mark-done', { reference: 'wire-77' }, []],
])(
  'a refund that came back is owed again until it leaves by %s',
  async (resolution, params, end) => {
    const order = await refunded(true)
    expect(await order.posted()).toEqual([])
    await order.tells('refund.failed', 'failed')
    expect(await order.posted()).toEqual(OWED)
    const { cases } = await orderNow(order.orderId)
    expect(cases).toMatchObject([{ type: 'refund-failed', state: 'open', ownerTeam: 'finance' }])
    await eventually(
      () => post(supervisor, `/v1/exceptions/${cases[0].id}/resolution`, { resolution, params }),
      (answer) => answer.statusCode === 200,
    )
    expect(await order.handle.result()).toMatchObject({ phase: 'cancelled' })
    expect(await order.posted()).toEqual(end)
  },
)

test('a refund that fails while the bank works on it stays owed, and asks a person', async () => {
  const order = await refunded(false)
  await order.tells('refund.failed', 'failed')
  expect(await order.posted()).toEqual(OWED)
  expect((await orderNow(order.orderId)).cases).toMatchObject([{ type: 'refund-failed' }])
})

/** Nobody paid in time, so the order is gone; then the money comes. */
async function paidTooLate() {
  settled = true
  const quick = { team: 'order-desk', slaMinutes: 0.02, escalateTo: 'boss', severity: 'high' }
  await setPolicy(api.system.admin, 'exceptions', { 'payment-pending': quick }, 'market')
  await setPolicy(api.system.admin, 'order', { paymentWaitHours: 0.0006 }, 'market')
  const order = unpaid(`pi_late_${(events += 1)}_${process.pid}`, 'market')
  const { orderId } = await api.place(order)
  await eventually(
    () => orderNow(orderId),
    (now) => now.closedAt !== null,
  )
  const handle = api.system.order(order)
  await handle.result()
  const event = capturedBy(order.payment.reference!)
  expect((await stripeWebhook(api, event)).json()).toEqual({ outcome: 'kept' })
  await isDue(event.id)
  const reopened = await eventually(
    () => orderNow(orderId),
    (now) => now.cases.some((found: { type: string }) => found.type === 'paid-unfulfillable'),
  )
  const found = reopened.cases.find((one: { type: string }) => one.type === 'paid-unfulfillable')
  const decide = (resolution: string) =>
    eventually(
      () => post(supervisor, `/v1/exceptions/${found.id}/resolution`, { resolution }),
      (answer) => answer.statusCode === 200,
    )
  return { orderId, handle, decide }
}

test('money that comes after its order was cancelled is kept as a deposit until a person sends it back', async () => {
  const { orderId, handle, decide } = await paidTooLate()
  expect(await postedFor(api.system.db, orderId)).toEqual([
    'Dr ProcessorClearing 100.00',
    'Cr CustomerDeposits 100.00',
  ])
  await decide('refund')
  expect(await handle.result()).toMatchObject({ phase: 'cancelled' })
  expect(await postedFor(api.system.db, orderId)).toEqual([])
})

test('or until a person keeps it as credit for the customer’s next order', async () => {
  const { orderId, handle, decide } = await paidTooLate()
  await decide('store-credit')
  await handle.result()
  expect(await postedFor(api.system.db, orderId)).toEqual([
    'Dr ProcessorClearing 100.00',
    'Cr StoreCredit 100.00',
  ])
  const next = anOrder({
    payment: {
      state: 'captured',
      provider: 'stripe',
      reference: null,
      amountMinor: '0',
      otherTenders: [{ kind: 'store-credit', reference: `order-${orderId}`, amountMinor: '10000' }],
    },
  })
  expect(await api.place(next)).toMatchObject({ phase: 'released' })
})

test.each([['refunded-elsewhere', 'refund.updated', 're', 'refund.settled', 'succeeded']])(
  'money that moved at the processor without us asks finance once: %s',
  async (type, name, prefix, said, status) => {
    const order = anOrder()
    const { orderId } = await api.place(order)
    const tell = async (event: string, state: string) => {
      const object = { id: `${prefix}_${orderId}`, payment_intent: order.payment.reference }
      const told = stripeEvent(event, { ...object, amount: 4000, status: state })
      expect((await stripeWebhook(api, told)).json()).toEqual({ outcome: 'told' })
      await eventually(
        () => eventRow(told.id),
        (row) => row.state === 'taken',
      )
    }
    const posted = await postedFor(api.system.db, orderId)
    await tell(name, status)
    await tell(name, status)
    const caseOf = async () => {
      const { cases } = await orderNow(orderId)
      expect(cases).toMatchObject([{ type, ownerTeam: 'finance' }])
      return (await supervisor({ method: 'GET', url: `/v1/exceptions/${cases[0].id}` })).json()
    }
    const found = await caseOf()
    expect(found).toMatchObject({
      state: 'open',
      moneyAtRisk: { minor: '4000' },
      evidence: { object: `${prefix}_${orderId}`, [said]: expect.any(String) },
    })
    const url = `/v1/exceptions/${found.id}/resolution`
    const nameless = await post(supervisor, url, { resolution: 'mark-done' })
    expect(nameless.statusCode).toBe(422)
    const params = { reference: 'JE-77' }
    expect((await post(supervisor, url, { resolution: 'mark-done', params })).statusCode).toBe(200)
    // Only the person books it; what comes of it later asks again.
    expect(await postedFor(api.system.db, orderId)).toEqual(posted)
  },
)

test('a dispute has a process of its own, whatever is told first and however often', async () => {
  const order = anOrder()
  const { orderId } = await api.place(order)
  const disputeId = `dp_${process.pid}_${Date.now()}`
  const tell = async (event: string, status: string, more: Record<string, unknown> = {}) => {
    const object = { id: disputeId, payment_intent: order.payment.reference, amount: 4000, status }
    const told = stripeEvent(event, { ...object, reason: 'fraudulent', ...more })
    for (const _ of ['once', 'twice'])
      expect((await stripeWebhook(api, told)).json()).toEqual({ outcome: 'told' })
    expect(await eventRow(told.id)).toMatchObject({ state: 'taken' })
  }
  const analyst = await api.as('risk-analyst')
  const shown = async () =>
    (await analyst({ method: 'GET', url: `/v1/chargebacks?orderId=${orderId}` })).json().items
  await tell('charge.dispute.created', 'warning_needs_response')
  expect(await shown()).toMatchObject([{ disputeId, phase: 'inquiry', reason: 'fraudulent' }])
  const due_by = Math.floor(Date.now() / 1000) + 864_000
  await tell('charge.dispute.funds_withdrawn', 'needs_response', {
    balance_transactions: [{ fee: 1500, currency: 'usd' }],
    evidence_details: { due_by },
  })
  expect(await shown()).toMatchObject([
    { phase: 'opened', fee: { minor: '1500' }, inDispute: { minor: '4000' }, boundMinor: '4000' },
  ])
  await tell('charge.dispute.closed', 'lost')
  expect(await shown()).toMatchObject([
    { phase: 'lost', inDispute: { minor: '0' }, facts: [{}, {}, {}] },
  ])
})
