import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { lineOf } from './plan.ts'
import { postDelivery } from './ship-postings.ts'
import type { ShippedUnits } from './ship.ts'

/** All that a shipment holds is with the customer: by the policy "on delivery" it is earned now. */
export async function arrived(
  tx: Tx,
  order: SalesOrder,
  shipmentId: bigint,
  by: { deliveredOn: string; actor: string },
): Promise<void> {
  const units = await shippedUnits(tx, order, shipmentId)
  for (const unit of units) unit.line.delivered += unit.qty
  if (order.policies.order.body.revenueOn !== 'delivered') return
  const [shipment] = await tx<{ freightMinor: bigint }[]>`
    SELECT freight_minor AS "freightMinor" FROM shipment WHERE id = ${shipmentId}`
  await postDelivery(tx, order, { shipmentId, units, ...shipment!, ...by })
}

async function shippedUnits(
  tx: Tx,
  order: SalesOrder,
  shipmentId: bigint,
): Promise<ShippedUnits[]> {
  const [lines, costs] = await Promise.all([
    tx<{ orderLineId: bigint; qty: number; unitFrom: number; siteId: number }[]>`
      SELECT l.order_line_id AS "orderLineId", l.qty, l.unit_from AS "unitFrom", s.site_id AS "siteId"
      FROM shipment_line l JOIN shipment s ON s.id = l.shipment_id WHERE l.shipment_id = ${shipmentId} ORDER BY 1`,
    tx<{ orderLineId: bigint; layerId: bigint; qty: bigint; valueMinor: bigint }[]>`
      SELECT order_line_id AS "orderLineId", layer_id AS "layerId", qty, value_minor AS "valueMinor"
      FROM layer_consumption WHERE cause_type = 'shipment' AND cause_id = ${shipmentId.toString()} AND order_line_id IS NOT NULL ORDER BY id`,
  ])
  return lines.map((row) => ({
    line: lineOf(order, row.orderLineId),
    qty: row.qty,
    unitFrom: row.unitFrom,
    siteId: row.siteId,
    costs: costs.filter((cost) => cost.orderLineId === row.orderLineId),
  }))
}
