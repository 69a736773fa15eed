import type { Tx } from '#db/client'
import { insertTender, type SalesOrder } from '#db/stores/orders'
import { addDays } from '#domain/dates'
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

/** A customer pays by their own terms; one who was trusted for once, by the policy's. */
export async function invoiceDueOn(tx: Tx, order: SalesOrder, issuedOn: string): Promise<string> {
  if (order.payments.every((payment) => payment.kind !== 'terms')) return issuedOn
  const [customer] = await tx<{ termsDays: number }[]>`
    SELECT terms_days AS "termsDays" FROM customer WHERE id = ${order.customerId}`
  return addDays(issuedOn, customer?.termsDays || order.policies.order.body.paymentTermsDays)
}
