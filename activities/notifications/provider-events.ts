import { heartbeat, log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { disputeOf, tellDispute } from '#clients/chargebacks'
import { factOf, goOnAgain, tellFact, type OrderFact } from '#clients/order-facts'
import type { OrderActivities, OrderProgress } from '#contracts/order-to-cash'
import type { Db } from '#db/client'
import { orderOfEvent, type EventPlace } from '#db/queries/provider-events'
import {
  dueProviderEvents,
  explainProviderEvent,
  leaveUnmatched,
  takeProviderEvent,
  type StoredEvent,
} from '#db/stores/provider-events'
import { Refusal } from '#domain/refusal'

export interface EventSweep {
  db: Db
  temporal: Client
  orders: Pick<OrderActivities, 'recordPayment' | 'recordTracking'>
  orderTaskQueue: string
}

/**
 * Events that no order has taken yet: ahead of their order, refused for now, or told while
 * something was away. One that fails does not hold up the others. Answers how many were tried.
 */
export async function tellWaitingEvents(sweep: EventSweep): Promise<number> {
  const due = await dueProviderEvents(sweep.db, 50)
  for (const event of due) {
    heartbeat()
    try {
      await tellEvent(sweep, event)
    } catch (error) {
      log.warn('a provider event waits', { event: event.id, error: String(error) })
      await explainProviderEvent(sweep.db, event.id, reasonOf(error))
    }
  }
  return due.length
}

async function tellEvent(sweep: EventSweep, event: StoredEvent): Promise<void> {
  const dispute = disputeOf(event)
  if (dispute) {
    const updateId = `provider-event/${event.id}/${event.attempts}`
    await tellDispute(sweep.temporal, dispute, { updateId, taskQueue: sweep.orderTaskQueue })
    return takeProviderEvent(sweep.db, event.id, null)
  }
  const place = await orderOfEvent(sweep.db, event)
  if (!place) return leaveUnmatched(sweep.db, event.id)
  const told = factOf(event)
  if ((await tellFact(sweep.temporal, place.workflowId, told)) === 'ended')
    await takeForEndedOrder(sweep, place, event, told)
}

/**
 * The order's process is over, so the fact is committed here. Only when that leaves something to
 * do does a process start again; only after that is the event off the list.
 */
async function takeForEndedOrder(
  { db, temporal, orders, orderTaskQueue }: EventSweep,
  place: EventPlace,
  event: StoredEvent,
  told: OrderFact,
): Promise<void> {
  const { orderId } = place
  const progress = await commitFact(orders, orderId, told)
  if (progress.open)
    await goOnAgain(temporal, { ...place, progress, actor: 'sweep', taskQueue: orderTaskQueue })
  await takeProviderEvent(db, event.id, orderId)
}

function commitFact(
  orders: EventSweep['orders'],
  orderId: string,
  told: OrderFact,
): Promise<OrderProgress> {
  // Without the event's id, so that the list keeps it until the process runs again.
  if (told.verb === 'recordPayment') {
    const { eventId: _, ...fact } = told.fact
    return orders.recordPayment({ ...fact, orderId })
  }
  const { eventId: _, ...fact } = told.fact
  return orders.recordTracking({ ...fact, orderId })
}

function reasonOf(error: unknown): string {
  return error instanceof Refusal ? `${error.code}: ${error.message}` : String(error)
}
