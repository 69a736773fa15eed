import { Context, heartbeat, log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { setTimeout as wait } from 'node:timers/promises'
import { startChannelStock } from '#clients/channel-stock'
import { startChannelSync } from '#clients/channel-sync'
import { startContinuousClose } from '#clients/continuous-close'
import { startReplenishment } from '#clients/replenishment'
import { goOnAgain, type ReopenedOrder } from '#clients/order-facts'
import { tellOrTakeUp } from '#clients/order-process'
import { draftPurchase } from '#clients/purchase-process'
import { requestTransfer, requestVendorReturn, beginRecall } from '#clients/stock-documents'
import { tellBill } from '#clients/vendor-bill'
import type { Delivered, NotificationActivities } from '#contracts/notification'
import { lookAgain, type OrderActivities } from '#contracts/order-to-cash'
import type { ProcureToPayStart } from '#contracts/procure-to-pay'
import type { RequestedTransfer } from '#contracts/transfer'
import type { BegunRecall } from '#contracts/recall'
import type { RequestedVendorReturn } from '#contracts/vendor-return'
import type { Db } from '#db/client'
import { billToTell } from '#db/queries/bills'
import { shippedOrder } from '#db/queries/orders'
import { toldChannels } from '#db/queries/channel-stock'
import { polledChannels } from '#db/stores/channel-sync'
import { takeWaiting, markDelivered, type WaitingMessage } from '#db/stores/outbox'
import { watchRefused } from '#db/stores/refused-documents'
import { watchUnbilled } from '#db/stores/unbilled'
import { closingCompanies } from '#db/queries/close-periods'
import { replenishedCompanies } from '#db/queries/replenishment-policies'
import { watchWarehouseCases } from '#db/stores/warehouse-cases'
import { markTold, markTooLate, takeUntold, type UntoldDocument } from '#db/stores/inbox'
import type { MailGateway } from '../gateways/mail.ts'
import type { WarehouseGateway } from '../gateways/supplier.ts'
import type { MailTemplate } from '#domain/orders/policies'
import { Refusal } from '#domain/refusal'
import { sendMails, type MailLinks } from './mails.ts'
import { tellWaitingEvents } from './provider-events.ts'
import { sendShippingOrder } from './shipping-orders.ts'
import { waitingForItems } from './waiting-orders.ts'

export interface NotificationDeps {
  db: Db
  temporal: Client
  /** Null where no mail server is set: mails then stay in the outbox. */
  mail: MailGateway | null
  links: MailLinks
  /** Null where no EDI network is set: shipping orders then stay in the outbox. */
  warehouses: WarehouseGateway | null
  orders: Pick<OrderActivities, 'reviewOrder' | 'recordPayment' | 'recordTracking'>
  orderTaskQueue: string
  /** Where this process and those that it starts run. */
  taskQueue: string
  /** How long one call works before it reports. */
  workMs: number
  /** A stored document is told by the sweep when nobody did within this time. */
  untoldAfterMs: number
}

/**
 * Topics that this process delivers, each by itself, so that a mail server that is down keeps no
 * stock from the orders that wait for it; others wait for the connector that will take them. A
 * mail of unknown fate may have arrived, so mails are sent again more and more rarely.
 */
const TOPICS = {
  mail: { limit: 10, mostWaitSeconds: 6 * 3600 },
  'look-again': { limit: 50, mostWaitSeconds: 60 },
  'order-reopened': { limit: 50, mostWaitSeconds: 60 },
  'stock-arrived': { limit: 50, mostWaitSeconds: 60 },
  'supply-changed': { limit: 50, mostWaitSeconds: 60 },
  'vendor-bill': { limit: 50, mostWaitSeconds: 60 },
  'purchase-wanted': { limit: 20, mostWaitSeconds: 3600 },
  'transfer-wanted': { limit: 20, mostWaitSeconds: 3600 },
  'vendor-return-wanted': { limit: 20, mostWaitSeconds: 3600 },
  'recall-begun': { limit: 20, mostWaitSeconds: 60 },
  'shipping-order': { limit: 20, mostWaitSeconds: 900 },
} as const
type Topic = keyof typeof TOPICS

export function notificationActivities(deps: NotificationDeps): NotificationActivities {
  return {
    async deliverOutbox() {
      const until = Date.now() + deps.workMs
      const done: Delivered = { delivered: 0, failed: 0, told: 0 }
      const topics = (Object.keys(TOPICS) as Topic[]).filter(
        (topic) =>
          (deps.mail || topic !== 'mail') && (deps.warehouses || topic !== 'shipping-order'),
      )
      const each = topics.map((topic) => () => deliverBatch(deps, topic, until, done))
      const works = [...each, () => tellUntold(deps, done), () => tellEvents(deps, done)]
      await startSyncs(deps)
      await startReplenishments(deps)
      await startContinuousCloses(deps)
      await Promise.all(works.map((work) => repeat(work, until, deps.workMs)))
      await watchRefused(deps.db)
      await watchUnbilled(deps.db)
      await watchWarehouseCases(deps.db)
      return done
    },
  }
}

/** Every channel that is asked for its orders, or told its stock, has its process, whenever it was opened. */
async function startSyncs({ db, temporal, taskQueue }: NotificationDeps): Promise<void> {
  const starts = [
    { start: startChannelSync, channels: await polledChannels(db) },
    { start: startChannelStock, channels: await toldChannels(db) },
  ]
  for (const { start, channels } of starts)
    for (const { channel, entity } of channels) {
      try {
        await start(temporal, { channel, entity, taskQueue })
      } catch (error) {
        log.warn('the process of a channel does not start', { channel, error: String(error) })
      }
    }
}

/** Every company that has policies of what it keeps looks at what it needs. */
async function startReplenishments({
  db,
  temporal,
  orderTaskQueue,
}: NotificationDeps): Promise<void> {
  for (const entity of await replenishedCompanies(db)) {
    try {
      await startReplenishment(temporal, { entity, taskQueue: orderTaskQueue })
    } catch (error) {
      log.warn('replenishment does not start', { entity, error: String(error) })
    }
  }
}

/** Every company that has laid down how it closes is looked at every minute. */
async function startContinuousCloses({
  db,
  temporal,
  orderTaskQueue,
}: NotificationDeps): Promise<void> {
  for (const entity of await closingCompanies(db)) {
    try {
      await startContinuousClose(temporal, { entity, taskQueue: orderTaskQueue })
    } catch (error) {
      log.warn('continuous close does not start', { entity, error: String(error) })
    }
  }
}

/** Works until its time is over; with nothing to move it looks twice a second. */
async function repeat(work: () => Promise<number>, until: number, workMs: number): Promise<void> {
  const { cancellationSignal } = Context.current()
  while (Date.now() < until && !cancellationSignal.aborted) {
    heartbeat()
    if ((await work()) === 0) await wait(Math.min(500, workMs))
  }
}

async function deliverBatch(
  deps: NotificationDeps,
  topic: Topic,
  until: number,
  done: Delivered,
): Promise<number> {
  const messages = await takeWaiting(deps.db, { topic, ...TOPICS[topic] })
  let delivered = 0
  for (const message of messages) {
    // A mail server that hangs costs seconds a message: the engine must hear from us meanwhile.
    heartbeat()
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
    return sendMails(
      { db: deps.db, mail: deps.mail!, links: deps.links },
      {
        key: message.key,
        template: body['template'] as MailTemplate,
        orderId: body['orderId']!,
        ...(body['shipmentId'] ? { shipmentId: body['shipmentId'] } : {}),
        ...(body['caseId'] ? { caseId: body['caseId'] } : {}),
        ...(body['recallNo'] ? { recallNo: body['recallNo'] } : {}),
      },
    )
  if (message.topic === 'shipping-order') {
    const order = { key: message.key, fulfilmentId: body['fulfilmentId']! }
    return sendShippingOrder(deps.db, deps.warehouses!, order)
  }
  if (message.topic === 'vendor-bill') return tellOneBill(deps, message.key, body['billId']!)
  if (message.topic === 'purchase-wanted') return orderWanted(deps, message)
  if (message.topic === 'transfer-wanted') return transferWanted(deps, message)
  if (message.topic === 'vendor-return-wanted') return returnWanted(deps, message)
  if (message.topic === 'order-reopened') return reopen(deps, message)
  if (message.topic === 'recall-begun') return recallBegun(deps, message)
  if (message.topic === 'look-again') return signal(deps, body['workflowId']!, body['cause']!)
  const cause = message.topic === 'stock-arrived' ? 'stock arrived' : 'expected supply changed'
  await giveStockOut(deps, { key: message.key, cause, itemIds: body.itemIds ?? [] })
}

/** What replenishment wants bought becomes a purchase with a process of its own, once per number. */
async function orderWanted(
  { temporal, orderTaskQueue }: NotificationDeps,
  { key, body }: WaitingMessage,
): Promise<void> {
  const start = body as ProcureToPayStart
  await draftPurchase(temporal, { ...start, taskQueue: orderTaskQueue, updateId: `outbox/${key}` })
}

/** Goods that a person claims credit for go back by a return with a process of its own, once per number. */
async function returnWanted(
  { temporal, orderTaskQueue }: NotificationDeps,
  { key, body }: WaitingMessage,
): Promise<void> {
  const asked = { taskQueue: orderTaskQueue, updateId: `outbox/${key}` }
  await requestVendorReturn(temporal, body as RequestedVendorReturn, asked)
}

/** A lot was blocked: its recall has a process of its own, once per number. */
async function recallBegun(
  { temporal, orderTaskQueue }: NotificationDeps,
  { key, body }: WaitingMessage,
): Promise<void> {
  const asked = { taskQueue: orderTaskQueue, updateId: `outbox/${key}` }
  await beginRecall(temporal, body as BegunRecall, asked)
}

/** What replenishment wants moved becomes a transfer with a process of its own, once per number. */
async function transferWanted(
  { temporal, orderTaskQueue }: NotificationDeps,
  { key, body }: WaitingMessage,
): Promise<void> {
  const asked = { taskQueue: orderTaskQueue, updateId: `outbox/${key}` }
  await requestTransfer(temporal, body as RequestedTransfer, asked)
}

/** An order that may have ended has something to pay back: its process goes on, or begins again. */
async function reopen(
  { temporal, orderTaskQueue }: NotificationDeps,
  { body }: WaitingMessage,
): Promise<void> {
  const reopened = body as Omit<ReopenedOrder, 'actor' | 'taskQueue'>
  await goOnAgain(temporal, { ...reopened, actor: 'return', taskQueue: orderTaskQueue })
}

/** A bill was captured, its goods came, or it was paid: its process starts, or looks again. */
async function tellOneBill(
  { db, temporal, orderTaskQueue }: NotificationDeps,
  key: string,
  billId: string,
): Promise<void> {
  const bill = await billToTell(db, billId)
  if (bill) await tellBill(temporal, { ...bill, taskQueue: orderTaskQueue }, key)
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

/** Calls to the engine that are under way at the same time. */
const TELLERS = 8

/**
 * FUL-6: whatever was stored and never told, because something was away, is told now. What was
 * taken is told to the end, as it would be put off otherwise without having been tried.
 */
async function tellUntold(deps: NotificationDeps, done: Delivered): Promise<number> {
  const untold = await takeUntold(deps.db, deps.untoldAfterMs, 50)
  let told = 0
  const teller = async (): Promise<void> => {
    for (let next = untold.shift(); next; next = untold.shift()) {
      heartbeat()
      if (await tellOne(deps, next)) told += 1
      else done.failed += 1
    }
  }
  await Promise.all(Array.from({ length: TELLERS }, teller))
  done.told += told
  return told
}

async function tellOne(
  { db, temporal, orderTaskQueue, untoldAfterMs }: NotificationDeps,
  { inboxId, topic, document }: UntoldDocument,
): Promise<boolean> {
  const message = { inboxId, topic, document, actor: 'sweep', taskQueue: orderTaskQueue }
  try {
    const answer = await tellOrTakeUp(temporal, message, (id) => shippedOrder(db, id))
    if (answer === 'ended') await markTooLate(db, inboxId)
    else await markTold(db, [inboxId], Math.max(1000, 4 * untoldAfterMs))
    return true
  } catch (error) {
    log.warn('a stored document cannot be told', { inboxId, error: String(error) })
    return false
  }
}

/** What processors and carriers told and no order has taken yet. */
async function tellEvents(deps: NotificationDeps, done: Delivered): Promise<number> {
  const told = await tellWaitingEvents(deps)
  done.told += told
  return told
}
