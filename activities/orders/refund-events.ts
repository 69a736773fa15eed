import type { RecordPayment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { postRefundReturned } from '#domain/ledger/posting-payments'
import { invariant } from '#domain/refusal'
import { healOrderCases, openOrderCase } from './cases.ts'
import { applyEffectOutcome, readEffect, type Effect } from './effect-outcomes.ts'
import { bookRefund, refundIdOf } from './payment-outcomes.ts'
import { moneyOn } from './order-money.ts'

interface OwnRefund {
  effect: Effect
  payment: OrderPayment
  by: { actor: string; today: string }
}

/** The bank has paid a refund of ours out: what was only accepted is now booked. */
export async function refundSettled(tx: Tx, order: SalesOrder, event: RecordPayment) {
  const { effect, payment, by } = await ownRefund(tx, order, event)
  const facts = { reference: event.reference, refundReference: event.key, settled: true }
  await applyEffectOutcome(tx, order, effect, { outcome: 'confirmed', facts }, by)
  if (effect.state !== 'confirmed') return
  await bookRefund(tx, order, { effect, payment, reference: event.reference }, by)
  await healOrderCases(tx, order, ['refund-failed'], 'the refund went through', effect.key)
}

/** The bank could not pay it out, or sent it back: it is owed again, and a person finds another way. */
export async function refundFailed(tx: Tx, order: SalesOrder, event: RecordPayment) {
  const { effect, payment, by } = await ownRefund(tx, order, event)
  const why = event.reason ?? 'the bank sent it back'
  const no = { outcome: 'refused', code: 'refund-failed', message: why } as const
  await applyEffectOutcome(tx, order, effect, no, by)
  if (effect.state !== 'confirmed') return
  await takeBack(tx, order, { effect, payment, by }, event)
  await openOrderCase(tx, order, {
    type: 'refund-failed',
    discriminator: effect.key,
    openedBy: 'event: payment',
    summary: `${order.orderNumber}: the refund came back: ${why}`,
    moneyAtRiskMinor: BigInt(String(effect.request['amountMinor'])),
    evidence: {
      effectKey: effect.key,
      operation: 'refund',
      paymentId: payment.id.toString(),
      code: 'refund-failed',
      amountMinor: effect.request['amountMinor'] ?? null,
    },
  })
}

/** Undoes the booking of a refund that had settled; one that had not is still owed as it is. */
async function takeBack(
  tx: Tx,
  order: SalesOrder,
  { effect, payment, by }: OwnRefund,
  event: RecordPayment,
): Promise<void> {
  const amountMinor = BigInt(String(effect.request['amountMinor']))
  const [booked] = await tx`SELECT 1 FROM payment_event WHERE key = ${`${effect.key}/done`}`
  const fresh = await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: `${effect.key}/returned`,
    kind: booked ? 'refund-returned' : 'refund-failed',
    amountMinor,
    reference: event.reference,
    effectKey: effect.key,
    effectiveOn: by.today,
    actor: by.actor,
  })
  if (!booked || !fresh) return
  payment.refundedMinor -= amountMinor
  payment.refundPendingMinor += amountMinor
  await savePayment(tx, payment)
  const returned = postRefundReturned({
    ...(await moneyOn(tx, order, by.today)),
    refundId: refundIdOf(effect),
    settlementId: effect.key,
    provider: payment.provider,
    settledOn: by.today,
    amountMinor,
  })
  await sendEntries(tx, [returned], by.actor)
}

async function ownRefund(tx: Tx, order: SalesOrder, event: RecordPayment): Promise<OwnRefund> {
  const effect = await readEffect(tx, event.effectKey ?? '')
  const payment = order.payments.find(
    (candidate) => candidate.id.toString() === String(effect.request['paymentId']),
  )
  invariant(payment, `refund ${effect.key} is one of its order's payments`)
  return { effect, payment, by: { actor: event.actor, today: event.effectiveOn } }
}
