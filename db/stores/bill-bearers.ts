import type { Tx } from '#db/client'
import { apportion } from '#domain/apportion'
import type { SpreadDifference } from '#domain/ledger/posting-bills'
import type { VendorBill } from './bills.ts'
import { lockItems, spreadOver } from './later-cost.ts'

/**
 * What a discount or a credit takes off a bill makes the goods cheaper, or the freight, of the very
 * receipts that the bill was for. Functional minor units, below zero.
 */
export async function spreadOverBill(
  tx: Tx,
  bill: VendorBill,
  totalMinor: bigint,
): Promise<SpreadDifference> {
  const soldTo = bill.kind === 'landed-cost' ? 'LandedCostTrueUp' : 'PriceVariance'
  if (totalMinor === 0n) return { soldTo, shares: [] }
  const bearers = await tx<
    { receiptId: bigint; receiptLineNo: number; itemId: number; weight: bigint }[]
  >`
    SELECT m.receipt_id AS "receiptId", m.receipt_line_no AS "receiptLineNo", l.item_id AS "itemId", sum(m.weight)::bigint AS weight FROM (
      SELECT receipt_id, receipt_line_no, billed_minor AS weight FROM bill_match WHERE bill_id = ${bill.id} AND receipt_id IS NOT NULL
      UNION ALL SELECT receipt_id, receipt_line_no, share_minor FROM landed_cost_allocation WHERE bill_id = ${bill.id} AND share_minor > 0) m
    JOIN goods_receipt_line l ON l.receipt_id = m.receipt_id AND l.line_no = m.receipt_line_no GROUP BY 1, 2, 3 ORDER BY 1, 2`
  await lockItems(
    tx,
    bearers.map(({ itemId }) => itemId),
  )
  const parts = apportion(
    totalMinor,
    bearers.map(({ weight }) => weight),
  )
  const shares: SpreadDifference['shares'][number][] = []
  for (const [n, bearer] of bearers.entries())
    shares.push(...(await spreadOver(tx, bearer, parts[n]!)))
  return { soldTo, shares }
}
