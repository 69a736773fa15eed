import type { AnnounceShipment, PurchaseDraft } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import type { PurchaseLine } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import { awaitFromSupplier, noLongerFromSupplier } from '../orders/drop-ship-units.ts'
import { shipFromSupplier, tellOrder } from '../orders/drop-ship.ts'
import { resumeOrder } from '../orders/resume.ts'
import { cutLines } from './close.ts'
import { takeGoodsIn } from './receive.ts'

interface By {
  actor: string
  key: string
  today: string
}

/**
 * A purchase ships to one buyer whole, or to us whole: each of its lines names a line of the sales
 * order and one drop-ship site, or none does.
 * @throws Refusal `DropShipIncomplete`
 */
export async function checkDropShip(tx: Tx, draft: PurchaseDraft): Promise<void> {
  const sites = [...new Set(draft.lines.map(({ site }) => site))]
  const rows = await tx`SELECT 1 FROM site WHERE code = ANY(${sites}::text[]) AND kind = 'dropship'`
  const named = draft.lines.filter(({ orderLineId }) => orderLineId !== undefined)
  const whole = named.length === draft.lines.length && rows.length === 1 && sites.length === 1
  const none = named.length === 0 && rows.length === 0
  if (draft.shipsToOrder === undefined ? none : whole) return
  throw new Refusal(
    'DropShipIncomplete',
    'An order that ships to a buyer names shipsToOrder, one site of kind dropship and, on every line, orderLineId; any other names none of them.',
    { field: 'body.lines' },
  )
}

/** The order's units wait for this purchase from now on, and for none that it no longer brings. */
export async function bindToOrder(
  tx: Tx,
  purchase: PurchaseOrder,
  before: readonly PurchaseLine[],
  by: By,
): Promise<void> {
  const order = await lockOrder(tx, purchase.shipsToOrderId!)
  if (order.entityId !== purchase.entityId)
    throw new Refusal('OrderNotFound', `${purchase.entity} has no order ${order.id}.`)
  noLongerFromSupplier(order, before.map(unitsOf))
  awaitFromSupplier(
    order,
    purchase.lines.map((line) => ({ ...unitsOf(line), itemId: line.itemId, dueOn: line.neededOn })),
  )
  await goOn(tx, order, by, `bought for it: ${purchase.poNumber}`)
}

function unitsOf(line: PurchaseLine): { orderLineId: bigint; qty: number } {
  return { orderLineId: line.orderLineId!, qty: Number(line.open) }
}

async function goOn(tx: Tx, order: SalesOrder, by: By, reason: string): Promise<void> {
  const { actor, key, today } = by
  await resumeOrder(tx, order, { actor, today, includeBackordered: true })
  await tellOrder(tx, order, { action: 'drop-ship', actor, key, reason })
}

/**
 * Goods left the supplier for the buyer: received and shipped in one commit, at the purchase's price,
 * so that nothing of them is ever on hand. The bill is matched with that receipt.
 * @throws Refusal those of a receipt and of a shipment; `DropShipNotAwaited`
 */
export async function shipToBuyer(
  tx: Tx,
  purchase: PurchaseOrder,
  notice: AnnounceShipment & { today: string },
): Promise<void> {
  const { asnNo, shippedOn, actor, key, today } = notice
  const counted = purchase.lines
    .map((line) => ({ line, qty: announced(notice, line) }))
    .filter(({ qty }) => qty > 0n)
  const tooMany = counted.find(({ line, qty }) => qty > line.open)
  if (tooMany)
    throw new Refusal(
      'DropShipNotAwaited',
      `${tooMany.line.open} units of line ${tooMany.line.lineNo} are open, ${tooMany.qty} are announced: ask the supplier to keep the others.`,
    )
  const { site, siteId } = purchase.lines[0]!
  await takeGoodsIn(tx, purchase, {
    ...{ receiptNo: `${purchase.poNumber}-${asnNo}`, site, asnNo, receivedOn: shippedOn },
    ...{ actor, key, today },
    lines: counted.map(({ line, qty }) => ({ lineNo: line.lineNo, qty: `${qty}` })),
  })
  const order = await lockOrder(tx, purchase.shipsToOrderId!)
  await shipFromSupplier(tx, order, {
    ...{ siteId, site, reference: asnNo, shippedOn, actor, key, today },
    ...{ carrier: notice.carrier, trackingNumber: notice.trackingNumber },
    lines: merged(counted.map(({ line, qty }) => ({ orderLineId: line.orderLineId!, qty }))),
  })
  const reason = `shipped by ${purchase.supplierName}: ${asnNo}`
  await tellOrder(tx, order, { action: 'shipped', actor, key, reason })
}

