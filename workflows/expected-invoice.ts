import { continueAsNew, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/expected-invoice'
import type { ExpectedInvoice, ExpectedInvoiceActivities } from '#contracts/expected-invoice'
import { DocumentProcess, numberTaken, verbsOf } from './document-process.ts'

const act = verbsOf<ExpectedInvoiceActivities>()

/**
 * From a cost that somebody will bill to its bill: when the period ends before it has come, the
 * cost is booked on the last day and taken back on the first of the next, and the bill posts as
 * any other.
 */
export async function expectedInvoice(
  expected: ExpectedInvoice,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const invoice = new DocumentProcess(resumed)
  setHandler(contract.expectedInvoiceProgress, () => invoice.progress)
  setHandler(contract.invoiceExpected, async ({ key }) => {
    if (key !== expected.key) throw numberTaken('InvoiceExpected', expected.invoiceNo)
    return invoice.isTaken()
  })
  setHandler(contract.invoiceArrived, (command) =>
    invoice.tell(act('recordInvoiceArrived', `Bill ${command.billNumber}`), command),
  )
  setHandler(contract.cancelExpectedInvoice, (command) =>
    invoice.tell(act('cancelExpectedInvoice', 'Cancel'), command),
  )
  return invoice.run({
    begin: () => act('expectInvoice', 'Expect the invoice')(expected),
    passDeadline: act('passInvoiceDeadline', 'The period is over'),
    path: ({ no }) => `/expected-invoices/${no}`,
    goOn: (progress) => continueAsNew<typeof expectedInvoice>(expected, progress),
  })
}
