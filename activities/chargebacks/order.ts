import type { Tx } from '#db/client'
import type { Chargeback } from '#db/stores/chargebacks'
import { insertHolds, savePayment, type OrderPayment, type SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { bindsMoney, isUndecided } from '#domain/chargebacks/dispute'
import { openUnits } from '#domain/orders/phase'
import { keptOf, paidIn } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { invariant } from '#domain/refusal'
import { healOrderCases } from '../orders/cases.ts'
import { finishStep } from '../orders/progress.ts'
import { clearHold, resumeOrder } from '../orders/resume.ts'
import { stopWarehouse } from '../orders/stop-warehouse.ts'

/**
 * What the bank has, or may keep, of the tender cannot be refunded as well. No more is bound than
 * is there: what was refunded before is a difference that a person looks at.
 */
export async function bindTender(tx: Tx, doc: Chargeback, order: SalesOrder): Promise<void> {
  const payment = tenderOf(doc, order)
  const others = payment.disputedMinor - (doc.boundMinor - doc.depositMinor)
  const free = keptOf(payment) + doc.depositMinor - others
  const wanted = doc.currency === order.currency ? doc.amountMinor : free
  const bound = bindsMoney(doc) ? (wanted < free ? wanted : free) : 0n
  payment.disputedMinor = others + bound - doc.depositMinor
  doc.boundMinor = bound
  await savePayment(tx, payment)
}

/** What went with the deposit is not paid in any more, so that goods which are still here are not sent. */
export async function takeDeposit(
  tx: Tx,
  doc: Chargeback,
  order: SalesOrder,
  depositBefore: bigint,
): Promise<void> {
  const taken = doc.depositMinor - depositBefore
  if (taken === 0n) return
  const payment = tenderOf(doc, order)
  payment.disputedMinor -= taken
  payment.chargedBackMinor += taken
  await savePayment(tx, payment)
}

/** Goods that are still here stay while a bank decides; after that the order goes on as it can. */
export async function holdOrLetGo(
  tx: Tx,
  doc: Chargeback,
  order: SalesOrder,
  by: { actor: string; today: string; key: string },
): Promise<void> {
  const isOpen = order.lines.some((line) => openUnits(line) > 0)
  const held = order.holds.some((hold) => hold.type === 'chargeback')
  const wanted = isOpen && (isUndecided(doc) || (await isDisputedElsewhere(tx, doc)))
  if (wanted && !held) {
    const reason = `the buyer's bank disputes the payment (${doc.no})`
    const hold = { type: 'chargeback', caseType: 'payment-disputed', reason } as const
    await insertHolds(tx, order, [{ ...hold, keepsStock: true }], by.actor)
    await stopWarehouse(tx, order)
  }
  if (held && !wanted)
    await clearHold(tx, order, 'chargeback', { actor: by.actor, note: `${doc.no}: ${doc.stage}` })
  if (order.closedAt !== null) return
  if (!isUndecided(doc)) await resumeOrder(tx, order, by)
  if (paidIn(order) <= keptValue(order))
    await healOrderCases(tx, order, ['paid-unfulfillable'], `the bank took it: ${doc.no}`)
  await finishStep(tx, order, { action: `dispute ${doc.stage}`, actor: by.actor, key: by.key })
  const told = { workflowId: order.workflowId, cause: `dispute ${doc.no} is ${doc.stage}` }
  await addToOutbox(tx, [
    { topic: 'look-again', key: `chargeback/${doc.no}/${doc.version + 1}`, body: told },
  ])
}

async function isDisputedElsewhere(tx: Tx, { id, orderId }: Chargeback): Promise<boolean> {
  const others = await tx`
    SELECT 1 FROM chargeback WHERE order_id = ${orderId} AND id <> ${id} AND stage IN ('inquiry', 'opened') LIMIT 1`
  return others.length > 0
}

/** Whether the provider took more than is left of the charge: it was refunded, or is disputed, as well. */
export function missingMinor(doc: Chargeback, order: SalesOrder): bigint {
  if (doc.currency !== order.currency || !bindsMoney(doc)) return 0n
  return doc.amountMinor - doc.boundMinor
}

function tenderOf(doc: Chargeback, order: SalesOrder): OrderPayment {
  const payment = order.payments.find(({ id }) => id === doc.paymentId)
  invariant(payment, `chargeback ${doc.no} is about a tender of its order`)
  return payment
}
