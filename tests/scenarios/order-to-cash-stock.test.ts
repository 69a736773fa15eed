import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { confirmPick, lookAgain, reallocateStock } from '#contracts/order-to-cash'
import {
  aLine,
  anOrder,
  bringIn,
  foundCompany,
  setPolicy,
  type Company,
} from '#tests/support/company'
import {
  aKey,
  desk,
  effectsOf,
  expectRefused,
  fulfilmentsOf,
  linesOf,
  postedFor,
} from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
let company: Company

beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, {
    MUG: { east: 60, west: 10 },
    LAMP: { east: 10 },
    CHAIR: { west: 3 },
    TEA: {},
  })
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const teas = (quantity: number) =>
  anOrder({ line: { sku: 'TEA', quantity, unitPriceMinor: '250' } })

test('a hundred orders at once for ten units: exactly ten get one, ninety become cases', async () => {
  const orders = Array.from({ length: 100 }, () => anOrder())
  const placed = await Promise.all(orders.map((order) => system.place(order)))
  expect(placed.filter((order) => order.phase === 'released')).toHaveLength(10)
  const short = placed.filter((order) => order.phase === 'short')
  expect(short).toHaveLength(90)
  expect(short.every((order) => order.cases[0]?.type === 'stock-short')).toBe(true)
  const [position] = await system.db`
    SELECT on_hand, reserved FROM stock_position WHERE item_id = ${company.items.get('LAMP')!} AND site_id = ${company.east}`
  expect(position).toEqual({ on_hand: 10n, reserved: 10n })
}, 60_000)

test('two lines of one item never count the same units twice', async () => {
  const line = { sku: 'CHAIR', quantity: 2, unitPriceMinor: '22500' }
  const order = anOrder({
    lines: [aLine({ ...line, externalLineId: 'a' }), aLine({ ...line, externalLineId: 'b' })],
  })
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'short' })
  const lines = await linesOf(system.db, placed.orderId)
  expect(lines.map((each) => each.allocated)).toEqual([2, 1])
  const decision = await system.db`
    SELECT choice->'shortages' AS short FROM decision_record WHERE subject_id = ${placed.orderId} AND kind = 'allocation'`
  expect(decision[0]).toMatchObject({ short: [{ qty: 1 }] })
  const cancelled = await desk(system, order).resolve('stock-short', 'cancel')
  expect(cancelled).toMatchObject({ phase: 'released', cases: [] })
  const done = await desk(system, order).until((seen) => seen.effects.length === 0)
  expect(done.open).toBe(true)
  expect(await effectsOf(system.db, placed.orderId)).toEqual(['refund confirmed 22500'])
})

test('an order that no single site can fill is split over two', async () => {
  const order = anOrder({ line: { sku: 'MUG', quantity: 65, unitPriceMinor: '1000' } })
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'released' })
  expect((await fulfilmentsOf(system.db, placed.orderId)).map((f) => f.site).sort()).toEqual([
    'EAST',
    'WEST',
  ])
  const web = desk(system, order)
  await web.ship()
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toContain('Dr CostOfGoodsSold 260.00')
})

test('missing units wait with a promise that follows the expected supply, and are allocated when it comes', async () => {
  await system.admin`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id) VALUES (${company.items.get('TEA')!}, ${company.east}, 50, '2030-05-01', 'po', '1')`
  const order = teas(4)
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })
  const web = desk(system, order)
  await expectRefused(web.resolve('stock-short', 'other-node'), 'NoStockElsewhere')
  expect(await web.resolve('stock-short', 'backorder')).toMatchObject({
    phase: 'backordered',
    cases: [],
  })
  const [line] =
    await system.db`SELECT promise_on FROM sales_order_line WHERE order_id = ${placed.orderId}`
  expect(line).toEqual({ promise_on: '2030-05-04' })

  await bringIn(system.admin, company, { sku: 'TEA', site: 'east', qty: 3, unitMinor: 100 })
  await web.handle.signal(lookAgain, { cause: 'stock arrived' })
  await web.until((seen) => seen.phase === 'released')
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 3, backordered: 1 }])
  const before = await web.ship()
  await bringIn(system.admin, company, { sku: 'TEA', site: 'east', qty: 1, unitMinor: 120 })
  await web.handle.signal(lookAgain, { cause: 'stock arrived' })
  await web.until((seen) => seen.version > before.version)
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toContain('Dr CostOfGoodsSold 4.20')
})

