import type { CloseCheck } from './close-checks.ts'
import { taxByReturn } from './tax-report.ts'

/** Compares two sides item by item; `facts` yields item, ledger, documents and since. */
function tie(task: string, facts: string): CloseCheck {
  return {
    task,
    sql: `SELECT item, sum(ledger)::bigint AS ledger, sum(documents)::bigint AS documents, sum(ledger) <> sum(documents) AS broken,
      abs(sum(ledger) - sum(documents))::bigint AS at_risk, min(since) AS since FROM (${facts}) f GROUP BY item`,
  }
}

/** Lines of these accounts up to the period's end. */
const linesOf = (accounts: string, columns: string) => `SELECT ${columns}
  FROM p JOIN journal_line l ON l.account_id IN (${accounts}) AND l.effective_on <= p.ends
  JOIN journal_entry e ON e.id = l.entry_id AND e.entity_id = p.entity_id AND e.book = 'main'`

/** Control account = Σ of its open items, as both stood at the end (CLEAR). */
const openItemTie = (task: string, accounts: string) =>
  tie(
    task,
    `${linesOf(accounts, `l.account_id || ' ' || l.currency AS item, l.func_minor AS ledger, 0 AS documents, l.effective_on AS since`)}
    UNION ALL
    SELECT i.account_id || ' ' || i.currency, 0, m.func_minor, e.effective_on
    FROM p JOIN open_item i ON i.entity_id = p.entity_id AND i.book = 'main' AND i.account_id IN (${accounts})
    JOIN open_item_match m ON m.open_item_id = i.id JOIN journal_entry e ON e.id = m.entry_id AND e.effective_on <= p.ends`,
  )

/** An account that holds nothing at the end, in any currency. */
const zero = (task: string, account: number) =>
  tie(
    task,
    linesOf(
      String(account),
      `l.account_id || ' ' || l.currency AS item, l.func_minor AS ledger, 0 AS documents, l.effective_on AS since`,
    ),
  )

/** Documents say only what is open now, so these sides are compared as of now (the period's own days come first). */
const itemsNow = (accounts: string) =>
  `p JOIN open_item i ON i.entity_id = p.entity_id AND i.book = 'main' AND i.account_id IN (${accounts})`

const taxFacts = taxByReturn({
  lines:
    'l.entity_id = (SELECT entity_id FROM p) AND l.effective_on BETWEEN (SELECT starts FROM p) AND (SELECT ends FROM p)',
  entries:
    'e.entity_id = (SELECT entity_id FROM p) AND e.effective_on BETWEEN (SELECT starts FROM p) AND (SELECT ends FROM p)',
})

