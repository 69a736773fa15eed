import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Gateways } from '#activities/orders/gateways'
import { recordTracking, requestCancellation } from '#contracts/order-to-cash'
import type { AddressDocument } from '#contracts/order-intake'
import { anOrder, aStranger, foundCompany, nextVersion } from '#tests/support/company'
import { aKey, desk, expectRefused, fulfilmentsOf, linesOf, shipToOf } from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

/** What the carrier takes an address to mean; null where it knows no better. */
let suggests: (address: AddressDocument) => AddressDocument | null = () => null
const gateways: Gateways = {
  ...agreeableGateways,
  verifyAddress: (address) =>
    Promise.resolve({ verdict: 'uncertain', problems: [], suggestion: suggests(address) }),
}

let system: TestSystem
beforeAll(async () => {
  system = await startSystem(gateways)
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 200 } })
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const outboxOf = async (orderId: string, topic: string) => {
  const rows = await system.db<{ body: Record<string, unknown> }[]>`
    SELECT body FROM outbox WHERE topic = ${topic} AND body->>'orderId' = ${orderId} ORDER BY id`
  return rows.map((row) => row.body)
}
const dueOf = async (orderId: string, type: string) => {
  const [row] = await system.db<{ dueAt: string; state: string }[]>`
    SELECT due_at AS "dueAt", state FROM exception_case WHERE subject_id = ${orderId} AND type = ${type}`
  return row!
}
const makeOverdue = (orderId: string) =>
  system.admin`UPDATE exception_case SET due_at = due_at - interval '3 hours' WHERE subject_id = ${orderId}`

/** An order whose only parcel the carrier reports as in trouble. */
async function stalled() {
  const order = anOrder()
  const { orderId } = await system.place(order)
  const web = desk(system, order)
  const trackingNumber = `S-${order.externalId}`
  await web.ship({ parcels: [{ trackingNumber, carrier: 'UPS' }] })
  const event = {
    providerEventId: `${trackingNumber}/1`,
    status: 'exception',
    actor: 'ups',
  } as const
  await web.handle.signal(recordTracking, {
    ...event,
    trackingNumber,
    at: new Date().toISOString(),
  })
  await web.until((seen) => seen.cases.length > 0)
  return { ...web, orderId }
}

test('who keeps waiting for a parcel gives its case more time and changes nothing else', async () => {
  const parcel = await stalled()
  await makeOverdue(parcel.orderId)
  const before = await dueOf(parcel.orderId, 'parcel-stalled')
  expect(await parcel.resolve('parcel-stalled', 'keep-waiting')).toMatchObject({
    phase: 'shipped',
    cases: [{ type: 'parcel-stalled' }],
  })
  const after = await dueOf(parcel.orderId, 'parcel-stalled')
  expect(after.state).toBe('open')
  expect(Date.parse(after.dueAt)).toBeGreaterThan(Date.parse(before.dueAt))
  expect(await linesOf(system.db, parcel.orderId)).toMatchObject([{ shipped: 1, delivered: 0 }])
})

test('a parcel that a person knows to have arrived is delivered and closes the order', async () => {
  const parcel = await stalled()
  expect(await parcel.resolve('parcel-stalled', 'mark-delivered')).toMatchObject({
    phase: 'closed',
    open: false,
  })
  expect(await linesOf(system.db, parcel.orderId)).toMatchObject([{ shipped: 1, delivered: 1 }])
})

const wrong = { ...anOrder().shipTo!, line1: '1 Mian St', line2: 'Rear', postalCode: '7102' }

test('an accepted suggestion is where the goods go, and nothing of the doubtful address remains', async () => {
  suggests = (address) => ({
    ...address,
    name: null,
    line1: '1 Main St',
    line2: null,
    postalCode: '07102',
  })
  const order = anOrder({ shipTo: wrong })
  const { orderId } = await system.place(order)
  const web = desk(system, order)
  await web.until((seen) => seen.effects.length === 0)
  expect(await web.resolve('address-invalid', 'accept-suggestion')).toMatchObject({
    phase: 'released',
    cases: [],
  })
  expect(await shipToOf(system.db, orderId)).toEqual({
    ...wrong,
    line1: '1 Main St',
    line2: null,
    postalCode: '07102',
  })
})

