import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { formatMinor } from '#domain/money'
import { openUnits } from '#domain/orders/phase'
import { paidIn, refundableOf } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { Refusal } from '#domain/refusal'
import { openOrderCase } from './cases.ts'
import type { Resolving } from './resolve.ts'
import { grantRefund } from './refunds.ts'

/**
 * Money for which nothing is left to deliver, e.g. a payment after its order was cancelled: it
 * stays the customer's deposit until a person says what becomes of it.
 */
export async function askAboutExcess(tx: Tx, order: SalesOrder, openedBy: string): Promise<void> {
  const excess = paidIn(order) - keptValue(order)
  if (excess <= 0n || order.lines.some((line) => openUnits(line) > 0)) return
  await openOrderCase(tx, order, {
    type: 'paid-unfulfillable',
    summary: `${order.orderNumber}: ${formatMinor(excess, order.currency)} ${order.currency} came in and nothing is left to deliver for it`,
    evidence: { excessMinor: excess.toString() },
    moneyAtRiskMinor: excess,
    openedBy,
  })
}

/** Back to where it came from, or kept as credit for the customer's next order. */
export async function giveExcessBack(
  tx: Tx,
  order: SalesOrder,
  { command, actor, today }: Resolving,
): Promise<SalesOrder> {
  if (order.payments.every((payment) => refundableOf(payment) <= 0n))
    throw new Refusal(
      'RefundDisputed',
      'A bank has this money in dispute. Wait until it has decided, or accept the chargeback.',
    )
  await grantRefund(tx, order, {
    actor,
    today,
    key: command.key,
    reason: 'paid and nothing left to deliver',
    asCredit: command.resolution === 'store-credit',
  })
  return order
}
