import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { anOrder } from '#tests/support/company'
import { aWoocommerceOrder } from './channel-messages.ts'
import { eventually, post, runningApi, woocommerceWebhook, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let agent: Caller
let supervisor: Caller
let connector: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 500 } } })
  agent = await api.as('csr')
  supervisor = await api.as('oms-supervisor')
  connector = await api.as('connector')
  await api.system.admin`
    INSERT INTO customer (channel_id, external_id, terms_days) SELECT id, 'WITH-TERMS', 30 FROM channel WHERE code = 'b2b'`
})
afterAll(() => api.close())

const paidBy = (state: OrderDocument['payment']['state'], changes: Partial<OrderDocument> = {}) => {
  const order = anOrder(changes)
  const amountMinor = state === 'pending' || state === 'terms' ? '0' : order.total.minor
  return { ...order, payment: { ...order.payment, state, amountMinor } }
}
const buyer = (externalId: string) => ({ externalId, name: 'Shop', email: null, phone: null })

describe('an agent who types an order in', () => {
  test.each(['captured', 'authorised', 'marketplace'] as const)(
    'cannot say that it is %s',
    async (state) => {
      const answer = await post(agent, '/v1/orders', paidBy(state))
      expect(answer.json()).toMatchObject({ status: 403, code: 'PaymentNotStatable' })
      const posted = await api.system.admin`SELECT 1 FROM journal_line WHERE account_id = 2100`
      expect([...posted]).toEqual([])
    },
  )

  test('places it unpaid: it is held until it is paid, and says who entered it', async () => {
    const answer = await post(agent, '/v1/orders', paidBy('pending'))
    expect(answer.json()).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
    const url = `/v1/orders/${answer.json().orderId}`
    const read = await supervisor({ method: 'GET', url })
    expect(read.json()).toMatchObject({ enteredBy: agent.actor })
  })

  test('cannot give terms to a customer who has none, nor get round the fraud rule by them', async () => {
    const large = { quantity: 30, unitPriceMinor: '10000' }
    for (const customer of [buyer('NOBODY-KNOWS'), { ...buyer('x'), externalId: null }]) {
      const order = paidBy('terms', { ...anOrder({ line: large }), channel: 'b2b', customer })
      const answer = await post(agent, '/v1/orders', {
        ...order,
        externalId: `T-${customer.externalId}`,
      })
      expect(answer.json().phase, answer.body).toBe('held')
      const types = (answer.json().cases as { type: string }[]).map((one) => one.type).sort()
      expect(types).toEqual(['fraud-review', 'payment-pending'])
    }
  })

  test('cannot give credit by deciding the case that asks for the money either; a supervisor can', async () => {
    const placed = (await post(agent, '/v1/orders', paidBy('pending'))).json()
    const url = `/v1/exceptions/${placed.cases[0].id}/resolution`
    const terms = { resolution: 'accept-on-terms' }
    for (const path of [url, `${url}/preview`])
      expect((await post(agent, path, terms)).json()).toMatchObject({
        status: 403,
        code: 'NotAllowed',
        detail: expect.stringContaining('oms-supervisor or controller'),
      })
    const bulk = { ...terms, type: 'payment-pending', caseIds: [placed.cases[0].id] }
    expect((await post(agent, '/v1/exceptions/bulk-resolution', bulk)).statusCode).toBe(403)
    expect((await post(agent, url, { resolution: 'wait' })).statusCode).toBe(200)
    const other = (await post(agent, '/v1/orders', paidBy('pending'))).json()
    const answer = await post(supervisor, `/v1/exceptions/${other.cases[0].id}/resolution`, terms)
    expect(answer.json(), answer.body).toMatchObject({ phase: 'released' })
  })

  test('sells on account to a customer who has terms', async () => {
    const order = paidBy('terms', { channel: 'b2b', customer: buyer('WITH-TERMS') })
    expect((await post(agent, '/v1/orders', order)).json()).toMatchObject({ phase: 'released' })
  })
})

test('a supervisor and a channel’s own program say what has been paid', async () => {
  for (const caller of [supervisor, connector]) {
    const answer = await post(caller, '/v1/orders', paidBy('captured'))
    expect(answer.json(), answer.body).toMatchObject({ phase: 'released' })
  }
})

test('a shop that sells against cash on delivery has decided so itself', async () => {
  const order = aWoocommerceOrder({
    payment_method: 'cod',
    date_paid_gmt: null,
    transaction_id: '',
  })
  await woocommerceWebhook(api, order)
  await eventually(
    () => api.system.admin<{ phase: string }[]>`
      SELECT phase FROM sales_order WHERE external_id = ${String(order['id'])}`,
    ([row]) => row?.phase === 'released',
  )
})
