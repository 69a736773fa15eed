import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import {
  continuousCloseId,
  refreshNow,
  type ContinuousCloseStart,
  type TiesRefreshed,
} from '#contracts/continuous-close'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { entityKey, phaseKey, processKey } from '#contracts/search-attributes'

interface Company {
  entity: string
  taskQueue?: string | undefined
}

function startOptions({ entity, taskQueue }: Company) {
  return {
    workflowId: continuousCloseId(entity),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [{ entity }] as [ContinuousCloseStart],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    staticSummary: `Continuous close of ${entity}`,
    staticDetails: 'Asks every minute what the close of the month will ask.',
    typedSearchAttributes: [
      { key: processKey, value: 'continuous-close' },
      { key: phaseKey, value: 'watching' },
      { key: entityKey, value: entity },
    ],
  }
}

/** Starts the company's process unless it runs. */
export async function startContinuousClose(client: Client, company: Company): Promise<void> {
  await client.workflow.start('continuousClose', startOptions(company))
}

/** Asks everything now, and answers what was found. */
export async function refreshTiesNow(
  client: Client,
  company: Company,
  updateId: string,
): Promise<TiesRefreshed> {
  return client.workflow.executeUpdateWithStart(refreshNow, {
    args: [],
    updateId,
    startWorkflowOperation: new WithStartWorkflowOperation(
      'continuousClose',
      startOptions(company),
    ),
  })
}
