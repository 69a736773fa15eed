import type { Tx } from '#db/client'
import {
  lockReturn,
  orderOfReturn,
  type CustomerReturn,
  type ReturnedUnit,
} from '#db/stores/customer-returns'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { dateAt } from '#domain/dates'
import type { SoldLine } from '#domain/ledger/discounts'
import { convertMinor } from '#domain/ledger/fx'
import { lineOf } from '../orders/plan.ts'

/** One commit on a return: the document and its order, both locked, who acts and on which day. */
export interface ReturnWork {
  tx: Tx
  doc: CustomerReturn
  order: SalesOrder | undefined
  actor: string
  today: string
  key: string
  /** The order has something to do because of this commit. */
  orderTouched: boolean
}

/** The order first, as everybody locks it who gives its money back. */
export async function openWork(
  tx: Tx,
  id: bigint,
  expectedVersion: number | undefined,
  { actor, key }: Pick<ReturnWork, 'actor' | 'key'>,
): Promise<ReturnWork & { timezone: string }> {
  const orderId = await orderOfReturn(tx, id)
  const order = orderId === null ? undefined : await lockOrder(tx, orderId)
  const doc = await lockReturn(tx, id, expectedVersion)
  const { timezone } = doc
  const today = dateAt(Date.now(), timezone)
  return { tx, doc, order, actor, today, timezone, key, orderTouched: false }
}

/** What the lines of a unit's entries are about. */
export function soldLineOf(
  order: SalesOrder,
  { orderLineId }: Pick<ReturnedUnit, 'orderLineId'>,
  siteId: number,
): SoldLine {
  const { channelId, segment } = order
  const itemId = lineOf(order, orderLineId).itemId!
  return { orderLineId, itemId, siteId, channelId, segment }
}

/** An amount of the order in its company's currency, at the order's rate: for limits, never for books. */
export function inBooks(order: SalesOrder, minor: bigint): bigint {
  return convertMinor(minor, order.currency, order.functionalCurrency, order.rateE9)
}

/** The buyer has the money of it: by a credit of ours, or by a statement of the marketplace. */
export function isPaidBack({ byStatementMinor }: CustomerReturn, unit: ReturnedUnit): boolean {
  return unit.creditId !== null || (byStatementMinor > 0n && unit.creditPpm === 0)
}
