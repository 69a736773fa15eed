import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Writable } from 'node:stream'
import { Client, Connection } from '@temporalio/client'
import { createLogger } from '#api/plugins/logging'
import { anOrder } from '#tests/support/company'
import { anAmazonOrder, aShopifyOrder, aWoocommerceOrder } from './channel-messages.ts'
import {
  carrierWebhook,
  CARRIER_SECRET,
  eventually,
  post,
  runningApi,
  SECRETS,
  shopifyWebhook,
  STRIPE_SECRET,
  stripeWebhook,
  woocommerceWebhook,
  type RunningApi,
} from './running-api.ts'
import { apiOn, type Caller } from './support.ts'

const logged: string[] = []
let api: RunningApi
let supervisor: Caller
beforeAll(async () => {
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push(chunk.toString())
      done()
    },
  })
  api = await runningApi({
    stock: { MUG: { east: 1000 }, LAMP: { east: 500 } },
    deps: { logger: createLogger('trace', destination) },
  })
  supervisor = await api.as('oms-supervisor')
})
afterAll(() => api.close())

const rows = (externalId: unknown) =>
  api.system.admin<
    { id: bigint; phase: string; externalVersion: string; totalMinor: bigint; workflowId: string }[]
  >`
    SELECT id, phase, workflow_id AS "workflowId", external_version AS "externalVersion", total_minor AS "totalMinor" FROM sales_order WHERE external_id = ${String(externalId)}`
const orderOf = async (externalId: unknown) => {
  const [row] = await eventually(
    () => rows(externalId),
    (found) => found.length > 0,
  )
  return row!
}
const inboxOf = (externalId: unknown) =>
  api.system.admin<{ topic: string; outcome: string }[]>`
    SELECT topic, outcome FROM inbox WHERE document->>'externalId' = ${String(externalId)} ORDER BY id`
const inboxRows = async () => {
  const [row] = await api.system.admin<{ n: number }[]>`SELECT count(*)::int AS n FROM inbox`
  return row!.n
}
const settled = (externalId: unknown) =>
  eventually(
    () => inboxOf(externalId),
    (found) => found.every((row) => row.outcome !== 'received'),
  )

describe.each([
  { kind: 'Shopify', send: shopifyWebhook, anOrderOf: aShopifyOrder, secret: 'SHOP_NEW' },
  { kind: 'WooCommerce', send: woocommerceWebhook, anOrderOf: aWoocommerceOrder, secret: 'WOO' },
])('a webhook of $kind', ({ send, anOrderOf, secret }) => {
  test('with its signature makes one order, however often it is delivered', async () => {
    const document = anOrderOf()
    const answers = await Promise.all(
      [1, 2, 3].map(() => send(api, document, { eventId: `once-${String(document['id'])}` })),
    )
    for (const answer of answers) expect(answer.statusCode, answer.body).toBe(202)
    expect(answers.filter((answer) => !answer.json().duplicate)).toHaveLength(1)
    expect(await orderOf(document['id'])).toMatchObject({ phase: 'released' })
    const later = await send(api, document, { eventId: `once-${String(document['id'])}` })
    expect(later.json()).toMatchObject({ outcome: 'accepted', duplicate: true })
    expect(await inboxOf(document['id'])).toHaveLength(1)
  })

  test('without an event id is known by its bytes', async () => {
    const document = anOrderOf()
    await send(api, document)
    expect((await send(api, document)).json()).toMatchObject({ duplicate: true })
    await orderOf(document['id'])
    expect(await inboxOf(document['id'])).toHaveLength(1)
  })

  test('with a wrong signature, or none, is a stranger and leaves nothing', async () => {
    const before = await inboxRows()
    for (const wrong of ['guessed', null, '']) {
      const answer = await send(api, anOrderOf(), { secret: wrong })
      expect(answer.statusCode, String(wrong)).toBe(401)
      expect(answer.json()).toMatchObject({ code: 'BadSignature' })
    }
    const foreign = kindOf(secret) === 'SHOP_NEW' ? SECRETS['WOO']! : SECRETS['SHOP_NEW']!
    expect((await send(api, anOrderOf(), { secret: foreign })).statusCode).toBe(401)
    expect(await inboxRows()).toBe(before)
  })

  test('to a channel that is unknown or of another kind is 404', async () => {
    for (const channel of ['nowhere', 'b2b'])
      expect((await send(api, anOrderOf(), {}, channel)).statusCode).toBe(404)
  })

  test('on a topic that nobody handles is ignored by the name of its header', async () => {
    const before = await inboxRows()
    const answer = await send(api, anOrderOf(), { topic: 'products/update' })
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.json()).toMatchObject({ outcome: 'ignored' })
    expect(answer.json().problems[0].field).toMatch(/Topic/)
    expect(await inboxRows()).toBe(before)
  })

  test.each([
    ['cut off', '{"id": 1,'],
    ['empty', ''],
  ])('that is %s is to be delivered again', async (_name, body) => {
    const eventId = `cut-${_name}-${secret}`
    const before = await inboxRows()
    const answer = await send(api, body, { eventId })
    expect(answer.statusCode, answer.body).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'MalformedJson' })
    expect(await inboxRows()).toBe(before + 1)
    const whole = anOrderOf()
    expect((await send(api, whole, { eventId })).statusCode).toBe(202)
    expect(await orderOf(whole['id'])).toMatchObject({ phase: 'released' })
  })

  test.each([
    ['an array', '[]'],
    ['null', 'null'],
    ['another document', '{"hello": "world"}'],
    ['a deep document', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
  ])('that is %s is taken, refused by field and kept as refused', async (_name, body) => {
    const before = await inboxRows()
    const answer = await send(api, body)
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.json()).toMatchObject({ outcome: 'refused', duplicate: false })
    expect(answer.json().problems[0].field).not.toBe('')
    expect(await inboxRows()).toBe(before + 1)
    expect((await send(api, body)).json()).toMatchObject({ outcome: 'refused', duplicate: true })
    expect(await inboxRows()).toBe(before + 1)
  })

  test('with characters that cannot be stored is refused, not lost', async () => {
    for (const bad of ['\\u0000', '\\ud800']) {
      const document = JSON.stringify(anOrderOf()).replace('Newark', `Ne${bad}wark`)
      const answer = await send(api, document)
      expect(answer.statusCode, answer.body).toBe(202)
      if (answer.json().outcome === 'refused')
        expect(answer.json().problems.length, answer.body).toBeGreaterThan(0)
    }
  })

  test('larger than two megabytes is 413', async () => {
    expect((await send(api, 'x'.repeat(2_200_000))).statusCode).toBe(413)
  })
})

