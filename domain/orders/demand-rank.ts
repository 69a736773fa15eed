import type { DemandPolicy } from './policies.ts'

export interface WaitingDemand {
  orderId: string
  channel: string
  /** Higher is served first. */
  channelPriority: number
  customerClass: string
  shipBy: string | null
  placedAt: string
}

/** The rule for orders of different channels, and each channel's own for its orders among themselves. */
export interface DemandPolicies {
  everywhere: DemandPolicy
  channels: ReadonlyMap<string, DemandPolicy>
}

type Rule = DemandPolicy['rank'][number] | 'order-number'

export interface Ranked<D> {
  demand: D
  /** The rule by which it comes before the next one; null for the last. */
  decidedBy: Rule | null
}

/**
 * Who gets scarce units first: the policy's rules in order, the first that tells two orders apart
 * decides (INV-29, 30, 32). Each channel's orders stand in its own policy's order, and the queues
 * are merged by the policy for all, so that no channel can put itself before another.
 */
export function rankDemand<D extends WaitingDemand>(
  demands: readonly D[],
  { everywhere, channels }: DemandPolicies,
): Ranked<D>[] {
  const policyOf = (channel: string) => channels.get(channel) ?? everywhere
  const queues = [...new Set(demands.map((demand) => demand.channel))].map((channel) =>
    demands
      .filter((demand) => demand.channel === channel)
      .sort((a, b) => apart(a, b, policyOf(channel)).order),
  )
  const ranked: D[] = []
  while (ranked.length < demands.length) {
    const first = queues
      .filter((queue) => queue.length > 0)
      .sort((a, b) => apart(a[0]!, b[0]!, everywhere).order)[0]!
    ranked.push(first.shift()!)
  }
  return ranked.map((demand, n) => {
    const next = ranked[n + 1]
    if (!next) return { demand, decidedBy: null }
    const policy = next.channel === demand.channel ? policyOf(demand.channel) : everywhere
    return { demand, decidedBy: apart(demand, next, policy).rule }
  })
}

function apart(
  a: WaitingDemand,
  b: WaitingDemand,
  policy: DemandPolicy,
): { order: number; rule: Rule } {
  for (const rule of policy.rank) {
    const order = compare(rule, a, b, policy)
    if (order !== 0) return { order, rule }
  }
  return { order: Number(BigInt(a.orderId) - BigInt(b.orderId)), rule: 'order-number' }
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
