import { divideRounded } from '../money.ts'
import { RATE_ONE } from './fx.ts'
import { credit, debit, journalEntry, type JournalEntryDraft, type LineInput } from './journal.ts'
import type { PostingRule } from './rule-versions.ts'
import { BREAKAGE_KEY, giftCardKey } from './sales-terms.ts'

/** The gift cards of a company in one currency for which breakage is expected, as one portfolio. */
export interface CardPortfolio {
  issuedMinor: bigint
  usedMinor: bigint
  /** Share that nobody will ever spend, in parts per million: an estimate with evidence (606-10-55-48). */
  expectedPpm: number
}

/**
 * What of the expected breakage is earned so far: in proportion to what has been spent of what
 * will be (R19), and never more than is left on the cards.
 */
export function earnedBreakage({ issuedMinor, usedMinor, expectedPpm }: CardPortfolio): bigint {
  const expected = divideRounded(issuedMinor * BigInt(expectedPpm), 1_000_000n)
  const spendable = issuedMinor - expected
  if (spendable <= 0n) return 0n
  const earned = divideRounded(expected * usedMinor, spendable)
  const left = issuedMinor - usedMinor
  return earned < left ? earned : left
}

interface CardBooks {
  entity: number
  currency: string
  functionalCurrency: string
  rateE9?: bigint
}

/** Breakage of a portfolio is set to its target; the cards themselves keep what is on them. */
export interface BreakageRecognised extends CardBooks {
  /** Names the run for ever. */
  runId: string
  recognisedOn: string
  policyVersion: number
  /** To the target from what was recognised before; below zero when more was spent than expected. */
  changeMinor: bigint
}

/** Dr Gift cards {breakage}   Cr Breakage   (row 14), or the other way round */
export function postBreakageRecognised(event: BreakageRecognised): JournalEntryDraft {
  const { runId, recognisedOn, policyVersion, changeMinor } = event
  return cardEntry(event, {
    eventType: 'breakage-recognised',
    id: runId,
    on: recognisedOn,
    policies: { breakage: policyVersion },
    lines: [
      debit('GiftCards', changeMinor, { openKey: BREAKAGE_KEY }),
      credit('Breakage', changeMinor),
    ],
  })
}

/** A card that nobody used for as long as its state allows goes to the state. */
export interface CardEscheated extends CardBooks {
  cardId: bigint
  escheatedOn: string
  jurisdiction: string
  amountMinor: bigint
  bookedFuncMinor?: bigint
}

/** Dr Gift cards {card}   Cr Unclaimed property {jurisdiction}   (row 14: no breakage there) */
export function postCardEscheated(event: CardEscheated): JournalEntryDraft {
  const { cardId, amountMinor, jurisdiction, bookedFuncMinor } = event
  return cardEntry(event, {
    eventType: 'gift-card-escheated',
    id: String(cardId),
    on: event.escheatedOn,
    lines: [
      debit('GiftCards', amountMinor, {
        openKey: giftCardKey(cardId),
        funcMinor: bookedFuncMinor,
      }),
      credit('UnclaimedProperty', amountMinor, { jurisdiction }),
    ],
  })
}

function cardEntry(
  { entity, currency, functionalCurrency, rateE9 = RATE_ONE }: CardBooks,
  facts: {
    eventType: PostingRule
    id: string
    on: string
    policies?: Record<string, number>
    lines: LineInput[]
  },
): JournalEntryDraft {
  return journalEntry({
    entityId: entity,
    area: 'GL',
    effectiveOn: facts.on,
    eventType: facts.eventType,
    sourceType: 'gift-card',
    sourceId: facts.id,
    key: `${facts.eventType}/${facts.id}`,
    policies: facts.policies,
    currency,
    functionalCurrency,
    rateE9,
    lines: facts.lines,
  })
}
