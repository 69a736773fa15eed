import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { changeOrder } from '#contracts/order-to-cash'
import type { OrderDocument } from '#contracts/order-intake'
import { aLine, anOrder, foundCompany, nextVersion, setPolicy } from '#tests/support/company'
import {
  aKey,
  desk,
  effectsOf,
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
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 200 } })
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const cancelled = { at: new Date().toISOString(), reason: 'customer' }
const units = (document: OrderDocument, quantity: number) =>
  nextVersion(document, { lines: [aLine({ quantity })] })

/** Sends a version and waits until the order has taken it. */
async function tell(order: OrderDocument, version: OrderDocument) {
  const channel = desk(system, order)
  const { version: seen } = await channel.progress()
  await channel.channelSends(version)
  return channel.until((now) => now.version > seen && now.effects.length === 0)
}
const casesOf = (orderId: string) =>
  system.db<{ type: string; state: string; reopened: number }[]>`
    SELECT type, state, reopened FROM exception_case WHERE subject_id = ${orderId} ORDER BY id`

test('a cancellation that the channel tells twice is one recall, and stays disputed once it was', async () => {
  const order = anOrder()
  const { orderId } = await system.place(order)
  const first = nextVersion(order, { cancelled })
  await tell(order, first)
  await tell(order, { ...first })
  await tell(order, nextVersion(first, { cancelled }))
  expect([...(await casesOf(orderId))]).toEqual([
    { type: 'channel-changed-after-release', state: 'open', reopened: 0 },
  ])
  await desk(system, order).resolve('channel-changed-after-release', 'dispute')
  const later = nextVersion(nextVersion(first, {}), { cancelled, note: 'paid in full' })
  expect(await tell(order, later)).toMatchObject({ phase: 'released', cases: [] })
  expect(await desk(system, order).ship()).toMatchObject({ phase: 'closed' })
})

test('a quantity that the channel lowers after release is one recall that grows, and ends when it is raised again', async () => {
  const order = anOrder({ line: { quantity: 5 } })
  const { orderId } = await system.place(order)
  const fewer = units(order, 3)
  await tell(order, fewer)
  const fewest = units(fewer, 2)
  await tell(order, fewest)
  const [recall] = await system.db`
    SELECT evidence->'units'->0->>'qty' AS qty FROM exception_case WHERE subject_id = ${orderId} AND state = 'open'`
  expect(recall).toEqual({ qty: '3' })
  expect(await tell(order, units(fewest, 5))).toMatchObject({ phase: 'released', cases: [] })
  expect(await fulfilmentsOf(system.db, orderId)).toMatchObject([{ state: 'released' }])
  expect(await linesOf(system.db, orderId)).toMatchObject([{ ordered: 5, cancelled: 0 }])
})

test('a quantity that is lowered and then raised again is what was asked for last', async () => {
  const order = anOrder({ channel: 'b2b', line: { quantity: 5 } })
  const { orderId } = await system.place(order)
  const fewer = units(order, 3)
  await tell(order, fewer)
  const again = units(fewer, 5)
  // The channel says that all five are paid: what went back in between came in again.
  expect(await tell(order, again)).toMatchObject({ cases: [] })
  const lines = await linesOf(system.db, orderId)
  expect(lines.reduce((sum, line) => sum + line.ordered - line.cancelled, 0)).toBe(5)
  expect(await effectsOf(system.db, orderId)).toEqual(['refund confirmed 20000'])
})

test('what a person took out of an order does not come back with the next word of the channel', async () => {
  const order = anOrder({ channel: 'b2b', line: { quantity: 3 } })
  const { orderId } = await system.place(order)
  const [line] = await linesOf(system.db, orderId)
  await desk(system, order).update(changeOrder, {
    key: aKey(),
    actor: 'csr',
    actions: [{ kind: 'cancel-units', orderLineId: line!.id, qty: 1 }],
  })
  await tell(order, nextVersion(order, { note: 'please wrap' }))
  expect(await linesOf(system.db, orderId)).toMatchObject([{ ordered: 3, cancelled: 1 }])
})

test('an address that customer service changed stands until the channel changes its own', async () => {
  const order = anOrder({
    channel: 'b2b',
    shipTo: { ...anOrder().shipTo!, line2: 'Apartment 4' },
  })
  const { orderId } = await system.place(order)
  const there = {
    line1: '2 Side St',
    city: 'Newark',
    region: 'NJ',
    postalCode: '07103',
    country: 'US',
  }
  await desk(system, order).update(changeOrder, {
    key: aKey(),
    actor: 'csr',
    actions: [{ kind: 'ship-to' }],
    addressId: await giveAddress(system.db, orderId, there),
  })
  const same = nextVersion(order, { note: 'paid' })
  await tell(order, same)
  expect(await shipToOf(system.db, orderId)).toMatchObject({ ...there, line2: null })

  const shipTo = { ...order.shipTo!, line1: '3 Far St', line2: null }
  const moved = nextVersion(same, { shipTo })
  await tell(order, moved)
  expect(await shipToOf(system.db, orderId)).toEqual(shipTo)
})

test('after release only a real change of the address asks the warehouse, and taking it back ends that', async () => {
  const order = anOrder({ shipTo: { ...anOrder().shipTo!, line2: 'Rear' } })
  await system.place(order)
  const same = nextVersion(order, { note: 'gift' })
  expect(await tell(order, same)).toMatchObject({ cases: [] })
  const moved = nextVersion(same, { shipTo: { ...order.shipTo!, line1: '3 Far St' } })
  expect((await tell(order, moved)).cases).toMatchObject([
    { type: 'channel-changed-after-release' },
  ])
  expect(await tell(order, nextVersion(moved, { shipTo: order.shipTo }))).toMatchObject({
    phase: 'released',
    cases: [],
  })
})

test('an address that cannot be delivered to is kept all the same, so that an override means it', async () => {
  const order = anOrder({ channel: 'b2b' })
  const { orderId } = await system.place(order)
  const shipTo = { ...order.shipTo!, line1: 'Barn behind the mill', postalCode: 'none' }
  const held = await tell(order, nextVersion(order, { shipTo }))
  expect(held.cases).toMatchObject([{ type: 'address-invalid' }])
  await desk(system, order).resolve('address-invalid', 'override')
  expect(await shipToOf(system.db, orderId)).toEqual(shipTo)
})
