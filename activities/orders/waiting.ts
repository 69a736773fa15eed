import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { addDays } from '#domain/dates'
import { settleCancellation, takeUnitsOut } from './cancel.ts'
import { tellCustomer } from './promises.ts'

/**
 * What passed deadlines ask for: units that waited for `backorderMaxDays` are cancelled and their
 * money goes back. Answers whether the order is to look for stock and a promise again.
 */
export async function passWaitingDeadlines(
  tx: Tx,
  order: SalesOrder,
  by: { actor: string; today: string; key: string },
): Promise<boolean> {
  const { backorderMaxDays } = order.policies.order.body
  if (order.lines.every((line) => line.backordered === 0)) return false
  const waited = await tx<{ id: bigint }[]>`
    SELECT id FROM sales_order_line WHERE order_id = ${order.id} AND qty_backordered > qty_drop_ship AND ${backorderMaxDays} > 0
      AND backordered_at + make_interval(days => ${backorderMaxDays}) <= clock_timestamp()`
  const tooLong = order.lines.filter((line) => waited.some((row) => row.id === line.id))
  if (tooLong.length > 0) {
    await takeUnitsOut(
      tx,
      order,
      tooLong.map((line) => ({
        orderLineId: line.id.toString(),
        qty: line.backordered - line.dropShip,
      })),
    )
    const reason = `waited ${backorderMaxDays} days for stock`
    await settleCancellation(tx, order, { ...by, reason })
    await tellCustomer(tx, order, 'waited-too-long')
  }
  const passed = order.lines.some(
    (line) => line.backordered > 0 && line.promiseOn && addDays(line.promiseOn, 1) <= by.today,
  )
  return tooLong.length > 0 || passed
}
