import type { CloseCheck } from './close-checks.ts'

/** What was decided about by a person is not listed again. */
const undecided = (task: string, item: string) => `NOT EXISTS (
  SELECT FROM period_close c JOIN close_item_decision d ON d.close_id = c.id
  WHERE c.period_id = p.period_id AND d.task = '${task}' AND d.item = ${item})`

/** The period is a whole: nothing of it is missing, and nothing of the next is in it. */
export const cutOffChecks: readonly CloseCheck[] = [
  {
    task: 'earlier-closed',
    sql: `SELECT q.period AS item, NULL::bigint AS ledger, NULL::bigint AS documents, true AS broken, 0 AS at_risk, q.ends AS since
      FROM p JOIN gl_period q ON q.entity_id = p.entity_id AND q.kind = 'normal' AND q.ends < p.starts
      WHERE EXISTS (SELECT FROM gl_period_area a WHERE a.period_id = q.id AND a.state <> 'closed')
        AND EXISTS (SELECT FROM journal_entry e WHERE e.period_id = q.id)`,
  },
  {
    task: 'months-closed',
    sql: `SELECT q.period AS item, NULL::bigint AS ledger, NULL::bigint AS documents,
        EXISTS (SELECT FROM gl_period_area a WHERE a.period_id = q.id AND a.state <> 'closed') AS broken, 0 AS at_risk, q.ends AS since
      FROM p JOIN gl_period q ON q.entity_id = p.entity_id AND q.kind = 'normal' AND q.ends <= p.ends
      WHERE EXISTS (SELECT FROM journal_entry e WHERE e.period_id = q.id)`,
  },
  {
    // Older than a quarter of an hour: younger ones are on their way.
    task: 'messages-drained',
    sql: `SELECT i.source || '/' || i.event_id AS item, NULL::bigint AS ledger, NULL::bigint AS documents, true AS broken,
        CASE WHEN i.document->'total'->>'minor' ~ '^[0-9]{1,15}$' THEN (i.document->'total'->>'minor')::bigint ELSE 0 END AS at_risk, i.received_at::date AS since
      FROM p JOIN channel c ON c.entity_id = p.entity_id
      JOIN inbox i ON i.document->>'channel' = c.code AND i.outcome = 'received' AND i.received_at::date <= p.ends
      WHERE i.received_at < clock_timestamp() - interval '15 minutes' AND ${undecided('messages-drained', "i.source || '/' || i.event_id")}`,
  },
  {
    task: 'shipments-posted',
    sql: `SELECT 'shipment/' || s.id AS item, NULL::bigint AS ledger, NULL::bigint AS documents, true AS broken, v.worth AS at_risk, s.shipped_on AS since
      FROM p JOIN sales_order o ON o.entity_id = p.entity_id AND o.workflow_id NOT LIKE 'history/%'
      JOIN shipment s ON s.order_id = o.id AND s.shipped_on BETWEEN p.starts AND p.ends
      CROSS JOIN LATERAL (SELECT coalesce(sum(l.goods_minor - l.discount_minor + l.shipping_minor), 0)::bigint AS worth, coalesce(sum(l.cost_minor), 0) AS cost
        FROM shipment_line l WHERE l.shipment_id = s.id) v
      WHERE (v.worth <> 0 OR v.cost <> 0) AND ${undecided('shipments-posted', "'shipment/' || s.id")}
        AND NOT EXISTS (SELECT FROM journal_entry e WHERE e.source_type = 'shipment' AND e.source_id = s.id::text AND e.entity_id = p.entity_id
          AND coalesce(e.fact_on, e.effective_on) = s.shipped_on)`,
  },
  {
    task: 'receipts-posted',
    sql: `SELECT 'receipt/' || r.receipt_no AS item, NULL::bigint AS ledger, NULL::bigint AS documents, true AS broken, v.worth AS at_risk, r.received_on AS since
      FROM p JOIN goods_receipt r ON r.entity_id = p.entity_id AND r.received_on BETWEEN p.starts AND p.ends
      CROSS JOIN LATERAL (SELECT coalesce(sum(l.received_qty * l.unit_cost_minor), 0)::bigint AS worth FROM goods_receipt_line l WHERE l.receipt_id = r.id) v
      WHERE v.worth <> 0 AND ${undecided('receipts-posted', "'receipt/' || r.receipt_no")}
        AND NOT EXISTS (SELECT FROM journal_entry e WHERE e.entity_id = p.entity_id AND e.source_type = 'receipt'
          AND (e.source_id = r.id::text OR e.source_id LIKE r.id || '/%'))`,
  },
  {
    task: 'bills-posted',
    sql: `SELECT 'vendor-bill/' || b.id AS item, NULL::bigint AS ledger, NULL::bigint AS documents, true AS broken, b.net_minor AS at_risk, b.billed_on AS since
      FROM p JOIN vendor_bill b ON b.entity_id = p.entity_id AND b.billed_on <= p.ends
      WHERE b.posted_on IS NULL AND b.rejected_at IS NULL AND ${undecided('bills-posted', "'vendor-bill/' || b.id")}`,
  },
  {
    task: 'calls-settled',
    sql: `SELECT x.key AS item, NULL::bigint AS ledger, NULL::bigint AS documents, true AS broken,
        CASE WHEN x.request->>'amountMinor' ~ '^[0-9]{1,15}$' THEN (x.request->>'amountMinor')::bigint ELSE 0 END AS at_risk, x.intended_at::date AS since
      FROM p JOIN sales_order o ON o.entity_id = p.entity_id
      JOIN external_effect x ON x.subject_type = 'order' AND x.subject_id = o.id::text AND x.gateway = 'payment'
      WHERE x.state IN ('intended', 'sent', 'unknown') AND x.intended_at < clock_timestamp() - interval '1 hour' AND x.intended_at::date <= p.ends`,
  },
  {
    task: 'expected-invoices',
    sql: `SELECT 'expected-invoice/' || x.invoice_no AS item, NULL::bigint AS ledger, NULL::bigint AS documents,
        x.ended_as IS NULL AND x.accrued_entry IS NULL AS broken, x.expected_minor AS at_risk, p.ends AS since
      FROM p JOIN expected_invoice x ON x.period_id = p.period_id`,
  },
  {
    task: 'rates-loaded',
    sql: `SELECT m.currency AS item, NULL::bigint AS ledger, NULL::bigint AS documents,
        NOT EXISTS (SELECT FROM fx_rate r WHERE r.from_currency = m.currency AND r.to_currency = m.functional AND r.kind = 'closing' AND r.rate_on = m.ends) AS broken,
        m.func AS at_risk, m.ends AS since
      FROM (SELECT l.currency, n.functional_currency AS functional, p.ends, abs(sum(l.func_minor))::bigint AS func
        FROM p JOIN entity n ON n.id = p.entity_id JOIN gl_account a ON a.monetary JOIN journal_line l ON l.account_id = a.id AND l.effective_on <= p.ends AND l.currency <> n.functional_currency
        JOIN journal_entry e ON e.id = l.entry_id AND e.entity_id = p.entity_id AND e.book = 'main'
        GROUP BY 1, 2, 3 HAVING sum(l.amount_minor) <> 0) m`,
  },
]
