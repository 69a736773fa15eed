import { sum } from './money.ts'

/**
 * Splits `total` over `weights` exactly, by largest remainder (Hamilton's method): every share
 * is within one minor unit of its exact value, the shares sum to `total`, ties go to the
 * earlier line. Equal or all-zero weights split evenly.
 * @throws RangeError when a weight is negative or there is nothing to split over.
 */
export function apportion(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.length === 0) {
    if (total === 0n) return []
    throw new RangeError('cannot apportion an amount over no lines')
  }
  if (weights.some((weight) => weight < 0n)) throw new RangeError('weights must not be negative')
  const whole = sum(weights)
  const basis = whole === 0n ? weights.map(() => 1n) : [...weights]
  const divisor = whole === 0n ? BigInt(weights.length) : whole
  const magnitude = total < 0n ? -total : total
  const shares = basis.map((weight) => (magnitude * weight) / divisor)
  const remainders = basis.map((weight, line) => ({ line, rest: (magnitude * weight) % divisor }))
  remainders.sort((a, b) => (a.rest === b.rest ? a.line - b.line : a.rest > b.rest ? -1 : 1))
  const missing = Number(magnitude - sum(shares))
  for (const { line } of remainders.slice(0, missing)) shares[line] = shares[line]! + 1n
  return total < 0n ? shares.map((share) => -share) : shares
}

/**
 * The share of `total` that falls on units `from` (inclusive) to `to` (exclusive) of `units`.
 * Shares of adjoining ranges always sum to the total, so a line that ships in any number of
 * parts posts exactly its frozen amount, in whatever order its units leave.
 */
export function unitShare(total: bigint, units: number, from: number, to: number): bigint {
  if (units <= 0 || from < 0 || to > units || from > to) {
    throw new RangeError(`units ${from}..${to} are not within a line of ${units}`)
  }
  return (total * BigInt(to)) / BigInt(units) - (total * BigInt(from)) / BigInt(units)
}
