import type { Tx } from '#db/client'
import { unitShare } from '#domain/apportion'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'
import { sendAlong } from '#db/transaction'
import type { CostUse } from './stock.ts'

/** A unit that left, as its shipment says. */
export interface ShippedUnit {
  orderLineId: bigint
  unit: number
  shipmentId: bigint
  itemId: number
  siteId: number
  shippedOn: string
  /** The day on which the last parcel arrived, where all of them are known to have. */
  deliveredOn: string | null
  /** Whether its revenue and cost are in the books. */
  earned: boolean
  /** Whether its item is a thing that can come back. */
  goods: boolean
}

interface ShippedRange extends Omit<ShippedUnit, 'unit'> {
  unitFrom: number
  qty: number
}

/** What left of each line of an order, shipment by shipment. */
export async function shippedRanges(
  tx: Tx,
  orderId: bigint,
): Promise<{ orderLineId: bigint; unitFrom: number; qty: number; siteId: number }[]> {
  return tx`
    SELECT l.order_line_id AS "orderLineId", l.unit_from AS "unitFrom", l.qty, h.site_id AS "siteId" FROM shipment_line l JOIN shipment h ON h.id = l.shipment_id
    WHERE h.order_id = ${orderId} ORDER BY 1, 2`
}

/** Units of an order that left, did not get lost and that no return has, by line and unit. */
export async function returnableUnits(tx: Tx, orderId: bigint): Promise<ShippedUnit[]> {
  const [ranges, claimed] = await Promise.all([
    tx<ShippedRange[]>`
      SELECT l.order_line_id AS "orderLineId", l.shipment_id AS "shipmentId", l.unit_from AS "unitFrom", l.qty, ol.item_id AS "itemId", h.site_id AS "siteId", h.shipped_on AS "shippedOn",
        (SELECT CASE WHEN bool_and(p.delivered_at IS NOT NULL) THEN max(p.delivered_at)::date END FROM parcel p WHERE p.shipment_id = h.id AND p.voided_at IS NULL) AS "deliveredOn",
        EXISTS (SELECT FROM journal_entry e WHERE e.source_type = 'shipment' AND e.source_id = h.id::text AND e.event_type = CASE WHEN coalesce(ol.revenue_on, o.policies->'order'->'body'->>'revenueOn') = 'delivered' THEN 'goods-delivered' ELSE 'goods-shipped' END)
          OR NOT EXISTS (SELECT FROM journal_entry e WHERE e.source_type = 'shipment' AND e.source_id = h.id::text) AS earned,
        i.kind = 'stock' AS goods
      FROM shipment h JOIN shipment_line l ON l.shipment_id = h.id JOIN sales_order_line ol ON ol.id = l.order_line_id JOIN sales_order o ON o.id = h.order_id JOIN item i ON i.id = ol.item_id
      WHERE h.order_id = ${orderId} ORDER BY l.order_line_id, l.unit_from`,
    tx<{ orderLineId: bigint; unit: number }[]>`
      SELECT u.order_line_id AS "orderLineId", u.unit FROM returned_unit u JOIN sales_order_line l ON l.id = u.order_line_id
      WHERE l.order_id = ${orderId} AND u.state <> 'dropped'
      UNION SELECT x.order_line_id, generate_series(x.unit_from, x.unit_from + x.qty - 1) FROM lost_units x JOIN sales_order_line l ON l.id = x.order_line_id WHERE l.order_id = ${orderId}`,
  ])
  const taken = new Set(claimed.map((one) => `${one.orderLineId}/${one.unit}`))
  return ranges.flatMap(({ unitFrom, qty, ...range }) =>
    Array.from({ length: qty }, (_, n) => ({ ...range, unit: unitFrom + n })).filter(
      ({ orderLineId, unit }) => !taken.has(`${orderLineId}/${unit}`),
    ),
  )
}

/** Where a returned unit was shipped from, and what it cost then. */
export interface UnitCost {
  costMinor: bigint
  siteId: number
}

/**
 * What each unit consumed when it was shipped: its share of the layers that its shipment took, in
 * the order in which they were taken, so that all units of a line sum to its cost (RETURN-COST).
 */
