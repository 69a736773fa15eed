import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type JournalEntryDraft,
} from './journal.ts'

/** A line of a return: above zero what was owed, below what was deducted. */
export interface ReturnedTax {
  accountId: number
  jurisdiction: string
  taxCode: string
  currency: string
  taxMinor: bigint
  funcMinor: bigint
}

/** The authority has been paid what a return says, or has paid it. */
export interface TaxReturnPaid {
  entity: number
  returnId: bigint
  paidOn: string
  /** Of the return; the rate is that of the day it was paid on. */
  currency: string
  functionalCurrency: string
  rateE9: bigint
  dueMinor: bigint
  lines: readonly ReturnedTax[]
}

/**
 * Dr Sales tax payable, Output VAT, OSS or IOSS VAT, line by line   Cr Input VAT, Bank
 * Dr or Cr Realised exchange difference
 *
 * R18: tax leaves at what it was booked at; what the rate of the return or of the payment differs
 * from that is an exchange difference.
 */
export function postTaxReturnPaid(event: TaxReturnPaid): JournalEntryDraft {
  const { entity, returnId, paidOn, currency, functionalCurrency, rateE9, dueMinor, lines } = event
  return journalEntry({
    entityId: entity,
    area: 'TAX',
    effectiveOn: paidOn,
    eventType: 'tax-return-paid',
    sourceType: 'tax-return',
    sourceId: returnId.toString(),
    key: `tax-return-paid/${returnId}`,
    ...{ currency, functionalCurrency, rateE9 },
    lines: [
      ...lines.map((line) => {
        const { accountId, taxMinor, ...about } = line
        return debit(accountId, taxMinor, about)
      }),
      credit('Bank', dueMinor),
      realisedDifference(),
    ],
  })
}
