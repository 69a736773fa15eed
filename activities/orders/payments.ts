import type { OrderDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import { recordPaymentEvent, type OrderPayment, type SalesOrder } from '#db/stores/orders'
import { postPaymentCaptured } from '#domain/ledger/posting-payments'
import { covered } from '#domain/orders/tenders'
import { keptValue, shippedValue } from '#domain/orders/worth'
import { moneyOn, settledReceivables } from './order-money.ts'
import { applyTender, recordCapture, type Capture } from './tenders.ts'
import { vatToPost } from './tax-point.ts'

interface By {
  actor: string
  today: string
}

/** What the document says has been paid already: a capture is a deposit until the goods leave. */
export async function postOpeningPayments(
  tx: Tx,
  order: SalesOrder,
  { payment: paid }: OrderDocument,
  by: By,
): Promise<void> {
  for (const payment of order.payments) {
    if (payment.kind === 'gift-card' || payment.kind === 'store-credit')
      await applyTender(tx, order, payment, by)
    if (payment.kind === 'card' && paid.state === 'authorised' && paid.reference)
      await recordPaymentEvent(tx, {
        paymentId: payment.id,
        key: authorisedKey(paid.provider, paid.reference, paid.amountMinor),
        kind: 'authorised',
        amountMinor: BigInt(paid.amountMinor),
        reference: paid.reference,
        effectiveOn: by.today,
        actor: by.actor,
      })
    if (payment.kind !== 'card' || paid.state === 'authorised' || paid.amountMinor === '0') continue
    const reference = paid.reference ?? `${order.channelCode}/${order.externalId}`
    const amountMinor =
      BigInt(paid.amountMinor) > payment.dueMinor ? payment.dueMinor : BigInt(paid.amountMinor)
    await captured(tx, order, payment, {
      key: `captured/${paid.provider}/${reference}`,
      reference,
      amountMinor,
      on: by.today,
      actor: by.actor,
    })
  }
}

/** One key for one authorisation of one amount, whoever tells of it first. */
export function authorisedKey(provider: string, reference: string, amountMinor: string): string {
  return `authorised/${provider}/${reference}/${amountMinor}`
}

interface Captured extends Capture {
  reference: string
  /** The provider's id of this very capture, where one payment has several. */
  captureId?: string
}

/**
 * Records a capture once per provider id. It settles what the buyer owes for goods that have
 * left; what goes beyond that is a deposit until more leaves.
 */
export async function captured(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: Captured,
): Promise<boolean> {
  if (!(await recordCapture(tx, payment, event))) return false
  // Nothing is owed before anything has left.
  const receivables =
    shippedValue(order) > 0n ? await settledReceivables(tx, order, event.amountMinor) : []
  await sendEntries(
    tx,
    [
      postPaymentCaptured({
        ...(await moneyOn(tx, order, event.on)),
        provider: payment.provider,
        captureId: event.captureId ?? event.reference,
        capturedOn: event.on,
        amountMinor: event.amountMinor,
        receivables,
        prepaymentTaxes: await vatToPost(tx, order),
      }),
    ],
    event.actor,
  )
  return true
}

/** Whether what is paid, authorised or owed on account covers the order. */
export function isCovered(order: SalesOrder): boolean {
  if (order.payments.some((payment) => payment.kind === 'terms' || payment.kind === 'marketplace'))
    return true
  return covered(order) >= keptValue(order)
}
