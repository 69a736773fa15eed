import type { Tx } from '#db/client'
import { postEntries } from '#db/stores/ledger'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { postDepositCancelled } from '#domain/ledger/posting-payments'
import { takeBooked } from '#domain/ledger/open-value'
import { formatMinor, sum } from '#domain/money'
import { paidIn, refundableOf } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { intendPayment } from './captures.ts'
import { openOrderCase } from './cases.ts'
import { moneyOn, openDeposit } from './order-money.ts'
import { vatGivenBack } from './tax-point.ts'

interface RefundBy {
  actor: string
  today: string
  key: string
  reason: string
  /** Kept as credit for the customer's next order instead of going back to where it came from. */
  asCredit?: boolean
}

/**
 * Gives back what was captured above the value of the units that are kept, in the order in which
 * the tenders stand. Bounded per tender by what remains of it; the row's CHECK holds the bound.
 */
export async function grantRefund(tx: Tx, order: SalesOrder, by: RefundBy): Promise<void> {
  let excess = paidIn(order) - keptValue(order)
  for (const payment of order.payments) {
    const remaining = refundableOf(payment)
    const amountMinor = excess < remaining ? excess : remaining
    if (amountMinor <= 0n) continue
    await refund(tx, order, payment, { amountMinor, excessMinor: excess }, by)
    excess -= amountMinor
  }
  if (excess > 0n) await askAboutDisputed(tx, order, excess)
}

/** What a bank has cannot be given back as well: it stays a deposit until the bank has decided. */
async function askAboutDisputed(tx: Tx, order: SalesOrder, excess: bigint): Promise<void> {
  if (order.payments.every((payment) => payment.disputedMinor === 0n)) return
  await openOrderCase(tx, order, {
    type: 'paid-unfulfillable',
    summary: `${order.orderNumber}: ${formatMinor(excess, order.currency)} ${order.currency} is owed back, and a bank has it in dispute`,
    evidence: { excessMinor: excess.toString(), disputed: true },
    moneyAtRiskMinor: excess,
    openedBy: 'rule: refund bound',
  })
}

async function refund(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  /** What this tender gives back, of what is still to be given back by it and those after it. */
  { amountMinor, excessMinor }: { amountMinor: bigint; excessMinor: bigint },
  by: RefundBy,
): Promise<void> {
  const key = `refund/${payment.id}/${by.key}`
  if (!(await promiseRefund(tx, payment, { key, amountMinor }, by))) return
  const deposit = await openDeposit(tx, order)
  const prepaymentTaxes = await vatGivenBack(tx, order, { amountMinor, excessMinor })
  const net = amountMinor - sum(prepaymentTaxes.map((tax) => tax.amountMinor))
  const granted = postDepositCancelled({
    ...(await moneyOn(tx, order, by.today)),
    bookedFuncMinor: takeBooked(deposit, net),
    prepaymentTaxes,
    cancellationId: key,
    refundId: key,
    cancelledOn: by.today,
    amountMinor,
  })
  await postEntries(tx, [granted], by.actor)
  await intendPayment(tx, order, payment, {
    key,
    operation: 'refund',
    amountMinor,
    reason: by.reason,
    // A later attempt has a key of its own; what is owed stays under this one.
    refundId: key,
    ...(by.asCredit ? storeCreditOf(order) : {}),
  })
}

/** So much of a tender is going back from now on, once a key; false when that is known already. */
export async function promiseRefund(
  tx: Tx,
  payment: OrderPayment,
  { key, amountMinor }: { key: string; amountMinor: bigint },
  { actor, today }: { actor: string; today: string },
): Promise<boolean> {
  const fresh = await recordPaymentEvent(tx, {
    ...{ paymentId: payment.id, key, kind: 'refund-granted', amountMinor },
    ...{ effectiveOn: today, actor },
  })
  if (!fresh) return false
  payment.refundPendingMinor += amountMinor
  await savePayment(tx, payment)
  return true
}

/** The credit that this order's money becomes: a later order names it as a tender. */
export function storeCreditOf(order: SalesOrder): { kind: string; reference: string } {
  return { kind: 'store-credit', reference: `order-${order.id}` }
}
