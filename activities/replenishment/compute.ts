import { replenishmentId } from '#contracts/replenishment'
import type { Tx } from '#db/client'
import { channelsBehind } from '#db/queries/replenishment-demand'
import { readFacts, type NamedFacts } from '#db/queries/replenishment-facts'
import type { ItemRange } from '#db/queries/replenishment-nodes'
import { policiesFor } from '#db/queries/policies'
import { openTroubles } from '#db/stores/replenishment-cases'
import {
  dismissedProposals,
  insertProposals,
  lockOpenProposals,
  refreshKept,
  supersede,
  type NewProposal,
  type StandingProposal,
} from '#db/stores/replenishment-proposals'
import type { BatchCounts } from '#db/stores/replenishment-runs'
import { addDays } from '#domain/dates'
import { dateOfDay, dayNumber } from '#domain/replenishment/calendar'
import { alternativesOf, explain } from '#domain/replenishment/explain'
import { planItem, type NodePlan } from '#domain/replenishment/plan'
import { troublesOf } from './troubles.ts'

export interface ComputedRun {
  id: bigint
  entityId: number
  entity: string
  functionalCurrency: string
  runOn: string
}

/** What is known of an item at a site, and what it needs. */
export interface PlannedNode extends NamedFacts {
  plan: NodePlan
}

/**
 * Computes what the items `(after, to]` need at all their sites and lets proposals follow: what is
 * the same is kept, what is not is superseded, and an item at a site never has two open ones.
 */
export async function computeItems(
  tx: Tx,
  run: ComputedRun,
  items: { after: number; to: number },
): Promise<BatchCounts> {
  const range: ItemRange = { ...items, entityId: run.entityId, on: run.runOn }
  const open = await lockOpenProposals(tx, range)
  const known = await readFacts(tx, range, run.functionalCurrency)
  const dismissed = await dismissedProposals(tx, range)
  const planned = planAll(known, open, run.runOn)
  const change = changesOf(planned, { open, dismissed, run })
  await supersede(
    tx,
    change.superseded.map(({ id }) => id),
    `run ${run.id}: the need has changed`,
  )
  await supersede(
    tx,
    change.needless.map(({ id }) => id),
    `run ${run.id}: nothing is needed any more`,
  )
  const proposed = await insertProposals(
    tx,
    { id: run.id, entityId: run.entityId, currency: run.functionalCurrency },
    change.proposals,
    change.superseded,
  )
  await refreshKept(tx, change.kept)
  await openCases(tx, run, planned)
  return {
    nodes: known.length,
    proposed,
    superseded: change.superseded.length + change.needless.length,
    kept: change.kept.length,
    unsourced: change.proposals.filter(({ kind }) => kind === 'unsourced').length,
  }
}

function planAll(
  known: readonly NamedFacts[],
  open: readonly StandingProposal[],
  runOn: string,
): PlannedNode[] {
  const today = dayNumber(runOn)
  const planned: PlannedNode[] = []
  for (let from = 0; from < known.length;) {
    const { itemId } = known[from]!.node
    let to = from
    while (to < known.length && known[to]!.node.itemId === itemId) to += 1
    const own = known.slice(from, to)
    const promised = promisedBy(open, itemId, runOn)
    const plans = planItem(
      own.map(({ facts }) => facts),
      today,
      promised,
    )
    planned.push(...own.map((named, n) => ({ ...named, plan: plans[n]! })))
    from = to
  }
  return planned
}

/** Units of each site that a proposal which sleeps will take: they are not promised again. */
function promisedBy(
  open: readonly StandingProposal[],
  itemId: number,
  runOn: string,
): Map<number, bigint> {
  const promised = new Map<number, bigint>()
  for (const one of open)
    if (one.itemId === itemId && one.fromSiteId !== null && sleeps(one, runOn))
      promised.set(one.fromSiteId, (promised.get(one.fromSiteId) ?? 0n) + one.qty)
  return promised
}

function sleeps({ state, snoozedUntil }: StandingProposal, runOn: string): boolean {
  return state === 'snoozed' && snoozedUntil !== null && snoozedUntil > runOn
}

interface Changes {
  proposals: NewProposal[]
  superseded: StandingProposal[]
  needless: StandingProposal[]
  kept: { id: bigint; coverDays: number; runsOutOn: string | null; wakes: boolean }[]
}

