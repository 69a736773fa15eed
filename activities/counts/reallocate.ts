import type { Tx } from '#db/client'
import { ordersPromised, type CountLine, type CountTask } from '#db/stores/count-tasks'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { lockPositions } from '#db/stores/stock'
import { Refusal } from '#domain/refusal'
import { releaseReserved } from '../orders/cancel.ts'
import { lineOf, planOrder } from '../orders/plan.ts'
import { finishStep } from '../orders/progress.ts'
import { postOrAsk } from './post.ts'

/**
 * Orders that are promised units which are not there give them up, the last in rank first; then the
 * loss is booked, and each order is planned anew: another site, backorder, or a case of its own.
 * @throws Refusal `PromisedAtWarehouse` while the warehouse still looks for them.
 */
export async function takeFromOrders(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  by: { actor: string; today: string; key: string },
): Promise<void> {
  const promised = await ordersPromised(tx, line.itemId, task.siteId)
  const orders: SalesOrder[] = []
  for (const { orderId } of promised.filter((order) => order.free > 0))
    orders.push(await lockOrder(tx, orderId))
  const [position] = await lockPositions(tx, [line.itemId], [task.siteId])
  const loss = line.expected! - line.counted!
  let lacking = Number(loss - ((position?.onHand ?? 0n) - (position?.reserved ?? 0n)))
  const losers: SalesOrder[] = []
  for (const order of orders) {
    if (lacking <= 0) break
    const given = await giveUp(tx, order, { line, siteId: task.siteId, atMost: lacking })
    if (given === 0) continue
    lacking -= given
    losers.push(order)
  }
  if (lacking > 0)
    throw new Refusal(
      'PromisedAtWarehouse',
      `${lacking} units of ${line.sku} are with the warehouse or reserved for transfers: ${promised.map((order) => order.orderNumber).join(', ') || 'no order'}. Report the short pick or take the order back first, then decide again.`,
    )
  await postOrAsk(tx, task, line, by)
  for (const order of losers) await planAnew(tx, order, task, by)
}

async function giveUp(
  tx: Tx,
  order: SalesOrder,
  { line, siteId, atMost }: { line: CountLine; siteId: number; atMost: number },
): Promise<number> {
  let left = atMost
  const here = order.reservations.filter(
    (row) => row.itemId === line.itemId && row.siteId === siteId && row.live > row.onFulfilment,
  )
  for (const reservation of here) {
    // Handed over to nobody: they do not exist, so whoever waits for the item is not told of them.
    const taken = await releaseReserved(tx, [reservation], left, 'handed-over')
    lineOf(order, reservation.orderLineId).allocated -= taken
    left -= taken
  }
  return atMost - left
}

/** In this very commit, and its process is told: nobody is ever silently short. */
async function planAnew(
  tx: Tx,
  order: SalesOrder,
  task: CountTask,
  { actor, today, key }: { actor: string; today: string; key: string },
): Promise<void> {
  await planOrder(tx, order, { actor, today })
  const reason = `units were not there when ${task.no} counted`
  await finishStep(tx, order, { action: 'units-taken', actor, key, reason })
  await addToOutbox(tx, [
    {
      topic: 'look-again',
      key: `counted/${order.id}/${key}`,
      body: { workflowId: order.workflowId, cause: reason },
    },
  ])
}
