import type { Reader } from '#db/client'
import type { ItemSales } from '#domain/reports/margin-bridge'
import type { BalanceScope } from './report-balances.ts'
import { resultOf } from './report-orders.ts'

/**
 * Units, sales and cost of each item in each channel. Cost is what was sold alone: what comes back
 * is a credit of the same account.
 */
export async function itemSales(db: Reader, ask: BalanceScope): Promise<ItemSales[]> {
  return db<ItemSales[]>`
    SELECT c.code AS channel, i.sku, t.units, t.sales AS "salesMinor", t.cost AS "costMinor", t.currency, t.amount AS "amountMinor" FROM (
      SELECT l.channel_id, l.item_id, coalesce(-sum(l.qty) FILTER (WHERE l.account_id = 4010), 0)::bigint AS units,
        coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = 4010), 0)::bigint AS sales,
        coalesce(sum(l.func_minor) FILTER (WHERE l.account_id = 5010), 0)::bigint AS cost,
        CASE WHEN min(l.currency) FILTER (WHERE l.account_id = 4010) = max(l.currency) FILTER (WHERE l.account_id = 4010) THEN min(l.currency) FILTER (WHERE l.account_id = 4010) END AS currency,
        coalesce(-sum(l.amount_minor) FILTER (WHERE l.account_id = 4010), 0)::bigint AS amount
      ${resultOf(db, ask)} AND (l.account_id = 4010 OR (l.account_id = 5010 AND l.func_minor > 0)) GROUP BY l.channel_id, l.item_id) t
    LEFT JOIN channel c ON c.id = t.channel_id LEFT JOIN item i ON i.id = t.item_id ORDER BY 1 NULLS LAST, 2 NULLS LAST`
}
