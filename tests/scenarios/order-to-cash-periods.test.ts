import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { recordPayment, recordTracking } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { lateFacts } from '#db/queries/ledger-reports'
import { closeArea, openPeriods } from '#db/stores/ledger-periods'
import { anOrder, foundCompany, setPolicy, type Company } from '#tests/support/company'
import { aKey, desk } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
let company: Company
const today = new Date().toISOString().slice(0, 10)
const firstOfMonth = `${today.slice(0, 7)}-01`
const lastMonthsEnd = new Date(Date.parse(firstOfMonth) - 86_400_000).toISOString().slice(0, 10)
const lastMonth = lastMonthsEnd.slice(0, 7)

beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin)
  await openPeriods(system.admin, company.entityId, Number(lastMonth.slice(0, 4)))
  await setPolicy(system.admin, 'order', { revenueOn: 'delivered' }, 'b2b')
  for (const area of ['AR', 'CASH'] as const)
    await system.admin.begin((tx) =>
      closeArea(tx as unknown as Tx, {
        ...{ entityId: company.entityId, period: lastMonth, area, actor: 'carl' },
      }),
    )
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const placedEntries = (orderId: string, eventType: string) => system.db`
  SELECT p.period, e.effective_on AS on, e.fact_on AS fact, max(l.belongs_to) AS belongs
  FROM journal_entry e JOIN gl_period p ON p.id = e.period_id JOIN journal_line l ON l.entry_id = e.id
  WHERE e.event_type = ${eventType} AND l.order_id = ${orderId} GROUP BY e.id, p.period`

const moved = {
  ...{ period: today.slice(0, 7), on: firstOfMonth, fact: lastMonthsEnd, belongs: lastMonth },
}

test('a capture whose period was closed meanwhile is booked in the open one, and says where it belongs', async () => {
  const order = anOrder({
    payment: { state: 'authorised', provider: 'stripe', reference: 'pi_late', amountMinor: 'all' },
  })
  const placed = await system.place(order)
  const web = desk(system, order)
  await web.handle.signal(recordPayment, {
    ...{ key: 'late', kind: 'captured', provider: 'stripe', reference: 'pi_late' },
    ...{ amountMinor: '10000', effectiveOn: lastMonthsEnd, actor: 'stripe' },
  } as const)
  await web.until((seen) => seen.version > placed.version)

  expect(await placedEntries(placed.orderId, 'payment-captured')).toEqual([moved])
  const [payment] = await system.db`
    SELECT captured_minor, (SELECT effective_on FROM payment_event WHERE payment_id = p.id AND kind = 'captured') AS on
    FROM payment p WHERE order_id = ${placed.orderId}`
  expect(payment).toEqual({ captured_minor: 10000n, on: lastMonthsEnd })
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
})

test('a parcel that arrived in a closed period earns its revenue in the open one', async () => {
  const order = anOrder({ channel: 'b2b' })
  const placed = await system.place(order)
  const b2b = desk(system, order)
  await b2b.ship({ parcels: [{ trackingNumber: 'LATE-1' }] })
  await b2b.handle.signal(recordTracking, {
    ...{ providerEventId: aKey(), trackingNumber: 'LATE-1', status: 'delivered' },
    ...{ at: `${lastMonthsEnd}T12:00:00.000Z`, actor: 'carrier' },
  } as const)
  await b2b.until((seen) => seen.phase === 'closed')
  expect(await placedEntries(placed.orderId, 'goods-delivered')).toEqual([moved])
})

test('the late facts of a period are listed, with what they would have changed', async () => {
  const facts = await lateFacts(system.db, { entityId: company.entityId, period: lastMonth })
  expect(
    facts.map(({ eventType, factOn, effectiveOn }) => [eventType, factOn, effectiveOn]),
  ).toEqual(
    ['payment-captured', 'goods-delivered'].map((type) => [type, lastMonthsEnd, firstOfMonth]),
  )
  expect(facts[0]).toMatchObject({ totalMinor: 10000n })
})
