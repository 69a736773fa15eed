import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { waitingForItems } from '#activities/notifications/waiting-orders'
import { anOrder, setPolicy } from '#tests/support/company'
import { linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 5 }, TEA: {} })
  await setPolicy(steps.admin, 'order', { softHoldHours: 24 })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

const pending = {
  state: 'pending' as const,
  provider: 'bank',
  reference: null,
  amountMinor: '0',
}
const expiries = async (orderId: string) =>
  steps.db<
    { at: string | null }[]
  >`SELECT expires_at AS at FROM reservation WHERE order_id = ${orderId}`

test('an order that is held gives its units up when nobody decides in time, and takes them again when it is free', async () => {
  const { orderId, nextDeadline } = await steps.place(
    anOrder({ line: { quantity: 3 }, payment: pending }),
  )
  const [soft] = await expiries(orderId)
  expect(nextDeadline! <= soft!.at!).toBe(true)
  await steps.run('passDeadline', orderId, { at: 'too early' })
  expect(await linesOf(steps.db, orderId)).toMatchObject([{ allocated: 3 }])

  await steps.admin`UPDATE reservation SET expires_at = clock_timestamp() - interval '1 minute' WHERE order_id = ${orderId}`
  const after = await steps.run('passDeadline', orderId, { at: soft!.at! })
  expect(after).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
  expect(await linesOf(steps.db, orderId)).toMatchObject([{ allocated: 0 }])
  const told = await steps.db`SELECT 1 FROM outbox WHERE topic = 'stock-arrived'`
  expect(told).toHaveLength(1)
  // The message that its own units are free does not bring them back while it is held.
  await steps.run('reviewOrder', orderId, { cause: 'stock arrived', key: '1' })
  expect(await linesOf(steps.db, orderId)).toMatchObject([{ allocated: 0 }])

  const free = await steps.resolve(orderId, 'payment-pending', 'accept-on-terms')
  expect(free).toMatchObject({ phase: 'released' })
})

test('units that nothing holds up never expire', async () => {
  await setPolicy(steps.admin, 'order', { softHoldHours: 24, autoRelease: false }, 'b2b')
  const { orderId } = await steps.place(anOrder({ channel: 'b2b' }))
  expect([...(await expiries(orderId))]).toEqual([{ at: null }])
  await steps.run('placeHold', orderId, { reason: 'the customer rang' })
  expect((await expiries(orderId))[0]!.at).not.toBeNull()
  await steps.resolve(orderId, 'manual-hold', 'release')
  expect([...(await expiries(orderId))]).toEqual([{ at: null }])
})

test('who comes first, and by which rule, is kept when stock arrives', async () => {
  const wants = (channel: string) =>
    steps.place(anOrder({ channel, line: { sku: 'TEA', quantity: 1, unitPriceMinor: '250' } }))
  const web = await wants('web')
  const market = await wants('market')
  const item = steps.company.items.get('TEA')!
  const cause = { key: 'receipt/1', cause: 'stock arrived' }
  const ranked = await waitingForItems(steps.db, cause, [item])
  expect(ranked.map((order) => order.orderId).slice(0, 2)).toEqual([market.orderId, web.orderId])
  await waitingForItems(steps.db, cause, [item])
  const kept = await steps.db<{ choice: object[] }[]>`
    SELECT choice FROM decision_record WHERE subject_type = 'item' AND subject_id = 'TEA' AND kind = 'demand-ranking'`
  expect(kept).toHaveLength(1)
  expect(kept[0]!.choice[0]).toEqual({
    orderId: market.orderId,
    channel: 'market',
    beforeTheNextBy: 'channel-priority',
  })
})