function announced(notice: AnnounceShipment, { lineNo }: PurchaseLine): bigint {
  return notice.lines
    .filter((said) => said.lineNo === lineNo)
    .reduce((all, said) => all + BigInt(said.qty), 0n)
}

function merged(
  rows: readonly { orderLineId: bigint; qty: bigint }[],
): { orderLineId: bigint; qty: number }[] {
  const sums = new Map<bigint, number>()
  for (const { orderLineId, qty } of rows)
    sums.set(orderLineId, (sums.get(orderLineId) ?? 0) + Number(qty))
  return [...sums].map(([orderLineId, qty]) => ({ orderLineId, qty }))
}

/** What the buyer does not take any more is taken off the purchase, and its supplier is told. */
export async function followBuyer(
  tx: Tx,
  purchase: PurchaseOrder,
  { actor, key }: { actor: string; key: string },
): Promise<void> {
  if (purchase.shipsToOrderId === null || purchase.cancelledAt !== null) return
  const order = await lockOrder(tx, purchase.shipsToOrderId)
  const open = await openByOrderLine(tx, order.id)
  const excess = new Map(
    open.map(({ id, units }) => [
      id,
      units - BigInt(order.lines.find((line) => line.id === id)!.dropShip),
    ]),
  )
  const cuts: { line: PurchaseLine; cut: bigint }[] = []
  for (const line of [...purchase.lines].reverse()) {
    const over = excess.get(line.orderLineId!) ?? 0n
    const cut = over < line.open ? over : line.open
    if (cut <= 0n) continue
    excess.set(line.orderLineId!, over - cut)
    cuts.push({ line, cut })
  }
  if (cuts.length === 0) return
  const reason = `the buyer of ${order.orderNumber} does not take them any more`
  await cutLines(tx, purchase, cuts, { actor, key, reason })
}

interface OpenUnits {
  id: bigint
  units: bigint
  dueOn: string
}

async function openByOrderLine(tx: Tx, orderId: bigint): Promise<OpenUnits[]> {
  return tx<OpenUnits[]>`
    SELECT l.order_line_id AS id, sum(l.qty_open)::bigint AS units, max(coalesce(l.promised_on, l.needed_on)) AS "dueOn" FROM purchase_order p
    JOIN purchase_order_line l ON l.purchase_order_id = p.id WHERE p.ships_to_order_id = ${orderId} GROUP BY 1 ORDER BY 1`
}

/** What the supplier ships no longer, or on another day, is told to the buyer's order in this very commit. */
export async function tellBuyer(tx: Tx, purchase: PurchaseOrder, by: By): Promise<void> {
  if (purchase.shipsToOrderId === null) return
  const open = await openByOrderLine(tx, purchase.shipsToOrderId)
  const waiting = await tx<{ id: bigint; units: bigint; promiseOn: string | null }[]>`
    SELECT id, qty_drop_ship::bigint AS units, promise_on AS "promiseOn" FROM sales_order_line
    WHERE order_id = ${purchase.shipsToOrderId} AND qty_drop_ship > 0`
  const unlike = waiting.filter(({ id, units, promiseOn }) => {
    const coming = open.find((one) => one.id === id)
    if (!coming || coming.units < units) return true
    return promiseOn !== coming.dueOn && coming.dueOn >= by.today
  })
  if (unlike.length === 0) return
  const order = await lockOrder(tx, purchase.shipsToOrderId)
  const gone = order.lines.map((line) => {
    const left = Number(open.find(({ id }) => id === line.id)?.units ?? 0n)
    return { orderLineId: line.id, qty: Math.max(0, line.dropShip - left) }
  })
  noLongerFromSupplier(order, gone)
  await goOn(tx, order, by, `told by ${purchase.poNumber}`)
}
