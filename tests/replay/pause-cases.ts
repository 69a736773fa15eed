import { setTimeout as wait } from 'node:timers/promises'
import { lookAgain } from '#contracts/order-to-cash'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { authorised, ended, named } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/**
 * The books are locked while the processor answers: what follows from its answer is refused, the
 * process leaves it alone, and goes on with it at the next move.
 */
export async function refusedEffect(system: RecordingSystem): Promise<string> {
  const order = authorised('refused-effect')
  const placed = await system.place(order)
  let answer = () => {}
  const told = new Promise<void>((resolve) => (answer = resolve))
  const pay: typeof agreeableGateways.pay = async (effect) => {
    await told
    return agreeableGateways.pay(effect)
  }
  Object.assign(system.outside, { pay })
  await system.ship(order, placed)
  await wait(500)
  await whileLocked(system, async () => {
    answer()
    await wait(1_500)
  })
  delete system.outside.pay
  await system.handle(order).signal(lookAgain, { cause: 'the books are open again' })
  return ended(system, order)
}

/** Units that waited too long are to be paid back while the books are locked. */
export async function refusedDeadline(system: RecordingSystem): Promise<string> {
  const order = named('refused-deadline', { line: { sku: 'TEA', unitPriceMinor: '250' } })
  const { orderId } = await system.place(order)
  await system.resolve(order, 'backorder')
  await system.database
    .admin`UPDATE sales_order_line SET backordered_at = backordered_at - interval '31 days' WHERE order_id = ${orderId}`
  await whileLocked(system, async () => {
    await system.handle(order).signal(lookAgain, { cause: 'time has passed' })
    await wait(3_000)
  })
  await system.handle(order).signal(lookAgain, { cause: 'the books are open again' })
  return ended(system, order)
}

/** A newer version of the channel says that it is paid while the books are locked, and says so again. */
export async function refusedChange(system: RecordingSystem): Promise<string> {
  const payment = { state: 'pending' as const, provider: 'bank', reference: null, amountMinor: '0' }
  const order = named('refused-change', { payment })
  const { orderId } = await system.place(order)
  const paidAt = (externalVersion: string) => named('refused-change', { externalVersion })
  await whileLocked(system, async () => {
    await system.tell(paidAt('2026-01-02T00:00:00.000Z'), 'paid')
    await wait(1_500)
  })
  const refused = await system.database.db`
    SELECT 1 FROM inbox WHERE outcome = 'refused' AND event_id LIKE 'refused-change/%'`
  if (refused.length === 0) throw new Error(`order ${orderId} took what it should have refused`)
  await system.tell(paidAt('2026-01-03T00:00:00.000Z'), 'paid')
  const released = await system.until(order, ({ phase }) => phase === 'released')
  await system.ship(order, released)
  return ended(system, order)
}

/** No period of the company takes an entry while this happens. */
async function whileLocked(
  { database }: RecordingSystem,
  happens: () => Promise<void>,
): Promise<void> {
  const { admin } = database
  await admin`UPDATE gl_period_area SET state = 'soft' WHERE state = 'open'`
  try {
    await happens()
  } finally {
    await admin`UPDATE gl_period_area SET state = 'open' WHERE state = 'soft'`
  }
}
