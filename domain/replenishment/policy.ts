import type { Method, SafetyRule } from './levels.ts'

export const OWNER_MODES = ['central', 'local-proposes', 'local-decides'] as const
/**
 * Whose decision it is (INV-42). `central`: whoever answers for all sites. `local-proposes`: the
 * site says how much, somebody central decides. `local-decides`: the site decides, within the band
 * around what was computed by itself, outside of it with an approval.
 */
export type OwnerMode = (typeof OWNER_MODES)[number]

/** How an item is kept at a site; one version of a row of `replenishment_policy`. */
export interface ReplenishmentPolicy {
  id: string
  version: number
  method: Method
  safety: SafetyRule
  minUnits: bigint
  maxUnits: bigint
  coverDays: number
  reviewDays: number
  historyDays: number
  /** `actual`: the mean of what deliveries took, and how it varies, from three deliveries on. */
  leadTime: 'planned' | 'actual'
  /** What a person says the lead time is; null: the supplier's. */
  leadDays: number | null
  maxCoverDays: number | null
  shelfLifeDays: number | null
  /** A lot so many times the need asks a person, in ppm. */
  lotRatioPpm: bigint
  spikeScoreE6: bigint
  spikeUnits: bigint
  /** How long the same proposal is not made again once somebody has dismissed it. */
  dismissDays: number
  ownerMode: OwnerMode
  bandPpm: bigint
}

/** What the limited to a site may do with a proposal, and what they may not. */
export function localRight(
  { ownerMode, bandPpm }: Pick<ReplenishmentPolicy, 'ownerMode' | 'bandPpm'>,
  { computed, wanted }: { computed: bigint; wanted: bigint },
): 'decides' | 'needs-approval' | 'none' {
  if (ownerMode === 'central') return 'none'
  if (ownerMode === 'local-proposes') return 'needs-approval'
  return isWithinBand(computed, wanted, bandPpm) ? 'decides' : 'needs-approval'
}

export function isWithinBand(computed: bigint, wanted: bigint, bandPpm: bigint): boolean {
  const off = wanted > computed ? wanted - computed : computed - wanted
  return off * 1_000_000n <= computed * bandPpm
}
