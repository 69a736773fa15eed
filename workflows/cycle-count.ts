import { continueAsNew, setHandler } from '@temporalio/workflow'
import * as contract from '#contracts/cycle-count'
import type { CycleCountActivities, RequestedCount } from '#contracts/cycle-count'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<CycleCountActivities>()

/**
 * From a choice of places to books that agree with the shelf: counted blind, counted again by
 * somebody else where the difference matters, approved by a third, posted with its reason.
 */
export async function cycleCount(
  request: RequestedCount,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  setHandler(contract.countProgress, () => document.progress)
  setHandler(contract.countRequested, async ({ key }) => {
    if (key !== request.key) throw numberTaken('CountExists', request.countNo)
    return document.isTaken()
  })
  setHandler(contract.recordCount, (command) =>
    document.tell(act('recordCount', `Take ${command.entries.length} counts in`), command),
  )
  setHandler(contract.reportUnknownItem, (command) =>
    document.tell(act('reportUnknownItem', 'Something nobody can name'), command),
  )
  setHandler(contract.cancelCount, (command) =>
    document.tell(act('cancelCount', 'Cancel'), command),
  )
  setHandler(contract.resolveCountCase, (command) =>
    document.tell(act('resolveCountCase', `Resolve: ${command.resolution}`), command),
  )
  return document.run({
    begin: () => act('requestCount', 'Choose the places')(request),
    passDeadline: act('passCountDeadline', 'Deadline passed'),
    path: ({ no }) => `/cycle-counts/${no}`,
    goOn: (progress) => continueAsNew<typeof cycleCount>(request, progress),
  })
}
