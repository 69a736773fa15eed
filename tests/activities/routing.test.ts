import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { countStock } from '#db/stores/counts'
import { transaction } from '#db/transaction'
import { addDays } from '#domain/dates'
import { anOrder, bringIn } from '#tests/support/company'
import { entryOf, fulfilmentsOf, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps
const today = new Date().toISOString().slice(0, 10)
const inDays = (days: number) => addDays(today, days)

beforeAll(async () => {
  steps = await stepsOn({
    MUG: { east: 40, west: 40 },
    LAMP: { east: 3, west: 1 },
    CHAIR: { east: 10, west: 10 },
  })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

const prices: Record<string, string> = { MUG: '1000', LAMP: '10000', CHAIR: '22500', TEA: '250' }
const wants = (sku: string, quantity: number, changes: Parameters<typeof anOrder>[0] = {}) =>
  steps.place(anOrder({ line: { sku, quantity, unitPriceMinor: prices[sku]! }, ...changes }))
const standing = async (orderId: string) =>
  (await fulfilmentsOf(steps.db, orderId)).map(({ site, state }) => `${site} ${state}`)
const decision = async (orderId: string, kind: string) => {
  const [row] = await steps.db<{ choice: Record<string, unknown>; alternatives: object[] }[]>`
    SELECT choice, alternatives FROM decision_record WHERE subject_id = ${orderId} AND kind = ${kind} ORDER BY id DESC LIMIT 1`
  return row!
}
const estimates = async (orderId: string): Promise<bigint[]> => {
  const rows = await steps.db<{ minor: bigint }[]>`
    SELECT freight_estimate_minor AS minor FROM fulfilment_order WHERE order_id = ${orderId} ORDER BY id`
  return rows.map((row) => row.minor)
}
const openFulfilment = async (orderId: string) => {
  const open = await fulfilmentsOf(steps.db, orderId)
  return open.find((one) => one.state === 'released')!
}

test('each parcel bears the freight of its own weight, and the split says what it costs', async () => {
  const { orderId } = await wants('LAMP', 4)
  expect(await standing(orderId)).toEqual(['EAST released', 'WEST released'])
  // 500 and 50 a started kilogram: 1.5 kg from the east, half a kilogram from the west.
  expect(await estimates(orderId)).toEqual([600n, 550n])
  const { choice } = await decision(orderId, 'allocation')
  expect(choice['split']).toEqual({
    reason: 'no single site has all units',
    sites: ['EAST', 'WEST'],
    freightMinor: '1150',
    oneParcelMinor: '600',
    extraMinor: '550',
  })
  for (let n = 0; n < 2; n += 1)
    await steps.run('confirmShipment', orderId, {
      fulfilmentId: (await openFulfilment(orderId)).id,
      reference: `R${n}`,
    })
  expect(await entryOf(steps.db, orderId, 'goods-shipped')).toContain('Dr FreightOut 11.50')
})

test('a tariff in another currency is converted; without a rate its service is no choice', async () => {
  const { admin } = steps
  await admin`INSERT INTO shipping_zone (from_country, to_country, zone) VALUES ('US', 'MX', 'south')`
  await admin`INSERT INTO carrier_service (carrier, service, from_country, to_zone, transit_days, base_minor, per_kg_minor, currency) VALUES ('DHL', 'Sur', 'US', 'south', 5, 100000, 10000, 'JPY')`
  const shipTo = { ...anOrder().shipTo!, country: 'MX', region: null, postalCode: '06000' }
  const none = await wants('CHAIR', 1, { shipTo, billTo: shipTo })
  expect(none.cases.map((found) => found.type)).toContain('stock-short')
  const { alternatives } = await decision(none.orderId, 'allocation')
  expect(JSON.stringify(alternatives)).toContain('no exchange rate from JPY')
  await admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('JPY', 'USD', ${inDays(-1)}, 6500000, 'test')`
  const { orderId } = await wants('CHAIR', 1, { shipTo, billTo: shipTo })
  expect(await estimates(orderId)).toEqual([71500n])
})

test('a promise that nobody can keep stops the release until somebody accepts the later day', async () => {
  const placed = await wants('MUG', 2, { deliverBy: today })
  expect(placed).toMatchObject({ phase: 'allocated', cases: [{ type: 'promise-infeasible' }] })
  await expect(steps.run('releaseOrder', placed.orderId, {})).rejects.toMatchObject({
    type: 'NotReleasable',
  })
  const accepted = await steps.resolve(placed.orderId, 'promise-infeasible', 'accept-late')
  expect(accepted).toMatchObject({ phase: 'released', cases: [] })
  const [order] = await steps.db`
    SELECT deliver_by, accepted_late_until FROM sales_order WHERE id = ${placed.orderId}`
  expect(order).toEqual({ deliver_by: today, accepted_late_until: inDays(1) })
  expect((await decision(placed.orderId, 'promise-changed')).choice).toEqual({
    acceptedLateUntil: inDays(1),
  })
  // The fastest service was chosen to be as little late as can be.
  expect((await decision(placed.orderId, 'carrier-service')).choice).toMatchObject({
    service: 'NextDay',
  })
})

test('units without stock endanger a promise too, and whenever may be accepted', async () => {
  const placed = await wants('TEA', 2, { deliverBy: inDays(9) })
  expect(placed.cases.map((found) => found.type).sort()).toEqual([
    'promise-infeasible',
    'stock-short',
  ])
  const waiting = await steps.resolve(placed.orderId, 'stock-short', 'backorder')
  expect(waiting.cases).toMatchObject([{ type: 'promise-infeasible' }])
  const accepted = await steps.resolve(placed.orderId, 'promise-infeasible', 'accept-late')
  expect(accepted).toMatchObject({ phase: 'backordered', cases: [] })
})

test('a site that rejects gives the order to another, and is not asked again', async () => {
  const { orderId } = await wants('CHAIR', 2)
  const reject = async () =>
    steps.run('rejectFulfilment', orderId, {
      fulfilmentId: (await openFulfilment(orderId)).id,
      reason: 'the packing line stands still',
    })
  expect(await standing(orderId)).toEqual(['EAST released'])
  expect(await reject()).toMatchObject({ phase: 'released', cases: [] })
  expect(await standing(orderId)).toEqual(['EAST rejected', 'WEST released'])
  expect(await reject()).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })
  await steps.run('reviewOrder', orderId, { cause: 'again', key: '1' })
  expect(await standing(orderId)).toEqual(['EAST rejected', 'WEST rejected'])
  // Goods that come in are a new state of things.
  await bringIn(steps.admin, steps.company, { sku: 'CHAIR', site: 'west', qty: 1, unitMinor: 9000 })
  await steps.run('reviewOrder', orderId, { cause: 'stock arrived', key: '2' })
  expect(await standing(orderId)).toEqual(['EAST rejected', 'WEST rejected', 'WEST released'])
})

test('a short pick never goes back to where the units were missing, and nobody is promised them until a count', async () => {
  const { orderId } = await wants('MUG', 4)
  const pickShort = async (missing: number) => {
    const [line] = await linesOf(steps.db, orderId)
    const { id } = await openFulfilment(orderId)
    const [{ qty } = { qty: 0 }] = await steps.db<{ qty: number }[]>`
      SELECT qty FROM fulfilment_line WHERE fulfilment_id = ${id}`
    await steps.run('confirmPick', orderId, {
      fulfilmentId: id,
      lines: [{ orderLineId: line!.id, picked: qty - missing, shortReason: 'shelf is empty' }],
    })
    return steps.resolve(orderId, 'short-pick', 'other-node')
  }
  const missing = async () => [
    ...(await steps.db<{ site: string; qty: bigint }[]>`
      SELECT s.code AS site, m.qty FROM missing_stock m JOIN site s ON s.id = m.site_id WHERE settled_at IS NULL ORDER BY m.id`),
  ]
  const [first] = await standing(orderId)
  const [site, other] = first!.startsWith('EAST') ? ['EAST', 'WEST'] : ['WEST', 'EAST']
  await pickShort(4)
  expect(await standing(orderId)).toEqual([`${site} recalled`, `${other} released`])
  expect(await missing()).toEqual([{ site, qty: 4n }])
  expect(await pickShort(4)).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })

  // 80 were there, 2 of them are with the order before, 8 are nobody's until somebody has counted.
  const rest = await wants('MUG', 75)
  expect(await linesOf(steps.db, rest.orderId)).toMatchObject([{ allocated: 70 }])
  const count = (at: 'east' | 'west', counted: bigint) =>
    transaction(steps.db, (tx) =>
      countStock(tx, {
        countId: `count-${at}`,
        entityId: steps.company.entityId,
        functionalCurrency: 'USD',
        siteId: steps.company[at],
        itemId: steps.company.items.get('MUG')!,
        counted,
        reason: 'after a short pick',
        adjustedOn: today,
        actor: 'counter',
      }),
    )
  await count('east', 36n)
  await count('west', 40n)
  expect(await missing()).toEqual([])
  await steps.run('reviewOrder', rest.orderId, { cause: 'stock arrived', key: 'counted' })
  expect(await linesOf(steps.db, rest.orderId)).toMatchObject([{ allocated: 74 }])
})

test('a day of a site takes as many orders as it has places, those that have left included', async () => {
  const { admin, db, company } = steps
  await admin`UPDATE site SET daily_capacity = 2 WHERE id = ${company.west}`
  await admin`UPDATE site SET status = 'paused' WHERE id = ${company.east}`
  await bringIn(admin, company, { sku: 'LAMP', site: 'west', qty: 9, unitMinor: 4000 })
  await admin`DELETE FROM missing_stock`
  const placed = await Promise.all(Array.from({ length: 5 }, () => wants('LAMP', 1)))
  const days = async () => {
    const rows = await db<{ orders: number }[]>`
      SELECT count(*)::int AS orders FROM fulfilment_order WHERE site_id = ${company.west} AND state IN ('released', 'shipped') AND ship_on >= ${today}
      GROUP BY ship_on HAVING count(*) > 2 AND ship_on > ${today}`
    return rows
  }
  expect(await days()).toEqual([])
  const orderId = placed[0]!.orderId
  const [first] = await db<{ id: string; shipOn: string }[]>`
    SELECT id::text, ship_on AS "shipOn" FROM fulfilment_order WHERE order_id = ${orderId}`
  await steps.run('confirmShipment', orderId, { fulfilmentId: first!.id, reference: 'S' })
  await wants('LAMP', 1)
  expect(await days()).toEqual([])
  const [release] = await db`
    SELECT rule, inputs->>'ruleOwner' AS owner FROM decision_record WHERE subject_id = ${orderId} AND kind = 'release'`
  expect(release).toEqual({ rule: 'order: autoRelease', owner: 'built in' })
  await admin`UPDATE site SET daily_capacity = NULL, status = 'active'`
})
