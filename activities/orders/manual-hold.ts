import type { PlaceHold } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { insertHolds, type OrderLine, type SalesOrder } from '#db/stores/orders'
import { releaseReserved } from './cancel.ts'
import { openOrderCase } from './cases.ts'

/** A person stops the order; the hold decides whether its stock stays reserved meanwhile. */
export async function placeManualHold(
  tx: Tx,
  order: SalesOrder,
  command: PlaceHold,
): Promise<void> {
  await insertHolds(
    tx,
    order,
    [
      {
        type: 'manual',
        caseType: 'manual-hold',
        reason: command.reason,
        keepsStock: command.keepsStock ?? true,
      },
    ],
    command.actor,
  )
  if (command.keepsStock === false)
    for (const line of order.lines)
      if (line.allocated > line.released) await unreserve(tx, order, line)
  await openOrderCase(tx, order, {
    type: 'manual-hold',
    summary: `${order.orderNumber}: ${command.reason}`,
    evidence: { reason: command.reason, placedBy: command.actor },
    openedBy: command.actor,
  })
}

/** Others may have the units meanwhile; what the warehouse holds already stays with the order. */
async function unreserve(tx: Tx, order: SalesOrder, line: OrderLine): Promise<void> {
  const mine = order.reservations.filter((reservation) => reservation.orderLineId === line.id)
  line.allocated -= await releaseReserved(tx, mine, line.allocated - line.released)
}
