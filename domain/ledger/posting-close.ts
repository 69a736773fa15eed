import { apportion } from '../apportion.ts'
import { divideRounded, sum } from '../money.ts'
import type { AllocationRule, ClosePolicy } from './close-policy.ts'
import { convertMinor } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  type Dimensions,
  type JournalEntryDraft,
  type LedgerArea,
  type LineInput,
} from './journal.ts'
import type { PostingRule } from './rule-versions.ts'

/** The close that an entry is posted for; it names the task, so that each figure leads to its reason. */
export interface CloseEntryOf {
  entity: number
  entityCode: string
  /** As `2026-06`. */
  period: string
  /** The last day of the period. */
  closedOn: string
  functionalCurrency: string
  task: string
  /** Counts the entries of this item and task: what changes later is another entry. */
  nth: number
  approvalId?: string | undefined
}

/** One open item, or one account and currency without items, that is worth another amount at the end. */
export interface MonetaryItem {
  accountId: number
  currency: string
  /** Names the item: its open key, or the account's party. */
  key: string
  amountMinor: bigint
  /** What it stands at, earlier revaluations that are carried included. */
  funcMinor: bigint
  dimensions: Dimensions
}

/**
 * What an item's value moves by at the closing rate (IAS 21.23, ASC 830-20-35): nothing of it is
 * another amount, only another value.
 */
export function revaluation(item: MonetaryItem, functional: string, rateE9: bigint): bigint {
  return convertMinor(item.amountMinor, item.currency, functional, rateE9) - item.funcMinor
}

/** Dr Unrealised FX   Cr item {amount 0}   (row 28b), or the other way round */
export function postFxRevalued(
  of: CloseEntryOf,
  item: MonetaryItem,
  changeMinor: bigint,
): JournalEntryDraft {
  const { accountId, currency, key, dimensions } = item
  return closeEntry(of, {
    eventType: 'fx-revalued',
    item: `${accountId}/${currency}/${key}`,
    area: 'GL',
    lines: [
      { accountId, currency, amountMinor: 0n, funcMinor: changeMinor, ...dimensions },
      debit('UnrealisedFx', 0n, { currency, funcMinor: -changeMinor }),
    ],
  })
}

/** Dr Bad debt   Cr Credit-loss allowance   (row 15), or the other way round */
export function postCreditLoss(of: CloseEntryOf, changeMinor: bigint): JournalEntryDraft {
  return closeEntry(of, {
    eventType: 'credit-loss-set',
    item: 'allowance',
    area: 'GL',
    lines: [debit('BadDebt', changeMinor), credit('CreditLossAllowance', changeMinor)],
  })
}

/** The share of receivables of each age that nobody is expected to pay, half away from zero. */
export function expectedLoss(
  receivables: readonly { ageDays: number; funcMinor: bigint }[],
  ages: ClosePolicy['creditLoss'],
): bigint {
  const rateAt = (ageDays: number) =>
    ages.filter(({ fromDays }) => fromDays <= ageDays).at(-1)?.ppm ?? 0
  const losses = receivables.map(({ ageDays, funcMinor }) =>
    divideRounded(funcMinor * BigInt(rateAt(ageDays)), 1_000_000n),
  )
  return sum(losses)
}

/** Dr Freight out {order line}   Cr Other accruals   (row 31), taken back on day one */
export function postFreightAccrued(
  of: CloseEntryOf,
  shipment: { id: bigint; dimensions: Dimensions; amountMinor: bigint },
): JournalEntryDraft {
  const { id, dimensions, amountMinor } = shipment
  return closeEntry(of, {
    eventType: 'freight-accrued',
    item: `shipment/${id}`,
    area: 'AP',
    lines: [debit('FreightOut', amountMinor, dimensions), credit('OtherAccruals', amountMinor)],
  })
}

/** Dr Commission {order line}   Cr Other accruals   (row 31), taken back on day one */
export function postMarketplaceFees(
  of: CloseEntryOf,
  {
    dimensions,
    amountMinor,
  }: { dimensions: Dimensions & { orderId: bigint }; amountMinor: bigint },
): JournalEntryDraft {
  return closeEntry(of, {
    eventType: 'marketplace-fees-accrued',
    item: `order/${dimensions.orderId}`,
    area: 'AP',
    lines: [debit('Commission', amountMinor, dimensions), credit('OtherAccruals', amountMinor)],
  })
}

/** Dr Write-down {item}   Cr Allowance {item, site}   (row 26), or the other way round */
export function postRealisableValue(
  of: CloseEntryOf,
  stock: {
    itemId: number
    changeMinor: bigint
    sites: readonly { siteId: number; amountMinor: bigint }[]
  },
): JournalEntryDraft {
  const { itemId, changeMinor, sites } = stock
  return closeEntry(of, {
    eventType: 'realisable-value-set',
    item: `item/${itemId}`,
    area: 'INV',
    lines: [
      debit('WriteDown', changeMinor, { itemId }),
      ...sites.map(({ siteId, amountMinor }) =>
        credit('NrvAllowance', amountMinor, { itemId, siteId, condition: 'sellable' }),
      ),
    ],
  })
}

