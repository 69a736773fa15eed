import type { LedgerArea } from '#domain/ledger/journal'
import type { Reader, Tx } from '../client.ts'

/** One lock: an area of an entity's period, as `2026-06`. */
export interface AreaOfPeriod {
  entityId: number
  period: string
  area: LedgerArea
  actor: string
}

/**
 * Opens twelve months of a year in every area, and its adjusting period, which takes named
 * exceptions only; again is harmless.
 */
export async function openPeriods(tx: Reader, entityId: number, year: number): Promise<void> {
  await tx`SELECT open_periods(${entityId}, ${year})`
}

/** Opens this year for every company, and the coming one from two months before; again is harmless. */
export async function openComingPeriods(tx: Reader, on: string): Promise<void> {
  await tx`SELECT open_coming_periods(${on})`
}

/** From now on only entries under an approved exception are taken. */
export async function softCloseArea(
  tx: Tx,
  lock: AreaOfPeriod & { reason?: string },
): Promise<void> {
  await setState(tx, lock, 'soft', null, lock.reason)
}

/**
 * Locks the area; waits for entries in flight, so none can appear in it after this commits. Who
 * posted in the period by hand, or reopened the area, may not.
 */
export async function closeArea(
  tx: Tx,
  lock: AreaOfPeriod & { approvalId?: string; reason?: string },
): Promise<void> {
  await setState(tx, lock, 'closed', lock.approvalId, lock.reason)
}

/**
 * Under an approved exception of this area, by somebody who did not close it. A closed area takes
 * entries of that exception until its end, and is then closed by itself; one that was only
 * soft-closed opens again.
 */
export async function reopenArea(
  tx: Tx,
  lock: AreaOfPeriod & { approvalId: string; reason?: string },
): Promise<void> {
  await setState(tx, lock, 'open', lock.approvalId, lock.reason)
}

/** A named exception from the locks of some areas of one period. */
export interface PeriodException {
  entityId: number
  period: string
  areas: readonly LedgerArea[]
  /** What entries will carry as `approvalId`; a new name unless given. */
  approvalId?: string | undefined
  reason: string
  /** The instant at which it ends. */
  until: string
  requestedBy: string
  /** Who may post under it; anyone unless given. */
  actor?: string | undefined
  /** The only accounts of these areas that it lets in. */
  accountIds?: readonly number[] | undefined
  /** The most that one entry may move, in functional minor units. */
  maxMinor?: bigint | undefined
}

/** Asks for an exception, and answers its name; it lets nothing in before another person has approved it. */
export async function requestPeriodException(tx: Tx, asked: PeriodException): Promise<string> {
  const [row] = await tx<{ approvalId: string }[]>`
    SELECT request_period_exception(${asked.entityId}, ${asked.period}, ${asked.areas as string[]}, ${asked.approvalId ?? null},
    ${asked.reason}, ${asked.until}, ${asked.requestedBy}, ${asked.actor ?? null}, ${(asked.accountIds as number[] | undefined) ?? null},
    ${asked.maxMinor ?? null}) AS "approvalId"`
  return row!.approvalId
}

/** Approves it, in all its areas; whoever asked for it, or is to use it, may not. */
export async function approvePeriodException(
  tx: Tx,
  approvalId: string,
  approvedBy: string,
): Promise<void> {
  await tx`SELECT approve_period_exception(${approvalId}, ${approvedBy})`
}

async function setState(
  tx: Tx,
  { entityId, period, area, actor }: AreaOfPeriod,
  state: 'open' | 'soft' | 'closed',
  approvalId: string | null = null,
  reason: string | null = null,
): Promise<void> {
  await tx`SELECT set_area_state(${entityId}, ${period}, ${area}, ${state}, ${actor}, ${approvalId}, ${reason})`
}
