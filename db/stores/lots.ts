import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { tellUnblocked } from './bins.ts'

export interface Lot {
  expiresOn: string | null
  status: 'approved' | 'hold' | 'recalled'
  reason: string | null
}

/** Registers a lot, or changes it; answers how it was before. */
export async function saveLot(
  tx: Tx,
  itemId: number,
  code: string,
  lot: Lot,
  key: string,
): Promise<Lot | null> {
  const [before] = await tx<Lot[]>`
    SELECT expires_on AS "expiresOn", status, reason FROM lot WHERE item_id = ${itemId} AND code = ${code} FOR UPDATE`
  await tx`
    INSERT INTO lot (item_id, code, expires_on, status, reason) VALUES (${itemId}, ${code}, ${lot.expiresOn}, ${lot.status}, ${lot.reason})
    ON CONFLICT (item_id, code) DO UPDATE SET expires_on = excluded.expires_on, status = excluded.status, reason = excluded.reason`
  if (before && before.status !== 'approved' && lot.status === 'approved')
    await tellUnblocked(tx, `lot/${key}`, [itemId])
  return before ?? null
}

export interface Recall {
  /** Orders that were sent units of the lot. */
  shipped: { orderId: string; orderNumber: string; shipmentId: string; units: string }[]
  /** Units that are here and can no longer leave. */
  blocked: { site: string; bin: string; units: string }[]
}

/**
 * Recalls a lot in one act: whatever is here can no longer be promised nor leave, and every order
 * that was sent some of it is named.
 * @throws Refusal `UnknownLot`.
 */
export async function recallLot(
  tx: Tx,
  itemId: number,
  code: string,
  reason: string,
): Promise<Recall> {
  const known = await tx`
    UPDATE lot SET status = 'recalled', reason = ${reason} WHERE item_id = ${itemId} AND code = ${code} RETURNING 1`
  if (known.length === 0)
    throw new Refusal('UnknownLot', `The item has no lot ${code}. Check the code on the goods.`, {
      field: 'params.lot',
    })
  const shipped = await tx<Recall['shipped']>`
    SELECT o.id::text AS "orderId", o.order_number AS "orderNumber", s.id::text AS "shipmentId", sum(m.qty)::text AS units
    FROM stock_movement m JOIN shipment s ON s.id::text = m.cause_id JOIN sales_order o ON o.id = s.order_id
    WHERE m.item_id = ${itemId} AND m.from_lot = ${code} AND m.cause_type = 'shipment' GROUP BY o.id, s.id ORDER BY o.id, s.id`
  const blocked = await tx<Recall['blocked']>`
    SELECT s.code AS site, q.bin, sum(q.qty)::text AS units FROM stock_quant q JOIN site s ON s.id = q.site_id
    WHERE q.item_id = ${itemId} AND q.lot = ${code} AND q.qty > 0 GROUP BY 1, 2 ORDER BY 1, 2`
  return { shipped: [...shipped], blocked: [...blocked] }
}
