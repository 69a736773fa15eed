import type { LedgerArea } from '#domain/ledger/journal'
import type { Reader, Tx } from '../client.ts'

/** One lock: an area of an entity's period, as `2026-06`. */
export interface AreaOfPeriod {
  entityId: number
  period: string
  area: LedgerArea
  actor: string
}

/** Opens twelve months and the adjusting period of a year, in every area; again is harmless. */
export async function openPeriods(tx: Reader, entityId: number, year: number): Promise<void> {
  await tx`SELECT open_periods(${entityId}, ${year})`
}

/** From now on only entries with an approval are taken. */
export async function softCloseArea(tx: Tx, lock: AreaOfPeriod): Promise<void> {
  await setState(tx, lock, 'soft')
}

/** Locks the area; waits for entries in flight, so none can appear in it after this commits. */
export async function closeArea(
  tx: Tx,
  lock: AreaOfPeriod & { approvalId?: string },
): Promise<void> {
  await setState(tx, lock, 'closed', lock.approvalId)
}

/** Lets entries that carry the approval in until the end given; then it is closed by itself. */
export async function reopenArea(
  tx: Tx,
  lock: AreaOfPeriod & { approvalId: string; reason: string; until: string },
): Promise<void> {
  await setState(tx, lock, 'open', lock.approvalId, lock.reason, lock.until)
}

async function setState(
  tx: Tx,
  { entityId, period, area, actor }: AreaOfPeriod,
  state: 'open' | 'soft' | 'closed',
  approvalId: string | null = null,
  reason: string | null = null,
  until: string | null = null,
): Promise<void> {
  await tx`SELECT set_area_state(${entityId}, ${period}, ${area}, ${state}, ${actor}, ${approvalId}, ${reason}, ${until})`
}
