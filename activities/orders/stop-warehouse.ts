import type { Tx } from '#db/client'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { Refusal } from '#domain/refusal'
import { releaseReserved } from './cancel.ts'

/** A hold that comes after the release: the warehouse sees that it must stop, and cannot ship. */
export async function stopWarehouse(tx: Tx, order: SalesOrder): Promise<void> {
  if (order.holds.length === 0 || order.lines.every((line) => line.released === 0)) return
  await tx`UPDATE fulfilment_order SET state = 'recall-requested' WHERE order_id = ${order.id} AND state = 'released'`
}

/** @throws Refusal `OrderHeld` while a hold is open, naming each. */
export function refuseWhileHeld(order: SalesOrder): void {
  if (order.holds.length === 0) return
  const types = order.holds.map((hold) => hold.type)
  throw new Refusal(
    'OrderHeld',
    `Order ${order.orderNumber} has an open hold (${types.join(', ')}): keep the goods until it is released.`,
    { holds: types },
  )
}

/** Others may have the units meanwhile; what the warehouse holds already stays with the order. */
export async function giveUnreleasedBack(tx: Tx, order: SalesOrder): Promise<void> {
  for (const line of order.lines)
    if (line.allocated > line.released) await unreserve(tx, order, line)
}

async function unreserve(tx: Tx, order: SalesOrder, line: OrderLine): Promise<void> {
  const mine = order.reservations.filter((reservation) => reservation.orderLineId === line.id)
  line.allocated -= await releaseReserved(tx, mine, line.allocated - line.released)
  if (line.allocated === 0 && line.backordered === 0) line.promiseOn = null
}