function kindOf(secret: string): string {
  return secret
}

describe('Shopify', () => {
  test('may sign with the old secret while it is rotated', async () => {
    const answer = await shopifyWebhook(api, aShopifyOrder(), { secret: SECRETS['SHOP_OLD']! })
    expect(answer.statusCode).toBe(202)
  })

  test('ids beyond 2^53 stay as they are', async () => {
    const id = `9007199254740993${process.pid % 1000}`
    const body = JSON.stringify(aShopifyOrder({ id: 5, name: '#big' })).replace(
      '"id":5,',
      `"id":${id},`,
    )
    expect((await shopifyWebhook(api, body)).statusCode).toBe(202)
    expect(await orderOf(id)).toMatchObject({ phase: 'released' })
  })

  test('an `updated` that comes before its `create` makes the order; the create then changes nothing', async () => {
    const first = aShopifyOrder()
    const id = first['id']
    const newer = aShopifyOrder({
      id,
      updated_at: '2026-02-01T10:00:00Z',
      total_price: '200.00',
      subtotal_price: '200.00',
      line_items: [{ id: 11, sku: 'LAMP', title: 'Lamp', quantity: 2, price: '100.00' }],
    })
    await shopifyWebhook(api, newer, { topic: 'orders/updated' })
    await orderOf(id)
    await shopifyWebhook(api, first, { topic: 'orders/create' })
    const outcomes = await settled(id)
    expect(outcomes).toEqual([
      { topic: 'updated', outcome: 'accepted' },
      { topic: 'placed', outcome: 'superseded' },
    ])
    expect(await rows(id)).toMatchObject([{ totalMinor: 20000n, phase: 'released' }])
    const [money] = await api.system.admin<{ captured: bigint; deposits: bigint }[]>`
      SELECT sum(captured_minor)::bigint AS captured,
        (SELECT -sum(amount_minor)::bigint FROM journal_line WHERE order_id = ${(await orderOf(id)).id} AND account_id = 2100) AS deposits
      FROM payment WHERE order_id = ${(await orderOf(id)).id}`
    expect(money).toEqual({ captured: 20000n, deposits: 20000n })
  })

  test('an older version that comes late is ignored', async () => {
    const document = aShopifyOrder({ updated_at: '2026-02-01T10:00:00Z' })
    await shopifyWebhook(api, document)
    const { id: orderId } = await orderOf(document['id'])
    await shopifyWebhook(
      api,
      { ...document, updated_at: '2026-01-31T10:00:05Z', cancelled_at: '2026-01-31T10:00:05Z' },
      { topic: 'orders/cancelled' },
    )
    expect(await settled(document['id'])).toMatchObject([
      { outcome: 'accepted' },
      { outcome: 'superseded' },
    ])
    expect((await orderOf(document['id'])).phase).toBe('released')
    void orderId
  })

  test('`paid` heals the hold that waits for it, and the order goes on', async () => {
    const document = aShopifyOrder({ financial_status: 'pending' })
    await shopifyWebhook(api, document)
    const order = await orderOf(document['id'])
    expect(order.phase).toBe('held')
    const paid = {
      ...document,
      financial_status: 'paid',
      updated_at: '2026-02-01T10:00:00Z',
    }
    const answer = await shopifyWebhook(api, paid, { topic: 'orders/paid' })
    expect(answer.statusCode, answer.body).toBe(202)
    await eventually(
      () => orderOf(document['id']),
      (now) => now.phase === 'released',
    )
    const [found] = (await supervisor({ method: 'GET', url: `/v1/orders/${order.id}` })).json()
      .cases
    expect(found).toMatchObject({ type: 'payment-pending', state: 'self-healed' })
  })

  test('`cancelled` cancels what has not left', async () => {
    const document = aShopifyOrder({ financial_status: 'pending' })
    await shopifyWebhook(api, document)
    await orderOf(document['id'])
    await shopifyWebhook(
      api,
      {
        ...document,
        updated_at: '2026-02-01T10:00:00Z',
        cancelled_at: '2026-02-01T10:00:00Z',
        cancel_reason: 'customer',
      },
      { topic: 'orders/cancelled' },
    )
    await eventually(
      () => orderOf(document['id']),
      (now) => now.phase === 'cancelled',
    )
    // What comes while it is still ending is told to it and changes nothing; this comes after it.
    const { workflowId } = await orderOf(document['id'])
    await api.system.client.workflow.getHandle(workflowId).result()
    const late = { ...document, updated_at: '2026-03-01T10:00:00Z' }
    await shopifyWebhook(api, late, { topic: 'orders/updated' })
    expect((await settled(document['id'])).at(-1)).toMatchObject({ outcome: 'superseded' })
  })

  test('what was refused for want of a rate is taken when it is sent again', async () => {
    const document = aShopifyOrder({ currency: 'CAD' })
    const event = { eventId: `cad-${String(document['id'])}` }
    await shopifyWebhook(api, document, event)
    await eventually(
      () => inboxOf(document['id']),
      ([row]) => row?.outcome === 'refused',
    )
    await api.system
      .admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('CAD', 'USD', '2000-01-01', 740000000, 'test')`
    expect((await shopifyWebhook(api, document, event)).statusCode).toBe(202)
    const stop = await api.notify()
    await orderOf(document['id'])
    await stop()
    expect(await inboxOf(document['id'])).toEqual([{ topic: 'placed', outcome: 'accepted' }])
  })

  test('while the process engine is away a document is kept, and the sweep starts its order', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' })
    const cut = await apiOn(api.system, new Client({ connection }), {
      ...api.deps,
      temporal: new Client({ connection }),
      temporalDeadlineMs: 300,
    })
    const document = aShopifyOrder()
    const answer = await shopifyWebhook(cut, document)
    expect(answer.statusCode, answer.body).toBe(202)
    expect(await inboxOf(document['id'])).toEqual([{ topic: 'placed', outcome: 'received' }])
    await cut.close()
    await connection.close()
    const stop = await api.notify()
    expect(await settled(document['id'])).toEqual([{ topic: 'placed', outcome: 'accepted' }])
    await stop()
  })
})

describe('Amazon', () => {
  let connector: Caller
  beforeAll(async () => {
    connector = await api.as('connector')
  })
  const send = (body: object) => post(connector, '/v1/webhooks/amazon/market', body)

  test('an order with its items is placed; a newer version changes it', async () => {
    const { order, items } = anAmazonOrder()
    const answer = await send({ order, items })
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.json().items).toMatchObject([{ duplicate: false }])
    expect(await orderOf(order.AmazonOrderId)).toMatchObject({ phase: 'released' })
    expect((await send({ order, items })).json().items).toMatchObject([{ duplicate: true }])
    const newer = { ...order, LastUpdateDate: '2026-02-01T10:00:00Z' }
    await send({ order: newer, items })
    expect(await settled(order.AmazonOrderId)).toEqual([
      { topic: 'placed', outcome: 'accepted' },
      { topic: 'updated', outcome: 'accepted' },
    ])
  })

  test('a page is taken order by order; one without items is refused beside the others', async () => {
    const [one, two] = [anAmazonOrder(), anAmazonOrder()]
    const before = await inboxRows()
    const answer = await send({
      orders: { payload: { Orders: [one.order, two.order] } },
      items: { [one.order.AmazonOrderId]: one.items },
    })
    expect(answer.statusCode, answer.body).toBe(202)
    const [first, second] = answer.json().items
    expect(first).toMatchObject({ duplicate: false })
    expect(second).toMatchObject({ outcome: 'refused', inboxId: expect.stringMatching(/^\d+$/) })
    expect(second.problems[0]).toMatchObject({ field: expect.any(String) })
    expect(await inboxRows()).toBe(before + 2)
    await orderOf(one.order.AmazonOrderId)
  })

  test('one order that is refused is 422 by field, and kept once', async () => {
    const { order } = anAmazonOrder({ OrderStatus: 'Pending' })
    const before = await inboxRows()
    for (let time = 1; time <= 2; time += 1) {
      const answer = await send({ order, items: {} })
      expect(answer.statusCode).toBe(422)
      expect(answer.json().errors[0].field).toContain('OrderStatus')
    }
    expect(await inboxRows()).toBe(before + 1)
  })

  test('needs the right to place orders in that channel', async () => {
    const { order, items } = anAmazonOrder()
    const narrow = await api.as('connector', { channels: ['web'] })
    const answer = await post(narrow, '/v1/webhooks/amazon/market', { order, items })
    expect(answer.statusCode).toBe(403)
    expect((await send({ order, items })).statusCode).toBe(202)
  })
})

describe('Stripe', () => {
  const event = (type: string, object: object) => ({
    id: `evt_${Math.random().toString(36).slice(2)}`,
    type,
    created: Math.floor(Date.now() / 1000),
    data: { object },
  })

  test('a capture frees the order that waits for its payment', async () => {
    const order = anOrder({
      payment: { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' },
    })
    order.payment.reference = `pi_${order.externalId}`
    const { orderId, phase } = await api.place(order)
    expect(phase).toBe('held')
    const captured = event('payment_intent.succeeded', {
      id: `pi_${order.externalId}`,
      amount: 10000,
      amount_received: 10000,
      currency: 'usd',
    })
    for (let time = 1; time <= 2; time += 1) {
      const answer = await stripeWebhook(api, captured)
      expect(answer.statusCode, answer.body).toBe(202)
      expect(answer.json()).toEqual({ outcome: 'told' })
    }
    await eventually(
      () => orderOf(order.externalId),
      (now) => now.phase === 'released',
    )
    const found = (await supervisor({ method: 'GET', url: `/v1/orders/${orderId}` })).json()
    expect(found.payments).toMatchObject([{ capturedMinor: '10000' }])
  })

  test.each([{ created: 1e308 }, { created: -5 }, { created: 1.5 }])(
    'an event with the impossible time %j is refused',
    async (changes) => {
      const one = { ...event('payment_intent.succeeded', { id: 'pi_1' }), ...changes }
      expect((await stripeWebhook(api, one)).statusCode).toBe(401)
    },
  )

  test('a payment that nobody knows yet is kept, in case it is ahead of its order', async () => {
    const answer = await stripeWebhook(
      api,
      event('payment_intent.succeeded', { id: 'pi_foreign', amount_received: 1, currency: 'usd' }),
    )
    expect(answer.json()).toEqual({ outcome: 'kept' })
  })

  test('a wrong, old or missing signature is a stranger', async () => {
    const one = event('payment_intent.succeeded', { id: 'pi_1' })
    expect((await stripeWebhook(api, one, 'guessed')).statusCode).toBe(401)
    const hourAgo = Math.floor(Date.now() / 1000) - 3600
    expect((await stripeWebhook(api, one, STRIPE_SECRET, hourAgo)).statusCode).toBe(401)
    const bare = { method: 'POST', url: '/v1/webhooks/stripe', payload: {} } as const
    expect((await api.server.inject(bare)).statusCode).toBe(401)
  })

  test('nobody may sign with the empty secret where none is set', async () => {
    const bare = await apiOn(api.system, api.system.client)
    const one = event('payment_intent.succeeded', { id: 'pi_1' })
    expect((await stripeWebhook(bare as RunningApi, one, '')).statusCode).toBe(401)
    expect((await carrierWebhook(bare as RunningApi, {}, '')).statusCode).toBe(401)
    await bare.close()
  })
})

describe('a carrier', () => {
  const tracked = (code: string, status: string, at: string) => ({
    id: `evt_${code}_${status}`,
    object: 'Event',
    description: 'tracker.updated',
    created_at: at,
    mode: 'test',
    status: 'completed',
    result: {
      id: 'trk_1',
      object: 'Tracker',
      tracking_code: code,
      status,
      carrier: 'UPS',
      created_at: at,
      updated_at: at,
      tracking_details: [{ status, message: status, datetime: at }],
    },
  })

  test('moves a parcel until it is delivered, each scan once', async () => {
    const { orderId } = await api.place(anOrder())
    const code = `1Z${orderId}`
    const order = (await supervisor({ method: 'GET', url: `/v1/orders/${orderId}` })).json()
    const picker = await api.as('picker')
    const shipped = await post(
      picker,
      `/v1/fulfilment-orders/${order.fulfilments[0].id}/shipments`,
      { reference: `S-${orderId}`, parcels: [{ trackingNumber: code, carrier: 'UPS' }] },
    )
    expect(shipped.statusCode, shipped.body).toBe(200)
    for (const status of ['in_transit', 'in_transit', 'delivered']) {
      const answer = await carrierWebhook(api, tracked(code, status, new Date().toISOString()))
      expect(answer.statusCode, answer.body).toBe(202)
      expect(answer.json().outcome).toBe('told')
    }
    const parcel = await eventually(
      async () =>
        (await supervisor({ method: 'GET', url: `/v1/orders/${orderId}` })).json().shipments[0]
          .parcels[0],
      (now) => now.deliveredAt !== null,
    )
    expect(parcel.events.map((scan: { status: string }) => scan.status)).toEqual([
      'in-transit',
      'delivered',
    ])
  })

  test('whose clock is broken still moves its parcel', async () => {
    const { orderId } = await api.place(anOrder())
    const order = (await supervisor({ method: 'GET', url: `/v1/orders/${orderId}` })).json()
    const code = `1ZC${orderId}`
    await post(
      await api.as('picker'),
      `/v1/fulfilment-orders/${order.fulfilments[0].id}/shipments`,
      { reference: `C-${orderId}`, parcels: [{ trackingNumber: code }] },
    )
    const broken = tracked(code, 'delivered', 'yesterday, I think')
    expect((await carrierWebhook(api, broken)).json().outcome).toBe('told')
    await eventually(
      async () =>
        (await supervisor({ method: 'GET', url: `/v1/orders/${orderId}` })).json().shipments[0]
          .parcels[0],
      (now) => now.deliveredAt !== null,
    )
  })

  test('a parcel that nobody knows yet is kept; a stranger is 401', async () => {
    const event = tracked('1Zunknown', 'delivered', new Date().toISOString())
    expect((await carrierWebhook(api, event)).json()).toEqual({ outcome: 'kept' })
    expect((await carrierWebhook(api, event, 'guessed')).statusCode).toBe(401)
  })
})

test('the inbox tells what became of each message, and only to whom it may', async () => {
  const inbox = await supervisor({ method: 'GET', url: '/v1/inbox?outcome=refused&limit=200' })
  expect(inbox.statusCode).toBe(200)
  expect(inbox.json().items[0]).toMatchObject({ outcome: 'refused', problems: expect.any(Array) })
  const narrow = await api.as('oms-supervisor', { channels: ['woo'] })
  const seen = (await narrow({ method: 'GET', url: '/v1/inbox?limit=200' })).json().items
  expect(seen.length).toBeGreaterThan(0)
  for (const row of seen) expect(row.source).toBe('woocommerce/woo')
  const byChannel = await supervisor({ method: 'GET', url: '/v1/inbox?channel=web&limit=200' })
  expect(byChannel.json().items.map((row: { source: string }) => row.source)).toContain('api')
})

test('no secret and no person stands in the log', () => {
  const log = logged.join('')
  expect(log).toContain('/v1/webhooks/shopify/:channel')
  for (const secret of [
    ...Object.values(SECRETS),
    STRIPE_SECRET,
    CARRIER_SECRET,
    'ann@example.com',
  ])
    expect(log).not.toContain(secret)
})
