import type { StatementLineClass } from '#domain/settlement/statement'

const CLASSES: Record<string, StatementLineClass> = {
  charge: 'sale',
  capture: 'sale',
  refund: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund',
  refund_adjustment: 'refund',
  adjustment: 'adjustment',
  credit: 'adjustment',
  debit: 'adjustment',
  reserve: 'reserve',
  reserved_funds: 'reserve',
  reserved_funds_reversal: 'reserve',
  reserved_funds_withdrawal: 'reserve',
  payout: 'payout',
  payout_failure: 'payout',
  payout_cancellation: 'payout',
  payout_cancelled: 'payout',
  retried_payout: 'payout',
  shop_cash_credit: 'reimbursement',
  tax_adjustment: 'adjustment',
}

/** What a balance transaction of Shopify Payments is about, by its type and sign. */
export function shopifyClass(type: string, amountMinor: bigint): StatementLineClass {
  const name = type.toLowerCase().replaceAll(/[\s-]+/g, '_')
  const known = CLASSES[name]
  if (known) return known
  if (/^(dispute|chargeback)/.test(name) && !/fee/.test(name))
    return amountMinor > 0n ? 'chargeback-reversal' : 'chargeback'
  if (/fee|shipping_label|stripe/.test(name)) return amountMinor > 0n ? 'fee-refund' : 'fee'
  return 'unknown'
}
