import { activityInfo } from '@temporalio/activity'
import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type {
  CancelReturn,
  DisposeReturn,
  InspectReturn,
  LabelReturn,
  LinkExchange,
  ReceiveReturn,
  ReturnActivities,
  ScanReturn,
} from '#contracts/return-to-refund'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { cancelReturnOf, passDeadlines } from './deadline.ts'
import { disposeUnits } from './dispose.ts'
import { gradeUnits, keepExchange, keepLabel, keepScan } from './inspect.ts'
import { finishReturn } from './progress.ts'
import { receiveGoods } from './receive.ts'
import { takeReturn } from './request.ts'
import { resolveCaseOf } from './resolve.ts'
import { openWork, type ReturnWork } from './work.ts'

/** Every verb of the return-to-refund process, each one commit. */
export function returnActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): ReturnActivities {
  const step = documentSteps(db, {
    subject: 'customer-return',
    lock: openWork,
    finish: (_tx, work, step) => finishReturn(work, step),
  })
  const act = <C extends CommandBase>(
    action: string,
    run: (work: ReturnWork, command: C & { today: string }) => Promise<void>,
  ) => bugsAreAnswers(step<C>(action, (_tx, work, command) => run(work, command)))
  return tellingWhere(
    {
      requestReturn: async (request) => {
        const { workflowId } = activityInfo().workflowExecution!
        const { actor, key, reason } = request
        return commitOnce(db, { key: workflowId, request, actor }, async (tx) => {
          const work = await takeReturn(tx, request, workflowId)
          return finishReturn(work, { action: 'requested', key, actor, reason })
        })
      },
      labelReturn: act<LabelReturn>('labelled', keepLabel),
      scanReturn: act<ScanReturn>('scanned', keepScan),
      receiveReturn: act<ReceiveReturn>('received', receiveGoods),
      inspectReturn: act<InspectReturn>('graded', gradeUnits),
      disposeReturn: act<DisposeReturn>('disposed', disposeUnits),
      cancelReturn: act<CancelReturn>('cancelled', cancelReturnOf),
      linkExchange: act<LinkExchange>('exchange linked', keepExchange),
      resolveReturnCase: act<ResolveException>('resolved', resolveCaseOf),
      reviewReturn: ({ id, at, cause }) =>
        step(`reviewed: ${cause}`, async () => undefined)({ id, key: at, actor: 'system' }),
      passReturnDeadline: ({ id, at }) =>
        step('deadline', (_tx, work) => passDeadlines(work))({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}
