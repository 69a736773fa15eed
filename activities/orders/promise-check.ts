import type { Tx } from '#db/client'
import { latestDelivery } from '#db/queries/routing'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { openUnits, unplannedUnits } from '#domain/orders/phase'
import { healOrderCases, openOrderCase } from './cases.ts'

/** A person may accept a delivery of which nobody knows the day yet. */
export const ANY_DAY = '9999-12-31'

/**
 * Lines with units that are not with the warehouse yet and will come later than the customer was
 * promised; units that have neither stock nor a day are late, too. Nobody releases them until
 * somebody has decided.
 */
export function lateLines(order: SalesOrder): OrderLine[] {
  const latest = latestDelivery(order)
  if (latest === null || latest === ANY_DAY) return []
  return order.lines.filter((line) => {
    if (line.itemKind !== 'stock' || openUnits(line) <= line.released) return false
    return unplannedUnits(line) > 0 || line.promiseOn === null || line.promiseOn > latest
  })
}

/** FUL-30: a promise that no site can keep is said when the order is taken, not when it is late. */
export async function checkPromise(tx: Tx, order: SalesOrder, today: string): Promise<void> {
  const late = lateLines(order)
  if (late.length === 0)
    return healOrderCases(tx, order, ['promise-infeasible'], 'the promise can be kept')
  const earliest = earliestFor(late)
  await openOrderCase(tx, order, {
    type: 'promise-infeasible',
    summary: `${order.orderNumber}: promised by ${latestDelivery(order)}, earliest delivery ${earliest ?? 'not known'}`,
    evidence: {
      deliverBy: order.deliverBy,
      today,
      lines: late.map((line) => ({ sku: line.sku, promiseOn: promiseOf(line) })),
    },
    openedBy: 'rule: promise',
  })
}

export function promiseOf(line: OrderLine): string | null {
  return unplannedUnits(line) > 0 ? null : line.promiseOn
}

/** The day on which all of these lines can be there; null while that of one is not known. */
export function earliestFor(late: readonly OrderLine[]): string | null {
  const days = late.map(promiseOf)
  return days.includes(null) ? null : (days.sort().at(-1) ?? null)
}
