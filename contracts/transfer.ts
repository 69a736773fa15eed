import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One transfer, one workflow, for ever: the id is the number that it was asked for under. */
export function transferWorkflowId(transferNo: string): string {
  return `transfer/${transferNo}`
}

/** What somebody wants moved from one site to another of the same company. */
export interface RequestedTransfer extends CommandBase {
  transferNo: string
  from: string
  to: string
  /** When it must be there; absent: as many days from now as the policy says. */
  dueOn?: string
  reason: string
  lines: { sku: string; qty: string }[]
}

export interface DecideTransfer extends CommandBase {
  decision: 'approve' | 'reject'
  reason: string
}

export interface ShipTransfer extends CommandBase {
  /** The warehouse's own reference of this shipment; telling it twice ships once. */
  reference: string
  shippedOn?: string
  /** Absent: everything that is reserved. */
  lines?: { sku: string; qty: string }[]
}

export interface ReceiveTransfer extends CommandBase {
  /** The warehouse's own reference of this arrival; telling it twice receives once. */
  reference: string
  receivedOn?: string
  lines: {
    sku: string
    /** Units in good order. */
    received: string
    /** Units that came broken: on hand, but not sellable. */
    damaged?: string
    /** Units that should have come with these and did not; they need a reason. */
    short?: string
    reason?: string
    /** Which lots or serials came, where somebody looked; absent: those that expire first. */
    lots?: { lot: string; received: string; damaged?: string }[]
  }[]
}

export interface CancelTransfer extends CommandBase {
  reason: string
}

/** Whose request this process carries out: another one under the same number is refused. */
export const transferRequested = defineUpdate<DocumentProgress, [{ key: string }]>(
  'transferRequested',
)
export const decideTransfer = defineUpdate<DocumentProgress, [DecideTransfer]>('decideTransfer')
export const shipTransfer = defineUpdate<DocumentProgress, [ShipTransfer]>('shipTransfer')
export const receiveTransfer = defineUpdate<DocumentProgress, [ReceiveTransfer]>('receiveTransfer')
export const cancelTransfer = defineUpdate<DocumentProgress, [CancelTransfer]>('cancelTransfer')
/** The same name as of every process, so that whoever decides a case need not know whose it is. */
export const resolveTransferCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveException',
)
export const transferProgress = defineQuery<DocumentProgress | undefined>('transferProgress')

/** What the process may do: each is one commit. */
export interface TransferActivities {
  requestTransfer(request: RequestedTransfer): Promise<DocumentProgress>
  decideTransfer(command: DecideTransfer & DocumentRef): Promise<DocumentProgress>
  shipTransfer(command: ShipTransfer & DocumentRef): Promise<DocumentProgress>
  receiveTransfer(command: ReceiveTransfer & DocumentRef): Promise<DocumentProgress>
  cancelTransfer(command: CancelTransfer & DocumentRef): Promise<DocumentProgress>
  resolveTransferCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  /** Asks the source for stock once more, escalates a case, or asks a person about what is late. */
  passTransferDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
