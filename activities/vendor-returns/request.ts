import type { RequestedVendorReturn } from '#contracts/vendor-return'
import type { Tx } from '#db/client'
import {
  insertVendorReturn,
  lockVendorReturn,
  type ReturnableLine,
  type VendorReturnDoc,
} from '#db/stores/vendor-returns'
import { Refusal } from '#domain/refusal'

interface Receipt {
  id: bigint
  entityId: number
  functionalCurrency: string
  siteId: number
  party: string
}

/**
 * Takes a return in and holds its units: those that the receipt set aside and nobody has judged,
 * otherwise units on the shelf.
 * @throws Refusal `ReturnExists`, `ReceiptNotFound`, `UnknownReceiptLine`, `ReturnCurrencies`,
 * `ReturnedTooMuch` and `StockReserved` by the guards.
 */
export async function takeRequest(
  tx: Tx,
  request: RequestedVendorReturn,
  workflowId: string,
): Promise<VendorReturnDoc> {
  const { returnNo, receiptNo, reason, actor } = request
  const known = await tx`SELECT 1 FROM vendor_return WHERE return_no = ${returnNo}`
  if (known.length > 0)
    throw new Refusal(
      'ReturnExists',
      `There is a return ${returnNo}. Read it, or ask under a new number.`,
      { field: 'body.returnNo' },
    )
  const receipt = await receiptOf(tx, receiptNo)
  const returnable = await returnableLines(tx, receipt.id)
  const lines = request.lines.map(({ receiptLineNo, qty: asked }, n) => {
    const line = returnable.get(receiptLineNo)
    if (!line)
      throw new Refusal(
        'UnknownReceiptLine',
        `Receipt ${receiptNo} has no line ${receiptLineNo}. Name one that it has.`,
        { field: `body.lines.${n}.receiptLineNo` },
      )
    const qty = BigInt(asked)
    const aside = line.condition !== 'sellable' && line.unjudged >= qty
    const condition = aside ? line.condition : 'sellable'
    const currency = line.currency ?? receipt.functionalCurrency
    return { receiptLineNo, itemId: line.itemId, condition, qty, currency }
  })
  const id = await insertVendorReturn(tx, {
    ...{ no: returnNo, workflowId, reason, requestedBy: actor, lines },
    ...{ entityId: receipt.entityId, siteId: receipt.siteId, receiptId: receipt.id },
    ...{ party: receipt.party, currency: oneCurrency(lines) },
  })
  return lockVendorReturn(tx, id)
}

async function receiptOf(tx: Tx, receiptNo: string): Promise<Receipt> {
  const [receipt] = await tx<Receipt[]>`
    SELECT r.id, r.entity_id AS "entityId", e.functional_currency AS "functionalCurrency", r.site_id AS "siteId", coalesce(s.party, r.supplier) AS party
    FROM goods_receipt r JOIN entity e ON e.id = r.entity_id LEFT JOIN supplier s ON s.id = r.supplier_id WHERE r.receipt_no = ${receiptNo}`
  if (!receipt)
    throw new Refusal(
      'ReceiptNotFound',
      `There is no receipt ${receiptNo}. Name one that exists.`,
      {
        field: 'body.receiptNo',
      },
    )
  return receipt
}

/** What may lie set aside; who asks at the same moment is told apart by the guard of the lines. */
async function returnableLines(tx: Tx, receiptId: bigint): Promise<Map<number, ReturnableLine>> {
  const rows = await tx<ReturnableLine[]>`
    SELECT l.line_no AS "lineNo", l.item_id AS "itemId", l.condition, l.currency, (l.received_qty
      - coalesce((SELECT sum(accepted_qty + rejected_qty) FROM goods_inspection i WHERE i.receipt_id = l.receipt_id AND i.receipt_line_no = l.line_no), 0)
      - coalesce((SELECT sum(qty) FROM vendor_return_line v WHERE v.receipt_id = l.receipt_id AND v.receipt_line_no = l.line_no
          AND v.state = 'requested' AND v.condition <> 'sellable'), 0))::bigint AS unjudged
    FROM goods_receipt_line l WHERE l.receipt_id = ${receiptId}`
  return new Map(rows.map((row) => [row.lineNo, row]))
}

function oneCurrency(lines: readonly { currency: string }[]): string {
  const [first, ...others] = new Set(lines.map((line) => line.currency))
  if (others.length > 0)
    throw new Refusal(
      'ReturnCurrencies',
      `The lines are billed in ${[first, ...others].join(' and ')}. Ask for one return a currency.`,
      { field: 'body.lines' },
    )
  return first!
}
