import type { Tx } from '#db/client'
import { receiptLineKey } from '#domain/ledger/posting-bills'
import { takeBooked } from '#domain/ledger/open-value'
import { divideRounded } from '#domain/money'
import { consumeLayers, type LayerUse, type OpenLayer } from '#domain/valuation'
import { unbilledUnits } from './bill-receipts.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { json } from './records.ts'

/** Units of a receipt line that leave for its supplier. */
export interface ReturnedUnits {
  entityId: number
  siteId: number
  receiptId: bigint
  receiptLineNo: number
  itemId: number
  condition: string
  qty: bigint
  currency: string
  causeId: string
  effectiveOn: string
}

export interface ReturnedLayer extends LayerUse {
  account: 'Inventory' | 'Quarantine'
}

/**
 * Takes the cost of the very units, as far as it is left: the receipt line's own layers first, then
 * in rank order. The caller holds the position's lock.
 */
export async function takeReturnedCost(tx: Tx, units: ReturnedUnits): Promise<ReturnedLayer[]> {
  const { receiptId, receiptLineNo, itemId, siteId, condition, causeId, effectiveOn } = units
  const layers = await tx<(OpenLayer & { inQuarantine: boolean })[]>`
    SELECT l.id AS "layerId", l.remaining_qty AS "remainingQty", l.remaining_minor AS "remainingMinor",
      EXISTS (SELECT FROM journal_line j WHERE j.layer_id = l.id AND j.account_id = 1320 AND j.func_minor > 0) AS "inQuarantine"
    FROM cost_layer l WHERE l.item_id = ${itemId} AND l.site_id = ${siteId} AND l.condition = ${condition} AND l.remaining_qty > 0
    ORDER BY (l.source_type = 'receipt' AND l.source_id = ${`${receiptId}/${receiptLineNo}`} OR l.source_type = 'inspection' AND l.source_id IN (
      SELECT id::text FROM goods_inspection WHERE receipt_id = ${receiptId} AND receipt_line_no = ${receiptLineNo})) DESC, l.ranked_on, l.id`
  const uses = consumeLayers(layers, units.qty)
  await tx`
    INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
    SELECT "layerId", qty, "valueMinor", 'vendor-return', ${causeId}, ${effectiveOn}
    FROM jsonb_to_recordset(${json(tx, uses)}) AS u ("layerId" bigint, qty bigint, "valueMinor" bigint)`
  const aside = new Set(layers.filter((layer) => layer.inQuarantine).map((layer) => layer.layerId))
  return uses.map((use) => ({
    ...use,
    account: aside.has(use.layerId) ? 'Quarantine' : 'Inventory',
  }))
}

/** What a supplier was owed, or has billed, for units that go back. */
export interface OwedForReturn {
  unbilledQty: bigint
  grniMinor: bigint
  grniFuncMinor: bigint
  creditMinor: bigint
}

/**
 * Units that no bill has matched go back first and are simply not owed any more; for the others the
 * supplier is to credit what its bills took for them. Under the open item's lock, as bills match.
 */
export async function owedForReturn(tx: Tx, units: ReturnedUnits): Promise<OwedForReturn> {
  const { entityId, currency, receiptId, receiptLineNo, qty } = units
  const key = receiptLineKey(receiptId, receiptLineNo)
  const account = 'GoodsReceivedNotInvoiced'
  const item = await lockOpenItem(tx, { entityId, account, currency, key })
  const waiting = await unbilledUnits(tx, units)
  const left = waiting > 0n ? waiting : 0n
  const unbilledQty = qty < left ? qty : left
  const open = { amountMinor: -(item?.balanceMinor ?? 0n), funcMinor: -(item?.funcMinor ?? 0n) }
  const grniMinor =
    unbilledQty === left ? open.amountMinor : divideRounded(open.amountMinor * unbilledQty, left)
  const none = left === 0n
  return {
    unbilledQty,
    grniMinor: none ? 0n : grniMinor,
    grniFuncMinor: none ? 0n : takeBooked(open, grniMinor),
    creditMinor: await billedFor(tx, units, qty - unbilledQty),
  }
}

/** What bills have taken for so many of the line's units, without those that have gone back before. */
async function billedFor(
  tx: Tx,
  { receiptId, receiptLineNo }: ReturnedUnits,
  qty: bigint,
): Promise<bigint> {
  if (qty === 0n) return 0n
  const [billed] = await tx<{ qty: bigint; minor: bigint }[]>`
    SELECT (coalesce(sum(qty), 0) - (SELECT coalesce(sum(v.qty - v.unbilled_qty), 0) FROM vendor_return_line v
        WHERE v.receipt_id = ${receiptId} AND v.receipt_line_no = ${receiptLineNo} AND v.state = 'shipped'))::bigint AS qty,
      (coalesce(sum(billed_minor), 0) - (SELECT coalesce(sum(v.credit_minor), 0) FROM vendor_return_line v
        WHERE v.receipt_id = ${receiptId} AND v.receipt_line_no = ${receiptLineNo} AND v.state = 'shipped'))::bigint AS minor
    FROM bill_match WHERE receipt_id = ${receiptId} AND receipt_line_no = ${receiptLineNo}`
  if (billed!.qty <= 0n) return 0n
  return qty >= billed!.qty ? billed!.minor : divideRounded(billed!.minor * qty, billed!.qty)
}
