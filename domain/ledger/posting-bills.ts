import { sum } from '../money.ts'
import type { CostShare } from '../purchasing/spread-cost.ts'
import type { AccountRole } from './chart.ts'
import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type Dimensions,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import type { PostingRule } from './rule-versions.ts'

/** Whose bill, in whose books. */
export interface BillBooks {
  billId: bigint | string
  entity: number
  /** The supplier as journal lines name it. */
  party: string
  currency: string
  functionalCurrency: string
  /** Of the day of the entry. */
  rateE9: bigint
}

/** What a receipt or an estimate has credited, and this entry takes back; below zero gives it back. */
export interface AccrualTaken {
  account: 'GoodsReceivedNotInvoiced' | 'LandedCostAccrual'
  openKey: string
  currency: string
  amountMinor: bigint
  /** What this part was booked at, functional; at the entry's rate when it was never booked. */
  bookedFuncMinor?: bigint
  itemId?: number
  siteId?: number
  /** Of the open item, when that is another's than the bill's: freight names the goods' supplier. */
  party?: string
}

export interface BilledTax {
  jurisdiction: string
  taxCode: string
  amountMinor: bigint
}

/** A difference by the units that bear it, and the account of those that are sold already. */
export interface SpreadDifference {
  soldTo: 'PriceVariance' | 'LandedCostTrueUp'
  shares: readonly (CostShare & { order?: OrderOfShare })[]
}

/** The dimensions that a sold share must carry. */
export interface OrderOfShare {
  orderId: bigint
  channelId: number
  segment: string
}

export interface BillPosted extends BillBooks {
  postedOn: string
  accruals: readonly AccrualTaken[]
  taxes: readonly BilledTax[]
  differences: readonly SpreadDifference[]
  grossMinor: bigint
}

/**
 * Dr Goods received not invoiced {receipt line}, at receipt value   Cr Payables {bill}
 * Dr Landed-cost accrual {receipt line}, at the estimate
 * Dr Inventory {layer} for units on hand, Dr Price variance or Landed-cost true-up {order line} for sold ones
 * Dr Input VAT; Dr or Cr Realised exchange difference
 *
 * Rows 21, 21a, 23 and 28a: stock keeps its rate, what the rate has done since the receipt is exchange difference.
 */
export function postBill(event: BillPosted): JournalEntryDraft {
  const { party } = event
  return billEntry(event, 'bill-posted', String(event.billId), event.postedOn, [
    ...event.accruals.map((accrual) => accrualLine(event, accrual)),
    ...event.differences.flatMap((difference) => differenceLines(event, difference)),
    ...event.taxes.map((tax) => vatLine(tax, 1n)),
    credit('Payables', event.grossMinor, { party, openKey: billKey(event.billId) }),
    realisedDifference({ party }),
  ])
}

/** Goods came after their bill. */
export interface BilledGoodsReceived extends Omit<BillPosted, 'taxes' | 'grossMinor'> {
  /** Names the match, as one bill may wait for several receipts. */
  matchId: string
}

/** Dr Goods received not invoiced {receipt line}   Cr Goods received not invoiced {bill line}, and the difference   (row 21a) */
export function postBilledGoodsReceived(event: BilledGoodsReceived): JournalEntryDraft {
  return billEntry(event, 'billed-goods-received', event.matchId, event.postedOn, [
    ...event.accruals.map((accrual) => accrualLine(event, accrual)),
    ...event.differences.flatMap((difference) => differenceLines(event, difference)),
    realisedDifference({ party: event.party }),
  ])
}

/** A part of a credit note in its own currency, and what that was booked at. */
export interface CreditApplied {
  openKey: string
  minor: bigint
  funcMinor: bigint
}

