import type { RejectFulfilment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { recordDecisions } from '#db/stores/records'
import { barSite } from '#db/stores/routing'
import { Refusal } from '#domain/refusal'
import { releaseReserved, takeBack } from './cancel.ts'
import { lineOf } from './plan.ts'
import { resumeOrder } from './resume.ts'

/**
 * A site says that it will not ship: the order goes to another one. The site is not asked again
 * for these items, so that an order can never go round and round (FUL-12).
 */
export async function rejectFulfilment(
  tx: Tx,
  order: SalesOrder,
  command: RejectFulfilment & { today: string },
): Promise<void> {
  const rows = await tx<
    { siteId: number; itemId: number; orderLineId: bigint; reservationId: bigint; open: number }[]
  >`
    SELECT f.site_id AS "siteId", l.item_id AS "itemId", l.order_line_id AS "orderLineId", l.reservation_id AS "reservationId", l.qty - l.shipped - l.cancelled AS open
    FROM fulfilment_order f JOIN fulfilment_line l ON l.fulfilment_id = f.id
    WHERE f.id = ${BigInt(command.fulfilmentId)} AND f.order_id = ${order.id} AND f.state = 'released' AND l.qty > l.shipped + l.cancelled ORDER BY l.order_line_id`
  const [first] = rows
  if (!first)
    throw new Refusal(
      'FulfilmentNotOpen',
      `Fulfilment order ${command.fulfilmentId} is not with the warehouse: there is nothing to reject.`,
    )
  const { siteId } = first
  await takeBack(tx, order, BigInt(command.fulfilmentId))
  await tx`UPDATE fulfilment_order SET state = 'rejected' WHERE id = ${BigInt(command.fulfilmentId)}`
  await barSite(tx, {
    orderId: order.id,
    siteId,
    itemIds: rows.map((row) => row.itemId),
    cause: 'rejected',
    reason: command.reason,
    actor: command.actor,
  })
  for (const { orderLineId, reservationId, open } of rows) {
    const mine = order.reservations.filter((reservation) => reservation.id === reservationId)
    lineOf(order, orderLineId).allocated -= await releaseReserved(tx, mine, open)
  }
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'rejection',
      rule: 'person',
      ruleVersion: 1,
      inputs: { fulfilmentId: command.fulfilmentId, siteId },
      choice: { reason: command.reason },
      actor: command.actor,
    },
  ])
  await resumeOrder(tx, order, command)
}
