import type { Reader } from '#db/client'

/** What came and is not billed, or is billed and has not come, with all that made it so. */
export interface GrniRow {
  /** Of the open item, for paging. */
  id: bigint
  kind: 'received-not-billed' | 'billed-not-received' | 'ours-in-transit' | 'other'
  key: string
  supplier: string | null
  receipt: string | null
  bill: string | null
  lineNo: number | null
  sku: string | null
  poNumber: string | null
  openedOn: string
  ageDays: number
  currency: string
  receivedQty: string | null
  matchedQty: string | null
  /** Credit above zero: what bills will still bring; below: what goods will. */
  receivedMinor: string
  billedMinor: string
  otherMinor: string
  remainingMinor: string
  remainingFuncMinor: string
  movements: {
    on: string
    what: string
    /** Number of the bill, of the receipt, or the source's own id. */
    document: string
    entryId: string
    amountMinor: string
  }[]
}

export interface GrniAsk {
  entityId: number
  asOf: string
  after: bigint
  limit: number
  /** Also what is settled, so that any line can explain itself. */
  settled?: boolean
  receiptNo?: string | undefined
}

/** The oldest first; every open item of account 2020 is here, and each is the sum of its movements (FIN-4). */
export async function grni(reader: Reader, ask: GrniAsk): Promise<GrniRow[]> {
  const { entityId, asOf, after, limit, settled = false, receiptNo } = ask
  return reader<GrniRow[]>`
    WITH waiting AS (
      SELECT i.*, split_part(i.key, '/', 1) AS what, CASE WHEN i.key ~ '^(receipt-line|bill-line)/[0-9]+/[0-9]+$' THEN split_part(i.key, '/', 2)::bigint END AS document_id,
        CASE WHEN i.key ~ '^(receipt-line|bill-line)/[0-9]+/[0-9]+$' THEN split_part(i.key, '/', 3)::int END AS line_no
      FROM open_item i WHERE i.entity_id = ${entityId} AND i.account_id = 2020 AND i.book = 'main' AND i.id > ${after} AND (${settled} OR i.balance_minor <> 0)
    )
    SELECT i.id, CASE i.what WHEN 'receipt-line' THEN 'received-not-billed' WHEN 'bill-line' THEN 'billed-not-received' WHEN 'asn-line' THEN 'ours-in-transit' ELSE 'other' END AS kind, i.key,
      coalesce(rs.code, bs.code, ts.code, r.supplier) AS supplier, r.receipt_no AS receipt, b.bill_number AS bill, i.line_no AS "lineNo", t.sku,
      coalesce(p.po_number, bp.po_number, tp.po_number) AS "poNumber", i.opened_on AS "openedOn", greatest(0, ${asOf}::date - i.opened_on) AS "ageDays", i.currency,
      l.received_qty::text AS "receivedQty", (SELECT sum(m.qty)::text FROM bill_match m WHERE m.receipt_id = r.id AND m.receipt_line_no = i.line_no) AS "matchedQty",
      (-v.received)::text AS "receivedMinor", v.billed::text AS "billedMinor", v.other::text AS "otherMinor", (-i.balance_minor)::text AS "remainingMinor",
      (-i.func_minor)::text AS "remainingFuncMinor", v.movements
    FROM waiting i
    LEFT JOIN goods_receipt r ON i.what = 'receipt-line' AND r.id = i.document_id LEFT JOIN supplier rs ON rs.id = r.supplier_id
    LEFT JOIN goods_receipt_line l ON l.receipt_id = r.id AND l.line_no = i.line_no
    LEFT JOIN purchase_order p ON p.id = r.purchase_order_id
    LEFT JOIN vendor_bill b ON i.what = 'bill-line' AND b.id = i.document_id LEFT JOIN supplier bs ON bs.id = b.supplier_id
    LEFT JOIN vendor_bill_line bl ON bl.bill_id = b.id AND bl.line_no = i.line_no
    LEFT JOIN purchase_order_line bq ON bq.id = bl.purchase_order_line_id LEFT JOIN purchase_order bp ON bp.id = bq.purchase_order_id
    LEFT JOIN purchase_title tt ON i.what = 'asn-line' AND tt.open_key = i.key LEFT JOIN purchase_order_line tl ON tl.id = tt.purchase_order_line_id
    LEFT JOIN purchase_order tp ON tp.id = tl.purchase_order_id LEFT JOIN supplier ts ON ts.id = tp.supplier_id
    LEFT JOIN item t ON t.id = coalesce(l.item_id, bl.item_id, tl.item_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(m.amount_minor) FILTER (WHERE e.event_type = 'goods-received'), 0)::bigint AS received,
        coalesce(sum(m.amount_minor) FILTER (WHERE e.source_type = 'vendor-bill'), 0)::bigint AS billed,
        coalesce(sum(m.amount_minor) FILTER (WHERE e.event_type <> 'goods-received' AND e.source_type <> 'vendor-bill'), 0)::bigint AS other,
        jsonb_agg(jsonb_build_object('on', e.effective_on, 'what', e.event_type, 'entryId', e.id::text, 'amountMinor', m.amount_minor::text,
          'document', coalesce(vb.bill_number, gr.receipt_no, e.source_id)) ORDER BY e.id) AS movements
      FROM open_item_match m JOIN journal_entry e ON e.id = m.entry_id
      LEFT JOIN vendor_bill vb ON e.source_type = 'vendor-bill' AND vb.id::text = e.source_id
      LEFT JOIN goods_receipt gr ON e.source_type = 'receipt' AND gr.id::text = e.source_id
      WHERE m.open_item_id = i.id) v
    WHERE (${receiptNo ?? null}::text IS NULL OR r.receipt_no = ${receiptNo ?? null})
    ORDER BY i.id LIMIT ${limit}`
}

/** Account 2020 by the journal, and by its open items; they are one. */
export async function grniTotals(
  reader: Reader,
  entityId: number,
): Promise<{ accountMinor: bigint; openItemsMinor: bigint }> {
  const [totals] = await reader<{ accountMinor: bigint; openItemsMinor: bigint }[]>`
    SELECT coalesce((SELECT -sum(func_minor) FROM account_balance(${entityId}, 2020)), 0)::bigint AS "accountMinor",
      coalesce((SELECT -sum(func_minor) FROM open_item WHERE entity_id = ${entityId} AND account_id = 2020 AND book = 'main'), 0)::bigint AS "openItemsMinor"`
  return totals!
}
