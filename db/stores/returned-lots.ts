import type { Tx } from '#db/client'
import { takeLots, type LotUnits } from '#domain/stock/lots'

/**
 * Of which lots units are that a customer sends back: those that the order was sent and that have
 * not come back yet, in the order of their codes; an empty lot is that of units sent without one.
 */
export async function lotsComingBack(
  tx: Tx,
  { orderId, itemId }: { orderId: bigint; itemId: number },
): Promise<LotUnits[]> {
  return tx<LotUnits[]>`
    SELECT lot, sum(qty)::bigint AS qty FROM (
      SELECT m.from_lot AS lot, m.qty FROM shipment s JOIN stock_movement m ON m.cause_type = 'shipment' AND m.cause_id = s.id::text
      WHERE s.order_id = ${orderId} AND m.item_id = ${itemId}
      UNION ALL
      SELECT m.to_lot, -m.qty FROM customer_return r JOIN stock_movement m ON m.item_id = ${itemId} AND m.cause_type = 'customer-return'
        AND starts_with(m.cause_id, r.return_no || '/') AND m.from_site_id IS NULL
      WHERE r.order_id = ${orderId}) t
    GROUP BY lot HAVING sum(qty) > 0 ORDER BY lot`
}

/** Of which lots units of a return are that lie in a condition, in the order of their codes. */
export async function lotsOfReturn(
  tx: Tx,
  { no, itemId, condition }: { no: string; itemId: number; condition: string },
): Promise<LotUnits[]> {
  return tx<LotUnits[]>`
    SELECT lot, sum(qty)::bigint AS qty FROM (
      SELECT to_lot AS lot, qty FROM stock_movement
      WHERE item_id = ${itemId} AND cause_type = 'customer-return' AND starts_with(cause_id, ${`${no}/`}) AND to_site_id IS NOT NULL AND to_condition = ${condition}
      UNION ALL
      SELECT from_lot, -qty FROM stock_movement
      WHERE item_id = ${itemId} AND cause_type = 'customer-return' AND starts_with(cause_id, ${`${no}/`}) AND from_site_id IS NOT NULL AND from_condition = ${condition}) t
    GROUP BY lot HAVING sum(qty) > 0 ORDER BY lot`
}

/** As many units as asked; what no lot accounts for has none. */
export function unitsOfLots(lots: LotUnits[], qty: bigint): LotUnits[] {
  const taken = takeLots(lots, qty)
  const rest = taken.reduce((left, units) => left - units.qty, qty)
  return rest > 0n ? [...taken, { lot: '', qty: rest }] : taken
}
