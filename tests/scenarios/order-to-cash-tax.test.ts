import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { taxGateway } from '#activities/gateways/tax'
import { changeOrder, requestCancellation } from '#contracts/order-to-cash'
import type { OrderDocument } from '#contracts/order-intake'
import type { Simulator } from '#simulators/http-simulator'
import { startTaxSimulator } from '#simulators/tax'
import { anOrder, foundCompany, setPolicy } from '#tests/support/company'
import {
  aKey,
  desk,
  effectsOf,
  entryOf,
  expectRefused,
  giveAddress,
  postedFor,
} from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
let engine: Simulator
beforeAll(async () => {
  engine = await startTaxSimulator({ seed: 'tax' })
  const account = { baseUrl: engine.url, apiKey: 'account:licence', timeoutMs: 2000 }
  system = await startSystem({
    ...agreeableGateways,
    tax: (companyCode) => taxGateway({ ...account, companyCode }),
  })
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 500 }, CHAIR: {}, TEA: {} })
  await setPolicy(system.admin, 'order', { taxBy: 'engine' }, 'web')
  await setPolicy(system.admin, 'order', { taxBy: 'engine', autoRelease: false }, 'b2b')
  await system.admin`
    INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) VALUES ('US-NY', 'standard', 88750, '2020-01-01'), ('US-TX', 'standard', 60000, '2020-01-01')`
})
beforeEach(() => engine.faults.clear())
afterEach(() => expectProofs(system.admin))
afterAll(async () => {
  await system.stop()
  await engine.close()
})

const newYork = { city: 'New York', region: 'NY', postalCode: '10004' }
const texas = { city: 'Austin', region: 'TX', postalCode: '73301' }
const california = { city: 'Los Angeles', region: 'CA', postalCode: '90001' }

/** A lamp at 100.00, paid by an authorisation that is good for the tax too. */
function untaxed(
  to: Partial<NonNullable<OrderDocument['shipTo']>>,
  changes: Parameters<typeof anOrder>[0] = {},
): OrderDocument {
  const shipTo = { ...anOrder().shipTo!, ...to }
  const order = anOrder({ shipTo, ...changes })
  const reference = `pi_${order.externalId}`
  const payment = { state: 'authorised', provider: 'stripe', reference } as const
  return { ...order, payment: { ...payment, amountMinor: '40000' } }
}

async function placed(document: OrderDocument) {
  const at = await system.place(document)
  return { ...desk(system, document), orderId: at.orderId, at }
}

const taxesOf = async (orderId: string) => [
  ...(await system.db`
    SELECT t.component, t.jurisdiction, t.rate_ppm AS rate, t.base_minor::text AS base, t.tax_minor::text AS tax FROM order_line_tax t JOIN sales_order_line l ON l.id = t.order_line_id
    WHERE l.order_id = ${orderId} ORDER BY l.line_no, t.seq`),
]
const taxCase = async (orderId: string) => {
  const [row] = await system.db<{ state: string; evidence: Record<string, unknown> }[]>`
    SELECT state, evidence FROM exception_case WHERE subject_id = ${orderId} AND type = 'tax-check' ORDER BY id DESC LIMIT 1`
  return row
}
const engineDown = (count: number) =>
  engine.faults.add({ kind: 'error-500', operation: 'transactions.create', count })

