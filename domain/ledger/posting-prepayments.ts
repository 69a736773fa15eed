import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import { billKey, paymentRunKey } from './posting-bills.ts'
import type { PostingRule } from './rule-versions.ts'

/** Whose prepayment, in whose books. */
export interface PrepaymentBooks {
  prepaymentId: bigint | string
  entity: number
  party: string
  currency: string
  functionalCurrency: string
  /** Of the day of the entry. */
  rateE9: bigint
  on: string
}

/** Names the open item of what a supplier has been paid ahead. */
export function prepaymentKey(prepaymentId: bigint | string): string {
  return `prepayment/${prepaymentId}`
}

export interface PrepaymentPaid extends PrepaymentBooks {
  runId: bigint | string
  amountMinor: bigint
  /** What the bank takes for it; the prepayment keeps this value whatever the rate does. */
  payFuncMinor: bigint
}

/** Dr Vendor prepayment {prepayment}   Cr Cash in transit {payment run}: not monetary, so never revalued (row 30). */
export function postPrepaymentPaid(event: PrepaymentPaid): JournalEntryDraft {
  const { party, prepaymentId, functionalCurrency, runId, amountMinor, payFuncMinor } = event
  const key = `${runId}/${prepaymentId}`
  return prepaymentEntry(event, 'prepayment-paid', key, [
    debit('VendorPrepayment', amountMinor, {
      ...{ party, openKey: prepaymentKey(prepaymentId), funcMinor: payFuncMinor },
    }),
    credit('CashInTransit', payFuncMinor, {
      ...{ party, currency: functionalCurrency, openKey: paymentRunKey(runId) },
    }),
  ])
}

/** A part of a prepayment, and what that part was booked at. */
interface PrepaymentUsed extends PrepaymentBooks {
  minor: bigint
  bookedFuncMinor: bigint
}

export interface PrepaymentApplied extends PrepaymentUsed {
  billId: bigint | string
  /** What the same part of the bill was booked at. */
  billFuncMinor: bigint
}

/** Dr Payables {bill}   Cr Vendor prepayment {prepayment}; Dr or Cr Realised exchange difference between their days. */
export function postPrepaymentApplied(event: PrepaymentApplied): JournalEntryDraft {
  const { party, prepaymentId, billId, minor, bookedFuncMinor, billFuncMinor } = event
  return prepaymentEntry(event, 'prepayment-applied', `${prepaymentId}/${billId}`, [
    debit('Payables', minor, { party, openKey: billKey(billId), funcMinor: billFuncMinor }),
    credit('VendorPrepayment', minor, {
      ...{ party, openKey: prepaymentKey(prepaymentId), funcMinor: bookedFuncMinor },
    }),
    realisedDifference({ party }),
  ])
}

export interface PrepaymentRefunded extends PrepaymentUsed {
  /** What the bank got for it. */
  receivedFuncMinor: bigint
}

/** Dr Bank   Cr Vendor prepayment {prepayment}; Dr or Cr Realised exchange difference: it came back. */
export function postPrepaymentRefunded(event: PrepaymentRefunded): JournalEntryDraft {
  const { party, prepaymentId, functionalCurrency, minor, bookedFuncMinor } = event
  return prepaymentEntry(event, 'prepayment-refunded', String(prepaymentId), [
    debit('Bank', event.receivedFuncMinor, { currency: functionalCurrency }),
    credit('VendorPrepayment', minor, {
      ...{ party, openKey: prepaymentKey(prepaymentId), funcMinor: bookedFuncMinor },
    }),
    realisedDifference({ party }),
  ])
}

function prepaymentEntry(
  event: PrepaymentBooks,
  eventType: PostingRule,
  id: string,
  lines: LineInput[],
): JournalEntryDraft {
  const { entity: entityId, currency, functionalCurrency, rateE9, on: effectiveOn } = event
  return journalEntry({
    ...{ entityId, area: 'AP', effectiveOn, eventType, sourceType: 'vendor-prepayment' },
    ...{ sourceId: `${event.prepaymentId}/${eventType}`, key: `${eventType}/${id}` },
    ...{ currency, functionalCurrency, rateE9, lines },
  })
}
