import { activityInfo } from '@temporalio/activity'
import type {
  CancelVendorReturn,
  GiveUpClaim,
  ShipVendorReturn,
  VendorReturnActivities,
} from '#contracts/vendor-return'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockVendorReturn } from '#db/stores/vendor-returns'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
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
  const step = documentSteps(db, {
    subject: 'vendor-return',
    lock: lockVendorReturn,
    finish: finishVendorReturn,
  })
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
