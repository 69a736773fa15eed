import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { aLine, anOrder, setPolicy } from '#tests/support/company'
import { linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 20 }, CHAIR: { west: 6 } })
  await setPolicy(steps.admin, 'order', { autoRelease: false }, 'b2b')
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

/** Items that orders are told about since the last time it was asked. */
let seen = 0n
async function told(): Promise<number[]> {
  const rows = await steps.db<{ id: bigint; itemIds: number[] }[]>`
    SELECT id, body->'itemIds' AS "itemIds" FROM outbox WHERE topic = 'stock-arrived' AND id > ${seen} ORDER BY id`
  seen = rows.at(-1)?.id ?? seen
  return rows.flatMap((row) => row.itemIds)
}
const pool = async (sku: string): Promise<bigint> => {
  const [row] = await steps.db<{ qty: bigint }[]>`
    SELECT qty FROM stock_pool WHERE item_id = ${steps.company.items.get(sku)!}`
  return row!.qty
}
const toDesk = (quantity: number, sku = 'LAMP') =>
  anOrder({ channel: 'b2b', line: { sku, quantity } })

test('units that a cancellation frees are offered to the orders that wait for them', async () => {
  await told()
  const { orderId } = await steps.place(toDesk(2))
  expect(await told()).toEqual([])
  const [line] = await linesOf(steps.db, orderId)
  await steps.run('cancelOrder', orderId, {
    reason: 'one is enough',
    lines: [{ orderLineId: line!.id, qty: 1 }],
  })
  expect(await told()).toEqual([steps.company.items.get('LAMP')])
  await steps.run('cancelOrder', orderId, { reason: 'none, please' })
  expect(await told()).toEqual([steps.company.items.get('LAMP')])
})

test('so are units that a hold or the warehouse gives back', async () => {
  const held = await steps.place(toDesk(1))
  await steps.run('placeHold', held.orderId, { reason: 'the customer rang', keepsStock: false })
  expect(await told()).toEqual([steps.company.items.get('LAMP')])

  const released = await steps.place(anOrder())
  await steps.run('cancelOrder', released.orderId, { reason: 'too slow' })
  expect(await told()).toEqual([])
  await steps.resolve(released.orderId, 'channel-changed-after-release', 'recall')
  expect(await told()).toEqual([steps.company.items.get('LAMP')])
})

test('units that go from one order to another are offered to nobody else', async () => {
  const loser = await steps.place(toDesk(6, 'CHAIR'))
  const winner = await steps.place(toDesk(2, 'CHAIR'))
  const [line] = await linesOf(steps.db, winner.orderId)
  await told()
  await steps.run('reallocateStock', winner.orderId, {
    fromOrderId: loser.orderId,
    orderLineId: line!.id,
    qty: 2,
    reason: 'promised first',
  })
  expect(await told()).toEqual([])
  await steps.run('cancelOrder', loser.orderId, { reason: 'done with it' })
  await steps.run('cancelOrder', winner.orderId, { reason: 'done with it' })
})

test('a channel’s own pool gets back what its order gives back, and no more', async () => {
  const { company, admin } = steps
  await admin`INSERT INTO stock_pool (channel_id, item_id, site_id, qty, reason)
    SELECT id, ${company.items.get('CHAIR')!}, ${company.west}, 3, 'wholesale' FROM channel WHERE code = 'b2b'`
  const { orderId } = await steps.place(
    anOrder({
      channel: 'b2b',
      lines: [
        aLine({ sku: 'CHAIR', externalLineId: 'a', quantity: 2 }),
        aLine({ sku: 'CHAIR', externalLineId: 'b', quantity: 2 }),
      ],
    }),
  )
  expect(await pool('CHAIR')).toBe(0n)
  const [first] = await linesOf(steps.db, orderId)
  await steps.run('cancelOrder', orderId, {
    reason: 'two are enough',
    lines: [{ orderLineId: first!.id, qty: 2 }],
  })
  expect(await pool('CHAIR')).toBe(2n)
  await steps.run('cancelOrder', orderId, { reason: 'none, please' })
  expect(await pool('CHAIR')).toBe(3n)
  // Nobody else may have had them meanwhile, and now the pool keeps them again.
  const web = await steps.place(anOrder({ line: { sku: 'CHAIR', quantity: 4 } }))
  expect(await linesOf(steps.db, web.orderId)).toMatchObject([{ allocated: 3 }])
})
