import type { ResolveException } from '#contracts/order-to-cash'
import type { BegunRecall, RecallActivities, RecordOutcomes } from '#contracts/recall'
import type { DocumentProgress } from '#contracts/document-progress'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockRecall, saveRecall, type RecallDoc } from '#db/stores/recalls'
import { dateAt } from '#domain/dates'
import { escalateDocumentCases, healDocumentCases } from '../documents/cases.ts'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { takeRecall } from './begin.ts'
import { resolveCaseOf, takeOutcomes } from './decide.ts'

/** Every verb of the recall process, each one commit. */
export function recallActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): RecallActivities {
  const step = documentSteps(db, { subject: 'recall', lock: lockRecall, finish: finishRecall })
  return tellingWhere(
    {
      beginRecall: (begun: BegunRecall) => {
        const { recallNo, key, actor } = begun
        const name = { key: `recall/${recallNo}/begin`, request: begun, actor }
        return commitOnce(db, name, async (tx) => {
          const doc = await lockRecall(tx, { no: recallNo })
          await takeRecall(tx, doc, { ...begun, today: dateAt(Date.now(), doc.timezone) })
          return finishRecall(tx, doc, { action: 'begun', key, actor, reason: doc.reason })
        })
      },
      recordOutcomes: bugsAreAnswers(step<RecordOutcomes>('outcomes', takeOutcomes)),
      resolveRecallCase: bugsAreAnswers(step<ResolveException>('resolved', resolveCaseOf)),
      passRecallDeadline: ({ id, at }) =>
        step('deadline', (tx, doc) => escalateDocumentCases(tx, doc))({
          id,
          key: at,
          actor: 'system',
        }),
    },
    apiUrl,
  )
}

/** Ends every commit on a recall: over once each order has an outcome. */
async function finishRecall(tx: Tx, doc: RecallDoc, step: DocumentStep): Promise<DocumentProgress> {
  const waiting = doc.orders.filter((order) => order.outcome === null).length
  if (waiting === 0)
    await healDocumentCases(tx, doc, ['lot-recalled'], 'every order has an outcome')
  const standing = {
    phase: waiting > 0 ? 'following-up' : 'closed',
    open: waiting > 0,
    waitingFor: `an outcome of ${waiting} orders`,
    whoMayAct: 'csr, oms-supervisor',
    sites: [...new Set(doc.blocked.map((place) => place.site))],
    atRiskMinor: 0n,
    deadlines: [],
  }
  return finishDocument(tx, doc, step, standing, (header) => saveRecall(tx, doc.id, header))
}
