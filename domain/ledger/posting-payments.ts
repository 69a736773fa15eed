import { sum } from '../money.ts'
import { convertMinor, RATE_ONE } from './fx.ts'
import { credit, debit, journalEntry, type JournalEntryDraft, type LineInput } from './journal.ts'
import { captureKey, giftCardKey, orderKey, refundKey, taxAccount } from './sales-terms.ts'
import type { TaxShare } from './sales-terms.ts'

/** What every event about an order's money says. */
export interface OrderMoney {
  entity: number
  orderId: bigint
  channelId: number
  segment?: string
  currency: string
  functionalCurrency: string
  /** Functional units for one of `currency`, times 1e9. */
  rateE9?: bigint
}

/** The processor has taken the buyer's money. */
export interface PaymentCaptured extends OrderMoney {
  provider: string
  /** The provider's own transaction id. */
  captureId: string
  capturedOn: string
  amountMinor: bigint
  /** Before shipment money is a deposit; after it, it settles what the buyer owes. */
  settles: 'deposit' | 'receivable'
  /** Where payment is the tax point (R17): the VAT within the amount. */
  prepaymentTaxes?: readonly TaxShare[]
  party?: string
  /** The receivable's open item, when it is an invoice's and not the order's. */
  settlementKey?: string
  /** Functional value that the receivable was booked at, when the rate has moved since. */
  bookedFuncMinor?: bigint
  /** Part of the price paid with gift cards (row 14); beside `amountMinor`. */
  giftCards?: readonly { cardId: bigint | string; amountMinor: bigint }[]
}

/**
 * Dr Processor clearing, Gift cards   Cr Customer deposits {order}   (before shipment: rows 2, 14)
 *                                     Cr Output VAT                  (R17: payment is the tax point)
 * Dr Processor clearing               Cr Receivables                 (after it: row 3a)
 * Dr or Cr Realised exchange difference, when the receivable was booked at another rate
 */
export function postPaymentCaptured(event: PaymentCaptured): JournalEntryDraft {
  const dimensions = about(event)
  const cards = event.giftCards ?? []
  const taxes = event.prepaymentTaxes ?? []
  const paid = event.amountMinor + sum(cards.map((card) => card.amountMinor))
  const net = paid - sum(taxes.map((tax) => tax.amountMinor))
  const settled = {
    ...dimensions,
    party: event.party,
    openKey: event.settlementKey ?? orderKey(event.orderId),
  }
  return paymentEntry(event, 'payment-captured', event.captureId, event.capturedOn, [
    ...cards.map((card) =>
      debit('GiftCards', card.amountMinor, { ...dimensions, openKey: giftCardKey(card.cardId) }),
    ),
    clearing(event, event.captureId, event.amountMinor),
    ...(event.settles === 'deposit'
      ? [credit('CustomerDeposits', net, settled)]
      : settleReceivable(event, net, settled)),
    ...taxes.map((tax) =>
      credit(taxAccount(tax), tax.amountMinor, {
        ...dimensions,
        jurisdiction: tax.jurisdiction,
        taxCode: tax.taxCode,
      }),
    ),
  ])
}

/** The receivable leaves at the value it came in at; what the rate has done since is realised now. */
function settleReceivable(
  event: PaymentCaptured,
  amountMinor: bigint,
  settled: Parameters<typeof credit>[2],
): LineInput[] {
  const booked = event.bookedFuncMinor
  if (booked === undefined || event.currency === event.functionalCurrency) {
    return [credit('Receivables', amountMinor, settled)]
  }
  const now = functionalOf(event, event.amountMinor)
  return [
    credit('Receivables', amountMinor, { ...settled, funcMinor: booked }),
    debit('RealisedFx', 0n, { ...about(event), funcMinor: booked - now }),
  ]
}

/** A paid order was cancelled before its goods left: what is not shipped is owed back. */
export interface DepositCancelled extends OrderMoney {
  /** What was cancelled, as the order change's id; names the entry. */
  cancellationId: bigint | string
  cancelledOn: string
  amountMinor: bigint
  refundId: bigint | string
  /** VAT posted at capture that goes back with it (R17). */
  prepaymentTaxes?: readonly TaxShare[]
}

/**
 * Dr Customer deposits {order} (, Output VAT)   Cr Refunds payable {refund}
 *
 * Row 4. An authorisation that was never captured is voided and leaves no entry.
 */