export interface BillPaid extends BillBooks {
  runId: bigint | string
  paidOn: string
  /** All that is open of the bill, and what it was booked at. */
  openMinor: bigint
  bookedFuncMinor: bigint
  /** What the supplier gets, in the bill's currency; the bank takes it in functional currency. */
  payFuncMinor: bigint
  /** What the supplier's credit notes pay of it. */
  credits?: readonly CreditApplied[]
  discount: SpreadDifference
  /** Input VAT that the discount takes back. */
  taxes: readonly BilledTax[]
}

/**
 * Dr Payables {bill}   Cr Cash in transit {payment run}
 *                      Cr Payables {credit} for what a credit note pays
 *                      Cr Inventory {layer}, Price variance {order line}, Input VAT for the discount
 * Dr or Cr Realised exchange difference
 *
 * Rows 22 and 28c.
 */
export function postBillPaid(event: BillPaid): JournalEntryDraft {
  const { party, functionalCurrency, runId } = event
  const paid = { currency: functionalCurrency, openKey: paymentRunKey(runId), party }
  return billEntry(event, 'bill-paid', `${runId}/${event.billId}`, event.paidOn, [
    debit('Payables', event.openMinor, {
      party,
      openKey: billKey(event.billId),
      funcMinor: event.bookedFuncMinor,
    }),
    credit('CashInTransit', event.payFuncMinor, paid),
    ...(event.credits ?? []).map(({ openKey, minor, funcMinor }) =>
      credit('Payables', minor, { party, openKey, funcMinor }),
    ),
    ...differenceLines(event, event.discount),
    ...event.taxes.map((tax) => vatLine(tax, -1n)),
    realisedDifference({ party }),
  ])
}

/** The bank did not pay a bill that a run was to pay. */
export interface PaymentReturned extends BillBooks {
  runId: bigint | string
  /** What it was told to pay, and what that was booked at. */
  minor: bigint
  funcMinor: bigint
  /** The money had left: it is in the bank again. Otherwise it does not leave. */
  settled: boolean
  on: string
}

/** Dr Bank, or Cash in transit {payment run}   Cr Payables {bill} */
export function postPaymentReturned(event: PaymentReturned): JournalEntryDraft {
  const { party, functionalCurrency: currency, runId, funcMinor, minor } = event
  return billEntry(event, 'payment-returned', `${runId}/${event.billId}`, event.on, [
    event.settled
      ? debit('Bank', funcMinor, { currency })
      : debit('CashInTransit', funcMinor, { currency, party, openKey: paymentRunKey(runId) }),
    credit('Payables', minor, { party, openKey: billKey(event.billId), funcMinor }),
  ])
}

/** The bank has carried a payment run out. */
export interface PaymentRunSettled {
  runId: bigint | string
  entity: number
  functionalCurrency: string
  settledOn: string
  amountMinor: bigint
}

/** Dr Cash in transit {payment run}   Cr Bank */
export function postPaymentRunSettled(event: PaymentRunSettled): JournalEntryDraft {
  const { runId, amountMinor, functionalCurrency } = event
  return journalEntry({
    entityId: event.entity,
    area: 'CASH',
    effectiveOn: event.settledOn,
    eventType: 'payment-run-settled' satisfies PostingRule,
    sourceType: 'payment-run',
    sourceId: String(runId),
    key: `payment-run-settled/${runId}`,
    currency: functionalCurrency,
    functionalCurrency,
    lines: [
      debit('CashInTransit', amountMinor, { openKey: paymentRunKey(runId) }),
      credit('Bank', amountMinor),
    ],
  })
}

/** Goods that nobody will ever bill. */
export interface GrniCleared {
  receiptId: bigint | string
  lineNo: number
  entity: number
  party: string
  clearedOn: string
  currency: string
  functionalCurrency: string
  rateE9: bigint
  openMinor: bigint
  bookedFuncMinor: bigint
  itemId: number
  siteId: number
  difference: SpreadDifference
}

