import type { InspectGoods } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { judgeGoods } from '#db/stores/inspections'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import { Refusal } from '#domain/refusal'

/**
 * Somebody has looked at goods that wait: what is accepted may be sold, what is not goes back.
 * @throws Refusal `ReceiptNotFound`, `DecidedByCase`, and those of judging
 */
export async function inspectGoods(
  tx: Tx,
  order: PurchaseOrder,
  command: InspectGoods & { today: string },
): Promise<void> {
  const [receipt] = await tx<{ id: bigint }[]>`
    SELECT id FROM goods_receipt WHERE receipt_no = ${command.receiptNo} AND purchase_order_id = ${order.id}`
  if (!receipt)
    throw new Refusal('ReceiptNotFound', `${order.poNumber} has no receipt ${command.receiptNo}.`)
  const { actor } = command
  for (const [n, line] of command.lines.entries()) {
    const [waiting] = await tx`
      SELECT 1 FROM receipt_discrepancy WHERE receipt_id = ${receipt.id} AND receipt_line_no = ${line.receiptLineNo} AND resolution IS NULL AND kind <> 'short'`
    if (waiting)
      throw new Refusal(
        'DecidedByCase',
        `Line ${line.receiptLineNo} is not as ordered: its case says what becomes of it.`,
        { field: `body.lines.${n}.receiptLineNo` },
      )
    await judgeGoods(tx, {
      ...{ receiptId: receipt.id, receiptLineNo: line.receiptLineNo, scrapped: 0n },
      ...{ accepted: BigInt(line.accepted), rejected: BigInt(line.rejected) },
      ...(line.rejectedLots ? { rejectedLots: line.rejectedLots } : {}),
      ...{ reason: line.reason ?? null, on: command.inspectedOn ?? command.today, actor },
    })
  }
}
