import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mailGateway } from '#activities/gateways/mail'
import { startMailSimulator } from '#simulators/mail'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { anOrder } from '#tests/support/company'

let api: RunningApi
let lead: Caller
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100 }, LAMP: { east: 2 } } })
  lead = await api.as('warehouse-lead')
  supervisor = await api.as('oms-supervisor')
})
afterAll(() => api.close())

const get = (url: string) => supervisor({ method: 'GET', url })
const receiveChairs = (qty: number) =>
  post(lead, '/v1/goods-receipts', {
    receiptNo: `R-${process.pid}`,
    site: 'EAST',
    supplier: 'Joiner Ltd',
    lines: [{ sku: 'CHAIR', expectedQty: `${qty}`, receivedQty: `${qty}`, unitCostMinor: '9000' }],
  })

describe('stock that arrives', () => {
  let stop: () => Promise<void>
  beforeEach(async () => {
    stop = await api.notify()
    return () => stop()
  })
  test('goes to the orders that wait for it in their rank', async () => {
    const wants = (channel: string) =>
      api.place(anOrder({ channel, line: { sku: 'CHAIR', quantity: 2, unitPriceMinor: '22500' } }))
    const market = await wants('market')
    const web = await wants('web')
    const b2b = await wants('b2b')
    for (const { orderId, cases } of [market, web, b2b]) {
      const answer = await post(supervisor, `/v1/exceptions/${cases[0]!.id}/resolution`, {
        resolution: 'backorder',
      })
      expect(answer.statusCode, answer.body).toBe(200)
      expect(answer.json().phase, orderId).toBe('backordered')
    }
    expect((await receiveChairs(3)).statusCode).toBe(201)
    await eventually(
      async () =>
        Promise.all(
          [market, web, b2b].map(
            async ({ orderId }) => (await get(`/v1/orders/${orderId}`)).json().phase,
          ),
        ),
      (now) => now[0] === 'released' && now[1] !== 'backordered',
    )
    const lines = await api.system.db<{ code: string; allocated: number }[]>`
      SELECT c.code, l.qty_allocated AS allocated FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id JOIN channel c ON c.id = o.channel_id
      WHERE o.id = ANY(${[market, web, b2b].map((o) => o.orderId)}::bigint[])`
    const got = Object.fromEntries(lines.map((row) => [row.code, row.allocated]))
    const [{ first } = { first: '' }] = await api.system.db<
      { first: string }[]
    >`SELECT code AS first FROM channel WHERE code IN ('web', 'b2b', 'market') ORDER BY priority DESC LIMIT 1`
    expect(
      Object.values(got).reduce((a, b) => a + b, 0),
      JSON.stringify(got),
    ).toBe(3)
    expect(got[first], `${JSON.stringify(got)}`).toBe(2)
  })
})

test('units that a cancelled order gives back go to the order that waits for them', async () => {
  const stop = await api.notify()
  const lamp = (quantity: number) => anOrder({ line: { sku: 'LAMP', quantity } })
  const [position] = await api.system.db<{ free: number }[]>`
    SELECT (on_hand - reserved)::int AS free FROM stock_position p JOIN item i ON i.id = p.item_id WHERE i.sku = 'LAMP'`
  const had = await api.place(lamp(position!.free))
  const waits = await api.place(lamp(1))
  await post(supervisor, `/v1/exceptions/${waits.cases[0]!.id}/resolution`, {
    resolution: 'backorder',
  })
  await post(supervisor, `/v1/orders/${had.orderId}/cancellation`, { reason: 'changed their mind' })
  const recall = (await get(`/v1/orders/${had.orderId}`)).json().cases[0]
  await post(lead, `/v1/exceptions/${recall.id}/resolution`, { resolution: 'recall' })
  await eventually(
    async () => (await get(`/v1/orders/${waits.orderId}`)).json().phase,
    (phase) => phase === 'released',
  )
  await stop()
})

test('a mail is sent once for each parcel', async () => {
  const catcher = await startMailSimulator({ seed: 3 })
  const mail = mailGateway({
    url: catcher.smtpUrl,
    from: 'Acme <orders@acme.example>',
    domain: 'acme.example',
    timeoutMs: 1000,
  })
  catcher.faults.add({ kind: 'timeout-after-success', mode: 'reset' })
  const { orderId } = await api.place(
    anOrder({ line: { sku: 'MUG', quantity: 2, unitPriceMinor: '1000' } }),
  )
  const order = (await get(`/v1/orders/${orderId}`)).json()
  expect(order.phase, JSON.stringify(order.cases)).toBe('released')
  const shipped = await post(lead, `/v1/fulfilment-orders/${order.fulfilments[0].id}/shipments`, {
    reference: `M-${orderId}`,
    parcels: [{ trackingNumber: `1ZA${orderId}` }, { trackingNumber: `1ZB${orderId}` }],
  })
  expect(shipped.statusCode, shipped.body).toBe(200)
  const stop = await api.notify(mail)
  await eventually(
    async () =>
      api.system.db<
        { n: number }[]
      >`SELECT count(*)::int AS n FROM outbox WHERE topic = 'mail' AND delivered_at IS NULL`,
    ([row]) => row?.n === 0,
  )
  await stop()
  const mine = catcher.messages.filter((one) => one.subject.includes(order.orderNumber))
  expect(mine).toHaveLength(2)
  expect(mine.map((one) => one.to)).toEqual([['ada@example.com'], ['ada@example.com']])
  const effects = await api.system.db<
    { state: string; request: unknown }[]
  >`SELECT state, request FROM external_effect WHERE gateway = 'mail' AND subject_id = ${orderId}`
  expect(effects.map((effect) => effect.state)).toEqual(['confirmed', 'confirmed'])
  expect(JSON.stringify(effects)).not.toContain('ada@example.com')
  await catcher.close()
})
