import { postMarketplaceFees } from '#domain/ledger/posting-close'
import { divideRounded } from '#domain/money'
import { entryOf, postedSoFar, type Asking, type ClosePlan } from './close-asking.ts'

interface UnsettledOrder {
  orderId: bigint
  orderLineId: bigint
  channelId: number
  itemId: number
  siteId: number
  segment: string
  soldMinor: bigint
  /** What the channel's statements of the last year have kept back, and of how much. */
  keptMinor: bigint
  ofMinor: bigint
}

/**
 * Marketplace orders that have left and that no statement has named, and whose fees nobody
 * expected when they left (row 7a): they cost what the channel's statements kept back on average.
 */
export async function marketplaceFeePlan(asking: Asking): Promise<ClosePlan> {
  const rows = await unsettled(asking)
  if (rows.length === 0) return { drafts: [], reverses: true }
  const so = await postedSoFar(asking)
  const drafts = rows.flatMap(({ soldMinor, keptMinor, ofMinor, ...dimensions }) => {
    const { count, funcMinor } = so(`order/${dimensions.orderId}`)
    const amountMinor = divideRounded(soldMinor * keptMinor, ofMinor) - funcMinor
    if (amountMinor === 0n) return []
    return [postMarketplaceFees(entryOf(asking, count + 1), { dimensions, amountMinor })]
  })
  return { drafts, reverses: true }
}

/** A statement counts from its own day on, so that the question can be asked again later. */
async function unsettled({ db, period }: Asking): Promise<UnsettledOrder[]> {
  const { entityId, ends } = period
  return db<UnsettledOrder[]>`
    WITH told AS MATERIALIZED (
      SELECT i.order_id, i.sale_minor, i.actual_commission_minor + i.actual_fulfilment_minor AS kept, s.effective_on FROM settlement_item i JOIN settlement_statement s ON s.id = i.statement_id
      JOIN settlement_account a ON a.id = s.account_id AND a.entity_id = ${entityId} WHERE i.order_id IS NOT NULL AND s.effective_on <= ${ends}
    ), rate AS (
      SELECT o.channel_id, sum(t.kept)::bigint AS kept, sum(t.sale_minor)::bigint AS sold FROM told t JOIN sales_order o ON o.id = t.order_id
      WHERE t.effective_on > ${ends}::date - 365 GROUP BY 1 HAVING sum(t.sale_minor) > 0 AND sum(t.kept) > 0
    )
    SELECT o.id AS "orderId", f.id AS "orderLineId", o.channel_id AS "channelId", f.item_id AS "itemId", f.site_id AS "siteId", o.segment, f.sold AS "soldMinor",
      r.kept AS "keptMinor", r.sold AS "ofMinor"
    FROM sales_order o JOIN rate r ON r.channel_id = o.channel_id
    CROSS JOIN LATERAL (
      SELECT min(l.id) AS id, (array_agg(l.item_id ORDER BY l.id))[1] AS item_id, (array_agg(h.site_id ORDER BY l.id))[1] AS site_id,
        round(sum(s.goods_minor - s.discount_minor + s.shipping_minor) * o.rate_e9 / 1e9)::bigint AS sold, sum(l.commission_minor + l.fee_minor) AS expected
      FROM shipment h JOIN shipment_line s ON s.shipment_id = h.id JOIN sales_order_line l ON l.id = s.order_line_id AND l.item_id IS NOT NULL
      WHERE h.order_id = o.id AND h.shipped_on <= ${ends}) f
    WHERE o.entity_id = ${entityId} AND o.settlement = 'marketplace' AND o.workflow_id NOT LIKE 'history/%' AND f.expected = 0 AND f.sold > 0
      AND NOT EXISTS (SELECT FROM told t WHERE t.order_id = o.id) ORDER BY o.id`
}
