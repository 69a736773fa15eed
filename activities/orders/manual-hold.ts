import type { PlaceHold } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { insertHolds, type SalesOrder } from '#db/stores/orders'
import { openOrderCase } from './cases.ts'
import { giveUnreleasedBack, stopWarehouse } from './stop-warehouse.ts'

/**
 * A person stops the order, also when it is with the warehouse; the hold decides whether stock
 * that is not there yet stays reserved meanwhile.
 */
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
  if (command.keepsStock === false) await giveUnreleasedBack(tx, order)
  await stopWarehouse(tx, order)
  await openOrderCase(tx, order, {
    type: 'manual-hold',
    summary: `${order.orderNumber}: ${command.reason}`,
    evidence: { reason: command.reason, placedBy: command.actor },
    openedBy: command.actor,
  })
}
