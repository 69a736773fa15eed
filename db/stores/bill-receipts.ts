import type { Tx } from '#db/client'
import { receiptLineKey } from '#domain/ledger/posting-bills'
import type { MatchableReceipt } from '#domain/purchasing/bill-match'
import type { BillLine, VendorBill } from './bills.ts'
import { lockOpenItem } from './ledger-open-items.ts'

/** A receipt's line, with what of it no bill has matched. */
export interface BillableReceipt extends MatchableReceipt {
  receiptId: bigint
  receiptLineNo: number
  itemId: number
  siteId: number
  /** What is left of its open item, functional. */
  openFuncMinor: bigint
  party: string
}

/**
 * What came for a bill's line and is not billed yet, the oldest first, each open item locked: by
 * the purchase order's line, or by the receipt that the line names. Only in the bill's currency.
 */
export async function billableReceipts(
  tx: Tx,
  bill: VendorBill,
  line: BillLine,
): Promise<BillableReceipt[]> {
  const rows = await tx<
    {
      receiptId: bigint
      receiptLineNo: number
      itemId: number
      siteId: number
      party: string
    }[]
  >`
    SELECT r.id AS "receiptId", l.line_no AS "receiptLineNo", l.item_id AS "itemId", r.site_id AS "siteId", coalesce(s.party, r.supplier) AS party
    FROM goods_receipt r JOIN goods_receipt_line l ON l.receipt_id = r.id LEFT JOIN supplier s ON s.id = r.supplier_id
    WHERE r.entity_id = ${bill.entityId} AND l.received_qty > 0 AND ${
      line.purchaseLineId === null
        ? tx`r.receipt_no = ${line.receiptNo} AND l.item_id = ${line.itemId} AND (r.supplier_id = ${bill.supplierId} OR r.supplier_id IS NULL AND r.supplier IN (${bill.supplier}, ${bill.party}))`
        : tx`l.purchase_order_line_id = ${line.purchaseLineId}`
    }
    ORDER BY r.received_on, r.id, l.line_no`
  const receipts: BillableReceipt[] = []
  for (const row of rows) {
    const openKey = receiptLineKey(row.receiptId, row.receiptLineNo)
    const item = await lockOpenItem(tx, {
      entityId: bill.entityId,
      account: 'GoodsReceivedNotInvoiced',
      currency: bill.currency,
      key: openKey,
    })
    // Read under the item's lock: whoever matched it before has committed by now.
    const unmatchedQty = await unbilledUnits(tx, row)
    if (unmatchedQty <= 0n) continue
    receipts.push({
      ...row,
      openKey,
      unmatchedQty,
      openMinor: -(item?.balanceMinor ?? 0n),
      openFuncMinor: -(item?.funcMinor ?? 0n),
    })
  }
  return receipts
}

/**
 * Units of a receipt line that a bill may still match: none that was rejected, or sent back. Zero
 * or less once billed units went back. Right under the lock of its open item.
 */
export async function unbilledUnits(
  tx: Tx,
  { receiptId, receiptLineNo }: { receiptId: bigint; receiptLineNo: number },
): Promise<bigint> {
  const [row] = await tx<{ qty: bigint }[]>`
    SELECT l.received_qty
      - coalesce((SELECT sum(rejected_qty) FROM goods_inspection i WHERE i.receipt_id = l.receipt_id AND i.receipt_line_no = l.line_no), 0)::bigint
      - coalesce((SELECT sum(v.qty) FROM vendor_return_line v WHERE v.receipt_id = l.receipt_id AND v.receipt_line_no = l.line_no AND v.state = 'shipped' AND v.condition = 'sellable'), 0)::bigint
      - coalesce((SELECT sum(qty) FROM bill_match m WHERE m.receipt_id = l.receipt_id AND m.receipt_line_no = l.line_no), 0)::bigint AS qty
    FROM goods_receipt_line l WHERE l.receipt_id = ${receiptId} AND l.line_no = ${receiptLineNo}`
  return row!.qty
}

/** What the order's line of a bill's line says, locked: two bills of one order wait for each other. */
export async function orderedOf(
  tx: Tx,
  purchaseLineIds: readonly bigint[],
): Promise<
  Map<bigint, { qty: bigint; billedBefore: bigint; unitPriceMinor: bigint; pricePer: bigint }>
> {
  if (purchaseLineIds.length === 0) return new Map()
  const rows = await tx<
    {
      id: bigint
      qty: bigint
      billedBefore: bigint
      unitPriceMinor: bigint
      pricePer: bigint
    }[]
  >`
    SELECT id, qty_ordered + qty_replacing - qty_cancelled - qty_rejected - coalesce((SELECT sum(v.unbilled_qty) FROM vendor_return_line v
        JOIN goods_receipt_line g ON g.receipt_id = v.receipt_id AND g.line_no = v.receipt_line_no
        WHERE g.purchase_order_line_id = p.id AND v.state = 'shipped' AND v.condition = 'sellable'), 0)::bigint AS qty,
      qty_billed AS "billedBefore", unit_price_minor AS "unitPriceMinor", price_per AS "pricePer"
    FROM purchase_order_line p WHERE id = ANY(${purchaseLineIds.map(String)}::bigint[]) ORDER BY id FOR UPDATE OF p`
  return new Map(rows.map(({ id, ...ordered }) => [id, ordered]))
}
