import { minorExponent } from '#domain/money'
import { LARGEST_MINOR } from './decimal.ts'

export type DecimalMark = '.' | ','

/** What is wrong with a written amount. */
export type AmountFault = 'not-a-decimal' | 'amount-too-fine' | 'amount-out-of-range'

/**
 * The decimal mark of a file, by all its amounts together: `1.234,56` and `12,5` have a comma,
 * `1,234.56` a dot, and `1,234` alone says nothing. A file that says nothing has a dot; null for
 * one that says both.
 */
export function decimalMark(amounts: Iterable<string>): DecimalMark | null {
  const seen = new Set<DecimalMark>()
  for (const amount of amounts) {
    const mark = markOf(bareAmount(amount).digits)
    if (mark) seen.add(mark)
  }
  if (seen.size === 2) return null
  return seen.has(',') ? ',' : '.'
}

/**
 * A written amount in minor units of `currency`, exactly: nothing is rounded. Takes thousands in
 * groups, currency signs and codes, brackets and a minus before or behind.
 */
export function writtenMinor(
  text: string,
  currency: string,
  mark: DecimalMark,
): bigint | AmountFault {
  const { digits, isNegative } = bareAmount(text)
  const [whole = '', fraction = '', ...more] = digits.split(mark)
  const group = mark === '.' ? ',' : '.'
  const isGrouped = new RegExp(`^\\d{1,3}(\\${group}\\d{2,3})*\\${group}\\d{3}$`).test(whole)
  if (more.length > 0 || !(isGrouped || /^\d*$/.test(whole)) || !/^\d*$/.test(fraction))
    return 'not-a-decimal'
  const units = whole.replaceAll(group, '')
  if (units + fraction === '') return 'not-a-decimal'
  const exponent = minorExponent(currency)
  if (/[1-9]/.test(fraction.slice(exponent))) return 'amount-too-fine'
  if (units.length > 18) return 'amount-out-of-range'
  const minor = BigInt(units + fraction.slice(0, exponent).padEnd(exponent, '0') || '0')
  if (minor > LARGEST_MINOR) return 'amount-out-of-range'
  return isNegative ? -minor : minor
}

/** Digits and marks alone. */
function bareAmount(text: string): { digits: string; isNegative: boolean } {
  const bare = text
    .normalize('NFKC')
    .replaceAll(/[\s'’`]|\p{Sc}/gu, '')
    .replaceAll(/^(?:[A-Z]{3}|kr|Rs|R)\.?(?=[-+\d(])|(?<=[\d)])(?:[A-Z]{3}|kr|zł|Kč|Ft)\.?$/g, '')
    .replaceAll(/[\u2212\u2013]/g, '-')
  const bracketed = /^\((.*)\)$/.exec(bare)
  const signed = /^([-+]?)(.*?)([-+]?)$/.exec(bracketed?.[1] ?? bare)!
  if (signed[1] && signed[3]) return { digits: 'x', isNegative: false }
  const isNegative = (signed[1] || signed[3]) === '-' || bracketed !== null
  return { digits: signed[2]!, isNegative }
}

function markOf(digits: string): DecimalMark | null {
  const lastDot = digits.lastIndexOf('.')
  const lastComma = digits.lastIndexOf(',')
  if (lastDot < 0 && lastComma < 0) return null
  if (lastDot >= 0 && lastComma >= 0) return lastDot > lastComma ? '.' : ','
  const mark = lastDot >= 0 ? '.' : ','
  const parts = digits.split(mark)
  if (parts.length > 2) return mark === '.' ? ',' : '.'
  const [whole = '', fraction = ''] = parts
  const mayGroup = fraction.length === 3 && /^[1-9]\d{0,2}$/.test(whole)
  return mayGroup ? null : mark
}
