import type { Tx } from '#db/client'
import { ordersPromised } from '#db/stores/count-tasks'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { lockPositions, type Position } from '#db/stores/stock'
import { releaseReserved } from './cancel.ts'
import { lineOf, planOrder } from './plan.ts'
import { finishStep } from './progress.ts'

/** Orders that gave units up, and what nobody could give. */
export interface TakenBack {
  losers: SalesOrder[]
  /** Units that are still promised and not there: with the warehouse, or for transfers. */
  lacking: number
  promised: { orderNumber: string; withWarehouse: number }[]
}

/**
 * Orders that are promised units which they cannot have give them up, the last in rank first; what
 * the warehouse holds already stays. The caller plans the losers anew once the cause is booked.
 * @param lackingOf how many units are promised beyond what there is, under the position's lock
 */
export async function takeUnitsBack(
  tx: Tx,
  { itemId, siteId }: { itemId: number; siteId: number },
  lackingOf: (position: Position | undefined) => bigint | Promise<bigint>,
): Promise<TakenBack> {
  const promised = await ordersPromised(tx, itemId, siteId)
  const orders: SalesOrder[] = []
  for (const { orderId } of promised.filter((order) => order.free > 0))
    orders.push(await lockOrder(tx, orderId))
  const [position] = await lockPositions(tx, [itemId], [siteId])
  let lacking = Number(await lackingOf(position))
  const losers: SalesOrder[] = []
  for (const order of orders) {
    if (lacking <= 0) break
    const given = await giveUp(tx, order, { itemId, siteId, atMost: lacking })
    if (given === 0) continue
    lacking -= given
    losers.push(order)
  }
  return {
    losers,
    lacking: Math.max(0, lacking),
    promised: promised.map(({ orderNumber, live, free }) => ({
      orderNumber,
      withWarehouse: live - free,
    })),
  }
}

async function giveUp(
  tx: Tx,
  order: SalesOrder,
  { itemId, siteId, atMost }: { itemId: number; siteId: number; atMost: number },
): Promise<number> {
  let left = atMost
  const here = order.reservations.filter(
    (row) => row.itemId === itemId && row.siteId === siteId && row.live > row.onFulfilment,
  )
  for (const reservation of here) {
    // Handed over to nobody: nobody can have them, so whoever waits for the item is not told of them.
    const taken = await releaseReserved(tx, [reservation], left, 'handed-over')
    lineOf(order, reservation.orderLineId).allocated -= taken
    left -= taken
  }
  return atMost - left
}

/** In this very commit, and its process is told: nobody is ever silently short. */
export async function planAnew(
  tx: Tx,
  order: SalesOrder,
  { actor, today, key, reason }: { actor: string; today: string; key: string; reason: string },
): Promise<void> {
  await planOrder(tx, order, { actor, today })
  await finishStep(tx, order, { action: 'units-taken', actor, key, reason })
  await addToOutbox(tx, [
    {
      topic: 'look-again',
      key: `units-taken/${order.id}/${key}`,
      body: { workflowId: order.workflowId, cause: reason },
    },
  ])
}
