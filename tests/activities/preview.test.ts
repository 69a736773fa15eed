import { afterAll, beforeAll, expect, test } from 'vitest'
import { orderPreviews } from '#activities/orders/preview'
import type { OrderPreviews } from '#contracts/order-previews'
import { anOrder, bringIn } from '#tests/support/company'
import { fulfilmentsOf, linesOf } from '#tests/support/orders'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps
let previews: OrderPreviews

beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 10 }, CHAIR: { east: 1, west: 2 } })
  previews = orderPreviews(steps.db)
  const { admin, company } = steps
  await admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', '2020-01-01', 1250000000, 'test')`
  // A sister company had the same item for a song; it is not ours to sell.
  await admin`INSERT INTO entity (code, name, functional_currency, country) VALUES ('ACME-JP', 'Acme KK', 'JPY', 'JP')`
  await admin`INSERT INTO site (entity_id, code, name, kind, country) SELECT id, 'TOKYO', 'Tokyo', 'own', 'JP' FROM entity WHERE code = 'ACME-JP'`
  // By the superuser behind the guards: its books are not what this is about.
  await admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`INSERT INTO cost_layer (entity_id, item_id, site_id, ranked_on, qty0, value0_minor, remaining_qty, remaining_minor, source_type, source_id)
    SELECT s.entity_id, ${company.items.get('LAMP')!}, s.id, '2000-01-01', 1, 1, 1, 1, 'test', 'sister' FROM site s WHERE s.code = 'TOKYO'`
  })
})
afterAll(() => steps.drop())

test('the margin of an order in another currency is in that currency, by the entity’s own cost', async () => {
  const { orderId } = await steps.place(anOrder({ currency: 'EUR', line: { quantity: 2 } }))
  const [line] = await linesOf(steps.db, orderId)
  const one = [{ orderLineId: line!.id, qty: 1 }]
  const by = { key: 'preview', actor: 'ann', reason: 'one is enough' }
  // Released goods are asked back first, so both are still worth their price less 32.00 each.
  const { money } = await previews.cancelOrder(orderId, { ...by, lines: one })
  expect(money).toMatchObject({ currency: 'EUR', marginAfterMinor: '13600' })
})

test('a preview tells what this choice gives back, not what earlier ones have', async () => {
  const { orderId } = await steps.place(
    anOrder({ lines: [{ ...anOrder().lines[0]!, quantity: 3 }], shipComplete: true }),
  )
  const [line] = await linesOf(steps.db, orderId)
  const actions = [{ kind: 'cancel-units' as const, orderLineId: line!.id, qty: 1 }]
  await steps.run('cancelOrder', orderId, { reason: 'stop' })
  await steps.resolve(orderId, 'channel-changed-after-release', 'dispute')
  const fulfilment = await steps.db<{ id: string }[]>`
    SELECT id::text FROM fulfilment_order WHERE order_id = ${orderId}`
  await steps.admin`UPDATE site SET status = 'paused' WHERE code = 'WEST'`
  await steps.run('rejectFulfilment', orderId, {
    fulfilmentId: fulfilment[0]!.id,
    reason: 'no hands',
  })
  await steps.run('changeOrder', orderId, { actions })
  const { money } = await previews.changeOrder(orderId, { key: 'p', actor: 'ann', actions })
  expect(money.refundMinor).toBe('10000')
  await steps.admin`UPDATE site SET status = 'active' WHERE code = 'WEST'`
})

test('what a split costs is seen before anything is released', async () => {
  await steps.admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('order', 'b2b', 1, 'test', '{"autoRelease": false}')`
  const { orderId } = await steps.place(
    anOrder({ channel: 'b2b', line: { sku: 'CHAIR', quantity: 3, unitPriceMinor: '22500' } }),
  )
  const [line] = await linesOf(steps.db, orderId)
  const { split } = await previews.changeOrder(orderId, {
    key: 'p',
    actor: 'ann',
    actions: [{ kind: 'cancel-units', orderLineId: line!.id, qty: 1 }],
  })
  expect(split).toEqual({
    reason: 'no single site has all units',
    sites: ['EAST', 'WEST'],
    freightMinor: '1100',
    extraMinor: '500',
    currency: 'USD',
  })
})

test('the margin counts no unit as free: it goes by the last known cost, and says nothing where there is none', async () => {
  const { db } = steps
  const preview = async (sku: string, unitPriceMinor: string) => {
    const { orderId } = await steps.place(anOrder({ line: { sku, unitPriceMinor } }))
    const [line] = await linesOf(db, orderId)
    const actions = [
      { kind: 'add-line' as const, sku, qty: 1, unitPriceMinor },
      { kind: 'cancel-units' as const, orderLineId: line!.id, qty: 1 },
    ]
    return (await previews.changeOrder(orderId, { key: 'p', actor: 'ann', actions })).money
  }
  expect(await preview('TEA', '250')).toMatchObject({ marginAfterMinor: null })
  await bringIn(steps.admin, steps.company, { sku: 'TEA', site: 'east', qty: 1, unitMinor: 90 })
  const { orderId } = await steps.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
  const [fulfilment] = await fulfilmentsOf(db, orderId)
  await steps.run('confirmShipment', orderId, { fulfilmentId: fulfilment!.id, reference: 'R-TEA' })
  expect(await preview('TEA', '250')).toMatchObject({ marginAfterMinor: '160' })
})
