import { invariant } from '../refusal.ts'
import { accountOfRole, accountName, type AccountRole } from './chart.ts'
import { functionalValues, type EntryRates } from './fx.ts'
import { ruleVersion } from './rule-versions.ts'

/** The part of the books that a period lock closes by itself. */
export type LedgerArea = 'AR' | 'AP' | 'INV' | 'CASH' | 'TAX' | 'GL'

/** What a line is about, so that any figure drills down to the order line, layer or provider. */
export interface Dimensions {
  orderId?: bigint
  orderLineId?: bigint
  channelId?: number
  itemId?: number
  siteId?: number
  segment?: string
  /** Customer or supplier, as `supplier/12`. */
  party?: string
  taxCode?: string
  jurisdiction?: string
  provider?: string
  condition?: string
  layerId?: bigint
  promotion?: string
  /** Names the open item that the line opens or settles. */
  openKey?: string
  qty?: bigint
  /** The closed period that a late fact is about, as `2026-06`. */
  belongsTo?: string
  fxRateId?: number
}

/** One line in minor units; debit above zero, credit below. */
export interface JournalLineDraft extends Dimensions {
  accountId: number
  currency: string
  amountMinor: bigint
  funcMinor: bigint
}

export interface JournalEntryDraft {
  entityId: number
  /** `main` unless another basis of accounting is kept beside it. */
  book?: string
  area: LedgerArea
  /** Only for an adjusting period such as `2026-13`; else the date decides. */
  period?: string
  effectiveOn: string
  /**
   * A fact that must be booked even when its period is locked: it then goes to the first day of the
   * first later period that takes it, and each line says in `belongsTo` where it belongs.
   */
  late?: 'next-open'
  eventType: string
  sourceType: string
  sourceId: string
  /** Business key of the event, as `goods-shipped/4711`; the same key posts once. */
  key: string
  ruleVersion: number
  reverses?: bigint
  causeId?: string
  /** Who or what caused it; the store fills in the command's actor when the rule gives none. */
  actor?: string
  approvalId?: string
  lines: JournalLineDraft[]
}

/** A line before the entry gives it a currency and a functional value. */
export interface LineInput extends Dimensions {
  accountId: number
  amountMinor: bigint
  currency?: string
  /** Fixed functional value, such as that of an open item booked at an earlier rate. */
  funcMinor?: bigint
  /** Without an amount: takes what is missing in functional currency once all others are valued. */
  takesDifference?: true
}

export interface EntryInput extends Omit<JournalEntryDraft, 'lines' | 'ruleVersion'>, EntryRates {
  /** The rule's own, by the event's type, unless given. */
  ruleVersion?: number
  /** Versions of the policies that decided, as `{ order: 3 }`; they stand in the entry's cause. */
  policies?: Readonly<Record<string, number>>
  /** Lines of amount zero are left out, so that a rule need not ask whether there was a discount. */
  lines: readonly LineInput[]
}

export function debit(
  account: AccountRole | number,
  amountMinor: bigint,
  dimensions: Dimensions & { currency?: string; funcMinor?: bigint } = {},
): LineInput {
  return { accountId: accountId(account), amountMinor, ...dimensions }
}

export function credit(
  account: AccountRole | number,
  amountMinor: bigint,
  dimensions: Dimensions & { currency?: string; funcMinor?: bigint } = {},
): LineInput {
  const { funcMinor, ...rest } = dimensions
  const line = { accountId: accountId(account), amountMinor: -amountMinor, ...rest }
  return funcMinor === undefined ? line : { ...line, funcMinor: -funcMinor }
}

/** What the rate has done between booking and settling a monetary item; nothing where it has not moved. */
export function realisedDifference(dimensions: Dimensions & { currency?: string } = {}): LineInput {
  return {
    accountId: accountId('RealisedFx'),
    amountMinor: 0n,
    takesDifference: true,
    ...dimensions,
  }
}

/**
 * Builds an entry that balances in each currency and in functional currency: fills in functional
 * values at the given rates, adds the exchange-position pair when currencies meet, and stops as a
 * bug when the sides differ.
 */
export function journalEntry(input: EntryInput): JournalEntryDraft {
  const { currency, functionalCurrency, rateE9, rates, lines, policies, ...header } = input
  const stated = lines.filter(
    (line) => line.amountMinor !== 0n || (line.funcMinor ?? 0n) !== 0n || line.takesDifference,
  )
  const valued = functionalValues(stated, { currency, functionalCurrency, rateE9, rates })
  assertBalanced(header.key, valued)
  return {
    ...header,
    ruleVersion: input.ruleVersion ?? ruleVersion(input.eventType),
    ...(policies && input.causeId === undefined ? { causeId: policyCause(policies) } : {}),
    lines: valued,
  }
}

/** `{ order: 3 }` → `policy/order@3`. */
function policyCause(policies: Readonly<Record<string, number>>): string {
  const named = Object.entries(policies).map(([kind, version]) => `${kind}@${version}`)
  return `policy/${named.sort().join(',')}`
}

/** The mirror image of a posted entry; a mistake is answered by it, never by an update. */
export function reversalOf(
  posted: JournalEntryDraft & { entryId: bigint },
  reversal: { key: string; effectiveOn: string; actor?: string; approvalId?: string },
): JournalEntryDraft {
  const { entryId, lines, approvalId: _approval, period: _period, ...header } = posted
  return {
    ...header,
    ...reversal,
    eventType: `${posted.eventType}.reversed`,
    reverses: entryId,
    lines: lines.map((line) => ({
      ...line,
      amountMinor: -line.amountMinor,
      funcMinor: -line.funcMinor,
      ...(line.qty === undefined ? {} : { qty: -line.qty }),
    })),
  }
}

/** @throws InvariantViolation when a currency, or the functional value, does not sum to zero. */
export function assertBalanced(key: string, lines: readonly JournalLineDraft[]): void {
  const perCurrency = new Map<string, bigint>()
  let functional = 0n
  for (const line of lines) {
    perCurrency.set(line.currency, (perCurrency.get(line.currency) ?? 0n) + line.amountMinor)
    functional += line.funcMinor
  }
  const described = () =>
    lines.map((line) => `${accountName(line.accountId)} ${line.amountMinor}`).join(', ')
  for (const [currency, total] of perCurrency) {
    invariant(total === 0n, `${key} is out of balance by ${total} ${currency}: ${described()}`)
  }
  invariant(functional === 0n, `${key} is out of balance by ${functional} in functional currency`)
  invariant(lines.length >= 2, `${key} has fewer than two lines`)
}

function accountId(account: AccountRole | number): number {
  return typeof account === 'number' ? account : accountOfRole[account]
}
