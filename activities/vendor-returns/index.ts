import { activityInfo } from '@temporalio/activity'
import type { DocumentProgress, DocumentRef } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import type {
  CancelVendorReturn,
  GiveUpClaim,
  ShipVendorReturn,
  VendorReturnActivities,
} from '#contracts/vendor-return'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockVendorReturn, type VendorReturnDoc } from '#db/stores/vendor-returns'
import { dateAt } from '#domain/dates'
import { reasonOf, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { giveClaimUp } from './claim.ts'
import { finishVendorReturn } from './progress.ts'
import { takeRequest } from './request.ts'
import { cancelReturn, shipUnits } from './ship.ts'

/** Every verb of the vendor-return process, each one commit. */
export function vendorReturnActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): VendorReturnActivities {
  const step = steps(db)
  return tellingWhere(
    {
      requestVendorReturn: async (request) => {
        const { workflowId } = activityInfo().workflowExecution!
        const { actor, key, reason } = request
        return commitOnce(db, { key: workflowId, request, actor }, async (tx) => {
          const doc = await takeRequest(tx, request, workflowId)
          return finishVendorReturn(tx, doc, { action: 'requested', key, actor, reason })
        })
      },
      shipVendorReturn: bugsAreAnswers(step<ShipVendorReturn>('shipped', shipUnits)),
      cancelVendorReturn: bugsAreAnswers(step<CancelVendorReturn>('cancelled', cancelReturn)),
      giveUpVendorClaim: bugsAreAnswers(step<GiveUpClaim>('claim given up', giveClaimUp)),
      // Credits are matched outside; here only what follows from them is written.
      reviewVendorReturn: ({ id, cause }) =>
        step('looked at', async () => {})({ id, key: cause, actor: 'system' }),
    },
    apiUrl,
  )
}

/** Locks the return, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends CommandBase>(
      action: string,
      work: (tx: Tx, doc: VendorReturnDoc, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor, expectedVersion } = command
      const name = { key: `vendor-return/${id}/${action}/${key}`, request: command, actor }
      return commitOnce(db, name, async (tx) => {
        const doc = await lockVendorReturn(tx, BigInt(id), expectedVersion)
        await work(tx, doc, { ...command, today: dateAt(Date.now(), doc.timezone) })
        return finishVendorReturn(tx, doc, { action, key, actor, ...reasonOf(command) })
      })
    }
}