function changesOf(
  planned: readonly PlannedNode[],
  {
    open,
    dismissed,
    run,
  }: {
    open: readonly StandingProposal[]
    dismissed: readonly StandingProposal[]
    run: ComputedRun
  },
): Changes {
  const today = dayNumber(run.runOn)
  const standing = new Map(open.map((one) => [keyOf(one), one]))
  const refused = new Map(dismissed.map((one) => [keyOf(one), one]))
  const changes: Changes = { proposals: [], superseded: [], needless: [], kept: [] }
  for (const node of planned) {
    const key = keyOf(node.plan)
    const old = standing.get(key)
    standing.delete(key)
    const wanted = node.plan.need > 0n ? proposalOf(node, today) : null
    const sleeping = old !== undefined && sleeps(old, run.runOn)
    if (wanted && old && (sleeping || isSame(wanted, old)))
      changes.kept.push({
        ...{ id: old.id, coverDays: wanted.coverDays, runsOutOn: wanted.runsOutOn },
        wakes: old.state === 'snoozed' && !sleeping,
      })
    else if (wanted && (old || !isRefused(wanted, refused.get(key), node, run.runOn))) {
      if (old) changes.superseded.push(old)
      changes.proposals.push(wanted)
    } else if (old) changes.needless.push(old)
  }
  // Items that no policy speaks of any more, or that are not sold any more.
  changes.needless.push(...standing.values())
  return changes
}

function keyOf({ itemId, siteId }: { itemId: number; siteId: number }): string {
  return `${itemId}/${siteId}`
}

function isSame(wanted: NewProposal, old: StandingProposal): boolean {
  return (
    wanted.kind === old.kind &&
    wanted.qty === old.computedQty &&
    wanted.supplierId === old.supplierId &&
    wanted.fromSiteId === old.fromSiteId &&
    wanted.lotAsks === old.lotAsks &&
    wanted.costMinor.toString() === old.computedCostMinor
  )
}

/** Somebody has said no to the very same a while ago. */
function isRefused(
  wanted: NewProposal,
  old: StandingProposal | undefined,
  { facts }: PlannedNode,
  runOn: string,
): boolean {
  if (!old?.decidedOn || !isSame(wanted, old)) return false
  return addDays(old.decidedOn, facts.policy.dismissDays) > runOn
}

function proposalOf({ facts, plan }: PlannedNode, today: number): NewProposal {
  const { comparison, lot, need, runsOut, lotAsks, coverDays, levelInputs } = plan
  const chosen = comparison?.chosen
  const bought = chosen?.kind === 'buy'
  return {
    ...{ itemId: plan.itemId, siteId: plan.siteId, policyId: facts.policy.id },
    kind: chosen?.kind ?? 'unsourced',
    qty: chosen?.qty ?? need,
    ...{ moq: bought ? lot.moq : 1n, multiple: bought ? lot.multiple : 1n },
    ...{ supplierId: chosen?.supplierId ?? null, fromSiteId: chosen?.fromSiteId ?? null },
    costMinor: chosen?.costMinor ?? 0n,
    arrivesOn: dateOfDay(chosen?.arrivesDay ?? today + levelInputs.leadDays),
    runsOutOn: runsOut === null ? null : dateOfDay(runsOut),
    coverDays,
    inputs: explain(facts, plan, today),
    alternatives: alternativesOf(comparison),
    ...{ ownerMode: facts.policy.ownerMode, bandPpm: facts.policy.bandPpm, lotAsks },
  }
}

async function openCases(tx: Tx, run: ComputedRun, planned: readonly PlannedNode[]): Promise<void> {
  const spiked = planned.filter(({ plan }) => plan.spike !== null)
  const channels = await channelsBehind(
    tx,
    spiked.map(({ plan }) => plan),
    run.runOn,
  )
  const found = planned.flatMap((node) => troublesOf(node, run.runOn, channels))
  if (found.length === 0) return
  const { exceptions } = await policiesFor(tx, '*')
  const of = {
    ...{ runId: run.id, entityId: run.entityId, currency: run.functionalCurrency },
    workflowId: replenishmentId(run.entity),
  }
  await openTroubles(tx, of, found, exceptions.body)
}