test('an order that states no tax is frozen with what the engine quotes, and what ships is reported with it', async () => {
  const shipping = [{ title: 'Post', amountMinor: '800', discounts: [], taxes: [] }]
  const orderDiscounts = [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' as const }]
  const order = await placed(untaxed(newYork, { shipping, orderDiscounts }))
  expect(order.at).toMatchObject({ phase: 'released', total: { minor: '10670' } })
  expect(await taxesOf(order.orderId)).toMatchObject([
    { component: 'goods', jurisdiction: 'US-NY', rate: 40_000, base: '9000', tax: '360' },
    { component: 'goods', jurisdiction: 'US-NY/NEW YORK CITY', base: '9000', tax: '439' },
    { component: 'shipping', jurisdiction: 'US-NY', rate: 40_000, base: '800', tax: '32' },
    { component: 'shipping', jurisdiction: 'US-NY/NEW YORK CITY', base: '800', tax: '39' },
  ])
  await order.ship()
  await order.until(({ effects }) => effects.length === 0)
  expect(await entryOf(system.db, order.orderId, 'goods-shipped')).toEqual(
    expect.arrayContaining(['Dr Receivables 106.70', 'Cr SalesTaxPayable 8.70']),
  )
  expect((await effectsOf(system.db, order.orderId)).sort()).toEqual([
    'capture confirmed 10670',
    'commit-tax confirmed',
  ])
  const [shipment] = await system.db<{ id: bigint }[]>`
    SELECT id FROM shipment WHERE order_id = ${order.orderId}`
  const key = `tax/shipment/${shipment!.id}`
  expect(engine.journal.effects('commit', { key })).toMatchObject([{ amount: 870 }])
  const [why] = await system.db`
    SELECT rule, choice->>'taxMinor' AS tax FROM decision_record WHERE subject_id = ${order.orderId} AND kind = 'tax'`
  expect(why).toMatchObject({ rule: 'tax engine', tax: '870' })
})

test('a line that ships in parts is reported with the tax that was frozen, to the cent', async () => {
  const order = await placed(untaxed(newYork, { line: { quantity: 3, unitPriceMinor: '9999' } }))
  const [line] = await system.db<{ id: string }[]>`
    SELECT id::text FROM sales_order_line WHERE order_id = ${order.orderId}`
  for (let unit = 0; unit < 3; unit += 1)
    await order.ship({ lines: [{ orderLineId: line!.id, qty: 1 }] })
  await order.until(({ effects }) => effects.length === 0)
  const rows = await system.db<{ key: string; tax: bigint }[]>`
    SELECT 'tax/shipment/' || s.shipment_id AS key, s.tax_minor AS tax FROM shipment_line s WHERE order_line_id = ${line!.id} ORDER BY 1`
  const reported = rows.map(({ key }) => engine.journal.effects('commit', { key })[0]?.amount)
  expect(reported).toEqual(rows.map(({ tax }) => Number(tax)))
  expect(rows.reduce((all, { tax }) => all + tax, 0n)).toBe(12_00n + 14_62n)
})

test('where prices hold the tax, it is taken out of them and the total stays', async () => {
  const berlin = { city: 'Berlin', region: null, postalCode: '10115', country: 'DE' }
  const inclusive = { pricesIncludeTax: true, line: { unitPriceMinor: '11900' } }
  const order = await placed(untaxed(berlin, { channel: 'b2b', ...inclusive }))
  expect(order.at.total).toEqual({ currency: 'USD', minor: '11900' })
  expect(await taxesOf(order.orderId)).toMatchObject([
    { jurisdiction: 'DE', rate: 190_000, base: '10000', tax: '1900' },
  ])
})

test('an order that states its tax asks nobody and leaves no row more', async () => {
  const asked = engine.journal.calls('transactions.create').length
  const taxes = [
    { jurisdiction: 'US-NY', ratePpm: 88_750, amountMinor: '888', collectedBy: 'seller' as const },
  ]
  const order = await placed(untaxed(newYork, { line: { taxes } }))
  await order.ship()
  await order.until(({ effects }) => effects.length === 0)
  expect(engine.journal.calls('transactions.create')).toHaveLength(asked)
  expect(await effectsOf(system.db, order.orderId)).toEqual(['capture confirmed 10888'])
  expect(await system.db`SELECT 1 FROM tax_quote WHERE order_id = ${order.orderId}`).toHaveLength(0)
})

test('what is cancelled before it ships was never reported', async () => {
  const order = await placed(untaxed(newYork, { channel: 'b2b' }))
  const reported = engine.journal.effects('commit').length
  await order.update(requestCancellation, { key: aKey(), actor: 'ann', reason: 'changed' })
  await order.until(({ open }) => !open)
  expect(engine.journal.effects('commit')).toHaveLength(reported)
})

test('an engine that is down is stood in for by the known rate; it ships, and the check heals', async () => {
  engineDown(3)
  const order = await placed(untaxed(newYork))
  expect(order.at.total.minor).toBe('10888')
  expect(await taxesOf(order.orderId)).toMatchObject([
    { jurisdiction: 'US-NY', rate: 88_750, tax: '888' },
  ])
  const [why] = await system.db`
    SELECT rule FROM decision_record WHERE subject_id = ${order.orderId} AND kind = 'tax'`
  expect(why!['rule']).toBe('known rate, as the engine was down')
  await order.ship()
  await order.until(({ effects, cases }) => effects.length === 0 && cases.length === 0)
  expect(await taxCase(order.orderId)).toMatchObject({ state: 'self-healed' })
})

test('a known rate that the engine does not share is a person’s to accept', async () => {
  engineDown(4)
  const order = await placed(untaxed(texas))
  expect(order.at).toMatchObject({ phase: 'released', cases: [{ type: 'tax-check' }] })
  await order.until(({ effects }) => effects.length === 0)
  await order.resolve('tax-check', 'retry')
  const asked = await order.until(({ effects, cases }) => effects.length === 0 && cases.length > 0)
  expect(asked.cases).toMatchObject([{ type: 'tax-check' }])
  expect((await taxCase(order.orderId))!.evidence).toMatchObject({
    engineMinor: '825',
    chargedMinor: '600',
    differenceMinor: '225',
  })
  await order.resolve('tax-check', 'accept')
  await order.ship()
  await order.until(({ effects }) => effects.length === 0)
  expect(await postedFor(system.db, order.orderId)).toContain('Cr SalesTaxPayable 6.00')
})

test('without an engine’s word and without a rate nothing is sold untaxed: somebody is asked', async () => {
  engineDown(3)
  const document = untaxed(california)
  await expectRefused(system.place(document), 'TaxUnknown')
  const [asked] = await system.db`
    SELECT state, summary FROM exception_case WHERE type = 'document-refused' AND evidence->>'externalId' = ${document.externalId}`
  expect(asked).toMatchObject({ state: 'open', summary: expect.stringContaining('US-CA') })
})

test('a report whose answer is lost is asked about and made once', async () => {
  const order = await placed(untaxed(newYork))
  engine.faults.add({
    kind: 'timeout-after-success',
    operation: 'transactions.create',
    mode: 'reset',
  })
  await order.ship()
  await order.until(({ effects }) => effects.length === 0, 15_000)
  const [effect] = await system.db<{ key: string; state: string }[]>`
    SELECT key, state FROM external_effect WHERE subject_id = ${order.orderId} AND operation = 'commit-tax'`
  expect(effect!.state).toBe('confirmed')
  expect(engine.journal.effects('commit', { key: effect!.key })).toHaveLength(1)
})

test('goods that go elsewhere, and lines that came later, are taxed anew as the engine says', async () => {
  const order = await placed(untaxed(newYork, { channel: 'b2b' }))
  const to = { ...untaxed(texas).shipTo! }
  await order.update(changeOrder, {
    key: aKey(),
    actor: 'csr',
    actions: [{ kind: 'ship-to' }],
    addressId: await giveAddress(system.db, order.orderId, to),
  })
  await order.until(({ effects, cases }) => effects.length + cases.length === 0)
  const mug = { kind: 'add-line' as const, sku: 'MUG', qty: 1, unitPriceMinor: '1000' }
  await order.update(changeOrder, { key: aKey(), actor: 'csr', actions: [mug] })
  await order.until(({ effects, cases }) => effects.length + cases.length === 0)
  const rows = await system.db`
    SELECT jurisdiction, sum(t.tax_minor)::text AS tax FROM order_line_tax t JOIN sales_order_line l ON l.id = t.order_line_id
    WHERE l.order_id = ${order.orderId} GROUP BY 1 ORDER BY 1`
  expect([...rows]).toMatchObject([
    { jurisdiction: 'US-NY', tax: '0' },
    { jurisdiction: 'US-NY/NEW YORK CITY', tax: '0' },
    { jurisdiction: 'US-TX', tax: expect.any(String) },
    { jurisdiction: 'US-TX/AUSTIN', tax: expect.any(String) },
  ])
  expect(Number(rows[2]!['tax']) + Number(rows[3]!['tax'])).toBe(825 + 83)
})
