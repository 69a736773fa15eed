import type { DemandPolicy } from './policies.ts'

export interface WaitingDemand {
  orderId: string
  /** Higher is served first. */
  channelPriority: number
  customerClass: string
  shipBy: string | null
  placedAt: string
}

/** Who gets scarce units first: the policy's rules in order, the first that tells two orders apart decides (INV-29, 30, 32). */
export function rankDemand<D extends WaitingDemand>(
  demands: readonly D[],
  policy: DemandPolicy,
): D[] {
  return [...demands].sort((a, b) => {
    for (const rule of policy.rank) {
      const order = compare(rule, a, b, policy)
      if (order !== 0) return order
    }
    return Number(BigInt(a.orderId) - BigInt(b.orderId))
  })
}

function compare(
  rule: DemandPolicy['rank'][number],
  a: WaitingDemand,
  b: WaitingDemand,
  policy: DemandPolicy,
): number {
  switch (rule) {
    case 'channel-priority':
      return b.channelPriority - a.channelPriority
    case 'customer-class':
      return classRank(policy, a.customerClass) - classRank(policy, b.customerClass)
    case 'ship-by':
      return text(a.shipBy ?? '9999-12-31', b.shipBy ?? '9999-12-31')
    case 'placed':
      return text(a.placedAt, b.placedAt)
  }
}

function classRank(policy: DemandPolicy, name: string): number {
  const rank = policy.classes.indexOf(name)
  return rank < 0 ? policy.classes.length : rank
}

function text(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
