import type { SoldLine } from './discounts.ts'
import { soldDimensions } from './discounts.ts'
import { credit, debit, journalEntry, type JournalEntryDraft } from './journal.ts'

/** A part of what was billed before it was earned. */
export interface RevenueRecognised {
  deferralId: bigint
  openKey: string
  orderId: bigint
  entity: number
  currency: string
  functionalCurrency: string
  line: SoldLine
  /** Names this part for ever. */
  part: string
  recognisedOn: string
  /** Allows the entry where its period is locked. */
  approvalId?: string | undefined
  amountMinor: bigint
  /** What it was booked at when it was billed: no debt in money, so it keeps its rate (IFRIC 22). */
  bookedFuncMinor: bigint
}

/**
 * Dr Deferred revenue {shipment and line}   Cr Product sales
 *
 * A service is earned when it is activated, or day by day over its term (ASC 606-10-25-27, IFRS 15.35).
 */
export function postRevenueRecognised(event: RevenueRecognised): JournalEntryDraft {
  const dimensions = soldDimensions(event, event.line)
  const { openKey, amountMinor, bookedFuncMinor: funcMinor, deferralId, part } = event
  return journalEntry({
    entityId: event.entity,
    area: 'AR',
    effectiveOn: event.recognisedOn,
    eventType: 'revenue-recognised',
    sourceType: 'deferred-revenue',
    sourceId: `${deferralId}`,
    key: `revenue-recognised/${deferralId}/${part}`,
    ...(event.approvalId === undefined ? {} : { approvalId: event.approvalId }),
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    lines: [
      debit('DeferredRevenue', amountMinor, { ...dimensions, openKey, funcMinor }),
      credit('ProductSales', amountMinor, dimensions),
    ],
  })
}
