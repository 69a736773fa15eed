import { activityInfo } from '@temporalio/activity'
import type {
  CancelCount,
  CycleCountActivities,
  RecordCount,
  ReportUnknownItem,
} from '#contracts/cycle-count'
import type { DocumentProgress, DocumentRef } from '#contracts/document-progress'
import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockCountTask, type CountTask } from '#db/stores/count-tasks'
import { dateAt } from '#domain/dates'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { reasonOf, tellingWhere } from '../documents/steps.ts'
import { keepUnknownItem, takeCounts } from './count.ts'
import { cancelTask, passCountDeadlines, resolveCountCase } from './decide.ts'
import { finishCount } from './progress.ts'
import { takeCountRequest } from './request.ts'

/** Every verb of the cycle-count process, each one commit. */
export function cycleCountActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): CycleCountActivities {
  const step = steps(db)
  return tellingWhere(
    {
      requestCount: async (request) => {
        const { workflowId } = activityInfo().workflowExecution!
        const { actor, key, reason } = request
        return commitOnce(db, { key: workflowId, request, actor }, async (tx) => {
          const task = await takeCountRequest(tx, request, workflowId)
          return finishCount(tx, task, { action: 'requested', key, actor, reason })
        })
      },
      recordCount: bugsAreAnswers(step<RecordCount>('counted', takeCounts)),
      reportUnknownItem: bugsAreAnswers(step<ReportUnknownItem>('unknown-item', keepUnknownItem)),
      cancelCount: bugsAreAnswers(step<CancelCount>('cancelled', cancelTask)),
      resolveCountCase: bugsAreAnswers(step<ResolveException>('resolved', resolveCountCase)),
      passCountDeadline: ({ id, at }) =>
        step('deadline', passCountDeadlines)({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}

/** Locks the count, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends CommandBase>(
      action: string,
      work: (tx: Tx, task: CountTask, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor, expectedVersion } = command
      return commitOnce(
        db,
        { key: `cycle-count/${id}/${action}/${key}`, request: command, actor },
        async (tx) => {
          const task = await lockCountTask(tx, BigInt(id), expectedVersion)
          await work(tx, task, { ...command, today: dateAt(Date.now(), task.timezone) })
          return finishCount(tx, task, { action, key, actor, ...reasonOf(command) })
        },
      )
    }
}
