import { forecastE6, type DemandEvent } from './calendar.ts'
import { levelsOf, type LevelInputs, type Levels } from './levels.ts'
import {
  compareOptions,
  priceOf,
  runsOutOn,
  type Comparison,
  type Lane,
  type SupplierOffer,
  type SupplyOption,
} from './options.ts'
import type { ReplenishmentPolicy } from './policy.ts'
import { positionOf, type Position, type PositionInputs } from './position.ts'
import { lotSize, lowest } from './quantity.ts'
import { ONE } from './scaled.ts'
import { spikeOf, type Spike } from './spike.ts'
import { demandStatistics, type DayDemand, type DemandStatistics } from './statistics.ts'

/** What is known of one item at one site on the day of the run. */
export interface NodeFacts {
  itemId: number
  siteId: number
  policy: ReplenishmentPolicy
  stock: PositionInputs
  history: readonly DayDemand[]
  events: readonly DemandEvent[]
  /** Best rank first. */
  offers: readonly SupplierOffer[]
  /** Ways that end at this site. */
  lanes: readonly Lane[]
  /** What people have decided about it for a while. */
  wishes: Wishes
}

export interface Wishes {
  transferFirst: boolean
  /** Suppliers that are passed over. */
  without: readonly number[]
  /** Days in which it can be here by air; null: nobody wants it flown. */
  airDays: number | null
}

export interface NodePlan {
  itemId: number
  siteId: number
  statistics: DemandStatistics
  spike: Spike | null
  position: Position
  levelInputs: LevelInputs
  levels: Levels
  leadSource: string
  /** Units short of the level; 0 while the trigger is not reached. */
  need: bigint
  lot: { moq: bigint; multiple: bigint; cap: bigint | null }
  runsOut: number | null
  comparison: Comparison | null
  /** Days that what is there and to come lasts; the least comes first. */
  coverDays: number
  lotAsks: boolean
  /** Stock runs out before anything that is ordered today can be here. */
  runsOutFirst: boolean
}

const NO_LEAD = { leadDays: 0, leadVarianceE12: 0n, leadSource: 'nobody sells it' }

interface Sized {
  facts: NodeFacts
  plan: NodePlan
  offer: SupplierOffer | undefined
}

/**
 * What every site of one item needs, and from where. The most urgent site is served first from what
 * others have above their own level; a unit is promised to one of them only.
 * @param promised units of a site that open proposals take away already
 */
export function planItem(
  nodes: readonly NodeFacts[],
  today: number,
  promised: ReadonlyMap<number, bigint> = new Map(),
): NodePlan[] {
  const sized = nodes.map((facts) => sizeNode(facts, today))
  const spare = new Map(
    sized.map(({ facts, plan }) => [
      facts.siteId,
      surplusOf(facts, plan) - (promised.get(facts.siteId) ?? 0n),
    ]),
  )
  const urgent = sized
    .filter(({ plan }) => plan.need > 0n)
    .sort(
      (one, other) =>
        one.plan.coverDays - other.plan.coverDays || one.facts.siteId - other.facts.siteId,
    )
  for (const node of urgent) {
    const comparison = compareOptions(optionsOf(node, today, spare), {
      runsOut: node.plan.runsOut,
      transferFirst: node.facts.wishes.transferFirst,
    })
    node.plan.comparison = comparison
    if (!comparison) continue
    const { fromSiteId, qty } = comparison.chosen
    if (fromSiteId !== null) spare.set(fromSiteId, (spare.get(fromSiteId) ?? 0n) - qty)
    node.plan.lotAsks = lotAsks(comparison.chosen, node.plan.need, node.facts.policy)
    node.plan.runsOutFirst = isTooLate(node.plan, comparison.chosen.arrivesDay)
  }
  return sized.map(({ plan }) => plan)
}

function sizeNode(facts: NodeFacts, today: number): Sized {
  const { policy, events, history, stock } = facts
  const window = { fromDay: today - policy.historyDays, toDay: today - 1, events }
  const statistics = demandStatistics(history, window)
  const offer = facts.offers.find(({ supplierId }) => !facts.wishes.without.includes(supplierId))
  const lead = leadOf(facts, offer)
  const over = (days: number) => forecastE6(statistics.meanE6, { today, days, events })
  const levelInputs: LevelInputs = {
    method: policy.method,
    safety: policy.safety,
    minUnits: policy.minUnits,
    maxUnits: policy.maxUnits,
    coverDays: policy.coverDays,
    leadDays: lead.leadDays,
    reviewDays: policy.reviewDays,
    leadVarianceE12: lead.leadVarianceE12,
    demandVarianceE12: statistics.varianceE12,
    overLeadE6: over(lead.leadDays),
    overProtectionE6: over(lead.leadDays + policy.reviewDays),
    overCoverE6: over(lead.leadDays + policy.reviewDays + policy.coverDays),
    backordered: stock.backordered,
  }
  const levels = levelsOf(levelInputs)
  const position = positionOf(stock, { today, horizonDays: lead.leadDays + policy.reviewDays })
  const dailyE6 = dailyOf(levelInputs)
  const plan: NodePlan = {
    itemId: facts.itemId,
    siteId: facts.siteId,
    statistics,
    spike: spikeOf(history, window, { scoreE6: policy.spikeScoreE6, units: policy.spikeUnits }),
    position,
    levelInputs,
    levels,
    leadSource: lead.leadSource,
    need: needOf(policy, levels, position),
    lot: { moq: offer?.moq ?? 1n, multiple: offer?.multiple ?? 1n, cap: null },
    runsOut: runsOutOn(freeUnits(position), stock.coming, { today, dailyE6 }),
    comparison: null,
    coverDays: coverOf(position, dailyE6),
    lotAsks: false,
    runsOutFirst: false,
  }
  plan.lot.cap = capOf(policy, position, dailyE6)
  plan.runsOutFirst = policy.method !== 'none' && isTooLate(plan, today + levelInputs.leadDays)
  return { facts, plan, offer }
}

