import { sum } from '../money.ts'
import { RATE_ONE } from './fx.ts'
import { credit, debit, journalEntry, type JournalEntryDraft } from './journal.ts'
import { discountLines, type DiscountShare, type SoldLine } from './discounts.ts'
import type { OrderMoney } from './posting-payments.ts'
import type { PostingRule } from './rule-versions.ts'
import { giftCardKey, orderKey, refundKey, taxAccount, type TaxShare } from './sales-terms.ts'
import { settlementLines, type Settled } from './settlement.ts'

/** A gift card or store credit pays a part of an order. */
export interface TenderApplied extends OrderMoney {
  tender: 'GiftCards' | 'StoreCredit'
  openKey: string
  amountMinor: bigint
  /** What this part of the card or credit was booked at; the deposit takes the same value. */
  bookedFuncMinor?: bigint
  appliedOn: string
  paymentId: bigint
  /** Where payment is the tax point (R17): the VAT within what it pays. */
  prepaymentTaxes?: readonly TaxShare[]
}

/**
 * Dr Gift cards, or Store credit {card}   Cr Customer deposits {order}   (row 14)
 *                                         Cr Output VAT   (R16, R17: a voucher is taxed when spent)
 */
export function postTenderApplied(event: TenderApplied): JournalEntryDraft {
  const taxes = event.prepaymentTaxes ?? []
  return tenderEntry(event, 'tender-applied', event.paymentId.toString(), event.appliedOn, [
    debit(event.tender, event.amountMinor, {
      ...about(event),
      openKey: event.openKey,
      funcMinor: event.bookedFuncMinor,
    }),
    credit('CustomerDeposits', event.amountMinor - sum(taxes.map((tax) => tax.amountMinor)), {
      ...about(event),
      openKey: orderKey(event.orderId),
    }),
    ...taxes.map((tax) =>
      credit(taxAccount(tax), tax.amountMinor, {
        ...about(event),
        jurisdiction: tax.jurisdiction,
        taxCode: tax.taxCode,
      }),
    ),
  ])
}

/** A granted refund goes back onto the card or credit that it came from. */
export interface TenderRefunded extends OrderMoney {
  tender: 'GiftCards' | 'StoreCredit'
  openKey: string
  amountMinor: bigint
  refundId: string
  /** The attempt that went through, where it is not the first. */
  settlementId?: string
  refundedOn: string
  /** What the payable was booked at; the card or credit takes the same value. */
  bookedFuncMinor?: bigint
}

/** Dr Refunds payable {refund}   Cr Gift cards, or Store credit {card} */
export function postTenderRefunded(event: TenderRefunded): JournalEntryDraft {
  return tenderEntry(
    event,
    'tender-refunded',
    event.settlementId ?? event.refundId,
    event.refundedOn,
    [
      debit('RefundsPayable', event.amountMinor, {
        ...about(event),
        openKey: refundKey(event.refundId),
        funcMinor: event.bookedFuncMinor,
      }),
      credit(event.tender, event.amountMinor, { ...about(event), openKey: event.openKey }),
    ],
  )
}

function about(event: OrderMoney) {
  return { orderId: event.orderId, channelId: event.channelId, segment: event.segment }
}

function tenderEntry(
  event: OrderMoney,
  eventType: PostingRule,
  id: string,
  effectiveOn: string,
  lines: Parameters<typeof journalEntry>[0]['lines'],
): JournalEntryDraft {
  return journalEntry({
    entityId: event.entity,
    area: 'AR',
    late: 'next-open',
    effectiveOn,
    eventType,
    sourceType: 'order',
    sourceId: event.orderId.toString(),
    key: `${eventType}/${id}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9 ?? RATE_ONE,
    lines,
  })
}

/** A sold gift card was sent to its owner: its face value is owed to whoever spends it. */
export interface GiftCardIssued extends OrderMoney, Omit<Settled, 'orderId'> {
  cardId: bigint
  faceMinor: bigint
  /** What the buyer did not pay for; as with goods, whoever funds it bears it. */
  discounts: readonly DiscountShare[]
  issuedOn: string
  line: SoldLine
}

/**
 * Dr Customer deposits, Receivables or Marketplace clearing   Cr Gift cards {card}, at face value
 * Dr Discounts (or who funds them)                            (row 14; R16: no revenue, no VAT)
 */
export function postGiftCardIssued(event: GiftCardIssued): JournalEntryDraft {
  const owed = event.faceMinor - sum(event.discounts.map((share) => share.amountMinor))
  return tenderEntry(event, 'gift-card-issued', String(event.cardId), event.issuedOn, [
    ...settlementLines(event, owed, about(event)),
    ...discountLines(event, event.line, event.discounts),
    credit('GiftCards', event.faceMinor, {
      ...about(event),
      openKey: giftCardKey(event.cardId),
    }),
  ])
}

/** A card that was sold before the books began, or elsewhere, is spent here and so is owed by us. */
export interface GiftCardTakenOn extends OrderMoney {
  cardId: bigint
  balanceMinor: bigint
  takenOn: string
}

/** Dr Opening balances   Cr Gift cards {card} */
export function postGiftCardTakenOn(event: GiftCardTakenOn): JournalEntryDraft {
  return tenderEntry(event, 'gift-card-taken-on', String(event.cardId), event.takenOn, [
    debit('OpeningBalances', event.balanceMinor, about(event)),
    credit('GiftCards', event.balanceMinor, {
      ...about(event),
      openKey: giftCardKey(event.cardId),
    }),
  ])
}
