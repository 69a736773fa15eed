import { sum } from '../money.ts'
import type { RoutingPolicy } from './policies.ts'

export interface Demand {
  orderLineId: string
  itemId: number
  qty: number
}

export interface Units {
  itemId: number
  qty: number
}

/** What shipping some units from a site takes; freight in the entity's minor units. */
export interface Quote {
  freightMinor: bigint
  transitDays: number
  zone: string
  /** Whether the day that the order is promised for is kept; always, when none is. */
  inTime: boolean
}

/** A site that might ship. */
export interface CandidateNode {
  siteId: number
  code: string
  /** Why the site is out before stock is looked at, or null. */
  excluded: string | null
  /** By the carrier service that would be chosen for these units to this destination. */
  quote(units: readonly Units[]): Quote
}

/** Units that this order may still take of an item at a site. */
export type Availability = ReadonlyMap<number, ReadonlyMap<number, number>>

export interface Assignment {
  orderLineId: string
  itemId: number
  siteId: number
  qty: number
}

/** Why more than one parcel leaves, and what that costs beyond one; minor units of the entity. */
export interface Split {
  reason: string
  sites: string[]
  freightMinor: bigint
  oneParcelMinor: bigint
  extraMinor: bigint
}

export interface Considered extends Partial<Quote> {
  site: string
  reason: string
  covers?: number
  /** Freight and days, in minor units. */
  score?: bigint
}

export interface AllocationResult {
  assignments: Assignment[]
  shortages: Demand[]
  /** For the DecisionRecord: every site with why it was or was not taken. */
  considered: Considered[]
  split: Split | null
}

interface Options {
  policy: RoutingPolicy
  /** At most so many further sites. */
  maxSplits: number
  shipComplete: boolean
}

/**
 * Chooses the sites for an order: first whoever can ship most of it, then whoever keeps the
 * promise, then the least freight and time; each further parcel must save `splitMinor`. Demand
 * for one item on two lines is one demand, so the second line never counts units of the first.
 */
export function allocate(
  demands: readonly Demand[],
  nodes: readonly CandidateNode[],
  available: Availability,
  options: Options,
): AllocationResult {
  const usable = nodes.filter((node) => node.excluded === null)
  const singles = usable.map((node) => tryPlan([node], demands, available, options.policy))
  const able = singles.filter((plan) => plan.covers > 0)
  const plans = [...able, ...splitPlans(able, demands, available, options)]
  const best = plans.reduce<Plan | null>((a, b) => (a && comparePlans(a, b) <= 0 ? a : b), null)
  const considered = consider(nodes, singles, plans, best)
  if (!best) return { assignments: [], shortages: [...demands], considered, split: null }
  const shortages = demands.flatMap((demand) => {
    const mine = best.assignments.filter((a) => a.orderLineId === demand.orderLineId)
    const qty = demand.qty - mine.reduce((units, a) => units + a.qty, 0)
    return qty > 0 ? [{ ...demand, qty }] : []
  })
  if (options.shipComplete && shortages.length > 0)
    return { assignments: [], shortages: [...demands], considered, split: null }
  return {
    assignments: best.assignments,
    shortages,
    considered,
    split: best.parcels.length > 1 ? splitOf(best, able) : null,
  }
}

/** One way to ship: what leaves from where, and what it costs. */
interface Plan {
  parcels: { node: CandidateNode; units: Assignment[]; quote: Quote }[]
  assignments: Assignment[]
  covers: number
  lateUnits: number
  freightMinor: bigint
  /** Freight and days. */
  score: bigint
  /** The score, and what each further parcel must be worth. */
  weighed: bigint
}

/** Takes what each site has in turn; a site that has nothing for the order sends no parcel. */
function tryPlan(
  nodes: readonly CandidateNode[],
  demands: readonly Demand[],
  available: Availability,
  policy: RoutingPolicy,
): Plan {
  const left = new Map(demands.map((demand) => [demand.orderLineId, demand.qty]))
  const parcels = nodes.flatMap((node) => {
    const units = take(node, demands, left, available)
    return units.length > 0 ? [{ node, units, quote: node.quote(units) }] : []
  })
  const assignments = parcels.flatMap((parcel) => parcel.units)
  const score = sum(parcels.map(({ quote }) => scoreOf(quote, policy)))
  const further = BigInt(Math.max(0, parcels.length - 1))
  return {
    parcels,
    assignments,
    covers: unitsOf(assignments),
    lateUnits: unitsOf(parcels.filter((p) => !p.quote.inTime).flatMap((p) => p.units)),
    freightMinor: sum(parcels.map(({ quote }) => quote.freightMinor)),
    score,
    weighed: score + further * BigInt(policy.splitMinor),
  }
}

