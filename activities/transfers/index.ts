import { activityInfo } from '@temporalio/activity'
import type { DocumentProgress, DocumentRef } from '#contracts/document-progress'
import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type {
  CancelTransfer,
  DecideTransfer,
  ReceiveTransfer,
  ShipTransfer,
  TransferActivities,
} from '#contracts/transfer'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockTransfer, type TransferDoc } from '#db/stores/transfers'
import { dateAt } from '#domain/dates'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { reasonOf, tellingWhere } from '../documents/steps.ts'
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
  const step = steps(db)
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

/** Locks the transfer, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends CommandBase>(
      action: string,
      work: (tx: Tx, doc: TransferDoc, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor, expectedVersion } = command
      return commitOnce(
        db,
        { key: `transfer/${id}/${action}/${key}`, request: command, actor },
        async (tx) => {
          const doc = await lockTransfer(tx, BigInt(id), expectedVersion)
          await work(tx, doc, { ...command, today: dateAt(Date.now(), doc.timezone) })
          return finishTransfer(tx, doc, { action, key, actor, ...reasonOf(command) })
        },
      )
    }
}
