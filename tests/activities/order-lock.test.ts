import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { lockOrder } from '#db/stores/orders'
import { anOrder } from '#tests/support/company'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 40 } })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

test('whoever waited for an order sees what the one before left of its lines', async () => {
  const { orderId } = await steps.place(anOrder())
  const read = (tx: unknown) => lockOrder(tx as Tx, orderId)
  // Each connection has met the statements, as in a worker that has run for a while.
  await steps.db.begin(read)
  let waiting: ReturnType<typeof read> | undefined
  await steps.db.begin(async (tx) => {
    await read(tx)
    await tx`UPDATE sales_order_line SET promise_on = '2099-01-01' WHERE order_id = ${orderId}`
    waiting = steps.db.begin(read) as ReturnType<typeof read>
    await new Promise((done) => setTimeout(done, 300))
  })
  expect((await waiting!).lines).toMatchObject([{ promiseOn: '2099-01-01' }])
})
