/** The closed list of what can be stuck in a process, and what a person may then do (docs/processes). */
export const CASE_RESOLUTIONS = {
  'stock-short': ['other-node', 'split', 'substitute', 'backorder', 'cancel'],
  'payment-pending': ['accept-on-terms', 'wait', 'cancel'],
  'payment-declined': ['retry', 'accept-on-terms', 'wait', 'cancel'],
  'authorisation-expired': ['re-authorise', 'accept-on-terms', 'wait', 'cancel'],
  'gift-card-unknown': ['match-card', 'take-on', 'cancel'],
  'fraud-review': ['accept', 'ask-for-evidence', 'cancel-and-block'],
  'address-invalid': ['accept-suggestion', 'correct', 'ask-customer', 'override', 'cancel'],
  'compliance-match': ['clear', 'cancel'],
  'data-missing': ['retry', 'cancel'],
  'price-suspect': ['accept', 'cancel'],
  'unknown-sku': ['map-listing', 'create-item', 'reject'],
  'manual-hold': ['release', 'cancel'],
  'promise-infeasible': ['accept-late', 'cancel'],
  'cancel-too-late': ['intercept', 'treat-as-return', 'refuse'],
  'short-pick': ['recount', 'other-node', 'backorder', 'cancel'],
  'label-failed': ['retry', 'next-service', 'manual'],
  'channel-changed-after-release': ['recall', 'accept-as-return', 'dispute'],
  'paid-unfulfillable': ['refund', 'store-credit', 'wait'],
  'refund-failed': ['retry', 'store-credit', 'mark-done', 'wait'],
  'payment-disputed': ['mark-done', 'wait'],
  'refunded-elsewhere': ['mark-done', 'wait'],
  'parcel-stalled': ['keep-waiting', 'claim-lost', 'mark-delivered'],
  'parcel-lost': ['reship', 'refund'],
  'effect-unknown': ['ask-again', 'mark-done', 'mark-failed'],
  'consent-needed': ['ask-customer', 'customer-agreed', 'accept-lower-price', 'reject'],
  'document-refused': ['retry', 'reject'],
  'tax-check': ['retry', 'accept', 'wait'],
  // What can be stuck in a dispute (docs/processes/chargeback.md).
  'chargeback-unmatched': ['match-order', 'not-ours', 'wait'],
  'chargeback-evidence': ['submitted', 'accept', 'wait'],
  'chargeback-deadline-missed': ['submitted', 'accept', 'wait'],
  'chargeback-differs': ['explained', 'wait'],
  // What can be stuck in a purchase (docs/processes/procure-to-pay.md).
  'purchase-unsent': ['send-again', 'mark-sent', 'cancel'],
  'purchase-unconfirmed': ['remind', 'confirm-as-ordered', 'wait', 'cancel'],
  'purchase-changed': ['accept-change', 'keep-order', 'cancel'],
  'purchase-late': ['remind', 'new-date', 'close-short'],
  'prepayment-stranded': ['remind', 'wait', 'refunded'],
  'receipt-over': ['accept', 'return', 'credit-claim'],
  'receipt-damaged': ['return', 'replace', 'scrap', 'accept', 'credit-claim'],
  'receipt-wrong': ['return', 'accept'],
  'receipt-short': ['wait', 'close-short'],
  'receipt-shelf-life': ['return', 'replace', 'scrap', 'accept', 'credit-claim'],
  'transit-short': ['wait', 'write-off', 'claim'],
  'bill-duplicate': ['mark-distinct', 'reject'],
  'bill-price-over': ['approve-once', 'dispute', 'hold', 'reject'],
  'bill-quantity-over': ['approve-once', 'dispute', 'hold', 'reject'],
  'bill-without-order': ['attach', 'hold', 'reject'],
  'bill-unreceived': ['wait'],
  'bill-payment-returned': ['retry', 'wait'],
  'receipt-unbilled': ['clear', 'wait'],
  'lot-recalled': ['remind', 'mark-done'],
  'count-variance': ['accept', 'third-count', 'search', 'reverse-earlier', 'reject'],
  'count-reserved': ['reallocate', 'keep-waiting'],
  'count-unknown-item': ['identify', 'set-aside'],
  'count-root-cause': ['explained'],
  'transfer-unapproved': ['keep-waiting', 'cancel'],
  'transfer-short': ['ship-available', 'keep-waiting', 'cancel'],
  'transfer-overdue': ['keep-waiting', 'came-back', 'write-off', 'claim'],
  'transfer-incomplete': ['keep-waiting', 'came-back', 'write-off', 'claim'],
  'transfer-recalled': ['came-back', 'let-arrive', 'write-off', 'claim'],
  'channel-stock-drift': ['overwrite', 'pause-listing'],
  'channel-listing-unknown': ['ask-again', 'pause-listing'],
  'channel-stock-failing': ['retry', 'pause-channel'],
  'demand-spike': ['accept-as-new-level', 'one-off', 'ignore'],
  'supplier-late': ['alternate-supplier', 'expedite', 'transfer'],
  'lot-exceeds-need': ['round-up', 'join-order', 'skip'],
  'stockout-in-lead-time': ['transfer', 'air', 'substitute', 'throttle-channel'],
  // What can be stuck between us and a warehouse that others run (docs/outside-warehouse.md).
  'warehouse-unsent': ['send-again', 'mark-sent'],
  'warehouse-document': ['retry', 'reject'],
  'warehouse-difference': ['explained', 'wait'],
  // What a statement of a channel or processor leaves open (docs/processes/settlement.md).
  'settlement-type-unknown': ['map-type', 'suspense'],
  'settlement-order-unknown': ['import', 'map-account', 'suspense'],
  'settlement-reimbursement': ['match-claim', 'book-gain', 'suspense'],
  'settlement-refund-unasked': ['open-return', 'goodwill'],
  'settlement-short-paid': ['claim', 'accept', 'wait'],
  'payout-difference': ['wait', 'split', 'bank-fee'],
  // What can be stuck in the close of a period (docs/processes/period-close.md).
  'close-mismatch': ['correct', 'reclassify', 'accept'],
  'close-late-bill': ['accrue', 'next-period'],
  'close-unposted': ['look-again', 'next-period'],
  'close-reopen': ['approve', 'refuse'],
  // What can be stuck in a return (docs/processes/return-to-refund.md).
  'return-approval': ['approve', 'decline'],
  'return-past-window': ['approve', 'store-credit', 'decline'],
  'refund-over-limit': ['approve', 'reduce', 'decline'],
  'return-not-expected': ['create', 'send-back', 'dispose'],
  'return-not-as-sent': ['approve', 'reduce', 'decline'],
  'return-unannounced': ['create', 'send-back', 'dispose'],
  'refund-without-goods': ['wait', 'keeps-goods', 'write-off'],
} as const satisfies Record<string, readonly string[]>

export type CaseType = keyof typeof CASE_RESOLUTIONS
export type Resolution = (typeof CASE_RESOLUTIONS)[CaseType][number]

export type HoldType =
  'payment' | 'fraud' | 'address' | 'compliance' | 'data' | 'price' | 'manual' | 'chargeback'

/** Which hold a case stands for; releasing one leaves the others. */
export const CASE_OF_HOLD: Record<HoldType, CaseType> = {
  payment: 'payment-pending',
  fraud: 'fraud-review',
  address: 'address-invalid',
  compliance: 'compliance-match',
  data: 'data-missing',
  price: 'price-suspect',
  manual: 'manual-hold',
  // Decided by the bank; its own process releases it.
  chargeback: 'payment-disputed',
}

export function allowedResolutions(type: CaseType): readonly Resolution[] {
  return CASE_RESOLUTIONS[type]
}
