import type { UpdateDefinition } from '@temporalio/common'
import { goOnAgain, type ReopenedOrder } from '#clients/order-facts'
import { requestReturn } from '#clients/return-process'
import type { DocumentProgress } from '#contracts/document-progress'
import {
  resolveReturnCase,
  returnProgress,
  returnToRefundId,
  type RequestedReturn,
} from '#contracts/return-to-refund'
import type { OrderDocument } from '#contracts/order-intake'
import { lookAgain, type OrderProgress, type ResolveException } from '#contracts/order-to-cash'
import { markDelivered, takeWaiting } from '#db/stores/outbox'
import type { CaseType } from '#domain/orders/exceptions'
import { anOrder, aStranger } from './company.ts'
import { aKey, desk, linesOf } from './orders.ts'
import type { TestSystem } from './process.ts'

let numbers = 0

type Back = Pick<DocumentProgress, 'no'>

export interface Returns {
  /** An order that has left, whole. */
  shipped(document: OrderDocument): Promise<OrderProgress>
  /** All that left of the order's first line, because somebody changed their mind, unless told. */
  ask(
    orderId: string,
    changes?: Partial<RequestedReturn> & { qty?: number; lineNo?: number },
  ): Promise<DocumentProgress>
  /** A parcel that nobody had announced. */
  blind(
    parcel: Pick<RequestedReturn, 'kind' | 'source' | 'site' | 'goods' | 'reason'>,
  ): Promise<DocumentProgress>
  tell<C extends { key: string; actor: string }>(
    back: Back,
    update: UpdateDefinition<DocumentProgress, [C]>,
    command: Omit<C, 'key' | 'actor'> & { actor?: string },
  ): Promise<DocumentProgress>
  /** Decides the open case of this type. */
  resolve(
    back: Back,
    type: CaseType,
    resolution: ResolveException['resolution'],
    params?: Record<string, unknown>,
    actor?: string,
  ): Promise<DocumentProgress>
  /** Waits until nothing that was granted of an order is on its way any more. */
  refunded(orderId: string): Promise<void>
  /** Waits until the return is as described; what its order has told is delivered meanwhile. */
  until(back: Back, seen: (now: DocumentProgress) => boolean): Promise<DocumentProgress>
}

/** What customers, agents and the warehouse do with goods that come back. */
export function returnsOn(
  system: Pick<TestSystem, 'client' | 'taskQueue' | 'db'> &
    Partial<Pick<TestSystem, 'place' | 'order'>>,
): Returns {
  const { client, db, taskQueue } = system
  const handle = (back: Back) => client.workflow.getHandle(returnToRefundId(back.no))
  const now = (back: Back) => handle(back).query(returnProgress)
  const tell: Returns['tell'] = (back, update, command) => {
    const args = [{ actor: 'rae', key: aKey(), ...command } as never] as [never]
    return handle(back).executeUpdate(update, { args })
  }
  const begin = (
    asked: Omit<RequestedReturn, 'actor' | 'key' | 'returnNo' | 'reason'> &
      Partial<RequestedReturn>,
  ) => {
    const returnNo = `RMA-${process.pid}-${(numbers += 1)}`
    const by = { actor: 'cas', key: aKey(), returnNo, reason: 'changed-mind' }
    return requestReturn(client, { ...by, ...asked }, { updateId: aKey(), taskQueue })
  }
  return {
    tell,
    shipped: async (document) => {
      const placed = await system.place!(document)
      await desk(system as TestSystem, document).ship()
      return placed
    },
    ask: async (orderId, { qty, lineNo = 1, ...changes } = {}) => {
      const line = (await linesOf(db, orderId))[lineNo - 1]!
      const lines = [{ orderLineId: line.id, qty: qty ?? line.shipped }]
      return begin({ kind: 'return', orderId, source: 'agent', lines, ...changes })
    },
    blind: (parcel) => begin({ ...parcel, lines: [] }),
    resolve: async (back, type, resolution, params, actor = 'olivia') => {
      const open = (await now(back))!.cases.find((one) => one.type === type)
      if (!open) throw new Error(`no ${type} case: ${JSON.stringify(await now(back))}`)
      const command = { caseId: open.id, resolution, ...(params ? { params } : {}), actor }
      return tell(back, resolveReturnCase, command)
    },
    refunded: async (orderId) => {
      for (const end = Date.now() + 8000; ;) {
        await deliver(system)
        const pending =
          await db`SELECT 1 FROM payment WHERE order_id = ${orderId} AND refund_pending_minor > 0`
        if (pending.length === 0) return
        if (Date.now() > end) throw new Error(`order ${orderId} is not paid back`)
        await new Promise((done) => setTimeout(done, 50))
      }
    },
    until: async (back, seen) => {
      for (const end = Date.now() + 8000; ;) {
        await deliver(system)
        const found = await now(back)
        if (found && seen(found)) return found
        if (Date.now() > end) throw new Error(`the return stays ${JSON.stringify(found)}`)
        await new Promise((done) => setTimeout(done, 50))
      }
    },
  }
}

type Delivering = Pick<TestSystem, 'client' | 'taskQueue' | 'db'>

/** What the notification process does with what returns and orders tell each other. */
async function deliver({ client, taskQueue, db }: Delivering): Promise<void> {
  const now = { limit: 50, mostWaitSeconds: 1 }
  for (const { id, body } of await takeWaiting(db, { topic: 'order-reopened', ...now })) {
    await goOnAgain(client, { ...(body as ReopenedOrder), actor: 'return', taskQueue })
    await markDelivered(db, id)
  }
  for (const { id, body } of await takeWaiting(db, { topic: 'look-again', ...now })) {
    const { workflowId, cause } = body as { workflowId: string; cause: string }
    const told = client.workflow.getHandle(workflowId).signal(lookAgain, { cause })
    await told.catch(() => undefined)
    await markDelivered(db, id)
  }
}

/** Sales tax of New Jersey. */
export const aTax = (amountMinor: string, collectedBy: 'seller' | 'marketplace' = 'seller') => [
  { jurisdiction: 'US-NJ', ratePpm: 82500, amountMinor, collectedBy },
]

/** 100.00 − 10.00 + 8.00 shipping + 8.25% tax: 106.09. */
export function o1(
  changes: Parameters<typeof anOrder>[0] = {},
  by: 'seller' | 'marketplace' = 'seller',
) {
  return anOrder({
    customer: aStranger(),
    line: { taxes: aTax('743', by) },
    orderDiscounts: [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' }],
    shipping: [{ title: 'Ground', amountMinor: '800', discounts: [], taxes: aTax('66', by) }],
    ...changes,
  })
}

/** A parcel of lamps. */
export const lamp = (qty = 1, condition: 'unopened' | 'used' | 'empty' = 'unopened') => ({
  reference: `P-${qty}-${condition}`,
  goods: [{ sku: 'LAMP', qty, condition }],
})
/** Somebody has looked at them. */
export const graded = (grade: 'A' | 'B' | 'C' | 'D', qty = 1) => ({
  units: [{ sku: 'LAMP', qty, grade }],
})
/** What becomes of one of them. */
export const put = (kind: 'restock' | 'scrap' | 'b-stock' | 'refurbish', more: object = {}) => ({
  ...{ sku: 'LAMP', qty: 1, kind, reason: 'looked at' },
  ...more,
})
