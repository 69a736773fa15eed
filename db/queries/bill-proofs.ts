import type { Proof } from './proofs.ts'

/** What must always hold between bills, receipts and the books. */
export const billProofs: readonly Proof[] = [
  {
    name: 'GRNI',
    invariant:
      'What bills have taken of a receipt line, and what they billed ahead, is what their entries posted to it.',
    sql: `SELECT key, sum(matched)::bigint AS matched, sum(posted)::bigint AS posted FROM (
        SELECT 'receipt-line/' || receipt_id || '/' || receipt_line_no AS key, received_minor AS matched, 0 AS posted FROM bill_match WHERE kind <> 'ahead'
        UNION ALL
        SELECT 'bill-line/' || bill_id || '/' || line_no, CASE kind WHEN 'ahead' THEN billed_minor ELSE -billed_minor END, 0 FROM bill_match WHERE kind <> 'received'
        UNION ALL
        SELECT l.open_key, 0, l.amount_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
        WHERE l.account_id = 2020 AND e.source_type = 'vendor-bill') t GROUP BY key HAVING sum(matched) <> sum(posted)`,
  },
  {
    name: 'BILL-UNITS',
    invariant: 'No unit of a receipt is billed twice, and an order’s line counts what is billed.',
    sql: `SELECT m.receipt_id, m.receipt_line_no AS line_no, sum(m.qty)::bigint AS matched, l.received_qty AS counted FROM bill_match m
        JOIN goods_receipt_line l ON l.receipt_id = m.receipt_id AND l.line_no = m.receipt_line_no
        GROUP BY m.receipt_id, m.receipt_line_no, l.received_qty HAVING sum(m.qty) > l.received_qty
      UNION ALL
      SELECT p.id, p.line_no, coalesce(sum(m.qty) FILTER (WHERE m.kind <> 'arrived'), 0)::bigint, p.qty_billed FROM purchase_order_line p
        LEFT JOIN vendor_bill_line l ON l.purchase_order_line_id = p.id LEFT JOIN bill_match m ON m.bill_id = l.bill_id AND m.line_no = l.line_no
        GROUP BY p.id HAVING coalesce(sum(m.qty) FILTER (WHERE m.kind <> 'arrived'), 0) <> p.qty_billed`,
  },
  {
    name: 'PAYABLE',
    invariant:
      'What is open of a bill is what was posted of it, less what prepayments and runs that have left have paid and not got back.',
    sql: `SELECT b.id AS bill_id, b.posted_minor, i.balance_minor FROM vendor_bill b
      LEFT JOIN open_item i ON i.entity_id = b.entity_id AND i.account_id = 2010 AND i.key = 'bill/' || b.id AND i.currency = b.currency AND i.book = 'main'
      WHERE -coalesce(i.balance_minor, 0) <> CASE WHEN b.posted_on IS NULL OR EXISTS (SELECT FROM payment_run_line l JOIN payment_run r ON r.id = l.run_id
        WHERE l.bill_id = b.id AND l.dropped_because IS NULL AND r.state IN ('released', 'settled')) THEN 0
        ELSE b.posted_minor - coalesce((SELECT sum(u.minor) FROM vendor_prepayment_use u WHERE u.bill_id = b.id), 0)
          - coalesce((SELECT sum(l.open_minor - x.minor) FROM payment_return x JOIN payment_run_line l ON (l.run_id, l.bill_id) = (x.run_id, x.bill_id) WHERE x.bill_id = b.id), 0) END`,
  },
  {
    name: 'VENDOR-RETURN',
    invariant:
      'What went back to suppliers cost, and took off what is owed, or is to be credited, what its entries say.',
    sql: `SELECT return_no, sum(cost)::bigint AS cost, sum(grni)::bigint AS grni, sum(credit)::bigint AS credit FROM (
        SELECT v.return_no, l.cost_minor AS cost, l.grni_minor AS grni, l.credit_minor AS credit FROM vendor_return_line l JOIN vendor_return v ON v.id = l.return_id
        WHERE l.state = 'shipped'
        UNION ALL
        SELECT split_part(e.source_id, '/shipped', 1), CASE WHEN l.account_id IN (1300, 1320) THEN l.func_minor ELSE 0 END,
          CASE l.account_id WHEN 2020 THEN -l.amount_minor ELSE 0 END, CASE l.account_id WHEN 1230 THEN -l.amount_minor ELSE 0 END
        FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE e.event_type = 'vendor-return-shipped') t
      GROUP BY return_no HAVING sum(cost) <> 0 OR sum(grni) <> 0 OR sum(credit) <> 0`,
  },
  {
    name: 'VENDOR-RECEIVABLE',
    invariant:
      'What a supplier is still to credit for a return is what was asked for it, less its credit notes and what was given up.',
    sql: `SELECT v.return_no, sum(t.minor)::bigint AS expected, coalesce(i.balance_minor, 0)::bigint AS open FROM (
        SELECT return_id, credit_minor AS minor FROM vendor_return_line WHERE state = 'shipped'
        UNION ALL SELECT return_id, -claim_minor FROM vendor_credit WHERE return_id IS NOT NULL
        UNION ALL SELECT return_id, -minor FROM vendor_claim_given_up) t JOIN vendor_return v ON v.id = t.return_id
      LEFT JOIN open_item i ON i.entity_id = v.entity_id AND i.account_id = 1230 AND i.currency = v.currency AND i.book = 'main' AND i.key = 'vendor-return/' || v.return_no
      GROUP BY v.return_no, i.balance_minor HAVING sum(t.minor) <> coalesce(i.balance_minor, 0)`,
  },
  {
    name: 'VENDOR-CREDIT',
    invariant:
      'What is open of a credit note is what was posted of it, less what runs that have left have taken off bills.',
    sql: `SELECT c.id AS credit_id, c.posted_minor, i.balance_minor FROM vendor_credit c
      LEFT JOIN open_item i ON i.entity_id = c.entity_id AND i.account_id = 2010 AND i.currency = c.currency AND i.book = 'main' AND i.key = 'vendor-credit/' || c.id
      WHERE coalesce(i.balance_minor, 0) <> coalesce(c.posted_minor, 0) - coalesce((SELECT sum(p.minor) FROM payment_run_credit p JOIN payment_run r ON r.id = p.run_id
        WHERE p.credit_id = c.id AND r.state IN ('released', 'settled')), 0)`,
  },
  {
    name: 'PREPAID',
    invariant:
      'What is open of an order’s prepayment is what a run has paid of it, less what it has paid of bills and what came back.',
    sql: `SELECT p.id AS prepayment_id, o.po_number, p.amount_minor, i.balance_minor FROM vendor_prepayment p JOIN purchase_order o ON o.id = p.purchase_order_id
      LEFT JOIN open_item i ON i.entity_id = p.entity_id AND i.account_id = 1400 AND i.currency = p.currency AND i.book = 'main' AND i.key = 'prepayment/' || p.id
      WHERE coalesce(i.balance_minor, 0) <> CASE WHEN EXISTS (SELECT FROM payment_run_prepayment l JOIN payment_run r ON r.id = l.run_id
          WHERE l.prepayment_id = p.id AND l.dropped_because IS NULL AND r.state IN ('released', 'settled')) THEN p.amount_minor ELSE 0 END
        - coalesce((SELECT sum(u.minor) FROM vendor_prepayment_use u WHERE u.prepayment_id = p.id), 0)`,
  },
  {
    name: 'BILL-PAID-ONCE',
    invariant: 'A bill is paid by one run, and a paid one by a run that the bank has carried out.',
    sql: `SELECT l.bill_id, count(*) AS runs FROM payment_run_line l JOIN payment_run r ON r.id = l.run_id WHERE l.dropped_because IS NULL GROUP BY 1 HAVING count(*) > 1
      UNION ALL
      SELECT b.id, 0 FROM vendor_bill b WHERE b.paid_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM payment_run_line l JOIN payment_run r ON r.id = l.run_id WHERE l.bill_id = b.id AND l.dropped_because IS NULL AND r.state = 'settled')
        AND b.posted_minor > coalesce((SELECT sum(u.minor) FROM vendor_prepayment_use u WHERE u.bill_id = b.id), 0)`,
  },
]
