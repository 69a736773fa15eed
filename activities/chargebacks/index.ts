import { activityInfo } from '@temporalio/activity'
import type { AcceptChargeback, ChargebackActivities, SubmitEvidence } from '#contracts/chargeback'
import type { DocumentProgress, DocumentRef } from '#contracts/document-progress'
import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockChargeback, placeOfChargeback } from '#db/stores/chargebacks'
import { transaction } from '#db/transaction'
import { dateAt } from '#domain/dates'
import { invariant } from '#domain/refusal'
import { reasonOf, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { accept, keepSubmission, passDeadline, resolveCaseOf, type OfOrder } from './decide.ts'
import { chargebackNow, finishChargeback } from './progress.ts'
import { chargebackNo, takeFact } from './record.ts'
import { lockBoth } from './settle.ts'

/** Every verb of the chargeback process, each one commit. */
export function chargebackActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): ChargebackActivities {
  const step = steps(db)
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

/** Locks the order and its dispute, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends CommandBase>(
      action: string,
      work: (tx: Tx, of: OfOrder, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor, expectedVersion } = command
      const name = { key: `chargeback/${id}/${action}/${key}`, request: command, actor }
      return commitOnce(db, name, async (tx) => {
        const place = await placeOfChargeback(tx, { id: BigInt(id) })
        invariant(place, `there is chargeback ${id}`)
        const { doc, order } = await lockBoth(tx, place.no, place, expectedVersion)
        invariant(doc, `there is chargeback ${place.no}`)
        await work(tx, { doc, order }, { ...command, today: dateAt(Date.now(), doc.timezone) })
        return finishChargeback(tx, doc, { action, key, actor, ...reasonOf(command) })
      })
    }
}
