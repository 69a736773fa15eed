import type { RoutingPolicy } from './policies.ts'

export interface Demand {
  orderLineId: string
  itemId: number
  qty: number
}

/** A site that might ship, with the carrier service it would use. */
export interface CandidateNode {
  siteId: number
  code: string
  /** Why the site is out before stock is looked at, or null. */
  excluded: string | null
  /** Freight in the entity's minor units, by the service chosen for this destination. */
  freightMinor: bigint
  transitDays: number
  zone: string
}

/** Units that this order may still take of an item at a site. */
export type Availability = ReadonlyMap<number, ReadonlyMap<number, number>>

export interface Assignment {
  orderLineId: string
  itemId: number
  siteId: number
  qty: number
}

export interface AllocationResult {
  assignments: Assignment[]
  shortages: Demand[]
  /** For the DecisionRecord: the sites in the order tried, each with why it was or was not taken. */
  considered: { site: string; reason: string; score?: string; covers?: number }[]
  split: boolean
}

/**
 * Chooses the sites for an order: one that can ship everything at the least freight and time,
 * else the fewest that cover the most. Demand for one item on two lines is one demand, so the
 * second line never counts units that the first has taken.
 */
export function allocate(
  demands: readonly Demand[],
  nodes: readonly CandidateNode[],
  available: Availability,
  options: { policy: RoutingPolicy; maxSplits: number; shipComplete: boolean },
): AllocationResult {
  const left = new Map(demands.map((demand) => [demand.orderLineId, demand.qty]))
  const free = cloneAvailability(available)
  const considered: AllocationResult['considered'] = nodes
    .filter((node) => node.excluded !== null)
    .map((node) => ({ site: node.code, reason: node.excluded! }))
  let candidates = nodes.filter((node) => node.excluded === null)
  const assignments: Assignment[] = []
  const needed = () => demands.reduce((units, demand) => units + left.get(demand.orderLineId)!, 0)

  for (
    let parcels = 0;
    parcels <= options.maxSplits && needed() > 0 && candidates.length > 0;
    parcels++
  ) {
    const ranked = rank(candidates, demands, left, free, options.policy)
    const best = ranked[0]!
    if (best.covers === 0) break
    assignments.push(...take(best.node, demands, left, free))
    considered.push({
      site: best.node.code,
      reason: parcels === 0 ? 'chosen' : 'chosen for the rest',
      score: best.score.toString(),
      covers: best.covers,
    })
    if (needed() === 0)
      considered.push(
        ...ranked.slice(1).map((other) => ({
          site: other.node.code,
          reason: lost(other, best),
          score: other.score.toString(),
          covers: other.covers,
        })),
      )
    candidates = candidates.filter((node) => node.siteId !== best.node.siteId)
  }
  const shortages = demands.flatMap((demand) =>
    left.get(demand.orderLineId)! > 0 ? [{ ...demand, qty: left.get(demand.orderLineId)! }] : [],
  )
  for (const node of candidates) {
    if (!considered.some((entry) => entry.site === node.code))
      considered.push({ site: node.code, reason: 'has none of what is missing' })
  }
  if (options.shipComplete && shortages.length > 0) {
    return { assignments: [], shortages: [...demands], considered, split: false }
  }
  return {
    assignments,
    shortages,
    considered,
    split: new Set(assignments.map((a) => a.siteId)).size > 1,
  }
}

interface Ranked {
  node: CandidateNode
  covers: number
  score: bigint
}

function rank(
  nodes: readonly CandidateNode[],
  demands: readonly Demand[],
  left: Map<string, number>,
  free: FreeStock,
  policy: RoutingPolicy,
): Ranked[] {
  return nodes
    .map((node) => ({
      node,
      covers: coverage(node, demands, left, free),
      score: node.freightMinor + BigInt(policy.dayMinor) * BigInt(node.transitDays),
    }))
    .sort(
      (a, b) =>
        b.covers - a.covers ||
        (a.score < b.score ? -1 : a.score > b.score ? 1 : a.node.siteId - b.node.siteId),
    )
}

function coverage(
  node: CandidateNode,
  demands: readonly Demand[],
  left: Map<string, number>,
  free: FreeStock,
): number {
  const wanted = new Map<number, number>()
  for (const demand of demands)
    wanted.set(demand.itemId, (wanted.get(demand.itemId) ?? 0) + left.get(demand.orderLineId)!)
  let units = 0
  for (const [itemId, qty] of wanted)
    units += Math.min(qty, free.get(itemId)?.get(node.siteId) ?? 0)
  return units
}

function take(
  node: CandidateNode,
  demands: readonly Demand[],
  left: Map<string, number>,
  free: FreeStock,
): Assignment[] {
  return demands.flatMap(({ orderLineId, itemId }) => {
    const sites = free.get(itemId)
    const qty = Math.min(left.get(orderLineId)!, sites?.get(node.siteId) ?? 0)
    if (!sites || qty <= 0) return []
    sites.set(node.siteId, sites.get(node.siteId)! - qty)
    left.set(orderLineId, left.get(orderLineId)! - qty)
    return [{ orderLineId, itemId, siteId: node.siteId, qty }]
  })
}

function lost(other: Ranked, best: Ranked): string {
  if (other.covers < best.covers)
    return `covers ${other.covers} units, ${best.node.code} covers ${best.covers}`
  return `costs more in freight and days (${other.score} against ${best.score})`
}

type FreeStock = Map<number, Map<number, number>>

function cloneAvailability(available: Availability): FreeStock {
  return new Map([...available].map(([item, sites]) => [item, new Map(sites)]))
}
