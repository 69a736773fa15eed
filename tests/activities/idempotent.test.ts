import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { orderActivities } from '#activities/orders/index'
import { refusalsAreAnswers } from '#activities/refusal-interceptor'
import type { OrderDocument } from '#contracts/order-intake'
import { orderToCashId, type OrderActivities, type OrderProgress } from '#contracts/order-to-cash'
import { storeDocument } from '#db/stores/inbox'
import { storeProviderEvent } from '#db/stores/provider-events'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { aLine, anOrder, aStranger, foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
let activities: OrderActivities
/** Every outside call that was made, by its key. */
const outside: string[] = []

beforeAll(async () => {
  database = await freshDatabase()
  await foundCompany(database.admin, {
    MUG: { east: 500 },
    LAMP: { east: 200, west: 200 },
    CHAIR: { east: 1 },
  })
  const noted =
    <A extends { key: string }, R>(call: (effect: A, ...rest: never[]) => R) =>
    (effect: A, ...rest: never[]): R => {
      outside.push(effect.key)
      return call(effect, ...rest)
    }
  activities = orderActivities({
    db: database.db,
    gateways: {
      ...agreeableGateways,
      pay: noted(agreeableGateways.pay),
      buyLabel: noted(agreeableGateways.buyLabel as never) as never,
    },
  })
})
afterAll(() => database.drop())

type Verb = keyof OrderActivities
type Input<V extends Verb> = Parameters<OrderActivities[V]>[0]

/** An activity under test: what stands before it, and what it is asked. */
interface Setting<V extends Verb> {
  document: OrderDocument
  input: Input<V>
}
type Settings = { [V in Verb]: () => Promise<Setting<V>> }

const actor = 'tester'

const settings: Settings = {
  receiveOrder: async () => {
    const document = anOrder()
    return { document, input: await startOf(document) }
  },
  resolveException: async () => {
    const { document, order } = await received({ customer: aStranger(), line: { quantity: 26 } })
    const caseId = order.cases[0]!.id
    return { document, input: { ...at(order, 'r1'), caseId, resolution: 'accept' } }
  },
  reopenException: async () => {
    const { document, order } = await received()
    const cancellation = { ...at(order, 'c1'), reason: 'changed their mind' }
    const { cases } = await activities.cancelOrder(cancellation)
    const caseId = cases[0]!.id
    await activities.resolveException({ ...at(order, 'r1'), caseId, resolution: 'dispute' })
    return { document, input: { ...at(order, 'o1'), caseId, reason: 'they insist' } }
  },
  confirmPick: async () => {
    const { document, order } = await received()
    const { fulfilmentId, orderLineId } = await atWarehouse(order)
    const lines = [{ orderLineId, picked: 1 }]
    return { document, input: { ...at(order, 'p1'), fulfilmentId, lines } }
  },
  rejectFulfilment: async () => {
    const { document, order } = await received()
    const { fulfilmentId } = await atWarehouse(order)
    return { document, input: { ...at(order, 'n1'), fulfilmentId, reason: 'no packer today' } }
  },
  confirmShipment: async () => {
    const { document, order } = await received({ line: { quantity: 2 } })
    const { fulfilmentId } = await atWarehouse(order)
    return { document, input: { ...at(order, 's1'), fulfilmentId, reference: 'S-1' } }
  },
  cancelOrder: async () => {
    const { document, order } = await received({ channel: 'desk', line: { quantity: 2 } })
    return { document, input: { ...at(order, 'c1'), reason: 'changed their mind' } }
  },
  changeOrder: async () => {
    const { document, order } = await received({ channel: 'desk', line: { quantity: 2 } })
    const [line] = await database.db<
      { id: bigint }[]
    >`SELECT id FROM sales_order_line WHERE order_id = ${order.orderId}`
    const orderLineId = line!.id.toString()
    return {
      document,
      input: { ...at(order, 'x1'), actions: [{ kind: 'cancel-units', orderLineId, qty: 1 }] },
    }
  },
  placeHold: async () => {
    const { document, order } = await received({ channel: 'desk', line: { quantity: 2 } })
    return { document, input: { ...at(order, 'h1'), reason: 'the customer rang' } }
  },
  releaseOrder: async () => {
    const { document, order } = await received({ channel: 'desk' })
    return { document, input: at(order, 'w1') }
  },
  buyLabels: async () => {
    const { document, order } = await received()
    const { fulfilmentId } = await atWarehouse(order)
    return { document, input: { ...at(order, 'l1'), fulfilmentId, parcels: [{ weightG: 700 }] } }
  },
  reallocateStock: async () => {
    const chair = { sku: 'CHAIR', unitPriceMinor: '22500' }
    const from = await received({ channel: 'desk', lines: [aLine(chair)] })
    const { document, order } = await received({ channel: 'desk', lines: [aLine(chair)] })
    const [line] = await database.db<
      { id: bigint }[]
    >`SELECT id FROM sales_order_line WHERE order_id = ${order.orderId}`
    return {
      document,
      input: {
        ...at(order, 'a1'),
        fromOrderId: from.order.orderId,
        orderLineId: line!.id.toString(),
        qty: 1,
        reason: 'promised first',
      },
    }
  },
  applyChannelChange: async () => {
    const { document, order } = await received({ payment: unpaid })
    const paid = anOrder({
      externalId: document.externalId,
      externalVersion: '2026-01-02T00:00:00.000Z',
    })
    const { inboxId } = await stored(paid, 'paid')
    return { document, input: { inboxId, orderId: order.orderId } }
  },
  recordPayment: async () => {
    const { document, order } = await received({ payment: unpaid })
    return {
      document,
      input: {
        ...at(order, 'm1'),
        kind: 'captured',
        provider: 'stripe',
        reference: `pi_${document.externalId}`,
        amountMinor: order.total.minor,
        effectiveOn: new Date().toISOString().slice(0, 10),
      },
    }
  },
  recordTracking: async () => {
    const { document, order } = await received()
    const { fulfilmentId } = await atWarehouse(order)
    const trackingNumber = `1Z${document.externalId}`
    await activities.confirmShipment({
      ...at(order, 's1'),
      fulfilmentId,
      reference: 'S-1',
      parcels: [{ trackingNumber }],
    })
    return {
      document,
      input: {
        orderId: order.orderId,
        providerEventId: `${document.externalId}/1`,
        trackingNumber,
        status: 'delivered',
        at: new Date().toISOString(),
        actor,
      },
    }
  },
  reviewOrder: async () => {
    const { document, order } = await received({
      line: { sku: 'TEA', unitPriceMinor: '250' },
    })
    return { document, input: { orderId: order.orderId, cause: 'stock arrived', key: 'v1' } }
  },
  passDeadline: async () => {
    const { document, order } = await received({ payment: unpaid })
    await database.admin`UPDATE exception_case SET due_at = clock_timestamp() - interval '1 hour' WHERE subject_id = ${order.orderId}`
    return { document, input: { orderId: order.orderId, at: `${order.nextDeadline}/1` } }
  },
  settleEffect: async () => {
    const payment = {
      state: 'authorised' as const,
      provider: 'stripe',
      reference: 'pi_held',
      amountMinor: 'all',
    }
    const { document, order } = await received({ payment })
    const { fulfilmentId } = await atWarehouse(order)
    const shipped = await activities.confirmShipment({
      ...at(order, 's1'),
      fulfilmentId,
      reference: 'S-1',
    })
    return { document, input: { orderId: order.orderId, key: shipped.effects[0]!.key } }
  },
  quoteTax: async () => {
    await database.admin`
      INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) VALUES ('US-NJ', 'standard', 66250, '2020-01-01')`
    const document = anOrder()
    const { inboxId } = await stored(document, 'placed')
    return { document, input: { inboxId } }
  },
  refuseDocument: async () => {
    const document = anOrder({ channel: 'nobody-knows-it' })
    const { inboxId } = await stored(document, 'placed')
    return { document, input: { inboxId, code: 'UnknownChannel', message: 'no such channel' } }
  },
  explainEvent: async () => {
    const document = anOrder()
    const told = { kind: 'payment.captured', reference: 'pi_early', effectKey: null, facts: {} }
    const { id: eventId } = await storeProviderEvent(
      database.db,
      { provider: 'stripe', eventId: `evt_${document.externalId}`, ...told },
      { taken: true },
    )
    return { document, input: { eventId, code: 'PeriodClosed', message: 'the period is closed' } }
  },
}

test.each(Object.keys(settings) as Verb[])(
  '%s run twice with the same input answers the same and writes once',
  async (verb) => {
    const { document, input } = await settings[verb]()
    const before = await written()
    const first = await runIn(document, verb, input)
    const afterOnce = await written()
    const again = await runIn(document, verb, input)
    expect(again).toEqual(first)
    expect(await written()).toEqual(afterOnce)
    // Otherwise a verb that does nothing at all would pass too.
    if (verb !== 'refuseDocument' && verb !== 'explainEvent') expect(afterOnce).not.toEqual(before)
  },
)

test('one call outside for an effect that is settled twice', () => {
  expect(outside).toEqual([...new Set(outside)])
  expect(outside).toHaveLength(1)
})

test('a command that is refused leaves nothing, however often it comes', async () => {
  const { document, order } = await received()
  const before = await written()
  for (const attempt of [1, 2]) {
    const refused = runIn(document, 'releaseOrder', { ...at(order, 'again'), note: 'please' })
    await expect(refused, `attempt ${attempt}`).rejects.toMatchObject({ type: 'NotReleasable' })
  }
  expect(await written()).toEqual(before)
})

const unpaid = {
  state: 'pending' as const,
  provider: 'bank',
  reference: null,
  amountMinor: '0',
}

/** As the worker would run it: inside an activity's context, refusals translated. */
async function runIn(document: OrderDocument, verb: Verb, input: unknown): Promise<unknown> {
  const environment = new MockActivityEnvironment(
    {
      workflowExecution: {
        workflowId: orderToCashId(document.channel, document.externalId),
        runId: 'r',
      },
    },
    { interceptors: [refusalsAreAnswers] },
  )
  return environment.run(activities[verb] as (arg: unknown) => Promise<unknown>, input)
}

async function stored(document: OrderDocument, topic: 'placed' | 'paid') {
  return storeDocument(database.db, {
    source: 'test',
    eventId: `${document.externalId}/${topic}`,
    topic,
    document,
  })
}

async function startOf(document: OrderDocument): Promise<Input<'receiveOrder'>> {
  const { inboxId } = await stored(document, 'placed')
  return { inboxId, channel: document.channel, externalId: document.externalId, actor }
}

async function received(
  changes: Parameters<typeof anOrder>[0] = {},
): Promise<{ document: OrderDocument; order: OrderProgress }> {
  await openDesk()
  const document = anOrder(changes)
  const order = await runIn(document, 'receiveOrder', await startOf(document))
  return { document, order: order as OrderProgress }
}

/** A channel whose orders go to the warehouse only when somebody says so. */
async function openDesk(): Promise<void> {
  await database.admin`
    INSERT INTO channel (code, name, kind, entity_id, currency) SELECT 'desk', 'Order desk', 'b2b', id, 'USD' FROM entity ON CONFLICT DO NOTHING`
  await database.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('order', 'desk', 1, 'test', '{"autoRelease": false}') ON CONFLICT DO NOTHING`
}

async function atWarehouse({ orderId }: OrderProgress) {
  const [row] = await database.db<{ fulfilmentId: string; orderLineId: string }[]>`
    SELECT l.fulfilment_id::text AS "fulfilmentId", l.order_line_id::text AS "orderLineId"
    FROM fulfilment_line l JOIN fulfilment_order f ON f.id = l.fulfilment_id WHERE f.order_id = ${orderId}`
  return row!
}

function at({ orderId }: OrderProgress, key: string) {
  return { orderId, key, actor }
}

/** How many rows each table has, and what orders look like. */
async function written(): Promise<Record<string, unknown>> {
  const { admin } = database
  const tables = await admin<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`
  const counts = await admin.unsafe<{ name: string; rows: number }[]>(
    tables
      .map(({ name }) => `SELECT '${name}' AS name, count(*)::int AS rows FROM "${name}"`)
      .join(' UNION ALL '),
  )
  const orders = await admin`SELECT id, version, phase, waiting_for FROM sales_order ORDER BY id`
  return { counts: counts.map(({ name, rows }) => `${name} ${rows}`).sort(), orders: [...orders] }
}