export async function costOfUnits(
  tx: Tx,
  units: readonly { orderLineId: bigint; unit: number; shipmentId: bigint }[],
): Promise<(unit: { orderLineId: bigint; unit: number }) => UnitCost> {
  const shipments = [...new Set(units.map((unit) => unit.shipmentId.toString()))]
  const [lines, uses] = await Promise.all([
    tx<
      { shipmentId: string; orderLineId: bigint; unitFrom: number; qty: number; siteId: number }[]
    >`
      SELECT l.shipment_id::text AS "shipmentId", l.order_line_id AS "orderLineId", l.unit_from AS "unitFrom", l.qty, h.site_id AS "siteId"
      FROM shipment_line l JOIN shipment h ON h.id = l.shipment_id WHERE l.shipment_id = ANY(${shipments}::bigint[])`,
    tx<{ shipmentId: string; orderLineId: bigint; qty: bigint; valueMinor: bigint }[]>`
      SELECT cause_id AS "shipmentId", order_line_id AS "orderLineId", qty, value_minor AS "valueMinor" FROM layer_consumption
      WHERE cause_type = 'shipment' AND cause_id = ANY(${shipments}::text[]) AND order_line_id IS NOT NULL ORDER BY id`,
  ])
  return ({ orderLineId, unit }) => {
    const line = lines.find(
      (each) =>
        each.orderLineId === orderLineId &&
        unit >= each.unitFrom &&
        unit < each.unitFrom + each.qty,
    )!
    let at = unit - line.unitFrom
    for (const use of uses) {
      if (use.orderLineId !== orderLineId || use.shipmentId !== line.shipmentId) continue
      const qty = Number(use.qty)
      if (at < qty)
        return { costMinor: unitShare(use.valueMinor, qty, at, at + 1), siteId: line.siteId }
      at -= qty
    }
    return { costMinor: 0n, siteId: line.siteId }
  }
}

interface OwnDemand {
  layerId: bigint
  qty: bigint
  /** Work on these very units, which the layer holds already. */
  workMinor: bigint
  causeId: string
  effectiveOn: string
}

/**
 * Consumes exactly the layers that returned units have, not the oldest ones.
 * @throws Refusal `ReturnedUnitsGone` when somebody has put them to use another way.
 */
export async function consumeOwnLayers(
  tx: Tx,
  demands: readonly OwnDemand[],
): Promise<Omit<CostUse, 'demand'>[]> {
  const ids = demands.map((demand) => demand.layerId.toString())
  const layers = await tx<{ id: bigint; qty: bigint; minor: bigint }[]>`
    SELECT id, remaining_qty AS qty, remaining_minor AS minor FROM cost_layer WHERE id = ANY(${ids}::bigint[]) ORDER BY id`
  const uses = demands.map(({ layerId, qty, workMinor }) => {
    const layer = layers.find((each) => each.id === layerId)
    if (!layer || layer.qty < qty)
      throw new Refusal(
        'ReturnedUnitsGone',
        `Of layer ${layerId} ${layer?.qty ?? 0n} units are left and ${qty} are asked for: somebody has taken returned units out of quarantine by another document. Count the place first.`,
      )
    const part = ((layer.minor - workMinor) * qty) / layer.qty + workMinor
    const valueMinor = layer.qty === qty ? layer.minor : part
    return { layerId, qty, valueMinor }
  })
  await sendAlong(
    tx,
    tx`
    INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
    SELECT "layerId", qty, "valueMinor", 'return-disposition', "causeId", "effectiveOn"
    FROM jsonb_to_recordset(${json(
      tx,
      uses.map((use, n) => ({ ...use, ...demands[n] })),
    )}) AS c ("layerId" bigint, qty bigint, "valueMinor" bigint, "causeId" text, "effectiveOn" date)`,
  )
  return uses
}

/** Work makes units in refurbishment dearer, layer by layer. */
export async function addWork(
  tx: Tx,
  work: readonly { layerId: bigint; minor: bigint }[],
  { causeId, effectiveOn }: { causeId: string; effectiveOn: string },
): Promise<void> {
  const parts = work.filter(({ minor }) => minor > 0n)
  if (parts.length === 0) return
  await tx`
    INSERT INTO layer_adjustment (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
    SELECT "layerId", 0, minor, 'return-disposition', ${causeId}, ${effectiveOn}
    FROM jsonb_to_recordset(${json(tx, parts)}) AS w ("layerId" bigint, minor bigint)`
}
