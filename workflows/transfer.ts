import { continueAsNew, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/transfer'
import type { RequestedTransfer, TransferActivities } from '#contracts/transfer'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<TransferActivities>()

/**
 * From a wish for goods at another site to goods there: approved, promised units at the source,
 * sent, on the way, received in parts. What is late, short or called back asks a person.
 */
export async function transfer(
  request: RequestedTransfer,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  setHandler(contract.transferProgress, () => document.progress)
  setHandler(contract.transferRequested, async ({ key }) => {
    if (key !== request.key) throw numberTaken('TransferExists', request.transferNo)
    return document.isTaken()
  })
  setHandler(contract.decideTransfer, (command) =>
    document.tell(act('decideTransfer', `Decide: ${command.decision}`), command),
  )
  setHandler(contract.shipTransfer, (command) =>
    document.tell(act('shipTransfer', `Ship ${command.reference}`), command),
  )
  setHandler(contract.receiveTransfer, (command) =>
    document.tell(act('receiveTransfer', `Receive ${command.reference}`), command),
  )
  setHandler(contract.cancelTransfer, (command) =>
    document.tell(act('cancelTransfer', 'Cancel'), command),
  )
  setHandler(contract.resolveTransferCase, (command) =>
    document.tell(act('resolveTransferCase', `Resolve: ${command.resolution}`), command),
  )
  return document.run({
    begin: () => act('requestTransfer', 'Take the transfer in')(request),
    passDeadline: act('passTransferDeadline', 'Deadline passed'),
    path: ({ no }) => `/transfers/${no}`,
    goOn: (progress) => continueAsNew<typeof transfer>(request, progress),
  })
}
