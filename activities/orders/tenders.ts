import type { Tx } from '#db/client'
import { findGiftCard } from '#db/stores/gift-cards'
import { sendEntries } from '#db/stores/ledger'
import { lockOpenItem } from '#db/stores/ledger-open-items'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { takeBooked } from '#domain/ledger/open-value'
import { postTenderApplied } from '#domain/ledger/posting-tenders'
import { giftCardKey } from '#domain/ledger/sales-terms'
import { openOrderCase } from './cases.ts'
import { moneyOn } from './order-money.ts'
import { vatToPost } from './tax-point.ts'

interface By {
  actor: string
  today: string
}

/**
 * A gift card or store credit pays its part at once; one that has too little leaves the order
 * unpaid, and a card that nobody knows is a case of its own.
 */
export async function applyTender(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  by: By,
): Promise<void> {
  if (payment.dueMinor === 0n) return
  const openKey = await tenderKey(tx, order, payment)
  if (openKey === undefined) return openUnknownCard(tx, order, payment)
  const tender = payment.kind === 'gift-card' ? 'GiftCards' : 'StoreCredit'
  const { entityId, currency } = order
  // Locked, so that two orders that spend one card at the same moment see each other.
  const card = await lockOpenItem(tx, { entityId, account: tender, currency, key: openKey })
  if (!card || -card.balanceMinor < payment.dueMinor) return
  const open = { amountMinor: -card.balanceMinor, funcMinor: -card.funcMinor }
  const fresh = await recordCapture(tx, payment, {
    key: `tender/${payment.id}`,
    reference: payment.reference,
    amountMinor: payment.dueMinor,
    on: by.today,
    actor: by.actor,
  })
  if (!fresh) return
  const applied = postTenderApplied({
    ...(await moneyOn(tx, order, by.today)),
    tender,
    openKey,
    amountMinor: payment.dueMinor,
    bookedFuncMinor: takeBooked(open, payment.dueMinor),
    appliedOn: by.today,
    paymentId: payment.id,
    prepaymentTaxes: await vatToPost(tx, order),
  })
  await sendEntries(tx, [applied], by.actor)
}

export interface Capture {
  key: string
  /** The provider's id of the payment, by which its later messages name it. */
  reference: string | null
  amountMinor: bigint
  on: string
  actor: string
  effectKey?: string
}

/** Keeps that a payment has taken this much more, once a key; false when that is known already. */
export async function recordCapture(
  tx: Tx,
  payment: OrderPayment,
  { key, reference, amountMinor, on, actor, effectKey }: Capture,
): Promise<boolean> {
  const fresh = await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key,
    kind: 'captured',
    amountMinor,
    reference,
    effectKey: effectKey ?? null,
    effectiveOn: on,
    actor,
  })
  if (!fresh) return false
  payment.capturedMinor += amountMinor
  // The provider's name of it stays: refunds and later messages name the payment by it.
  payment.reference ??= reference
  await savePayment(tx, payment)
  return true
}

/** Whose unclaimed-property law a card of this order is under, as `US-DE`. */
export function jurisdictionOf({
  shipCountry,
  shipRegion,
}: Pick<SalesOrder, 'shipCountry' | 'shipRegion'>): string | null {
  return shipCountry && shipRegion ? `${shipCountry}-${shipRegion}` : shipCountry
}

/** The open item that a tender spends and that a refund gives back to; none for an unknown card. */
export async function tenderKey(
  tx: Tx,
  order: SalesOrder,
  payment: Pick<OrderPayment, 'kind' | 'reference'>,
): Promise<string | undefined> {
  if (payment.kind === 'store-credit') return `store-credit/${payment.reference}`
  const card = await findGiftCard(tx, { ...order, reference: payment.reference ?? '' })
  return card && giftCardKey(card.id)
}

async function openUnknownCard(tx: Tx, order: SalesOrder, payment: OrderPayment): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'gift-card-unknown',
    discriminator: payment.id.toString(),
    openedBy: 'rule: payment',
    summary: `${order.orderNumber}: it pays with gift card ${payment.reference}, which nobody here has sold`,
    evidence: {
      paymentId: payment.id.toString(),
      reference: payment.reference,
      amountMinor: payment.dueMinor.toString(),
    },
    moneyAtRiskMinor: payment.dueMinor,
  })
}