/** Dr Goods received not invoiced {receipt line}   Cr Inventory {layer}, Price variance {order line}: they cost nothing. */
export function postGrniCleared(event: GrniCleared): JournalEntryDraft {
  const { receiptId, lineNo, party, itemId, siteId } = event
  const openKey = receiptLineKey(receiptId, lineNo)
  const funcMinor = event.bookedFuncMinor
  return journalEntry({
    entityId: event.entity,
    area: 'AP',
    effectiveOn: event.clearedOn,
    eventType: 'grni-cleared' satisfies PostingRule,
    sourceType: 'receipt',
    sourceId: String(receiptId),
    key: `grni-cleared/${receiptId}/${lineNo}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9,
    lines: [
      debit('GoodsReceivedNotInvoiced', event.openMinor, {
        party,
        openKey,
        itemId,
        siteId,
        funcMinor,
      }),
      ...differenceLines(event, event.difference),
    ],
  })
}

/** Open-item keys of purchasing. */
export const billKey = (billId: bigint | string) => `bill/${billId}`
export const billLineKey = (billId: bigint | string, lineNo: number) =>
  `bill-line/${billId}/${lineNo}`
export const receiptLineKey = (receiptId: bigint | string, lineNo: number) =>
  `receipt-line/${receiptId}/${lineNo}`
export const paymentRunKey = (runId: bigint | string) => `payment-run/${runId}`

function billEntry(
  event: BillBooks,
  eventType: PostingRule,
  id: string,
  effectiveOn: string,
  lines: LineInput[],
): JournalEntryDraft {
  const { entity, currency, functionalCurrency, rateE9 } = event
  return journalEntry({
    entityId: entity,
    area: 'AP',
    effectiveOn,
    eventType,
    sourceType: 'vendor-bill',
    sourceId: String(event.billId),
    key: `${eventType}/${id}`,
    currency,
    functionalCurrency,
    rateE9,
    lines: [...lines, ...worthless(event, lines)],
  })
}

/** A foreign difference that is worth less than our smallest coin has no line of its own to close it. */
function worthless({ currency, functionalCurrency }: BillBooks, lines: LineInput[]): LineInput[] {
  if (currency === functionalCurrency) return []
  const said = lines.filter(({ amountMinor }) => amountMinor !== 0n)
  if (said.some((line) => line.currency === functionalCurrency)) return []
  return [credit('Rounding', sum(said.map(({ amountMinor }) => amountMinor)), { funcMinor: 0n })]
}

function accrualLine(event: BillBooks, accrual: AccrualTaken): LineInput {
  const { account, amountMinor, bookedFuncMinor, party, ...about } = accrual
  return debit(account, amountMinor, {
    ...about,
    party: party ?? event.party,
    ...(bookedFuncMinor === undefined ? {} : { funcMinor: bookedFuncMinor }),
  })
}

export function differenceLines(
  { functionalCurrency: currency }: Pick<BillBooks, 'functionalCurrency'>,
  { soldTo, shares }: SpreadDifference,
): LineInput[] {
  return shares.map((share) => {
    const [account, dimensions] = bearerOf(share, soldTo)
    return debit(account, share.minor, { ...dimensions, currency })
  })
}

/** Lost and scrapped units bear their share where their loss was booked; it moves no quantity. */
function bearerOf(
  share: SpreadDifference['shares'][number],
  soldTo: SpreadDifference['soldTo'],
): [AccountRole, Dimensions] {
  const { itemId, siteId } = share
  if (share.at === 'on-hand') {
    const { layerId, condition } = share
    const sold = condition === 'sellable' || condition === 'b-stock'
    const account = sold ? 'Inventory' : 'Quarantine'
    return [account, { itemId, siteId, layerId, condition }]
  }
  if (share.at === 'gone' || !share.order) return ['CountGainOrLoss', { itemId, siteId }]
  return [soldTo, { ...share.order, orderLineId: share.orderLineId, itemId, siteId }]
}

function vatLine({ jurisdiction, taxCode, amountMinor }: BilledTax, side: 1n | -1n): LineInput {
  return debit('InputVat', side * amountMinor, { jurisdiction, taxCode })
}
