import type { Client } from '@temporalio/client'
import { WithStartWorkflowOperation } from '@temporalio/client'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import {
  procureToPayId,
  purchaseDrafted,
  type ProcureToPayStart,
  type PurchaseProgress,
} from '#contracts/procure-to-pay'
import { businessIdKey, phaseKey, processKey } from '#contracts/search-attributes'

const DETAILS =
  'From a draft to goods on the shelf. Current details tell what it waits for; approvals, receipts and cases go through the API, never here.'

/**
 * Drafts a purchase order for somebody who waits for the answer: start and first commit in one
 * round trip. The same number again attaches to the order that has it.
 */
export async function draftPurchase(
  client: Client,
  {
    taskQueue,
    ...start
  }: ProcureToPayStart & { taskQueue?: string | undefined; updateId?: string },
): Promise<PurchaseProgress> {
  const { updateId, ...given } = start
  const { poNumber, draft } = given
  const startWorkflowOperation = new WithStartWorkflowOperation('procureToPay', {
    workflowId: procureToPayId(poNumber),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [given] as [ProcureToPayStart],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Purchase order ${poNumber} · ${draft.supplier} · ${draft.lines.length} lines`,
    staticDetails: DETAILS,
    typedSearchAttributes: [
      { key: processKey, value: 'procure-to-pay' },
      { key: phaseKey, value: 'draft' },
      { key: businessIdKey, value: poNumber },
    ],
  })
  return client.workflow.executeUpdateWithStart(purchaseDrafted, {
    startWorkflowOperation,
    ...(updateId === undefined ? {} : { updateId }),
  })
}
