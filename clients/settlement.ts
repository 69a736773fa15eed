import type { Client } from '@temporalio/client'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { businessIdKey, phaseKey, processKey } from '#contracts/search-attributes'
import type { ReceivedSettlement } from '#contracts/settlement'

/** Starts the process of a stored statement; one that runs, or has ended, is left alone. */
export async function startSettlement(
  client: Client,
  { workflowId, ...statement }: ReceivedSettlement & { workflowId: string },
  taskQueue: string = ORDER_TASK_QUEUE,
): Promise<void> {
  try {
    await client.workflow.start('settlement', {
      workflowId,
      taskQueue,
      args: [statement],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: `Statement ${statement.no} · ${statement.lines} lines`,
      staticDetails:
        'From a statement of a channel or processor to books that agree with it and with the bank. Current details tell what it waits for; cases are resolved through the API, never here.',
      typedSearchAttributes: [
        { key: processKey, value: 'settlement' },
        { key: phaseKey, value: 'received' },
        { key: businessIdKey, value: statement.no },
      ],
    })
  } catch (error) {
    if (!(error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError'))
      throw error
  }
}
