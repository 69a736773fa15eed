import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import { healCases } from '#db/stores/cases'
import { saveCountTask, type CountTask } from '#db/stores/count-tasks'
import { sum } from '#domain/money'
import { countPhase, type CountPhase } from '#domain/stock/counts'
import { openDocumentCases } from '../documents/cases.ts'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'

const WAITS: Record<CountPhase, { waitingFor: string; whoMayAct: string }> = {
  requested: { waitingFor: 'somebody to count', whoMayAct: 'picker' },
  counting: { waitingFor: 'the rest to be counted', whoMayAct: 'picker' },
  recount: { waitingFor: 'a count by somebody else', whoMayAct: 'picker' },
  review: { waitingFor: 'approval', whoMayAct: 'warehouse-lead' },
  approved: { waitingFor: 'units that orders are promised', whoMayAct: 'warehouse-lead' },
  closed: { waitingFor: 'nothing', whoMayAct: 'nobody' },
  cancelled: { waitingFor: 'nothing', whoMayAct: 'nobody' },
}

/** How often a difference that waits for reserved units looks whether they are free. */
const LOOK_AGAIN_MS = 3_600_000

/** Ends every commit on a count: cases whose line is settled heal, and its process is told where it stands. */
export async function finishCount(
  tx: Tx,
  task: CountTask,
  step: DocumentStep,
): Promise<DocumentProgress> {
  await healSettled(tx, task)
  const phase = countPhase(task.lines.map((line) => line.state))
  const waits = task.lines.some((line) => line.state === 'approved')
  const undecided = task.lines.filter(
    (line) => line.state === 'review' || line.state === 'approved',
  )
  const standing = {
    phase,
    open: phase !== 'closed' && phase !== 'cancelled',
    ...WAITS[phase],
    sites: [task.site],
    atRiskMinor: sum(undecided.map((line) => line.varianceMinor ?? 0n)),
    deadlines: waits ? [new Date(Date.now() + LOOK_AGAIN_MS).toISOString()] : [],
  }
  return finishDocument(tx, task, step, standing, (header) => saveCountTask(tx, task, header))
}

async function healSettled(tx: Tx, task: CountTask): Promise<void> {
  const open = await openDocumentCases(tx, task)
  const gone = open.filter((found) => {
    const line = task.lines.find((one) => one.lineNo === found.evidence['lineNo'])
    if (found.type === 'count-reserved') return line?.state !== 'approved'
    return found.type === 'count-variance' && line?.state !== 'review'
  })
  await healCases(
    tx,
    gone.map((found) => found.id),
    'the place is settled',
  )
}
