import { RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import { differenceLines, type BilledTax, type SpreadDifference } from './posting-bills.ts'
import { vendorReturnKey } from './posting-vendor-returns.ts'
import type { PostingRule } from './rule-versions.ts'

/** A part of a return's variance, by the goods that it is about. */
export interface VarianceShare {
  itemId: number
  siteId: number
  /** Functional; above zero costs us. */
  minor: bigint
}

export interface VendorCreditPosted {
  creditId: bigint | string
  entity: number
  party: string
  postedOn: string
  currency: string
  functionalCurrency: string
  /** Of the day of the credit note. */
  rateE9: bigint
  /** What is owed to us by it, tax included. */
  grossMinor: bigint
  taxes: readonly BilledTax[]
  /** What it takes of the claim for a return, at what that was booked at. */
  claim?: { returnNo: string; minor: bigint; funcMinor: bigint }
  /** Credited beyond the claim. */
  surplus: readonly VarianceShare[]
  /** Credited of a bill: the goods were cheaper. */
  difference: SpreadDifference
}

/** Names the open item of what a supplier owes us by a credit note; it stands beside its bills. */
export function vendorCreditKey(creditId: bigint | string): string {
  return `vendor-credit/${creditId}`
}

/**
 * Dr Payables {credit}   Cr Vendor receivable {return}, Return variance for what is credited beyond it
 *                        Cr Inventory {layer}, Price variance {order line} where a bill was too dear
 *                        Cr Input VAT
 * Dr or Cr Realised exchange difference
 *
 * The debit lies among the payables, so that a payment run takes it off what the supplier gets.
 */
export function postVendorCredit(event: VendorCreditPosted): JournalEntryDraft {
  const { creditId, party, currency, functionalCurrency, claim } = event
  return journalEntry({
    entityId: event.entity,
    area: 'AP',
    effectiveOn: event.postedOn,
    eventType: 'vendor-credit-posted' satisfies PostingRule,
    sourceType: 'vendor-credit',
    sourceId: `${creditId}/posted`,
    key: `vendor-credit-posted/${creditId}`,
    currency,
    functionalCurrency,
    rateE9: event.rateE9,
    lines: [
      debit('Payables', event.grossMinor, { party, openKey: vendorCreditKey(creditId) }),
      credit('VendorReceivable', claim?.minor ?? 0n, {
        party,
        openKey: vendorReturnKey(claim?.returnNo ?? ''),
        funcMinor: claim?.funcMinor ?? 0n,
      }),
      ...event.surplus.map((share) => varianceLine(share, functionalCurrency, party)),
      ...differenceLines(event, event.difference),
      ...event.taxes.map(({ jurisdiction, taxCode, amountMinor }) =>
        credit('InputVat', amountMinor, { jurisdiction, taxCode }),
      ),
      realisedDifference({ party }),
    ],
  })
}

/** The rest of a claim that nobody expects any more. */
export interface VendorClaimGivenUp {
  returnNo: string
  entity: number
  party: string
  givenUpOn: string
  currency: string
  functionalCurrency: string
  minor: bigint
  /** What it was booked at; the variance is this much. */
  funcMinor: bigint
  variance: readonly VarianceShare[]
}

/** Dr Return variance   Cr Vendor receivable {return}, both at what the claim was booked at. */
export function postVendorClaimGivenUp(event: VendorClaimGivenUp): JournalEntryDraft {
  const { returnNo, party, currency, functionalCurrency, minor, funcMinor } = event
  return journalEntry({
    entityId: event.entity,
    area: 'AP',
    effectiveOn: event.givenUpOn,
    eventType: 'vendor-claim-given-up' satisfies PostingRule,
    sourceType: 'vendor-return',
    sourceId: `${returnNo}/given-up`,
    key: `vendor-claim-given-up/${returnNo}`,
    currency: functionalCurrency,
    functionalCurrency,
    rateE9: RATE_ONE,
    lines: [
      ...event.variance.map((share) => varianceLine(share, functionalCurrency, party)),
      credit('VendorReceivable', minor, {
        ...{ party, currency, funcMinor, openKey: vendorReturnKey(returnNo) },
      }),
    ],
  })
}

function varianceLine(
  { itemId, siteId, minor }: VarianceShare,
  currency: string,
  party: string,
): LineInput {
  return debit('ReturnVariance', minor, { itemId, siteId, party, currency })
}
