import type { RequestedVendorReturn } from '#contracts/vendor-return'
import type { Tx } from '#db/client'
import { receiveGoods } from '#db/stores/goods-receipts'
import { judgeGoods } from '#db/stores/inspections'
import { changeLine, lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { addToOutbox } from '#db/stores/records'
import { lotsInHand } from '#db/stores/tracked-goods'
import type { Resolution } from '#domain/orders/exceptions'
import { invariant, Refusal } from '#domain/refusal'
import { closePurchaseShort } from './close.ts'
import type { Deciding } from './resolve.ts'
import { expectLines } from './supply.ts'

interface OpenDiscrepancy {
  id: bigint
  receiptId: bigint
  receiptNo: string
  receiptLineNo: number
  siteId: number
  itemId: number
  lineId: bigint | null
  kind: 'short' | 'over' | 'damaged' | 'wrong' | 'shelf-life'
  qty: bigint
}

const OUTCOME: Partial<Record<Resolution, string>> = {
  accept: 'accepted',
  return: 'returned',
  'credit-claim': 'credit-claimed',
  replace: 'replaced',
  scrap: 'scrapped',
  wait: 'waiting',
  'close-short': 'closed-short',
}

/** What becomes of goods that are not as ordered: on the shelf, back, sent again, or lost. */
export async function decideDiscrepancy(
  tx: Tx,
  order: PurchaseOrder,
  deciding: Deciding,
): Promise<void> {
  const { command, found, actor } = deciding
  const { resolution } = command
  const one = await discrepancyOf(tx, found.id)
  if (one.kind === 'shelf-life' && resolution === 'accept') await refuseExpired(tx, one)
  if (one.kind === 'short') {
    if (resolution === 'close-short') await closeLine(tx, order, one, deciding)
  } else if (one.kind === 'wrong' && resolution === 'accept')
    await takeWrong(tx, order, one, deciding)
  else if (resolution === 'credit-claim') await claimCredit(tx, order, one, deciding)
  else await judge(tx, one, deciding)
  if (resolution === 'replace') await sendAgain(tx, order, one, deciding)
  await tx`
    UPDATE receipt_discrepancy SET resolution = ${OUTCOME[resolution] ?? null}, resolved_by = ${actor}, resolved_at = clock_timestamp() WHERE id = ${one.id}`
}

async function discrepancyOf(tx: Tx, caseId: bigint): Promise<OpenDiscrepancy> {
  const [one] = await tx<OpenDiscrepancy[]>`
    SELECT d.id, d.receipt_id AS "receiptId", r.receipt_no AS "receiptNo", d.receipt_line_no AS "receiptLineNo", r.site_id AS "siteId", l.item_id AS "itemId",
      d.purchase_order_line_id AS "lineId", d.kind, d.qty
    FROM receipt_discrepancy d JOIN goods_receipt r ON r.id = d.receipt_id JOIN goods_receipt_line l ON l.receipt_id = d.receipt_id AND l.line_no = d.receipt_line_no
    WHERE d.case_id = ${caseId} FOR UPDATE OF d`
  invariant(one, `case ${caseId} is about a discrepancy`)
  return one
}

/** @throws Refusal `LotExpired`: such units could never leave again. */
async function refuseExpired(tx: Tx, one: OpenDiscrepancy): Promise<void> {
  const [expired] = await tx<{ lot: string; expiresOn: string }[]>`
    SELECT l.code AS lot, l.expires_on AS "expiresOn" FROM goods_receipt_lot g JOIN lot l ON l.item_id = ${one.itemId} AND l.code = g.lot
    WHERE g.receipt_id = ${one.receiptId} AND g.line_no = ${one.receiptLineNo} AND l.expires_on <= current_date ORDER BY 1 LIMIT 1`
  if (expired)
    throw new Refusal(
      'LotExpired',
      `Lot ${expired.lot} expired on ${expired.expiresOn}: nobody may be sent any of it. Send it back, or scrap it.`,
    )
}

async function judge(
  tx: Tx,
  { receiptId, receiptLineNo, qty }: OpenDiscrepancy,
  { command, reason, today, actor }: Deciding,
): Promise<void> {
  const { resolution } = command
  await judgeGoods(tx, {
    ...{ receiptId, receiptLineNo, reason, on: today, actor },
    accepted: resolution === 'accept' ? qty : 0n,
    rejected: resolution === 'return' || resolution === 'replace' ? qty : 0n,
    scrapped: resolution === 'scrap' ? qty : 0n,
  })
}

/**
 * The units go back by a return of their own, which claims the supplier's credit for what is billed
 * of them; until they leave, nobody judges them.
 */
async function claimCredit(
  tx: Tx,
  order: PurchaseOrder,
  { id, receiptNo, receiptLineNo, qty, siteId }: OpenDiscrepancy,
  { reason, actor }: Deciding,
): Promise<void> {
  const [site] = await tx<{ code: string }[]>`SELECT code FROM site WHERE id = ${siteId}`
  const returnNo = `CLAIM-${order.poNumber}-${id}`
  const request: RequestedVendorReturn = {
    ...{ returnNo, receiptNo, site: site!.code, reason, actor, key: `discrepancy/${id}` },
    lines: [{ receiptLineNo, qty: `${qty}` }],
  }
  await addToOutbox(tx, [{ topic: 'vendor-return-wanted', key: returnNo, body: { ...request } }])
}

/** Another item than was ordered stays with us: received anew, at the price that was agreed for it. */
async function takeWrong(
  tx: Tx,
  order: PurchaseOrder,
  one: OpenDiscrepancy,
  { command, reason, today, actor }: Deciding,
): Promise<void> {
  const price = String(command.params?.['unitCostMinor'] ?? '')
  if (!/^\d{1,15}$/.test(price))
    throw new Refusal(
      'PriceMissing',
      `Say in params.unitCostMinor what a unit costs, in ${order.functionalCurrency}.`,
      { field: 'body.params.unitCostMinor' },
    )
  const { receiptId, receiptLineNo, qty } = one
  const lots = await lotsInHand(tx, one)
  await judgeGoods(tx, {
    ...{ receiptId, receiptLineNo, reason, on: today, actor },
    ...{ accepted: 0n, rejected: qty, scrapped: 0n },
  })
  await receiveGoods(tx, {
    ...{ receiptNo: `${one.receiptNo}/${receiptLineNo}`, entityId: order.entityId },
    ...{ functionalCurrency: order.functionalCurrency, siteId: one.siteId },
    ...{ supplier: order.party, receivedOn: today, actor },
    lines: [
      {
        ...{ itemId: one.itemId, expectedQty: 0n, receivedQty: qty },
        ...{ unitCostMinor: BigInt(price), reason, lots },
      },
    ],
  })
}

async function sendAgain(
  tx: Tx,
  order: PurchaseOrder,
  { lineId, qty }: OpenDiscrepancy,
  { actor, key }: Deciding,
): Promise<void> {
  if (lineId !== null) await changeLine(tx, lineId, { replacing: qty })
  const reason = 'the supplier sends replacements'
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, key, reason })
}

async function closeLine(
  tx: Tx,
  order: PurchaseOrder,
  { lineId }: OpenDiscrepancy,
  { actor, key, reason }: Deciding,
): Promise<void> {
  const line = order.lines.find(({ id }) => id === lineId)
  if (!line || line.open === 0n) return
  await closePurchaseShort(tx, order, { actor, key, reason, lineNos: [line.lineNo] })
}
