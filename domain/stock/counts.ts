import type { CountPolicy } from './policies.ts'

export type CountLineState =
  'to-count' | 'recount' | 'review' | 'approved' | 'matched' | 'posted' | 'rejected' | 'cancelled'

export type CountPhase =
  'requested' | 'counting' | 'recount' | 'review' | 'approved' | 'closed' | 'cancelled'

/** Header status, always derived from the lines: what has to be done next. */
export function countPhase(states: readonly CountLineState[]): CountPhase {
  const some = (state: CountLineState) => states.includes(state)
  if (states.length > 0 && states.every((state) => state === 'to-count')) return 'requested'
  if (some('to-count')) return 'counting'
  if (some('recount')) return 'recount'
  if (some('review')) return 'review'
  if (some('approved')) return 'approved'
  return states.every((state) => state === 'cancelled') ? 'cancelled' : 'closed'
}

/** What a count found, as units and in the company's minor units. */
export interface Difference {
  expected: bigint
  counted: bigint
  /** What the units of the difference cost; never negative. */
  varianceMinor: bigint
}

type Tolerance = Pick<CountPolicy, 'tolerancePpm' | 'toleranceMinor'>

/** Two-sided: both the share of the units and the value must lie within, for more as for less. */
export function isWithinTolerance(found: Difference, tolerance: Tolerance): boolean {
  const off = magnitude(found.counted - found.expected)
  const share = off * 1_000_000n <= BigInt(tolerance.tolerancePpm) * magnitude(found.expected)
  return off === 0n || (share && found.varianceMinor <= BigInt(tolerance.toleranceMinor))
}

/** What is to be done with a count; `earlier` are the differences that others found before. */
export type Verdict =
  | { state: 'matched' }
  | { state: 'approved'; reasonCode: 'within-tolerance' | 'confirmed-by-recount' }
  | { state: 'recount' }
  | { state: 'review' }

/**
 * A match is done, a difference within tolerance is posted, one beyond is counted again by somebody
 * else. Two who found the same are enough below a value; from there on, and where they disagree, a
 * third person decides.
 */
export function verdictOn(
  found: Difference,
  earlier: readonly bigint[],
  policy: CountPolicy,
): Verdict {
  const off = found.counted - found.expected
  if (off === 0n) return { state: 'matched' }
  if (isWithinTolerance(found, policy)) return { state: 'approved', reasonCode: 'within-tolerance' }
  if (earlier.length === 0) return { state: 'recount' }
  const confirmed = earlier.at(-1) === off
  if (confirmed && found.varianceMinor < BigInt(policy.approvalFromMinor))
    return { state: 'approved', reasonCode: 'confirmed-by-recount' }
  return { state: 'review' }
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
