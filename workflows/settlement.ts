import { ApplicationFailure, continueAsNew, log, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/settlement'
import type { ReceivedSettlement, SettlementActivities } from '#contracts/settlement'
import { commitSteps } from './commit-steps.ts'
import { DocumentProcess } from './document-process.ts'

/** Some thousand lines a commit: they take longer than one document does. */
const commit = commitSteps<SettlementActivities, DocumentProgress>({
  attempt: '30s',
  close: '60s',
  patient: '5m',
})
const act =
  <V extends keyof SettlementActivities & string>(verb: V, summary: string) =>
  (input: Parameters<SettlementActivities[V]>[0]): Promise<DocumentProgress> =>
    commit(verb, input, summary)

/** While one of these, the process has work to do and waits for nobody. */
const AT_WORK: readonly string[] = ['matching', 'posting']

/**
 * From a statement of a channel or processor to books that agree with it and with the bank: every
 * line is matched and posted, what nobody can explain waits in suspense with an owner, and the
 * payout is looked for on the bank's statement.
 */
export async function settlement(
  statement: ReceivedSettlement,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  setHandler(contract.settlementProgress, () => document.progress)
  setHandler(contract.approveSettlement, (command) =>
    document.tell(act('approveSettlement', 'Approve'), command),
  )
  setHandler(contract.lookAtBank, (command) =>
    document.tell(act('lookAtBank', 'Look for the payout at the bank'), command),
  )
  setHandler(contract.resolveSettlementCase, (command) =>
    document.tell(act('resolveSettlementCase', `Resolve: ${command.resolution}`), command),
  )
  return document.run({
    begin,
    passDeadline: (deadline) =>
      AT_WORK.includes(document.progress!.phase)
        ? workOn(document.progress!)
        : act('passSettlementDeadline', 'Deadline passed')(deadline),
    path: ({ id }) => `/settlements/statements/${id}`,
    goOn: (progress) => continueAsNew<typeof settlement>(statement, progress),
  })

  /** Whatever stands in the way of posting does not undo that the statement is here. */
  async function begin(): Promise<DocumentProgress> {
    const first = await act('beginSettlement', 'Begin')({ id: statement.id })
    try {
      return await workOn(first)
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error
      log.warn('refused', { what: 'statement', code: error.type, message: error.message })
      return document.progress ?? first
    }
  }

  async function workOn(first: DocumentProgress): Promise<DocumentProgress> {
    let now = first
    while (AT_WORK.includes(now.phase)) {
      if (!document.progress || now.version > document.progress.version) document.progress = now
      const { id, phase, version } = now
      now = await act('workOnSettlement', `${phase}, step ${version}`)({ id, part: version })
    }
    return now
  }
}
