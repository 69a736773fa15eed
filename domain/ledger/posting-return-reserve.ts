import { credit, debit, journalEntry, type JournalEntryDraft } from './journal.ts'

export interface ReturnReserved {
  entity: number
  functionalCurrency: string
  reservedOn: string
  /** How many times it was set for this day before, plus one: each a further entry. */
  nth: number
  /** Allows the entry where its period is locked. */
  approvalId?: string | undefined
  /** What each channel's liability and asset change by, to reach their target. */
  channels: readonly { channelId: number; liabilityMinor: bigint; assetMinor: bigint }[]
}

/**
 * Dr Returns expected                 Cr Refund liability, estimated {channel}
 * Dr Right to recover returns         Cr Cost of returns expected {channel}
 *
 * Row 12: set to the target, both ways; never drawn line by line (IFRS 15.B21, ASC 606-10-55-23).
 */
export function postReturnReserved(event: ReturnReserved): JournalEntryDraft {
  const { functionalCurrency: currency, reservedOn, nth, approvalId } = event
  return journalEntry({
    entityId: event.entity,
    area: 'GL',
    effectiveOn: reservedOn,
    eventType: 'return-reserved',
    sourceType: 'return-reserve',
    sourceId: `${event.entity}/${reservedOn}`,
    key: `return-reserved/${event.entity}/${reservedOn}/${nth}`,
    ...(approvalId === undefined ? {} : { approvalId }),
    currency,
    functionalCurrency: currency,
    lines: event.channels.flatMap(({ channelId, liabilityMinor, assetMinor }) => [
      debit('ReturnsExpected', liabilityMinor, { channelId }),
      credit('RefundLiability', liabilityMinor, { channelId }),
      debit('RightToRecoverReturns', assetMinor, { channelId }),
      credit('CostOfReturnsExpected', assetMinor, { channelId }),
    ]),
  })
}
