import { ApplicationFailure, continueAsNew, log, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/return-to-refund'
import type { RequestedReturn, ReturnActivities } from '#contracts/return-to-refund'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<ReturnActivities>()

/**
 * From a wish to send goods back to money with the customer: a policy or a person agrees, goods
 * come, are looked at and put to use, what they sold for is credited and paid back. Silence has a
 * policy: what never comes expires, and a refund before its goods is asked about.
 */
export async function returnToRefund(
  request: RequestedReturn,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  setHandler(contract.returnProgress, () => document.progress)
  setHandler(contract.returnRequested, async ({ key }) => {
    if (key !== request.key) throw numberTaken('RmaExists', request.returnNo)
    return document.isTaken()
  })
  setHandler(contract.labelReturn, (command) =>
    document.tell(act('labelReturn', 'Keep the label'), command),
  )
  setHandler(contract.scanReturn, (command) =>
    document.tell(act('scanReturn', 'Carrier has it'), command),
  )
  setHandler(contract.receiveReturn, (command) =>
    document.tell(act('receiveReturn', `Receive ${command.reference}`), command),
  )
  setHandler(contract.inspectReturn, (command) =>
    document.tell(act('inspectReturn', 'Grade'), command),
  )
  setHandler(contract.disposeReturn, (command) =>
    document.tell(act('disposeReturn', `${command.kind}: ${command.qty} ${command.sku}`), command),
  )
  setHandler(contract.cancelReturn, (command) =>
    document.tell(act('cancelReturn', 'Cancel'), command),
  )
  setHandler(contract.linkExchange, (command) =>
    document.tell(act('linkExchange', 'Link the replacement'), command),
  )
  setHandler(contract.resolveReturnCase, (command) =>
    document.tell(act('resolveReturnCase', `Resolve: ${command.resolution}`), command),
  )
  setHandler(contract.lookAgainAtReturn, async ({ cause }) => {
    const { version } = await document.isTaken()
    const look = { cause, at: `${version}/${cause}` }
    await document.tell(act('reviewReturn', `Look again: ${cause}`), look).catch(logRefusal)
  })
  return document.run({
    begin: () => act('requestReturn', 'Take the return in')(request),
    passDeadline: act('passReturnDeadline', 'Deadline passed'),
    path: ({ no }) => `/returns/${no}`,
    goOn: (progress) => continueAsNew<typeof returnToRefund>(request, progress),
  })
}

/** A signal has nobody to answer; the deadline looks again. */
function logRefusal(error: unknown): void {
  if (!(error instanceof ApplicationFailure)) throw error
  log.warn('refused', { code: error.type, message: error.message })
}
