import { activityInfo } from '@temporalio/activity'
import type { ResolveException } from '#contracts/order-to-cash'
import type {
  CancelTransfer,
  DecideTransfer,
  ReceiveTransfer,
  ShipTransfer,
  TransferActivities,
} from '#contracts/transfer'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockTransfer } from '#db/stores/transfers'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { receiveUnits } from './arrive.ts'
import { cancelRest, decideOnRequest, passDeadlines, resolveCaseOf } from './decide.ts'
import { finishTransfer } from './progress.ts'
import { takeRequest } from './request.ts'
import { shipUnits } from './ship.ts'

/** Every verb of the transfer process, each one commit. */
export function transferActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): TransferActivities {
  const step = documentSteps(db, {
    subject: 'transfer',
    lock: lockTransfer,
    finish: finishTransfer,
  })
  return tellingWhere(
    {
      requestTransfer: async (request) => {
        const { workflowId } = activityInfo().workflowExecution!
        const { actor } = request
        return commitOnce(db, { key: workflowId, request, actor }, async (tx) => {
          const doc = await takeRequest(tx, request, workflowId)
          const { key, reason } = request
          return finishTransfer(tx, doc, { action: 'requested', key, actor, reason })
        })
      },
      decideTransfer: bugsAreAnswers(step<DecideTransfer>('decided', decideOnRequest)),
      shipTransfer: bugsAreAnswers(step<ShipTransfer>('shipped', shipUnits)),
      receiveTransfer: bugsAreAnswers(step<ReceiveTransfer>('received', receiveUnits)),
      cancelTransfer: bugsAreAnswers(step<CancelTransfer>('cancelled', cancelRest)),
      resolveTransferCase: bugsAreAnswers(step<ResolveException>('resolved', resolveCaseOf)),
      passTransferDeadline: ({ id, at }) =>
        step('deadline', (tx, doc, { today }) => passDeadlines(tx, doc, today))({
          id,
          key: at,
          actor: 'system',
        }),
    },
    apiUrl,
  )
}
