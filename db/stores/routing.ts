import type { Tx } from '#db/client'
import { sendAlong } from '../transaction.ts'

/**
 * Remembers that a site had not, or would not ship, items of an order: it is not asked for them
 * again until goods come in there.
 */
export async function barSite(
  tx: Tx,
  bar: {
    orderId: bigint
    siteId: number
    itemIds: readonly number[]
    cause: 'rejected' | 'short-pick'
    reason: string
    actor: string
  },
): Promise<void> {
  const items = [...new Set(bar.itemIds)]
  await tx`
    INSERT INTO routing_exclusion (order_id, site_id, item_id, cause, reason, actor)
    SELECT ${bar.orderId}, ${bar.siteId}, item_id, ${bar.cause}, ${bar.reason}, ${bar.actor} FROM unnest(${items}::int[]) AS i (item_id)`
}

/** Units that the books hold at a site and nobody found: nobody is promised them until somebody counts. */
export async function reportMissing(
  tx: Tx,
  missing: {
    itemId: number
    siteId: number
    qty: number
    causeType: string
    causeId: string
    actor: string
  },
): Promise<void> {
  await tx`
    INSERT INTO missing_stock (item_id, site_id, qty, cause_type, cause_id, actor)
    VALUES (${missing.itemId}, ${missing.siteId}, ${missing.qty}, ${missing.causeType}, ${missing.causeId}, ${missing.actor})`
}

/** Somebody has looked: what is there is there, and what is not has been taken off the books. */
export async function settleMissing(
  tx: Tx,
  at: { itemId: number; siteId: number; actor: string },
): Promise<void> {
  await sendAlong(
    tx,
    tx`UPDATE missing_stock SET settled_at = clock_timestamp(), settled_by = ${at.actor}
      WHERE item_id = ${at.itemId} AND site_id = ${at.siteId} AND settled_at IS NULL`,
  )
}

export interface MissingUnits {
  itemId: number
  siteId: number
  qty: bigint
}

/** What nobody found of these items, or lies in a bin or lot that is blocked; read under the positions' locks. */
export async function missingOf(tx: Tx, itemIds: readonly number[]): Promise<MissingUnits[]> {
  return tx<MissingUnits[]>`
    SELECT item_id AS "itemId", site_id AS "siteId", sum(qty)::bigint AS qty FROM (
      SELECT item_id, site_id, qty FROM missing_stock WHERE item_id = ANY(${[...itemIds]}::int[]) AND settled_at IS NULL
      UNION ALL
      SELECT item_id, site_id, qty FROM stock_quant WHERE item_id = ANY(${[...itemIds]}::int[]) AND condition = 'sellable' AND qty > 0
        AND (bin <> '' OR lot <> '') AND place_blocked(item_id, site_id, bin, lot) IS NOT NULL) m GROUP BY 1, 2`
}
