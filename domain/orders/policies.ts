import type { CaseType } from './exceptions.ts'

/**
 * Rules are versioned rows with an owner; these shapes are what their bodies hold. An order
 * keeps the versions that it was placed under (`sales_order.policies`).
 */
export interface OrderPolicy {
  /** When control passes, hence when revenue and cost post (IFRS 15.38, ASC 606-10-25-30). */
  revenueOn: 'shipped' | 'delivered'
  /** Who says what tax is due: the channel's document, or the tax engine where the document is silent. */
  taxBy: 'document' | 'engine'
  /** What VAT falls due by: the shipment, or the payment where that comes first (R17); never sales tax. */
  taxPoint: 'shipment' | 'payment'
  /** What happens to units that no site can ship: a person decides, or they wait by themselves. */
  shortage: 'ask' | 'backorder'
  /** Days that units may wait on backorder before they are cancelled; 0: as long as it takes. */
  backorderMaxDays: number
  /** Released to the warehouse at once, or when a supervisor says so. */
  autoRelease: boolean
  trackDelivery: boolean
  stalledAfterHours: number
  claimWithinDays: number
  paymentWaitHours: number
  /** How long an order that is held keeps units from others; 0: until it is decided. */
  softHoldHours: number
  reauthoriseHoursBeforeExpiry: number
  maxSplits: number
  /** A substitute is sent only when the customer has agreed; else its lower price is enough. */
  substitutionNeedsConsent: boolean
  /** Parts per million of the list price by which a line's unit price may differ before a person looks. */
  priceTolerancePpm: number
  paymentTermsDays: number
  /** What the marketplace is expected to keep: parts per million of the price, and per order. */
  expectedCommissionPpm: number
  expectedFeeMinor: string
  /** Jurisdictions whose law gives output tax back with a lost chargeback, as `US-CA` or `DE`; absent: none. */
  chargebackTaxRelief?: string[]
}

export interface FraudPolicy {
  /** Order value in minor units of the order's currency from which a person reviews. */
  reviewFromMinor: string
  reviewCountries: string[]
  maxUnits: number
  /** Billing and shipping country differ. */
  countryMismatchScore: number
  reviewScore: number
  /** What is taken off for a buyer and destination whose order a person has accepted before. */
  trustedScore: number
}

export interface RoutingPolicy {
  /** Minor units that a day of transit is taken to be worth when sites are compared. */
  dayMinor: string
  /** Minor units that each further parcel must save to be worth a split. */
  splitMinor: string
}

export interface CasePolicy {
  team: string
  slaMinutes: number
  escalateTo: string
  severity: 'low' | 'normal' | 'high'
}

export type ExceptionPolicy = Record<CaseType, CasePolicy>

export interface DemandPolicy {
  /** Rules in order of precedence; the first that tells two orders apart decides. */
  rank: ('channel-priority' | 'customer-class' | 'ship-by' | 'placed')[]
  classes: string[]
}

/** Mails to customers by what they are about. */
export type MailTemplate =
  | 'shipped'
  | 'evidence'
  | 'address'
  | 'payment-pending'
  | 'payment-declined'
  | 'authorisation-expired'
  | 'promise'
  | 'waited-too-long'
  | 'consent'
  | 'intercepting'
  | 'too-late'
  | 'recall'

export interface NotificationPolicy {
  /** Mails that nobody gets. */
  suppress: MailTemplate[]
  /** One mail a shipment that names all its parcels, instead of one a parcel. */
  mergeParcels: boolean
  /** How long a new order may be unpaid before its buyer is reminded: most pay meanwhile. */
  paymentReminderMinutes: number
}

export interface PolicyBodies {
  order: OrderPolicy
  fraud: FraudPolicy
  routing: RoutingPolicy
  exceptions: ExceptionPolicy
  demand: DemandPolicy
  notification: NotificationPolicy
}

export type PolicyKind = keyof PolicyBodies

