import { setTimeout as wait } from 'node:timers/promises'
import { commandAgain } from '#clients/order-process'
import type { OrderDocument } from '#contracts/order-intake'
import {
  changeOrder,
  confirmPick,
  lookAgain,
  placeHold,
  recordTracking,
  releaseOrder,
  requestCancellation,
  type OrderProgress,
} from '#contracts/order-to-cash'
import { NOTIFICATION_ID, NOTIFICATION_TASK_QUEUE } from '#contracts/notification'
import { receiveGoods } from '#db/stores/goods-receipts'
import { DEFAULT_POLICIES } from '#domain/orders/policies'
import { aStranger } from '#tests/support/company'
import { stockContinuedAsNew, toldUntilOff } from './channel-stock-cases.ts'
import { syncContinuedAsNew, untilPaused } from './channel-sync-cases.ts'
import { authorised, ended, labelled, named, person } from './acting.ts'
import { bug, paidTwice, reallocated, rejected, reopened } from './command-cases.ts'
import { refusedChange, refusedDeadline, refusedEffect } from './pause-cases.ts'
import { factDuringCall, openedAgain, refusedFact } from './provider-cases.ts'
import { taxQuoted, taxUnknown } from './tax-cases.ts'
import { procureToPayCases } from './procure-to-pay-cases.ts'
import type { RecordingSystem } from './recording-system.ts'
import {
  billAhead,
  billApproved,
  billCommandRefused,
  billContinuedAsNew,
  billPaid,
  billRejected,
} from './vendor-bill-cases.ts'
import {
  countCancelled,
  countContinuedAsNew,
  countEscalated,
  countRefused,
  recountedAndApproved,
} from './count-cases.ts'
import {
  transferContinuedAsNew,
  transferRecalled,
  transferInParts,
  transferRefused,
} from './transfer-cases.ts'
import { replenishedContinuedAsNew, replenishedUntilOff } from './replenishment-cases.ts'
import { disputeAccepted, disputeMissed, disputeRefused, disputeWon } from './chargeback-cases.ts'
import {
  statementApproved,
  statementContinuedAsNew,
  statementSettled,
  statementWithoutRate,
} from './settlement-cases.ts'
import {
  closeLocked,
  closeReopened,
  invoiceAccrued,
  invoiceCancelled,
  tiesRefreshed,
} from './period-close-cases.ts'
import {
  returnCancelled,
  returnCredited,
  returnRefused,
  returnShipped,
} from './vendor-return-cases.ts'
import { rmaApproved, rmaRefunded, rmaRefused } from './return-cases.ts'
import { recallFollowed, recallTaken } from './recall-cases.ts'

/** Acts out one way through a process and answers the id of the process to keep. */
export type Case = (system: RecordingSystem) => Promise<string>

/** Every branch of every process; each is recorded once from a real server and replayed for ever. */
export const cases: Record<string, Record<string, Case>> = {
  'order-to-cash': {
    clean,
    'update-with-start': updateWithStart,
    'held-then-released': heldThenReleased,
    // Before there is any tea.
    'refused-deadline': refusedDeadline,
    'short-then-backordered': shortThenBackordered,
    cancelled,
    'cancelled-after-release': cancelledAfterRelease,
    'authorised-captured': authorisedCaptured,
    'effect-unknown': effectUnknown,
    'deadline-passed': deadlinePassed,
    'channel-updated': channelUpdated,
    'refused-document': refusedDocument,
    'delivered-by-tracking': deliveredByTracking,
    'change-set': changeSet,
    'short-pick': shortPick,
    'refused-command': refusedCommand,
    'with-patience': withPatience,
    'taken-up-again': takenUpAgain,
    'fact-during-call': factDuringCall,
    'refused-fact': refusedFact,
    'opened-again': openedAgain,
    reallocated,
    rejected,
    reopened,
    bug,
    'paid-twice': paidTwice,
    'refused-effect': refusedEffect,
    'refused-change': refusedChange,
    'tax-quoted': taxQuoted,
    'tax-unknown': taxUnknown,
  },
  notification: { 'one-round': oneRound },
  'channel-sync': { 'until-paused': untilPaused },
  'procure-to-pay': procureToPayCases,
  'vendor-bill': {
    'bill-paid': billPaid,
    'bill-approved': billApproved,
    'bill-rejected': billRejected,
    'bill-ahead': billAhead,
    'bill-command-refused': billCommandRefused,
  },
  'cycle-count': {
    'recounted-and-approved': recountedAndApproved,
    'count-cancelled': countCancelled,
    'count-refused': countRefused,
    'count-escalated': countEscalated,
  },
  transfer: {
    'in-parts': transferInParts,
    recalled: transferRecalled,
    refused: transferRefused,
  },
  'channel-stock': { 'told-until-off': toldUntilOff },
  replenishment: { 'until-off': replenishedUntilOff },
  'period-close': { 'close-locked': closeLocked, 'close-reopened': closeReopened },
  'continuous-close': { 'ties-refreshed': tiesRefreshed },
  'expected-invoice': {
    'invoice-accrued': invoiceAccrued,
    'invoice-cancelled': invoiceCancelled,
  },
  'vendor-return': {
    'return-shipped': returnShipped,
    'return-credited': returnCredited,
    'return-cancelled': returnCancelled,
    'return-refused': returnRefused,
  },
  recall: { 'recall-followed': recallFollowed, 'recall-taken': recallTaken },
  settlement: {
    'statement-settled': statementSettled,
    'statement-approved': statementApproved,
    'statement-without-rate': statementWithoutRate,
  },
  chargeback: {
    'dispute-won': disputeWon,
    'dispute-accepted': disputeAccepted,
    'dispute-missed': disputeMissed,
    'dispute-refused': disputeRefused,
  },
  'return-to-refund': {
    'rma-refunded': rmaRefunded,
    'rma-approved': rmaApproved,
    'rma-refused': rmaRefused,
  },
}

