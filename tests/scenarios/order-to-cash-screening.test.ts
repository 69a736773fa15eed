import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { changeOrder, placeHold, requestCancellation } from '#contracts/order-to-cash'
import { aLine, anOrder, foundCompany, nextVersion, setPolicy } from '#tests/support/company'
import {
  aKey,
  desk,
  expectRefused,
  fulfilmentsOf,
  giveAddress,
  linesOf,
  shipToOf,
} from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem

beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin, {
    MUG: { east: 500 },
    LAMP: { east: 200, west: 200 },
    CHAIR: { west: 50 },
    TEA: {},
  })
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
  await system.admin`UPDATE item SET restricted_countries = '{CA}', minimum_age = NULL WHERE sku = 'LAMP'`
  await system.admin`UPDATE item SET minimum_age = 18 WHERE sku = 'CHAIR'`
  await system.admin`
    INSERT INTO item_substitute (item_id, substitute_id) SELECT a.id, b.id FROM item a, item b WHERE a.sku = 'TEA' AND b.sku = 'CHAIR'`
  await system.admin`INSERT INTO denied_party (list, name) VALUES ('SDN', 'Victor Bout')`
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const atDesk = (changes: Parameters<typeof anOrder>[0] = {}) =>
  anOrder({ channel: 'b2b', ...changes })
const mug = { sku: 'MUG', unitPriceMinor: '1000' }
const california = {
  line1: '9 Bay St',
  city: 'San Francisco',
  region: 'CA',
  postalCode: '94103',
  country: 'US',
}
const canada = {
  line1: '5 King St',
  city: 'Toronto',
  region: 'ON',
  postalCode: 'M5H 1A1',
  country: 'CA',
}

const move = async (orderId: string, to: Parameters<typeof giveAddress>[2]) => ({
  key: aKey(),
  actor: 'csr',
  actions: [{ kind: 'ship-to' as const }],
  addressId: await giveAddress(system.db, orderId, to),
})
const add = (sku: string, unitPriceMinor: string) => ({
  key: aKey(),
  actor: 'csr',
  actions: [{ kind: 'add-line' as const, sku, qty: 1, unitPriceMinor }],
})
const typesOf = (order: { cases: { type: string }[] }) => order.cases.map((c) => c.type).sort()

test('a new address replaces the old one whole, keeps its recipient', async () => {
  const order = atDesk({ shipTo: { ...anOrder().shipTo!, line2: 'Rear', company: 'Jones & Co' } })
  const { orderId } = await system.place(order)
  await desk(system, order).update(changeOrder, await move(orderId, california))
  expect(await shipToOf(system.db, orderId)).toEqual({
    ...california,
    line2: null,
    name: 'Ada Jones',
    company: 'Jones & Co',
  })
})

test('stock that is not with the warehouse yet is looked for again from the new address', async () => {
  const order = atDesk({ line: mug })
  const { orderId } = await system.place(order)
  const b2b = desk(system, order)
  expect(await linesOf(system.db, orderId)).toMatchObject([{ allocated: 1 }])
  // No carrier goes there.
  const away = await b2b.update(changeOrder, await move(orderId, canada))
  expect(away).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })
  expect(await linesOf(system.db, orderId)).toMatchObject([{ allocated: 0 }])
  const back = await b2b.update(changeOrder, await move(orderId, california))
  expect(back).toMatchObject({ phase: 'allocated', cases: [] })
})

test('a change of the address to where the goods may not go is a compliance match that reserves nothing', async () => {
  const order = atDesk()
  const { orderId } = await system.place(order)
  const moved = await desk(system, order).update(changeOrder, await move(orderId, canada))
  expect(moved).toMatchObject({ phase: 'held' })
  expect(typesOf(moved)).toEqual(['compliance-match'])
  expect(await linesOf(system.db, orderId)).toMatchObject([{ allocated: 0 }])
})

test('an address that moves to another country than the bill’s is looked at for fraud', async () => {
  await setPolicy(system.admin, 'fraud', { countryMismatchScore: 60 })
  const order = atDesk({ line: mug, billTo: anOrder().shipTo })
  const { orderId } = await system.place(order)
  const moved = await desk(system, order).update(changeOrder, await move(orderId, canada))
  expect(typesOf(moved)).toContain('fraud-review')
  await setPolicy(system.admin, 'fraud', { countryMismatchScore: 40 })
})

test('a line that is added is looked at as a line that was ordered', async () => {
  const order = atDesk()
  await system.place(order)
  const cheap = await desk(system, order).update(changeOrder, add('MUG', '1'))
  expect(typesOf(cheap)).toContain('price-suspect')
  const grown = await desk(system, order).update(changeOrder, add('CHAIR', '22500'))
  expect(typesOf(grown)).toContain('compliance-match')
})

