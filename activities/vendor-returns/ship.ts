import type { CancelVendorReturn, ShipVendorReturn } from '#contracts/vendor-return'
import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { takeFromBins } from '#db/stores/bins'
import { postEntries } from '#db/stores/ledger'
import { addToOutbox } from '#db/stores/records'
import { owedForReturn, takeReturnedCost, type ReturnedUnits } from '#db/stores/returned-goods'
import { lockPositions, moveStock } from '#db/stores/stock'
import { lotsInHand } from '#db/stores/tracked-goods'
import {
  cancelReturnLines,
  endReturnReservations,
  keepShippedLine,
  type VendorReturnDoc,
  type VendorReturnLine,
} from '#db/stores/vendor-returns'
import {
  postVendorReturnShipped,
  type VendorReturnLineShipped,
} from '#domain/ledger/posting-vendor-returns'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { takeLots } from '#domain/stock/lots'

interface Leaving {
  on: string
  actor: string
  reason: string
}

/**
 * The goods leave: stock, their cost, what was owed for them and what the supplier is to credit
 * move in this transaction. Telling it again under the same reference changes nothing.
 * @throws Refusal `ReturnNotOpen`
 */
export async function shipUnits(
  tx: Tx,
  doc: VendorReturnDoc,
  command: ShipVendorReturn & { today: string },
): Promise<void> {
  const { reference, actor, shippedOn: on = command.today } = command
  if (doc.reference === reference) return
  requireRequested(doc)
  const { currency, functionalCurrency } = doc
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on })
  await lockPositions(
    tx,
    doc.lines.map((line) => line.itemId),
    [doc.siteId],
  )
  await endReturnReservations(tx, doc.id)
  const shipped: VendorReturnLineShipped[] = []
  for (const line of doc.lines)
    shipped.push(await shipLine(tx, doc, line, { on, actor, reason: `return ${doc.no}` }))
  const worth = (each: VendorReturnLineShipped) =>
    sum(each.from.map((layer) => layer.costMinor)) + each.grniFuncMinor + each.creditMinor
  doc.reference = reference
  doc.shippedOn = on
  await tellPurchase(tx, doc)
  if (sum(shipped.map(worth)) === 0n) return
  const entry = postVendorReturnShipped({
    ...{ returnNo: doc.no, entity: doc.entityId, party: doc.party, shippedOn: on },
    ...{ currency, functionalCurrency, rateE9, lines: shipped },
  })
  await postEntries(tx, [entry], actor)
}

/** Units that were set aside have been judged by leaving: the order that they were for may be over. */
async function tellPurchase(tx: Tx, { receiptId, no }: VendorReturnDoc): Promise<void> {
  const [order] = await tx<{ workflowId: string }[]>`
    SELECT p.workflow_id AS "workflowId" FROM goods_receipt r JOIN purchase_order p ON p.id = r.purchase_order_id WHERE r.id = ${receiptId}`
  if (!order) return
  const body = { ...order, cause: `return/${no}` }
  await addToOutbox(tx, [{ topic: 'look-again', key: `vendor-return/${no}`, body }])
}

async function shipLine(
  tx: Tx,
  doc: VendorReturnDoc,
  line: VendorReturnLine,
  leaving: Leaving,
): Promise<VendorReturnLineShipped> {
  const { receiptLineNo, itemId, condition, qty } = line
  const { entityId, siteId, receiptId, currency } = doc
  const causeId = `${doc.no}/${receiptLineNo}`
  const units = { entityId, siteId, receiptId, receiptLineNo, itemId, condition, qty, currency }
  const returned: ReturnedUnits = { ...units, causeId, effectiveOn: leaving.on }
  const owed = await owedForReturn(tx, returned)
  await moveOut(tx, returned, leaving)
  const layers = await takeReturnedCost(tx, returned)
  const costMinor = sum(layers.map((layer) => layer.valueMinor))
  const { unbilledQty, grniMinor, creditMinor } = owed
  await keepShippedLine(tx, { lineId: line.id, unbilledQty, grniMinor, creditMinor, costMinor })
  // Only now: units that are still asked back count for the guard of judgements too.
  if (condition !== 'sellable') await countAsRejected(tx, returned, owed, leaving)
  line.state = 'shipped'
  return {
    ...owed,
    receiptLineId: `${receiptId}/${receiptLineNo}`,
    itemId,
    siteId,
    from: layers.map(({ valueMinor, ...layer }) => ({
      ...layer,
      ...{ itemId, siteId, condition, costMinor: valueMinor },
    })),
  }
}

async function moveOut(
  tx: Tx,
  returned: ReturnedUnits,
  { on, actor, reason }: Leaving,
): Promise<void> {
  const { itemId, siteId, condition, qty, causeId } = returned
  const inHand = await lotsInHand(tx, returned)
  const lots = inHand.map(({ lot }) => lot)
  const cause = { causeType: 'vendor-return', causeId, actor, reason, effectiveOn: on }
  if (condition === 'sellable')
    return takeFromBins(tx, siteId, [{ itemId, qty, lots }], { kind: 'issue', ...cause })
  const from = { fromSiteId: siteId, fromCondition: condition }
  const units = inHand.length > 0 ? takeLots(inHand, qty) : [{ lot: '', qty }]
  await moveStock(
    tx,
    units.map((of) => ({
      ...{ itemId, qty: of.qty, fromLot: of.lot, kind: 'issue' as const, ...from, ...cause },
    })),
  )
}

/** Units that nobody had judged are rejected by leaving; the order's line counts them. */
async function countAsRejected(
  tx: Tx,
  { receiptId, receiptLineNo, qty }: ReturnedUnits,
  owed: { grniMinor: bigint; grniFuncMinor: bigint },
  { on, actor, reason }: Leaving,
): Promise<void> {
  await tx`
    INSERT INTO goods_inspection (receipt_id, receipt_line_no, accepted_qty, rejected_qty, rejected_goods_minor, rejected_value_minor, reason, inspected_on, actor)
    VALUES (${receiptId}, ${receiptLineNo}, 0, ${qty}, ${owed.grniMinor}, ${owed.grniFuncMinor}, ${reason}, ${on}, ${actor})`
}

/**
 * The units stay, and may be sold, judged and asked back again.
 * @throws Refusal `ReturnNotOpen` once they have left.
 */
export async function cancelReturn(
  tx: Tx,
  doc: VendorReturnDoc,
  { actor }: CancelVendorReturn,
): Promise<void> {
  requireRequested(doc)
  await endReturnReservations(tx, doc.id)
  await cancelReturnLines(tx, doc.id)
  doc.cancelledBy = actor
}

function requireRequested({ no, phase }: VendorReturnDoc): void {
  if (phase !== 'requested')
    throw new Refusal(
      'ReturnNotOpen',
      `Return ${no} is ${phase}: its units have left, or stay. Read it, or ask for another return.`,
    )
}
