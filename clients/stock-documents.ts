import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import type { DocumentProgress } from '#contracts/document-progress'
import type { UpdateDefinition } from '@temporalio/common'
import { countRequested, cycleCountWorkflowId, type RequestedCount } from '#contracts/cycle-count'
import {
  expectedInvoiceId,
  invoiceExpected,
  type ExpectedInvoice,
} from '#contracts/expected-invoice'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { businessIdKey, phaseKey, processKey, siteKey } from '#contracts/search-attributes'
import { transferRequested, transferWorkflowId, type RequestedTransfer } from '#contracts/transfer'
import {
  vendorReturnRequested,
  vendorReturnWorkflowId,
  type RequestedVendorReturn,
} from '#contracts/vendor-return'
import { recallBegun, recallWorkflowId, type BegunRecall } from '#contracts/recall'
import { Refusal } from '#domain/refusal'

export interface Asked {
  updateId: string
  taskQueue?: string | undefined
}

/** Asks for a transfer and waits for its first commit: start and answer in one round trip. */
export async function requestTransfer(
  client: Client,
  request: RequestedTransfer,
  asked: Asked,
): Promise<DocumentProgress> {
  const { transferNo, from, to, lines, key } = request
  return begin(client, asked, {
    process: 'transfer',
    workflowId: transferWorkflowId(transferNo),
    request,
    summary: `Transfer ${transferNo} · ${from} → ${to} · ${lines.length} lines`,
    details: 'From a wish for goods at another site to goods there.',
    no: transferNo,
    sites: [from, to],
    update: transferRequested,
    key,
    taken: 'TransferExists',
  })
}

/** Asks for a count and waits until its places are chosen. */
export async function requestCount(
  client: Client,
  request: RequestedCount,
  asked: Asked,
): Promise<DocumentProgress> {
  const { countNo, site, key } = request
  return begin(client, asked, {
    process: 'cycle-count',
    workflowId: cycleCountWorkflowId(countNo),
    request,
    summary: `Count ${countNo} · ${site}`,
    details: 'From a choice of places to books that agree with the shelf.',
    no: countNo,
    sites: [site],
    update: countRequested,
    key,
    taken: 'CountExists',
  })
}

/** Asks for a return to a supplier and waits until its units are held. */
export async function requestVendorReturn(
  client: Client,
  request: RequestedVendorReturn,
  asked: Asked,
): Promise<DocumentProgress> {
  const { returnNo, receiptNo, site, lines, key } = request
  return begin(client, asked, {
    process: 'vendor-return',
    workflowId: vendorReturnWorkflowId(returnNo),
    request,
    summary: `Vendor return ${returnNo} · receipt ${receiptNo} · ${lines.length} lines`,
    details: 'From goods that a supplier is to take back to goods that have left.',
    no: returnNo,
    sites: [site],
    update: vendorReturnRequested,
    key,
    taken: 'ReturnExists',
  })
}

/** Lets the process of a lot that was blocked begin, and waits until orders have given its units up. */
export async function beginRecall(
  client: Client,
  begun: BegunRecall,
  asked: Asked,
): Promise<DocumentProgress> {
  const { recallNo, sku, lot, key } = begun
  return begin(client, asked, {
    process: 'recall',
    workflowId: recallWorkflowId(recallNo),
    request: begun,
    summary: `Recall ${recallNo} · ${sku} · lot ${lot}`,
    details: 'From a lot that is blocked to an outcome of every order that was sent some of it.',
    no: recallNo,
    sites: [],
    update: recallBegun,
    key,
    taken: 'RecallExists',
  })
}

/** Expects a bill and waits until it is noted. */
export async function expectInvoice(
  client: Client,
  request: ExpectedInvoice,
  asked: Asked,
): Promise<DocumentProgress> {
  const { invoiceNo, entity, period, key } = request
  return begin(client, asked, {
    process: 'expected-invoice',
    workflowId: expectedInvoiceId(invoiceNo),
    request,
    summary: `Expected invoice ${invoiceNo} · ${entity} · ${period}`,
    details: 'From a cost that somebody will bill to its bill.',
    no: invoiceNo,
    sites: [],
    update: invoiceExpected,
    key,
    taken: 'InvoiceExpected',
  })
}

interface Beginning {
  process:
    | 'transfer'
    | 'cycle-count'
    | 'vendor-return'
    | 'recall'
    | 'expected-invoice'
    | 'return-to-refund'
  workflowId: string
  request: object
  summary: string
  details: string
  no: string
  sites: string[]
  update: UpdateDefinition<DocumentProgress, [{ key: string }]>
  key: string
  /** The refusal of a number that another request has. */
  taken:
    | 'TransferExists'
    | 'CountExists'
    | 'ReturnExists'
    | 'RecallExists'
    | 'InvoiceExpected'
    | 'RmaExists'
}

const WORKFLOW = {
  transfer: 'transfer',
  'cycle-count': 'cycleCount',
  'vendor-return': 'vendorReturn',
  recall: 'recall',
  'expected-invoice': 'expectedInvoice',
  'return-to-refund': 'returnToRefund',
} as const

/** Starts a document's process and waits for its first commit, once per number. */
export async function begin(
  client: Client,
  { updateId, taskQueue }: Asked,
  beginning: Beginning,
): Promise<DocumentProgress> {
  const { process, workflowId, request, no, sites, update, key, taken } = beginning
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW[process], {
    workflowId,
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [request],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    staticSummary: beginning.summary,
    staticDetails: `${beginning.details} Current details tell what it waits for; cases are resolved through the API, never here.`,
    typedSearchAttributes: [
      { key: processKey, value: process },
      { key: phaseKey, value: 'requested' },
      { key: businessIdKey, value: no },
      { key: siteKey, value: sites },
    ],
  })
  try {
    const args = [{ key }] as [{ key: string }]
    return await client.workflow.executeUpdateWithStart(update, {
      args,
      updateId,
      startWorkflowOperation,
    })
  } catch (error) {
    if (!isAlreadyStarted(error)) throw error
    return answerOfEnded(client, { workflowId, updateId, taken })
  }
}

/**
 * The process of this number is over: whoever repeats the request that began it gets its answer.
 * @throws Refusal `TransferExists`, `CountExists`, `ReturnExists`, `RmaExists`.
 */
async function answerOfEnded(
  client: Client,
  { workflowId, updateId, taken }: { workflowId: string; updateId: string; taken: string },
): Promise<DocumentProgress> {
  const update = client.workflow.getHandle(workflowId).getUpdateHandle<DocumentProgress>(updateId)
  try {
    return await update.result()
  } catch {
    throw new Refusal(taken, `${workflowId} has ended. Read it, or ask under a new number.`)
  }
}

function isAlreadyStarted(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError'
}
