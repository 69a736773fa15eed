import type { RequestCancellation } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { healCases, openCasesOf } from '#db/stores/cases'
import {
  releaseHold,
  type LiveReservation,
  type OrderLine,
  type SalesOrder,
} from '#db/stores/orders'
import { freeReservations, useReservations } from '#db/stores/stock'
import { openUnits } from '#domain/orders/phase'
import { moneyOfUnits } from '#domain/orders/shares'
import { Refusal } from '#domain/refusal'
import { openOrderCase } from './cases.ts'
import { recall } from './recall.ts'
import { voidLabels } from './labels.ts'
import { lineOf } from './plan.ts'
import { voidWhatIsNotNeeded } from './captures.ts'
import { grantRefund } from './refunds.ts'

export interface UnitsOfLine {
  orderLineId: string
  qty: number
}

export interface CancelBy {
  actor: string
  reason: string
  today: string
  key: string
  /** Names what is asked for where the same may be asked twice, as channels do; else `key` does. */
  situation?: string
}

/**
 * Cancels what the warehouse does not have yet. Units that are released are asked back from it
 * ("recall"); units that have left are a case: intercept, treat as a return, or refuse.
 */
export async function cancelOnRequest(
  tx: Tx,
  order: SalesOrder,
  command: RequestCancellation & { today: string; situation?: string },
): Promise<void> {
  const { lines: _lines, expectedVersion: _seen, ...by } = command
  const wanted =
    command.lines ??
    order.lines.map((line) => ({
      orderLineId: line.id.toString(),
      qty: line.ordered - line.cancelled,
    }))
  const free: UnitsOfLine[] = []
  const recalled: UnitsOfLine[] = []
  let shipped = 0
  for (const { orderLineId, qty } of wanted) {
    const line = knownLine(order, orderLineId)
    if (qty < 1 || qty > line.ordered - line.cancelled) {
      if (command.lines)
        throw new Refusal(
          'QuantityNotOpen',
          `Line ${line.lineNo} has ${line.ordered - line.cancelled} units that are not cancelled, ${qty} were asked for.`,
        )
      continue
    }
    const cancellable = Math.min(qty, openUnits(line) - line.released)
    const withWarehouse = Math.min(qty - cancellable, line.released)
    if (cancellable > 0) free.push({ orderLineId, qty: cancellable })
    if (withWarehouse > 0) recalled.push({ orderLineId, qty: withWarehouse })
    shipped += qty - cancellable - withWarehouse
  }
  if (free.length > 0) await cancelUnits(tx, order, free, by)
  if (recalled.length > 0) await recall(tx, order, recalled, by)
  if (shipped > 0) await tooLate(tx, order, shipped, by)
}

/** Cancels open units: stock is given back, the money that covered them is refunded or never taken. */
export async function cancelUnits(
  tx: Tx,
  order: SalesOrder,
  which: 'all' | readonly UnitsOfLine[],
  by: CancelBy,
): Promise<void> {
  await takeUnitsOut(tx, order, which)
  await settleCancellation(tx, order, by)
}

/** The first half of a cancellation: a change-set settles its money once, when all of it is done. */
export async function takeUnitsOut(
  tx: Tx,
  order: SalesOrder,
  which: 'all' | readonly UnitsOfLine[],
): Promise<void> {
  const wanted =
    which === 'all'
      ? order.lines
          .filter((line) => openUnits(line) > 0)
          .map((line) => ({ orderLineId: line.id.toString(), qty: openUnits(line) }))
      : which
  for (const { orderLineId, qty } of wanted) {
    const line = knownLine(order, orderLineId)
    if (qty < 1 || qty > openUnits(line) - line.released)
      throw new Refusal(
        'AlreadyReleased',
        `Line ${line.lineNo}: ${qty} units cannot be cancelled while ${line.released} are with the warehouse. Recall them first.`,
      )
    await giveStockBack(tx, order, line, qty)
    const from = line.shipped + line.cancelled
    line.cancelledMinor += moneyOfUnits(line, from, from + qty).grossMinor
    line.cancelled += qty
  }
}

/** The second half: what was paid for units that nobody keeps goes back, and an empty order ends. */
export async function settleCancellation(tx: Tx, order: SalesOrder, by: CancelBy): Promise<void> {
  await grantRefund(tx, order, by)
  if (order.lines.every((line) => openUnits(line) === 0)) await endOrder(tx, order, by)
}

