import { dateOfDay } from './calendar.ts'
import { SERVICE_Z, type SafetyRule } from './levels.ts'
import type { Comparison, SupplyOption } from './options.ts'
import type { NodeFacts, NodePlan } from './plan.ts'
import { decimalText, integerRoot } from './scaled.ts'

/** Why a quantity is proposed: every number that went in, and what came out; texts, as people read them. */
export interface Explained {
  asOf: string
  policy: { id: string; version: number; method: string }
  demand: {
    days: number
    units: string
    meanPerDay: string
    deviation: string
    aheadPerDay: string
  }
  leadTime: { days: number; deviation: string; source: string }
  reviewDays: number
  coverDays: number
  safety: { rule: string; stock: string }
  formula: string
  reorderPoint: string
  trigger: string
  upTo: string
  position: Record<string, string>
  need: string
  lot: { moq: string; multiple: string; cap: string | null; capped: boolean; overCap: boolean }
  events: string[]
  runsOutOn: string | null
  rule: string
  costMinor: string
}

export function explain(facts: NodeFacts, plan: NodePlan, today: number): Explained {
  const { policy } = facts
  const { statistics, levelInputs, levels, lot, comparison } = plan
  const ahead = levelInputs.leadDays + levelInputs.reviewDays
  return {
    asOf: dateOfDay(today),
    policy: { id: policy.id, version: policy.version, method: policy.method },
    demand: {
      days: statistics.days,
      units: statistics.units.toString(),
      meanPerDay: decimalText(statistics.meanE6),
      deviation: decimalText(statistics.deviationE6),
      aheadPerDay: decimalText(ahead === 0 ? 0n : levelInputs.overProtectionE6 / BigInt(ahead)),
    },
    leadTime: {
      days: levelInputs.leadDays,
      deviation: decimalText(integerRoot(levelInputs.leadVarianceE12)),
      source: plan.leadSource,
    },
    reviewDays: levelInputs.reviewDays,
    coverDays: levelInputs.coverDays,
    safety: { rule: safetyText(levelInputs.safety), stock: levels.safetyStock.toString() },
    formula: formulaText(plan),
    reorderPoint: levels.reorderPoint.toString(),
    trigger: levels.trigger.toString(),
    upTo: levels.upTo.toString(),
    position: Object.fromEntries(
      Object.entries(plan.position).map(([name, units]) => [name, String(units)]),
    ),
    need: plan.need.toString(),
    lot: {
      moq: lot.moq.toString(),
      multiple: lot.multiple.toString(),
      cap: lot.cap?.toString() ?? null,
      capped: comparison?.chosen.capped ?? false,
      overCap: comparison?.chosen.overCap ?? false,
    },
    events: facts.events.map(({ id }) => id),
    runsOutOn: plan.runsOut === null ? null : dateOfDay(plan.runsOut),
    rule: comparison?.rule ?? 'nobody sells it, and no site has it to spare',
    costMinor: (comparison?.chosen.costMinor ?? 0n).toString(),
  }
}

/** The options that lost, and why. */
export function alternativesOf(comparison: Comparison | null): object[] {
  return (comparison?.lost ?? []).map(({ option, because }) => ({ ...optionText(option), because }))
}

function optionText({ kind, qty, arrivesDay, costMinor, source }: SupplyOption) {
  return {
    ...{ kind, source, qty: qty.toString(), costMinor: costMinor.toString() },
    arrivesOn: dateOfDay(arrivesDay),
  }
}

function safetyText(safety: SafetyRule): string {
  if (safety.kind === 'units') return `${safety.units} units`
  if (safety.kind === 'days') return `${safety.days} days of demand`
  return `${safety.servicePpm / 10_000} % of cycles, z = ${decimalText(SERVICE_Z[safety.servicePpm] ?? 0n)}`
}

function formulaText({ levelInputs, levels, statistics, position, need }: NodePlan): string {
  const { method, safety, leadDays, overLeadE6, leadVarianceE12 } = levelInputs
  const order = `${levels.upTo} − ${position.position} = ${need}`
  if (method === 'to-order' || method === 'min-max')
    return `${method}: position ${position.projected} against ${levels.trigger}; ${order}`
  const lead = decimalText(overLeadE6)
  const z =
    safety.kind === 'service'
      ? `${decimalText(SERVICE_Z[safety.servicePpm] ?? 0n)} × √(${leadDays} × ${decimalText(statistics.deviationE6)}² + d² × ${decimalText(integerRoot(leadVarianceE12))}²)`
      : safetyText(safety)
  return `ROP = d·L ${lead} + ${z} = ${levels.reorderPoint}; until the next review ${levels.trigger}; up to ${order}`
}
