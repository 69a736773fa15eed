import type { Tx } from '#db/client'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import type { CaseType } from '#domain/orders/exceptions'
import { priceOf, type PurchaseLine } from '#domain/purchasing/order'
import { openPurchaseCase } from './cases.ts'

/** What of a receipt is not as ordered (INV-36). */
export interface Discrepancy {
  receiptLineNo: number
  /** Null for an item that nobody ordered. */
  line: PurchaseLine | null
  sku: string
  kind: 'short' | 'over' | 'damaged' | 'wrong' | 'shelf-life'
  qty: bigint
  note: string | null
  /** What the policy lets pass; else a person decides. */
  resolution: 'tolerated' | null
}

const CASE: Record<Discrepancy['kind'], CaseType> = {
  short: 'receipt-short',
  over: 'receipt-over',
  damaged: 'receipt-damaged',
  wrong: 'receipt-wrong',
  'shelf-life': 'receipt-shelf-life',
}

export async function noteDiscrepancies(
  tx: Tx,
  order: PurchaseOrder,
  found: readonly Discrepancy[],
  receipt: { receiptId: bigint; receiptNo: string; siteId: number; actor: string },
): Promise<void> {
  for (const one of found) {
    const [row] = await tx<{ id: bigint }[]>`
      INSERT INTO receipt_discrepancy (receipt_id, receipt_line_no, purchase_order_line_id, kind, qty, note, resolution, resolved_by, resolved_at)
      VALUES (${receipt.receiptId}, ${one.receiptLineNo}, ${one.line?.id ?? null}, ${one.kind}, ${one.qty}, ${one.note}, ${one.resolution},
        ${one.resolution && 'policy'}, CASE WHEN ${one.resolution}::text IS NOT NULL THEN clock_timestamp() END) RETURNING id`
    if (one.resolution) continue
    const caseId = await openPurchaseCase(tx, order, {
      ...{ type: CASE[one.kind], discriminator: `${row!.id}`, siteId: receipt.siteId },
      summary: `${one.qty} × ${one.sku} ${one.kind} in receipt ${receipt.receiptNo} of ${order.poNumber}`,
      evidence: {
        ...{ discrepancyId: row!.id, receiptNo: receipt.receiptNo, sku: one.sku },
        ...{ qty: one.qty, lineNo: one.line?.lineNo ?? null, note: one.note },
      },
      moneyAtRiskMinor: one.line ? priceOf(one.line, one.qty) : 0n,
      openedBy: `receipt ${receipt.receiptNo}`,
    })
    await tx`UPDATE receipt_discrepancy SET case_id = ${caseId} WHERE id = ${row!.id}`
  }
}
