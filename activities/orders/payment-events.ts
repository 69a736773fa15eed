import type { RecordPayment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import {
  insertTender,
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { healOrderCases, openOrderCase } from './cases.ts'
import { captureWhatIsOwed, nextCaptureKey, unpaidMinor } from './captures.ts'
import { capturedSoFar, knownCaptures } from './captured-totals.ts'
import { applyEffectOutcome, effectColumns, type Effect } from './effect-outcomes.ts'
import { askAboutExcess } from './excess.ts'
import { authorisedKey, isCovered } from './payments.ts'
import { refundFailed, refundSettled } from './refund-events.ts'
import { askAboutElsewhere } from './told-elsewhere.ts'

/** A message of the processor about this order's payment; what it says is kept once. */
export async function applyPaymentEvent(
  tx: Tx,
  order: SalesOrder,
  event: RecordPayment,
): Promise<void> {
  if (event.kind === 'refund-settled') return refundSettled(tx, order, event)
  if (event.kind === 'refund-failed') return refundFailed(tx, order, event)
  if (event.kind === 'disputed' || event.kind === 'refunded-elsewhere')
    return askAboutElsewhere(tx, order, { ...event, kind: event.kind })
  const payment = await tenderOf(tx, order, event)
  // A payment that was authorised anew goes on under another name; the old one only ends.
  switch (event.kind) {
    case 'captured':
      await takeCapture(tx, order, payment, event)
      break
    case 'authorised':
      await authorised(tx, order, payment, event)
      break
    case 'voided':
    case 'expired':
      await ended(tx, order, payment, { ...event, kind: event.kind })
      break
    case 'declined':
      await declined(tx, order, payment, event)
      break
  }
  await healWhatIsPaid(tx, order)
  await askAboutExcess(tx, order, 'event: payment')
}

/** The tender that a provider's payment is; one that nobody named before is a tender of its own. */
export async function tenderOf(
  tx: Tx,
  order: SalesOrder,
  { provider, reference }: { provider: string; reference: string },
): Promise<OrderPayment> {
  const cards = order.payments.filter((payment) => payment.kind === 'card')
  const named = cards.find((payment) => payment.reference === reference)
  if (named) return named
  const [known] = await tx<{ paymentId: bigint }[]>`
    SELECT payment_id AS "paymentId" FROM payment_event WHERE reference = ${reference} AND payment_id = ANY(${cards.map(({ id }) => id.toString())}::bigint[]) ORDER BY id LIMIT 1`
  const once = cards.find((payment) => payment.id === known?.paymentId)
  if (once) return once
  const nameless = cards.find((payment) => payment.reference === null)
  if (!nameless) return insertTender(tx, order, { kind: 'card', provider, reference, dueMinor: 0n })
  nameless.reference = reference
  await savePayment(tx, nameless)
  return nameless
}

/** Money that came is what an outside call of ours asked for, where one waits for its answer. */
async function takeCapture(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: RecordPayment,
): Promise<void> {
  let { total } = await knownCaptures(tx, payment, event.reference)
  const told = BigInt(event.amountMinor)
  for (const effect of told > total ? await unansweredCaptures(tx, payment) : []) {
    const amountMinor = BigInt(String(effect.request['amountMinor']))
    if (total + amountMinor > told) continue
    total += amountMinor
    const facts = { reference: event.reference, capturedTotalMinor: total.toString() }
    const by = { actor: event.actor, today: event.effectiveOn }
    await applyEffectOutcome(tx, order, effect, { outcome: 'confirmed', facts }, by)
  }
  await capturedSoFar(tx, order, payment, event)
}

async function unansweredCaptures(tx: Tx, payment: OrderPayment): Promise<Effect[]> {
  return tx<Effect[]>`
    SELECT ${effectColumns(tx)} FROM external_effect
    WHERE subject_type = 'order' AND operation = 'capture' AND state IN ('sent', 'unknown') AND request->>'paymentId' = ${payment.id.toString()}
    ORDER BY intended_at, key FOR NO KEY UPDATE`
}

async function authorised(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: RecordPayment,
): Promise<void> {
  const { provider, reference, amountMinor } = event
  const fresh = await recordPaymentEvent(tx, {
    ...factOf(payment, event),
    key: authorisedKey(provider, reference, amountMinor),
    kind: 'authorised',
  })
  if (!fresh) return
  payment.authorisedMinor = BigInt(amountMinor)
  payment.expiresAt = event.expiresAt ?? payment.expiresAt
  await savePayment(tx, payment)
  if (order.lines.every((line) => line.shipped === 0)) order.settlement = 'receivable'
  await captureWhatIsOwed(tx, order, { key: await nextCaptureKey(tx, order) })
}

/** Nothing can be taken from it any more; whoever still needs it is asked by what follows. */
async function ended(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: RecordPayment & { kind: 'voided' | 'expired' },
): Promise<void> {
  const fresh = await recordPaymentEvent(tx, { ...factOf(payment, event), kind: event.kind })
  if (!fresh || payment.authorisedMinor <= payment.capturedMinor) return
  payment.authorisedMinor = payment.capturedMinor
  payment.expiresAt = null
  await savePayment(tx, payment)
  if (isCovered(order)) return
  await openOrderCase(tx, order, {
    type: 'authorisation-expired',
    summary: `${order.orderNumber}: the authorisation has ${event.kind === 'voided' ? 'been voided at the processor' : 'lapsed'}`,
    evidence: { paymentId: payment.id.toString() },
    openedBy: 'event: payment',
  })
}

async function declined(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: RecordPayment,
): Promise<void> {
  // A customer may be declined twice by one payment, so the message itself names it.
  const key = `declined/${event.provider}/${event.key}`
  const fresh = await recordPaymentEvent(tx, { ...factOf(payment, event), key, kind: 'declined' })
  if (!fresh || isCovered(order)) return
  await openOrderCase(tx, order, {
    type: 'payment-declined',
    summary: `${order.orderNumber}: the payment was declined`,
    evidence: {
      paymentId: payment.id.toString(),
      provider: event.provider,
      amountMinor: event.amountMinor,
    },
    openedBy: 'event: payment',
  })
}

/** Whatever way the money came: nobody needs to decide how to get it any more. */
export async function healWhatIsPaid(tx: Tx, order: SalesOrder): Promise<void> {
  if (!isCovered(order) || (await unpaidMinor(tx, order)) > 0n) return
  const asks = ['payment-declined', 'authorisation-expired'] as const
  await healOrderCases(tx, order, asks, 'the payment came')
}

function factOf(payment: OrderPayment, event: RecordPayment) {
  return {
    paymentId: payment.id,
    key: `${event.kind}/${event.provider}/${event.reference}/${event.amountMinor}`,
    amountMinor: BigInt(event.amountMinor),
    reference: event.reference,
    effectiveOn: event.effectiveOn,
    actor: event.actor,
  }
}
