import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type { ApproveSettlement, LookAtBank, SettlementActivities } from '#contracts/settlement'
import type { Db, Tx } from '#db/client'
import { lockSettlement, type SettlementDoc } from '#db/stores/settlements'
import { dateAt } from '#domain/dates'
import { escalateDocumentCases } from '../documents/cases.ts'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { lookAtTheBank } from './cash.ts'
import { decideSettlementCase } from './decide.ts'
import { finishSettlement } from './progress.ts'
import { approve, workOnNextPart } from './work.ts'

/** Every verb of the settlement process, each one commit. */
export function settlementActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): SettlementActivities {
  const step = documentSteps(db, {
    subject: 'settlement',
    lock: lockSettlement,
    finish: finishSettlement,
  })
  return tellingWhere(
    {
      beginSettlement: ({ id }) => step('begun', begin)({ id, key: 'begin', actor: 'system' }),
      workOnSettlement: ({ id, part }) =>
        step('worked', workOnNextPart)({ id, key: `${part}`, actor: 'system' }),
      approveSettlement: bugsAreAnswers(step<ApproveSettlement>('approved', approve)),
      lookAtBank: bugsAreAnswers(step<LookAtBank>('looked', lookAtBank)),
      resolveSettlementCase: bugsAreAnswers(
        step<ResolveException>('resolved', decideSettlementCase),
      ),
      passSettlementDeadline: ({ id, at }) =>
        step('deadline', passDeadline)({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}

export function settlementToday({ timezone }: SettlementDoc): string {
  return dateAt(Date.now(), timezone)
}

async function begin(_tx: Tx, doc: SettlementDoc): Promise<void> {
  if (doc.phase === 'received') doc.phase = 'matching'
}

/** The bank may show the payout before the statement is posted: it is looked for then. */
async function lookAtBank(
  tx: Tx,
  doc: SettlementDoc,
  command: CommandBase & { today: string },
): Promise<void> {
  if (doc.phase === 'posted') await lookAtTheBank(tx, doc, command)
}

async function passDeadline(
  tx: Tx,
  doc: SettlementDoc,
  command: CommandBase & { today: string },
): Promise<void> {
  await escalateDocumentCases(tx, doc)
  await lookAtBank(tx, doc, command)
}
