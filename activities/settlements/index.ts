import type { DocumentProgress, DocumentRef } from '#contracts/document-progress'
import type { CommandBase, ResolveException } from '#contracts/order-to-cash'
import type { ApproveSettlement, LookAtBank, SettlementActivities } from '#contracts/settlement'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockSettlement, type SettlementDoc } from '#db/stores/settlements'
import { dateAt } from '#domain/dates'
import { escalateDocumentCases } from '../documents/cases.ts'
import { reasonOf, tellingWhere } from '../documents/steps.ts'
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
  const step = steps(db)
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

/** Locks the statement, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends CommandBase>(
      action: string,
      work: (tx: Tx, doc: SettlementDoc, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor, expectedVersion } = command
      const name = { key: `settlement/${id}/${action}/${key}`, request: command, actor }
      return commitOnce(db, name, async (tx) => {
        const doc = await lockSettlement(tx, BigInt(id), expectedVersion)
        await work(tx, doc, { ...command, today: settlementToday(doc) })
        return finishSettlement(tx, doc, { action, key, actor, ...reasonOf(command) })
      })
    }
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
