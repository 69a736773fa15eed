import type { Client } from '@temporalio/client'
import { WithStartWorkflowOperation } from '@temporalio/client'
import type { OrderDocument } from '#contracts/order-intake'
import {
  channelChanged,
  ORDER_TASK_QUEUE,
  orderPlaced,
  orderToCashId,
  type OrderProgress,
  type OrderToCashStart,
} from '#contracts/order-to-cash'
import { businessIdKey, channelKey, phaseKey, processKey } from '#contracts/search-attributes'
import { formatMinor } from '#domain/money'

export interface OrderMessage {
  inboxId: string
  topic: 'placed' | 'updated' | 'paid' | 'cancelled'
  document: OrderDocument
  actor: string
  taskQueue?: string
}

/**
 * Tells the order's own process about a stored message. The first message of an order starts it,
 * whatever its topic, so that a lost `create` does not lose the order; later ones are signals.
 * `ended` when that process is over: the message changes nothing any more.
 */
export async function tellOrder(client: Client, message: OrderMessage): Promise<'told' | 'ended'> {
  const { topic, inboxId } = message
  const start = startOptions(message)
  try {
    if (topic === 'placed' && (await startedNow(client, start))) return 'told'
    await client.workflow.signalWithStart('orderToCash', {
      ...start,
      signal: channelChanged,
      signalArgs: [{ inboxId }],
    })
    return 'told'
  } catch (error) {
    if (isAlreadyStarted(error)) return 'ended'
    throw error
  }
}

/** A plain start is cheaper than a start with a signal, and most orders need no more. */
async function startedNow(
  client: Client,
  start: ReturnType<typeof startOptions>,
): Promise<boolean> {
  try {
    await client.workflow.start('orderToCash', start)
    return true
  } catch (error) {
    if (isAlreadyStarted(error)) return false
    throw error
  }
}

/**
 * Places an order for somebody who waits for the answer: start and first commit in one round
 * trip. The same `requestKey` gives the same answer again, also after the order is over.
 */
export async function placeOrder(
  client: Client,
  message: OrderMessage,
  requestKey?: string,
): Promise<OrderProgress> {
  const start = startOptions(message)
  const startWorkflowOperation = new WithStartWorkflowOperation('orderToCash', {
    ...start,
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  const asked = requestKey === undefined ? {} : { updateId: requestKey }
  try {
    return await client.workflow.executeUpdateWithStart(orderPlaced, {
      startWorkflowOperation,
      ...asked,
    })
  } catch (error) {
    if (requestKey === undefined || !isAlreadyStarted(error)) throw error
    return client.workflow
      .getHandle(start.workflowId)
      .getUpdateHandle<OrderProgress>(requestKey)
      .result()
  }
}

function startOptions({ document, inboxId, actor, taskQueue }: OrderMessage) {
  const start: OrderToCashStart = {
    inboxId,
    channel: document.channel,
    externalId: document.externalId,
    actor,
  }
  const total = formatMinor(BigInt(document.total.minor), document.total.currency)
  return {
    workflowId: orderToCashId(document.channel, document.externalId),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [start] as [OrderToCashStart],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
    staticSummary: `Order ${document.orderNumber} · ${document.channel} · ${document.lines.length} lines · ${total} ${document.total.currency}`,
    staticDetails:
      'From a placed order to goods delivered and money taken. Current details tell what it waits for; holds and cases are resolved through the API, never here.',
    priority: { fairnessKey: document.channel },
    typedSearchAttributes: [
      { key: processKey, value: 'order-to-cash' },
      { key: phaseKey, value: 'received' },
      { key: channelKey, value: document.channel },
      { key: businessIdKey, value: document.orderNumber },
    ],
  }
}

function isAlreadyStarted(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError'
}
