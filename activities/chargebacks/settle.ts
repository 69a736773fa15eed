import type { Tx } from '#db/client'
import {
  disputedOrder,
  lockChargeback,
  placeOfChargeback,
  type Chargeback,
} from '#db/stores/chargebacks'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { isUndecided } from '#domain/chargebacks/dispute'
import { invariant } from '#domain/refusal'
import { healDocumentCases } from '../documents/cases.ts'
import { bookDispute } from './money.ts'
import { bindTender, holdOrLetGo, takeDeposit } from './order.ts'

export interface SettledBy {
  actor: string
  key: string
  today: string
}

/** A dispute and its order, both locked; either may not be there yet. */
export interface Locked {
  doc: Chargeback | undefined
  order: SalesOrder | undefined
}

/**
 * Locks the order first and its dispute then, as everything does that changes both, so that a
 * refund and a dispute of one charge follow each other.
 */
export async function lockBoth(
  tx: Tx,
  no: string,
  told?: { provider: string; reference: string },
  expectedVersion?: number,
): Promise<Locked> {
  const place = await placeOfChargeback(tx, { no })
  const orderId = place?.orderId ?? (told && (await disputedOrder(tx, told))?.orderId)
  const order = orderId ? await lockOrder(tx, orderId) : undefined
  const doc = await lockChargeback(tx, no, expectedVersion)
  return { doc, order }
}

/** The order first and its dispute then, as everything locks them that changes both. */
export async function lockById(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<{ doc: Chargeback; order: SalesOrder | undefined; timezone: string }> {
  const place = await placeOfChargeback(tx, { id })
  invariant(place, `there is chargeback ${id}`)
  const { doc, order } = await lockBoth(tx, place.no, place, expectedVersion)
  invariant(doc, `there is chargeback ${place.no}`)
  return { doc, order, timezone: doc.timezone }
}

/** What follows from what is known: the tender's bound, the books, the hold, and what nobody needs to ask any more. */
export async function settleDispute(
  tx: Tx,
  { doc, order }: { doc: Chargeback; order: SalesOrder | undefined },
  by: SettledBy,
): Promise<void> {
  if (order) {
    await matchOrder(tx, doc, order)
    const depositBefore = doc.depositMinor
    await bindTender(tx, doc, order)
    await bookDispute(tx, doc, order, by)
    await takeDeposit(tx, doc, order, depositBefore)
    await holdOrLetGo(tx, doc, order, by)
    await healDocumentCases(tx, doc, ['chargeback-unmatched'], `it is order ${order.orderNumber}`)
  }
  if (isUndecided(doc)) return
  const asked = ['chargeback-evidence', 'chargeback-deadline-missed'] as const
  await healDocumentCases(tx, doc, asked, `it is ${doc.stage}`)
}

async function matchOrder(tx: Tx, doc: Chargeback, order: SalesOrder): Promise<void> {
  if (doc.orderId !== null) return
  const found = await disputedOrder(tx, doc)
  if (found?.orderId !== order.id) return
  Object.assign(doc, { ...found, entityId: order.entityId })
}
