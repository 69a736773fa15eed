import type { OrderDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import { lockOpenItem, openItem } from '#db/stores/ledger-open-items'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { postPaymentCaptured, type OrderMoney } from '#domain/ledger/posting-payments'
import { postTenderApplied } from '#domain/ledger/posting-tenders'
import { orderKey } from '#domain/ledger/sales-terms'
import { covered } from '#domain/orders/tenders'
import { keptValue, shippedValue } from '#domain/orders/worth'

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

export interface Captured {
  key: string
  /** The provider's id of the payment, by which its later messages name it. */
  reference: string
  /** The provider's id of this very capture, where one payment has several. */
  captureId?: string
  amountMinor: bigint
  on: string
  actor: string
  effectKey?: string
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
  const fresh = await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: event.key,
    kind: 'captured',
    amountMinor: event.amountMinor,
    reference: event.reference,
    effectKey: event.effectKey ?? null,
    effectiveOn: event.on,
    actor: event.actor,
  })
  if (!fresh) return false
  payment.capturedMinor += event.amountMinor
  // The provider's name of it stays: refunds and later messages name the payment by it.
  payment.reference ??= event.reference
  await savePayment(tx, payment)
  // Nothing is owed before anything has left.
  const owed = shippedValue(order) > 0n ? await openBalance(tx, order, 'Receivables') : 0n
  const settles = owed > event.amountMinor ? event.amountMinor : owed
  const captureId = event.captureId ?? event.reference
  const parts = [
    { settles: 'receivable' as const, amountMinor: settles, captureId },
    {
      settles: 'deposit' as const,
      amountMinor: event.amountMinor - settles,
      captureId: settles > 0n ? `${captureId}/deposit` : captureId,
    },
  ]
  await sendEntries(
    tx,
    parts
      .filter((part) => part.amountMinor > 0n)
      .map((part) =>
        postPaymentCaptured({
          ...moneyOf(order),
          ...part,
          provider: payment.provider,
          capturedOn: event.on,
        }),
      ),
    event.actor,
  )
  return true
}

/** What the ledger says is open for this order: owed by the buyer, or paid in and not yet earned. */
export async function openBalance(
  tx: Tx,
  order: SalesOrder,
  account: 'Receivables' | 'CustomerDeposits',
): Promise<bigint> {
  const item = await openItem(tx, {
    entityId: order.entityId,
    account,
    currency: order.currency,
    key: orderKey(order.id),
  })
  const balance = item?.balanceMinor ?? 0n
  const open = account === 'Receivables' ? balance : -balance
  return open > 0n ? open : 0n
}

/** What every posting about this order's money says. */
export function moneyOf(order: SalesOrder): OrderMoney {
  return {
    entity: order.entityId,
    orderId: order.id,
    channelId: order.channelId,
    segment: order.segment,
    currency: order.currency,
    functionalCurrency: order.functionalCurrency,
    rateE9: order.rateE9,
  }
}

/** A gift card or store credit pays its part at once; one that has too little leaves the order unpaid. */
async function applyTender(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  by: By,
): Promise<void> {
  const tender = payment.kind === 'gift-card' ? 'GiftCards' : 'StoreCredit'
  const openKey = `${payment.kind}/${payment.reference}`
  // Locked, so that two orders that spend one card at the same moment see each other.
  const card = await lockOpenItem(tx, {
    entityId: order.entityId,
    account: tender,
    currency: order.currency,
    key: openKey,
  })
  if (payment.dueMinor === 0n || !card || -card.balanceMinor < payment.dueMinor) return
  await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: `tender/${payment.id}`,
    kind: 'captured',
    amountMinor: payment.dueMinor,
    reference: payment.reference,
    effectiveOn: by.today,
    actor: by.actor,
  })
  payment.capturedMinor = payment.dueMinor
  await savePayment(tx, payment)
  await sendEntries(
    tx,
    [
      postTenderApplied({
        ...moneyOf(order),
        tender,
        openKey,
        amountMinor: payment.dueMinor,
        appliedOn: by.today,
        paymentId: payment.id,
      }),
    ],
    by.actor,
  )
}

/** Whether what is paid, authorised or owed on account covers the order. */
export function isCovered(order: SalesOrder): boolean {
  if (order.payments.some((payment) => payment.kind === 'terms' || payment.kind === 'marketplace'))
    return true
  return covered(order) >= keptValue(order)
}
