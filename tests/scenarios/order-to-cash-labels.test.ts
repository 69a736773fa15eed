import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { carrierGateway } from '#activities/gateways/carrier'
import { paymentGateway } from '#activities/gateways/payment'
import { orderGateways } from '#activities/orders/gateways'
import { buyLabels } from '#contracts/order-to-cash'
import { startCarrierSimulator, type CarrierSimulator } from '#simulators/carrier'
import { anOrder, foundCompany } from '#tests/support/company'
import { aKey, desk, fulfilmentsOf } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let carrier: CarrierSimulator
let system: TestSystem
beforeAll(async () => {
  carrier = await startCarrierSimulator({ seed: 'labels' })
  const at = (baseUrl: string) => ({ baseUrl, apiKey: 'test', timeoutMs: 1_000 })
  system = await startSystem(
    orderGateways({
      payment: paymentGateway(at('http://127.0.0.1:1')),
      paymentProviders: [],
      carrier: carrierGateway(at(carrier.url)),
      absentIsFinalAfterMs: 3_000,
    }),
  )
  await foundCompany(system.admin, { LAMP: { east: 50 } })
})
afterEach(async () => {
  carrier.faults.clear()
  await expectProofs(system.admin)
})
afterAll(async () => {
  await system.stop()
  await carrier.close()
})

/** Asks for the label of one parcel and answers what became of it and what the carrier did for it. */
async function labelled(
  changes: Parameters<typeof anOrder>[0] = {},
  service?: { carrier: string; service: string; reason: string },
) {
  const document = anOrder(changes)
  const { orderId } = await system.place(document)
  const [fulfilment] = await fulfilmentsOf(system.db, orderId)
  const from = carrier.journal.entries.length
  const order = desk(system, document)
  await order.update(buyLabels, {
    key: aKey(),
    actor: 'packer',
    fulfilmentId: fulfilment!.id,
    parcels: [{ weightG: 500 }],
    ...(service ? { service } : {}),
  })
  const tracking = async () => {
    const [parcel] = await system.db<{ trackingNumber: string | null }[]>`
      SELECT tracking_number AS "trackingNumber" FROM parcel WHERE order_id = ${orderId}`
    return parcel!.trackingNumber
  }
  const end = Date.now() + 20_000
  while ((await tracking()) === null && Date.now() < end)
    await new Promise((done) => setTimeout(done, 50))
  const seen = carrier.journal.entries.slice(from)
  const count = (kind: string, operation: string) =>
    seen.filter((entry) => entry.kind === kind && entry.operation === operation).length
  const decisions = await system.db<{ choice: object; alternatives: object[] }[]>`
    SELECT choice, alternatives FROM decision_record WHERE subject_id = ${orderId} AND kind = 'label'`
  return {
    orderId,
    ship: order.ship,
    decisions: [...decisions],
    trackingNumber: await tracking(),
    cases: (await order.progress()).cases,
    shipmentsOpened: count('call', 'shipments.create'),
    labelsBought: count('effect', 'buy'),
  }
}

test('a purchase that the carrier finishes after we stopped waiting is found, not made again', async () => {
  carrier.faults.add({
    kind: 'late-success',
    operation: 'shipments.buy',
    mode: 'reset',
    delayMs: 1_500,
  })
  expect(await labelled()).toMatchObject({
    trackingNumber: expect.any(String),
    shipmentsOpened: 1,
    labelsBought: 1,
    cases: [],
  })
})

test('a purchase that never reached the carrier is made on the shipment that was opened for it', async () => {
  carrier.faults.add({ kind: 'timeout-before', operation: 'shipments.buy', mode: 'reset' })
  expect(await labelled()).toMatchObject({
    trackingNumber: expect.any(String),
    shipmentsOpened: 1,
    labelsBought: 1,
  })
})

test('rates that nobody answered have bought nothing, so they are asked for again at once', async () => {
  carrier.faults.add({ kind: 'timeout-before', operation: 'shipments.create', mode: 'reset' })
  const before = Date.now()
  expect(await labelled()).toMatchObject({ trackingNumber: expect.any(String), labelsBought: 1 })
  expect(Date.now() - before).toBeLessThan(3_000)
})

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

test('a label is bought by the promise, and what lost is kept with the reason why', async () => {
  const urgent = await labelled({ deliverBy: inDays(1) })
  await urgent.ship()
  const [freight] = await system.db`
    SELECT l.party FROM journal_line l JOIN gl_account a ON a.id = l.account_id WHERE l.order_id = ${urgent.orderId} AND l.party LIKE 'carrier/%'`
  expect(freight).toEqual({ party: 'carrier/USPS/Priority' })
  expect(urgent.decisions).toMatchObject([
    {
      choice: {
        carrier: 'USPS',
        service: 'Priority',
        reason: 'none that is set up keeps the promise: the cheapest that does',
      },
      alternatives: expect.arrayContaining([
        expect.objectContaining({
          service: 'GroundAdvantage',
          reason: 'takes 2 days, 1 left',
        }),
      ]),
    },
  ])
  const patient = await labelled({ deliverBy: inDays(6) })
  expect(patient.decisions).toMatchObject([
    {
      choice: { carrier: 'UPS', service: 'Ground', reason: 'cheapest that keeps the promise' },
      alternatives: [
        { service: expect.any(String), costMinor: expect.any(String) },
        {},
        {},
        {},
        {},
      ],
    },
  ])
})

test('a person chooses another service with a reason, and it is kept beside what the rule would have bought', async () => {
  const reason = 'a present for tomorrow'
  const overridden = await labelled({}, { carrier: 'USPS', service: 'Express', reason })
  expect(overridden.decisions).toMatchObject([
    {
      choice: { service: 'Express', overrideReason: reason },
      alternatives: [{ service: 'Ground', reason: 'another one was asked for' }, {}, {}, {}, {}],
    },
  ])
})

test('a purchase that was found keeps the choice that was made before the answer got lost', async () => {
  carrier.faults.add({ kind: 'timeout-after-success', operation: 'shipments.buy', mode: 'reset' })
  const found = await labelled()
  expect(found).toMatchObject({ labelsBought: 1, decisions: [{ choice: { service: 'Ground' } }] })
})
