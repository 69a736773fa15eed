import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { MoneyDto } from '#domain/money'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One return, one workflow, for ever: the id is its RMA number. */
export function returnToRefundId(returnNo: string): string {
  return `return-to-refund/${returnNo}`
}

/** A wish to send goods back, or to be given money back without. */
export interface RequestedReturn extends CommandBase {
  returnNo: string
  kind: 'return' | 'goodwill' | 'channel-refund' | 'blind'
  /** Absent for a parcel that nobody had announced. */
  orderId?: string
  /** Where the goods are to come; absent: the site that shipped them. */
  site?: string
  source: 'customer' | 'agent' | 'channel' | 'carrier' | 'warehouse'
  reason: string
  note?: string
  lines: { orderLineId: string; qty: number }[]
  /** What came in a blind parcel. */
  goods?: ArrivedGoods[]
  /** The goods stay with the customer and the money goes back all the same. */
  keepsGoods?: boolean
  /** The money goes back before the goods come. */
  advance?: boolean
  refundTo?: 'original' | 'store-credit'
  /** Goodwill, or what a channel has paid back, with tax; in the order's currency. */
  amountMinor?: string
  /** When the channel paid, and what it gave back of its fees. */
  refundedOn?: string
  fees?: { commissionBackMinor: string; adminFeeMinor: string }
  /** The order that replaces the goods. */
  exchangeOrderId?: string
}

/** Units that somebody holds in their hands. */
export interface ArrivedGoods {
  sku: string
  qty: number
  condition: 'unopened' | 'opened' | 'used' | 'damaged' | 'wrong-item' | 'empty'
}

export interface LabelReturn extends CommandBase {
  carrier: string
  trackingNumber: string
  /** What the label costs us, in the company's minor units. */
  costMinor: string
}

/** The carrier has the parcel. */
export interface ScanReturn extends CommandBase {
  scannedOn?: string
}

export interface ReceiveReturn extends CommandBase {
  /** The warehouse's own reference of this parcel; telling it twice receives once. */
  reference: string
  receivedOn?: string
  site?: string
  goods: ArrivedGoods[]
}

export interface InspectReturn extends CommandBase {
  /** Units that wait to be graded, of this item and, where it is said, in this condition. */
  units: { sku: string; qty: number; grade: 'A' | 'B' | 'C' | 'D'; condition?: string }[]
}

export interface DisposeReturn extends CommandBase {
  sku: string
  qty: number
  /** Which of the units, where they are of several grades. */
  grade?: 'A' | 'B' | 'C' | 'D'
  kind: 'restock' | 'b-stock' | 'liquidate' | 'refurbish' | 'scrap' | 'vendor'
  reason: string
  decidedOn?: string
  /** What all of them are worth now, in the company's minor units; absent: what they cost. */
  valueMinor?: string
  /** What work on them has cost, where they were refurbished. */
  workMinor?: string
  /** The supplier that takes them, and what it credits. */
  supplier?: string
}

export interface CancelReturn extends CommandBase {
  reason: string
}

export interface LinkExchange extends CommandBase {
  orderId: string
}

/** Whose request this process carries out: another one under the same number is refused. */
export const returnRequested = defineUpdate<DocumentProgress, [{ key: string }]>('returnRequested')
export const labelReturn = defineUpdate<DocumentProgress, [LabelReturn]>('labelReturn')
export const scanReturn = defineUpdate<DocumentProgress, [ScanReturn]>('scanReturn')
export const receiveReturn = defineUpdate<DocumentProgress, [ReceiveReturn]>('receiveReturn')
export const inspectReturn = defineUpdate<DocumentProgress, [InspectReturn]>('inspectReturn')
export const disposeReturn = defineUpdate<DocumentProgress, [DisposeReturn]>('disposeReturn')
export const cancelReturn = defineUpdate<DocumentProgress, [CancelReturn]>('cancelReturn')
export const linkExchange = defineUpdate<DocumentProgress, [LinkExchange]>('linkExchange')
/** The same name as of every process, so that whoever decides a case need not know whose it is. */
export const resolveReturnCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveException',
)
/** Something outside changed, such as that its refund went through: look again. */
export const lookAgainAtReturn = defineSignal<[{ cause: string }]>('lookAgain')
export const returnProgress = defineQuery<DocumentProgress | undefined>('returnProgress')

/** What the process may do: each is one commit. */
export interface ReturnActivities {
  requestReturn(request: RequestedReturn): Promise<DocumentProgress>
  labelReturn(command: LabelReturn & DocumentRef): Promise<DocumentProgress>
  scanReturn(command: ScanReturn & DocumentRef): Promise<DocumentProgress>
  receiveReturn(command: ReceiveReturn & DocumentRef): Promise<DocumentProgress>
  inspectReturn(command: InspectReturn & DocumentRef): Promise<DocumentProgress>
  disposeReturn(command: DisposeReturn & DocumentRef): Promise<DocumentProgress>
  cancelReturn(command: CancelReturn & DocumentRef): Promise<DocumentProgress>
  linkExchange(command: LinkExchange & DocumentRef): Promise<DocumentProgress>
  resolveReturnCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  reviewReturn(look: { cause: string; at: string } & DocumentRef): Promise<DocumentProgress>
  /** Expires what did not come, asks about a refund without goods, escalates a case. */
  passReturnDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}

/** What a choice would do, found by doing it and taking it back. */
export interface PreviewedReturn {
  phase: string
  waitingFor: string
  /** What would be given back by it. */
  credited: MoneyDto
  stock: { sku: string; site: string; condition: string; delta: string }[]
  newCases: string[]
  outsideCalls: string[]
  entries: {
    eventType: string
    lines: { account: string; amountMinor: string; currency: string }[]
  }[]
}

export interface ReturnPreviews {
  resolveReturnCase(returnId: string, command: ResolveException): Promise<PreviewedReturn>
}
