import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { replenishmentId, type ReplenishmentStart } from '#contracts/replenishment'
import { entityKey, phaseKey, processKey } from '#contracts/search-attributes'

interface Company {
  entity: string
  taskQueue?: string | undefined
}

function startOptions({ entity, taskQueue }: Company) {
  return {
    workflowId: replenishmentId(entity),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [{ entity }] as [ReplenishmentStart],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    staticSummary: `What ${entity} needs at its sites`,
    staticDetails:
      'Computes again and again what to buy or to move, and lets people decide on it. Cases are resolved through the API, never here.',
    typedSearchAttributes: [
      { key: processKey, value: 'replenishment' },
      { key: phaseKey, value: 'waiting' },
      { key: entityKey, value: entity },
    ],
  }
}

/** Starts the company's process unless it runs. */
export async function startReplenishment(client: Client, company: Company): Promise<void> {
  await client.workflow.start('replenishment', startOptions(company))
}

/** Tells the company's process, which begins if it does not run, and waits for its answer. */
export async function commandReplenishment<R, C>(
  client: Client,
  company: Company,
  update: UpdateDefinition<R, [C]>,
  { command, updateId }: { command: C; updateId: string },
): Promise<R> {
  return client.workflow.executeUpdateWithStart(update, {
    args: [command],
    updateId,
    startWorkflowOperation: new WithStartWorkflowOperation('replenishment', startOptions(company)),
  })
}
