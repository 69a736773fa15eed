import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { transaction } from '#db/transaction'
import { receiveGoods } from '#db/stores/goods-receipts'
import { changeSupply, expectSupply } from '#db/stores/supply'
import { addDays } from '#domain/dates'
import { anOrder, bringIn, setPolicy } from '#tests/support/company'
import { effectsOf, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps
const today = new Date().toISOString().slice(0, 10)
const inDays = (days: number) => addDays(today, days)

beforeAll(async () => {
  steps = await stepsOn({ MUG: { east: 5 }, CHAIR: {}, TEA: {}, LAMP: {} })
  await setPolicy(steps.admin, 'order', { shortage: 'backorder', backorderMaxDays: 30 })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

let numbers = 0
const expecting = (sku: string, qty: number, dueOn: string, site: 'east' | 'west' = 'east') =>
  transaction(steps.db, (tx) =>
    expectSupply(tx, {
      itemId: steps.company.items.get(sku)!,
      siteId: steps.company[site],
      qty: BigInt(qty),
      dueOn,
      confidencePct: 90,
      sourceType: 'purchase-order',
      sourceId: `PO-${(numbers += 1)}`,
      reason: null,
      actor: 'buyer',
    }),
  )
const prices: Record<string, string> = { MUG: '1000', LAMP: '10000', CHAIR: '22500', TEA: '250' }
const wants = (sku: string, quantity: number) =>
  steps.place(anOrder({ line: { sku, quantity, unitPriceMinor: prices[sku]! } }))
const promiseOf = async (orderId: string): Promise<string | null> => {
  const [row] = await steps.db<{ on: string | null }[]>`
    SELECT promise_on AS on FROM sales_order_line WHERE order_id = ${orderId}`
  return row!.on
}
const bound = async (orderId: string) => [
  ...(await steps.db<{ supply: bigint; qty: number }[]>`
    SELECT supply_id AS supply, qty FROM supply_promise WHERE order_id = ${orderId} ORDER BY supply_id`),
]
const mailsOf = async (orderId: string): Promise<string[]> => {
  const rows = await steps.db<{ template: string }[]>`
    SELECT body->>'template' AS template FROM outbox WHERE topic = 'mail' AND body->>'orderId' = ${orderId} ORDER BY id`
  return rows.map((row) => row.template)
}
const lookAgain = (orderId: string, cause = 'stock arrived') =>
  steps.run('reviewOrder', orderId, { cause, key: `${(numbers += 1)}` })

test('an expected unit is promised once, and a later order is promised from what comes later', async () => {
  await expecting('CHAIR', 9, '2020-01-01')
  const soon = await expecting('CHAIR', 4, inDays(10))
  const later = await expecting('CHAIR', 4, inDays(20), 'west')
  const first = await wants('CHAIR', 3)
  const second = await wants('CHAIR', 3)
  const third = await wants('CHAIR', 3)
  expect(await bound(first.orderId)).toEqual([{ supply: soon, qty: 3 }])
  expect(await promiseOf(first.orderId)).toBe(inDays(13))
  expect(await bound(second.orderId)).toEqual([
    { supply: soon, qty: 1 },
    { supply: later, qty: 2 },
  ])
  expect(await promiseOf(second.orderId)).toBe(inDays(23))
  expect(await promiseOf(third.orderId)).toBeNull()
  expect(await mailsOf(third.orderId)).toEqual(['promise'])

  // What a cancelled order was promised is there for the next that looks.
  const told = await steps.db`SELECT 1 FROM outbox WHERE topic = 'supply-changed'`
  await steps.run('cancelOrder', first.orderId, { reason: 'changed their mind' })
  expect(await steps.db`SELECT 1 FROM outbox WHERE topic = 'supply-changed'`).toHaveLength(
    told.length + 1,
  )
  await lookAgain(third.orderId)
  expect(await promiseOf(third.orderId)).toBe(inDays(13))
  expect(await mailsOf(third.orderId)).toEqual(['promise', 'promise'])
  await lookAgain(third.orderId)
  expect(await mailsOf(third.orderId)).toHaveLength(2)
})

test('when supply slips, shrinks or falls through, whoever was promised it is promised anew and told', async () => {
  const supply = await expecting('TEA', 5, inDays(5))
  const first = await wants('TEA', 3)
  const second = await wants('TEA', 2)
  const change = (changes: object, key: string) =>
    transaction(steps.db, (tx) =>
      changeSupply(tx, supply, { ...changes, key, reason: 'the supplier rang', actor: 'buyer' }),
    )
  await change({ dueOn: inDays(25) }, 'slip')
  const [message] = await steps.db<{ body: unknown }[]>`
    SELECT body FROM outbox WHERE topic = 'supply-changed' AND key = ${`${supply}/slip`}`
  expect(message!.body).toEqual({ itemIds: [steps.company.items.get('TEA')] })
  for (const { orderId } of [first, second]) await lookAgain(orderId, 'expected supply changed')
  expect(await promiseOf(first.orderId)).toBe(inDays(28))
  expect(await mailsOf(first.orderId)).toEqual(['promise', 'promise'])

  await change({ qty: 4n }, 'cut')
  for (const { orderId } of [second, first]) await lookAgain(orderId, 'expected supply changed')
  expect(await promiseOf(first.orderId)).toBe(inDays(28))
  expect(await promiseOf(second.orderId)).toBeNull()

  await change({ closed: true }, 'gone')
  await lookAgain(first.orderId, 'expected supply changed')
  expect(await promiseOf(first.orderId)).toBeNull()
  await expect(change({ dueOn: inDays(9) }, 'late')).rejects.toMatchObject({ code: 'SupplyClosed' })
})

test('goods that come in are what was expected, and the order that gets them is promised as they ship', async () => {
  const supply = await expecting('LAMP', 6, inDays(4))
  const waiting = await wants('LAMP', 2)
  const receive = (receiptNo: string, received: bigint) =>
    transaction(steps.db, (tx) =>
      receiveGoods(tx, {
        receiptNo,
        entityId: steps.company.entityId,
        functionalCurrency: 'USD',
        siteId: steps.company.east,
        supplier: 'Glass Ltd',
        receivedOn: today,
        actor: 'receiver',
        lines: [
          {
            itemId: steps.company.items.get('LAMP')!,
            expectedQty: 6n,
            receivedQty: received,
            unitCostMinor: 4000n,
            reason: 'as counted',
          },
        ],
      }),
    )
  await receive('R-1', 4n)
  const seen = async () => {
    const [row] = await steps.db`SELECT received, state FROM expected_supply WHERE id = ${supply}`
    return row
  }
  expect(await seen()).toEqual({ received: 4n, state: 'open' })
  await lookAgain(waiting.orderId)
  expect(await linesOf(steps.db, waiting.orderId)).toMatchObject([{ released: 2, backordered: 0 }])
  expect(await bound(waiting.orderId)).toEqual([])
  expect((await promiseOf(waiting.orderId))! <= inDays(4)).toBe(true)
  await receive('R-2', 2n)
  expect(await seen()).toEqual({ received: 6n, state: 'closed' })
})

test('a promise that passes is made anew', async () => {
  const supply = await expecting('TEA', 50, inDays(6))
  const { orderId } = await wants('TEA', 30)
  expect(await promiseOf(orderId)).toBe(inDays(9))
  await steps.admin`UPDATE expected_supply SET due_on = ${inDays(-9)} WHERE id = ${supply}`
  await steps.admin`UPDATE sales_order_line SET promise_on = ${inDays(-6)} WHERE order_id = ${orderId}`
  await steps.run('passDeadline', orderId, { at: 'the promise' })
  expect(await promiseOf(orderId)).toBeNull()
  expect(await mailsOf(orderId)).toEqual(['promise', 'promise'])
  await steps.run('cancelOrder', orderId, { reason: 'enough' })
})

test('units that wait longer than the policy allows are cancelled, paid back, and the customer hears it', async () => {
  const placed = await wants('MUG', 7)
  expect(await linesOf(steps.db, placed.orderId)).toMatchObject([{ released: 5, backordered: 2 }])
  const { nextDeadline } = placed
  expect(Math.round((Date.parse(nextDeadline!) - Date.now()) / 86_400_000)).toBe(30)
  await steps.run('passDeadline', placed.orderId, { at: 'too early' })
  expect(await linesOf(steps.db, placed.orderId)).toMatchObject([{ cancelled: 0 }])
  await steps.admin`UPDATE sales_order_line SET backordered_at = backordered_at - interval '31 days' WHERE order_id = ${placed.orderId}`
  const after = await steps.run('passDeadline', placed.orderId, { at: nextDeadline! })
  expect(await linesOf(steps.db, placed.orderId)).toMatchObject([
    { released: 5, backordered: 0, cancelled: 2 },
  ])
  await steps.settle(after)
  expect(await effectsOf(steps.db, placed.orderId)).toEqual(['refund confirmed 2000'])
  expect(await mailsOf(placed.orderId)).toEqual(['promise', 'waited-too-long'])
})

test('stock that is there for some ends the wait of these', async () => {
  const { orderId } = await wants('CHAIR', 40)
  await bringIn(steps.admin, steps.company, { sku: 'CHAIR', site: 'west', qty: 3, unitMinor: 9000 })
  await lookAgain(orderId)
  expect(await linesOf(steps.db, orderId)).toMatchObject([{ allocated: 3, backordered: 37 }])
})
