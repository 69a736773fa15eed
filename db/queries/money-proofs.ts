import type { Proof } from './proofs.ts'
import { CREDITS, MONEY_AND_GOODS, taxByReturn } from './tax-report.ts'

/** Orders imported as history were placed before go-live: their stock and money are opening balances. */
export function running(orderId: string): string {
  return `NOT EXISTS (SELECT FROM sales_order past WHERE past.id = ${orderId} AND past.workflow_id LIKE 'history/%')`
}

/** The receivables and the deposit of an order `o`: one item a shipment, one for what was paid in. */
const itemsOfOrder = `i.entity_id = o.entity_id AND i.book = 'main' AND (i.account_id = 2100 AND i.key = 'order/' || o.id
  OR i.account_id = 1200 AND i.key IN (SELECT 'shipment/' || s.id FROM shipment s WHERE s.order_id = o.id))`

/** Lines `sl` of orders `o` that are earned when they arrive, by their product's rule or the channel's. */
const onDelivery = `coalesce(sl.revenue_on, o.policies->'order'->'body'->>'revenueOn', 'shipped') = 'delivered'`

/** Orders `o` whose VAT falls due by payment (R17). */
const atPayment = `o.policies->'order'->'body'->>'taxPoint' = 'payment'`

/** What order `o` has posted of tax by what happens to its money and goods, above zero. */
const postedTax = `(SELECT -sum(t.amount_minor) FROM journal_line t JOIN journal_entry e ON e.id = t.entry_id WHERE t.order_id = o.id AND t.account_id IN (2210, 2220, 2225, 2228)
  AND e.event_type IN ${MONEY_AND_GOODS})`

/** The entry of this kind that a shipment `h` has posted. */
function entryOf(kinds: string): string {
  return `SELECT FROM journal_entry e WHERE e.source_type = 'shipment' AND e.source_id = h.id::text AND e.event_type IN (${kinds})`
}

