import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import type { KnownCost } from '#domain/valuation'

/**
 * Row 25: what is in a moving average's pool now; else the newest layer with all the cost that it
 * has come to, here before elsewhere. Another entity's cost is in another currency, and damaged
 * goods are worth less.
 * @throws Refusal `NoCostKnown`.
 */
export async function knownCost(
  tx: Tx,
  { entityId, itemId, siteId }: { entityId: number; itemId: number; siteId: number },
): Promise<KnownCost> {
  const [known] = await tx<KnownCost[]>`
    SELECT CASE WHEN pooled THEN remaining_qty ELSE qty END AS qty, CASE WHEN pooled THEN remaining_minor ELSE value END AS "valueMinor" FROM (
      SELECT l.*, i.cost_method = 'moving-average' AND l.remaining_qty > 0 AS pooled,
        l.qty0 + coalesce(a.qty, 0)::bigint AS qty, l.value0_minor + coalesce(a.value, 0)::bigint AS value
      FROM cost_layer l JOIN item i ON i.id = l.item_id
      LEFT JOIN LATERAL (SELECT sum(qty) AS qty, sum(value_minor) AS value FROM layer_adjustment WHERE layer_id = l.id) a ON true
      WHERE l.entity_id = ${entityId} AND l.item_id = ${itemId} AND l.condition = 'sellable'
      ORDER BY (l.site_id = ${siteId}) DESC, (i.cost_method = 'moving-average' AND l.remaining_qty > 0) DESC, l.ranked_on DESC, l.id DESC LIMIT 1) newest`
  if (!known)
    throw new Refusal(
      'NoCostKnown',
      'No cost is known for this item yet. Receive it with a cost first.',
    )
  return known
}
