import type { UpdateDefinition } from '@temporalio/common'
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { expect } from 'vitest'
import {
  channelChanged,
  confirmShipment,
  orderProgress,
  resolveException,
  type OrderProgress,
  type ResolveException,
} from '#contracts/order-to-cash'
import type { OrderDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { keepAddress, wholeAddress, type Address } from '#db/stores/addresses'
import { storeDocument } from '#db/stores/inbox'
import { transaction } from '#db/transaction'
import { accountName } from '#domain/ledger/chart'
import { formatMinor } from '#domain/money'
import type { CaseType } from '#domain/orders/exceptions'
import type { TestSystem } from './process.ts'

/** What an order has posted so far, account by account, as `Dr CustomerDeposits 106.09`; nets of zero left out. */
export async function postedFor(db: Db, orderId: string): Promise<string[]> {
  const rows = await db<{ accountId: number; currency: string; amount: bigint }[]>`
    SELECT account_id AS "accountId", currency, sum(amount_minor)::bigint AS amount FROM journal_line
    WHERE entry_id IN (SELECT entry_id FROM journal_line WHERE order_id = ${orderId}) GROUP BY 1, 2 HAVING sum(amount_minor) <> 0 ORDER BY 1, 2`
  return rows.map((row) => said(row))
}

/** The lines of one kind of entry of an order, one by one. */
export async function entryOf(db: Db, orderId: string, eventType: string): Promise<string[]> {
  const rows = await db<{ accountId: number; currency: string; amount: bigint }[]>`
    SELECT l.account_id AS "accountId", l.currency, sum(l.amount_minor)::bigint AS amount FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.event_type = ${eventType} AND e.id IN (SELECT entry_id FROM journal_line WHERE order_id = ${orderId}) GROUP BY 1, 2 ORDER BY 1, 2`
  return rows.map((row) => said(row))
}

function said(row: { accountId: number; currency: string; amount: bigint }): string {
  const side = row.amount > 0n ? 'Dr' : 'Cr'
  const money = formatMinor(row.amount < 0n ? -row.amount : row.amount, row.currency)
  return `${side} ${accountName(row.accountId)} ${money}${row.currency === 'USD' ? '' : ` ${row.currency}`}`
}

export interface Counters {
  sku: string
  ordered: number
  allocated: number
  backordered: number
  released: number
  shipped: number
  cancelled: number
  delivered: number
}

export async function linesOf(db: Db, orderId: string): Promise<(Counters & { id: string })[]> {
  const rows = await db<(Counters & { id: string })[]>`
    SELECT l.id::text, coalesce(i.sku, l.sku) AS sku, qty_ordered AS ordered, qty_allocated AS allocated, qty_backordered AS backordered, qty_released AS released,
      qty_shipped AS shipped, qty_cancelled AS cancelled, qty_delivered AS delivered
    FROM sales_order_line l LEFT JOIN item i ON i.id = l.item_id WHERE order_id = ${orderId} ORDER BY line_no`
  return [...rows]
}

export async function fulfilmentsOf(
  db: Db,
  orderId: string,
): Promise<{ id: string; site: string; state: string }[]> {
  const rows = await db<{ id: string; site: string; state: string }[]>`
    SELECT f.id::text, s.code AS site, f.state FROM fulfilment_order f JOIN site s ON s.id = f.site_id WHERE order_id = ${orderId} ORDER BY f.id`
  return [...rows]
}

export async function effectsOf(db: Db, orderId: string): Promise<string[]> {
  const rows = await db<{ said: string }[]>`
    SELECT operation || ' ' || state || coalesce(' ' || (request->>'amountMinor'), '') AS said FROM external_effect
    WHERE subject_type = 'order' AND subject_id = ${orderId} AND gateway <> 'mail' ORDER BY intended_at, key`
  return rows.map((row) => row.said)
}

/** Keeps an address for an order as the API does, and answers its id. */
export function giveAddress(db: Db, orderId: string, address: Partial<Address>): Promise<string> {
  return transaction(db, (tx) => keepAddress(tx, BigInt(orderId), wholeAddress(address)))
}

/** Where an order goes, as the label will say. */
export async function shipToOf(db: Db, orderId: string): Promise<Address> {
  const [row] = await db<{ shipTo: Address }[]>`
    SELECT d.body->'shipTo' AS "shipTo" FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${orderId}`
  return row!.shipTo
}

let keys = 0
export function aKey(): string {
  keys += 1
  return `key-${keys}`
}

/** Commands on one order, as a person who knows nothing but its document would give them. */
export function desk(system: TestSystem, document: OrderDocument) {
  const handle = system.order(document)
  const update = <R, C>(definition: UpdateDefinition<R, [C]>, command: C): Promise<R> =>
    handle.executeUpdate(definition, { args: [command] })
  return {
    handle,
    update,
    progress: async () => (await handle.query(orderProgress))!,
    /** Waits until the order is as described, or says how it is. */
    until: async (seen: (order: OrderProgress) => boolean, ms = 8000): Promise<OrderProgress> => {
      const end = Date.now() + ms
      for (;;) {
        const order = await handle.query(orderProgress)
        if (order && seen(order)) return order
        if (Date.now() > end) throw new Error(`the order stays ${JSON.stringify(order)}`)
        await new Promise((done) => setTimeout(done, 50))
      }
    },
    resolve: async (
      type: CaseType,
      resolution: ResolveException['resolution'],
      more: Partial<ResolveException> = {},
    ) => {
      const order = (await handle.query(orderProgress))!
      const open = order.cases.find((found) => found.type === type)
      if (!open) throw new Error(`no ${type} case is open: ${JSON.stringify(order.cases)}`)
      return update(resolveException, {
        key: aKey(),
        actor: 'ann',
        caseId: open.id,
        resolution,
        ...more,
      })
    },
    ship: async (changes: Record<string, unknown> = {}) => {
      const order = (await handle.query(orderProgress))!
      const open = await fulfilmentsOf(system.db, order.orderId)
      const fulfilment = open.find((f) => f.state === 'released' || f.state === 'recall-requested')
      if (!fulfilment) throw new Error(`nothing is with the warehouse: ${JSON.stringify(open)}`)
      return update(confirmShipment, {
        key: aKey(),
        actor: 'packer',
        fulfilmentId: fulfilment.id,
        reference: aKey(),
        ...changes,
      })
    },
    channelSends: async (changed: OrderDocument, eventId = aKey()) => {
      const { inboxId } = await storeDocument(system.db, {
        source: `test/${changed.channel}`,
        eventId,
        topic: 'updated',
        document: changed,
      })
      await handle.signal(channelChanged, { inboxId })
      return inboxId
    },
  }
}

/** Awaits that a command is refused with this code. */
export async function expectRefused(command: Promise<unknown>, code: string): Promise<void> {
  const error = await command.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error
  expect(cause instanceof ApplicationFailure ? cause.type : cause).toBe(code)
}
