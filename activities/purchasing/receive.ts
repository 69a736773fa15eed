import type { ReceivePurchase, ReceivedLine } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { receiveGoods, type PurchasedLine, type ReceiptLine } from '#db/stores/goods-receipts'
import { changeLine, lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { readReceived } from '#db/stores/scans'
import { itemIdsOf, siteByCode } from '#db/stores/stock-settings'
import { trackReceived, type TrackedLine } from '#db/stores/tracked-goods'
import { convertMinor } from '#domain/ledger/fx'
import { priceOf, shareOf, type PurchaseLine } from '#domain/purchasing/order'
import { sortReceived } from '#domain/purchasing/receiving'
import { Refusal } from '#domain/refusal'
import { lastsTooShort, takeLots } from '#domain/stock/lots'
import { noteDiscrepancies, type Discrepancy } from './discrepancies.ts'
import { expectLines, supplySource } from './supply.ts'
import { arriveFromTransit, askAboutTransit, underWayOf } from './title.ts'

/** What a receipt will hold, and what of it is not as ordered. */
interface Dock {
  order: PurchaseOrder
  receivedOn: string
  rateE9: bigint
  lines: ReceiptLine[]
  found: Discrepancy[]
  /** Of each line, what is ours since it was shipped. */
  ours: ReadonlyMap<bigint, bigint>
}

/** @throws Refusal `GoodsGoToBuyer`, and those of `takeGoodsIn` */
export async function receivePurchase(
  tx: Tx,
  order: PurchaseOrder,
  command: ReceivePurchase & { today: string },
): Promise<void> {
  if (order.shipsToOrderId !== null)
    throw new Refusal(
      'GoodsGoToBuyer',
      `The supplier ships ${order.poNumber} to a buyer: receive what came here as unexpected goods.`,
    )
  return takeGoodsIn(tx, order, command)
}

/**
 * Goods at the dock against the order: counted, valued at its prices, on the shelf or apart, and
 * in the books in one commit. What is not as ordered is let pass by the tolerance or asks a person.
 * @throws Refusal `PurchaseNotSent`, `UnknownPurchaseLine`, `ShipNoticeUnknown`, `NothingReceived`,
 *   and what the lots of its items ask for
 */
export async function takeGoodsIn(
  tx: Tx,
  order: PurchaseOrder,
  command: ReceivePurchase & { today: string },
): Promise<void> {
  if (order.sentRevision === null || order.cancelledAt !== null)
    throw new Refusal(
      'PurchaseNotSent',
      `${order.poNumber} was not sent, or is cancelled: receive these goods as unexpected.`,
    )
  const site = await siteByCode(tx, command.site)
  const receivedOn = command.receivedOn ?? command.today
  const { currency, functionalCurrency } = order
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: receivedOn })
  const notice = await noticeOf(tx, order, command.asnNo)
  const ours = new Map((await underWayOf(tx, order)).map(({ line, qty }) => [line.id, qty]))
  const dock: Dock = { order, receivedOn, rateE9, lines: [], found: [], ours }
  for (const [n, counted] of command.lines.entries())
    if (counted.lineNo === undefined) await putUnordered(tx, dock, counted, n)
    else {
      const line = lineAt(order, counted.lineNo, site.siteId, n)
      putLine(dock, line, counted, await lotsOf(tx, line.itemId, counted, { n, today: receivedOn }))
    }
  if (dock.lines.length === 0)
    throw new Refusal('NothingReceived', 'Not one unit was counted: there is nothing to receive.')
  await costFromTransit(tx, dock, { ...command, asnId: notice?.id ?? null, receivedOn })
  const { receiptId } = await receiveGoods(tx, {
    ...{ receiptNo: command.receiptNo, entityId: order.entityId, functionalCurrency },
    ...{ siteId: site.siteId, supplier: order.party, receivedOn, actor: command.actor },
    ...(command.asnNo === undefined ? {} : { asn: command.asnNo }),
    lines: dock.lines,
    purchase: {
      ...{ orderId: order.id, supplierId: order.supplierId, asnId: notice?.id ?? null },
      ...{ currency, rateE9 },
    },
  })
  await afterReceipt(tx, dock, {
    ...command,
    receiptId: BigInt(receiptId),
    siteId: site.siteId,
    notice,
  })
}

interface Notice {
  id: bigint
  lines: { lineId: string; qty: string }[]
}

