import { continueAsNew, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/vendor-return'
import type { RequestedVendorReturn, VendorReturnActivities } from '#contracts/vendor-return'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<VendorReturnActivities>()

/**
 * From goods that a supplier is to take back to goods that have left, and what was owed for them
 * with them. Units are held from the start, so that nobody else sells, judges or returns them.
 */
export async function vendorReturn(
  request: RequestedVendorReturn,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  setHandler(contract.vendorReturnProgress, () => document.progress)
  setHandler(contract.vendorReturnRequested, async ({ key }) => {
    if (key !== request.key) throw numberTaken('ReturnExists', request.returnNo)
    return document.isTaken()
  })
  setHandler(contract.shipVendorReturn, (command) =>
    document.tell(act('shipVendorReturn', `Ship ${command.reference}`), command),
  )
  setHandler(contract.cancelVendorReturn, (command) =>
    document.tell(act('cancelVendorReturn', 'Cancel'), command),
  )
  return document.run({
    begin: () => act('requestVendorReturn', 'Take the return in')(request),
    // No deadline is ever set: goods that nobody ships harm nobody.
    passDeadline: () => document.isTaken(),
    path: ({ no }) => `/vendor-returns/${no}`,
    goOn: (progress) => continueAsNew<typeof vendorReturn>(request, progress),
  })
}
