import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase } from './order-to-cash.ts'

/** One return to a supplier, one workflow, for ever: the id is the number that it was asked for under. */
export function vendorReturnWorkflowId(returnNo: string): string {
  return `vendor-return/${returnNo}`
}

/** Units of one receipt that somebody wants to send back. */
export interface RequestedVendorReturn extends CommandBase {
  returnNo: string
  receiptNo: string
  /** For display; the receipt says it. */
  site: string
  reason: string
  lines: { receiptLineNo: number; qty: string }[]
}

export interface ShipVendorReturn extends CommandBase {
  /** The warehouse's own reference of this shipment. */
  reference: string
  shippedOn?: string
}

export interface CancelVendorReturn extends CommandBase {
  reason: string
}

/** The supplier credits no more than it has: the rest is given up. */
export interface GiveUpClaim extends CommandBase {
  reason: string
}

/** Whose request this process carries out: another one under the same number is refused. */
export const vendorReturnRequested = defineUpdate<DocumentProgress, [{ key: string }]>(
  'vendorReturnRequested',
)
export const shipVendorReturn = defineUpdate<DocumentProgress, [ShipVendorReturn]>(
  'shipVendorReturn',
)
export const cancelVendorReturn = defineUpdate<DocumentProgress, [CancelVendorReturn]>(
  'cancelVendorReturn',
)
export const giveUpVendorClaim = defineUpdate<DocumentProgress, [GiveUpClaim]>('giveUpVendorClaim')
/** Something outside this return changed (a credit note was matched with it): look again. */
export const lookAtVendorReturn = defineSignal<[{ cause: string }]>('lookAgain')
export const vendorReturnProgress = defineQuery<DocumentProgress | undefined>(
  'vendorReturnProgress',
)

/** What the process may do: each is one commit. */
export interface VendorReturnActivities {
  requestVendorReturn(request: RequestedVendorReturn): Promise<DocumentProgress>
  shipVendorReturn(command: ShipVendorReturn & DocumentRef): Promise<DocumentProgress>
  cancelVendorReturn(command: CancelVendorReturn & DocumentRef): Promise<DocumentProgress>
  giveUpVendorClaim(command: GiveUpClaim & DocumentRef): Promise<DocumentProgress>
  /** Says where the return stands now; once per cause. */
  reviewVendorReturn(look: { cause: string } & DocumentRef): Promise<DocumentProgress>
}
