import { continueAsNew, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/vendor-return'
import type { RequestedVendorReturn, VendorReturnActivities } from '#contracts/vendor-return'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<VendorReturnActivities>()

/**
 * From goods that a supplier is to take back to goods that have left, what was owed for them with
 * them, and the supplier's credit for what was billed. Units are held from the start, so that nobody else sells, judges or returns them.
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
  setHandler(contract.giveUpVendorClaim, (command) =>
    document.tell(act('giveUpVendorClaim', 'Give the claim up'), command),
  )
  setHandler(contract.lookAtVendorReturn, async ({ cause }) => {
    await document.tell(act('reviewVendorReturn', `Look: ${cause}`), { cause })
  })
  return document.run({
    begin: () => act('requestVendorReturn', 'Take the return in')(request),
    // No deadline is ever set: goods that nobody ships harm nobody.
    passDeadline: () => document.isTaken(),
    path: ({ no }) => `/vendor-returns/${no}`,
    goOn: (progress) => continueAsNew<typeof vendorReturn>(request, progress),
  })
}
