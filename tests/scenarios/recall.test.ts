import { afterAll, beforeAll, expect, test } from 'vitest'
import { mailGateway } from '#activities/gateways/mail'
import { startMailSimulator } from '#simulators/mail'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { aLine, anOrder, bringIn, setPolicy } from '#tests/support/company'
import { fulfilmentsOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'

let api: RunningApi
let lead: Caller
let buyer: Caller
let desk: Caller
let catcher: Awaited<ReturnType<typeof startMailSimulator>>
let stop: () => Promise<void>

beforeAll(async () => {
  api = await runningApi({ stock: { TEA: { east: 30, west: 10 } } })
  lead = await api.as('warehouse-lead')
  buyer = await api.as('buyer')
  desk = await api.as('oms-supervisor')
  // Numbers name processes, and all tests share one engine.
  const first = Date.now() * 1000 + process.pid
  await api.system.admin.unsafe(`ALTER TABLE recall ALTER COLUMN id RESTART WITH ${first}`)
  catcher = await startMailSimulator({ seed: 7 })
  const mail = mailGateway({
    url: catcher.smtpUrl,
    from: 'Acme <orders@acme.example>',
    domain: 'acme.example',
    timeoutMs: 1000,
  })
  stop = await api.notify(mail)
})
afterAll(async () => {
  await stop()
  await catcher.close()
  await expectProofs(api.system.db)
  await api.close()
})

const ordered = (quantity: number) =>
  api.place(anOrder({ lines: [aLine({ sku: 'TEA', quantity, unitPriceMinor: '250' })] }))
const shipped = async (quantity: number) => {
  const order = await ordered(quantity)
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  const url = `/v1/fulfilment-orders/${fulfilment!.id}/shipments`
  const answer = await post(lead, url, { reference: order.orderId })
  expect(answer.statusCode, answer.body).toBe(200)
  return order
}
const inLot = async (lot: string, qty: string) => {
  const settings = { expiresOn: '2098-01-01', reason: 'label' }
  await buyer({ method: 'PUT', url: `/v1/items/TEA/lots/${lot}`, payload: settings })
  const answer = await post(lead, '/v1/stock/bin-moves', {
    ...{ site: 'EAST', sku: 'TEA', qty, toBin: '', toLot: lot },
  })
  expect(answer.statusCode, answer.body).toBe(201)
}
const read = async (no: string) => (await desk({ method: 'GET', url: `/v1/recalls/${no}` })).json()
const promisedAt = (orderId: string) =>
  api.system.db<{ site: string; live: number }[]>`
    SELECT s.code AS site, sum(r.live)::int AS live FROM reservation r JOIN site s ON s.id = r.site_id
    WHERE r.order_id = ${BigInt(orderId)} AND r.live > 0 GROUP BY 1 ORDER BY 1`

test('one act blocks the lot, names who got it, gives waiting orders others and ends with the last outcome', async () => {
  await inLot('BAD', '10')
  const two = [await shipped(3), await shipped(1)]
  await setPolicy(api.system.admin, 'order', { autoRelease: false }, 'web')
  const waiting = await ordered(22)
  expect(await promisedAt(waiting.orderId)).toEqual([{ site: 'EAST', live: 22 }])

  const act = await post(buyer, '/v1/items/TEA/lots/BAD/recall', { reason: 'metal found' })
  expect(act.json()).toMatchObject({
    shipped: two.map(({ orderId }, n) => ({ orderId, units: n === 0 ? '3' : '1' })),
    blocked: [{ site: 'EAST', units: '6' }],
  })
  const { recallNo } = act.json() as { recallNo: string }
  const again = await post(buyer, '/v1/items/TEA/lots/BAD/recall', { reason: 'metal found' })
  expect(again.json().code).toBe('RecallOpen')

  const told = () => catcher.messages.filter(({ subject }) => subject.includes('do not use'))
  await eventually(
    async () => told().length,
    (mails) => mails === 2,
  )
  expect(await read(recallNo)).toMatchObject({ phase: 'following-up', sku: 'TEA', lot: 'BAD' })
  // Twenty good units are left at EAST: two of the twenty-two come from WEST now.
  expect(await promisedAt(waiting.orderId)).toEqual([
    { site: 'EAST', live: 20 },
    { site: 'WEST', live: 2 },
  ])

  const [open] = (await desk({ method: 'GET', url: '/v1/exceptions?type=lot-recalled' })).json()
    .items
  const decide = (resolution: string, params?: object) =>
    post(desk, `/v1/exceptions/${open.id}/resolution`, { resolution, params })
  const heard = (orderId: string, outcome = 'destroyed') =>
    post(desk, `/v1/recalls/${recallNo}/outcomes`, { orders: [{ orderId, outcome }] })
  expect((await heard(waiting.orderId)).json().code).toBe('NotRecalled')
  expect((await heard(two[0]!.orderId)).json()).toMatchObject({ phase: 'following-up' })
  await decide('remind')
  await eventually(
    async () => told().length,
    (mails) => mails === 3,
  )
  expect((await decide('mark-done')).json().code).toBe('MissingParameter')
  const done = await decide('mark-done', { reason: 'three letters came back' })
  expect(done.json(), done.body).toMatchObject({ phase: 'closed', open: false })
  expect((await read(recallNo)).orders).toMatchObject([
    { outcome: 'destroyed', note: null },
    { outcome: 'unreachable', note: 'three letters came back' },
  ])
})

test('a shipment and a recall at once: it is listed, or nothing of the lot leaves', async () => {
  await setPolicy(api.system.admin, 'order', { autoRelease: true }, 'web')
  const arrived = { sku: 'TEA', site: 'east', qty: 20, unitMinor: 100 } as const
  await bringIn(api.system.admin, api.company, arrived)
  await inLot('RACE', '15')
  const before = await shipped(1)
  const [fulfilment] = await fulfilmentsOf(api.system.db, (await ordered(2)).orderId)
  const url = `/v1/fulfilment-orders/${fulfilment!.id}/shipments`
  const [, act] = await Promise.all([
    post(lead, url, { reference: 'race' }),
    post(buyer, '/v1/items/TEA/lots/RACE/recall', { reason: 'metal here too' }),
  ])
  const listed = act.json().shipped as { orderId: string; units: string }[]
  const [left] = await api.system.db<{ units: number }[]>`
    SELECT coalesce(sum(qty), 0)::int AS units FROM stock_movement WHERE from_lot = 'RACE' AND cause_type = 'shipment'`
  expect(listed).toContainEqual(expect.objectContaining({ orderId: before.orderId, units: '1' }))
  expect(listed.reduce((all, { units }) => all + Number(units), 0)).toBe(left!.units)
})
