import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { recordPayment, releaseOrder, requestCancellation } from '#contracts/order-to-cash'
import { anOrder, foundCompany, setPolicy } from '#tests/support/company'
import { aKey, desk, entryOf, linesOf, postedFor } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 500 }, CHAIR: {}, TEA: {} })
  await setPolicy(system.admin, 'order', { taxPoint: 'payment' }, 'web')
  await setPolicy(system.admin, 'order', { taxPoint: 'payment', autoRelease: false }, 'b2b')
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const vat = (amountMinor: string, jurisdiction = 'GB') => ({
  jurisdiction,
  ratePpm: 200_000,
  amountMinor,
  collectedBy: 'seller' as const,
})
const taxed = { taxes: [vat('2000')] }

async function placed(changes: Parameters<typeof anOrder>[0] = {}) {
  const document = anOrder({ line: taxed, ...changes })
  const at = await system.place(document)
  return { ...desk(system, document), document, orderId: at.orderId, at }
}
const today = () => new Date().toISOString().slice(0, 10)

test('the payment posts the VAT within it, and the shipment earns the net only', async () => {
  const order = await placed()
  expect(await entryOf(system.db, order.orderId, 'payment-captured')).toEqual([
    'Dr ProcessorClearing 120.00',
    'Cr CustomerDeposits 100.00',
    'Cr OutputVat 20.00',
  ])
  await order.ship()
  const shipped = await entryOf(system.db, order.orderId, 'goods-shipped')
  expect(shipped).toEqual(
    expect.arrayContaining(['Dr CustomerDeposits 100.00', 'Cr ProductSales 100.00']),
  )
  expect(shipped.filter((line) => line.includes('Vat'))).toEqual([])
  expect(await postedFor(system.db, order.orderId)).toContain('Cr OutputVat 20.00')
})

test('units that are cancelled take their VAT back to the cent, and the rest ships in parts', async () => {
  const line = { quantity: 3, unitPriceMinor: '9999', taxes: [vat('4000'), vat('1999', 'DE')] }
  const order = await placed({ channel: 'b2b', line })
  const id = (await linesOf(system.db, order.orderId))[0]!.id
  await order.update(requestCancellation, {
    key: aKey(),
    actor: 'csr',
    reason: 'one less',
    lines: [{ orderLineId: id, qty: 1 }],
  })
  expect(await entryOf(system.db, order.orderId, 'deposit-cancelled')).toEqual([
    'Dr CustomerDeposits 99.99',
    'Cr RefundsPayable 119.98',
    'Dr OutputVat 19.99',
  ])
  await order.update(releaseOrder, { key: aKey(), actor: 'csr' })
  await order.ship({ lines: [{ orderLineId: id, qty: 1 }] })
  await order.ship()
  await order.until(({ effects }) => effects.length === 0)
  const posted = await postedFor(system.db, order.orderId)
  expect(posted.filter((said) => /Deposits|Vat/.test(said))).toEqual(['Cr OutputVat 40.00'])
})

test('an order that is cancelled whole has no VAT left', async () => {
  const order = await placed({ channel: 'b2b' })
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed' })
  await order.until(({ open }) => !open)
  const posted = await postedFor(system.db, order.orderId)
  expect(posted.filter((said) => /Deposits|Vat/.test(said))).toEqual([])
})

test('a payment in parts posts its part of the VAT each time, and all of it in the end', async () => {
  const reference = `pi_${aKey()}`
  const payment = { state: 'captured', provider: 'stripe', reference, amountMinor: '5000' } as const
  const order = await placed({ payment })
  expect(await entryOf(system.db, order.orderId, 'payment-captured')).toEqual([
    'Dr ProcessorClearing 50.00',
    'Cr CustomerDeposits 41.67',
    'Cr OutputVat 8.33',
  ])
  await order.handle.signal(recordPayment, {
    key: aKey(),
    kind: 'captured',
    provider: 'stripe',
    reference,
    amountMinor: '12000',
    effectiveOn: today(),
    actor: 'stripe',
  })
  await order.until(({ phase }) => phase === 'released')
  expect(await entryOf(system.db, order.orderId, 'payment-captured')).toEqual([
    'Dr ProcessorClearing 120.00',
    'Cr CustomerDeposits 100.00',
    'Cr OutputVat 20.00',
  ])
  await order.ship()
})

test('where the goods leave before they are paid, the shipment posts the VAT and the payment does not', async () => {
  const reference = `pi_${aKey()}`
  const payment = {
    state: 'authorised',
    provider: 'stripe',
    reference,
    amountMinor: 'all',
  } as const
  const order = await placed({ payment })
  await order.ship()
  await order.until(({ effects }) => effects.length === 0)
  expect(await entryOf(system.db, order.orderId, 'goods-shipped')).toContain('Cr OutputVat 20.00')
  expect(await entryOf(system.db, order.orderId, 'payment-captured')).toEqual([
    'Dr ProcessorClearing 120.00',
    'Cr Receivables 120.00',
  ])
})

test('sales tax is due by shipment whatever the policy says', async () => {
  const order = await placed({ line: { taxes: [vat('800', 'US-NY')] } })
  expect(await entryOf(system.db, order.orderId, 'payment-captured')).toContain(
    'Cr CustomerDeposits 108.00',
  )
  await order.ship()
  expect(await entryOf(system.db, order.orderId, 'goods-shipped')).toContain(
    'Cr SalesTaxPayable 8.00',
  )
})

test('a foreign deposit is earned at the rate it came in at, without its VAT', async () => {
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', ${today()}, 1100000000, 'ECB')`
  const order = await placed({ currency: 'EUR', line: { ...taxed, quantity: 3 } })
  const id = (await linesOf(system.db, order.orderId))[0]!.id
  await order.ship({ lines: [{ orderLineId: id, qty: 1 }] })
  await order.ship()
  const posted = await postedFor(system.db, order.orderId)
  expect(posted.filter((said) => /Deposits|Vat/.test(said))).toEqual(['Cr OutputVat 20.00 EUR'])
})

test('VAT of goods that get lost before they are earned falls away with the refund', async () => {
  await setPolicy(
    system.admin,
    'order',
    { taxPoint: 'payment', revenueOn: 'delivered', stalledAfterHours: 0.0003 },
    'web',
  )
  const order = await placed({ line: { ...taxed, quantity: 2 } })
  await order.ship({ parcels: [{ trackingNumber: aKey(), carrier: 'UPS' }] })
  await order.until(({ cases }) => cases.some(({ type }) => type === 'parcel-stalled'))
  await order.resolve('parcel-stalled', 'claim-lost')
  await order.resolve('parcel-lost', 'refund')
  await order.until(({ effects }) => effects.length === 0)
  const posted = await postedFor(system.db, order.orderId)
  expect(posted.filter((said) => /Deposits|Vat/.test(said))).toEqual([])
})
