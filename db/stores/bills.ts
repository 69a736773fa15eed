import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

/** A bill with its lines, locked until the transaction ends. */
export interface VendorBill {
  id: bigint
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  supplierId: number
  supplier: string
  party: string
  workflowId: string
  number: string
  kind: 'goods' | 'landed-cost'
  billedOn: string
  dueOn: string
  discountPpm: number
  discountUntil: string | null
  currency: string
  poNumber: string | null
  netMinor: bigint
  taxMinor: bigint
  grossMinor: bigint
  basis: 'quantity' | 'value' | 'weight' | 'volume' | 'equal' | 'manual' | null
  clearsEstimate: boolean
  capturedBy: string
  distinctFrom: bigint[]
  approvedBy: string | null
  postedOn: string | null
  postedMinor: bigint | null
  rejectedAt: string | null
  paidAt: string | null
  version: number
  closedAt: string | null
  lines: BillLine[]
  taxes: BillTax[]
}

export interface BillLine {
  lineNo: number
  kind: 'goods' | 'charge'
  itemId: number | null
  sku: string | null
  vendorSku: string | null
  description: string
  qty: bigint
  netMinor: bigint
  poNumber: string | null
  receiptNo: string | null
  purchaseLineId: bigint | null
  acceptedQty: bigint | null
  acceptedNetMinor: bigint | null
  priceApprovedBy: string | null
  qtyApprovedBy: string | null
}

export interface BillTax {
  jurisdiction: string
  taxCode: string
  taxMinor: bigint
  postedMinor: bigint | null
}

/** @throws Refusal `BillNotFound`, or `StaleVersion` when the caller saw an earlier state. */
export async function lockBill(
  tx: Tx,
  billId: string | bigint,
  expectedVersion?: number,
): Promise<VendorBill> {
  const [bill] = await tx<Omit<VendorBill, 'lines' | 'taxes'>[]>`
    SELECT b.id, b.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone, b.supplier_id AS "supplierId",
      s.code AS supplier, s.party, b.workflow_id AS "workflowId", b.bill_number AS number, b.kind, b.billed_on AS "billedOn", b.due_on AS "dueOn",
      b.discount_ppm AS "discountPpm", b.discount_until AS "discountUntil", b.currency, b.po_number AS "poNumber", b.net_minor AS "netMinor",
      b.tax_minor AS "taxMinor", b.gross_minor AS "grossMinor", b.basis, b.clears_estimate AS "clearsEstimate", b.captured_by AS "capturedBy",
      b.distinct_from AS "distinctFrom", b.approved_by AS "approvedBy", b.posted_on AS "postedOn", b.posted_minor AS "postedMinor",
      b.rejected_at AS "rejectedAt", b.paid_at AS "paidAt", b.version, b.closed_at AS "closedAt"
    FROM vendor_bill b JOIN entity e ON e.id = b.entity_id JOIN supplier s ON s.id = b.supplier_id WHERE b.id = ${BigInt(billId)} FOR NO KEY UPDATE OF b`
  if (!bill) throw new Refusal('BillNotFound', `There is no bill ${billId}: capture it first.`)
  if (expectedVersion !== undefined && expectedVersion !== bill.version)
    throw new Refusal(
      'StaleVersion',
      `Bill ${bill.number} has changed since (version ${bill.version}): read it again, then decide.`,
    )
  const lines = await tx<BillLine[]>`
    SELECT line_no AS "lineNo", kind, item_id AS "itemId", sku, vendor_sku AS "vendorSku", description, qty, net_minor AS "netMinor", po_number AS "poNumber",
      receipt_no AS "receiptNo", purchase_order_line_id AS "purchaseLineId", accepted_qty AS "acceptedQty", accepted_net_minor AS "acceptedNetMinor",
      price_approved_by AS "priceApprovedBy", qty_approved_by AS "qtyApprovedBy"
    FROM vendor_bill_line WHERE bill_id = ${bill.id} ORDER BY line_no`
  const taxes = await tx<BillTax[]>`
    SELECT jurisdiction, tax_code AS "taxCode", tax_minor AS "taxMinor", posted_minor AS "postedMinor" FROM vendor_bill_tax WHERE bill_id = ${bill.id} ORDER BY 1, 2`
  return { ...bill, distinctFrom: bill.distinctFrom.map(BigInt), lines, taxes }
}

