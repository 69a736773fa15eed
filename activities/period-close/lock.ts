import type { AskReopening, LockArea } from '#contracts/period-close'
import type { Tx } from '#db/client'
import { taskStandings } from '#db/queries/period-closes'
import {
  approvePeriodException,
  closeArea,
  reopenArea,
  requestPeriodException,
  softCloseArea,
} from '#db/stores/ledger-periods'
import { holdPeriod, type PeriodCloseDoc } from '#db/stores/period-closes'
import { isDone } from '#domain/ledger/close-checklist'
import type { LedgerArea } from '#domain/ledger/journal'
import { Refusal } from '#domain/refusal'
import { openDocumentCase } from '../documents/cases.ts'
import { askAgain } from './check.ts'
import { areasOf } from './progress.ts'

/** In which order areas are locked: later ones are fed by earlier ones (§5.1 step 2). */
const ORDER: readonly LedgerArea[] = ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL']

/** Who closes an area again whose reopening is over. */
const RELOCKER = 'period-close'
const OVER = 'reopening over'

/**
 * Locks an area, soft or hard. Nobody posts meanwhile: what the lock waits for is asked once
 * more, and is as it was answered when the lock is set.
 * @throws Refusal `CloseOrder`, `CloseTasksOpen`, and what the guards of periods refuse.
 */
export async function lockOne(
  tx: Tx,
  doc: PeriodCloseDoc,
  { area, state, reason, actor }: LockArea,
): Promise<void> {
  await holdPeriod(tx, doc)
  const areas = await areasOf(tx, doc)
  const before = ORDER.slice(0, ORDER.indexOf(area))
  const early = areas.find((one) => before.includes(one.area) && one.state === 'open')
  if (early)
    throw new Refusal(
      'CloseOrder',
      `${early.area} is still open: lock ${ORDER.join(', ')} in this order, each softly at least.`,
    )
  const lock = { entityId: doc.entityId, period: doc.period, area, actor, reason }
  if (state === 'soft') return softCloseArea(tx, lock)
  // Nobody posts meanwhile, so what takes long is not asked again: its last answer stands.
  await askAgain(tx, doc, { area, heavy: false })
  const open = (await taskStandings(tx, doc.id)).filter(
    (task) => (area === 'GL' || task.area === area) && !isDone(task.state),
  )
  if (open.length > 0)
    throw new Refusal(
      'CloseTasksOpen',
      `${area} of ${doc.no} waits for ${open.map((task) => `${task.task} (${task.state})`).join(', ')}.`,
    )
  await closeArea(tx, lock)
}

/**
 * Asks another person to let something into areas that are locked, for a time.
 * @throws what the guards of exceptions refuse.
 */
export async function requestReopening(
  tx: Tx,
  doc: PeriodCloseDoc,
  { areas, accountIds, maxMinor, until, reason, actor }: AskReopening,
): Promise<void> {
  const approvalId = await requestPeriodException(tx, {
    ...{ entityId: doc.entityId, period: doc.period, areas, reason, until, requestedBy: actor },
    ...(accountIds ? { accountIds } : {}),
    ...(maxMinor === undefined ? {} : { maxMinor: BigInt(maxMinor) }),
  })
  await openDocumentCase(tx, doc, {
    type: 'close-reopen',
    discriminator: approvalId,
    summary: `${actor} asks to reopen ${areas.join(', ')} of ${doc.no} until ${until}: ${reason}`,
    evidence: { approvalId, areas, until, reason, requestedBy: actor },
    moneyAtRiskMinor: BigInt(maxMinor ?? 0),
    openedBy: actor,
  })
}

/** Approves what was asked for and opens the areas under it, in one step and by one person. */
export async function approveReopening(
  tx: Tx,
  doc: PeriodCloseDoc,
  { approvalId, areas, actor }: { approvalId: string; areas: LedgerArea[]; actor: string },
): Promise<void> {
  await approvePeriodException(tx, approvalId, actor)
  for (const { area, state } of await areasOf(tx, doc)) {
    if (!areas.includes(area) || state === 'open') continue
    await reopenArea(tx, { entityId: doc.entityId, period: doc.period, area, actor, approvalId })
  }
}

/** Areas whose reopening has ended are closed again, and keep what they hold by now. */
export async function relock(tx: Tx, doc: PeriodCloseDoc): Promise<void> {
  const now = Date.now()
  for (const { area, reopenUntil } of await areasOf(tx, doc)) {
    if (reopenUntil === null || Date.parse(reopenUntil) > now) continue
    const lock = { entityId: doc.entityId, period: doc.period, area, actor: RELOCKER }
    await closeArea(tx, { ...lock, reason: OVER })
  }
}
