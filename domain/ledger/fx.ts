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

/** The rate at which an amount was booked at this value: times 1e9, as {@link convertMinor} takes it. */
export function impliedRate(
  booked: { amountMinor: bigint; funcMinor: bigint },
  from: string,
  to: string,
): bigint {
  const shift = minorExponent(from) - minorExponent(to)
  const up = shift > 0 ? 10n ** BigInt(shift) : 1n
  const down = shift < 0 ? 10n ** BigInt(-shift) : 1n
  return divideRounded(booked.funcMinor * RATE_ONE * up, booked.amountMinor * down)
}

/**
 * Gives every line its functional value. Each side of each currency is converted as one sum and
 * split by largest remainder, so rounding can never unbalance an entry. Beside a line that keeps
 * the value it was booked at, either a line of `takesDifference` realises what the rate has done
 * since, or the other side takes the booked value. Where currencies meet, the exchange-position
 * lines close each of them and sum to zero themselves.
 */
export function functionalValues(
  lines: readonly LineInput[],
  entry: EntryRates,
): JournalLineDraft[] {
  const functional = entry.functionalCurrency ?? entry.currency
  const inCurrency = lines.map((line) => ({ ...line, currency: line.currency ?? entry.currency }))
  const valued = inCurrency.map(({ takesDifference: _takes, ...line }): JournalLineDraft => {
    const booked = line.currency === functional ? line.amountMinor : line.funcMinor
    return { ...line, funcMinor: booked ?? 0n }
  })
  for (const currency of new Set(inCurrency.map((line) => line.currency))) {
    if (currency === functional) continue
    valueCurrency({ lines: inCurrency, valued, currency, entry, functional })
  }
  const difference = lines.findIndex((line) => line.takesDifference)
  if (difference >= 0) valued[difference]!.funcMinor -= sum(valued.map((line) => line.funcMinor))
  const said = valued.filter((line) => line.amountMinor !== 0n || line.funcMinor !== 0n)
  return [...said, ...positionLines(said)]
}

interface Valuation {
  lines: readonly (LineInput & { currency: string })[]
  valued: JournalLineDraft[]
  currency: string
  entry: EntryRates
  functional: string
}

function valueCurrency(valuation: Valuation): void {
  const { lines, valued, currency } = valuation
  const own = lines.filter((line) => line.currency === currency)
  const booked = own.find((line) => line.funcMinor !== undefined && line.amountMinor !== 0n)
  const realised = own.some((line) => line.amountMinor === 0n)
  const meets = sum(own.map((line) => line.amountMinor)) !== 0n
  if (!booked || realised || meets) {
    for (const side of [1n, -1n]) valueSide(valuation, side, atRate(valuation))
    return
  }
  const side = booked.amountMinor > 0n ? 1n : -1n
  valueSide(valuation, side, atRate(valuation))
  const rest = sum(valued.filter((l) => l.currency === currency).map((l) => l.funcMinor))
  valueSide(valuation, -side, () => rest * side)
}

function atRate({ currency, entry, functional }: Valuation): (amountMinor: bigint) => bigint {
  return (amountMinor) => {
    const rateE9 = currency === entry.currency ? entry.rateE9 : entry.rates?.[currency]
    invariant(rateE9 !== undefined, `no exchange rate from ${currency} to ${functional}`)
    return convertMinor(amountMinor, currency, functional, rateE9)
  }
}

/** Values the lines of one side that have no booked value, as one sum. */
function valueSide(
  { lines, valued, currency }: Valuation,
  side: bigint,
  worth: (amountMinor: bigint) => bigint,
): void {
  const open = [...lines.entries()]
    .filter(([, line]) => line.currency === currency && line.funcMinor === undefined)
    .filter(([, line]) => line.amountMinor * side > 0n)
    .map(([index]) => index)
  if (open.length === 0) return
  const amounts = open.map((index) => lines[index]!.amountMinor * side)
  for (const [nth, share] of apportion(worth(sum(amounts)), amounts).entries()) {
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