test('stock that arrives for some heals nothing for units that still wait for a decision', async () => {
  const order = teas(4)
  const placed = await system.place(order)
  await bringIn(system.admin, company, { sku: 'TEA', site: 'east', qty: 1, unitMinor: 100 })
  const web = desk(system, order)
  await web.handle.signal(lookAgain, { cause: 'stock arrived' })
  await web.until((seen) => seen.version > placed.version)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 1, backordered: 0 }])
  expect(await web.progress()).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })
  await web.resolve('stock-short', 'split')
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([
    { allocated: 1, backordered: 3, released: 1 },
  ])
})

test('an order that ships complete reserves nothing until all of it is there', async () => {
  await bringIn(system.admin, company, { sku: 'TEA', site: 'west', qty: 2, unitMinor: 100 })
  const order = anOrder({
    shipComplete: true,
    line: { sku: 'TEA', quantity: 3, unitPriceMinor: '250' },
  })
  const placed = await system.place(order)
  expect(await linesOf(system.db, placed.orderId)).toMatchObject([{ allocated: 0 }])
  const web = desk(system, order)
  await web.resolve('stock-short', 'backorder')
  await bringIn(system.admin, company, { sku: 'TEA', site: 'west', qty: 1, unitMinor: 100 })
  await web.handle.signal(lookAgain, { cause: 'stock arrived' })
  expect(await web.until((seen) => seen.phase === 'released')).toMatchObject({ cases: [] })
})

test('a substitute costs the lower price, its own with consent, and must be on the list', async () => {
  await system.admin`INSERT INTO item_substitute (item_id, substitute_id) VALUES (${company.items.get('TEA')!}, ${company.items.get('MUG')!})`
  await bringIn(system.admin, company, { sku: 'MUG', site: 'east', qty: 20, unitMinor: 400 })
  const order = teas(1)
  const placed = await system.place(order)
  const web = desk(system, order)
  const [line] = await linesOf(system.db, placed.orderId)
  const params = { orderLineId: line!.id, qty: 1, sku: 'MUG' }
  await expectRefused(
    web.resolve('stock-short', 'substitute', { params: { ...params, sku: 'CHAIR' } }),
    'NotASubstitute',
  )
  await expectRefused(
    web.resolve('stock-short', 'substitute', { params: { ...params, qty: 9 } }),
    'QuantityNotOpen',
  )
  expect(await web.resolve('stock-short', 'substitute', { params })).toMatchObject({
    phase: 'released',
    cases: [],
    effects: [],
  })
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, placed.orderId)).toContain('Cr ProductSales 2.50')

  const dearer = teas(1)
  const second = await system.place(dearer)
  const [original] = await linesOf(system.db, second.orderId)
  const agreed = { params: { ...params, orderLineId: original!.id, consentToPrice: true } }
  const held = await desk(system, dearer).resolve('stock-short', 'substitute', agreed)
  expect(held).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
})

test('a policy may let units wait without asking anybody', async () => {
  await setPolicy(system.admin, 'order', { shortage: 'backorder' }, 'b2b')
  const order = { ...teas(7), channel: 'b2b' }
  expect(await system.place(order)).toMatchObject({ phase: 'backordered', cases: [] })
})

