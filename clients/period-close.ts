import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import type { DocumentProgress } from '#contracts/document-progress'
import { ORDER_TASK_QUEUE, type CommandBase } from '#contracts/order-to-cash'
import { periodCloseId } from '#contracts/period-close'
import { businessIdKey, entityKey, phaseKey, processKey } from '#contracts/search-attributes'

interface Close {
  entity: string
  period: string
  taskQueue?: string | undefined
}

/**
 * Tells the close of a period, which begins, or after its end begins again, where it does not
 * run: a locked period can always be asked to be reopened.
 */
export async function commandPeriodClose<C extends CommandBase>(
  client: Client,
  { entity, period, taskQueue }: Close,
  update: UpdateDefinition<DocumentProgress, [C]>,
  { command, updateId }: { command: C; updateId: string },
): Promise<DocumentProgress> {
  const { key, actor } = command
  const startWorkflowOperation = new WithStartWorkflowOperation('periodClose', {
    workflowId: periodCloseId(entity, period),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [{ entity, period, key, actor }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Close of ${period} · ${entity}`,
    staticDetails:
      'From a period that takes entries to one that takes none. Current details tell what it waits for; cases are resolved through the API, never here.',
    typedSearchAttributes: [
      { key: processKey, value: 'period-close' },
      { key: phaseKey, value: 'open' },
      { key: businessIdKey, value: `${entity}/${period}` },
      { key: entityKey, value: entity },
    ],
  })
  const args = [command] as [C]
  return client.workflow.executeUpdateWithStart(update, { args, updateId, startWorkflowOperation })
}
