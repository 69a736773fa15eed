import { activityInfo } from '@temporalio/activity'
import type {
  CancelCount,
  CycleCountActivities,
  RecordCount,
  ReportUnknownItem,
} from '#contracts/cycle-count'
import type { ResolveException } from '#contracts/order-to-cash'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockCountTask } from '#db/stores/count-tasks'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
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
  const step = documentSteps(db, {
    subject: 'cycle-count',
    lock: lockCountTask,
    finish: finishCount,
  })
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
