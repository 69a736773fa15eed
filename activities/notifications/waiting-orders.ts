import type { Db } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import { rankDemand, type WaitingDemand } from '#domain/orders/demand-rank'

/** Orders that lack units of these items, the one that is to be served first coming first. */
export async function waitingForItems(
  db: Db,
  itemIds: readonly number[],
): Promise<(WaitingDemand & { workflowId: string })[]> {
  const rows = await db<(WaitingDemand & { workflowId: string })[]>`
    SELECT DISTINCT o.id::text AS "orderId", o.workflow_id AS "workflowId", c.priority AS "channelPriority", o.customer_class AS "customerClass", o.ship_by AS "shipBy", o.placed_at AS "placedAt"
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN sales_order_line l ON l.order_id = o.id
    WHERE o.closed_at IS NULL AND l.item_id = ANY(${[...itemIds]}::int[])
      AND l.qty_ordered - l.qty_cancelled - l.qty_shipped - l.qty_allocated > 0`
  const { demand } = await policiesFor(db, '*')
  return rankDemand(rows, demand.body)
}
