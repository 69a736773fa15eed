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
import { captureKey } from './sales-terms.ts'

/** Whose balance at which processor a movement of money is about. */
export interface ProcessorBalance {
  entity: number
  provider: string
  currency: string
  functionalCurrency: string
  rateE9?: bigint
}

/** A part of the processor's balance that a payout takes: what one capture or refund has left. */
export interface PaidOut {
  openKey: string
  /** Above zero for a capture, below for a refund. */
  amountMinor: bigint
  /** What this part was booked at, with the same sign. */
  bookedFuncMinor?: bigint
  orderId?: bigint
  channelId?: number
  segment?: string
}

/** The processor has sent its balance to the bank. */
export interface PayoutSent extends ProcessorBalance {
  payoutId: string
  sentOn: string
  amountMinor: bigint
  /** Kept back by the processor; below zero when it is given back with this payout. */
  reserveMinor: bigint
  paidOut: readonly PaidOut[]
  /** What we know of no capture or refund for, and the fees on it. */
  unknownMinor: bigint
  unknownFeeMinor: bigint
}

/**
 * Dr Cash in transit {payout}   Cr Processor clearing, item by item
 * Dr Reserves held {provider}   Cr Suspense, for what nobody knows, with Dr Processing fee on it
 * Dr or Cr Realised exchange difference
 *
 * Row 6: what remains at the processor afterwards is what no payout has named yet.
 */
export function postPayoutSent(event: PayoutSent): JournalEntryDraft {
  const { provider } = event
  return payoutEntry(event, 'payout-sent', event.payoutId, event.sentOn, [
    debit('CashInTransit', event.amountMinor, { provider, openKey: payoutKey(event) }),
    debit('ReservesHeld', event.reserveMinor, { provider, openKey: reserveKey(provider) }),
    ...event.paidOut.map(({ amountMinor, bookedFuncMinor, ...about }) =>
      credit('ProcessorClearing', amountMinor, { ...about, provider, funcMinor: bookedFuncMinor }),
    ),
    credit('Suspense', event.unknownMinor, { provider }),
    debit('ProcessingFee', event.unknownFeeMinor, { provider }),
    realisedDifference({ provider }),
  ])
}

/** The bank shows a payout on its statement. */
export interface PayoutReceived extends ProcessorBalance {
  payoutId: string
  receivedOn: string
  amountMinor: bigint
  bookedFuncMinor?: bigint
}

/** Dr Bank   Cr Cash in transit {payout}; Dr or Cr Realised exchange difference   (row 6) */
export function postPayoutReceived(event: PayoutReceived): JournalEntryDraft {
  const { provider, amountMinor, bookedFuncMinor } = event
  return payoutEntry(event, 'payout-received', event.payoutId, event.receivedOn, [
    debit('Bank', amountMinor, { provider }),
    credit('CashInTransit', amountMinor, {
      provider,
      openKey: payoutKey(event),
      funcMinor: bookedFuncMinor,
    }),
    realisedDifference({ provider }),
  ])
}

/** The processor gives a part of its reserve back to the balance that it pays out from. */
export interface ReserveReleased extends ProcessorBalance {
  releaseId: string
  releasedOn: string
  amountMinor: bigint
  bookedFuncMinor?: bigint
}

/** Dr Processor clearing {release}   Cr Reserves held {provider}   (row 6) */
export function postReserveReleased(event: ReserveReleased): JournalEntryDraft {
  const { provider, amountMinor, bookedFuncMinor } = event
  return payoutEntry(event, 'reserve-released', event.releaseId, event.releasedOn, [
    debit('ProcessorClearing', amountMinor, {
      provider,
      openKey: captureKey(provider, event.releaseId),
    }),
    credit('ReservesHeld', amountMinor, {
      provider,
      openKey: reserveKey(provider),
      funcMinor: bookedFuncMinor,
    }),
    realisedDifference({ provider }),
  ])
}

export const payoutKey = ({ provider, payoutId }: { provider: string; payoutId: string }) =>
  `payout/${provider}/${payoutId}`
export const reserveKey = (provider: string) => `reserve/${provider}`

function payoutEntry(
  event: ProcessorBalance,
  eventType: PostingRule,
  id: string,
  effectiveOn: string,
  lines: LineInput[],
): JournalEntryDraft {
  const { entity, provider, currency, functionalCurrency, rateE9 = RATE_ONE } = event
  return journalEntry({
    entityId: entity,
    area: 'CASH',
    effectiveOn,
    eventType,
    sourceType: 'payout',
    sourceId: `${provider}/${id}`,
    key: `${eventType}/${provider}/${id}`,
    currency,
    functionalCurrency,
    rateE9,
    lines,
  })
}
