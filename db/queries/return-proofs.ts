import type { Proof } from './proofs.ts'

/** What must always hold between returns, their credits and the books; each returns no row. */
export const returnProofs: readonly Proof[] = [
  {
    name: 'RETURN-COST',
    invariant:
      'What came back is worth no more than its order line had consumed, all of it exactly that, and is in the books at it.',
    sql: `SELECT u.shipment_id::text AS subject, u.order_line_id, sum(u.cost_minor)::bigint AS returned, l.cost_minor AS consumed FROM returned_unit u
        JOIN shipment_line l ON l.shipment_id = u.shipment_id AND l.order_line_id = u.order_line_id WHERE u.receipt_id IS NOT NULL
        GROUP BY u.shipment_id, u.order_line_id, l.cost_minor, l.qty HAVING sum(u.cost_minor) > l.cost_minor OR (count(*) = l.qty AND sum(u.cost_minor) <> l.cost_minor)
      UNION ALL
      SELECT return_no, NULL, sum(units)::bigint, sum(gl)::bigint FROM (
        SELECT r.return_no, u.cost_minor AS units, 0 AS gl FROM returned_unit u JOIN customer_return r ON r.id = u.return_id WHERE u.receipt_id IS NOT NULL
        UNION ALL
        SELECT split_part(e.source_id, '/', 1), 0, l.func_minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE e.event_type = 'return-received' AND l.account_id = 1320) t
      GROUP BY 1 HAVING sum(units) <> sum(gl)`,
  },
  {
    name: 'RETURN-UNITS',
    invariant:
      'Every unit of a return left by the shipment that it names, and what is set aside of it has its layer.',
    sql: `SELECT u.return_id, u.order_line_id, u.unit FROM returned_unit u JOIN shipment_line l ON l.shipment_id = u.shipment_id AND l.order_line_id = u.order_line_id
        WHERE u.unit NOT BETWEEN l.unit_from AND l.unit_from + l.qty - 1
      UNION ALL
      SELECT u.layer_id, NULL, count(*)::int FROM returned_unit u JOIN cost_layer c ON c.id = u.layer_id WHERE u.state IN ('received', 'refurbishing')
        GROUP BY u.layer_id, c.remaining_qty HAVING count(*) > c.remaining_qty`,
  },
  {
    name: 'CREDIT-BOUND',
    invariant:
      'An order is credited with what its notes say, and never with more than what left of it and was not lost.',
    sql: `SELECT o.id AS order_id, o.credited_minor, n.notes, l.earned FROM sales_order o
      LEFT JOIN (SELECT order_id, sum(refund_minor + owed_minor) AS notes FROM credit_note GROUP BY 1) n ON n.order_id = o.id
      LEFT JOIN (SELECT order_id, sum(shipped_minor - lost_minor) AS earned FROM sales_order_line GROUP BY 1) l ON l.order_id = o.id
      WHERE o.credited_minor <> coalesce(n.notes, 0) OR o.credited_minor > coalesce(l.earned, 0)`,
  },
  {
    name: 'CREDIT-POSTED',
    invariant:
      'Every credit note is in the books with what it refunds, takes off what is owed and gives back of tax, and the numbers of a company have no gap.',
    sql: `SELECT id::text AS note, sum(refund)::bigint AS refund, sum(owed)::bigint AS owed, sum(tax)::bigint AS tax FROM (
        SELECT n.id, n.refund_minor AS refund, n.owed_minor AS owed, coalesce((SELECT sum(amount_minor) FROM credit_note_tax t WHERE t.credit_id = n.id), 0) AS tax FROM credit_note n
        UNION ALL
        SELECT split_part(e.source_id, '/', 2)::bigint, CASE WHEN l.account_id = 2140 THEN l.amount_minor ELSE 0 END, CASE WHEN l.account_id = 1200 THEN l.amount_minor ELSE 0 END,
          CASE WHEN l.account_id IN (2210, 2220, 2225, 2228) THEN -l.amount_minor ELSE 0 END
        FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE e.event_type IN ('return-credited', 'goodwill-credited')) t
      GROUP BY 1 HAVING sum(refund) <> 0 OR sum(owed) <> 0 OR sum(tax) <> 0
      UNION ALL
      SELECT 'company ' || entity_id, max(number), count(*), min(number) FROM credit_note GROUP BY entity_id HAVING count(*) <> max(number) OR min(number) <> 1`,
  },
  {
    name: 'TAX-MIRROR',
    invariant:
      'No tax of an order is given back beyond what was posted of it; what was given back whole has no tax left.',
    sql: `SELECT o.id AS order_id, l.jurisdiction, l.tax_code, sum(l.amount_minor)::bigint AS tax FROM sales_order o JOIN journal_line l ON l.order_id = o.id AND l.account_id IN (2210, 2220, 2225, 2228)
      WHERE o.credited_minor > 0 GROUP BY o.id, l.jurisdiction, l.tax_code
      HAVING sum(l.amount_minor) > 0 OR (sum(l.amount_minor) <> 0 AND o.closed_at IS NOT NULL AND o.credited_minor = (SELECT sum(s.shipped_minor - s.lost_minor) FROM sales_order_line s WHERE s.order_id = o.id))`,
  },
]