/** Ties each line to the purchase order's line that it names, by item or by the vendor's own number. */
export async function tieToOrders(tx: Tx, bill: VendorBill): Promise<void> {
  await tx`
    UPDATE vendor_bill_line l SET purchase_order_line_id = found.id, item_id = coalesce(l.item_id, found.item_id)
    FROM (
      SELECT DISTINCT ON (l.line_no) l.line_no, p.id, p.item_id FROM vendor_bill_line l
      JOIN purchase_order o ON o.po_number = coalesce(l.po_number, ${bill.poNumber}) AND o.supplier_id = ${bill.supplierId} AND o.currency = ${bill.currency}
      JOIN purchase_order_line p ON p.purchase_order_id = o.id AND (p.item_id = l.item_id OR l.item_id IS NULL AND p.vendor_sku = l.vendor_sku)
      WHERE l.bill_id = ${bill.id} AND l.kind = 'goods' AND l.purchase_order_line_id IS NULL
      ORDER BY l.line_no, p.qty_received - p.qty_billed > 0 DESC, p.line_no) found
    WHERE l.bill_id = ${bill.id} AND l.line_no = found.line_no`
  const tied = await tx<{ lineNo: number; id: bigint | null; itemId: number | null }[]>`
    SELECT line_no AS "lineNo", purchase_order_line_id AS id, item_id AS "itemId" FROM vendor_bill_line WHERE bill_id = ${bill.id}`
  for (const line of bill.lines) {
    const found = tied.find(({ lineNo }) => lineNo === line.lineNo)!
    line.purchaseLineId = found.id
    line.itemId = found.itemId
  }
}

export interface NewMatch {
  lineNo: number
  kind: 'received' | 'ahead' | 'arrived'
  receiptId: bigint | null
  receiptLineNo: number | null
  qty: bigint
  receivedMinor: bigint
  billedMinor: bigint
}

export async function insertMatches(
  tx: Tx,
  bill: VendorBill,
  matches: readonly NewMatch[],
  by: { actor: string; today: string },
): Promise<void> {
  if (matches.length === 0) return
  await tx`INSERT INTO bill_match ${tx(
    matches.map((match) => ({
      bill_id: bill.id,
      line_no: match.lineNo,
      kind: match.kind,
      receipt_id: match.receiptId,
      receipt_line_no: match.receiptLineNo,
      qty: match.qty,
      received_minor: match.receivedMinor,
      billed_minor: match.billedMinor,
      actor: by.actor,
      matched_on: by.today,
    })),
  )}`
}

/** What of each line is billed ahead and has not come, with what the bill asks for it. */
export async function billedAhead(
  tx: Tx,
  bill: VendorBill,
): Promise<{ lineNo: number; qty: bigint; billedMinor: bigint; since: string }[]> {
  return tx<{ lineNo: number; qty: bigint; billedMinor: bigint; since: string }[]>`
    SELECT line_no AS "lineNo", sum(CASE kind WHEN 'ahead' THEN qty ELSE -qty END)::bigint AS qty,
      sum(CASE kind WHEN 'ahead' THEN billed_minor ELSE -billed_minor END)::bigint AS "billedMinor", min(recorded_at) AS since
    FROM bill_match WHERE bill_id = ${bill.id} AND kind IN ('ahead', 'arrived') GROUP BY line_no
    HAVING sum(CASE kind WHEN 'ahead' THEN qty ELSE -qty END) > 0 ORDER BY line_no`
}

/** A person's word on lines: approved as they are, or paid only in part. */
export async function decideLines(
  tx: Tx,
  bill: VendorBill,
  lines: readonly Pick<
    BillLine,
    'lineNo' | 'acceptedQty' | 'acceptedNetMinor' | 'priceApprovedBy' | 'qtyApprovedBy'
  >[],
): Promise<void> {
  for (const line of lines)
    await tx`
      UPDATE vendor_bill_line SET accepted_qty = ${line.acceptedQty}, accepted_net_minor = ${line.acceptedNetMinor},
        price_approved_by = ${line.priceApprovedBy}, qty_approved_by = ${line.qtyApprovedBy}
      WHERE bill_id = ${bill.id} AND line_no = ${line.lineNo}`
}

/** Names the order, or the receipt, that lines are for. */
export async function attachLines(
  tx: Tx,
  bill: VendorBill,
  to: { lineNos: readonly number[]; poNumber?: string; receiptNo?: string },
): Promise<void> {
  await tx`
    UPDATE vendor_bill_line SET po_number = coalesce(${to.poNumber ?? null}, po_number), receipt_no = coalesce(${to.receiptNo ?? null}, receipt_no)
    WHERE bill_id = ${bill.id} AND line_no = ANY(${[...to.lineNos]}::int[])`
  for (const line of bill.lines.filter(({ lineNo }) => to.lineNos.includes(lineNo))) {
    line.poNumber = to.poNumber ?? line.poNumber
    line.receiptNo = to.receiptNo ?? line.receiptNo
  }
}

export async function keepStanding(
  tx: Tx,
  bill: VendorBill,
  standing: { phase: string; waitingFor: string; open: boolean },
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE vendor_bill SET phase = ${standing.phase}, waiting_for = ${standing.waitingFor}, version = version + 1,
      distinct_from = ${bill.distinctFrom.map(String)}::bigint[], approved_by = ${bill.approvedBy}, posted_on = ${bill.postedOn}, posted_minor = ${bill.postedMinor},
      rejected_at = ${bill.rejectedAt}, closed_at = ${standing.open ? null : tx`coalesce(closed_at, clock_timestamp())`}
    WHERE id = ${bill.id} RETURNING version`
  return row!.version
}
