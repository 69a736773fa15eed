import { activityInfo } from '@temporalio/activity'
import type { DocumentProgress, DocumentRef } from '#contracts/document-progress'
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
import { reasonOf, tellingWhere } from '../documents/steps.ts'
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
  const step = steps(db)
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
      labelReturn: bugsAreAnswers(step<LabelReturn>('labelled', keepLabel)),
      scanReturn: bugsAreAnswers(step<ScanReturn>('scanned', keepScan)),
      receiveReturn: bugsAreAnswers(step<ReceiveReturn>('received', receiveGoods)),
      inspectReturn: bugsAreAnswers(step<InspectReturn>('graded', gradeUnits)),
      disposeReturn: bugsAreAnswers(step<DisposeReturn>('disposed', disposeUnits)),
      cancelReturn: bugsAreAnswers(step<CancelReturn>('cancelled', cancelReturnOf)),
      linkExchange: bugsAreAnswers(step<LinkExchange>('exchange linked', keepExchange)),
      resolveReturnCase: bugsAreAnswers(step<ResolveException>('resolved', resolveCaseOf)),
      reviewReturn: ({ id, at, cause }) =>
        step(`reviewed: ${cause}`, async () => undefined)({ id, key: at, actor: 'system' }),
      passReturnDeadline: ({ id, at }) =>
        step('deadline', passDeadlines)({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}

/** Locks the order and the return, does the work, writes where both stand: once per key. */
function steps(db: Db) {
  return <C extends CommandBase>(
      action: string,
      act: (work: ReturnWork, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor } = command
      const name = { key: `customer-return/${id}/${action}/${key}`, request: command, actor }
      return commitOnce(db, name, async (tx) => {
        const work = await openWork(tx, BigInt(id), command)
        await act(work, { ...command, today: work.today })
        return finishReturn(work, { action, key, actor, ...reasonOf(command) })
      })
    }
}