test('a corrected address that belongs to a denied party is a match', async () => {
  const wrong = { ...anOrder().shipTo!, postalCode: 'ABC' }
  const order = anOrder({ shipTo: wrong })
  const { orderId } = await system.place(order)
  const addressId = await giveAddress(system.db, orderId, { ...california, name: 'Bout, Victor' })
  const corrected = await desk(system, order).resolve('address-invalid', 'correct', { addressId })
  expect(typesOf(corrected)).toEqual(['compliance-match'])
  const [row] = await system.db`
    SELECT evidence->'matches' AS matches FROM exception_case WHERE subject_id = ${orderId} AND type = 'compliance-match'`
  expect(row!['matches']).toMatchObject([
    { kind: 'denied-party', list: 'SDN', partyId: expect.any(Number), who: 'ship-to name' },
  ])
})

test('a match that is found after the first of two people signed takes that signature back', async () => {
  const order = atDesk({ line: { sku: 'CHAIR', unitPriceMinor: '22500' } })
  const { orderId } = await system.place(order)
  const b2b = desk(system, order)
  await b2b.resolve('compliance-match', 'clear', { actor: 'bob' })
  await b2b.update(changeOrder, add('LAMP', '10000'))
  await b2b.update(changeOrder, await move(orderId, canada))
  const [found] = await system.db`
    SELECT evidence->'matches' AS matches FROM exception_case WHERE subject_id = ${orderId} AND type = 'compliance-match'`
  expect(found!['matches']).toMatchObject([{ kind: 'age-check' }, { kind: 'restricted-item' }])
  // Eve's is the first signature that knows of both.
  expect(typesOf(await b2b.resolve('compliance-match', 'clear', { actor: 'eve' }))).toContain(
    'compliance-match',
  )
  const cleared = await b2b.resolve('compliance-match', 'clear', { actor: 'bob' })
  expect(typesOf(cleared)).not.toContain('compliance-match')
  // What two people have cleared is not asked again.
  const again = await b2b.update(changeOrder, add('CHAIR', '22500'))
  expect(typesOf(again)).not.toContain('compliance-match')
})

test('what an unknown SKU turns out to be, and what takes the place of another, is looked at', async () => {
  const order = anOrder({ line: { sku: 'STOOL', unitPriceMinor: '22500' } })
  await system.place(order)
  const mapped = await desk(system, order).resolve('unknown-sku', 'map-listing', {
    params: { sku: 'CHAIR' },
  })
  expect(typesOf(mapped)).toEqual(['compliance-match'])

  const tea = anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } })
  const { orderId } = await system.place(tea)
  const [line] = await linesOf(system.db, orderId)
  const params = { orderLineId: line!.id, qty: 1, sku: 'CHAIR' }
  const replaced = await desk(system, tea).resolve('stock-short', 'substitute', { params })
  expect(typesOf(replaced)).toEqual(['compliance-match'])
})

const hold = () => ({ key: aKey(), actor: 'ann', reason: 'the customer rang' })

test('a hold stops goods that are with the warehouse already, and its release lets them go', async () => {
  const order = anOrder()
  const { orderId } = await system.place(order)
  const web = desk(system, order)
  expect(await web.update(placeHold, hold())).toMatchObject({ phase: 'held' })
  expect(await fulfilmentsOf(system.db, orderId)).toMatchObject([{ state: 'recall-requested' }])
  await expectRefused(web.ship(), 'OrderHeld')
  await web.resolve('manual-hold', 'release')
  expect(await fulfilmentsOf(system.db, orderId)).toMatchObject([{ state: 'released' }])
  expect(await web.ship()).toMatchObject({ phase: 'closed' })
})

test('a hold that is released leaves goods stopped that a cancellation asks back', async () => {
  const order = anOrder()
  const { orderId } = await system.place(order)
  const web = desk(system, order)
  await web.update(placeHold, hold())
  await web.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed their mind' })
  await web.resolve('manual-hold', 'release')
  expect(await fulfilmentsOf(system.db, orderId)).toMatchObject([{ state: 'recall-requested' }])
  await web.resolve('channel-changed-after-release', 'recall')
  expect(await web.until((seen) => !seen.open)).toMatchObject({ phase: 'cancelled' })
})

test('a line that the channel adds after release is looked at, and nothing leaves meanwhile', async () => {
  const order = anOrder({ line: mug })
  await system.place(order)
  const web = desk(system, order)
  const more = { ...order.payment, amountMinor: '23500' }
  const grown = nextVersion(order, {
    lines: [aLine(mug), aLine({ sku: 'CHAIR', unitPriceMinor: '22500' })],
    payment: more,
  })
  await web.channelSends(grown)
  const held = await web.until((seen) => seen.cases.length > 0)
  expect(typesOf(held)).toEqual(['compliance-match'])
  await expectRefused(web.ship(), 'OrderHeld')
})
