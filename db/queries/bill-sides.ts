import type { Reader } from '#db/client'

/** One line of goods of a bill beside what was ordered and what came. */
export interface BillSides {
  lineNo: number
  itemId: number | null
  sku: string | null
  description: string
  qty: bigint
  netMinor: bigint
  acceptedNetMinor: bigint | null
  priceApprovedBy: string | null
  qtyApprovedBy: string | null
  ordered: {
    poNumber: string
    lineNo: number
    qty: string
    unitPriceMinor: string
    pricePer: string
    billedQty: string
  } | null
  received: {
    receiptNo: string
    lineNo: number
    receivedOn: string
    qty: string
    rejectedQty: string
    valueMinor: string
  }[]
  /** What the matching found when it last looked; null for a line that it knew no order or receipt for. */
  found: { expectedMinor: string; allowedQty: string } | null
}

export interface BillSidesOf {
  entity: string
  supplierId: number
  currency: string
  lines: BillSides[]
}

/** The three sides of a bill; undefined when there is none of this id. */
export async function readBillSides(reader: Reader, id: bigint): Promise<BillSidesOf | undefined> {
  const [bill] = await reader<Omit<BillSidesOf, 'lines'>[]>`
    SELECT e.code AS entity, b.supplier_id AS "supplierId", b.currency FROM vendor_bill b JOIN entity e ON e.id = b.entity_id WHERE b.id = ${id}`
  if (!bill) return undefined
  const lines = await reader<BillSides[]>`
    SELECT l.line_no AS "lineNo", l.item_id AS "itemId", coalesce(i.sku, l.sku) AS sku, l.description, l.qty, l.net_minor AS "netMinor", l.accepted_net_minor AS "acceptedNetMinor",
      l.price_approved_by AS "priceApprovedBy", l.qty_approved_by AS "qtyApprovedBy",
      CASE WHEN q.id IS NOT NULL THEN jsonb_build_object('poNumber', p.po_number, 'lineNo', q.line_no, 'qty', (q.qty_ordered - q.qty_cancelled)::text, 'unitPriceMinor', q.unit_price_minor::text,
        'pricePer', q.price_per::text, 'billedQty', q.qty_billed::text) END AS ordered,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('receiptNo', r.receipt_no, 'lineNo', g.line_no, 'receivedOn', r.received_on, 'qty', g.received_qty::text, 'rejectedQty', x.rejected::text,
          'valueMinor', coalesce(g.goods_minor, g.unit_cost_minor * g.received_qty)::text) ORDER BY r.received_on, r.id, g.line_no), '[]')
        FROM goods_receipt_line g JOIN goods_receipt r ON r.id = g.receipt_id
        CROSS JOIN LATERAL (SELECT coalesce(sum(n.rejected_qty), 0)::bigint AS rejected FROM goods_inspection n WHERE n.receipt_id = g.receipt_id AND n.receipt_line_no = g.line_no) x
        WHERE g.received_qty > 0 AND CASE WHEN q.id IS NOT NULL THEN g.purchase_order_line_id = q.id
          ELSE r.entity_id = b.entity_id AND r.receipt_no = l.receipt_no AND g.item_id = l.item_id AND coalesce(r.supplier_id, b.supplier_id) = b.supplier_id END) AS received,
      (SELECT jsonb_build_object('expectedMinor', f ->> 'expectedMinor', 'allowedQty', f ->> 'allowedQty') FROM jsonb_array_elements(d.lines) f WHERE (f ->> 'lineNo')::int = l.line_no) AS found
    FROM vendor_bill_line l JOIN vendor_bill b ON b.id = l.bill_id LEFT JOIN item i ON i.id = l.item_id
    LEFT JOIN purchase_order_line q ON q.id = l.purchase_order_line_id LEFT JOIN purchase_order p ON p.id = q.purchase_order_id
    LEFT JOIN LATERAL (SELECT coalesce(inputs -> 'lines', '[]') AS lines FROM decision_record
      WHERE subject_type = 'vendor-bill' AND subject_id = b.id::text AND kind = 'bill-match' ORDER BY id DESC LIMIT 1) d ON true
    WHERE l.bill_id = ${id} AND l.kind = 'goods' ORDER BY l.line_no`
  return { ...bill, lines }
}
