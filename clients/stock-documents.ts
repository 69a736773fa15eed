import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import type { DocumentProgress } from '#contracts/document-progress'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { businessIdKey, phaseKey, processKey, siteKey } from '#contracts/search-attributes'
import { transferRequested, transferWorkflowId, type RequestedTransfer } from '#contracts/transfer'
import { Refusal } from '#domain/refusal'

interface Asked {
  updateId: string
  taskQueue?: string | undefined
}

/** Asks for a transfer and waits for its first commit: start and answer in one round trip. */
export async function requestTransfer(
  client: Client,
  request: RequestedTransfer,
  { updateId, taskQueue }: Asked,
): Promise<DocumentProgress> {
  const { transferNo, from, to, lines, key } = request
  const startWorkflowOperation = new WithStartWorkflowOperation('transfer', {
    workflowId: transferWorkflowId(transferNo),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [request] as [RequestedTransfer],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    staticSummary: `Transfer ${transferNo} · ${from} → ${to} · ${lines.length} lines`,
    staticDetails:
      'From a wish for goods at another site to goods there. Current details tell what it waits for; cases are resolved through the API, never here.',
    typedSearchAttributes: [
      { key: processKey, value: 'transfer' },
      { key: phaseKey, value: 'requested' },
      { key: businessIdKey, value: transferNo },
      { key: siteKey, value: [from, to] },
    ],
  })
  try {
    return await client.workflow.executeUpdateWithStart(transferRequested, {
      args: [{ key }],
      updateId,
      startWorkflowOperation,
    })
  } catch (error) {
    if (!isAlreadyStarted(error)) throw error
    return answerOfEnded(client, { workflowId: transferWorkflowId(transferNo), updateId })
  }
}

/**
 * The process of this number is over: whoever repeats the request that began it gets its answer.
 * @throws Refusal `TransferExists`.
 */
async function answerOfEnded(
  client: Client,
  { workflowId, updateId }: { workflowId: string; updateId: string },
): Promise<DocumentProgress> {
  const update = client.workflow.getHandle(workflowId).getUpdateHandle<DocumentProgress>(updateId)
  try {
    return await update.result()
  } catch {
    throw new Refusal(
      'TransferExists',
      `${workflowId} has ended. Read it, or ask under a new number.`,
    )
  }
}

function isAlreadyStarted(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError'
}
