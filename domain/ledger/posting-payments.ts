import { sum } from '../money.ts'
import { RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import type { PostingRule } from './rule-versions.ts'
import { captureKey, orderKey, refundKey, taxAccount } from './sales-terms.ts'
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

/** A part of what the buyer owes, one open item of the receivables. */
export interface SettledReceivable {
  openKey: string
  party?: string
  amountMinor: bigint
  /** What this part was booked at; it leaves at that value, whatever the rate is now. */
  bookedFuncMinor?: bigint
}

/** The processor has taken the buyer's money. */
export interface PaymentCaptured extends OrderMoney {
  provider: string
  /** The provider's own transaction id. */
  captureId: string
  capturedOn: string
  amountMinor: bigint
  /** What is owed for goods that have left; what goes beyond it is a deposit. */
  receivables?: readonly SettledReceivable[]
  /** Where payment is the tax point (R17): the VAT within the deposit. */
  prepaymentTaxes?: readonly TaxShare[]
}

/**
 * Dr Processor clearing   Cr Customer deposits {order}      (before shipment: row 2)
 *                         Cr Output VAT                     (R17: payment is the tax point)
 *                         Cr Receivables {invoice}          (after it: row 3a)
 * Dr or Cr Realised exchange difference, when the receivable was booked at another rate
 */
export function postPaymentCaptured(event: PaymentCaptured): JournalEntryDraft {
  const dimensions = about(event)
  const receivables = event.receivables ?? []
  const taxes = event.prepaymentTaxes ?? []
  const deposit = event.amountMinor - sum(receivables.map((owed) => owed.amountMinor))
  return paymentEntry(event, 'payment-captured', event.captureId, event.capturedOn, [
    clearing(event, event.captureId, event.amountMinor),
    ...receivables.map(({ amountMinor, bookedFuncMinor, ...owed }) =>
      credit('Receivables', amountMinor, { ...dimensions, ...owed, funcMinor: bookedFuncMinor }),
    ),
    credit('CustomerDeposits', deposit - sum(taxes.map((tax) => tax.amountMinor)), {
      ...dimensions,
      openKey: orderKey(event.orderId),
    }),
    ...taxes.map((tax) =>
      credit(taxAccount(tax), tax.amountMinor, {
        ...dimensions,
        jurisdiction: tax.jurisdiction,
        taxCode: tax.taxCode,
      }),
    ),
    ...(receivables.length > 0 ? [realisedDifference(dimensions)] : []),
  ])
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
  /** What this part of the deposit was booked at. */
  bookedFuncMinor?: bigint
}

/**
 * Dr Customer deposits {order} (, Output VAT)   Cr Refunds payable {refund}
 * Dr or Cr Realised exchange difference: what is owed back is money again, at today's rate
 *
 * Row 4. An authorisation that was never captured is voided and leaves no entry.
 */
export function postDepositCancelled(event: DepositCancelled): JournalEntryDraft {
  const dimensions = about(event)
  const taxes = event.prepaymentTaxes ?? []
  const deposit = event.amountMinor - sum(taxes.map((tax) => tax.amountMinor))
  return paymentEntry(event, 'deposit-cancelled', String(event.cancellationId), event.cancelledOn, [
    debit('CustomerDeposits', deposit, {
      ...dimensions,
      openKey: orderKey(event.orderId),
      funcMinor: event.bookedFuncMinor,
    }),
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
    realisedDifference(dimensions),
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
  /** What the payable was booked at when it was granted. */
  bookedFuncMinor?: bigint
}

/**
 * Dr Refunds payable {refund}   Cr Processor clearing
 * Dr or Cr Realised exchange difference
 *
 * Second half of rows 4 and 9. While the outcome is unknown the payable stays open.
 */
export function postRefundSettled(event: RefundSettled): JournalEntryDraft {
  const settlementId = event.settlementId ?? String(event.refundId)
  return paymentEntry(event, 'refund-settled', settlementId, event.settledOn, [
    debit('RefundsPayable', event.amountMinor, {
      ...about(event),
      openKey: refundKey(event.refundId),
      funcMinor: event.bookedFuncMinor,
    }),
    clearing(event, refundKey(settlementId), -event.amountMinor),
    realisedDifference(about(event)),
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
  /** The provider's own id of the charge, where one capture may bear several; else the capture's. */
  feeId?: string
  chargedOn: string
  amountMinor: bigint
  /** What this part of the clearing item was booked at. */
  bookedFuncMinor?: bigint
}

/** Dr Processing fee   Cr Processor clearing; Dr or Cr Realised exchange difference   (row 5) */
export function postProcessorFee(event: ProcessorFeeCharged): JournalEntryDraft {
  const { provider, captureId, feeId = captureId, amountMinor } = event
  return paymentEntry(event, 'processor-fee', feeId, event.chargedOn, [
    debit('ProcessingFee', amountMinor, { ...about(event), provider }),
    credit('ProcessorClearing', amountMinor, {
      ...about(event),
      provider,
      openKey: captureKey(provider, captureId),
      funcMinor: event.bookedFuncMinor,
    }),
    realisedDifference({ ...about(event), provider }),
  ])
}

function paymentEntry(
  event: OrderMoney,
  eventType: PostingRule,
  id: string,
  effectiveOn: string,
  lines: LineInput[],
): JournalEntryDraft {
  const provider = 'provider' in event ? `${String(event.provider)}/` : ''
  return journalEntry({
    entityId: event.entity,
    area: 'AR',
    late: 'next-open',
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