export function postDepositCancelled(event: DepositCancelled): JournalEntryDraft {
  const dimensions = about(event)
  const taxes = event.prepaymentTaxes ?? []
  const deposit = event.amountMinor - sum(taxes.map((tax) => tax.amountMinor))
  return paymentEntry(event, 'deposit-cancelled', String(event.cancellationId), event.cancelledOn, [
    debit('CustomerDeposits', deposit, { ...dimensions, openKey: orderKey(event.orderId) }),
    ...taxes.map((tax) =>
      debit(taxAccount(tax), tax.amountMinor, {
        ...dimensions,
        jurisdiction: tax.jurisdiction,
        taxCode: tax.taxCode,
      }),
    ),
    credit('RefundsPayable', event.amountMinor, {
      ...dimensions,
      openKey: refundKey(event.refundId),
    }),
  ])
}

/** The provider has confirmed that a granted refund left. */
export interface RefundSettled extends OrderMoney {
  refundId: bigint | string
  /** The attempt that went through, where it is not the first: a refund may come back and be paid again. */
  settlementId?: string
  provider: string
  settledOn: string
  amountMinor: bigint
}

/**
 * Dr Refunds payable {refund}   Cr Processor clearing
 *
 * Second half of rows 4 and 9. While the outcome is unknown the payable stays open.
 */
export function postRefundSettled(event: RefundSettled): JournalEntryDraft {
  const settlementId = event.settlementId ?? String(event.refundId)
  return paymentEntry(event, 'refund-settled', settlementId, event.settledOn, [
    debit('RefundsPayable', event.amountMinor, {
      ...about(event),
      openKey: refundKey(event.refundId),
    }),
    clearing(event, refundKey(settlementId), -event.amountMinor),
  ])
}

/**
 * Dr Processor clearing   Cr Refunds payable {refund}
 *
 * The customer's bank sent a settled refund back: it is owed again, and has to leave another way.
 */
export function postRefundReturned(event: RefundSettled): JournalEntryDraft {
  const settlementId = event.settlementId ?? String(event.refundId)
  return paymentEntry(event, 'refund-returned', settlementId, event.settledOn, [
    clearing(event, refundKey(settlementId), event.amountMinor),
    credit('RefundsPayable', event.amountMinor, {
      ...about(event),
      openKey: refundKey(event.refundId),
    }),
  ])
}

/** The processor's fee on one transaction, from its balance report. */
export interface ProcessorFeeCharged extends OrderMoney {
  provider: string
  captureId: string
  chargedOn: string
  amountMinor: bigint
}

/** Dr Processing fee   Cr Processor clearing   (row 5) */
export function postProcessorFee(event: ProcessorFeeCharged): JournalEntryDraft {
  return paymentEntry(event, 'processor-fee', event.captureId, event.chargedOn, [
    debit('ProcessingFee', event.amountMinor, { ...about(event), provider: event.provider }),
    clearing(event, event.captureId, -event.amountMinor),
  ])
}

/** A multi-purpose card was sold: no revenue and no VAT until it is spent (R16). */
export interface GiftCardSold extends OrderMoney {
  cardId: bigint | string
  provider: string
  captureId: string
  soldOn: string
  amountMinor: bigint
}

/** Dr Processor clearing   Cr Gift cards {card}   (row 14) */
export function postGiftCardSold(event: GiftCardSold): JournalEntryDraft {
  return paymentEntry(event, 'gift-card-sold', String(event.cardId), event.soldOn, [
    clearing(event, event.captureId, event.amountMinor),
    credit('GiftCards', event.amountMinor, {
      ...about(event),
      openKey: giftCardKey(event.cardId),
    }),
  ])
}

function paymentEntry(
  event: OrderMoney,
  eventType: string,
  id: string,
  effectiveOn: string,
  lines: LineInput[],
): JournalEntryDraft {
  const provider = 'provider' in event ? `${String(event.provider)}/` : ''
  return journalEntry({
    entityId: event.entity,
    area: 'AR',
    effectiveOn,
    eventType,
    sourceType: 'order',
    sourceId: event.orderId.toString(),
    key: `${eventType}/${provider}${id}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9 ?? RATE_ONE,
    lines,
  })
}

function about(event: OrderMoney) {
  return { orderId: event.orderId, channelId: event.channelId, segment: event.segment }
}

/** The processor's side: debit when it takes money for us, credit when it keeps or pays out. */
function clearing(
  event: OrderMoney & { provider: string },
  id: string,
  amountMinor: bigint,
): LineInput {
  const { provider } = event
  return debit('ProcessorClearing', amountMinor, {
    ...about(event),
    provider,
    openKey: captureKey(provider, id),
  })
}

function functionalOf(event: OrderMoney, amountMinor: bigint): bigint {
  const { currency, functionalCurrency, rateE9 = RATE_ONE } = event
  return convertMinor(amountMinor, currency, functionalCurrency, rateE9)
}
