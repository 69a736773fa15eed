import { apportion } from '../apportion.ts'
import { divideRounded, sum } from '../money.ts'
import { discountOf, type FrozenLine } from './freeze.ts'
import type { OrderPolicy } from './policies.ts'

/** What a marketplace is expected to keep back of one line, in the order's currency. */
export interface ExpectedFees {
  commissionMinor: bigint
  feeMinor: bigint
}

/**
 * Splits the fees that a marketplace order is expected to bear over its lines, once, at placement:
 * commission is rounded on the whole order and the fee per order is one fee, however many
 * shipments the order takes. A gift card bears none.
 */
export function expectedFees(
  lines: readonly FrozenLine[],
  policy: Pick<OrderPolicy, 'expectedCommissionPpm'>,
  feeMinor: bigint,
): ExpectedFees[] {
  if (lines.length === 0) return []
  const bases = lines.map((line) => {
    const base = line.goodsMinor - discountOf(line) + line.shippingMinor
    return line.source.giftCard || base < 0n ? 0n : base
  })
  if (sum(bases) === 0n) return lines.map(() => ({ commissionMinor: 0n, feeMinor: 0n }))
  const commission = divideRounded(sum(bases) * BigInt(policy.expectedCommissionPpm), 1_000_000n)
  const commissions = apportion(commission, bases)
  const fees = apportion(feeMinor, bases)
  return lines.map((_line, n) => ({ commissionMinor: commissions[n]!, feeMinor: fees[n]! }))
}
