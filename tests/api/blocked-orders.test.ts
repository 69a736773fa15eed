import { afterAll, beforeAll, expect, test } from 'vitest'
import { anOrder, setPolicy } from '#tests/support/company'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let supervisor: Caller
const ids: Record<string, string> = {}
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 20 } } })
  supervisor = await api.as('oms-supervisor')
  const tea = { sku: 'TEA', unitPriceMinor: '250' }
  ids['short'] = (await api.place(anOrder({ line: { ...tea, quantity: 2 } }))).orderId
  ids['shortToo'] = (await api.place(anOrder({ line: tea }))).orderId
  const backordered = await api.place(anOrder({ line: { ...tea, quantity: 3 } }))
  ids['backordered'] = backordered.orderId
  const url = `/v1/exceptions/${backordered.cases[0]!.id}/resolution`
  expect((await post(supervisor, url, { resolution: 'backorder' })).statusCode).toBe(200)
  await setPolicy(api.system.admin, 'order', { autoRelease: false }, 'woo')
  ids['release'] = (await api.place(anOrder({ channel: 'woo' }))).orderId
  ids['late'] = (await api.place(anOrder())).orderId
  ids['inTime'] = (await api.place(anOrder())).orderId
  const { admin } = api.database
  await admin`UPDATE fulfilment_order SET ship_on = current_date - 2 WHERE order_id = ${ids['late']!}`
  await admin`UPDATE exception_case SET due_at = now() - interval '1 hour', opened_at = now() - interval '30 hours' WHERE subject_id = ${ids['short']!}`
  await eventually(
    () => admin`SELECT FROM external_effect WHERE state IN ('intended', 'sent')`,
    (open) => open.length === 0,
  )
})
afterAll(() => api.close())

test('one call says which orders stand still, why, whose they are, how old, how much and what next', async () => {
  const answer = await supervisor({ method: 'GET', url: '/v1/orders/blocked' })
  expect(answer.statusCode, answer.body).toBe(200)
  const { items } = answer.json()
  expect(items.map((row: { reason: string }) => row.reason).sort()).toEqual([
    'backordered',
    'release',
    'stock-short',
    'warehouse-late',
  ])
  const of = (reason: string) => items.find((row: { reason: string }) => row.reason === reason)
  expect(of('stock-short')).toMatchObject({
    owner: 'order-desk',
    orders: 2,
    overdue: 1,
    ageHours: 30,
    money: { currency: 'USD', minor: '750' },
    nextAction: expect.stringContaining('backorder'),
    first: [{ orderId: ids['short'] }, { orderId: ids['shortToo'] }],
  })
  expect(of('stock-short').first[0].act).toMatch(/^POST \/v1\/exceptions\/\d+\/resolution$/)
  expect(of('backordered')).toMatchObject({
    owner: 'purchasing',
    orders: 1,
    money: { minor: '750' },
    first: [{ orderId: ids['backordered'], caseId: null, since: expect.any(String) }],
  })
  expect(of('release')).toMatchObject({
    owner: 'oms-supervisor',
    money: { minor: '10000' },
    first: [{ act: `POST /v1/orders/${ids['release']}/release` }],
  })
  expect(of('warehouse-late')).toMatchObject({
    owner: 'warehouse',
    orders: 1,
    overdue: 1,
    first: [{ orderId: ids['late'] }],
  })
})

test('what is decided leaves the picture', async () => {
  await post(supervisor, `/v1/orders/${ids['release']}/release`, {})
  const { items } = (await supervisor({ method: 'GET', url: '/v1/orders/blocked?first=0' })).json()
  expect(items.map((row: { reason: string }) => row.reason)).not.toContain('release')
  expect(items.every((row: { first: unknown[] }) => row.first.length === 0)).toBe(true)
})
