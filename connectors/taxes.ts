import { apportion } from '#domain/apportion'
import { divideRounded } from '#domain/money'
import { netOf, type DraftLine, type DraftTax } from './draft-order.ts'
import { decimalText } from './decimal.ts'
import type { Field } from './field.ts'

const HIGHEST_RATE_PPM = 10_000_000

/** A rate as a fraction (`0.0825`, `factor` 1) or in percent (`8.25`, `factor` 100), in ppm. */
export function ratePpm(field: Field, factor: 1 | 100): number {
  if (!field.present) return 0
  const ppm = Math.round((Number(decimalText(field.value) ?? NaN) / factor) * 1_000_000)
  if (ppm >= 0 && ppm <= HIGHEST_RATE_PPM) return ppm
  field.refuse('not-a-rate', `must be a tax rate from 0 to ${10 * factor}`)
  return 0
}

/** The rate that a tax comes to, for channels that tell only amounts. */
export function impliedRatePpm(tax: bigint, net: bigint): number {
  if (net <= 0n) return 0
  return Math.min(Number(divideRounded(tax * 1_000_000n, net)), HIGHEST_RATE_PPM)
}

/** Lays a tax of the whole order on its lines, by largest remainder over what they come to. */
export function spreadTax(tax: DraftTax, lines: readonly DraftLine[]): void {
  if (lines.length === 0 || lines.some((line) => netOf(line) < 0n)) return
  const shares = apportion(tax.amount, lines.map(netOf))
  lines.forEach((line, n) => {
    if (shares[n] !== 0n) line.taxes.push({ ...tax, amount: shares[n]! })
  })
}

/**
 * Puts the difference between the tax that was charged and the rounded shares on the largest
 * share, where it weighs least.
 */
export function absorbTaxRounding(taxes: readonly DraftTax[], difference: bigint): void {
  const largest = taxes.reduce<DraftTax | null>(
    (best, tax) => (best === null || tax.amount > best.amount ? tax : best),
    null,
  )
  if (largest && largest.amount + difference >= 0n) largest.amount += difference
}

/** Half a minor unit for each of `parts` rounded amounts, rounded up. */
export function roundingAllowance(parts: number): bigint {
  return BigInt(Math.ceil(parts / 2))
}
