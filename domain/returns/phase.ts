import type { RefundTrigger } from './policy.ts'

export type ReturnPhase =
  | 'requested'
  | 'approved'
  | 'in-transit'
  | 'part-received'
  | 'received'
  | 'to-credit'
  | 'refunding'
  | 'closed'
  | 'declined'
  | 'expired'
  | 'cancelled'

export type UnitState =
  'expected' | 'received' | 'refurbishing' | 'disposed' | 'kept' | 'lost' | 'dropped'

export interface PhaseFacts {
  endedAs: 'declined' | 'cancelled' | 'expired' | null
  approvedOn: string | null
  scannedOn: string | null
  units: readonly { state: UnitState; creditPpm: number; credited: boolean }[]
  /** A lump sum that is still to be credited. */
  lumpOpen: boolean
  /** Granted and not with the customer yet. */
  refundPendingMinor: bigint
}

/** Derived, as every header's state: where most of the return waits now. */
export function returnPhase(facts: PhaseFacts): ReturnPhase {
  if (facts.endedAs) return facts.endedAs
  if (facts.approvedOn === null) return 'requested'
  const units = facts.units.filter(({ state }) => state !== 'dropped')
  const expected = units.filter(({ state }) => state === 'expected')
  const here = units.filter(({ state }) => state === 'received' || state === 'refurbishing')
  if (expected.length > 0) {
    if (expected.length < units.length) return 'part-received'
    return facts.scannedOn === null ? 'approved' : 'in-transit'
  }
  if (here.length > 0) return 'received'
  if (facts.lumpOpen || units.some(isToCredit)) return 'to-credit'
  return facts.refundPendingMinor > 0n ? 'refunding' : 'closed'
}

/** Something is still to be given back for the unit. */
export function isToCredit(unit: { creditPpm: number; credited: boolean }): boolean {
  return !unit.credited && unit.creditPpm > 0
}

/** Whether what sets the money off has happened to a unit. */
export function isTriggered(
  trigger: RefundTrigger,
  scanned: boolean,
  unit: { state: UnitState; grade: string | null },
): boolean {
  if (unit.state === 'kept' || unit.state === 'lost') return true
  if (trigger === 'approved') return true
  if (trigger === 'scanned' && scanned) return true
  const here = unit.state !== 'expected'
  return trigger === 'inspected' ? here && unit.grade !== null : here
}
