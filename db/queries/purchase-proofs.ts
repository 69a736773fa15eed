import type { Proof } from './proofs.ts'

/** What must always hold between purchase orders, what came of them, what is to come, and the books. */
export const purchaseProofs: readonly Proof[] = [
  {
    name: 'PO-RECEIVED',
    invariant:
      'What was received, judged and rejected of a purchase line is what its documents say.',
    sql: `SELECT l.id, l.qty_received, r.received, l.qty_inspected, r.judged, l.qty_rejected, r.rejected FROM purchase_order_line l
      CROSS JOIN LATERAL (SELECT coalesce(sum(g.received_qty), 0) AS received, coalesce(sum(i.judged), 0) AS judged, coalesce(sum(i.rejected), 0) AS rejected
        FROM goods_receipt_line g LEFT JOIN LATERAL (SELECT sum(accepted_qty + rejected_qty) AS judged, sum(rejected_qty) AS rejected FROM goods_inspection x
          WHERE x.receipt_id = g.receipt_id AND x.receipt_line_no = g.line_no) i ON true
        WHERE g.purchase_order_line_id = l.id) r
      WHERE (l.qty_received, l.qty_inspected, l.qty_rejected) <> (r.received, r.judged, r.rejected)`,
  },
  {
    name: 'PO-SUPPLY',
    invariant: 'What is expected of an order that the supplier has is what is open of its lines.',
    sql: `SELECT l.id, p.po_number || '/' || l.line_no AS source, l.qty_open, coalesce(es.open, 0) AS expected FROM purchase_order_line l
      JOIN purchase_order p ON p.id = l.purchase_order_id
      LEFT JOIN LATERAL (SELECT qty - received AS open FROM expected_supply WHERE source_type = 'purchase-order' AND source_id = p.po_number || '/' || l.line_no AND state = 'open') es ON true
      WHERE p.sent_revision IS NOT NULL AND p.ships_to_order_id IS NULL AND l.qty_open <> coalesce(es.open, 0)`,
  },
  {
    name: 'DROP-SHIP',
    invariant:
      'Units that wait for a supplier to ship them to their buyer are on purchases that are open.',
    sql: `SELECT o.id AS order_line_id, o.qty_drop_ship, sum(l.qty_open) AS open FROM sales_order_line o LEFT JOIN purchase_order_line l ON l.order_line_id = o.id
      WHERE o.qty_drop_ship > 0 GROUP BY o.id HAVING o.qty_drop_ship > coalesce(sum(l.qty_open), 0)`,
  },
  {
    name: 'TITLE-OWED',
    invariant: 'What is ours of a ship notice and has not come is worth what is owed for it.',
    sql: `SELECT t.open_key, l.remaining_qty, l.remaining_minor, i.func_minor FROM purchase_title t JOIN cost_layer l ON l.id = t.layer_id
      LEFT JOIN open_item i ON i.entity_id = l.entity_id AND i.account_id = 2020 AND i.key = t.open_key AND i.book = 'main'
      WHERE l.remaining_minor <> -coalesce(i.func_minor, 0)`,
  },
  {
    name: 'GRNI-LINE',
    invariant: 'Goods received not invoiced of a receipt line are never less than nothing.',
    sql: `SELECT key, currency, balance_minor FROM open_item WHERE account_id = 2020 AND key LIKE 'receipt-line/%' AND balance_minor > 0`,
  },
  {
    name: 'PO-RECEIPT-VALUE',
    invariant:
      'A receipt line of a purchase order has credited what it says, and its layer had its value.',
    sql: `SELECT g.receipt_id, g.line_no, g.value_minor, j.goods, j.landed FROM goods_receipt_line g
      LEFT JOIN LATERAL (SELECT coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = 2020), 0) AS goods, coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = 2030), 0) AS landed
        FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
        WHERE e.source_type = 'receipt' AND e.source_id = g.receipt_id::text AND e.event_type = 'goods-received' AND l.open_key = 'receipt-line/' || g.receipt_id || '/' || g.line_no) j ON true
      WHERE g.purchase_order_line_id IS NOT NULL AND (g.goods_func_minor <> j.goods OR g.landed_minor <> j.landed)`,
  },
  {
    name: 'PO-APPROVED',
    invariant: 'No order was sent in a revision that nobody approved, or that its own author did.',
    sql: `SELECT p.id, p.po_number, p.sent_revision FROM purchase_order p WHERE p.sent_revision IS NOT NULL AND NOT EXISTS (
        SELECT FROM purchase_order_approval a WHERE a.purchase_order_id = p.id AND a.revision = p.sent_revision AND a.decision = 'approved')
      UNION ALL
      SELECT p.id, p.po_number, a.revision FROM purchase_order p JOIN purchase_order_approval a ON a.purchase_order_id = p.id WHERE a.step <> 'rule' AND a.actor = ANY (p.authors)`,
  },
]
