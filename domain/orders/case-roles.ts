import type { Role } from '../access.ts'
import type { CaseType, Resolution } from './exceptions.ts'

/**
 * Cases that not everybody who may decide exceptions may decide: an agent cannot lift the hold
 * that stands in the way of an order they typed in (FUL-8, GOV-14).
 */
const RESERVED: Partial<Record<CaseType, readonly Role[]>> = {
  'fraud-review': ['risk-analyst', 'oms-supervisor'],
  'compliance-match': ['risk-analyst', 'oms-supervisor', 'controller'],
  'price-suspect': ['pricing-manager', 'oms-supervisor'],
  'effect-unknown': ['controller', 'oms-supervisor'],
  'gift-card-unknown': ['controller', 'oms-supervisor'],
  'document-refused': ['csr', 'oms-supervisor', 'controller'],
  'tax-check': ['controller', 'oms-supervisor'],
  'refund-failed': ['controller', 'oms-supervisor'],
  'payment-disputed': ['controller', 'oms-supervisor'],
  'refunded-elsewhere': ['controller', 'oms-supervisor'],
  'chargeback-unmatched': ['risk-analyst', 'controller'],
  'chargeback-evidence': ['risk-analyst', 'controller'],
  'chargeback-deadline-missed': ['risk-analyst', 'controller'],
  'chargeback-differs': ['controller'],
  'count-variance': ['warehouse-lead', 'controller'],
  'count-reserved': ['warehouse-lead', 'controller', 'oms-supervisor'],
  'count-unknown-item': ['warehouse-lead', 'controller'],
  'count-root-cause': ['warehouse-lead', 'controller'],
  'transfer-short': ['warehouse-lead', 'oms-supervisor', 'controller'],
  'transfer-overdue': ['warehouse-lead', 'controller'],
  'transfer-incomplete': ['warehouse-lead', 'controller'],
  'transfer-recalled': ['warehouse-lead', 'controller'],
  'transfer-unapproved': ['warehouse-lead', 'controller', 'oms-supervisor'],
  'demand-spike': ['buyer', 'purchasing-manager'],
  'supplier-late': ['buyer', 'purchasing-manager'],
  'lot-exceeds-need': ['buyer', 'purchasing-manager'],
  'stockout-in-lead-time': ['buyer', 'purchasing-manager', 'oms-supervisor'],
  'warehouse-unsent': ['warehouse-lead', 'oms-supervisor', 'controller'],
  'warehouse-document': ['warehouse-lead', 'controller'],
  'warehouse-difference': ['warehouse-lead', 'controller'],
  'payment-pending': ['oms-supervisor', 'controller', 'csr'],
  'payment-declined': ['oms-supervisor', 'controller', 'csr'],
  'authorisation-expired': ['oms-supervisor', 'controller', 'csr'],
  'purchase-unsent': ['buyer', 'purchasing-manager'],
  'purchase-unconfirmed': ['buyer', 'purchasing-manager'],
  'purchase-changed': ['purchasing-manager', 'controller'],
  'purchase-late': ['buyer', 'purchasing-manager'],
  'prepayment-stranded': ['ap-clerk', 'ap-manager', 'controller'],
  'receipt-over': ['buyer', 'purchasing-manager'],
  'receipt-damaged': ['buyer', 'purchasing-manager'],
  'receipt-wrong': ['buyer', 'purchasing-manager'],
  'receipt-short': ['buyer', 'purchasing-manager'],
  'receipt-shelf-life': ['buyer', 'purchasing-manager'],
  'lot-recalled': ['oms-supervisor', 'csr', 'controller'],
  'transit-short': ['purchasing-manager', 'controller'],
  'bill-duplicate': ['ap-manager', 'controller'],
  'bill-price-over': ['ap-manager', 'controller'],
  'bill-quantity-over': ['ap-manager', 'controller'],
  'bill-without-order': ['ap-clerk', 'ap-manager', 'controller'],
  'bill-unreceived': ['ap-clerk', 'ap-manager', 'controller'],
  'bill-payment-returned': ['ap-manager', 'controller'],
  'receipt-unbilled': ['ap-manager', 'controller'],
  'settlement-type-unknown': ['ap-clerk', 'ap-manager', 'controller'],
  'settlement-order-unknown': ['ap-clerk', 'ap-manager', 'controller'],
  'settlement-reimbursement': ['ap-clerk', 'ap-manager', 'controller'],
  'settlement-refund-unasked': ['ap-manager', 'controller'],
  'settlement-short-paid': ['ap-clerk', 'ap-manager', 'controller'],
  'payout-difference': ['ap-clerk', 'ap-manager', 'treasurer', 'controller'],
  'close-mismatch': ['ap-clerk', 'ap-manager', 'controller'],
  'close-late-bill': ['ap-clerk', 'ap-manager', 'controller'],
  'close-unposted': ['ap-clerk', 'ap-manager', 'controller'],
  'close-reopen': ['controller'],
  'return-approval': ['oms-supervisor', 'controller'],
  'return-past-window': ['oms-supervisor', 'controller'],
  'refund-over-limit': ['controller'],
  'return-not-expected': ['csr', 'warehouse-lead', 'oms-supervisor'],
  'return-not-as-sent': ['csr', 'oms-supervisor', 'controller'],
  'return-unannounced': ['csr', 'warehouse-lead', 'oms-supervisor'],
  'refund-without-goods': ['csr', 'oms-supervisor', 'controller'],
}

/** Choices that give something which the role that decides the rest of the case may not give. */
const RESERVED_CHOICES: Partial<Record<Resolution, readonly Role[]>> = {
  // Credit: an agent's order on account must not be let through by an agent (processes.md §3.0).
  'accept-on-terms': ['oms-supervisor', 'controller'],
  // A mapping decides about every later statement, an account about where money is shown.
  'map-type': ['controller'],
  'map-account': ['controller'],
}

/** @param resolution the choice, where it is made already; without one whether any may be. */
export function mayDecideCase(
  roles: readonly string[],
  type: CaseType,
  resolution?: Resolution,
): boolean {
  return (
    isOneOf(roles, RESERVED[type]) && (!resolution || isOneOf(roles, RESERVED_CHOICES[resolution]))
  )
}

/** Who may make this choice, for whoever may not. */
export function decidersOf(resolution: Resolution): readonly Role[] {
  return RESERVED_CHOICES[resolution] ?? []
}

function isOneOf(roles: readonly string[], allowed: readonly Role[] | undefined): boolean {
  return (
    allowed === undefined ||
    roles.includes('system') ||
    allowed.some((role) => roles.includes(role))
  )
}
