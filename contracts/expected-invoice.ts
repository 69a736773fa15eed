import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase } from './order-to-cash.ts'

/** One expected invoice, one workflow, for ever: the id is the number that it was expected under. */
export function expectedInvoiceId(invoiceNo: string): string {
  return `expected-invoice/${invoiceNo}`
}

/** What somebody will bill for a period, as far as is known. */
export interface ExpectedInvoice extends CommandBase {
  invoiceNo: string
  entity: string
  period: string
  /** The account of the cost. */
  accountId: number
  party: string
  description: string
  /** In the company's currency. */
  expectedMinor: string
}

export interface InvoiceArrived extends CommandBase {
  billNumber: string
  actualMinor: string
}

export interface CancelExpectedInvoice extends CommandBase {
  reason: string
}

export const invoiceExpected = defineUpdate<DocumentProgress, [{ key: string }]>('invoiceExpected')
export const invoiceArrived = defineUpdate<DocumentProgress, [InvoiceArrived]>('invoiceArrived')
export const cancelExpectedInvoice = defineUpdate<DocumentProgress, [CancelExpectedInvoice]>(
  'cancelExpectedInvoice',
)
export const expectedInvoiceProgress = defineQuery<DocumentProgress | undefined>(
  'expectedInvoiceProgress',
)

/** What the process may do: each is one commit. */
export interface ExpectedInvoiceActivities {
  expectInvoice(expected: ExpectedInvoice): Promise<DocumentProgress>
  recordInvoiceArrived(command: InvoiceArrived & DocumentRef): Promise<DocumentProgress>
  cancelExpectedInvoice(command: CancelExpectedInvoice & DocumentRef): Promise<DocumentProgress>
  passInvoiceDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
