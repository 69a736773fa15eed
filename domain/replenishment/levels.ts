import { integerRoot, ONE, unitsUp } from './scaled.ts'

export const METHODS = [
  'min-max',
  'reorder-point',
  'cover-days',
  'order-up-to',
  'to-order',
  'none',
] as const
/**
 * When and up to what an item is bought for a site. `min-max`: by two numbers of a person.
 * `reorder-point`: below what is needed until the next review's delivery. `cover-days`: the same,
 * then for so many days on top. `order-up-to`: at every review, up to the level. `to-order`: what
 * customers wait for. `none`: never.
 */
export type Method = (typeof METHODS)[number]

/** Standard normal quantiles, times 1e6: the share of cycles in which stock lasts, in ppm, and its z. */
export const SERVICE_Z: Readonly<Record<number, bigint>> = {
  500_000: 0n,
  800_000: 841_621n,
  850_000: 1_036_433n,
  900_000: 1_281_552n,
  950_000: 1_644_854n,
  975_000: 1_959_964n,
  980_000: 2_053_749n,
  990_000: 2_326_348n,
  995_000: 2_575_829n,
  999_000: 3_090_232n,
}

export type SafetyRule =
  | { kind: 'service'; servicePpm: number }
  | { kind: 'days'; days: number }
  | { kind: 'units'; units: bigint }

/** What the levels are made of; demand in units a day, times 1e6. */
export interface LevelInputs {
  method: Method
  safety: SafetyRule
  minUnits: bigint
  maxUnits: bigint
  coverDays: number
  leadDays: number
  reviewDays: number
  leadVarianceE12: bigint
  demandVarianceE12: bigint
  /** Units expected over the lead time; over lead time and review; over these and the days to cover. */
  overLeadE6: bigint
  overProtectionE6: bigint
  overCoverE6: bigint
  backordered: bigint
}

/** Whole units. */
export interface Levels {
  safetyStock: bigint
  /** d·L + safety stock. */
  reorderPoint: bigint
  /** What position must reach today, as the next look is a review later. */
  trigger: bigint
  upTo: bigint
}

/**
 * ROP = d·L + z·√(L·σd² + d²·σL²): Silver, Pyke and Peterson, Inventory Management and Production
 * Planning and Scheduling, 3rd ed., §7.10; Chopra and Meindl, Supply Chain Management, ch. 12. It is
 * held for the demand until the next review too, and up-to is the order-up-to level of periodic
 * review: d·(L+R) + z·√((L+R)·σd² + d²·σL²). d is the mean of the days ahead, events counted in.
 */
export function levelsOf(inputs: LevelInputs): Levels {
  const { method, overLeadE6, overProtectionE6, overCoverE6, leadDays, reviewDays } = inputs
  if (method === 'none' || method === 'to-order') {
    const upTo = method === 'none' ? 0n : inputs.backordered
    return { safetyStock: 0n, reorderPoint: 0n, trigger: method === 'none' ? 0n : 1n, upTo }
  }
  const safetyE6 = safetyStockE6(inputs, leadDays)
  const reorderPoint = unitsUp(overLeadE6 + safetyE6)
  const untilReview = unitsUp(overProtectionE6 - overLeadE6)
  const safetyStock = unitsUp(safetyE6)
  if (method === 'min-max') {
    const { minUnits, maxUnits } = inputs
    return { safetyStock, reorderPoint: minUnits, trigger: minUnits, upTo: maxUnits }
  }
  const trigger = reorderPoint + untilReview
  const protection = unitsUp(overProtectionE6 + safetyStockE6(inputs, leadDays + reviewDays))
  if (method === 'order-up-to')
    return { safetyStock, reorderPoint, trigger: protection, upTo: protection }
  const covered = method === 'cover-days' ? unitsUp(overCoverE6 + safetyE6) : protection
  return { safetyStock, reorderPoint, trigger, upTo: larger(trigger, covered) }
}

/** z·√(days·σd² + d²·σL²), times 1e6; or what a person has said. */
export function safetyStockE6(
  {
    safety,
    demandVarianceE12,
    leadVarianceE12,
    overLeadE6,
    overProtectionE6,
    leadDays,
    reviewDays,
  }: Pick<
    LevelInputs,
    | 'safety'
    | 'demandVarianceE12'
    | 'leadVarianceE12'
    | 'overLeadE6'
    | 'overProtectionE6'
    | 'leadDays'
    | 'reviewDays'
  >,
  days: number,
): bigint {
  if (safety.kind === 'units') return safety.units * ONE
  const span = leadDays > 0 ? leadDays : Math.max(1, leadDays + reviewDays)
  const dailyE6 = (leadDays > 0 ? overLeadE6 : overProtectionE6) / BigInt(span)
  if (safety.kind === 'days') return dailyE6 * BigInt(safety.days)
  const ofDemand = BigInt(days) * demandVarianceE12
  const ofLeadTime = (dailyE6 * dailyE6 * leadVarianceE12) / (ONE * ONE)
  const z = SERVICE_Z[safety.servicePpm]
  if (z === undefined) throw new RangeError(`no quantile of ${safety.servicePpm} ppm is known`)
  return (z * integerRoot(ofDemand + ofLeadTime)) / ONE
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
