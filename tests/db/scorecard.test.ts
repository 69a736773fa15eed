import { afterAll, beforeAll, expect, test } from 'vitest'
import { leakRows } from '#db/queries/leaks'
import { frozenWeeks, measureWeek } from '#db/queries/scorecard'
import { freezeLastWeek } from '#db/stores/scorecard'
import { addDays } from '#domain/dates'
import { LEAKS } from '#domain/reports/leaks'
import { METRICS, weekOf } from '#domain/reports/scorecard'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { desk } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { anOrderOf, aSupplier, receive } from '#tests/support/purchasing'

let system: TestSystem
let company: Company
const today = new Date().toISOString().slice(0, 10)
beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, { LAMP: { east: 10 }, MUG: {} })
})
afterAll(() => system.stop())

test('a week is measured from what happened in it, and kept once as it was seen', async () => {
  const { db, admin } = system
  const entityId = company.entityId
  const shipped = anOrder()
  await system.place(shipped)
  await desk(system, shipped).ship()
  await system.place(anOrder({ line: { sku: 'MUG', unitPriceMinor: '1000' } }))
  const week = weekOf(today)
  const card = await measureWeek(db, { entityId, week })
  expect(card.get('fill-rate')).toEqual({ milli: 50_000n, sample: 2n })
  expect(card.get('cycle-time-p50')).toMatchObject({ sample: 1n })
  // Sold for 100.00, bought for 40.00.
  expect(card.get('gross-margin')?.milli).toBe(60_000n)
  expect(card.get('turnover')).toEqual({ milli: 111n, sample: 36_000n })
  expect(card.get('close-duration')).toEqual({ milli: null, sample: 0n })
  expect([...card.keys()].sort()).toEqual(METRICS.map(({ metric }) => metric).sort())

  const next = addDays(week, 8)
  await Promise.all([freezeLastWeek(db, next), freezeLastWeek(db, next)])
  const kept = await frozenWeeks(db, { entityId, weeks: 4 })
  expect(kept).toHaveLength(METRICS.length)
  expect(kept.find(({ metric }) => metric === 'fill-rate')).toMatchObject({
    ...{ week, milli: 50_000n, targetMilli: 97_000n },
  })
  await system.place(anOrder())
  await freezeLastWeek(db, next)
  expect(await frozenWeeks(db, { entityId, weeks: 4 })).toEqual(kept)
  await expect(admin`UPDATE scorecard_week SET value_milli = 0`).rejects.toThrow(/append-only/)
})

test('each leak finds its rows, and none where all is well', async () => {
  const { db, admin } = system
  const ask = { entityId: company.entityId, entity: 'ACME-US', today }
  for (const { leak } of LEAKS) expect(await leakRows(db, leak, ask), leak).toEqual([])

  const late = anOrder()
  const { orderId } = await system.place(late)
  await desk(system, late).until(({ phase }) => phase === 'released')
  await admin`UPDATE fulfilment_order SET ship_on = ${addDays(today, -3)} WHERE order_id = ${orderId}`
  expect(await leakRows(db, 'late-fulfilment', ask)).toEqual([
    {
      what: late.orderNumber,
      minor: expect.any(BigInt),
      since: addDays(today, -2),
      page: `/orders/${orderId}`,
    },
  ])

  const supplier = await aSupplier(admin, company)
  const lines = [{ sku: 'MUG', qty: 10, priceMinor: 1000 }]
  const first = await anOrderOf(admin, company, supplier, { lines })
  const again = await anOrderOf(admin, company, supplier, { lines })
  expect(await leakRows(db, 'duplicate-purchasing', ask)).toMatchObject([
    { what: `MUG: ${again.poNumber} ↔ ${first.poNumber}`, minor: 100_00n },
  ])
  await receive(admin, company, first, [{ qty: 10 }])
  const card = await measureWeek(db, { entityId: company.entityId, week: weekOf(today) })
  expect(card.get('lead-time-p50')).toMatchObject({ sample: 1n })
})
