import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { businessIdKey, entityKey, phaseKey, processKey } from '#contracts/search-attributes'
import {
  billTaken,
  lookAtBill,
  type BillProgress,
  type VendorBillStart,
} from '#contracts/vendor-bill'

/** A captured bill, as its process is started or told. */
export interface BillToTell {
  billId: string
  workflowId: string
  supplier: string
  number: string
  entity: string
  taskQueue?: string | undefined
}

/** Starts the bill's process, or has it look again; one that has ended is left alone. */
export async function tellBill(client: Client, bill: BillToTell, cause: string): Promise<void> {
  try {
    await client.workflow.signalWithStart('vendorBill', {
      ...startOptions(bill),
      signal: lookAtBill,
      signalArgs: [{ cause }],
    })
  } catch (error) {
    if (!isAlreadyStarted(error)) throw error
  }
}

/** For somebody who waits for the answer: start and first look in one round trip. */
export async function takeBill(
  client: Client,
  bill: BillToTell,
  requestKey: string,
): Promise<BillProgress> {
  const startWorkflowOperation = new WithStartWorkflowOperation('vendorBill', {
    ...startOptions(bill),
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  return client.workflow.executeUpdateWithStart(billTaken, {
    startWorkflowOperation,
    updateId: requestKey,
  })
}

function startOptions({ billId, workflowId, supplier, number, entity, taskQueue }: BillToTell) {
  return {
    workflowId,
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [{ billId }] as [VendorBillStart],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
    staticSummary: `Bill ${number} · ${supplier}`,
    staticDetails:
      'From a vendor’s bill to its payment. Current details tell what it waits for; cases are resolved through the API, never here.',
    typedSearchAttributes: [
      { key: processKey, value: 'vendor-bill' },
      { key: phaseKey, value: 'captured' },
      { key: entityKey, value: entity },
      { key: businessIdKey, value: number },
    ],
  }
}

function isAlreadyStarted(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError'
}
