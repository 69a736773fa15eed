import type { Client } from '@temporalio/client'
import {
  lookAgain,
  ORDER_TASK_QUEUE,
  recordPayment,
  recordTracking,
  type OrderProgress,
  type OrderToCashStart,
  type RecordPayment,
  type RecordTracking,
} from '#contracts/order-to-cash'
import { businessIdKey, channelKey, phaseKey, processKey } from '#contracts/search-attributes'

/** What a provider told about an order, as its process takes it. */
export type OrderFact =
  { verb: 'recordPayment'; fact: RecordPayment } | { verb: 'recordTracking'; fact: RecordTracking }

/** A stored event in the words of the order's process. */
export function factOf(event: {
  id: string
  kind: string
  facts: Record<string, unknown>
}): OrderFact {
  const fact = { ...event.facts, eventId: event.id }
  return event.kind.startsWith('tracking.')
    ? { verb: 'recordTracking', fact: fact as unknown as RecordTracking }
    : { verb: 'recordPayment', fact: fact as unknown as RecordPayment }
}

/** Tells the order's process; `ended` when it is over and nobody listens there any more. */
export async function tellFact(
  client: Client,
  workflowId: string,
  told: OrderFact,
): Promise<'told' | 'ended'> {
  const order = client.workflow.getHandle(workflowId)
  try {
    if (told.verb === 'recordPayment') await order.signal(recordPayment, told.fact)
    else await order.signal(recordTracking, told.fact)
    return 'told'
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return 'ended'
    throw error
  }
}

export interface ReopenedOrder {
  workflowId: string
  channel: string
  externalId: string
  /** Where the order stands after what reopened it. */
  progress: OrderProgress
  actor: string
  taskQueue?: string
}

/** An order that had ended has something to do again: its process goes on where the order stands. */
export async function goOnAgain(client: Client, reopened: ReopenedOrder): Promise<void> {
  const { workflowId, channel, externalId, progress, actor } = reopened
  // The document was taken in long ago; whoever resumes does not read it again.
  const start: OrderToCashStart = { inboxId: '0', channel, externalId, actor }
  await client.workflow.signalWithStart('orderToCash', {
    workflowId,
    taskQueue: reopened.taskQueue ?? ORDER_TASK_QUEUE,
    args: [start, progress],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Order ${progress.orderNo} · ${channel} · opened again`,
    priority: { fairnessKey: channel },
    typedSearchAttributes: [
      { key: processKey, value: 'order-to-cash' },
      { key: phaseKey, value: progress.phase },
      { key: channelKey, value: channel },
      { key: businessIdKey, value: progress.orderNo },
    ],
    // Whoever was quicker to start it knows an earlier state of the order.
    signal: lookAgain,
    signalArgs: [{ cause: 'opened again by what its provider told' }],
  })
}
