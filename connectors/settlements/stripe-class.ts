import type { StatementLineClass } from '#domain/settlement/statement'

const CLASSES: Record<string, StatementLineClass> = {
  charge: 'sale',
  payment: 'sale',
  refund: 'refund',
  partial_capture_reversal: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund',
  payment_failure_refund: 'refund',
  payment_reversal: 'refund',
  fee: 'fee',
  tax: 'fee',
  stripe_fee: 'fee',
  stripe_fx_fee: 'fee',
  tax_fee: 'fee',
  network_cost: 'fee',
  fee_credit_funding: 'fee-refund',
  adjustment: 'adjustment',
  other_adjustment: 'adjustment',
}

/** What a balance transaction is about, by its reporting category, else by its type. */
export function stripeClass(words: readonly string[], amountMinor: bigint): StatementLineClass {
  for (const word of words.map((each) => each.toLowerCase().replaceAll(' ', '_'))) {
    if (/^payout(_(reversal|failure|cancel))?$/.test(word)) return 'payout'
    if (/^dispute/.test(word)) return amountMinor > 0n ? 'chargeback-reversal' : 'chargeback'
    if (/reserve|risk_reserved|minimum_balance|(_hold|_release)$/.test(word)) return 'reserve'
    const known = CLASSES[word]
    if (known === 'fee' && amountMinor > 0n) return 'fee-refund'
    if (known) return known
  }
  return 'unknown'
}
