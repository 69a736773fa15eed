import { apportion } from '../apportion.ts'
import { divideRounded, minorExponent, sum } from '../money.ts'
import { invariant } from '../refusal.ts'
import { accountOfRole } from './chart.ts'
import type { JournalLineDraft, LineInput } from './journal.ts'

/** How an entry's lines become functional currency. */
export interface EntryRates {
  /** Currency of lines that name none. */
  currency: string
  /** Currency of the entity's books; the entry's own unless given. */
  functionalCurrency?: string
  /** Functional units for one unit of `currency`, times 1e9. */
  rateE9?: bigint
  /** Rates of further currencies. */
  rates?: Record<string, bigint>
}

export const RATE_ONE = 1_000_000_000n

/** Converts minor units at a rate scaled by 1e9, half away from zero; decimals may differ (JPY, KWD). */
export function convertMinor(minor: bigint, from: string, to: string, rateE9: bigint): bigint {
  const shift = minorExponent(to) - minorExponent(from)
  const up = shift > 0 ? 10n ** BigInt(shift) : 1n
  const down = shift < 0 ? 10n ** BigInt(-shift) : 1n
  return divideRounded(minor * rateE9 * up, RATE_ONE * down)
}

/**
 * Gives every line its functional value. Each side of each currency is converted as one sum and
 * split by largest remainder, so rounding can never unbalance an entry; where currencies meet, the
 * exchange-position lines close each of them and sum to zero themselves.
 */
export function functionalValues(
  lines: readonly LineInput[],
  entry: EntryRates,
): JournalLineDraft[] {
  const functional = entry.functionalCurrency ?? entry.currency
  const inCurrency = lines.map((line) => ({ ...line, currency: line.currency ?? entry.currency }))
  const valued = inCurrency.map((line): JournalLineDraft => {
    return { ...line, funcMinor: line.currency === functional ? line.amountMinor : 0n }
  })
  for (const currency of new Set(inCurrency.map((line) => line.currency))) {
    if (currency === functional) continue
    for (const side of [1n, -1n]) valueSide(inCurrency, valued, currency, side, entry, functional)
  }
  return [...valued, ...positionLines(valued)]
}

function valueSide(
  lines: readonly (LineInput & { currency: string })[],
  valued: JournalLineDraft[],
  currency: string,
  side: bigint,
  entry: EntryRates,
  functional: string,
): void {
  const open: number[] = []
  for (const [index, line] of lines.entries()) {
    if (line.currency !== currency) continue
    if (line.funcMinor !== undefined) valued[index]!.funcMinor = line.funcMinor
    else if (line.amountMinor * side > 0n) open.push(index)
  }
  if (open.length === 0) return
  const rateE9 = currency === entry.currency ? entry.rateE9 : entry.rates?.[currency]
  invariant(rateE9 !== undefined, `no exchange rate from ${currency} to ${functional}`)
  const amounts = open.map((index) => lines[index]!.amountMinor * side)
  const value = convertMinor(sum(amounts), currency, functional, rateE9)
  for (const [nth, share] of apportion(value, amounts).entries()) {
    valued[open[nth]!]!.funcMinor = share * side
  }
}

/** One 9010 line per currency that does not sum to zero by itself. */
function positionLines(lines: readonly JournalLineDraft[]): JournalLineDraft[] {
  const totals = new Map<string, { amount: bigint; func: bigint }>()
  for (const line of lines) {
    const total = totals.get(line.currency) ?? { amount: 0n, func: 0n }
    totals.set(line.currency, {
      amount: total.amount + line.amountMinor,
      func: total.func + line.funcMinor,
    })
  }
  // A single currency out of balance is a wrong entry, not a meeting of currencies.
  if (totals.size < 2) return []
  return [...totals]
    .filter(([, total]) => total.amount !== 0n)
    .map(([currency, total]) => ({
      accountId: accountOfRole.FxPosition,
      currency,
      amountMinor: -total.amount,
      funcMinor: -total.func,
    }))
}