/** Every pair of sites, and longer rows of those that cover most, the punctual ones first or not. */
function splitPlans(
  able: readonly Plan[],
  demands: readonly Demand[],
  available: Availability,
  { maxSplits, policy }: Options,
): Plan[] {
  if (maxSplits < 1 || able.length < 2) return []
  const byWorth = [...able].sort(comparePlans)
  const byPromise = [...able].sort(
    (a, b) => Math.sign(a.lateUnits) - Math.sign(b.lateUnits) || comparePlans(a, b),
  )
  const nodeOf = (plan: Plan) => plan.parcels[0]!.node
  const rows = [byWorth, byPromise].map((row) => row.map(nodeOf).slice(0, maxSplits + 1))
  const pairs = able.flatMap((a) =>
    able.filter((b) => b !== a).map((b) => [nodeOf(a), nodeOf(b)] as const),
  )
  return [...rows, ...pairs]
    .map((row) => tryPlan(row, demands, available, policy))
    .filter((plan) => plan.parcels.length > 1)
}

function comparePlans(a: Plan, b: Plan): number {
  return (
    b.covers - a.covers ||
    a.lateUnits - b.lateUnits ||
    compare(a.weighed, b.weighed) ||
    a.parcels.length - b.parcels.length ||
    a.parcels[0]!.node.siteId - b.parcels[0]!.node.siteId
  )
}

function take(
  node: CandidateNode,
  demands: readonly Demand[],
  left: Map<string, number>,
  available: Availability,
): Assignment[] {
  const taken = new Map<number, number>()
  return demands.flatMap(({ orderLineId, itemId }) => {
    const gone = taken.get(itemId) ?? 0
    const free = (available.get(itemId)?.get(node.siteId) ?? 0) - gone
    const qty = Math.min(left.get(orderLineId)!, free)
    if (qty <= 0) return []
    taken.set(itemId, gone + qty)
    left.set(orderLineId, left.get(orderLineId)! - qty)
    return [{ orderLineId, itemId, siteId: node.siteId, qty }]
  })
}

function splitOf(best: Plan, singles: readonly Plan[]): Split {
  const whole = singles.filter((plan) => plan.covers === best.covers).sort(comparePlans)[0]
  const reason = !whole
    ? 'no single site has all units'
    : whole.lateUnits > best.lateUnits
      ? `${whole.parcels[0]!.node.code} has all units and would be late`
      : `cheaper than all from ${whole.parcels[0]!.node.code}`
  // What one parcel would cost is a real offer where a site has all, else what it would be if one had.
  const oneParcelMinor = whole
    ? whole.freightMinor
    : best.parcels.map(({ node }) => node.quote(best.assignments).freightMinor).sort(compare)[0]!
  return {
    reason,
    sites: best.parcels.map(({ node }) => node.code),
    freightMinor: best.freightMinor,
    oneParcelMinor,
    extraMinor: best.freightMinor - oneParcelMinor,
  }
}

function consider(
  nodes: readonly CandidateNode[],
  singles: readonly Plan[],
  plans: readonly Plan[],
  best: Plan | null,
): Considered[] {
  const usable = nodes.filter((node) => node.excluded === null)
  const chosen = (best?.parcels ?? []).map(({ node, units, quote }, nth) => ({
    site: node.code,
    reason: nth === 0 ? 'chosen' : 'chosen for the rest',
    covers: unitsOf(units),
    ...quote,
  }))
  const others = usable.flatMap((node, n) => {
    const alone = singles[n]!
    if (best?.parcels.some((parcel) => parcel.node === node)) return []
    if (!best || alone.covers === 0)
      return [{ site: node.code, reason: 'has none of what is missing' }]
    const { quote } = alone.parcels[0]!
    const reason = lost(alone, best)
    return [{ site: node.code, reason, covers: alone.covers, score: alone.score, ...quote }]
  })
  const excluded = nodes.flatMap((node) =>
    node.excluded === null ? [] : [{ site: node.code, reason: node.excluded }],
  )
  return [...excluded, ...chosen, ...others, ...lostSplit(plans, best)]
}

/** The split that would have been cheaper by itself, where a further parcel was not worth it. */
function lostSplit(plans: readonly Plan[], best: Plan | null): Considered[] {
  if (!best || best.parcels.length > 1) return []
  const split = plans
    .filter((plan) => plan.parcels.length > 1 && plan.score < best.score)
    .sort(comparePlans)[0]
  if (!split) return []
  return [
    {
      site: split.parcels.map(({ node }) => node.code).join(' + '),
      reason: `saves ${best.score - split.score} by a split, which is less than a further parcel must save`,
      covers: split.covers,
      score: split.score,
    },
  ]
}

function lost(other: Plan, best: Plan): string {
  const first = best.parcels.map(({ node }) => node.code).join(' + ')
  if (other.covers < best.covers)
    return `covers ${other.covers} units, ${first} covers ${best.covers}`
  if (other.lateUnits > best.lateUnits) return 'would be late'
  return `costs more in freight and days (${other.score} against ${best.score})`
}

function scoreOf(quote: Quote, policy: RoutingPolicy): bigint {
  return quote.freightMinor + BigInt(policy.dayMinor) * BigInt(quote.transitDays)
}

function unitsOf(assignments: readonly Assignment[]): number {
  return assignments.reduce((units, a) => units + a.qty, 0)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
