import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { recordTracking } from '#contracts/order-to-cash'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { closePeriod } from '#db/queries/close-periods'
import { planOf } from '#db/stores/close-plans'
import { DEFAULT_CLOSE_POLICY } from '#domain/ledger/close-policy'
import { aLine, anOrder } from '#tests/support/company'
import { aKey, effectsOf, entryOf, fulfilmentsOf, linesOf, postedFor } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'

let api: RunningApi
let controller: Caller
let clerk: Caller
let warehouse: Caller
let supervisor: Caller
const year = new Date().getUTCFullYear()
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 40 }, LAMP: { east: 20 }, CHAIR: { east: 5 } } })
  controller = await api.as('controller')
  clerk = await api.as(['ap-clerk', 'system'])
  warehouse = await api.as('warehouse-lead')
  supervisor = await api.as('oms-supervisor')
  await api.system.admin`
    INSERT INTO item (sku, name, kind, status, class, list_price_minor, list_currency) VALUES
      ('WARRANTY', 'Warranty', 'service', 'active', 'plan', 3600, 'USD'), ('LICENCE', 'Licence', 'service', 'active', 'plan', 5000, 'USD')`
})
afterEach(() => expectProofs(api.system.admin))
afterAll(() => api.close())

const rule = async (body: object) => {
  const answer = await post(controller, '/v1/revenue-policies', {
    ...{ standard: 'ASC 606-10-25-27, IFRS 15.35', reason: 'how it is delivered' },
    ...body,
  })
  expect(answer.statusCode, answer.body).toBe(201)
}
const ship = async (orderId: string, body: object) => {
  const [fulfilment] = (await fulfilmentsOf(api.system.db, orderId)).slice(-1)
  const url = `/v1/fulfilment-orders/${fulfilment!.id}/shipments`
  const answer = await post(warehouse, url, { reference: aKey(), ...body })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const workflowOf = async (orderId: string) => {
  const [row] = await api.system.db<{ id: string }[]>`
    SELECT workflow_id AS id FROM sales_order WHERE id = ${orderId}`
  return api.system.client.workflow.getHandle(row!.id)
}
const tracked = async (orderId: string, trackingNumber: string, status = 'delivered' as const) =>
  (await workflowOf(orderId)).signal(recordTracking, {
    ...{ providerEventId: aKey(), trackingNumber, status, actor: 'carrier' },
    at: new Date().toISOString(),
  })
const decide = async (orderId: string, type: string, resolution: string) => {
  const open = await eventually(
    async () =>
      (
        await api.system.db<{ id: string }[]>`
          SELECT id::text FROM exception_case WHERE subject_id = ${orderId} AND type = ${type} AND state = 'open'`
      )[0],
    (found) => found !== undefined,
  )
  const answer = await post(supervisor, `/v1/exceptions/${open!.id}/resolution`, { resolution })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
/** The carrier reports trouble with it, and nobody believes that it will come. */
const lose = async (orderId: string, trackingNumber: string) => {
  await tracked(orderId, trackingNumber, 'exception' as never)
  return decide(orderId, 'parcel-stalled', 'claim-lost')
}
const recognise = async (through: string) =>
  (await post(controller, '/v1/ledger/revenue-recognition', { entity: 'ACME-US', through })).json<{
    lines: number
    earned: { minor: string }[]
  }>()

test('each line of one shipment is earned by its product’s rule: as it leaves, arrives, is activated, or over its term', async () => {
  await rule({ itemClass: 'plan', revenueOn: 'over-term', termMonths: 12 })
  await rule({ sku: 'LICENCE', revenueOn: 'activated' })
  await rule({ sku: 'LAMP', revenueOn: 'delivered' })
  const wrong = await post(controller, '/v1/revenue-policies', {
    ...{ sku: 'MUG', revenueOn: 'activated', standard: 'x', reason: 'wrong' },
  })
  expect(wrong.json().code).toBe('EarnedAsGoods')
  const lines = [
    aLine({ sku: 'MUG', unitPriceMinor: '1000' }),
    aLine({ sku: 'LAMP', unitPriceMinor: '10000' }),
    aLine({ sku: 'LICENCE', unitPriceMinor: '5000', requiresShipping: false }),
    aLine({ sku: 'WARRANTY', unitPriceMinor: '3600', requiresShipping: false }),
  ]
  const { orderId } = await api.place(anOrder({ lines }))
  // A rule of today says nothing about a line of yesterday.
  await rule({ sku: 'LAMP', revenueOn: null })
  await ship(orderId, { parcels: [{ trackingNumber: `${orderId}-1` }] })
  const sold = await entryOf(api.system.db, orderId, 'goods-shipped')
  expect(sold).toEqual(
    expect.arrayContaining([
      'Dr CustomerDeposits 96.00',
      'Cr DeferredRevenue 86.00',
      'Cr ProductSales 10.00',
      'Dr CostOfGoodsSold 4.00',
    ]),
  )
  const [cause] = await api.system.db<{ cause: string }[]>`
    SELECT cause_id AS cause FROM journal_entry WHERE idem_key = (SELECT 'goods-shipped/' || id FROM shipment WHERE order_id = ${orderId})`
  expect(cause!.cause).toMatch(/^policy\/order@0,revenue\/\d+@1,revenue\/\d+@1$/)
  expect(await entryOf(api.system.db, orderId, 'goods-dispatched')).toContain(
    'Dr InTransitToCustomer 40.00',
  )
  await tracked(orderId, `${orderId}-1`)
  await eventually(
    () => entryOf(api.system.db, orderId, 'goods-delivered'),
    (posted) => posted.includes('Cr ProductSales 100.00'),
  )

  const url = `/v1/deferred-revenue?entity=ACME-US&order=${orderId}`
  const deferred = (await controller({ method: 'GET', url })).json().items
  expect(deferred).toMatchObject([{ billed: { minor: '3600' } }, { billed: { minor: '5000' } }])
  const activation = `/v1/deferred-revenue/${deferred[1].id}/activation`
  const body = { activatedOn: new Date().toISOString().slice(0, 10) }
  const activated = await post(supervisor, activation, body)
  expect(activated.json(), activated.body).toEqual({ earnedMinor: '5000' })
  expect((await post(supervisor, activation, body)).json().code).toBe('NothingDeferred')
  const early = `/v1/deferred-revenue/${deferred[0].id}/activation`
  expect((await post(supervisor, early, body)).json().code).toBe('EarnedOverTerm')
  // The close of a month whose last day this is asks for it, and for nothing once it is earned.
  const month = {
    ...(await closePeriod(api.system.db, { entity: 'ACME-US', period: `${year}-01` }))!,
  }
  month.ends = body.activatedOn
  const asked = () => planOf(api.system.db, month, 'terms-earned', DEFAULT_CLOSE_POLICY)
  expect((await asked()).drafts).toMatchObject([{ eventType: 'revenue-recognised' }])
  const first = await recognise(body.activatedOn)
  expect((await asked()).drafts).toEqual([])
  expect(first.lines).toBe(1)
  // One day of 365 or 366.
  expect(first.earned).toMatchObject([{ minor: '9' }])
  expect((await recognise(body.activatedOn)).lines).toBe(0)
  await expectProofs(api.system.admin)
  expect(await entryOf(api.system.db, orderId, 'revenue-recognised')).toEqual([
    'Dr DeferredRevenue 50.09',
    'Cr ProductSales 50.09',
  ])
})

const taxes = [
  { jurisdiction: 'US-NJ', ratePpm: 100_000, amountMinor: '300', collectedBy: 'seller' as const },
]

test('a lost parcel takes back only what it held; the customer gets it again, and the carrier pays', async () => {
  const { orderId } = await api.place(
    anOrder({ line: { sku: 'MUG', quantity: 3, unitPriceMinor: '1000', taxes } }),
  )
  const [line] = await linesOf(api.system.db, orderId)
  const held = (trackingNumber: string, qty: number) => ({
    ...{ trackingNumber, carrier: 'UPS', lines: [{ orderLineId: line!.id, qty }] },
  })
  const [fulfilment] = await fulfilmentsOf(api.system.db, orderId)
  const wrong = await post(warehouse, `/v1/fulfilment-orders/${fulfilment!.id}/shipments`, {
    ...{ reference: aKey(), parcels: [held(`${orderId}-1`, 1), held(`${orderId}-2`, 1)] },
  })
  expect(wrong.json().code).toBe('ParcelContentsDiffer')
  await ship(orderId, { parcels: [held(`${orderId}-1`, 2), held(`${orderId}-2`, 1)] })
  const stuck = await lose(orderId, `${orderId}-1`)
  expect(stuck.cases).toMatchObject([{ type: 'parcel-lost' }])
  expect(await entryOf(api.system.db, orderId, 'sale-taken-back')).toEqual([
    'Dr Claims 8.00',
    'Cr CustomerDeposits 22.00',
    'Dr SalesTaxPayable 2.00',
    'Dr ProductSales 20.00',
    'Cr CostOfGoodsSold 8.00',
  ])
  await expectProofs(api.system.admin)
  await decide(orderId, 'parcel-lost', 'reship')
  await ship(orderId, { parcels: [{ trackingNumber: `${orderId}-3`, carrier: 'UPS' }] })
  await tracked(orderId, `${orderId}-2`)
  await tracked(orderId, `${orderId}-3`)
  const claims = () => clerk({ method: 'GET', url: '/v1/carrier-claims?state=open' })
  const [claim] = (await claims()).json().items
  expect(claim).toMatchObject({ trackingNumber: `${orderId}-1`, cost: { minor: '800' } })
  const paid = { outcome: 'paid', paidMinor: '950', reference: 'UPS-1', decidedOn: `${year}-11-20` }
  const answer = await post(clerk, `/v1/carrier-claims/${claim.id}/answer`, paid)
  expect(answer.statusCode, answer.body).toBe(204)
  const again = await post(clerk, `/v1/carrier-claims/${claim.id}/answer`, paid)
  expect(again.json().code).toBe('ClaimAnswered')
  expect(await postedFor(api.system.db, orderId)).toEqual(
    expect.arrayContaining([
      'Dr Bank 9.50',
      'Cr ProductSales 30.00',
      'Cr SalesTaxPayable 3.00',
      'Cr ClaimsGain 1.50',
      'Dr CostOfGoodsSold 12.00',
    ]),
  )
  await eventually(
    async () => (await workflowOf(orderId)).query('orderProgress') as Promise<{ open: boolean }>,
    (now) => !now.open,
  )
})

test('of goods that were still ours only those that arrive are earned; the money for the others goes back', async () => {
  await rule({ sku: 'LAMP', revenueOn: 'delivered' })
  const { orderId } = await api.place(anOrder({ line: { quantity: 2 } }))
  const [line] = await linesOf(api.system.db, orderId)
  const held = (trackingNumber: string) => ({
    ...{ trackingNumber, carrier: 'UPS', lines: [{ orderLineId: line!.id, qty: 1 }] },
  })
  await ship(orderId, { parcels: [held(`${orderId}-1`), held(`${orderId}-2`)] })
  await lose(orderId, `${orderId}-1`)
  await expectProofs(api.system.admin)
  await decide(orderId, 'parcel-lost', 'refund')
  await tracked(orderId, `${orderId}-2`)
  await eventually(
    () => entryOf(api.system.db, orderId, 'goods-delivered'),
    (posted) => posted.includes('Cr ProductSales 100.00'),
  )
  await eventually(
    () => effectsOf(api.system.db, orderId),
    (effects) => effects.includes('refund confirmed 10000'),
  )
  const [claim] = (await clerk({ method: 'GET', url: '/v1/carrier-claims?state=open' })).json()
    .items
  const refused = { outcome: 'refused', reference: 'UPS-2', decidedOn: `${year}-11-20` }
  await post(clerk, `/v1/carrier-claims/${claim.id}/answer`, refused)
  expect(await postedFor(api.system.db, orderId)).toEqual(
    expect.arrayContaining(['Dr CountGainOrLoss 40.00', 'Dr CostOfGoodsSold 40.00']),
  )
})
