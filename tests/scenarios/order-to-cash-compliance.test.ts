import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { complianceGateway } from '#activities/gateways/compliance'
import { changeOrder, requestCancellation } from '#contracts/order-to-cash'
import type { OrderDocument } from '#contracts/order-intake'
import { startComplianceSimulator } from '#simulators/compliance'
import type { Simulator } from '#simulators/http-simulator'
import { aStranger, anOrder, foundCompany, setPolicy } from '#tests/support/company'
import { aKey, desk, expectRefused, giveAddress, linesOf } from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
let service: Simulator
beforeAll(async () => {
  service = await startComplianceSimulator({ seed: 'screening' })
  system = await startSystem({
    ...agreeableGateways,
    screening: complianceGateway({ baseUrl: service.url, apiKey: 'key', timeoutMs: 2000 }),
  })
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 500 }, CHAIR: {}, TEA: {} })
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
  await system.admin`UPDATE item SET minimum_age = 18 WHERE sku = 'MUG'`
})
beforeEach(() => service.faults.clear())
afterEach(() => expectProofs(system.admin))
afterAll(async () => {
  await system.stop()
  await service.close()
})

const denied = { ...anOrder().shipTo!, name: 'Ivan Kradnov' }

async function placed(document: OrderDocument) {
  const at = await system.place(document)
  return { ...desk(system, document), orderId: at.orderId, at }
}
const holdsOf = async (orderId: string) => [
  ...(await system.db`
    SELECT type, keeps_stock AS "keepsStock", released_at IS NOT NULL AS released FROM order_hold WHERE order_id = ${orderId} ORDER BY id`),
]
const casesOf = async (orderId: string) => [
  ...(await system.db`
    SELECT state, evidence FROM exception_case WHERE subject_id = ${orderId} AND type = 'compliance-match' ORDER BY id`),
]

test('an order waits with its stock while it is screened, and goes on when nothing is found', async () => {
  const order = await placed(anOrder())
  expect(order.at).toMatchObject({ phase: 'held', cases: [] })
  expect(await linesOf(system.db, order.orderId)).toMatchObject([{ allocated: 1, released: 0 }])
  await order.until(({ phase }) => phase === 'released')
  expect(await holdsOf(order.orderId)).toMatchObject([{ type: 'compliance', released: true }])
  expect(service.journal.effects('screen', { key: `screen/${order.orderId}/1` })).toHaveLength(1)
})

test('a denied consignee holds the order, keeps no stock, and two people clear it', async () => {
  const order = await placed(anOrder({ shipTo: denied }))
  await order.until(({ cases }) => cases.length > 0)
  expect(await linesOf(system.db, order.orderId)).toMatchObject([{ allocated: 0 }])
  const [found] = await casesOf(order.orderId)
  expect(found!['evidence']).toMatchObject({
    listVersion: '2026-01-15',
    matches: [{ kind: 'screening', who: 'consignee', list: 'BIS-DPL', entryId: 'DPL-2002' }],
  })
  expect(JSON.stringify(found)).not.toContain('Kradnov')
  await order.resolve('compliance-match', 'clear', { actor: 'bob' })
  await expectRefused(
    order.resolve('compliance-match', 'clear', { actor: 'bob' }),
    'SecondPersonNeeded',
  )
  await order.resolve('compliance-match', 'clear', { actor: 'eve' })
  expect((await order.progress()).phase).toBe('released')
})

test('goods under an embargo are a match although nobody in the order is denied', async () => {
  await system.admin`UPDATE item SET hs_code = '9301.00' WHERE sku = 'LAMP'`
  const moscow = { ...anOrder().shipTo!, city: 'Moscow', postalCode: '101000', country: 'RU' }
  const order = await placed(anOrder({ shipTo: moscow }))
  await order.until(({ cases }) => cases.some(({ type }) => type === 'compliance-match'))
  const [found] = await casesOf(order.orderId)
  expect(found!['evidence']).toMatchObject({ matches: [{ who: 'goods', list: 'EMBARGO' }] })
  await system.admin`UPDATE item SET hs_code = '6912.00' WHERE sku = 'LAMP'`
})

test('a service that does not answer leaves the order held with the reason; the answer heals it', async () => {
  service.faults.add({ kind: 'error-500', count: 3 })
  const order = await placed(anOrder({ customer: aStranger() }))
  await order.until(({ cases }) => cases.length > 0, 15_000)
  const [open] = await casesOf(order.orderId)
  expect(open).toMatchObject({ state: 'open', evidence: { unscreened: expect.any(String) } })
  expect((await order.progress()).phase).toBe('held')
  await order.until(({ phase }) => phase === 'released', 20_000)
  expect(await casesOf(order.orderId)).toMatchObject([{ state: 'self-healed' }])
}, 40_000)

test('what our own rules found stays held when the service finds nothing', async () => {
  const order = await placed(anOrder({ line: { sku: 'MUG', unitPriceMinor: '1000' } }))
  await order.until(({ effects }) => effects.length === 0)
  expect((await order.progress()).phase).toBe('held')
  expect(await casesOf(order.orderId)).toMatchObject([
    { state: 'open', evidence: { matches: [{ kind: 'age-check' }] } },
  ])
})

test('two people clear an unscreened order, and a match that comes after it holds it again', async () => {
  service.faults.add({ kind: 'error-500', count: 3 })
  const order = await placed(anOrder({ channel: 'b2b', shipTo: denied }))
  await order.until(({ cases }) => cases.length > 0, 15_000)
  await order.resolve('compliance-match', 'clear', { actor: 'bob' })
  await order.resolve('compliance-match', 'clear', { actor: 'eve' })
  expect((await order.progress()).phase).toBe('allocated')
  await order.until(({ cases }) => cases.length > 0, 20_000)
  expect(await linesOf(system.db, order.orderId)).toMatchObject([{ allocated: 0 }])
}, 40_000)

test('an order that is cancelled while it is screened is not held for what comes after', async () => {
  service.faults.add({ kind: 'delay', delayMs: 700 })
  const order = await placed(anOrder({ shipTo: denied }))
  await order.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed' })
  const end = await order.until(({ open }) => !open)
  expect(end).toMatchObject({ phase: 'cancelled', cases: [] })
})

test('a new address is screened as the old one was', async () => {
  const order = await placed(anOrder({ channel: 'b2b' }))
  await order.until(({ phase }) => phase === 'allocated')
  await order.update(changeOrder, {
    key: aKey(),
    actor: 'csr',
    actions: [{ kind: 'ship-to' }],
    addressId: await giveAddress(system.db, order.orderId, denied),
  })
  const held = await order.until(({ cases }) => cases.length > 0)
  expect(held).toMatchObject({ phase: 'held', cases: [{ type: 'compliance-match' }] })
})
