import type { ResolveException } from '#contracts/order-to-cash'
import {
  periodCloseId,
  type AcceptDifference,
  type AskReopening,
  type CheckClose,
  type LockArea,
  type PeriodCloseActivities,
  type PostTask,
  type PrepareTask,
  type ReviewTask,
} from '#contracts/period-close'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { closePeriod } from '#db/queries/close-periods'
import { beginPeriodClose, lockPeriodClose, type PeriodCloseDoc } from '#db/stores/period-closes'
import { Refusal } from '#domain/refusal'
import { escalateDocumentCases } from '../documents/cases.ts'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { askAgain, showMismatches } from './check.ts'
import { resolveCloseCaseOf } from './decide.ts'
import { lockOne, relock, requestReopening } from './lock.ts'
import { finishClose } from './progress.ts'
import { acceptRed, postByRule, prepareJudgement, reviewJudgement } from './sign.ts'

/** Every verb of the close of a period, each one commit. */
export function periodCloseActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): PeriodCloseActivities {
  const step = documentSteps(db, {
    subject: 'period-close',
    lock: lockPeriodClose,
    finish: finishClose,
  })
  const lock = bugsAreAnswers(step<LockArea>('locked', lockOne))
  return tellingWhere(
    {
      beginPeriodClose: async (request) => {
        const { entity, period, actor, key } = request
        const workflowId = periodCloseId(entity, period)
        return commitOnce(db, { key: `${workflowId}/begun/${key}`, request, actor }, async (tx) => {
          const found = await closePeriod(tx, { entity, period })
          if (!found)
            throw new Refusal(
              'PeriodUnknown',
              `${entity} has no period ${period}: open its year first.`,
            )
          const id = await beginPeriodClose(tx, found, { workflowId, openedBy: actor })
          const doc = await lockPeriodClose(tx, id)
          await lookAtAll(tx, doc, { light: true })
          return finishClose(tx, doc, { action: 'begun', key, actor })
        })
      },
      checkPeriodClose: step<CheckClose>('checked', lookAtAll),
      prepareCloseTask: bugsAreAnswers(step<PrepareTask>('prepared', prepareJudgement)),
      reviewCloseTask: bugsAreAnswers(step<ReviewTask>('reviewed', reviewJudgement)),
      acceptCloseDifference: bugsAreAnswers(step<AcceptDifference>('accepted', accept)),
      postCloseTask: bugsAreAnswers(step<PostTask>('posted', postByRule)),
      lockCloseArea: async (command) => {
        // The lock is kept with the newest seal: what has settled by now is to be under it.
        await db`SELECT seal_ledger()`
        return lock(command)
      },
      askCloseReopening: bugsAreAnswers(step<AskReopening>('reopening asked', requestReopening)),
      resolveCloseCase: bugsAreAnswers(step<ResolveException>('resolved', resolveCloseCaseOf)),
      passCloseDeadline: ({ id, at }) =>
        step('deadline', passDeadline)({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}

async function lookAtAll(
  tx: Tx,
  doc: PeriodCloseDoc,
  { light = false }: Pick<CheckClose, 'light'> = {},
): Promise<void> {
  await askAgain(tx, doc, { heavy: !light })
  await showMismatches(tx, doc)
}

async function accept(tx: Tx, doc: PeriodCloseDoc, command: AcceptDifference): Promise<void> {
  await acceptRed(tx, doc, command)
  await showMismatches(tx, doc)
}

async function passDeadline(tx: Tx, doc: PeriodCloseDoc): Promise<void> {
  await relock(tx, doc)
  await escalateDocumentCases(tx, doc)
  await lookAtAll(tx, doc)
}