function leadOf({ policy, lanes, wishes }: NodeFacts, offer: SupplierOffer | undefined) {
  if (wishes.airDays !== null)
    return { leadDays: wishes.airDays, leadVarianceE12: 0n, leadSource: 'by air' }
  if (policy.leadDays !== null)
    return {
      leadDays: policy.leadDays,
      leadVarianceE12: offer?.leadVarianceE12 ?? 0n,
      leadSource: 'policy',
    }
  if (offer) return offer
  const [lane] = [...lanes].sort((one, other) => one.days - other.days)
  return lane ? { leadDays: lane.days, leadVarianceE12: 0n, leadSource: 'lane' } : NO_LEAD
}

/** Units of a day ahead, events counted in. */
function dailyOf({
  overProtectionE6,
  leadDays,
  reviewDays,
  overCoverE6,
  coverDays,
}: LevelInputs): bigint {
  const days = leadDays + reviewDays
  if (days > 0) return overProtectionE6 / BigInt(days)
  return coverDays > 0 ? overCoverE6 / BigInt(coverDays) : 0n
}

function freeUnits({ onHand, missing, reserved, backordered }: Position): bigint {
  return onHand - missing - reserved - backordered
}

/** Short of the trigger: up to the level. What is on its way counts, however late it is. */
function needOf(policy: ReplenishmentPolicy, levels: Levels, position: Position): bigint {
  if (policy.method === 'none') return 0n
  if (policy.method === 'to-order') {
    const short = -position.position
    return short > 0n ? short : 0n
  }
  if (position.projected >= levels.trigger) return 0n
  const need = levels.upTo - position.position
  return need > 0n ? need : 0n
}

/** Above this nothing is ordered: days of cover and shelf life, less what is there and to come. */
function capOf(
  policy: ReplenishmentPolicy,
  { position }: Position,
  dailyE6: bigint,
): bigint | null {
  const units = (days: number | null) =>
    days === null ? null : (dailyE6 * BigInt(days)) / ONE - position
  return policy.method === 'to-order'
    ? null
    : lowest(units(policy.maxCoverDays), units(policy.shelfLifeDays))
}

function coverOf({ position }: Position, dailyE6: bigint): number {
  if (position <= 0n) return 0
  if (dailyE6 <= 0n) return 9999
  const days = (position * ONE) / dailyE6
  return Number(days > 9999n ? 9999n : days)
}

/** What lies free at a site above what the site itself wants to have. */
function surplusOf({ policy }: NodeFacts, { position, levels, need }: NodePlan): bigint {
  if (need > 0n) return 0n
  const keep = policy.method === 'none' || policy.method === 'to-order' ? 0n : levels.upTo
  const free = freeUnits(position)
  const above = position.position - keep
  const spare = free < above ? free : above
  return spare > 0n ? spare : 0n
}

function optionsOf(
  { facts, plan, offer }: Sized,
  today: number,
  spare: ReadonlyMap<number, bigint>,
): SupplyOption[] {
  const options: SupplyOption[] = []
  const { need, lot, levelInputs } = plan
  if (offer) {
    const { qty, capped, overCap } = lotSize(need, lot)
    options.push({
      ...{ kind: 'buy', qty, capped, overCap, arrivesDay: today + levelInputs.leadDays },
      costMinor: priceOf(offer, qty),
      ...{ supplierId: offer.supplierId, fromSiteId: null, source: offer.supplier },
    })
  }
  const moved = lotSize(need, { moq: 1n, multiple: 1n, cap: lot.cap })
  for (const lane of facts.lanes) {
    if (moved.overCap || (spare.get(lane.fromSiteId) ?? 0n) < moved.qty) continue
    options.push({
      ...{ kind: 'transfer', ...moved, arrivesDay: today + lane.days },
      costMinor: lane.fixedMinor + lane.perUnitMinor * moved.qty,
      ...{ supplierId: null, fromSiteId: lane.fromSiteId, source: lane.fromSite },
    })
  }
  return options
}

/** The lot is far more than is needed, or than may lie there. */
function lotAsks(
  { kind, qty, overCap }: SupplyOption,
  need: bigint,
  policy: ReplenishmentPolicy,
): boolean {
  return kind === 'buy' && (overCap || (qty > need && qty * ONE >= need * policy.lotRatioPpm))
}

function isTooLate({ runsOut }: NodePlan, arrivesDay: number): boolean {
  return runsOut !== null && runsOut < arrivesDay
}