async function noticeOf(
  tx: Tx,
  order: PurchaseOrder,
  asnNo: string | undefined,
): Promise<Notice | null> {
  if (asnNo === undefined) return null
  const [notice] = await tx<Notice[]>`
    SELECT a.id, jsonb_agg(jsonb_build_object('lineId', l.purchase_order_line_id::text, 'qty', l.qty::text)) AS lines
    FROM asn a JOIN asn_line l ON l.asn_id = a.id WHERE a.purchase_order_id = ${order.id} AND a.asn_no = ${asnNo} GROUP BY a.id`
  if (!notice)
    throw new Refusal(
      'ShipNoticeUnknown',
      `${order.poNumber} has no ship notice ${asnNo}. Leave it out, or enter the notice first.`,
      { field: 'body.asnNo' },
    )
  return notice
}

function lineAt(order: PurchaseOrder, lineNo: number, siteId: number, n: number): PurchaseLine {
  const line = order.lines.find((one) => one.lineNo === lineNo)
  if (line?.siteId === siteId) return line
  throw new Refusal(
    'UnknownPurchaseLine',
    line
      ? `Line ${lineNo} of ${order.poNumber} goes to ${line.site}.`
      : `${order.poNumber} has no line ${lineNo}. Name the SKU of what came instead.`,
    { field: `body.lines.${n}.lineNo` },
  )
}

/** Sorts the units of a line, and counts them on it so that a second row of the line goes on from there. */
function putLine(
  dock: Dock,
  line: PurchaseLine,
  counted: ReceivedLine,
  tracked: TrackedLine,
): void {
  const good = BigInt(counted.qty)
  const damaged = BigInt(counted.damaged ?? '0')
  if (good + damaged === 0n) return
  // Units that are ours are not let go because the others came.
  const underPpm = dock.ours.has(line.id) ? 0 : line.underPpm
  const sorted = sortReceived({ ...line, underPpm }, { good, damaged })
  const reason = counted.note ? { reason: counted.note } : {}
  const goodLots = takeLots(tracked.lots, good)
  const tooShort = lastsTooShort(tracked.item, { ...tracked, receivedOn: dock.receivedOn })
  const put = (qty: bigint, condition: NonNullable<ReceiptLine['condition']>, held = false) => {
    if (qty === 0n) return
    const unitCostMinor = line.unitPriceMinor / line.pricePer
    dock.lines.push({
      ...{ itemId: line.itemId, expectedQty: held ? 0n : qty, receivedQty: qty, unitCostMinor },
      ...{ condition, purchase: valued(dock, line, qty), ...reason },
      lots: takeLots(condition === 'damaged' ? tracked.lots : goodLots, qty),
      ...(held ? { reason: counted.note ?? 'more than was ordered' } : {}),
    })
    line.received += qty
  }
  put(sorted.taken, line.inspect || tooShort ? 'quarantine' : 'sellable')
  if (tooShort && sorted.taken > 0n)
    note(dock, line, 'shelf-life', sorted.taken, {
      ...counted,
      note: `lot ${counted.lot} ${tooShort}`,
    })
  put(sorted.damaged, 'damaged')
  if (sorted.damaged > 0n) note(dock, line, 'damaged', sorted.damaged, counted)
  put(sorted.heldOver, 'quarantine', true)
  if (sorted.heldOver > 0n) note(dock, line, 'over', sorted.heldOver, counted)
  if (sorted.toleratedOver > 0n)
    note(dock, line, 'over', sorted.toleratedOver, counted, 'tolerated')
  if (sorted.toleratedShort > 0n)
    note(dock, line, 'short', sorted.toleratedShort, counted, 'tolerated')
}

async function lotsOf(
  tx: Tx,
  itemId: number,
  counted: ReceivedLine,
  { n, today }: { n: number; today: string },
): Promise<TrackedLine> {
  const qty = BigInt(counted.qty) + BigInt(counted.damaged ?? '0')
  const field = `body.lines.${n}`
  const read = counted.scans
    ? await readReceived(tx, counted.scans, { itemId, qty, today, field })
    : {}
  const [tracked] = await trackReceived(tx, [{ ...read, ...counted, itemId, qty, field }])
  return tracked!
}

function note(
  dock: Dock,
  line: PurchaseLine,
  kind: Discrepancy['kind'],
  qty: bigint,
  { note: said }: ReceivedLine,
  resolution?: 'tolerated',
): void {
  dock.found.push({
    ...{ receiptLineNo: dock.lines.length, line, sku: line.sku, kind, qty },
    ...{ note: said ?? null, resolution: resolution ?? null },
  })
}

