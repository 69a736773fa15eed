import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { anOrder, aStranger } from '#tests/support/company'
import { desk, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let agent: Caller
let supervisor: Caller
let receiver: Caller
let stop: () => Promise<void>
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100 }, LAMP: { east: 50 } } })
  agent = await api.as('csr')
  supervisor = await api.as('oms-supervisor')
  receiver = await api.as('receiver')
  stop = await api.notify()
})
afterEach(() => expectProofs(api.database.admin))
afterAll(async () => {
  await stop()
  await api.close()
})

const no = (name: string) => `${name}-${process.pid}`

/** Lamps at 100.00 that have left. */
async function shipped(quantity: number) {
  const order = anOrder({ customer: aStranger(), line: { quantity } })
  const { orderId } = await api.place(order)
  await desk(api.system, order).ship()
  const [line] = await linesOf(api.database.db, orderId)
  return { order, orderId, line: line! }
}

/** As a 201 or 200 that has a body. */
async function done(answer: ReturnType<typeof post>) {
  const { statusCode, body } = await answer
  expect([200, 201], body).toContain(statusCode)
  return JSON.parse(body) as Record<string, never> & {
    phase: string
    cases: { id: string; type: string }[]
  }
}

const read = async (url: string) => (await agent({ method: 'GET', url })).json()

test('an agent asks, a supervisor sees what it would do and agrees, the receiver takes in, and money goes back', async () => {
  const { orderId, line } = await shipped(5)
  const returnNo = no('RMA')
  const wish = {
    ...{ returnNo, orderId, source: 'agent', reason: 'changed-mind', advance: true },
    lines: [{ orderLineId: line.id, qty: 5 }],
  }
  const asked = await done(post(agent, '/v1/returns', wish, 'return-wish-1'))
  expect(asked).toMatchObject({ phase: 'requested', cases: [{ type: 'return-approval' }] })
  // The same request again is the same return; another one under its number is refused.
  expect(await done(post(agent, '/v1/returns', wish, 'return-wish-1'))).toEqual(asked)
  const other = await post(agent, '/v1/returns', wish, 'return-wish-2')
  expect([other.statusCode, other.json().code]).toEqual([409, 'RmaExists'])
  const at = `/v1/exceptions/${asked.cases[0]!.id}/resolution`
  const choice = { resolution: 'approve' }
  expect((await post(agent, at, choice)).statusCode).toBe(403)
  const preview = await done(post(supervisor, `${at}/preview`, choice))
  expect(preview).toMatchObject({
    ...{ phase: 'approved', credited: { currency: 'USD', minor: '50000' } },
    outsideCalls: ['payment: refund'],
    entries: [{ eventType: 'return-credited' }],
  })
  expect(await read(`/v1/returns/${returnNo}`)).toMatchObject({ phase: 'requested', credits: [] })
  await done(post(supervisor, at, choice))
  const paidFirst = await read('/v1/returns/refunded-not-received')
  expect(paidFirst.items).toMatchObject([{ returnNo, units: 5, ageDays: 0 }])
  await done(
    post(receiver, `/v1/returns/${returnNo}/receipts`, {
      ...{ reference: 'P-1', goods: [{ sku: 'LAMP', qty: 5, condition: 'opened' }] },
    }),
  )
  expect((await read('/v1/returns/refunded-not-received')).items).toEqual([])
  await done(
    post(receiver, `/v1/returns/${returnNo}/inspections`, {
      units: [{ sku: 'LAMP', qty: 5, grade: 'B' }],
    }),
  )
  await done(
    post(receiver, `/v1/returns/${returnNo}/dispositions`, {
      ...{ sku: 'LAMP', qty: 5, kind: 'b-stock', reason: 'opened', valueMinor: '15000' },
    }),
  )
  await eventually(
    () => read(`/v1/returns/${returnNo}`),
    ({ phase }) => phase === 'closed',
  )
  expect(await read(`/v1/returns/${returnNo}`)).toMatchObject({
    units: [{ sku: 'LAMP', qty: 5, state: 'disposed', costMinor: '20000', credited: true }],
    credits: [{ number: '1', refundMinor: '50000', trigger: 'approved' }],
    dispositions: [{ kind: 'b-stock', costMinor: '20000', valueMinor: '15000' }],
  })
  const listed = await read(`/v1/returns?orderId=${orderId}&open=false`)
  expect(listed.items).toHaveLength(1)
})

test('a connector tells what a channel has paid back, a receiver what nobody had announced', async () => {
  const { order, line } = await shipped(1)
  const connector = await api.as('connector')
  const refund = {
    ...{ returnNo: no('CR'), channel: 'web', externalOrderId: order.externalId },
    ...{ refundedOn: new Date().toISOString().slice(0, 10), amountMinor: '10000' },
    lines: [{ externalLineId: order.lines[0]!.externalLineId, qty: 1, restock: 'no-restock' }],
  }
  const told = await done(post(connector, '/v1/returns/channel-refunds', refund))
  expect(told.phase).toBe('closed')
  const unknown = { ...refund, returnNo: no('CR-2'), externalOrderId: 'nobody' }
  expect((await post(connector, '/v1/returns/channel-refunds', unknown)).statusCode).toBe(404)
  const parcel = {
    ...{ returnNo: no('BLIND'), site: 'EAST' },
    goods: [{ sku: 'LAMP', qty: 1, condition: 'used' }],
  }
  const blind = await done(post(receiver, '/v1/returns/blind-receipts', parcel))
  expect(blind.cases).toMatchObject([{ type: 'return-unannounced' }])
  const at = `/v1/exceptions/${blind.cases[0]!.id}/resolution`
  await done(post(agent, at, { resolution: 'dispose' }))
  expect(line.shipped).toBe(1)
})

test('goodwill is an agent’s within their limit, and the controller sets what is expected to come back', async () => {
  const { orderId } = await shipped(1)
  const goodwill = { returnNo: no('GW'), orderId, reason: 'arrived-late', amountMinor: '1500' }
  expect((await done(post(agent, '/v1/returns/goodwill', goodwill))).phase).toBe('refunding')
  await eventually(
    () => read(`/v1/returns/${no('GW')}`),
    ({ phase }) => phase === 'closed',
  )
  const controller = await api.as('controller')
  const reservedOn = new Date().toISOString().slice(0, 10)
  const reserve = { entity: 'ACME-US', reservedOn }
  const set = await done(post(controller, '/v1/ledger/return-reserve', reserve))
  expect(set).toMatchObject({ channels: [{ channel: 'web', ratePpm: '0' }, {}, {}, {}] })
  const url = `/v1/ledger/return-reserve/back-test?entity=ACME-US&on=${reservedOn}`
  const tests = await controller({ method: 'GET', url })
  expect(tests.json().items).toHaveLength(12)
})
