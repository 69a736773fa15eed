import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { moneyOfUnits } from '#domain/orders/shares'
import { lineOf } from './plan.ts'
import { postDelivery, postLoss, type Freight } from './ship-postings.ts'
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
  await postDelivery(tx, order, {
    shipmentId,
    units,
    freight: await freightOf(tx, shipmentId),
    ...by,
  })
}

/**
 * None of a shipment's parcels reached the customer. Where that is when revenue is earned, the
 * goods were still ours: their cost becomes a claim, and nobody owes for these units any longer.
 */
export async function lost(
  tx: Tx,
  order: SalesOrder,
  shipmentId: bigint,
  by: { lostOn: string; actor: string },
): Promise<void> {
  if (order.policies.order.body.revenueOn !== 'delivered') return
  const units = (await shippedUnits(tx, order, shipmentId)).filter((unit) => !unit.line.giftCard)
  for (const { line, unitFrom, qty } of units)
    line.lostMinor += moneyOfUnits(line, unitFrom, unitFrom + qty).grossMinor
  await postLoss(tx, order, { shipmentId, units, freight: await freightOf(tx, shipmentId), ...by })
}

async function freightOf(tx: Tx, shipmentId: bigint): Promise<Freight> {
  const [row] = await tx<{ minor: bigint; party: string | null }[]>`
    SELECT freight_minor AS minor, freight_party AS party FROM shipment WHERE id = ${shipmentId}`
  return { minor: row!.minor, party: row!.party ?? undefined }
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
