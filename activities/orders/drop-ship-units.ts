import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { unplannedUnits } from '#domain/orders/phase'
import { Refusal } from '#domain/refusal'
import { knownLine } from './cancel.ts'

export interface UnitsFromSupplier {
  orderLineId: bigint
  itemId: number
  qty: number
  /** The day on which they are to be at the buyer's. */
  dueOn: string
}

/**
 * Units wait for a supplier who ships them to the buyer: those that have neither stock nor a promise
 * first, then those that wait for stock of ours.
 * @throws Refusal `LineNotFound`, `OtherItemOrdered`, `QuantityNotOpen`
 */
export function awaitFromSupplier(order: SalesOrder, wanted: readonly UnitsFromSupplier[]): void {
  for (const { orderLineId, itemId, qty, dueOn } of wanted) {
    const line = knownLine(order, `${orderLineId}`)
    if (line.itemId !== itemId)
      throw new Refusal(
        'OtherItemOrdered',
        `Line ${line.lineNo} of ${order.orderNumber} is ${line.sku}: buy what its buyer has ordered.`,
      )
    const unplanned = unplannedUnits(line)
    const free = unplanned + line.backordered - line.dropShip
    if (qty > free)
      throw new Refusal(
        'QuantityNotOpen',
        `Line ${line.lineNo} of ${order.orderNumber} lacks ${free} units, ${qty} were to be bought for it.`,
      )
    line.backordered += Math.min(qty, unplanned)
    line.dropShip += qty
    line.dropShipDueOn =
      line.dropShipDueOn !== null && line.dropShipDueOn > dueOn ? line.dropShipDueOn : dueOn
  }
}

/** A purchase brings these no longer: they have neither stock nor a promise again. */
export function noLongerFromSupplier(
  order: SalesOrder,
  gone: readonly Pick<UnitsFromSupplier, 'orderLineId' | 'qty'>[],
): void {
  for (const { orderLineId, qty } of gone) {
    const line = knownLine(order, `${orderLineId}`)
    const lost = Math.min(qty, line.dropShip)
    line.dropShip -= lost
    line.backordered -= lost
  }
}

/** Units that wait no longer are none that a supplier should ship: its purchases are told to look. */
export async function giveUpDropShips(tx: Tx, order: SalesOrder): Promise<void> {
  const fewer = order.lines.filter((line) => line.dropShip > line.backordered)
  if (fewer.length === 0) return
  for (const line of fewer) line.dropShip = line.backordered
  const purchases = await tx<{ id: bigint; workflowId: string }[]>`
    SELECT DISTINCT p.id, p.workflow_id AS "workflowId" FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id
    WHERE l.order_line_id = ANY(${fewer.map((line) => `${line.id}`)}::bigint[]) AND l.qty_open > 0 ORDER BY p.id`
  const cause = `order ${order.id} takes fewer units at ${order.version + 1}`
  await addToOutbox(
    tx,
    purchases.map(({ id, workflowId }) => ({
      topic: 'look-again',
      key: `drop-ship/${id}/${order.id}/${order.version + 1}`,
      body: { workflowId, cause },
    })),
  )
}