/** Dr the cost's account   Cr Other accruals   (row 31): a bill that is expected, or came late */
export function postInvoiceAccrued(
  of: CloseEntryOf,
  expected: { item: string; accountId: number; party?: string; amountMinor: bigint },
): JournalEntryDraft {
  const { item, accountId, party, amountMinor } = expected
  const dimensions = party === undefined ? {} : { party }
  return closeEntry(of, {
    eventType: 'invoice-accrued',
    item,
    area: 'AP',
    lines: [
      debit(accountId, amountMinor, dimensions),
      credit('OtherAccruals', amountMinor, dimensions),
    ],
  })
}

/** Cr the account   Dr each share's account {channel}: exact shares by largest remainder (R4) */
export function postAllocated(
  of: CloseEntryOf,
  rule: AllocationRule,
  amountMinor: bigint,
  channelIds: ReadonlyMap<string, number>,
): JournalEntryDraft {
  const shares = apportion(
    amountMinor,
    rule.shares.map(({ ppm }) => BigInt(ppm)),
  )
  return closeEntry(of, {
    eventType: 'cost-allocated',
    item: rule.ruleId,
    area: 'GL',
    lines: [
      credit(rule.fromAccount, amountMinor),
      ...rule.shares.map(({ account, channel }, nth) => {
        const channelId = channel === undefined ? undefined : channelIds.get(channel)
        return debit(account, shares[nth]!, channelId === undefined ? {} : { channelId })
      }),
    ],
  })
}

/** A line of a judgement: debit above zero, in functional currency. */
export interface JudgedLine {
  accountId: number
  amountMinor: string
  channelId?: number
  itemId?: number
  siteId?: number
  condition?: string
  party?: string
}

/** The lines that one person prepared and another has signed. */
export function postJudged(
  of: CloseEntryOf,
  judged: { preparationId: bigint; preparedBy: string; lines: readonly JudgedLine[] },
): JournalEntryDraft {
  const { preparationId, preparedBy, lines } = judged
  const entry = closeEntry(of, {
    eventType: 'judgement-booked',
    item: `preparation/${preparationId}`,
    area: 'GL',
    lines: lines.map(({ amountMinor, ...line }) => ({ ...line, amountMinor: BigInt(amountMinor) })),
  })
  return { ...entry, actor: preparedBy }
}

/** One account's result of a year, debit above zero, in functional currency. */
export interface YearResult {
  accountId: number
  funcMinor: bigint
}

/**
 * Dr each income account   Cr each expense account   Dr or Cr Retained earnings (row 33): in
 * functional currency and without a dimension, as the lines name the whole year.
 */
export function postYearClosed(
  of: CloseEntryOf,
  results: readonly YearResult[],
): JournalEntryDraft {
  const year = of.period.slice(0, 4)
  const lines: LineInput[] = results.map(({ accountId, funcMinor }) =>
    credit(accountId, funcMinor, { belongsTo: year }),
  )
  const net = -sum(results.map(({ funcMinor }) => funcMinor))
  return {
    ...closeEntry(of, {
      eventType: 'year-closed',
      item: year,
      area: 'GL',
      lines: [...lines, credit('RetainedEarnings', net, { belongsTo: year })],
    }),
    period: of.period,
  }
}

interface CloseEntryParts {
  eventType: PostingRule
  item: string
  area: LedgerArea
  lines: readonly LineInput[]
}

function closeEntry(of: CloseEntryOf, parts: CloseEntryParts): JournalEntryDraft {
  const { entity, entityCode, period, closedOn, functionalCurrency, task, nth, approvalId } = of
  const { eventType, item, area, lines } = parts
  return journalEntry({
    entityId: entity,
    area,
    effectiveOn: closedOn,
    eventType,
    sourceType: 'period-close',
    sourceId: `${entityCode}/${period}/${task}`,
    key: closeEntryKey(of, item, nth),
    causeId: `period-close/${entityCode}/${period}/${task}`,
    ...(approvalId === undefined ? {} : { approvalId }),
    currency: functionalCurrency,
    functionalCurrency,
    lines,
  })
}

/** One entry of an item, a task and a period; a later correction has the next number. */
export function closeEntryKey(
  { entityCode, period, task }: Pick<CloseEntryOf, 'entityCode' | 'period' | 'task'>,
  item: string,
  nth: number,
): string {
  return `period-close/${entityCode}/${period}/${task}/${item}/${nth}`
}
