import { afterAll, beforeAll, expect, test } from 'vitest'
import { confirmShipment } from '#contracts/order-to-cash'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { startSystem, type TestSystem } from '#tests/support/process'

let system: TestSystem
let company: Company
beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin)
})
afterAll(() => system.stop())

test('a paid order is reserved and released in one commit, ships, and closes with its revenue and cost posted', async () => {
  const order = anOrder()
  const placed = await system.place(order)
  expect(placed).toMatchObject({ phase: 'released', open: true, cases: [], effects: [] })

  const [fulfilment] = await system.db<
    { id: bigint }[]
  >`SELECT id FROM fulfilment_order WHERE order_id = ${placed.orderId}`
  const shipped = await system.order(order).executeUpdate(confirmShipment, {
    args: [
      { key: 'k1', actor: 'picker', fulfilmentId: fulfilment!.id.toString(), reference: 'S-1' },
    ],
  })
  expect(shipped).toMatchObject({ phase: 'closed', open: false })
  expect(await system.order(order).result()).toMatchObject({ phase: 'closed' })

  const lines = await system.db`
    SELECT account_id, sum(amount_minor)::bigint AS amount FROM journal_line WHERE order_id = ${placed.orderId} GROUP BY 1 ORDER BY 1`
  expect(
    Object.fromEntries(lines.map((line) => [line['account_id'], line['amount']])),
  ).toMatchObject({ 1110: 10000n, 1300: -4000n, 2100: 0n, 4010: -10000n, 5010: 4000n })
  void company
})