/** Recorded on a server that suggests it after a few events. */
export const longCases: Record<string, Record<string, Case>> = {
  'order-to-cash': { 'continued-as-new': continuedAsNew },
  notification: { 'rounds-continued-as-new': roundsContinuedAsNew },
  'channel-sync': { 'sync-continued-as-new': syncContinuedAsNew },
  'vendor-bill': { 'bill-continued-as-new': billContinuedAsNew },
  'cycle-count': { 'count-continued-as-new': countContinuedAsNew },
  transfer: { 'transfer-continued-as-new': transferContinuedAsNew },
  'channel-stock': { 'stock-continued-as-new': stockContinuedAsNew },
  replenishment: { 'runs-continued-as-new': replenishedContinuedAsNew },
  settlement: { 'statement-continued-as-new': statementContinuedAsNew },
}

async function clean(system: RecordingSystem): Promise<string> {
  const order = named('clean')
  await system.tell(order)
  const placed = await system.until(order, ({ phase }) => phase === 'released')
  await system.ship(order, placed)
  return ended(system, order)
}

async function updateWithStart(system: RecordingSystem): Promise<string> {
  const order = named('update-with-start')
  await system.ship(order, await system.place(order))
  return ended(system, order)
}

async function heldThenReleased(system: RecordingSystem): Promise<string> {
  const order = named('held-then-released', {
    customer: aStranger(),
    line: { quantity: 25 },
  })
  await system.place(order)
  const released = await system.resolve(order, 'accept')
  await system.ship(order, released)
  return ended(system, order)
}

async function shortThenBackordered(system: RecordingSystem): Promise<string> {
  const order = named('short-then-backordered', { line: { sku: 'TEA', unitPriceMinor: '250' } })
  await system.place(order)
  const waiting = await system.resolve(order, 'backorder')
  await receiveTea(system)
  // The standing notification process may have told it already; then this changes nothing.
  await system.handle(order).signal(lookAgain, { cause: 'stock arrived' })
  const released = await system.until(
    order,
    ({ version, phase }) => version > waiting.version && phase === 'released',
  )
  await system.ship(order, released)
  return ended(system, order)
}

async function cancelled(system: RecordingSystem): Promise<string> {
  const order = named('cancelled', { line: { quantity: 26 } })
  await system.place(order)
  await system.handle(order).executeUpdate(requestCancellation, {
    args: [{ ...person, key: 'cancel/1', reason: 'changed their mind' }],
  })
  return ended(system, order)
}

async function cancelledAfterRelease(system: RecordingSystem): Promise<string> {
  const order = named('cancelled-after-release')
  await system.place(order)
  await system.handle(order).executeUpdate(requestCancellation, {
    args: [{ ...person, key: 'cancel/1', reason: 'changed their mind' }],
  })
  await system.resolve(order, 'recall')
  return ended(system, order)
}

async function authorisedCaptured(system: RecordingSystem): Promise<string> {
  const order = authorised('authorised-captured')
  await system.ship(order, await system.place(order))
  return ended(system, order)
}

async function effectUnknown(system: RecordingSystem): Promise<string> {
  const order = authorised('effect-unknown')
  const placed = await system.place(order)
  const silent = () =>
    Promise.resolve({ outcome: 'unknown' as const, message: 'no answer in time' })
  Object.assign(system.outside, { pay: silent, findPayment: silent })
  await system.ship(order, placed)
  await system.resolve(order, 'mark-done', { reference: 'pi_found_by_hand' })
  delete system.outside.pay
  delete system.outside.findPayment
  return ended(system, order)
}

