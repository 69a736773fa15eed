import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { storeDocument } from '#db/stores/inbox'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { anOrder, nextVersion } from '#tests/support/company'
import { desk, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'

let api: RunningApi
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 100 } } })
  supervisor = await api.as('oms-supervisor')
})
afterEach(() => expectProofs(api.system.admin))
afterAll(() => api.close())

/** A prepaid order that is shipped without tracking: it closes in the same commit. */
async function shippedAndEnded(order: OrderDocument = anOrder()): Promise<string> {
  const { orderId } = await api.place(order)
  expect(await desk(api.system, order).ship()).toMatchObject({ phase: 'closed' })
  await api.system.order(order).result()
  return orderId
}
const cancel = (orderId: string, key?: string, body: object = {}) =>
  post(
    supervisor,
    `/v1/orders/${orderId}/cancellation`,
    { reason: 'changed their mind', ...body },
    key,
  )
const decide = (caseId: string, resolution: string) =>
  post(supervisor, `/v1/exceptions/${caseId}/resolution`, { resolution })
const phaseOf = async (orderId: string) =>
  (await supervisor({ method: 'GET', url: `/v1/orders/${orderId}` })).json().phase as string
const saidFor = async (orderId: string) => {
  const rows = await api.system.db<{ choice: string }[]>`
    SELECT coalesce(body->>'choice', body->>'template') AS choice FROM outbox
    WHERE topic IN ('cancellation', 'mail') AND body->>'orderId' = ${orderId} AND body->>'template' IS DISTINCT FROM 'shipped'`
  return rows.map((row) => row.choice)
}

test.each([
  ['intercept', 'intercepting'],
  ['treat-as-return', 'treat-as-return'],
  ['refuse', 'too-late'],
])(
  'a cancellation of an order that has ended is a case; %s closes it again and tells whoever must know',
  async (resolution, said) => {
    const orderId = await shippedAndEnded()
    const asked = await cancel(orderId, `late-${resolution}`)
    expect(asked.statusCode, asked.body).toBe(200)
    expect(asked.json()).toMatchObject({
      open: true,
      phase: 'shipped',
      cases: [{ type: 'cancel-too-late' }],
    })
    // The answer that got lost is given again, and there is one case.
    expect((await cancel(orderId, `late-${resolution}`)).json()).toEqual(asked.json())

    const decided = await decide(asked.json().cases[0].id, resolution)
    expect(decided.statusCode, decided.body).toBe(200)
    expect(decided.json()).toMatchObject({ open: false, phase: 'closed', cases: [] })
    expect(await saidFor(orderId)).toEqual([said])
    expect(await linesOf(api.system.db, orderId)).toMatchObject([{ shipped: 1, cancelled: 0 }])
  },
)

test('a cancellation that is refused leaves an ended order as it was', async () => {
  const order = anOrder()
  const orderId = await shippedAndEnded(order)
  const [line] = await linesOf(api.system.db, orderId)
  const refused = await cancel(orderId, undefined, {
    lines: [{ orderLineId: line!.id, qty: 5 }],
  })
  expect(refused.json().code).toBe('QuantityNotOpen')
  expect(await phaseOf(orderId)).toBe('closed')
  expect(await api.system.order(order).result()).toMatchObject({ phase: 'closed' })
})

test('an order that was cancelled has nothing to decide: another cancellation is refused', async () => {
  const order = anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } })
  const { orderId } = await api.place(order)
  expect((await cancel(orderId)).statusCode).toBe(200)
  await api.system.order(order).result()
  expect((await cancel(orderId)).json().code).toBe('OrderClosed')
})

test('a channel that cancels after the end is a case once, however often it says so', async () => {
  const order = anOrder()
  const orderId = await shippedAndEnded(order)
  const stop = await api.notify()
  const cancelled = nextVersion(order, {
    cancelled: { at: new Date().toISOString(), reason: 'customer' },
  })
  const tell = async (eventId: string, document: OrderDocument) => {
    await storeDocument(api.system.db, {
      source: 'test/web',
      eventId,
      topic: 'cancelled',
      document,
    })
    await eventually(
      () =>
        api.system.db<{ outcome: string }[]>`SELECT outcome FROM inbox WHERE event_id = ${eventId}`,
      ([row]) => row?.outcome !== 'received',
    )
  }
  await tell(`late-${orderId}-1`, cancelled)
  await tell(`late-${orderId}-2`, nextVersion(cancelled, { cancelled: cancelled.cancelled! }))
  const cases = await api.system.db`
    SELECT type, state, reopened FROM exception_case WHERE subject_id = ${orderId}`
  expect([...cases]).toEqual([{ type: 'cancel-too-late', state: 'open', reopened: 0 }])
  // What else a channel says of an ended order changes nothing.
  await tell(`late-${orderId}-3`, nextVersion(order, { note: 'thanks' }))
  const { cases: open } = await desk(api.system, order).progress()
  await decide(open[0]!.id, 'refuse')
  expect(await api.system.order(order).result()).toMatchObject({ phase: 'closed' })
  await stop()
})
