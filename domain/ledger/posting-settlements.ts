import type { Treatment } from '../settlement/treatments.ts'
import type { AccountRole } from './chart.ts'
import { RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type Dimensions,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import { payoutKey, reserveKey } from './posting-payouts.ts'
import type { PostingRule } from './rule-versions.ts'
import { taxAccount, type TaxShare } from './sales-terms.ts'

export type Clearing = 'MarketplaceClearing' | 'ProcessorClearing'

/** Whose statement, and on which day of it. */
export interface StatementDay {
  statementId: bigint
  entity: number
  provider: string
  /** The seller's or merchant's account at the provider. */
  account: string
  /** Of a marketplace. */
  channelId?: number
  clearing: Clearing
  currency: string
  functionalCurrency: string
  rateE9?: bigint
  on: string
}

/** What an order line is about, as income and cost accounts ask. */
export interface LineDimensions {
  orderId: bigint
  orderLineId: bigint
  channelId: number
  itemId: number
  siteId: number
  segment: string
}

/** What a marketplace gave back to a buyer for one order line. */
export interface RefundedLine {
  line: LineDimensions
  netMinor: bigint
  taxes: readonly TaxShare[]
}

/** What a statement says of one open item of the clearing account on one day. */
export interface OrderSettled extends StatementDay {
  openKey: string
  /** From suspense, where its lines waited for the order to become known; else from the statement. */
  from: 'statement' | 'suspense'
  /** Names the entry beside others of the same item and day, such as the case that released it. */
  cause?: string
  about: Pick<Dimensions, 'orderId' | 'channelId' | 'segment'>
  /** What leaves the open item: the sales, less the fees that were expected of them. */
  clearedMinor: bigint
  bookedFuncMinor?: bigint
  /** Fees beyond what was expected, above zero; below where less was taken. */
  fees: readonly {
    role: 'Commission' | 'FulfilmentFee' | 'ProcessingFee'
    line?: LineDimensions
    amountMinor: bigint
  }[]
  refunds: readonly RefundedLine[]
  /** What all of it adds to the statement. */
  netMinor: bigint
}

/**
 * Dr Clearing {statement} (or Suspense)   Cr Clearing {order or payment}
 * Dr Commission, Fulfilment or Processing fee, for what was not expected
 * Dr Returns, Sales tax   Cr Refunds payable;   Dr Refunds payable
 * Dr or Cr Realised exchange difference
 *
 * Rows 5, 8 and 9b: each on the day on which the provider booked it, so that a statement over a
 * month end leaves in either month what belongs there, and its own open item carries the rest.
 */
export function postOrderSettled(event: OrderSettled): JournalEntryDraft {
  const { openKey, about, from, cause, refunds } = event
  const id = cause === undefined ? openKey : `${openKey}/${cause}`
  const net =
    from === 'suspense'
      ? debit('Suspense', event.netMinor, { provider: event.provider })
      : ofStatement(event, event.netMinor)
  return statementEntry(event, 'order-settled', id, [
    net,
    credit(event.clearing, event.clearedMinor, {
      ...about,
      ...ofProvider(event),
      channelId: about.channelId ?? event.channelId,
      openKey,
      funcMinor: event.bookedFuncMinor,
    }),
    ...event.fees.map(({ role, line, amountMinor }) =>
      debit(role, amountMinor, { ...(line ?? about), provider: event.provider }),
    ),
    ...refunds.flatMap((refund) => refundLines(event, refund)),
    realisedDifference({ provider: event.provider }),
  ])
}

function refundLines(event: OrderSettled, { line, netMinor, taxes }: RefundedLine): LineInput[] {
  const { orderId, channelId, segment } = line
  const dimensions = { orderId, channelId, segment }
  const granted = taxes.reduce((total, tax) => total + tax.amountMinor, netMinor)
  const openKey = `settlement/${event.statementId}/${line.orderLineId}`
  return [
    debit('Returns', netMinor, { ...line }),
    ...taxes.map((tax) =>
      debit(taxAccount(tax), tax.amountMinor, {
        ...dimensions,
        jurisdiction: tax.jurisdiction,
        taxCode: tax.taxCode,
      }),
    ),
    credit('RefundsPayable', granted, { ...dimensions, openKey }),
    debit('RefundsPayable', granted, { ...dimensions, openKey }),
  ]
}

/** An amount that is about the account as a whole; above zero is owed to us. */
export interface WholeAmount {
  treatment: Treatment
  amountMinor: bigint
  /** The claim that it pays. */
  openKey?: string
  bookedFuncMinor?: bigint
}

/**
 * Dr Advertising, Storage, Processing fee, Reserves held …   Cr Clearing {statement}
 *
 * Rows 6, 8 and 8b. What nobody can explain yet stands in suspense.
 */
export function postStatementLines(
  event: StatementDay & { amounts: readonly WholeAmount[] },
): JournalEntryDraft {
  const { amounts } = event
  const total = amounts.reduce((sum, each) => sum + each.amountMinor, 0n)
  return statementEntry(event, 'statement-settled', 'statement', [
    ofStatement(event, total),
    ...amounts.map((each) => againstWhole(event, each)),
    realisedDifference({ provider: event.provider }),
  ])
}

/** What waited in suspense is known: Dr Suspense   Cr what it is (row 8b). */
export function postSuspenseReleased(
  event: StatementDay & { caseId: string; amounts: readonly WholeAmount[] },
): JournalEntryDraft {
  const { amounts, caseId, provider } = event
  const total = amounts.reduce((sum, each) => sum + each.amountMinor, 0n)
  return statementEntry(event, 'suspense-released', `case/${caseId}`, [
    debit('Suspense', total, { provider }),
    ...amounts.map((each) => againstWhole(event, each)),
    realisedDifference({ provider }),
  ])
}

/** Where an amount goes that is about no single order; what has a key of its own names it. */
const ACCOUNT: Partial<Record<Treatment, AccountRole>> = {
  commission: 'StorageAndSubscription',
  'fulfilment-fee': 'StorageAndSubscription',
  'processing-fee': 'ProcessingFee',
  advertising: 'Advertising',
  storage: 'StorageAndSubscription',
  'claims-gain': 'ClaimsGain',
  'settlement-difference': 'SettlementDifference',
  suspense: 'Suspense',
}

function againstWhole(event: StatementDay, amount: WholeAmount): LineInput {
  const { treatment, amountMinor, openKey, bookedFuncMinor: funcMinor } = amount
  const { provider, channelId, clearing } = event
  const about = { provider, channelId, funcMinor }
  if (treatment === 'reserve')
    return credit('ReservesHeld', amountMinor, { ...about, openKey: reserveKey(provider) })
  if (treatment === 'carried')
    return credit(clearing, amountMinor, { ...about, openKey: carriedKey(event) })
  if (openKey !== undefined) return credit('Claims', amountMinor, { ...about, openKey })
  return credit(ACCOUNT[treatment] ?? 'Suspense', amountMinor, { provider, channelId })
}

/** The statement as a whole: what it pays, and what it carries on. */
export interface StatementPaid extends StatementDay {
  payoutId: string
  payoutMinor: bigint
  openingMinor: bigint
  closingMinor: bigint
  /** What the statement's open item was booked at. */
  bookedFuncMinor?: bigint
}

/**
 * Dr Cash in transit {payout}   Cr Clearing {statement}
 * Dr Clearing {carried}, for what stays at the provider beyond what was there
 * Dr or Cr Realised exchange difference   (row 6)
 */
export function postStatementPaid(event: StatementPaid): JournalEntryDraft | undefined {
  const { payoutMinor, openingMinor, closingMinor, provider, channelId } = event
  const carried = closingMinor - openingMinor
  if (payoutMinor === 0n && carried === 0n) return undefined
  return statementEntry(event, 'statement-paid', 'payout', [
    debit('CashInTransit', payoutMinor, { provider, openKey: payoutKey(event) }),
    debit(event.clearing, carried, { ...ofProvider(event), channelId, openKey: carriedKey(event) }),
    credit(event.clearing, payoutMinor + carried, {
      ...ofProvider(event),
      channelId,
      openKey: statementKey(event),
      funcMinor: event.bookedFuncMinor,
    }),
    realisedDifference({ provider }),
  ])
}

/** What is left of an order or payment after its statement, asked back or given up. */
export interface RestSettled extends StatementDay {
  openKey: string
  caseId: string
  as: 'claim' | 'difference'
  about: Pick<Dimensions, 'orderId' | 'channelId' | 'segment'>
  amountMinor: bigint
  bookedFuncMinor?: bigint
}

/** Dr Claims {order} (or Settlement difference)   Cr Clearing {order}   (row 8b) */
export function postRestSettled(event: RestSettled): JournalEntryDraft {
  const { about, amountMinor, openKey, caseId, provider, bookedFuncMinor: funcMinor } = event
  const channelId = about.channelId ?? event.channelId
  return statementEntry(event, 'rest-settled', `${openKey}/${caseId}`, [
    event.as === 'claim'
      ? debit('Claims', amountMinor, { ...about, channelId, provider, openKey: claimKey(event) })
      : debit('SettlementDifference', amountMinor, { ...about, channelId, provider }),
    credit(event.clearing, amountMinor, { ...about, channelId, provider, openKey, funcMinor }),
    realisedDifference({ provider }),
  ])
}

/** A refund that nobody had asked for, and for which no goods will come, is goodwill: Dr Goodwill   Cr Returns. */
export function postGoodwill(
  event: StatementDay & {
    caseId: string
    lines: readonly { line: LineDimensions; netMinor: bigint }[]
  },
): JournalEntryDraft {
  return statementEntry(
    event,
    'refund-was-goodwill',
    `case/${event.caseId}`,
    event.lines.flatMap(({ line, netMinor }) => [
      debit('Goodwill', netMinor, { ...line }),
      credit('Returns', netMinor, { ...line }),
    ]),
  )
}

/** The bank shows a payout, or a part of it. */
export interface PayoutBanked extends StatementDay {
  openKey: string
  /** Of the bank's line: `<bank statement>/<line>`. */
  bankLine: string
  amountMinor: bigint
  /** What the bank kept. */
  feeMinor: bigint
  bookedFuncMinor?: bigint
}

/** Dr Bank, Dr Processing fee   Cr Cash in transit {payout}; Dr or Cr Realised exchange difference   (row 6) */
export function postPayoutBanked(event: PayoutBanked): JournalEntryDraft {
  const { provider, amountMinor, feeMinor, openKey, bookedFuncMinor: funcMinor } = event
  return statementEntry(event, 'payout-banked', `bank/${event.bankLine}`, [
    debit('Bank', amountMinor, { provider }),
    debit('ProcessingFee', feeMinor, { provider }),
    credit('CashInTransit', amountMinor + feeMinor, { provider, openKey, funcMinor }),
    realisedDifference({ provider }),
  ])
}

export const statementKey = ({ statementId }: { statementId: bigint }) => `statement/${statementId}`
export const carriedKey = ({ provider, account }: { provider: string; account: string }) =>
  `carried/${provider}/${account}`
const claimKey = ({ statementId, openKey }: { statementId: bigint; openKey: string }) =>
  `claim/${statementId}/${openKey}`

function ofStatement(event: StatementDay, amountMinor: bigint): LineInput {
  const { channelId } = event
  return debit(event.clearing, amountMinor, {
    ...ofProvider(event),
    channelId,
    openKey: statementKey(event),
  })
}

const ofProvider = ({ provider }: StatementDay) => ({ provider })

function statementEntry(
  event: StatementDay,
  eventType: PostingRule,
  id: string,
  lines: LineInput[],
): JournalEntryDraft {
  const { entity, statementId, currency, functionalCurrency, rateE9 = RATE_ONE, on } = event
  return journalEntry({
    entityId: entity,
    area: 'CASH',
    late: 'next-open',
    effectiveOn: on,
    eventType,
    sourceType: 'settlement',
    sourceId: statementId.toString(),
    key: `${eventType}/${statementId}/${id}/${on}`,
    currency,
    functionalCurrency,
    rateE9,
    lines,
  })
}