/** The next units of a line cost what the whole costs beyond those before: parts sum to the order. */
function valued({ order, rateE9 }: Dock, line: PurchaseLine, qty: bigint): PurchasedLine {
  const upTo = (units: bigint) => priceOf(line, units)
  const goodsMinor = upTo(line.received + qty) - upTo(line.received)
  const landed = { unitPriceMinor: line.landedEstimateMinor, pricePer: line.pricePer }
  return {
    ...{ lineId: line.id, supplySource: supplySource(order, line), goodsMinor },
    goodsFuncMinor: convertMinor(goodsMinor, order.currency, order.functionalCurrency, rateE9),
    landedMinor: priceOf(landed, line.received + qty) - priceOf(landed, line.received),
  }
}

/** Units that were ours under way come at what they were booked at; others at the rate of the day. */
async function costFromTransit(
  tx: Tx,
  dock: Dock,
  receipt: { receiptNo: string; asnId: bigint | null; receivedOn: string; actor: string },
): Promise<void> {
  const { order } = dock
  for (const [n, row] of dock.lines.entries()) {
    const { purchase, receivedQty: qty } = row
    if (!purchase || !dock.ours.has(purchase.lineId)) continue
    const { asnId, receivedOn: on, actor, receiptNo } = receipt
    const line = order.lines.find(({ id }) => id === purchase.lineId)!
    const cause = `${receiptNo}/${n + 1}`
    const came = await arriveFromTransit(tx, order, { line, qty, asnId, cause, on, actor })
    const part = { before: came.qty, qty: qty - came.qty }
    const rest = shareOf(purchase.goodsMinor, qty, part)
    const { currency, functionalCurrency } = order
    purchase.goodsMinor = came.goodsMinor + rest
    purchase.goodsFuncMinor =
      came.funcMinor + convertMinor(rest, currency, functionalCurrency, dock.rateE9)
  }
}

/** An item that nobody ordered: kept apart and worth nothing until somebody decides. */
async function putUnordered(tx: Tx, dock: Dock, counted: ReceivedLine, n: number): Promise<void> {
  const sku = counted.sku ?? ''
  const [itemId] = await itemIdsOf(tx, [sku], () => `body.lines.${n}.sku`)
  const qty = BigInt(counted.qty) + BigInt(counted.damaged ?? '0')
  if (qty === 0n) return
  const { lots } = await lotsOf(tx, itemId!, counted, { n, today: dock.receivedOn })
  dock.lines.push({
    lots,
    ...{ itemId: itemId!, expectedQty: 0n, receivedQty: qty, unitCostMinor: 0n },
    ...{ condition: 'quarantine', reason: counted.note ?? 'not on the order' },
  })
  dock.found.push({
    ...{ receiptLineNo: dock.lines.length, line: null, sku, kind: 'wrong', qty },
    ...{ note: counted.note ?? null, resolution: null },
  })
}

/** Discrepancies, units that the tolerance lets go, and what is then still to come. */
async function afterReceipt(
  tx: Tx,
  dock: Dock,
  command: ReceivePurchase & { receiptId: bigint; siteId: number; notice: Notice | null },
): Promise<void> {
  const { order } = dock
  const ours = await underWayOf(tx, order)
  for (const { lineId, qty } of command.notice?.lines ?? []) {
    const left = ours.find(({ line }) => `${line.id}` === lineId)
    if (left)
      await askAboutTransit(tx, order, {
        ...{ ...left, why: `not in receipt ${command.receiptNo}` },
        openedBy: `receipt ${command.receiptNo}`,
      })
    else missing(dock, command, lineId, BigInt(qty))
  }
  await noteDiscrepancies(tx, order, dock.found, command)
  for (const { kind, line, qty, resolution } of dock.found)
    if (kind === 'short' && resolution === 'tolerated')
      await changeLine(tx, line!.id, { cancelled: { qty, reason: 'short within the tolerance' } })
  const { actor, key } = command
  const reason = `receipt ${command.receiptNo}`
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, reason, key })
}

/** What a ship notice says beyond what was counted of its line. */
function missing(dock: Dock, command: ReceivePurchase, lineId: string, told: bigint): void {
  const line = dock.order.lines.find(({ id }) => id.toString() === lineId)!
  const counted = command.lines
    .filter(({ lineNo }) => lineNo === line.lineNo)
    .reduce((all, one) => all + BigInt(one.qty) + BigInt(one.damaged ?? '0'), 0n)
  const at = dock.lines.findIndex(({ purchase }) => purchase?.lineId === line.id)
  const tolerated = dock.found.some((one) => one.line === line && one.kind === 'short')
  if (counted >= told || at < 0 || tolerated) return
  dock.found.push({
    ...{ receiptLineNo: at + 1, line, sku: line.sku, kind: 'short', qty: told - counted },
    ...{ note: `ship notice ${command.asnNo}`, resolution: null },
  })
}
