import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { unitShare } from '#domain/apportion'
import { withoutUnits, type UnitRange } from '#domain/orders/unit-ranges'
import { lineOf } from './plan.ts'
import type { ShippedUnits } from './ship.ts'

/** The units of a shipment with the cost that they left at, less those that have got lost. */
export async function unitsOnTheirWay(
  tx: Tx,
  order: SalesOrder,
  shipmentId: bigint,
): Promise<ShippedUnits[]> {
  const [shipped, gone] = await Promise.all([
    shippedUnits(tx, order, shipmentId),
    tx<(UnitRange & { orderLineId: bigint })[]>`
      SELECT order_line_id AS "orderLineId", unit_from AS "unitFrom", qty FROM lost_units WHERE shipment_id = ${shipmentId}`,
  ])
  return shipped.flatMap((units) => {
    const lost = gone.filter(({ orderLineId }) => orderLineId === units.line.id)
    return withoutUnits(units, lost).map((range) => partOf(units, range))
  })
}

/** Those of the units that a parcel holds; none where the warehouse has not said it. */
export async function unitsInParcel(
  tx: Tx,
  units: readonly ShippedUnits[],
  parcelId: bigint,
): Promise<ShippedUnits[]> {
  const held = await tx<(UnitRange & { orderLineId: bigint })[]>`
    SELECT order_line_id AS "orderLineId", unit_from AS "unitFrom", qty FROM parcel_content WHERE parcel_id = ${parcelId} ORDER BY 1`
  return held.flatMap(({ orderLineId, ...range }) =>
    units
      .filter(({ line }) => line.id === orderLineId)
      .filter(({ unitFrom, qty }) => isWithin(range, { unitFrom, qty }))
      .map((whole) => partOf(whole, range)),
  )
}

function isWithin(inner: UnitRange, outer: UnitRange): boolean {
  return (
    inner.unitFrom >= outer.unitFrom && inner.unitFrom + inner.qty <= outer.unitFrom + outer.qty
  )
}

/** Some of the units; those with the lower numbers took the layers that were used first. */
function partOf(units: ShippedUnits, { unitFrom, qty }: UnitRange): ShippedUnits {
  const from = unitFrom - units.unitFrom
  let before = 0
  const costs = units.costs.flatMap(({ layerId, qty: taken, valueMinor }) => {
    const size = Number(taken)
    const first = Math.max(from - before, 0)
    const last = Math.min(from + qty - before, size)
    before += size
    if (first >= last) return []
    const value = unitShare(valueMinor, size, first, last)
    return [{ layerId, qty: BigInt(last - first), valueMinor: value }]
  })
  return { ...units, unitFrom, qty, costs }
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
