import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import { Refusal } from '../refusal.ts'

export const LANDED_COST_BASES = [
  'quantity',
  'value',
  'weight',
  'volume',
  'equal',
  'manual',
] as const
export type LandedCostBasis = (typeof LANDED_COST_BASES)[number]

/** A receipt line that bears a part of a freight, duty or insurance bill. */
export interface LandedCostBearer {
  qty: bigint
  /** What the goods were received at, functional minor units. */
  valueMinor: bigint
  /** Of one unit; null where the item's master does not say. */
  weightG: number | null
  volumeMm3: bigint | null
  /** What a person has put on it; only for `manual`. */
  manualMinor?: bigint
}

/**
 * Each line's share of a landed cost, exact: floor to the minor unit, remainder to the largest
 * fractions, ties by line number (row 23).
 * @throws Refusal `LandedCostBasisMissing` where an item lacks its weight or size, or all weigh nothing.
 * @throws Refusal `LandedCostDoesNotFoot` where shares given by hand are not the bill's amount.
 */
export function landedCostShares(
  totalMinor: bigint,
  basis: LandedCostBasis,
  lines: readonly LandedCostBearer[],
): bigint[] {
  if (basis === 'manual') return manualShares(totalMinor, lines)
  const weights = lines.map((line, n) => weightOf(line, basis, n + 1))
  if (weights.every((weight) => weight === 0n)) throw missing(basis, 'every line')
  return apportion(totalMinor, weights)
}

function weightOf(
  line: LandedCostBearer,
  basis: Exclude<LandedCostBasis, 'manual'>,
  lineNo: number,
): bigint {
  if (basis === 'equal') return 1n
  if (basis === 'quantity') return line.qty
  if (basis === 'value') return line.valueMinor
  const ofOne = basis === 'weight' ? line.weightG : line.volumeMm3
  if (ofOne === null) throw missing(basis, `line ${lineNo}`)
  return line.qty * BigInt(ofOne)
}

function missing(basis: string, what: string): Refusal {
  return new Refusal(
    'LandedCostBasisMissing',
    `${what} has no ${basis} to spread the cost by: complete the item, or choose another basis.`,
  )
}

function manualShares(totalMinor: bigint, lines: readonly LandedCostBearer[]): bigint[] {
  const shares = lines.map((line) => line.manualMinor ?? 0n)
  const given = sum(shares)
  if (given !== totalMinor)
    throw new Refusal(
      'LandedCostDoesNotFoot',
      `The shares come to ${given} minor units, the bill to ${totalMinor}: give each receipt line its part.`,
    )
  return shares
}
