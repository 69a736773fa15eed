import type { ChannelDemand } from '#db/queries/replenishment-demand'
import type { FoundTrouble } from '#db/stores/replenishment-cases'
import { dateOfDay, dayNumber } from '#domain/replenishment/calendar'
import { addDays } from '#domain/dates'
import type { PlannedNode } from './compute.ts'

/** What a person must look at (§3.5): a spike, a late supplier, a lot far above the need, stock that runs out first. */
export function troublesOf(
  node: PlannedNode,
  runOn: string,
  channels: ReadonlyMap<string, ChannelDemand[]>,
): FoundTrouble[] {
  return [
    spikeTrouble(node, runOn, channels),
    lateTrouble(node),
    lotTrouble(node),
    stockoutTrouble(node, runOn),
  ].filter((one) => one !== null)
}

function about({ node, plan }: PlannedNode) {
  return { itemId: plan.itemId, siteId: plan.siteId, where: `${node.sku} at ${node.site}` }
}

function spikeTrouble(
  node: PlannedNode,
  runOn: string,
  channels: ReadonlyMap<string, ChannelDemand[]>,
): FoundTrouble | null {
  const { spike, coverDays } = node.plan
  if (!spike) return null
  const { where, itemId, siteId } = about(node)
  const over =
    spike.percentOver === null ? 'where there was nothing' : `${spike.percentOver} % over the usual`
  const behind = channels.get(`${itemId}/${siteId}`) ?? []
  const most = behind[0] ? `, most of it by ${behind[0].channel}` : ''
  return {
    ...{ type: 'demand-spike', itemId, siteId, moneyAtRiskMinor: 0n },
    summary: `${where} sold ${spike.week} in seven days, ${over}${most}; it lasts ${coverDays} days`,
    evidence: {
      ...{ fromOn: addDays(runOn, -7), toOn: addDays(runOn, -1), coverDays, channels: behind },
      ...{ week: spike.week, usualWeek: spike.usualWeek, percentOver: spike.percentOver },
    },
  }
}

function lateTrouble(node: PlannedNode): FoundTrouble | null {
  const { overdue } = node.plan.position
  if (overdue <= 0n) return null
  const { where, itemId, siteId } = about(node)
  return {
    ...{ type: 'supplier-late', itemId, siteId, moneyAtRiskMinor: 0n },
    summary: `${overdue} units of ${where} should have come already`,
    evidence: {
      overdue,
      runsOutOn: node.plan.runsOut === null ? null : dateOfDay(node.plan.runsOut),
    },
  }
}

function lotTrouble(node: PlannedNode): FoundTrouble | null {
  const { comparison, lotAsks, need, lot } = node.plan
  if (!lotAsks || !comparison) return null
  const { where, itemId, siteId } = about(node)
  const { qty, costMinor, source } = comparison.chosen
  return {
    ...{ type: 'lot-exceeds-need', itemId, siteId },
    moneyAtRiskMinor: qty > need ? (costMinor * (qty - need)) / qty : 0n,
    summary: `${where} needs ${need}, and ${source} sells ${qty} at least`,
    evidence: { need, qty, ...lot, source },
  }
}

function stockoutTrouble(node: PlannedNode, runOn: string): FoundTrouble | null {
  const { runsOutFirst, runsOut, comparison, levelInputs } = node.plan
  if (!runsOutFirst || runsOut === null) return null
  const { where, itemId, siteId } = about(node)
  const arrivesDay = comparison?.chosen.arrivesDay ?? dayNumber(runOn) + levelInputs.leadDays
  const { qty, costMinor } = comparison?.chosen ?? { qty: 0n, costMinor: 0n }
  const days = levelInputs.leadDays + levelInputs.reviewDays
  const dailyE6 = days === 0 ? 0n : levelInputs.overProtectionE6 / BigInt(days)
  const lost = (dailyE6 * BigInt(arrivesDay - runsOut)) / 1_000_000n
  return {
    ...{ type: 'stockout-in-lead-time', itemId, siteId },
    moneyAtRiskMinor: qty > 0n ? (costMinor * lost) / qty : 0n,
    summary: `${where} runs out on ${dateOfDay(runsOut)}, and nothing ordered now is there before ${dateOfDay(arrivesDay)}`,
    evidence: {
      ...{ runsOutOn: dateOfDay(runsOut), arrivesOn: dateOfDay(arrivesDay), lostUnits: lost },
      daysLeft: runsOut - dayNumber(runOn),
    },
  }
}
