import type { PaymentDocument } from '#contracts/order-intake'
import type { Field } from '../field.ts'
import type { Dialect } from './dialect.ts'

const UNPAID = ['pending', 'on-hold', 'failed']
const PAID = ['processing', 'completed', 'refunded']

/**
 * What the status says about money. A cancelled order, and a status that a plugin invented, is
 * captured only when a payment date tells so. Cash on delivery is `processing` before anyone has
 * paid: it is on account until the carrier hands the money over.
 */
export function readPayment(order: Field, dialect: Dialect, total: bigint): PaymentDocument {
  const details = order.at('payment_details')
  const method = dialect.tellsTaxBasis ? order.at('payment_method') : details.at('method_id')
  const status = order.at('status').text() ?? ''
  const datePaid = order.firstOf('date_paid_gmt', 'date_paid').present
  const paid = datePaid || details.at('paid').value === true
  const state = paymentState(status, paid, method.value === 'cod')
  return {
    state,
    provider: method.id() ?? 'unknown',
    reference: order.at('transaction_id').text(),
    amountMinor: (state === 'captured' ? total : 0n).toString(),
  }
}

function paymentState(
  status: string,
  paid: boolean,
  onDelivery: boolean,
): PaymentDocument['state'] {
  if (UNPAID.includes(status)) return 'pending'
  if (onDelivery && !paid) return 'terms'
  return paid || PAID.includes(status) ? 'captured' : 'pending'
}