/** Takes units out of the plan: first those without stock, then backordered, then reserved ones. */
export async function giveStockBack(
  tx: Tx,
  order: SalesOrder,
  line: OrderLine,
  qty: number,
): Promise<void> {
  const unplanned = Math.min(qty, openUnits(line) - line.allocated - line.backordered)
  const fromBackorder = Math.min(qty - unplanned, line.backordered)
  const fromReserved = qty - unplanned - fromBackorder
  line.backordered -= fromBackorder
  line.allocated -= fromReserved
  await releaseReserved(
    tx,
    order.reservations.filter((reservation) => reservation.orderLineId === line.id),
    fromReserved,
  )
}

/** Gives units of these reservations back that no fulfilment order holds; answers how many. */
export async function releaseReserved(
  tx: Tx,
  reservations: readonly LiveReservation[],
  qty: number,
  /** Handed over: another order gets them in this very commit, so nobody else is told. */
  how: 'freed' | 'handed-over' = 'freed',
): Promise<number> {
  let left = qty
  const uses: { id: bigint; qty: number }[] = []
  for (const reservation of reservations) {
    const given = Math.min(left, reservation.live - reservation.onFulfilment)
    if (given <= 0) continue
    reservation.live -= given
    left -= given
    uses.push({ id: reservation.id, qty: given })
  }
  if (how === 'freed') await freeReservations(tx, uses)
  else await useReservations(tx, how, uses)
  return qty - left
}

/** Cases about goods that have left and money that is still to go one way or the other. */
const OUTLIVES_THE_ORDER = new Set<string>([
  'cancel-too-late',
  'effect-unknown',
  'paid-unfulfillable',
  'parcel-lost',
  'parcel-stalled',
  'payment-declined',
  'refund-failed',
])

/** Nothing is left to ship: holds and cases that stood in the way have lost their object. */
async function endOrder(tx: Tx, order: SalesOrder, by: CancelBy): Promise<void> {
  for (const hold of [...order.holds])
    await releaseHold(tx, order, hold.type, by.actor, `order cancelled: ${by.reason}`)
  await voidWhatIsNotNeeded(tx, order)
  const open = await openCasesOf(tx, 'order', order.id.toString())
  const moot = open.filter((found) => !OUTLIVES_THE_ORDER.has(found.type))
  await healCases(
    tx,
    moot.map((found) => found.id),
    'the order was cancelled',
  )
}

async function tooLate(tx: Tx, order: SalesOrder, units: number, by: CancelBy): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'cancel-too-late',
    summary: `${order.orderNumber}: ${units} units had already left when the cancellation came (${by.reason})`,
    evidence: { units, reason: by.reason, askedBy: by.actor },
    openedBy: 'rule: cancellation',
    discriminator: by.situation ?? by.key,
  })
}

/** The warehouse gives a fulfilment order back; its units are free again and its labels are void. */
export async function takeBack(tx: Tx, order: SalesOrder, fulfilmentId: bigint): Promise<void> {
  const open = await tx`
    UPDATE fulfilment_order SET state = 'recalled' WHERE id = ${fulfilmentId} AND state IN ('released', 'recall-requested') RETURNING id`
  if (open.length === 0) return
  const rows = await tx<
    { reservationId: bigint; orderLineId: bigint; qty: number; picked: number }[]
  >`
    UPDATE fulfilment_line SET cancelled = qty - shipped, picked = shipped
    WHERE fulfilment_id = ${fulfilmentId} AND qty > shipped + cancelled
    RETURNING reservation_id AS "reservationId", order_line_id AS "orderLineId", new.cancelled - old.cancelled AS qty, old.picked - old.shipped AS picked`
  const parcels = await tx<{ id: bigint }[]>`
    UPDATE parcel SET voided_at = clock_timestamp() WHERE fulfilment_id = ${fulfilmentId} AND shipment_id IS NULL AND voided_at IS NULL RETURNING id`
  await voidLabels(
    tx,
    order,
    parcels.map((parcel) => parcel.id),
  )
  for (const row of rows) {
    const line = lineOf(order, row.orderLineId)
    line.released -= row.qty
    line.picked = Math.max(0, line.picked - Math.max(0, row.picked))
    const reservation = order.reservations.find((r) => r.id === row.reservationId)
    if (reservation) reservation.onFulfilment -= row.qty
  }
  // Services travel with goods, so they are with the warehouse only while goods are.
  if (order.lines.every((line) => line.itemKind !== 'stock' || line.released === 0))
    for (const line of order.lines) if (line.itemKind !== 'stock') line.released = 0
}

export function knownLine(order: SalesOrder, id: string): OrderLine {
  const line = order.lines.find((candidate) => candidate.id.toString() === id)
  if (!line)
    throw new Refusal(
      'LineNotFound',
      `Order ${order.orderNumber} has no line ${id}. Its lines are ${order.lines.map((l) => l.id).join(', ')}.`,
    )
  return line
}