export interface PinnedPolicy<K extends PolicyKind = PolicyKind> {
  kind: K
  version: number
  /** Who answers for the rule; nobody for the built-in version 0. */
  owner?: string
  body: PolicyBodies[K]
}

const hours = (n: number): number => n * 60
const team = (
  name: string,
  slaMinutes: number,
  severity: CasePolicy['severity'] = 'normal',
): CasePolicy => ({
  team: name,
  slaMinutes,
  escalateTo: 'oms-supervisor',
  severity,
})
const purchasing = (
  slaMinutes: number,
  severity: CasePolicy['severity'] = 'normal',
): CasePolicy => ({
  ...team('purchasing', slaMinutes, severity),
  escalateTo: 'purchasing-manager',
})

/** What is stuck with a vendor's bill goes to its controller when nobody decides. */
const payables = (slaMinutes: number, severity: CasePolicy['severity'] = 'normal'): CasePolicy => ({
  ...team('payables', slaMinutes, severity),
  escalateTo: 'finance',
})

/** What is stuck in a statement, or keeps a period open, goes to the controller when nobody decides. */
const books = (slaMinutes: number, severity: CasePolicy['severity'] = 'normal'): CasePolicy => ({
  ...team('finance', slaMinutes, severity),
  escalateTo: 'controller',
})

