import { activityInfo } from '@temporalio/activity'
import type { AcceptChargeback, ChargebackActivities, SubmitEvidence } from '#contracts/chargeback'
import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockChargeback } from '#db/stores/chargebacks'
import { transaction } from '#db/transaction'
import { dateAt } from '#domain/dates'
import { invariant } from '#domain/refusal'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { accept, keepSubmission, passDeadline, resolveCaseOf } from './decide.ts'
import { chargebackNow, finishChargeback } from './progress.ts'
import { chargebackNo, takeFact } from './record.ts'
import { lockById } from './settle.ts'

/** Every verb of the chargeback process, each one commit. */
export function chargebackActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): ChargebackActivities {
  const step = documentSteps(db, {
    subject: 'chargeback',
    lock: lockById,
    finish: (tx, { doc }, step) => finishChargeback(tx, doc, step),
  })
  return tellingWhere(
    {
      recordDispute: async ({
        id: _,
        ...fact
      }: Parameters<ChargebackActivities['recordDispute']>[0] & { id?: string }) => {
        const { workflowId } = activityInfo().workflowExecution!
        const { actor, key, stage } = fact
        const no = chargebackNo(fact)
        const today = dateAt(Date.now(), 'UTC')
        await commitOnce(
          db,
          { key: `${workflowId}/told/${key}`, request: fact, actor },
          async (tx) => {
            const doc = await takeFact(tx, fact, { workflowId, today })
            await finishChargeback(tx, doc, { action: `told: ${stage}`, key, actor })
          },
        )
        // Whoever tells it once more hears where the dispute stands now, not where it stood then.
        return transaction(db, async (tx) => {
          const doc = await lockChargeback(tx, no)
          invariant(doc, `there is chargeback ${no}`)
          return chargebackNow(tx, doc)
        })
      },
      acceptChargeback: bugsAreAnswers(step<AcceptChargeback>('accepted', accept)),
      submitEvidence: bugsAreAnswers(step<SubmitEvidence>('submitted', keepSubmission)),
      resolveChargebackCase: bugsAreAnswers(step<ResolveException>('resolved', resolveCaseOf)),
      passChargebackDeadline: ({ id, at }) =>
        step<CommandBase>('deadline', passDeadline)({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}