/** Nobody decides in time: the case moves up, then somebody does. */
async function deadlinePassed(system: RecordingSystem): Promise<string> {
  const quick = { ...DEFAULT_POLICIES.exceptions['manual-hold'], slaMinutes: 0.03 }
  await system.database.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('exceptions', 'b2b', 1, 'recorder',
      ${system.database.admin.json({ 'manual-hold': quick, 'payment-pending': quick } as never)})`
  const payment = { state: 'pending' as const, provider: 'bank', reference: null, amountMinor: '0' }
  const order = named('deadline-passed', { channel: 'b2b', payment })
  const placed = await system.place(order)
  await system.until(order, ({ version }) => version > placed.version)
  await system.handle(order).executeUpdate(requestCancellation, {
    args: [{ ...person, key: 'cancel/1', reason: 'nobody paid' }],
  })
  return ended(system, order)
}

/** The channel tells later that it was paid; the order goes on by itself. */
async function channelUpdated(system: RecordingSystem): Promise<string> {
  const payment = { state: 'pending' as const, provider: 'bank', reference: null, amountMinor: '0' }
  const order = named('channel-updated', { payment })
  await system.tell(order)
  await system.until(order, ({ phase }) => phase === 'held')
  const paid = named('channel-updated', { externalVersion: '2026-01-02T00:00:00.000Z' })
  await system.tell(paid, 'paid')
  const released = await system.until(order, ({ phase }) => phase === 'released')
  await system.ship(order, released)
  return ended(system, order)
}

async function refusedDocument(system: RecordingSystem): Promise<string> {
  const order = named('refused-document', { channel: 'nobody-knows-it' })
  await system.tell(order)
  return ended(system, order)
}

async function deliveredByTracking(system: RecordingSystem): Promise<string> {
  const order = named('delivered-by-tracking')
  const placed = await system.place(order)
  await labelled(system, order, placed)
  await system.ship(order, placed)
  const [parcel] = await system.database.db<
    { tracking: string }[]
  >`SELECT tracking_number AS tracking FROM parcel WHERE order_id = ${placed.orderId}`
  for (const status of ['in-transit', 'delivered'] as const)
    await system.handle(order).signal(recordTracking, {
      providerEventId: `${order.externalId}/${status}`,
      trackingNumber: parcel!.tracking,
      status,
      at: new Date().toISOString(),
      actor: 'carrier',
    })
  return ended(system, order)
}

async function changeSet(system: RecordingSystem): Promise<string> {
  const order = named('change-set', { channel: 'desk', line: { quantity: 2 } })
  const { orderId } = await heldByHand(system, order)
  const [line] = await system.database.db<
    { id: bigint }[]
  >`SELECT id FROM sales_order_line WHERE order_id = ${orderId}`
  await system.handle(order).executeUpdate(changeOrder, {
    args: [
      {
        ...person,
        key: 'change/1',
        actions: [
          { kind: 'cancel-units', orderLineId: line!.id.toString(), qty: 1 },
          { kind: 'add-line', sku: 'MUG', qty: 2, unitPriceMinor: '1000' },
        ],
      },
    ],
  })
  const freed = await system.resolve(order, 'release')
  const [kind] = freed.cases
  // The added line costs less than the cancelled one, so nothing is owed and nobody must agree.
  if (kind) throw new Error(`the change-set left a case: ${kind.type}`)
  await system.ship(order, await handOver(system, order))
  return ended(system, order)
}

async function shortPick(system: RecordingSystem): Promise<string> {
  const order = named('short-pick', { line: { quantity: 3 } })
  const placed = await system.place(order)
  const [line] = await system.database.db<{ fulfilmentId: bigint; orderLineId: bigint }[]>`
    SELECT l.fulfilment_id AS "fulfilmentId", l.order_line_id AS "orderLineId" FROM fulfilment_line l
    JOIN fulfilment_order f ON f.id = l.fulfilment_id WHERE f.order_id = ${placed.orderId}`
  const picked = {
    orderLineId: line!.orderLineId.toString(),
    picked: 2,
    shortReason: 'shelf empty',
  }
  await system.handle(order).executeUpdate(confirmPick, {
    args: [
      {
        key: 'pick/1',
        actor: 'picker',
        fulfilmentId: line!.fulfilmentId.toString(),
        lines: [picked],
      },
    ],
  })
  const resolved = await system.resolve(order, 'recount')
  await system.ship(order, resolved)
  return ended(system, order)
}

/** A command that the business refuses leaves the process where it was. */
async function refusedCommand(system: RecordingSystem): Promise<string> {
  const order = named('refused-command')
  const placed = await system.place(order)
  const refused = await system
    .handle(order)
    .executeUpdate(releaseOrder, { args: [{ ...person, key: 'release/1' }] })
    .then(
      () => false,
      () => true,
    )
  if (!refused) throw new Error('an order that is with the warehouse was released again')
  await system.ship(order, placed)
  return ended(system, order)
}

/** The database keeps the shipment waiting, so that the same commit goes on as a regular activity. */
async function withPatience(system: RecordingSystem): Promise<string> {
  const order = named('with-patience')
  const placed = await system.place(order)
  const { admin } = system.database
  const [blocking] = await Promise.all([
    admin.begin(async (tx) => {
      await tx`SELECT 1 FROM sales_order WHERE id = ${placed.orderId} FOR UPDATE`
      await wait(9_000)
    }),
    wait(200).then(() => system.ship(order, placed)),
  ])
  void blocking
  return ended(system, order)
}

/** A cancellation comes after the end: the process runs once more until a person has answered it. */
async function takenUpAgain(system: RecordingSystem): Promise<string> {
  const order = named('taken-up-again')
  await system.ship(order, await system.place(order))
  const workflowId = await ended(system, order)
  const command = { ...person, key: 'cancel/1', reason: 'changed their mind' }
  await commandAgain(system.client, { ...order, workflowId }, requestCancellation, {
    command,
    updateId: 'cancel/1',
  })
  await system.resolve(order, 'refuse')
  return ended(system, order)
}

/** One round of the standing process; it goes on, its history is cut here. */
async function oneRound(system: RecordingSystem): Promise<string> {
  await system.client.workflow.start('notification', {
    workflowId: NOTIFICATION_ID,
    taskQueue: NOTIFICATION_TASK_QUEUE,
  })
  await wait(1_500)
  const handle = system.client.workflow.getHandle(NOTIFICATION_ID)
  await handle.terminate('recorded')
  return NOTIFICATION_ID
}

/** So many rounds that the standing process begins a new history; that one is cut. */
async function roundsContinuedAsNew({ client }: RecordingSystem): Promise<string> {
  const handle = await client.workflow.start('notification', {
    workflowId: NOTIFICATION_ID,
    taskQueue: NOTIFICATION_TASK_QUEUE,
  })
  const standing = client.workflow.getHandle(NOTIFICATION_ID)
  for (let n = 1; (await standing.describe()).runId === handle.firstExecutionRunId; n += 1) {
    if (n === 100) throw new Error('the process did not continue as new')
    await wait(200)
  }
  await wait(1_000)
  await standing.terminate('recorded')
  return NOTIFICATION_ID
}

/** So many messages that the process begins a new history. */
async function continuedAsNew(system: RecordingSystem): Promise<string> {
  const order = named('continued-as-new', { channel: 'desk' })
  await heldByHand(system, order)
  const first = await system.handle(order).describe()
  for (let n = 1; (await system.handle(order).describe()).runId === first.runId; n += 1) {
    if (n === 60) throw new Error('the process did not continue as new')
    await system.handle(order).signal(lookAgain, { cause: `the ${n}th look` })
    await wait(50)
  }
  await system.resolve(order, 'release')
  await system.ship(order, await handOver(system, order))
  return ended(system, order)
}

/** The order waits at the order desk with its stock reserved, before the warehouse has it. */
async function heldByHand(system: RecordingSystem, order: OrderDocument): Promise<OrderProgress> {
  const placed = await system.place(order)
  if (placed.phase !== 'allocated') throw new Error(`${order.externalId} is ${placed.phase}`)
  return system.handle(order).executeUpdate(placeHold, {
    args: [{ ...person, key: 'hold/1', reason: 'the customer rang' }],
  })
}

async function handOver(system: RecordingSystem, order: OrderDocument): Promise<OrderProgress> {
  const args = [{ ...person, key: 'release/1' }] as const
  return system.handle(order).executeUpdate(releaseOrder, { args: [...args] })
}

async function receiveTea({ database }: RecordingSystem): Promise<void> {
  const { admin } = database
  const [ids] = await admin<{ itemId: number; siteId: number; entityId: number }[]>`
    SELECT i.id AS "itemId", s.id AS "siteId", s.entity_id AS "entityId" FROM item i, site s WHERE i.sku = 'TEA' AND s.code = 'EAST'`
  await admin.begin((tx) =>
    receiveGoods(tx as never, {
      ...ids!,
      receiptNo: 'GR-1',
      functionalCurrency: 'USD',
      supplier: 'tea-house',
      receivedOn: new Date().toISOString().slice(0, 10),
      actor: 'dock',
      lines: [{ itemId: ids!.itemId, expectedQty: 50n, receivedQty: 50n, unitCostMinor: 100n }],
    }),
  )
}