/** Each control account against what it is the sum of (§5.1 step 3), to the minor unit. */
export const tieOutChecks: readonly CloseCheck[] = [
  openItemTie('receivables-tie', '1200, 1220'),
  openItemTie('payables-tie', '2010, 1230, 1400'),
  openItemTie('accruals-tie', '2030, 2040'),
  openItemTie('clearing-tie', '1050, 1110, 1120, 1130, 1140'),
  tie(
    'deposits-tie',
    `SELECT 'order/' || coalesce(l.order_id, 0) AS item, -l.amount_minor AS ledger, 0 AS documents, l.effective_on AS since
      FROM p JOIN journal_line l ON l.account_id = 2100 JOIN journal_entry e ON e.id = l.entry_id AND e.entity_id = p.entity_id AND e.book = 'main'
    UNION ALL
    SELECT i.key, 0, -i.balance_minor, i.opened_on FROM ${itemsNow('2100')}`,
  ),
  tie(
    'gift-cards-tie',
    `${linesOf('2110, 2120', `l.account_id || ' ' || l.currency AS item, -l.amount_minor AS ledger, 0 AS documents, l.effective_on AS since`)}
    UNION ALL
    SELECT i.account_id || ' ' || i.currency, 0, -m.amount_minor, e.effective_on FROM ${itemsNow('2110, 2120')}
    JOIN open_item_match m ON m.open_item_id = i.id JOIN journal_entry e ON e.id = m.entry_id AND e.effective_on <= p.ends
    WHERE i.account_id = 2120 OR i.key = 'breakage' OR EXISTS (SELECT FROM gift_card c WHERE 'gift-card/' || c.id = i.key AND c.entity_id = i.entity_id)`,
  ),
  openItemTie('refunds-tie', '2140'),
  tie(
    'grni-tie',
    `${linesOf('2020', `coalesce(l.open_key, '') AS item, l.func_minor AS ledger, 0 AS documents, l.effective_on AS since`)}
    UNION ALL
    SELECT i.key, 0, m.func_minor, e.effective_on FROM ${itemsNow('2020')}
    JOIN open_item_match m ON m.open_item_id = i.id JOIN journal_entry e ON e.id = m.entry_id AND e.effective_on <= p.ends`,
  ),
  tie(
    'landed-cost-trued',
    `SELECT 'vendor-bill/' || b.id AS item, coalesce(sum(l.accepted_net_minor), 0)::bigint AS ledger, (SELECT coalesce(sum(a.share_minor), 0) FROM landed_cost_allocation a WHERE a.bill_id = b.id)::bigint AS documents, b.posted_on AS since
      FROM p JOIN vendor_bill b ON b.entity_id = p.entity_id AND b.kind = 'landed-cost' AND b.posted_on BETWEEN p.starts AND p.ends
      JOIN vendor_bill_line l ON l.bill_id = b.id WHERE l.accepted_net_minor IS NOT NULL GROUP BY b.id`,
  ),
  tie(
    'inventory-tie',
    // By the day of the fact: a late one is booked later and its layer is not.
    `SELECT format('item/%s at %s %s', l.item_id, l.site_id, l.condition) AS item, l.func_minor AS ledger, 0 AS documents, l.effective_on AS since
      FROM p JOIN journal_line l ON l.account_id IN (1300, 1310, 1320, 1330) JOIN journal_entry e ON e.id = l.entry_id AND e.entity_id = p.entity_id AND e.book = 'main'
        AND coalesce(e.fact_on, e.effective_on) <= p.ends
    UNION ALL
    SELECT format('item/%s at %s %s', c.item_id, c.site_id, c.condition), 0, c.value0_minor, c.ranked_on FROM p JOIN cost_layer c ON c.entity_id = p.entity_id AND c.ranked_on <= p.ends
    UNION ALL
    SELECT format('item/%s at %s %s', c.item_id, c.site_id, c.condition), 0, a.value_minor, a.effective_on
      FROM p JOIN cost_layer c ON c.entity_id = p.entity_id JOIN layer_adjustment a ON a.layer_id = c.id AND a.effective_on <= p.ends
    UNION ALL
    SELECT format('item/%s at %s %s', c.item_id, c.site_id, c.condition), 0, -u.value_minor, u.effective_on
      FROM p JOIN cost_layer c ON c.entity_id = p.entity_id JOIN layer_consumption u ON u.layer_id = c.id AND u.effective_on <= p.ends`,
  ),
  {
    task: 'clearing-aged',
    sql: `SELECT i.account_id || ' ' || i.key || ' ' || i.currency AS item, NULL::bigint AS ledger, NULL::bigint AS documents, i.opened_on < p.ends - 45 AS broken,
        CASE WHEN i.opened_on < p.ends - 45 THEN abs(i.func_minor) ELSE 0 END AS at_risk, i.opened_on AS since
      FROM ${itemsNow('1050, 1110, 1120, 1130, 1140')} WHERE i.balance_minor <> 0 AND i.opened_on <= p.ends`,
  },
  tie(
    'fees-accrued',
    // What was frozen with the order for the marketplace to keep (row 7a), by order.
    `SELECT 'order/' || l.order_id AS item, l.amount_minor AS ledger, 0 AS documents, l.effective_on AS since
      FROM p JOIN journal_line l ON l.account_id IN (6010, 6020) AND l.effective_on BETWEEN p.starts AND p.ends
      JOIN journal_entry e ON e.id = l.entry_id AND e.entity_id = p.entity_id AND e.book = 'main' AND e.event_type IN ('goods-shipped', 'goods-delivered')
    UNION ALL
    SELECT 'order/' || h.order_id, 0, s.sign * (((l.commission_minor + l.fee_minor) * (s.unit_from + s.qty)) / l.qty_ordered - ((l.commission_minor + l.fee_minor) * s.unit_from) / l.qty_ordered), h.shipped_on
      FROM p JOIN journal_entry e ON e.entity_id = p.entity_id AND e.source_type = 'shipment' AND e.event_type IN ('goods-shipped', 'goods-delivered')
        AND e.effective_on BETWEEN p.starts AND p.ends
      JOIN earned_units s ON s.entry_id = e.id JOIN shipment h ON h.id = s.shipment_id JOIN sales_order_line l ON l.id = s.order_line_id
      JOIN sales_order o ON o.id = h.order_id AND o.settlement = 'marketplace'`,
  ),
  tie(
    'tax-tie',
    `SELECT jurisdiction || ' ' || tax_code || ' ' || currency AS item, ledger, documents, NULL::date AS since FROM (${taxFacts}) t`,
  ),
  zero('suspense-zero', 9090),
  zero('opening-zero', 3900),
  tie(
    'intercompany-zero',
    // Per counterpart and currency: what we say it owes us, and what it says that it owes.
    `${linesOf('1900, 2900', `l.party || ' ' || l.currency AS item, l.amount_minor AS ledger, 0 AS documents, l.effective_on AS since`)}
    UNION ALL
    SELECT 'entity/' || other.code || ' ' || l.currency, 0, -l.amount_minor, l.effective_on
    FROM p JOIN entity mine ON mine.id = p.entity_id JOIN journal_line l ON l.account_id IN (1900, 2900) AND l.party = 'entity/' || mine.code AND l.effective_on <= p.ends
    JOIN journal_entry e ON e.id = l.entry_id AND e.book = 'main' JOIN entity other ON other.id = e.entity_id`,
  ),
  tie(
    'trial-balance',
    `SELECT e.book AS item, l.func_minor AS ledger, 0 AS documents, l.effective_on AS since
      FROM p JOIN journal_entry e ON e.entity_id = p.entity_id JOIN journal_line l ON l.entry_id = e.id AND l.effective_on <= p.ends`,
  ),
]
