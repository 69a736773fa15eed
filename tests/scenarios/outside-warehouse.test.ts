import { afterAll, beforeAll, expect, test } from 'vitest'
import { ediNetwork } from '#activities/gateways/supplier'
import { readShippingOrder } from '#connectors/edi/shipping-order-940'
import { interchangeOf } from '#connectors/edi/x12-reader'
import { decidePurchase, submitPurchase } from '#contracts/procure-to-pay'
import { startWarehouseSimulator, type WarehouseSimulator } from '#simulators/warehouse'
import {
  eventually,
  post,
  runningApi,
  type Notifying,
  type RunningApi,
} from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { aLine, anOrder } from '#tests/support/company'
import { fulfilmentsOf, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { aSupplier, inDays, purchasingOn } from '#tests/support/purchases'
import { onHand } from '#tests/support/warehouse'

let api: RunningApi
let lead: Caller
let door: Caller
let warehouse: WarehouseSimulator
let stop: Notifying
beforeAll(async () => {
  api = await runningApi({
    stock: { LAMP: { west: 20 }, MUG: { east: 50 }, CHAIR: { west: 9 }, TEA: { west: 5 } },
  })
  await api.system.admin`UPDATE site SET kind = '3pl' WHERE code = 'WEST'`
  lead = await api.as('warehouse-lead')
  door = await api.as('connector', { sites: ['WEST'] })
  const ends = { ediId: 'RENO3PL', clientId: 'ACME' }
  warehouse = await startWarehouseSimulator({ seed: 'outside-warehouse', ...ends })
  const { ediId, clientId: ourEdiId } = ends
  await put({ ediId, ourEdiId, reasons: { DM: 'damaged in handling' } })
  const { url: baseUrl } = warehouse
  stop = await api.notify(null, ediNetwork({ baseUrl, apiKey: 'k', timeoutMs: 5000 }))
}, 60_000)
afterAll(async () => {
  await stop()
  await expectProofs(api.system.db)
  await warehouse.close()
  await api.close()
})

const put = async (link: object, site = 'WEST') =>
  lead({ method: 'PUT', url: `/v1/outside-warehouses/${site}`, payload: link })
/** What the warehouse sends, and what becomes of each document. */
const tell = async (document: string) => {
  const answer = await post(door, '/v1/warehouse-documents', { document })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().items as { documentId: string; outcome: string; problem: unknown }[]
}
const applied = async (document: string) =>
  expect(await tell(document)).toMatchObject([{ outcome: 'applied', problem: null }])
const refused = async (document: string, code: string) => {
  const [taken] = await tell(document)
  expect(taken).toMatchObject({ outcome: 'refused', problem: { code } })
  return taken!.documentId
}
const caseOf = async (type: string, subjectId?: string) => {
  const { items } = (await lead({ method: 'GET', url: `/v1/exceptions?type=${type}` })).json()
  return items.find((one: { subjectId: string }) => !subjectId || one.subjectId === subjectId)
}
const decide = (id: string, resolution: string, params?: object) =>
  post(lead, `/v1/exceptions/${id}/resolution`, { resolution, ...(params ? { params } : {}) })
const differences = async () =>
  (await lead({ method: 'GET', url: '/v1/warehouse-differences' })).json().items
/** An order of lamps or chairs is released at WEST, and its 940 lies in the warehouse's box. */
const ordered = async (sku: string, quantity: number) => {
  const order = await api.place(
    anOrder({
      lines: [aLine({ sku, quantity, unitPriceMinor: sku === 'LAMP' ? '10000' : '22500' })],
    }),
  )
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  expect(fulfilment).toMatchObject({ site: 'WEST', state: 'released' })
  const number = fulfilment!.id
  await eventually(
    async () => warehouse.orders().filter((one) => one.number === number),
    (found) => found.length === 1,
  )
  return { order, number }
}
const shortOf = (number: string, shipment: string, ordered: number, shipped: number) =>
  warehouse.shipped({ number, shipment, lines: [{ sku: 'LAMP', ordered, shipped }] })
let numbers = 0
const next = (what: string) => `${what}-${(numbers += 1)}`
/** A second later than all that was recorded, so that a snapshot knows of it. */
const now = () => new Date(Date.now() + 1000)

test('a day of an outside warehouse: ordered, shipped short, received, corrected, counted and agreed', async () => {
  const { order, number } = await ordered('LAMP', 3)
  const [sent] = warehouse.documents.filter(({ key }) => key === `shipping-order/${number}`)
  const { sender, sets } = interchangeOf(sent!.document)
  expect(sender).toBe('ACME')
  expect(readShippingOrder(sets[0]!)).toMatchObject({ number, lines: [{ sku: 'LAMP', qty: 3 }] })
  const effect = () => api.system.db<{ state: string; request: object }[]>`
    SELECT state, request FROM external_effect WHERE key = ${`shipping-order/${number}`}`
  await eventually(effect, ([row]) => row?.state === 'confirmed')
  expect(JSON.stringify(await effect())).not.toContain('Jones')

  const advice = shortOf(number, next('SH'), 3, 2)
  await applied(advice)
  await applied(advice)
  expect(await linesOf(api.system.db, order.orderId)).toMatchObject([{ shipped: 2 }])
  const shipments = await api.system.db`SELECT 1 FROM shipment WHERE order_id = ${order.orderId}`
  expect(shipments).toHaveLength(1)
  expect(await caseOf('short-pick', order.orderId)).toMatchObject({ site: 'WEST' })

  const transferNo = next('T')
  const wish = { transferNo, from: 'EAST', to: 'WEST', reason: 'WEST sells mugs' }
  await post(lead, '/v1/transfers', { ...wish, lines: [{ sku: 'MUG', qty: '10' }] })
  await post(lead, `/v1/transfers/${transferNo}/shipments`, { reference: next('TS') })
  const receipt = next('R')
  await applied(
    warehouse.received({
      ...{ receipt, order: transferNo },
      lines: [{ sku: 'MUG', qty: 10, damaged: 1 }],
    }),
  )
  expect(await onHand(api.system.db, 'MUG')).toMatchObject({
    'WEST sellable': 9,
    'WEST damaged': 1,
  })

  await applied(
    warehouse.adjusted({ number: next('A'), lines: [{ sku: 'TEA', qty: -2, code: 'DM' }] }),
  )
  expect(await onHand(api.system.db, 'TEA')).toEqual({ 'WEST sellable': 3 })

  const there = [
    { sku: 'MUG', qty: 9 },
    { sku: 'MUG', qty: 1, kind: '20' },
    { sku: 'TEA', qty: 3 },
    { sku: 'CHAIR', qty: 9 },
  ]
  const lamps = { sku: 'LAMP', qty: 17 }
  await applied(warehouse.counted({ number: next('S'), at: now(), lines: [...there, lamps] }))
  expect(await differences()).toMatchObject([
    { site: 'WEST', sku: 'LAMP', asserted: '17', booked: '18', difference: '-1' },
  ])
  const open = await caseOf('warehouse-difference')
  expect(open).toMatchObject({ site: 'WEST', moneyAtRisk: { minor: '4000' } })
  expect((await decide(open.id, 'explained')).json()).toMatchObject({ code: 'ReasonNeeded' })
  expect((await decide(open.id, 'wait')).json()).toMatchObject({ outcome: 'waiting' })

  // The lamp turns up: the next snapshot agrees, and nobody need be asked any more.
  await new Promise((done) => setTimeout(done, 1100))
  const found = { ...lamps, qty: 18 }
  await applied(warehouse.counted({ number: next('S'), at: now(), lines: [...there, found] }))
  expect(await differences()).toEqual([])
  expect(await caseOf('warehouse-difference')).toBeUndefined()
}, 60_000)

test('a 945 of an order or an item that nobody knows is refused with a case, and nothing is half done', async () => {
  const { order, number } = await ordered('CHAIR', 2)
  const unknown = await refused(shortOf('999999', next('SH'), 1, 1), 'FulfilmentNotFound')
  const shipment = next('SH')
  const lines = [
    { sku: 'CHAIR', ordered: 2, shipped: 2 },
    { sku: 'LAMP', ordered: 1, shipped: 1 },
  ]
  const wrong = await refused(
    warehouse.shipped({ number, shipment, lines }),
    'WarehouseItemUnknown',
  )
  expect(await linesOf(api.system.db, order.orderId)).toMatchObject([{ shipped: 0 }])

  // The warehouse puts it right under the same number: the case is gone by itself.
  expect(await caseOf('warehouse-document', wrong)).toBeDefined()
  await applied(warehouse.shipped({ number, shipment, lines: lines.slice(0, 1) }))
  expect(await linesOf(api.system.db, order.orderId)).toMatchObject([{ shipped: 2 }])
  expect(await caseOf('warehouse-document', wrong)).toBeUndefined()

  const open = await caseOf('warehouse-document', unknown)
  expect((await decide(open.id, 'retry')).json()).toMatchObject({ outcome: 'refused' })
  const rejected = await decide(open.id, 'reject', { reason: 'another client’s order' })
  expect(rejected.json()).toMatchObject({ outcome: 'resolved' })

  // What was carried out cannot be said otherwise.
  const again = warehouse.shipped({ number, shipment, lines: [{ ...lines[0]!, shipped: 1 }] })
  const answer = await post(door, '/v1/warehouse-documents', { document: again })
  expect(answer.json()).toMatchObject({ code: 'WarehouseDocumentChanged' })
}, 60_000)

test('two parts of a shipment come in either order, and one told twice at once leaves once', async () => {
  const { order, number } = await ordered('LAMP', 4)
  const part = (shipment: string, shipped: number) =>
    shortOf(number, shipment, shipped, shipped).replace('W12*CC', 'W12*SS')
  const [first, second] = [part(next('SH'), 1), part(next('SH'), 3)]
  await applied(second)
  await Promise.all([applied(first), applied(first)])
  expect(await linesOf(api.system.db, order.orderId)).toMatchObject([{ shipped: 4 }])
  const left = await api.system.db`SELECT 1 FROM shipment WHERE order_id = ${order.orderId}`
  expect(left).toHaveLength(2)
}, 60_000)

test('a 944 receives a purchase order at its prices; one that nobody ordered is refused', async () => {
  const buy = purchasingOn(api.system)
  const supplier = await aSupplier(api.system.admin, api.company)
  const line = { sku: 'MUG', site: 'WEST', qty: '10', neededOn: inDays(14) }
  const drafted = await buy.draft({ supplier, lines: [line] })
  await buy.tell(drafted, submitPurchase, {})
  await buy.tell(drafted, decidePurchase, {
    ...{ decision: 'approved', revision: 1, roles: ['purchasing-manager'], actor: 'mia' },
  })
  const sent = await buy.until(drafted, ({ phase }) => phase === 'sent')
  const receipt = next('R')
  const advice = warehouse.received({
    ...{ receipt, order: sent.poNumber },
    lines: [{ sku: 'MUG', qty: 10 }],
  })
  await applied(advice)
  await applied(advice)
  const [received] = await api.system.db`
    SELECT received_qty::int AS qty FROM goods_receipt_line l JOIN goods_receipt r ON r.id = l.receipt_id WHERE r.receipt_no = ${`WEST:${receipt}`}`
  expect(received).toEqual({ qty: 10 })
  const lines = [{ sku: 'MUG', qty: 1 }]
  await refused(
    warehouse.received({ receipt: next('R'), order: 'PO-NONE', lines }),
    'WarehouseOrderUnknown',
  )
}, 60_000)

test('a 947 with a reason that nobody has given a meaning waits for one, and then is carried out', async () => {
  const before = await onHand(api.system.db, 'TEA')
  const lines = [
    { sku: 'TEA', qty: -1, code: 'DM' },
    { sku: 'TEA', qty: 1, code: 'FX' },
  ]
  const id = await refused(
    warehouse.adjusted({ number: next('A'), lines }),
    'WarehouseReasonUnknown',
  )
  expect(await onHand(api.system.db, 'TEA')).toEqual(before)
  const reasons = { DM: 'damaged in handling', FX: 'found again' }
  expect((await put({ ediId: 'RENO3PL', ourEdiId: 'ACME', reasons })).statusCode).toBe(200)
  const open = await caseOf('warehouse-document', id)
  expect((await decide(open.id, 'retry')).json()).toMatchObject({ outcome: 'applied' })
  expect(await onHand(api.system.db, 'TEA')).toEqual(before)
  const moved = await api.system.db`
    SELECT reason FROM stock_movement WHERE cause_type = 'adjustment' AND cause_id LIKE ${`warehouse-document/${id}/%`} ORDER BY id`
  expect(moved).toEqual([{ reason: 'DM: damaged in handling' }, { reason: 'FX: found again' }])
})

test('a 940 of which nobody knows whether it arrived is asked about, never sent twice', async () => {
  warehouse.faults.add({
    ...{ kind: 'timeout-after-success', operation: 'documents.create', mode: 'reset' },
  } as const)
  const { number } = await ordered('CHAIR', 1)
  const effect = () => api.system.db<{ state: string }[]>`
    SELECT state FROM external_effect WHERE key = ${`shipping-order/${number}`}`
  await eventually(effect, ([row]) => row?.state === 'confirmed')
  expect(warehouse.orders().filter((one) => one.number === number)).toHaveLength(1)
}, 60_000)

test('a 940 that the network refuses asks a person, who has it sent again', async () => {
  warehouse.faults.add({ kind: 'decline', operation: 'documents.create' })
  const order = await api.place(
    anOrder({ lines: [aLine({ sku: 'CHAIR', quantity: 1, unitPriceMinor: '22500' })] }),
  )
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  const number = fulfilment!.id
  const open = await eventually(
    () => caseOf('warehouse-unsent', number),
    (found) => found !== undefined,
  )
  expect((await decide(open.id, 'send-again')).json()).toMatchObject({ outcome: 'resolved' })
  await eventually(
    async () => warehouse.orders().filter((one) => one.number === number),
    (found) => found.length === 1,
  )
}, 60_000)

test('only a site that others run can be linked, each under an address of its own', async () => {
  const link = { ediId: 'OTHER', ourEdiId: 'ACME' }
  expect((await put(link, 'EAST')).json()).toMatchObject({ code: 'NotOutsideWarehouse' })
  await api.system.admin`
    INSERT INTO site (entity_id, code, name, kind, country) VALUES (${api.company.entityId}, 'FAR', 'Far', '3pl', 'US')`
  expect((await put({ ...link, ediId: 'RENO3PL' }, 'FAR')).json()).toMatchObject({
    code: 'EdiIdTaken',
  })
  const stranger = warehouse.counted({ number: 'S', at: now(), lines: [{ sku: 'TEA', qty: 1 }] })
  const answer = await post(door, '/v1/warehouse-documents', {
    document: stranger.replaceAll('RENO3PL', 'UNKNOWN'),
  })
  expect(answer.json()).toMatchObject({ code: 'UnknownSender' })
})

test('a snapshot of the future is refused', async () => {
  const at = new Date(Date.now() + 3_600_000)
  const lines = [{ sku: 'TEA', qty: 1 }]
  await refused(warehouse.counted({ number: next('S'), at, lines }), 'SnapshotOfFuture')
})
