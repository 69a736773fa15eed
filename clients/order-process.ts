import type { Client } from '@temporalio/client'
import { WithStartWorkflowOperation } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import type { OrderDocument } from '#contracts/order-intake'
import {
  channelChanged,
  ORDER_TASK_QUEUE,
  orderPlaced,
  orderToCashId,
  type CommandBase,
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
 * `ended` when that process is over: only a cancellation is then still told (`tellOrTakeUp`).
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

/** An order whose process has ended. */
export interface EndedOrder {
  workflowId: string
  channel: string
  externalId: string
  orderNumber: string
}

/**
 * As {@link tellOrder}; a cancellation that comes after an order's end takes it up again, if
 * anything of it has left: `shippedOrder` says whether, by the id of its process.
 */
export async function tellOrTakeUp(
  client: Client,
  message: OrderMessage,
  shippedOrder: (workflowId: string) => Promise<EndedOrder | undefined>,
): Promise<'told' | 'ended'> {
  if ((await tellOrder(client, message)) === 'told') return 'told'
  const { channel, externalId, cancelled } = message.document
  const shipped = cancelled && (await shippedOrder(orderToCashId(channel, externalId)))
  if (!shipped) return 'ended'
  await tellAgain(client, shipped, message)
  return 'told'
}

/** Tells an ended order's process, in a new run of it, about a stored message (a cancellation). */
async function tellAgain(
  client: Client,
  ended: EndedOrder,
  { inboxId, actor, taskQueue }: Omit<OrderMessage, 'document' | 'topic'>,
): Promise<void> {
  await client.workflow.signalWithStart('orderToCash', {
    ...againOptions(ended, { inboxId, actor, again: `inbox/${inboxId}`, taskQueue }),
    signal: channelChanged,
    signalArgs: [{ inboxId }],
  })
}

/**
 * Gives a command to an order whose process has ended, in a new run of it that ends again when
 * nothing is open: a refused command leaves nothing behind.
 */
export async function commandAgain<C extends CommandBase>(
  client: Client,
  ended: EndedOrder,
  update: UpdateDefinition<OrderProgress, [C]>,
  { command, updateId, taskQueue }: { command: C; updateId: string; taskQueue?: string },
): Promise<OrderProgress> {
  const again = { inboxId: '0', actor: command.actor, again: command.key, taskQueue }
  const startWorkflowOperation = new WithStartWorkflowOperation('orderToCash', {
    ...againOptions(ended, again),
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  return client.workflow.executeUpdateWithStart(update, {
    args: [command] as [C],
    updateId,
    startWorkflowOperation,
  })
}

function againOptions(
  { workflowId, channel, externalId, orderNumber }: EndedOrder,
  from: { inboxId: string; actor: string; again: string; taskQueue: string | undefined },
) {
  const { taskQueue, ...came } = from
  const start: OrderToCashStart = { ...came, channel, externalId }
  return {
    workflowId,
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [start] as [OrderToCashStart],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    staticSummary: `Order ${orderNumber} · ${channel} · taken up again`,
    staticDetails: DETAILS,
    priority: { fairnessKey: channel },
    typedSearchAttributes: [
      { key: processKey, value: 'order-to-cash' },
      { key: phaseKey, value: 'closed' },
      { key: channelKey, value: channel },
      { key: businessIdKey, value: orderNumber },
    ],
  }
}

const DETAILS =
  'From a placed order to goods delivered and money taken. Current details tell what it waits for; holds and cases are resolved through the API, never here.'

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
    staticDetails: DETAILS,
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
