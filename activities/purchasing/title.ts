import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { receiveGoods } from '#db/stores/goods-receipts'
import { judgeGoods } from '#db/stores/inspections'
import { lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import {
  ownedUnderWay,
  takeOffTheWay,
  takeTitle,
  type OutOfTransit,
  type TitleBooks,
} from '#db/stores/title-transit'
import { convertMinor } from '#domain/ledger/fx'
import { priceOf, type PurchaseLine } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import { openPurchaseCase } from './cases.ts'
import type { Deciding } from './resolve.ts'
import { expectLines, supplySource } from './supply.ts'

/** Whether goods of the order are ours from the supplier's ramp on, by its terms of delivery. */
export function passesAtOrigin(order: PurchaseOrder): boolean {
  const { titleAtOrigin = [] } = order.policies.purchasing.body
  return (
    order.shipsToOrderId === null &&
    order.incoterm !== null &&
    titleAtOrigin.includes(order.incoterm)
  )
}

async function booksOf(tx: Tx, order: PurchaseOrder, on: string): Promise<TitleBooks> {
  const { entityId, functionalCurrency, party, currency } = order
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on })
  return { entityId, functionalCurrency, party, currency, rateE9 }
}

/** Announced units are ours from the day on which they left, as far as they were ordered and are not ours yet. */
export async function passTitle(
  tx: Tx,
  order: PurchaseOrder,
  notice: { asnId: bigint; shippedOn: string; actor: string; lines: readonly Announced[] },
): Promise<void> {
  const { asnId, shippedOn: on, actor } = notice
  const books = await booksOf(tx, order, on)
  const known = await ownedUnderWay(
    tx,
    order.lines.map(({ id }) => id),
  )
  const lines = order.lines.flatMap((line) => {
    const told = notice.lines.reduce(
      (all, said) => (said.line === line ? all + BigInt(said.qty) : all),
      0n,
    )
    const ours = known.get(line.id) ?? 0n
    const qty = told < line.open - ours ? told : line.open - ours
    if (qty <= 0n) return []
    const before = line.received + ours
    const goodsMinor = priceOf(line, before + qty) - priceOf(line, before)
    const funcMinor = convertMinor(
      goodsMinor,
      books.currency,
      books.functionalCurrency,
      books.rateE9,
    )
    const { id: purchaseLineId, lineNo, itemId, siteId } = line
    return [{ purchaseLineId, lineNo, itemId, siteId, qty, goodsMinor, funcMinor }]
  })
  if (lines.length > 0) await takeTitle(tx, books, { asnId, on, actor, lines })
}

interface Announced {
  line: PurchaseLine
  qty: string
}

/** What of these units was ours already, at what it was booked at. */
export async function arriveFromTransit(
  tx: Tx,
  order: PurchaseOrder,
  arrival: {
    line: PurchaseLine
    qty: bigint
    asnId: bigint | null
    cause: string
    on: string
    actor: string
  },
): Promise<OutOfTransit> {
  const { line, ...taken } = arrival
  const books = await booksOf(tx, order, arrival.on)
  return takeOffTheWay(tx, books, { ...taken, purchaseLineId: line.id })
}

/** Lines with what of each is ours and under way; none where title passes here. */
export async function underWayOf(
  tx: Tx,
  order: PurchaseOrder,
): Promise<{ line: PurchaseLine; qty: bigint }[]> {
  if (!passesAtOrigin(order)) return []
  const ours = await ownedUnderWay(
    tx,
    order.lines.map(({ id }) => id),
  )
  return order.lines.flatMap((line) => {
    const qty = ours.get(line.id) ?? 0n
    return qty > 0n ? [{ line, qty }] : []
  })
}

/** These lines without the units that are ours already: those are paid whatever becomes of the order. */
export async function notOursYet(
  tx: Tx,
  order: PurchaseOrder,
  lines: readonly PurchaseLine[],
): Promise<PurchaseLine[]> {
  const ours = await underWayOf(tx, order)
  const left = lines.flatMap((line) => {
    const open = line.open - (ours.find((one) => one.line.id === line.id)?.qty ?? 0n)
    return open > 0n ? [{ ...line, open }] : []
  })
  if (left.length < lines.length && left.length === 0)
    throw new Refusal(
      'OursInTransit',
      `What is open of ${order.poNumber} has left the supplier and is ours: receive it, or say in its case that it is lost.`,
    )
  return left
}

/** Units that are ours and did not come with the others, or not in time: they are still owed. */
export async function askAboutTransit(
  tx: Tx,
  order: PurchaseOrder,
  missing: { line: PurchaseLine; qty: bigint; why: string; openedBy: string },
): Promise<void> {
  const { line, qty, why, openedBy } = missing
  await openPurchaseCase(tx, order, {
    ...{ type: 'transit-short', discriminator: `${line.lineNo}/${why}`, siteId: line.siteId },
    summary: `${qty} × ${line.sku} of ${order.poNumber} are ours since they were shipped and are not here: ${why}`,
    evidence: { lineNo: line.lineNo, sku: line.sku, qty: `${qty}`, why },
    moneyAtRiskMinor: priceOf(line, qty),
    openedBy,
  })
}

/**
 * Units that are ours will not come: they are owed all the same, so they are received as lost at what
 * they were booked at; the loss is an expense, or a claim on whoever carried or insured them.
 */
export async function loseInTransit(
  tx: Tx,
  order: PurchaseOrder,
  { command, found, actor, key, today: on, reason }: Deciding,
): Promise<void> {
  const line = order.lines.find(({ lineNo }) => lineNo === found.evidence['lineNo'])!
  const receiptNo = `${order.poNumber}-LOST-${found.id}`
  const asked = BigInt(String(found.evidence['qty']))
  const arrival = { line, qty: asked, asnId: null, cause: `${receiptNo}/1`, on, actor }
  const { qty, goodsMinor, funcMinor } = await arriveFromTransit(tx, order, arrival)
  if (qty === 0n)
    throw new Refusal('NothingExpected', `Nothing of line ${line.lineNo} is under way any more.`)
  const { currency, functionalCurrency, entityId, supplierId, party } = order
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on })
  const { receiptId } = await receiveGoods(tx, {
    ...{ receiptNo, entityId, functionalCurrency, siteId: line.siteId },
    ...{ supplier: party, receivedOn: on, actor },
    purchase: { orderId: order.id, supplierId, asnId: null, currency, rateE9 },
    lines: [
      {
        ...{ itemId: line.itemId, expectedQty: 0n, receivedQty: qty, condition: 'damaged', reason },
        unitCostMinor: line.unitPriceMinor / line.pricePer,
        purchase: {
          ...{ lineId: line.id, supplySource: supplySource(order, line) },
          ...{ goodsMinor, goodsFuncMinor: funcMinor, landedMinor: 0n },
        },
      },
    ],
  })
  await judgeGoods(tx, {
    ...{ receiptId: BigInt(receiptId), receiptLineNo: 1, reason, on, actor },
    ...{ accepted: 0n, rejected: 0n, scrapped: qty },
    claimed: command.resolution === 'claim',
  })
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, reason, key })
}
