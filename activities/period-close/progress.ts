import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import { periods, type PeriodArea } from '#db/queries/periods'
import { taskStandings } from '#db/queries/period-closes'
import { savePeriodClose, type PeriodCloseDoc } from '#db/stores/period-closes'
import { addDays, dateAt } from '#domain/dates'
import { isDone, readyPermille } from '#domain/ledger/close-checklist'
import { sum } from '#domain/money'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'

/** How often a close that is late looks at everything again by itself. */
const AGAIN_MS = 3_600_000

/** Ends every commit on a close: its phase by its locks, what keeps it open and what that is worth. */
export async function finishClose(
  tx: Tx,
  doc: PeriodCloseDoc,
  step: DocumentStep,
): Promise<DocumentProgress> {
  const areas = await areasOf(tx, doc)
  const tasks = await taskStandings(tx, doc.id)
  const open = tasks.filter(({ state }) => !isDone(state))
  const ready = readyPermille(tasks.map(({ state }) => state))
  const phase = phaseOf(areas)
  const standing = {
    phase,
    open: phase !== 'closed',
    ...(open.length > 0
      ? {
          waitingFor: `${open.length} tasks (${ready / 10}% ready): ${open.map(({ task }) => task).join(', ')}`,
          whoMayAct: [...new Set(open.map(roleOf))].sort().join(', '),
        }
      : { waitingFor: 'the locks', whoMayAct: 'controller' }),
    sites: [],
    atRiskMinor: sum(open.map(({ atRiskMinor }) => atRiskMinor ?? 0n)),
    deadlines: phase === 'closed' ? [] : [nextLook(doc, areas)],
  }
  return finishDocument(tx, doc, step, standing, (header) => savePeriodClose(tx, doc, header))
}

function roleOf({ state, owner, reviewer }: { state: string; owner: string; reviewer: string }) {
  return state === 'prepared' ? reviewer : owner
}

export async function areasOf(tx: Tx, doc: PeriodCloseDoc): Promise<PeriodArea[]> {
  const [found] = await periods(tx, { entityId: doc.entityId, period: doc.period })
  return found!.areas
}

function phaseOf(areas: readonly PeriodArea[]): 'open' | 'soft' | 'closed' | 'reopened' {
  if (areas.some(({ reopenUntil }) => reopenUntil !== null)) return 'reopened'
  if (areas.every(({ state }) => state === 'closed')) return 'closed'
  return areas.every(({ state }) => state !== 'open') ? 'soft' : 'open'
}

/** Nothing is late before the period is over; a reopening ends by itself. */
function nextLook({ ends, timezone }: PeriodCloseDoc, areas: readonly PeriodArea[]): string {
  const reopened = areas.flatMap(({ reopenUntil }) => (reopenUntil === null ? [] : [reopenUntil]))
  const now = Date.now()
  const over = dateAt(now, timezone) > ends
  // The day after begins at another instant at each place; half a day off harms nobody.
  const look = over ? now + AGAIN_MS : Date.parse(`${addDays(ends, 1)}T12:00:00Z`)
  const instants = [look, ...reopened.map((at) => Date.parse(at))]
  return new Date(Math.min(...instants)).toISOString()
}
