import { debit, journalEntry, realisedDifference, type JournalEntryDraft } from './journal.ts'

/** What a processor has changed from one currency into another: what either statement left open. */
export interface ConversionJoined {
  statementId: bigint
  entity: number
  provider: string
  functionalCurrency: string
  openKey: string
  on: string
  /** The open item in each currency, debit above zero, with what it was booked at. */
  sides: readonly { currency: string; amountMinor: bigint; funcMinor: bigint }[]
}

/**
 * Dr Clearing {conversion} in the one currency   Cr Clearing {conversion} in the other
 * Dr or Cr Realised exchange difference, Exchange position
 *
 * Row 29: what came at the processor's rate is what went, and the difference between both at the
 * rates of their day is realised (IAS 21.28).
 */
export function postConversionJoined(event: ConversionJoined): JournalEntryDraft {
  const { statementId, entity, provider, functionalCurrency, openKey, on, sides } = event
  const foreign = sides.find(({ currency }) => currency !== functionalCurrency)
  const currencies = sides.map(({ currency }) => currency).sort()
  return journalEntry({
    entityId: entity,
    area: 'CASH',
    late: 'next-open',
    effectiveOn: on,
    eventType: 'conversion-joined',
    sourceType: 'settlement',
    sourceId: statementId.toString(),
    key: `conversion-joined/${openKey}/${currencies.join('-')}/${statementId}`,
    currency: foreign!.currency,
    functionalCurrency,
    lines: [
      ...sides.map(({ currency, amountMinor, funcMinor }) =>
        debit('ProcessorClearing', -amountMinor, {
          ...{ currency, provider, openKey },
          funcMinor: -funcMinor,
        }),
      ),
      realisedDifference({ provider }),
    ],
  })
}

/** What the names of a processor's conversions begin with; its own reference of the deal follows. */
export const conversionKey = ({ provider, account }: { provider: string; account: string }) =>
  `conversion/${provider}/${account}/`