test('units go from a lesser order to a better one with authority, and the loser is asked anew', async () => {
  await bringIn(system.admin, company, { sku: 'TEA', site: 'east', qty: 2, unitMinor: 100 })
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'market')
  const lesser = { ...teas(2), channel: 'market' }
  const had = await system.place(lesser)
  expect(had).toMatchObject({ phase: 'allocated' })
  const better = anOrder({
    customer: { externalId: 'VIP', name: 'V', email: null, phone: null, class: 'vip' },
    line: { sku: 'TEA', quantity: 2, unitPriceMinor: '250' },
  })
  const lacks = await system.place(better)
  const [line] = await linesOf(system.db, lacks.orderId)
  const command = {
    key: aKey(),
    actor: 'boss',
    fromOrderId: had.orderId,
    orderLineId: line!.id,
    qty: 2,
    reason: 'vip',
  }
  const web = desk(system, better)
  await expectRefused(
    web.update(reallocateStock, { ...command, key: aKey(), qty: 3 }),
    'QuantityNotOpen',
  )
  expect(await web.update(reallocateStock, command)).toMatchObject({ phase: 'released', cases: [] })
  await web.update(reallocateStock, command)
  expect(await linesOf(system.db, had.orderId)).toMatchObject([{ allocated: 0 }])
  const cases =
    await system.db`SELECT type FROM exception_case WHERE subject_id = ${had.orderId} AND state = 'open'`
  expect([...cases]).toEqual([{ type: 'stock-short' }])
})

test('a short pick is recounted, taken from another site, waited for, or cancelled, and only its missing units', async () => {
  await bringIn(system.admin, company, { sku: 'MUG', site: 'east', qty: 40, unitMinor: 400 })
  const pickShort = async () => {
    const order = anOrder({ line: { sku: 'MUG', quantity: 4, unitPriceMinor: '1000' } })
    const placed = await system.place(order)
    const web = desk(system, order)
    const [line] = await linesOf(system.db, placed.orderId)
    const [fulfilment] = await fulfilmentsOf(system.db, placed.orderId)
    const pick = { key: aKey(), actor: 'picker', fulfilmentId: fulfilment!.id }
    const lines = [{ orderLineId: line!.id, picked: 3 }]
    await expectRefused(web.update(confirmPick, { ...pick, lines }), 'ShortPickNeedsReason')
    const reasoned = [{ ...lines[0]!, shortReason: 'shelf is empty' }]
    await web.update(confirmPick, { ...pick, key: aKey(), lines: reasoned })
    return { web, orderId: placed.orderId }
  }
  const recounted = await pickShort()
  expect(await recounted.web.resolve('short-pick', 'recount')).toMatchObject({ cases: [] })
  expect(await recounted.web.ship()).toMatchObject({ phase: 'closed' })

  const elsewhere = await pickShort()
  const [stock] = await system.db<{ free: bigint }[]>`
    SELECT on_hand - reserved AS free FROM stock_position WHERE item_id = ${company.items.get('MUG')!} AND site_id = ${company.west}`
  await elsewhere.web.resolve('short-pick', 'other-node')
  const sites = (await fulfilmentsOf(system.db, elsewhere.orderId)).filter(
    (f) => f.state === 'released',
  )
  expect(sites.map((f) => f.site)).toEqual(stock!.free > 0n ? ['EAST', 'WEST'] : [])

  const waiting = await pickShort()
  await waiting.web.resolve('short-pick', 'backorder')
  expect(await linesOf(system.db, waiting.orderId)).toMatchObject([{ backordered: 1, released: 3 }])

  const cancelled = await pickShort()
  await cancelled.web.resolve('short-pick', 'cancel')
  await cancelled.web.until((seen) => seen.effects.length === 0)
  expect(await linesOf(system.db, cancelled.orderId)).toMatchObject([{ cancelled: 1, released: 3 }])
  expect(await effectsOf(system.db, cancelled.orderId)).toEqual(['refund confirmed 1000'])
})
