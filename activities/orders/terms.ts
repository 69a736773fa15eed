import type { Tx } from '#db/client'
import { insertTender, type SalesOrder } from '#db/stores/orders'
import { covered } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'

/** Whoever trusts the customer lets them owe what is not paid yet. */
export async function oweOnTerms(tx: Tx, order: SalesOrder): Promise<void> {
  const unpaid = keptValue(order) - covered(order)
  await insertTender(tx, order, {
    kind: 'terms',
    provider: 'terms',
    reference: null,
    dueMinor: unpaid > 0n ? unpaid : 0n,
  })
  order.settlement = 'receivable'
}