/** What holds where nobody has written a policy yet; version 0 in every decision record. */
export const DEFAULT_POLICIES: PolicyBodies = {
  order: {
    revenueOn: 'shipped',
    taxBy: 'document',
    taxPoint: 'shipment',
    shortage: 'ask',
    backorderMaxDays: 30,
    autoRelease: true,
    trackDelivery: true,
    stalledAfterHours: 120,
    claimWithinDays: 30,
    paymentWaitHours: 72,
    softHoldHours: 72,
    reauthoriseHoursBeforeExpiry: 12,
    maxSplits: 3,
    substitutionNeedsConsent: false,
    priceTolerancePpm: 500_000,
    paymentTermsDays: 30,
    expectedCommissionPpm: 150_000,
    expectedFeeMinor: '0',
  },
  fraud: {
    reviewFromMinor: '250000',
    reviewCountries: [],
    maxUnits: 500,
    countryMismatchScore: 40,
    reviewScore: 50,
    trustedScore: 30,
  },
  routing: { dayMinor: '50', splitMinor: '300' },
  exceptions: {
    'stock-short': team('order-desk', hours(4), 'high'),
    'payment-pending': team('order-desk', hours(24)),
    'payment-declined': team('order-desk', hours(8)),
    'authorisation-expired': team('order-desk', hours(8), 'high'),
    'gift-card-unknown': team('finance', hours(4)),
    'fraud-review': team('risk', hours(4), 'high'),
    'address-invalid': team('order-desk', hours(8)),
    'compliance-match': team('compliance', hours(8), 'high'),
    'data-missing': team('catalogue', hours(24)),
    'price-suspect': team('pricing', hours(8)),
    'unknown-sku': team('catalogue', hours(8), 'high'),
    'manual-hold': team('order-desk', hours(24)),
    'promise-infeasible': team('order-desk', hours(4)),
    'cancel-too-late': team('order-desk', hours(2), 'high'),
    'short-pick': team('warehouse', hours(2), 'high'),
    'label-failed': team('warehouse', hours(2)),
    'channel-changed-after-release': team('order-desk', hours(2), 'high'),
    'paid-unfulfillable': team('order-desk', hours(24)),
    'refund-failed': team('finance', hours(24), 'high'),
    'payment-disputed': team('finance', hours(24), 'high'),
    'refunded-elsewhere': team('finance', hours(24)),
    'chargeback-unmatched': team('risk', hours(24), 'high'),
    // Due earlier where the provider's own date is earlier.
    'chargeback-evidence': team('risk', hours(72), 'high'),
    'chargeback-deadline-missed': team('risk', hours(24), 'high'),
    'chargeback-differs': team('finance', hours(24), 'high'),
    'parcel-stalled': team('order-desk', hours(24)),
    'parcel-lost': team('order-desk', hours(24), 'high'),
    'effect-unknown': team('finance', hours(4), 'high'),
    'consent-needed': team('order-desk', hours(24)),
    'document-refused': team('order-desk', hours(4), 'high'),
    'tax-check': team('finance', hours(24)),
    'purchase-unsent': purchasing(hours(4), 'high'),
    'purchase-unconfirmed': purchasing(hours(24)),
    'purchase-changed': purchasing(hours(24), 'high'),
    'purchase-late': purchasing(hours(24), 'high'),
    'prepayment-stranded': payables(hours(7 * 24), 'high'),
    'receipt-over': purchasing(hours(24)),
    'receipt-damaged': purchasing(hours(24)),
    'receipt-wrong': purchasing(hours(24)),
    'receipt-short': purchasing(hours(48)),
    'receipt-shelf-life': purchasing(hours(24)),
    'lot-recalled': team('order-desk', hours(24), 'high'),
    'transit-short': purchasing(hours(48), 'high'),
    'bill-duplicate': payables(hours(24), 'high'),
    'bill-price-over': payables(hours(48)),
    'bill-quantity-over': payables(hours(48)),
    'bill-without-order': payables(hours(48)),
    'bill-unreceived': payables(hours(72)),
    'bill-payment-returned': payables(hours(24), 'high'),
    'receipt-unbilled': payables(hours(7 * 24)),
    'count-variance': team('inventory', hours(24)),
    'count-reserved': team('inventory', hours(4), 'high'),
    'count-unknown-item': team('inventory', hours(24)),
    'count-root-cause': team('inventory', hours(72)),
    'transfer-unapproved': team('warehouse', hours(24)),
    'transfer-short': team('warehouse', hours(24)),
    'transfer-overdue': team('warehouse', hours(24)),
    'transfer-incomplete': team('warehouse', hours(24), 'high'),
    'transfer-recalled': team('warehouse', hours(24), 'high'),
    'channel-stock-drift': team('order-desk', hours(4), 'high'),
    'channel-listing-unknown': team('catalogue', hours(24)),
    'channel-stock-failing': team('order-desk', hours(2), 'high'),
    'demand-spike': team('purchasing', hours(24)),
    'supplier-late': team('purchasing', hours(24)),
    'lot-exceeds-need': team('purchasing', hours(72), 'low'),
    'stockout-in-lead-time': team('purchasing', hours(8), 'high'),
    'warehouse-unsent': team('warehouse', hours(2), 'high'),
    'warehouse-document': team('warehouse', hours(4), 'high'),
    'warehouse-difference': team('inventory', hours(24)),
    'settlement-type-unknown': books(hours(72)),
    'settlement-order-unknown': books(hours(72)),
    'settlement-reimbursement': books(hours(7 * 24)),
    'settlement-refund-unasked': books(hours(7 * 24)),
    'settlement-short-paid': books(hours(7 * 24)),
    'payout-difference': books(hours(72), 'high'),
    'close-mismatch': books(hours(8), 'high'),
    'close-late-bill': books(hours(24)),
    'close-unposted': books(hours(4), 'high'),
    'close-reopen': books(hours(24)),
    'return-approval': team('order-desk', hours(24)),
    'return-past-window': team('order-desk', hours(24)),
    'refund-over-limit': team('finance', hours(24), 'high'),
    'return-not-expected': team('order-desk', hours(24)),
    'return-not-as-sent': team('order-desk', hours(24)),
    'return-unannounced': team('order-desk', hours(24)),
    'refund-without-goods': team('order-desk', hours(72)),
  },
  demand: {
    rank: ['channel-priority', 'customer-class', 'ship-by', 'placed'],
    classes: ['vip', 'wholesale', 'standard'],
  },
  notification: { suppress: [], mergeParcels: false, paymentReminderMinutes: 60 },
}
