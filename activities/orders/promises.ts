import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox, recordDecisions } from '#db/stores/records'
import { bindSupply, lockOpenSupply } from '#db/stores/supply'
import { dateAt } from '#domain/dates'
import type { Demand } from '#domain/orders/allocation'
import { promiseFromSupply, withDropShip } from '#domain/orders/supply-promise'

/**
 * Promises every waiting unit of the order from what is expected, and lets go of what it no
 * longer needs (FUL-3). Overdue or used-up supply promises nothing.
 */
export async function promiseWaitingUnits(tx: Tx, order: SalesOrder, actor: string): Promise<void> {
  const today = dateAt(Date.now(), order.timezone)
  for (const line of order.lines)
    if (line.dropShip > 0) line.promiseOn = withDropShip(line, undefined, today)
  const waiting = order.lines.filter((line) => ours(line) > 0 && line.itemId !== null)
  if (waiting.length === 0 && order.lines.every((line) => line.promised === 0)) return
  await offerGivenUp(tx, order)
  const demands: Demand[] = waiting.map((line) => ({
    orderLineId: line.id.toString(),
    itemId: line.itemId!,
    qty: ours(line),
  }))
  const itemIds = [...new Set(demands.map((demand) => demand.itemId))]
  const supplies = itemIds.length > 0 ? await lockOpenSupply(tx, order, itemIds, today) : []
  const { bound, promiseOn } = promiseFromSupply(demands, supplies)
  await bindSupply(tx, order.id, bound)
  for (const line of order.lines) {
    const mine = bound.filter((row) => row.orderLineId === line.id.toString())
    line.promised = mine.reduce((units, row) => units + row.qty, 0)
    if (ours(line) > 0)
      line.promiseOn = withDropShip(line, promiseOn.get(line.id.toString()) ?? null, today)
  }
  if (waiting.length === 0) return
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'backorder-promise',
      rule: 'earliest-supply',
      ruleVersion: 1,
      inputs: { waiting: demands, today },
      choice: { bound, promiseOn: Object.fromEntries(promiseOn) },
      alternatives: supplies,
      actor,
    },
  ])
}

/** Waiting units that come to us first. */
function ours(line: SalesOrder['lines'][number]): number {
  return line.backordered - line.dropShip
}

/** Expected units that this order needs no longer are there for whoever waits without a promise. */
async function offerGivenUp(tx: Tx, order: SalesOrder): Promise<void> {
  const given = order.lines.filter((line) => line.promised > ours(line))
  if (given.length === 0) return
  await addToOutbox(tx, [
    {
      topic: 'supply-changed',
      key: `given-up/${order.id}/${order.version + 1}`,
      body: { itemIds: [...new Set(given.map((line) => line.itemId))] },
    },
  ])
}

/**
 * Ends a commit for units that wait: what a cancellation freed is promised no longer, and the
 * customer is told when units begin to wait or are promised for another day.
 */
export async function settlePromises(tx: Tx, order: SalesOrder, actor: string): Promise<void> {
  if (order.lines.some((line) => line.promised > ours(line)))
    await promiseWaitingUnits(tx, order, actor)
  const waiting = order.lines.filter((line) => line.backordered > 0)
  if (waiting.length === 0) return
  const before = await tx<{ id: bigint; backordered: number; promiseOn: string | null }[]>`
    SELECT id, qty_backordered AS backordered, promise_on AS "promiseOn" FROM sales_order_line WHERE order_id = ${order.id}`
  const news = waiting.some((line) => {
    const known = before.find((row) => row.id === line.id)
    return !known || known.backordered < line.backordered || known.promiseOn !== line.promiseOn
  })
  if (news) await tellCustomer(tx, order, 'promise')
}

/** The mail is worded when it goes out, so that it says what is true then. */
export async function tellCustomer(
  tx: Tx,
  order: SalesOrder,
  template: 'promise' | 'waited-too-long',
): Promise<void> {
  await addToOutbox(tx, [
    {
      topic: 'mail',
      key: `${template}/${order.id}/${order.version + 1}`,
      body: { template, orderId: order.id },
    },
  ])
}

/** When silence has a consequence for units that wait: a promise that passes, and the last day of waiting. */
export async function waitingDeadlines(tx: Tx, order: SalesOrder): Promise<string[]> {
  if (order.lines.every((line) => line.backordered === 0)) return []
  const { backorderMaxDays } = order.policies.order.body
  const rows = await tx<{ at: string | null }[]>`
    SELECT min(at) AS at FROM sales_order_line l CROSS JOIN LATERAL (VALUES
      (CASE WHEN ${backorderMaxDays} > 0 AND l.qty_backordered > l.qty_drop_ship THEN l.backordered_at + make_interval(days => ${backorderMaxDays}) END),
      ((l.promise_on + 1)::timestamp AT TIME ZONE ${order.timezone})) AS deadline (at)
    WHERE l.order_id = ${order.id} AND l.qty_backordered > 0`
  return rows.flatMap(({ at }) => at ?? [])
}