test('each address has its own suggestion: one for an earlier address is never taken', async () => {
  suggests = (address) => ({ ...address, postalCode: '07102' })
  const order = anOrder({ shipTo: wrong })
  const { orderId } = await system.place(order)
  const web = desk(system, order)
  await web.until((seen) => seen.effects.length === 0)
  suggests = () => null
  const moved = { ...wrong, line1: '8 Hill Rd', postalCode: 'unknown' }
  await web.channelSends(nextVersion(order, { shipTo: moved }))
  await web.until((seen) => seen.version > 3 && seen.effects.length === 0)
  expect(await shipToOf(system.db, orderId)).toEqual(moved)
  await expectRefused(web.resolve('address-invalid', 'accept-suggestion'), 'NoSuggestion')

  suggests = (address) => ({ ...address, postalCode: '07103' })
  const again = { ...wrong, line1: '9 Hill Rd', postalCode: 'unknown' }
  await web.channelSends({
    ...nextVersion(order, { shipTo: again }),
    externalVersion: '2027-01-01T00:00:00.000Z',
  })
  await web.until((seen) => seen.version > 5 && seen.effects.length === 0)
  await web.resolve('address-invalid', 'accept-suggestion')
  expect(await shipToOf(system.db, orderId)).toEqual({ ...again, postalCode: '07103' })
})

test('who asks for evidence has it asked of the buyer, keeps the order held and gets the case its time again', async () => {
  const order = anOrder({ customer: aStranger(), line: { quantity: 26 } })
  const { orderId } = await system.place(order)
  await makeOverdue(orderId)
  const before = await dueOf(orderId, 'fraud-review')
  expect(await desk(system, order).resolve('fraud-review', 'ask-for-evidence')).toMatchObject({
    phase: 'held',
    cases: [{ type: 'fraud-review' }],
  })
  const after = await dueOf(orderId, 'fraud-review')
  expect(Date.parse(after.dueAt)).toBeGreaterThan(Date.parse(before.dueAt))
  expect(await outboxOf(orderId, 'mail')).toMatchObject([{ template: 'evidence' }])
})

test.each(['accept-as-return', 'dispute'] as const)(
  'a recall that is answered by %s says so to whoever must know, and the warehouse goes on',
  async (choice) => {
    const order = anOrder()
    const { orderId } = await system.place(order)
    const web = desk(system, order)
    await web.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed mind' })
    await web.resolve('channel-changed-after-release', choice)
    expect(await fulfilmentsOf(system.db, orderId)).toMatchObject([{ state: 'released' }])
    const [line] = await linesOf(system.db, orderId)
    const units = [{ orderLineId: line!.id, qty: 1 }]
    const caseType = 'channel-changed-after-release'
    const returned = choice === 'accept-as-return'
    expect(await outboxOf(orderId, 'cancellation')).toEqual(
      returned ? [{ orderId, choice, caseType, units }] : [],
    )
    expect(await outboxOf(orderId, 'mail')).toEqual(
      returned ? [] : [{ template: 'too-late', orderId }],
    )
    expect(await web.ship()).toMatchObject({ phase: 'closed' })
  },
)

test.each(['mark-done', 'mark-failed'] as const)(
  'a parcel is to be stopped: somebody asks the carrier, and %s says what came of it',
  async (answer) => {
    const order = anOrder()
    const { orderId } = await system.place(order)
    const web = desk(system, order)
    const trackingNumber = aKey()
    await web.ship({ parcels: [{ trackingNumber, carrier: 'UPS' }] })
    await web.update(requestCancellation, { key: aKey(), actor: 'csr', reason: 'changed mind' })
    await web.resolve('cancel-too-late', 'intercept')
    const asked = await web.until((seen) => seen.cases[0]?.type === 'effect-unknown')
    const [found] = await system.db<{ summary: string }[]>`
      SELECT summary FROM exception_case WHERE id = ${asked.cases[0]!.id}`
    expect(found!.summary).toContain(`ask UPS to stop ${trackingNumber}`)
    const params = { reference: 'UPS, Ms Lee' }
    expect(await web.resolve('effect-unknown', answer, { params })).toMatchObject({ cases: [] })
    const mails = (await outboxOf(orderId, 'mail')).map((mail) => mail['template'])
    const told = answer === 'mark-failed' ? ['too-late'] : []
    expect(mails).toEqual(['shipped', 'intercepting', ...told])
  },
)
