import { continueAsNew, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/recall'
import type { BegunRecall, RecallActivities } from '#contracts/recall'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<RecallActivities>()

/**
 * From a lot that is blocked to an outcome of every order that was sent some of it: orders that
 * were promised the rest are given other units, their customers are told, and a person follows up.
 */
export async function recall(
  begun: BegunRecall,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  setHandler(contract.recallProgress, () => document.progress)
  setHandler(contract.recallBegun, async ({ key }) => {
    if (key !== begun.key) throw numberTaken('RecallExists', begun.recallNo)
    return document.isTaken()
  })
  setHandler(contract.recordOutcomes, (command) =>
    document.tell(act('recordOutcomes', `Outcome of ${command.orders.length} orders`), command),
  )
  setHandler(contract.resolveRecallCase, (command) =>
    document.tell(act('resolveRecallCase', `Resolve: ${command.resolution}`), command),
  )
  return document.run({
    begin: () => act('beginRecall', 'Take units from orders, tell customers')(begun),
    passDeadline: act('passRecallDeadline', 'Deadline passed'),
    path: ({ no }) => `/recalls/${no}`,
    goOn: (progress) => continueAsNew<typeof recall>(begun, progress),
  })
}
