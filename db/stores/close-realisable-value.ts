import { apportion } from '#domain/apportion'
import { postRealisableValue } from '#domain/ledger/posting-close'
import { requiredAllowance, type ValuedItem } from '#domain/ledger/realisable-value'
import { sum } from '#domain/money'
import { entryOf, postedSoFar, type Asking, type ClosePlan } from './close-asking.ts'

interface StockOfItem extends ValuedItem {
  itemId: number
  sku: string
  sites: { siteId: number; costMinor: string }[]
}

/** The allowance of each item that can be sold is set to what its value asks for, within the policy. */
export async function realisableValuePlan(asking: Asking): Promise<ClosePlan> {
  const { realisableValue } = asking.policy
  if (!realisableValue) return { drafts: [], reverses: false }
  const so = await postedSoFar(asking)
  const items = await stockOfItems(asking, realisableValue.lastSaleDays)
  const drafts = items.flatMap((item) => {
    const changeMinor = requiredAllowance(item, realisableValue) - item.allowanceMinor
    if (changeMinor === 0n) return []
    const weights = item.sites.map(({ costMinor }) => BigInt(costMinor))
    const shares =
      sum(weights) > 0n
        ? apportion(changeMinor, weights)
        : weights.map((_, n) => (n === 0 ? changeMinor : 0n))
    const sites = item.sites.map(({ siteId }, n) => ({ siteId, amountMinor: shares[n]! }))
    const { count } = so(`item/${item.itemId}`)
    return [
      postRealisableValue(entryOf(asking, count + 1), { itemId: item.itemId, changeMinor, sites }),
    ]
  })
  return { drafts, reverses: false }
}

/**
 * Cost and units by the ledger as of the period's end; the price is that of the last sale within the
 * policy's days, else the list price in the company's currency.
 */
async function stockOfItems({ db, period }: Asking, lastSaleDays: number): Promise<StockOfItem[]> {
  const { entityId, ends, functionalCurrency } = period
  return db<StockOfItem[]>`
    WITH moved AS MATERIALIZED (
      SELECT l.item_id, l.site_id, l.account_id, l.effective_on, coalesce(l.qty, 0) AS qty, l.func_minor AS func FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE e.entity_id = ${entityId} AND e.book = 'main' AND l.account_id IN (1300, 1340) AND l.effective_on <= ${ends} AND l.condition = 'sellable'
    ), set_on AS (SELECT item_id, max(effective_on) AS day FROM moved WHERE account_id = 1340 GROUP BY 1)
    SELECT m.item_id AS "itemId", i.sku, coalesce(sum(m.qty) FILTER (WHERE m.account_id = 1300), 0)::bigint AS units,
      coalesce(sum(m.func) FILTER (WHERE m.account_id = 1300), 0)::bigint AS "costMinor", coalesce(-sum(m.func) FILTER (WHERE m.account_id = 1340), 0)::bigint AS "allowanceMinor",
      coalesce(sum(m.qty) FILTER (WHERE m.account_id = 1300 AND m.effective_on <= a.day), 0)::bigint AS "unitsThen",
      coalesce(-sum(m.qty) FILTER (WHERE m.account_id = 1300 AND m.effective_on > a.day AND m.qty < 0), 0)::bigint AS "issuedSince",
      coalesce(sold.price, CASE WHEN i.list_currency = ${functionalCurrency} THEN i.list_price_minor END) AS "priceMinor",
      (SELECT jsonb_agg(jsonb_build_object('siteId', s.site_id, 'costMinor', s.cost::text) ORDER BY s.site_id) FROM (
        SELECT x.site_id, greatest(coalesce(sum(x.func) FILTER (WHERE x.account_id = 1300), 0), 0)::bigint AS cost FROM moved x WHERE x.item_id = m.item_id GROUP BY 1) s) AS sites
    FROM moved m JOIN item i ON i.id = m.item_id LEFT JOIN set_on a ON a.item_id = m.item_id
    LEFT JOIN LATERAL (
      SELECT round((s.goods_minor - s.discount_minor) * o.rate_e9 / 1e9 / s.qty)::bigint AS price FROM sales_order_line l JOIN shipment_line s ON s.order_line_id = l.id
      JOIN shipment h ON h.id = s.shipment_id AND h.shipped_on BETWEEN ${ends}::date - ${lastSaleDays}::int AND ${ends} JOIN sales_order o ON o.id = l.order_id AND o.entity_id = ${entityId}
      WHERE l.item_id = m.item_id ORDER BY h.shipped_on DESC, h.id DESC, l.id LIMIT 1) sold ON true
    GROUP BY m.item_id, i.id, a.day, sold.price HAVING coalesce(sum(m.func) FILTER (WHERE m.account_id = 1300), 0) <> 0 OR coalesce(sum(m.func) FILTER (WHERE m.account_id = 1340), 0) <> 0
    ORDER BY m.item_id`
}