/** What must always hold between an order's documents and what they said in money. */
export const moneyProofs: readonly Proof[] = [
  {
    name: 'ORDER-CLOSED',
    invariant:
      'A closed order has no deposit left, nothing receivable unless on terms, no open call and no open case.',
    sql: `SELECT o.id AS order_id, i.account_id, i.balance_minor, NULL AS open FROM sales_order o
        JOIN open_item i ON ${itemsOfOrder} AND i.balance_minor <> 0
        WHERE o.closed_at IS NOT NULL AND (i.account_id = 2100
          OR NOT EXISTS (SELECT FROM payment p WHERE p.order_id = o.id AND p.kind = 'terms'))
      UNION ALL
      SELECT o.id, NULL, NULL, e.key FROM sales_order o JOIN external_effect e ON e.subject_type = 'order' AND e.subject_id = o.id::text
        WHERE o.closed_at IS NOT NULL AND e.gateway <> 'mail' AND e.state IN ('intended', 'sent', 'unknown')
      UNION ALL
      SELECT o.id, NULL, NULL, c.key FROM sales_order o JOIN exception_case c ON c.subject_type = 'order' AND c.subject_id = o.id::text
        WHERE o.closed_at IS NOT NULL AND c.state = 'open'`,
  },
  {
    name: 'ORDER-MONEY',
    invariant:
      'What was captured is what was earned, refunded or granted, and what is still paid in beyond what is owed.',
    sql: `SELECT o.id AS order_id, p.captured, p.refunded, l.earned, i.open FROM sales_order o
      JOIN (SELECT order_id, sum(captured_minor) AS captured, sum(refunded_minor + refund_pending_minor + charged_back_minor) AS refunded FROM payment GROUP BY 1) p ON p.order_id = o.id
      LEFT JOIN LATERAL (SELECT sum(i.balance_minor) AS open FROM open_item i WHERE ${itemsOfOrder}) i ON true
      LEFT JOIN LATERAL (SELECT sum(s.goods_minor - s.discount_minor + s.shipping_minor + s.tax_minor - coalesce(x.gross, 0)) AS earned, sum(s.tax_minor - coalesce(x.tax, 0)) AS tax FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id
        JOIN sales_order_line sl ON sl.id = s.order_line_id
        LEFT JOIN LATERAL (SELECT sum(u.net_minor + u.tax_minor) AS gross, sum(u.tax_minor) AS tax FROM lost_units u WHERE u.shipment_id = s.shipment_id AND u.order_line_id = s.order_line_id) x ON true
        WHERE h.order_id = o.id AND (NOT ${onDelivery} OR sl.gift_card OR EXISTS (${entryOf(`'goods-delivered'`)}))) l ON true
      WHERE o.settlement <> 'marketplace' AND ${running('o.id')} AND p.captured - p.refunded <> coalesce(l.earned, 0) - o.credited_minor - coalesce(i.open, 0)
        + CASE WHEN ${atPayment} THEN coalesce(${postedTax}, 0) - coalesce(l.tax, 0) ELSE 0 END`,
  },
  {
    name: 'TAX-GL',
    invariant:
      'Tax of what was earned is what the tax accounts hold, by order, jurisdiction, code and period.',
    sql: `SELECT order_id, jurisdiction, tax_code, period_id, sum(earned)::bigint AS earned, sum(gl)::bigint AS gl FROM (
        SELECT u.order_id, t.jurisdiction, t.tax_code, e.period_id,
          u.sign * ((t.tax_minor * (u.unit_from + u.qty)) / l.qty_ordered - (t.tax_minor * u.unit_from) / l.qty_ordered) AS earned, 0 AS gl
        FROM earned_units u JOIN sales_order_line l ON l.id = u.order_line_id
        JOIN order_line_tax t ON t.order_line_id = l.id AND t.collected_by = 'seller'
        JOIN journal_entry e ON e.id = u.entry_id
        WHERE NOT EXISTS (SELECT FROM sales_order o WHERE o.id = u.order_id AND ${atPayment})
        UNION ALL
        SELECT j.order_id, j.jurisdiction, j.tax_code, e.period_id, 0, -j.amount_minor FROM journal_line j JOIN journal_entry e ON e.id = j.entry_id
        WHERE j.account_id IN (2210, 2220, 2225, 2228) AND e.event_type IN ('goods-shipped', 'goods-delivered', 'sale-taken-back')
          AND NOT EXISTS (SELECT FROM sales_order o WHERE o.id = j.order_id AND ${atPayment})) t
      GROUP BY 1, 2, 3, 4 HAVING sum(earned) <> sum(gl)`,
  },
  {
    name: 'TAX-TIE',
    invariant:
      'What orders have posted of tax is what their documents say, by company, return, jurisdiction and code; a marketplace’s tax is none of it.',
    sql: `SELECT entity_id, return_period, jurisdiction, tax_code, currency, sum(ledger)::bigint AS ledger, sum(documents)::bigint AS documents
      FROM (${taxByReturn({ lines: `(l.event_type IN ${MONEY_AND_GOODS} OR l.event_type IN ${CREDITS})`, entries: 'true' })}) f GROUP BY 1, 2, 3, 4, 5 HAVING sum(ledger) <> sum(documents)`,
  },
  {
    name: 'TAX-POINT',
    invariant:
      'A closed order whose VAT fell due by payment has posted the tax of what it earned, to the cent, and no other.',
    sql: `SELECT order_id, jurisdiction, tax_code, sum(earned)::bigint AS earned, sum(gl)::bigint AS gl FROM (
        SELECT o.id AS order_id, t.jurisdiction, t.tax_code, u.sign * ((t.tax_minor * (u.unit_from + u.qty)) / l.qty_ordered - (t.tax_minor * u.unit_from) / l.qty_ordered) AS earned, 0 AS gl
        FROM sales_order o JOIN earned_units u ON u.order_id = o.id JOIN sales_order_line l ON l.id = u.order_line_id
        JOIN order_line_tax t ON t.order_line_id = l.id AND t.collected_by = 'seller'
        WHERE ${atPayment} AND o.closed_at IS NOT NULL
        UNION ALL
        SELECT o.id, t.jurisdiction, t.tax_code, 0, -t.amount_minor FROM sales_order o JOIN journal_line t ON t.order_id = o.id JOIN journal_entry e ON e.id = t.entry_id
        WHERE ${atPayment} AND o.closed_at IS NOT NULL AND t.account_id IN (2210, 2220, 2225, 2228)
          AND e.event_type IN ${MONEY_AND_GOODS}) t
      GROUP BY 1, 2, 3 HAVING sum(earned) <> sum(gl)`,
  },
  {
    name: 'SHIP-POSTED',
    invariant:
      'Every shipment that says something in money has posted it, once by its policy, and every such entry has its shipment.',
    sql: `SELECT h.id::text AS shipment, 'not posted' AS problem FROM shipment h JOIN sales_order o ON o.id = h.order_id
        JOIN LATERAL (SELECT ${onDelivery} AS waits, sum(s.cost_minor) AS cost, sum(CASE WHEN sl.gift_card THEN s.shipping_minor + s.tax_minor ELSE s.goods_minor + s.shipping_minor + s.tax_minor END) AS price
          FROM shipment_line s JOIN sales_order_line sl ON sl.id = s.order_line_id WHERE s.shipment_id = h.id GROUP BY 1) s ON true
        WHERE CASE WHEN s.waits THEN s.cost > 0 AND NOT EXISTS (${entryOf(`'goods-dispatched'`)})
          ELSE (s.cost > 0 OR s.price > 0) AND NOT EXISTS (${entryOf(`'goods-shipped'`)}) END
      UNION ALL
      SELECT source_id, event_type FROM journal_entry e WHERE source_type = 'shipment' AND reverses IS NULL
        AND NOT EXISTS (SELECT FROM shipment h WHERE h.id::text = e.source_id)`,
  },
  {
    name: 'CAPTURE-POSTED',
    invariant:
      'Every capture and refund of a payment is in the books with its amount, and the other way round.',
    sql: `SELECT order_id, kind, sum(events)::bigint AS events, sum(gl)::bigint AS gl FROM (
        SELECT p.order_id, e.kind, e.amount_minor AS events, 0 AS gl FROM payment_event e JOIN payment p ON p.id = e.payment_id WHERE e.kind IN ('captured', 'refund-granted', 'refunded')
        UNION ALL
        SELECT l.order_id, CASE WHEN e.event_type IN ('deposit-cancelled', 'return-credited', 'goodwill-credited') THEN 'refund-granted' WHEN e.event_type IN ('refund-settled', 'tender-refunded') THEN 'refunded' ELSE 'captured' END, 0,
          CASE WHEN e.source_type = 'credit-note' THEN -l.amount_minor ELSE abs(l.amount_minor) END
        FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
          AND CASE e.event_type WHEN 'payment-captured' THEN l.account_id = 1110 WHEN 'tender-applied' THEN l.account_id IN (2110, 2120) ELSE l.account_id = 2140 END
        WHERE e.event_type IN ('payment-captured', 'tender-applied', 'deposit-cancelled', 'refund-settled', 'tender-refunded', 'return-credited', 'goodwill-credited')
          AND NOT (e.source_type = 'credit-note' AND EXISTS (SELECT FROM sales_order o WHERE o.id = l.order_id AND o.settlement = 'marketplace'))) t
      WHERE ${running('order_id')} GROUP BY 1, 2 HAVING sum(events) <> sum(gl)`,
  },
  {
    name: 'REFUND-TIE',
    invariant:
      'Refunds payable are the refunds that were granted and have not left, order by order.',
    sql: `SELECT order_id, sum(pending)::bigint AS pending, sum(gl)::bigint AS gl FROM (
        SELECT order_id, refund_pending_minor AS pending, 0 AS gl FROM payment
        UNION ALL SELECT order_id, 0, -amount_minor FROM journal_line WHERE account_id = 2140) t
      GROUP BY 1 HAVING sum(pending) <> sum(gl)`,
  },
  {
    name: 'COGS',
    invariant:
      'Cost of goods sold, and goods in transit to customers, are what their layers gave and what the shipment says.',
    sql: `SELECT shipment, sum(lines)::bigint AS lines, sum(consumed)::bigint AS consumed, sum(gl)::bigint AS gl FROM (
        SELECT shipment_id::text AS shipment, cost_minor AS lines, 0 AS consumed, 0 AS gl FROM shipment_line
        UNION ALL SELECT cause_id, 0, value_minor, 0 FROM layer_consumption WHERE cause_type = 'shipment'
        UNION ALL SELECT e.source_id, 0, 0, l.func_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
          WHERE e.source_type = 'shipment' AND l.account_id IN (5010, 1315, 1220)) t
      GROUP BY 1 HAVING sum(lines) <> sum(consumed) OR sum(consumed) <> sum(gl)`,
  },
  {
    name: 'TRANSIT',
    invariant:
      'Goods in transit to customers are those of shipments that are neither delivered nor lost.',
    sql: `SELECT shipment, sum(underway)::bigint AS underway, sum(gl)::bigint AS gl FROM (
        SELECT s.shipment_id::text AS shipment, s.cost_minor - coalesce((SELECT sum(u.cost_minor) FROM lost_units u WHERE u.shipment_id = s.shipment_id AND u.order_line_id = s.order_line_id), 0) AS underway, 0 AS gl
          FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id JOIN sales_order o ON o.id = h.order_id JOIN sales_order_line sl ON sl.id = s.order_line_id
          WHERE ${onDelivery} AND NOT EXISTS (${entryOf(`'goods-delivered'`)}) AND NOT EXISTS (SELECT FROM journal_entry e WHERE e.idem_key = 'goods-lost/' || h.id)
        UNION ALL SELECT e.source_id, 0, l.func_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE l.account_id = 1315) t
      GROUP BY 1 HAVING sum(underway) <> sum(gl)`,
  },
  {
    name: 'DEFERRED',
    invariant:
      'What is billed and not earned yet stands under the key of its shipment and line, and is never more than was billed.',
    sql: `SELECT d.id, d.minor, i.balance_minor FROM deferred_revenue d
        LEFT JOIN open_item i ON i.entity_id = d.entity_id AND i.account_id = 2150 AND i.currency = d.currency AND i.book = 'main' AND i.key = 'deferral/' || d.shipment_id || '/' || d.order_line_id
        WHERE i.id IS NULL OR -i.balance_minor NOT BETWEEN 0 AND d.minor
      UNION ALL
      SELECT NULL, NULL, i.balance_minor FROM open_item i WHERE i.account_id = 2150 AND i.book = 'main'
        AND NOT EXISTS (SELECT FROM deferred_revenue d WHERE i.key = 'deferral/' || d.shipment_id || '/' || d.order_line_id)`,
  },
  {
    name: 'CARRIER-CLAIMS',
    invariant:
      'A carrier owes the cost of what it lost until it has answered, and nothing of it after that.',
    sql: `SELECT c.id, c.cost_minor, i.balance_minor, a.outcome FROM carrier_claim c LEFT JOIN carrier_claim_outcome a ON a.claim_id = c.id
        LEFT JOIN open_item i ON i.entity_id = c.entity_id AND i.account_id = 1220 AND i.book = 'main' AND i.key = 'parcel/' || c.parcel_id
        WHERE coalesce(i.balance_minor, 0) NOT BETWEEN 0 AND c.cost_minor OR a.claim_id IS NOT NULL AND coalesce(i.balance_minor, 0) <> 0
          OR c.cost_minor > 0 AND i.id IS NULL`,
  },
  {
    name: 'INVOICE',
    invariant:
      'An invoice is the sum of its shipment’s lines, and an entity’s numbers have no gap.',
    sql: `SELECT h.id::text AS shipment, i.number, 'amounts' AS problem FROM shipment h
        LEFT JOIN customer_invoice i ON i.shipment_id = h.id
        LEFT JOIN (SELECT shipment_id, sum(goods_minor - discount_minor + shipping_minor) AS net, sum(tax_minor) AS tax FROM shipment_line GROUP BY 1) s ON s.shipment_id = h.id
        WHERE i.id IS NULL OR i.net_minor <> coalesce(s.net, 0) OR i.tax_minor <> coalesce(s.tax, 0) OR i.gross_minor <> i.net_minor + i.tax_minor
      UNION ALL
      SELECT entity_id::text, max(number), 'numbers' FROM customer_invoice GROUP BY entity_id HAVING count(*) <> max(number) OR min(number) <> 1
      UNION ALL
      SELECT s.entity_id::text, s.next, 'sequence' FROM document_sequence s
        WHERE s.kind = 'customer-invoice' AND s.next <> 1 + (SELECT count(*) FROM customer_invoice i WHERE i.entity_id = s.entity_id)`,
  },
  {
    name: 'OPEN-FUNC',
    invariant: 'An open item that is settled has no value left in functional currency.',
    sql: `SELECT entity_id, account_id, currency, key, func_minor FROM open_item WHERE balance_minor = 0 AND func_minor <> 0`,
  },
  {
    name: 'GIFT-CARDS',
    invariant:
      'Every gift card is owed under its own key, never more than its face value; beside them stands what breakage is earned.',
    sql: `SELECT i.key, i.balance_minor, c.face_minor FROM open_item i LEFT JOIN gift_card c ON i.key = 'gift-card/' || c.id AND c.entity_id = i.entity_id AND c.currency = i.currency
        WHERE i.account_id = 2110 AND i.book = 'main' AND (c.id IS NULL AND NOT (i.key = 'breakage' AND i.balance_minor >= 0) OR -i.balance_minor > c.face_minor)
      UNION ALL
      SELECT 'gift-card/' || c.id, NULL, c.face_minor FROM gift_card c WHERE NOT EXISTS (
        SELECT FROM open_item i WHERE i.account_id = 2110 AND i.book = 'main' AND i.key = 'gift-card/' || c.id)`,
  },
]
