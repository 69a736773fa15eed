import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { freightOfShipment } from '#db/stores/shipments'
import { waitsForDelivery } from '#domain/orders/revenue'
import { postDelivery } from './ship-postings.ts'
import { unitsOnTheirWay } from './shipped-units.ts'

/** All that a shipment holds and that did not get lost is with the customer: what waits for delivery is earned now. */
export async function arrived(
  tx: Tx,
  order: SalesOrder,
  shipmentId: bigint,
  by: { deliveredOn: string; actor: string },
): Promise<void> {
  const there = await unitsOnTheirWay(tx, order, shipmentId)
  for (const unit of there) unit.line.delivered += unit.qty
  const units = there.filter(({ line }) => waitsForDelivery(order, line))
  if (units.length === 0) return
  const freight = await freightOfShipment(tx, shipmentId)
  await postDelivery(tx, order, { shipmentId, units, freight, ...by })
}
