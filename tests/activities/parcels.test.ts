import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { orderGateways, type Providers } from '#activities/orders/gateways'
import { anOrder, setPolicy } from '#tests/support/company'
import { entryOf, fulfilmentsOf, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 40 } })
  await setPolicy(steps.admin, 'order', { revenueOn: 'delivered' })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

/** Three lamps with the warehouse, and this many labels. */
async function labelled(labels: number) {
  const { orderId } = await steps.place(anOrder({ line: { quantity: 3 } }))
  const [{ id: fulfilmentId } = { id: '' }] = await fulfilmentsOf(steps.db, orderId)
  const [{ id: orderLineId } = { id: '' }] = await linesOf(steps.db, orderId)
  const buy = async (count: number) =>
    steps.settle(
      await steps.run('buyLabels', orderId, {
        fulfilmentId,
        parcels: Array.from({ length: count }, () => ({ weightG: 500 })),
      }),
    )
  if (labels > 0) await buy(labels)
  let number = 0
  const ship = (qty: number, parcels?: { trackingNumber: string }[]) =>
    steps.run('confirmShipment', orderId, {
      fulfilmentId,
      reference: `R${(number += 1)}`,
      lines: [{ orderLineId, qty }],
      ...(parcels ? { parcels } : {}),
    })
  const parcels = async () => [
    ...(await steps.db<{ trackingNumber: string; reference: string | null }[]>`
      SELECT p.tracking_number AS "trackingNumber", s.reference FROM parcel p LEFT JOIN shipment s ON s.id = p.shipment_id WHERE p.order_id = ${orderId} ORDER BY p.id`),
  ]
  return { orderId, buy, ship, parcels }
}

test('each label leaves with the shipment that names it, and revenue follows the parcel that arrives', async () => {
  const { orderId, ship, parcels } = await labelled(2)
  const [first, second] = await parcels()
  const named = (label: typeof first) => [{ trackingNumber: label!.trackingNumber }]
  await ship(1, named(second))
  expect((await parcels()).map((label) => label.reference)).toEqual([null, 'R1'])
  await ship(2, named(first))
  expect((await parcels()).map((label) => label.reference)).toEqual(['R2', 'R1'])
  await steps.run('recordTracking', orderId, {
    providerEventId: `${orderId}/1`,
    trackingNumber: first!.trackingNumber,
    status: 'delivered',
    at: new Date().toISOString(),
  })
  expect(await entryOf(steps.db, orderId, 'goods-delivered')).toContain('Cr ProductSales 200.00')
})

test('a part that leaves with one of several labels says which', async () => {
  const { ship } = await labelled(2)
  await expect(ship(1)).rejects.toMatchObject({ type: 'ParcelUnclear' })
})

test('without names the only label leaves, and the last shipment takes what is left', async () => {
  const { buy, ship, parcels } = await labelled(1)
  await ship(1)
  await buy(2)
  await ship(2)
  expect((await parcels()).map((label) => label.reference)).toEqual(['R1', 'R2', 'R2'])
})

test('the next service is another than the one that was asked for in vain, also where it was not the plan', async () => {
  const rate = (service: string, costMinor: bigint) => ({
    rateId: service,
    carrier: 'Post',
    service,
    costMinor,
    currency: 'USD',
    deliveryDays: 1,
  })
  const rates = [rate('Saver', 300n), rate('Parcel', 400n)]
  const carrier = {
    shopRates: async () => ({ outcome: 'confirmed', providerId: 's', rates, warnings: [] }),
    buyLabel: async ({ rateId }: { rateId: string }) =>
      rateId === 'Saver'
        ? { outcome: 'refused', code: 'invalid-request', message: 'no.' }
        : {
            outcome: 'confirmed',
            providerId: 's',
            trackingNumber: 'P1',
            carrier: 'Post',
            service: rateId,
            costMinor: 400n,
          },
  }
  const gateways = orderGateways({ carrier, paymentProviders: [] } as unknown as Providers)
  const own = await stepsOn({ LAMP: { east: 9 } }, gateways)
  const { orderId } = await own.place(anOrder())
  const [{ id: fulfilmentId } = { id: '' }] = await fulfilmentsOf(own.db, orderId)
  const parcels = [{ weightG: 500 }]
  await own.settle(await own.run('buyLabels', orderId, { fulfilmentId, parcels }))
  await own.settle(await own.resolve(orderId, 'label-failed', 'next-service'))
  const [parcel] = await own.db`SELECT service FROM parcel WHERE order_id = ${orderId}`
  expect(parcel).toEqual({ service: 'Parcel' })
  await expectProofs(own.admin)
  await own.drop()
})
