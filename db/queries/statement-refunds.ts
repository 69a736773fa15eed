import type { Reader } from '../client.ts'

/** Returns of these orders that are not over. */
export async function openReturnsOf(
  reader: Reader,
  orderIds: readonly bigint[],
): Promise<{ id: bigint; version: number; workflowId: string }[]> {
  if (orderIds.length === 0) return []
  return reader<{ id: bigint; version: number; workflowId: string }[]>`
    SELECT id, version, workflow_id AS "workflowId" FROM customer_return
    WHERE order_id = ANY(${orderIds.map(String)}::bigint[]) AND closed_at IS NULL ORDER BY id`
}

/**
 * What statements of a marketplace have given back of an order that no channel had told and no
 * return has taken yet, in the order's currency. Its entry is the statement's own (row 9b).
 */
export async function refundedByStatements(reader: Reader, orderId: bigint): Promise<bigint> {
  const [row] = await reader<{ minor: bigint }[]>`
    SELECT (coalesce((SELECT sum(refund_minor - refund_told_minor) FROM settlement_item WHERE order_id = ${orderId}), 0)
      - coalesce((SELECT sum(by_statement_minor) FROM customer_return WHERE order_id = ${orderId}), 0))::bigint AS minor`
  return row!.minor
}
