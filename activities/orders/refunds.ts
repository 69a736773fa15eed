import type { Tx } from '#db/client'
import { postEntries } from '#db/stores/ledger'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { intendEffect } from '#db/stores/records'
import { postDepositCancelled } from '#domain/ledger/posting-payments'
import { takeBooked } from '#domain/ledger/open-value'
import { sum } from '#domain/money'
import { keptValue } from '#domain/orders/worth'
import { moneyOn, openDeposit } from './order-money.ts'

interface RefundBy {
  actor: string
  today: string
  key: string
  reason: string
}

/**
 * Gives back what was captured above the value of the units that are kept, in the order in which
 * the tenders stand. Bounded per tender by what remains of it; the row's CHECK holds the bound.
 */
export async function grantRefund(tx: Tx, order: SalesOrder, by: RefundBy): Promise<void> {
  let excess = sum(order.payments.map(remainingOf)) - keptValue(order)
  for (const payment of order.payments) {
    const remaining = remainingOf(payment)
    const amountMinor = excess < remaining ? excess : remaining
    if (amountMinor <= 0n) continue
    excess -= amountMinor
    await refund(tx, order, payment, amountMinor, by)
  }
}

function remainingOf(payment: OrderPayment): bigint {
  return payment.capturedMinor - payment.refundedMinor - payment.refundPendingMinor
}

async function refund(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  amountMinor: bigint,
  by: RefundBy,
): Promise<void> {
  const key = `refund/${payment.id}/${by.key}`
  const fresh = await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key,
    kind: 'refund-granted',
    amountMinor,
    effectiveOn: by.today,
    actor: by.actor,
  })
  if (!fresh) return
  payment.refundPendingMinor += amountMinor
  await savePayment(tx, payment)
  const deposit = await openDeposit(tx, order)
  const granted = postDepositCancelled({
    ...(await moneyOn(tx, order, by.today)),
    bookedFuncMinor: takeBooked(deposit, amountMinor),
    cancellationId: key,
    refundId: key,
    cancelledOn: by.today,
    amountMinor,
  })
  await postEntries(tx, [granted], by.actor)
  await intendEffect(tx, {
    key,
    gateway: 'payment',
    operation: 'refund',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: {
      paymentId: payment.id,
      kind: payment.kind,
      provider: payment.provider,
      reference: payment.reference,
      amountMinor,
      currency: order.currency,
      reason: by.reason,
      // A later attempt has a key of its own; what is owed stays under this one.
      refundId: key,
    },
  })
}

/** Gives back an authorisation that will never be captured. */
export async function intendVoid(tx: Tx, order: SalesOrder): Promise<void> {
  for (const payment of order.payments) {
    if (
      payment.kind !== 'card' ||
      payment.authorisedMinor === 0n ||
      payment.capturedMinor > 0n ||
      !payment.reference
    )
      continue
    await intendEffect(tx, {
      key: `void/${payment.id}`,
      gateway: 'payment',
      operation: 'void',
      subjectType: 'order',
      subjectId: order.id.toString(),
      request: {
        paymentId: payment.id,
        provider: payment.provider,
        reference: payment.reference,
        amountMinor: payment.authorisedMinor,
        currency: order.currency,
      },
    })
  }
}
