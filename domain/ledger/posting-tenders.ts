import { credit, debit, journalEntry, type JournalEntryDraft } from './journal.ts'
import type { OrderMoney } from './posting-payments.ts'
import { orderKey, refundKey } from './sales-terms.ts'

/** A gift card or store credit pays a part of an order. */
export interface TenderApplied extends OrderMoney {
  tender: 'GiftCards' | 'StoreCredit'
  openKey: string
  amountMinor: bigint
  appliedOn: string
  paymentId: bigint
}

/** Dr Gift cards, or Store credit {card}   Cr Customer deposits {order}   (row 14) */
export function postTenderApplied(event: TenderApplied): JournalEntryDraft {
  return tenderEntry(event, 'tender-applied', event.paymentId.toString(), event.appliedOn, [
    debit(event.tender, event.amountMinor, { ...about(event), openKey: event.openKey }),
    credit('CustomerDeposits', event.amountMinor, {
      ...about(event),
      openKey: orderKey(event.orderId),
    }),
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
      }),
      credit(event.tender, event.amountMinor, { ...about(event), openKey: event.openKey }),
    ],
  )
}

/** Part of what the buyer owes for a shipment was paid before, by deposit. */
export interface DepositApplied extends OrderMoney {
  shipmentId: bigint
  amountMinor: bigint
  appliedOn: string
}

/** Dr Customer deposits {order}   Cr Receivables {order} */
export function postDepositApplied(event: DepositApplied): JournalEntryDraft {
  return tenderEntry(event, 'deposit-applied', event.shipmentId.toString(), event.appliedOn, [
    debit('CustomerDeposits', event.amountMinor, {
      ...about(event),
      openKey: orderKey(event.orderId),
    }),
    credit('Receivables', event.amountMinor, { ...about(event), openKey: orderKey(event.orderId) }),
  ])
}

function about(event: OrderMoney) {
  return { orderId: event.orderId, channelId: event.channelId, segment: event.segment }
}

function tenderEntry(
  event: OrderMoney,
  eventType: string,
  id: string,
  effectiveOn: string,
  lines: Parameters<typeof journalEntry>[0]['lines'],
): JournalEntryDraft {
  return journalEntry({
    entityId: event.entity,
    area: 'AR',
    effectiveOn,
    eventType,
    sourceType: 'order',
    sourceId: event.orderId.toString(),
    key: `${eventType}/${id}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9 ?? 1_000_000_000n,
    lines,
  })
}

/** A sold gift card was sent to its owner: what was paid for it is owed to whoever spends it. */
export interface GiftCardIssued extends OrderMoney {
  cardId: string
  amountMinor: bigint
  issuedOn: string
  settlement: 'deposit' | 'receivable' | 'marketplace'
}

/** Dr Customer deposits, Receivables or Marketplace clearing {order}   Cr Gift cards {card}   (row 14, R16) */
export function postGiftCardIssued(event: GiftCardIssued): JournalEntryDraft {
  const account = {
    deposit: 'CustomerDeposits',
    receivable: 'Receivables',
    marketplace: 'MarketplaceClearing',
  } as const
  return tenderEntry(event, 'gift-card-issued', event.cardId, event.issuedOn, [
    debit(account[event.settlement], event.amountMinor, {
      ...about(event),
      openKey: orderKey(event.orderId),
    }),
    credit('GiftCards', event.amountMinor, {
      ...about(event),
      openKey: `gift-card/${event.cardId}`,
    }),
  ])
}
