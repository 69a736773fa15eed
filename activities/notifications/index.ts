import { Context, heartbeat, log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { setTimeout as wait } from 'node:timers/promises'
import { tellOrder } from '#clients/order-process'
import type { Delivered, NotificationActivities } from '#contracts/notification'
import { lookAgain, type OrderActivities } from '#contracts/order-to-cash'
import type { Db } from '#db/client'
import { takeWaiting, markDelivered, type WaitingMessage } from '#db/stores/outbox'
import { markTooLate, untoldDocuments } from '#db/stores/inbox'
import type { MailGateway } from '../gateways/mail.ts'
import { Refusal } from '#domain/refusal'
import { sendMails } from './mails.ts'
import { waitingForItems } from './waiting-orders.ts'

export interface NotificationDeps {
  db: Db
  temporal: Client
  /** Null where no mail server is set: mails then stay in the outbox. */
  mail: MailGateway | null
  orders: Pick<OrderActivities, 'reviewOrder'>
  orderTaskQueue: string
  /** How long one call works before it reports. */
  workMs: number
  /** A stored document is told by the sweep when nobody did within this time. */
  untoldAfterMs: number
}

/** Topics that this process delivers; others wait for the connector that will take them. */
const TOPICS = ['mail', 'look-again', 'stock-arrived', 'supply-changed'] as const

export function notificationActivities(deps: NotificationDeps): NotificationActivities {
  return {
    async deliverOutbox() {
      const until = Date.now() + deps.workMs
      const done: Delivered = { delivered: 0, failed: 0, told: 0 }
      while (Date.now() < until && !Context.current().cancellationSignal.aborted) {
        heartbeat(done)
        const moved = (await deliverBatch(deps, until, done)) + (await tellUntold(deps, done))
        if (moved === 0) await wait(Math.min(500, deps.workMs))
      }
      return done
    },
  }
}

async function deliverBatch(
  deps: NotificationDeps,
  until: number,
  done: Delivered,
): Promise<number> {
  const topics = deps.mail ? TOPICS : TOPICS.filter((topic) => topic !== 'mail')
  const messages = await takeWaiting(deps.db, topics, 50)
  let delivered = 0
  for (const message of messages) {
    // A mail server that hangs costs seconds a message: the engine must hear from us meanwhile.
    heartbeat(done)
    if (Date.now() >= until) break
    try {
      await deliver(deps, message)
      await markDelivered(deps.db, message.id)
      delivered += 1
    } catch (error) {
      done.failed += 1
      log.warn('a message stays in the outbox', {
        topic: message.topic,
        key: message.key,
        error: String(error),
      })
    }
  }
  done.delivered += delivered
  return delivered
}

async function deliver(deps: NotificationDeps, message: WaitingMessage): Promise<void> {
  const body = message.body as Record<string, string> & { itemIds?: number[] }
  if (message.topic === 'mail')
    return sendMails(deps.db, deps.mail!, {
      key: message.key,
      template: body['template']!,
      orderId: body['orderId']!,
      ...(body['shipmentId'] ? { shipmentId: body['shipmentId'] } : {}),
    })
  if (message.topic === 'look-again') return signal(deps, body['workflowId']!, body['cause']!)
  const cause = message.topic === 'stock-arrived' ? 'stock arrived' : 'expected supply changed'
  await giveStockOut(deps, { key: message.key, cause, itemIds: body.itemIds ?? [] })
}

/**
 * Stock or its promise came: orders get it one after the other in the order of the demand policy, each in
 * its own commit, and are told afterwards. Left to themselves they would race for it (INV-29).
 */
async function giveStockOut(
  deps: NotificationDeps,
  { key, cause, itemIds }: { key: string; cause: string; itemIds: number[] },
): Promise<void> {
  for (const order of await waitingForItems(deps.db, { key, cause }, itemIds)) {
    heartbeat()
    const look = { orderId: order.orderId, cause, key }
    try {
      await deps.orders.reviewOrder(look)
    } catch (error) {
      // One order that cannot take its units must not keep them from those behind it.
      if (!(error instanceof Refusal)) throw error
      log.warn('an order does not take arrived stock', { ...look, code: error.code })
    }
    await signal(deps, order.workflowId, cause)
  }
}

async function signal(
  { temporal }: NotificationDeps,
  workflowId: string,
  cause: string,
): Promise<void> {
  await temporal.workflow
    .getHandle(workflowId)
    .signal(lookAgain, { cause })
    .catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error
    })
}

/** FUL-6: whatever was stored and never told, because something was away, is told now. */
async function tellUntold(
  { db, temporal, orderTaskQueue, untoldAfterMs }: NotificationDeps,
  done: Delivered,
): Promise<number> {
  const untold = await untoldDocuments(db, untoldAfterMs, 50)
  for (const { inboxId, topic, document } of untold) {
    const message = { inboxId, topic, document, actor: 'sweep', taskQueue: orderTaskQueue }
    if ((await tellOrder(temporal, message)) === 'ended') await markTooLate(db, inboxId)
  }
  done.told += untold.length
  return untold.length
}
