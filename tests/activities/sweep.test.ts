import { Client, Connection, type WorkflowClientInterceptor } from '@temporalio/client'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { MailGateway } from '#activities/gateways/mail'
import { notificationActivities } from '#activities/notifications/index'
import type { Delivered } from '#contracts/notification'
import type { OrderDocument } from '#contracts/order-intake'
import { storeDocument } from '#db/stores/inbox'
import { anOrder, foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
let connection: Connection
/** How often Temporal was asked to tell a process, by its id. */
const calls = new Map<string, number>()
const counting: WorkflowClientInterceptor = {
  start: (input, next) => count(input.options.workflowId, () => next(input)),
  startWithDetails: (input, next) => count(input.options.workflowId, () => next(input)),
  signal: (input, next) => count(input.workflowExecution.workflowId ?? '', () => next(input)),
  signalWithStart: (input, next) => count(input.options.workflowId, () => next(input)),
}

beforeAll(async () => {
  database = await freshDatabase()
  connection = await Connection.connect({ address: inject('temporalAddress') })
  await foundCompany(database.admin)
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})
beforeEach(async () => {
  calls.clear()
  await database.admin`UPDATE outbox SET delivered_at = clock_timestamp() WHERE delivered_at IS NULL`
  await database.admin`UPDATE inbox SET outcome = 'superseded' WHERE outcome = 'received'`
})

describe('stored documents that nobody was told about', () => {
  test('are told once, however long their processes take and however many wait', async () => {
    const orders = Array.from({ length: 120 }, () => anOrder())
    for (const order of orders) await store(order)
    let told = 0
    while (told < 120) told += (await work({ workMs: 1_000 })).told
    await work({ workMs: 1_000 })
    expect([...calls.values()].filter((times) => times > 1)).toEqual([])
    expect(calls.size).toBe(120)
  })

  test('one that cannot be told does not keep those behind it', async () => {
    // Temporal takes no workflow id of more than a thousand characters.
    await store(anOrder({ externalId: 'x'.repeat(2_000), orderNumber: 'too long' }))
    const next = anOrder()
    await store(next)
    const done = await work({ workMs: 1_500 })
    expect(done).toMatchObject({ told: 1 })
    expect(done.failed).toBeGreaterThanOrEqual(1)
    expect(calls.get(`order-to-cash/web/${next.externalId}`)).toBe(1)
    const [stuck] = await database.db<{ attempts: number; waits: boolean; told: boolean }[]>`
      SELECT attempts, next_at > clock_timestamp() AS waits, told_at IS NOT NULL AS told FROM inbox
      WHERE outcome = 'received' AND length(document->>'externalId') = 2000`
    expect(stuck).toMatchObject({ told: false, waits: true })
    expect(stuck!.attempts).toBeLessThanOrEqual(2)
  })
})

describe('with the mail server down and sixty mails waiting', () => {
  test('stock that arrived and a signal reach whom they are for', async () => {
    const tried: string[] = []
    const mail: MailGateway = {
      send: async ({ key }) => {
        tried.push(key)
        await new Promise((resolve) => setTimeout(resolve, 300))
        return { outcome: 'unknown', message: 'the server does not answer' }
      },
    }
    const orderId = await anOrderWithBuyer()
    for (let n = 1; n <= 60; n += 1) await addMessage('mail', `evidence/${n}`, { orderId })
    await addMessage('look-again', 'look/1', { workflowId: 'order-to-cash/web/gone', cause: 'x' })
    await addMessage('stock-arrived', 'GR-1', { itemIds: [1] })
    await work({ workMs: 1_500, mail })
    expect(await waiting('look-again')).toBe(0)
    expect(await waiting('stock-arrived')).toBe(0)
    expect(await waiting('mail')).toBe(60)
    const mostOften = Math.max(
      ...[...new Set(tried)].map((key) => tried.filter((one) => one === key).length),
    )
    expect(mostOften, 'a mail of unknown fate is not sent twice within a second').toBe(1)
  })
})

const nobody = () => Promise.reject(new Error('no order waits here'))

async function work({
  workMs,
  mail = null,
}: {
  workMs: number
  mail?: MailGateway | null
}): Promise<Delivered> {
  const namespace = inject('temporalNamespace')
  const activities = notificationActivities({
    db: database.db,
    temporal: new Client({ connection, namespace, interceptors: { workflow: [counting] } }),
    mail,
    orders: { reviewOrder: nobody, recordPayment: nobody, recordTracking: nobody },
    orderTaskQueue: 'nobody-works-here',
    taskQueue: 'nobody-works-here',
    workMs,
    links: null,
    warehouses: null,
    untoldAfterMs: 15_000,
  })
  return new MockActivityEnvironment().run(activities.deliverOutbox) as Promise<Delivered>
}

async function store(document: OrderDocument): Promise<void> {
  const eventId = `${document.externalId}/${document.externalVersion}`
  await storeDocument(database.db, { source: 'test/web', eventId, topic: 'placed', document })
  await database.admin`UPDATE inbox SET received_at = received_at - interval '1 minute' WHERE event_id = ${eventId}`
}

async function addMessage(topic: string, key: string, body: object): Promise<void> {
  await database.admin`INSERT INTO outbox (topic, key, body) VALUES (${topic}, ${key}, ${database.admin.json(body as never)})`
}

async function waiting(topic: string): Promise<number> {
  const [row] = await database.db<{ n: number }[]>`
    SELECT count(*)::int AS n FROM outbox WHERE topic = ${topic} AND delivered_at IS NULL`
  return row!.n
}

async function anOrderWithBuyer(): Promise<string> {
  const { admin } = database
  const [row] = await admin<{ id: string }[]>`
    WITH buyer AS (INSERT INTO personal_data (body) VALUES ('{"email": "ada@example.com"}') RETURNING id)
    INSERT INTO sales_order (entity_id, channel_id, external_id, external_version, order_number, workflow_id, personal_data_id, currency, rate_e9,
      placed_at, placed_on, settlement, provider, tax_collected_by, total_minor, policies)
    SELECT c.entity_id, c.id, 'mail-1', '1', 'M-1', 'order-to-cash/web/mail-1', buyer.id, 'USD', 1000000000, now(), current_date, 'deposit', 'stripe', 'seller', 0, '{}'
    FROM channel c, buyer WHERE c.code = 'web' RETURNING id::text`
  return row!.id
}

function count<T>(workflowId: string, call: () => Promise<T>): Promise<T> {
  calls.set(workflowId, (calls.get(workflowId) ?? 0) + 1)
  return call()
}
