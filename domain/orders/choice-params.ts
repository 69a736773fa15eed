import type { CaseType, Resolution } from './exceptions.ts'

/** How a parameter of a choice is asked for: units whole and above zero, money in minor units as text. */
export const PARAM_KINDS = [
  'text',
  'units',
  'money',
  'date',
  'yes-no',
  'sku',
  'channel',
  'country',
  'order-line',
] as const

export interface ChoiceParam {
  name: string
  kind: (typeof PARAM_KINDS)[number]
  required: boolean
}

const must = (name: string, kind: ChoiceParam['kind']): ChoiceParam => ({
  name,
  kind,
  required: true,
})
const may = (name: string, kind: ChoiceParam['kind']): ChoiceParam => ({
  name,
  kind,
  required: false,
})

const WHY = [must('reason', 'text')]
const MAYBE_WHY = [may('reason', 'text')]
const PUT_OFF = [may('owner', 'text'), may('until', 'date')]
/** What is given back of it, from 1 to 100. */
const PERCENT = [must('percent', 'units')]
const PAID_ELSEWHERE = [must('reference', 'text'), may('provider', 'text')]

/** What a choice must or may be told, where it is not told enough by its name (docs/processes). */
const PARAMS: Partial<Record<CaseType, Partial<Record<Resolution, readonly ChoiceParam[]>>>> = {
  'stock-short': {
    substitute: [
      must('orderLineId', 'order-line'),
      must('qty', 'units'),
      must('sku', 'sku'),
      may('consentToPrice', 'yes-no'),
    ],
  },
  'gift-card-unknown': {
    'match-card': [must('code', 'text')],
    'take-on': [must('balanceMinor', 'money')],
  },
  'address-invalid': {
    correct: [
      must('line1', 'text'),
      may('line2', 'text'),
      must('city', 'text'),
      may('region', 'text'),
      must('postalCode', 'text'),
      must('country', 'country'),
    ],
  },
  'unknown-sku': {
    'map-listing': [must('sku', 'sku'), must('orderLineId', 'order-line')],
    'create-item': [
      must('sku', 'text'),
      must('name', 'text'),
      may('hs_code', 'text'),
      may('origin', 'country'),
    ],
  },
  'label-failed': { manual: [must('trackingNumber', 'text'), must('carrier', 'text')] },
  'refund-failed': { 'mark-done': PAID_ELSEWHERE },
  'payment-disputed': { 'mark-done': [must('reference', 'text')] },
  'refunded-elsewhere': { 'mark-done': [must('reference', 'text')] },
  'effect-unknown': {
    'mark-done': [must('reference', 'text'), may('trackingNumber', 'text'), may('carrier', 'text')],
  },
  'receipt-wrong': { accept: [must('unitCostMinor', 'money')] },
  'lot-recalled': { 'mark-done': WHY },
  'purchase-late': {
    'new-date': [must('promisedOn', 'date')],
    'close-short': [may('lineNo', 'units')],
  },
  'prepayment-stranded': { refunded: MAYBE_WHY },
  'bill-duplicate': { reject: MAYBE_WHY },
  'bill-price-over': { reject: MAYBE_WHY },
  'bill-quantity-over': { reject: MAYBE_WHY },
  'bill-without-order': { attach: [may('poNumber', 'text'), may('receiptNo', 'text')] },
  'count-variance': {
    accept: [must('reasonCode', 'text')],
    'reverse-earlier': [must('adjustmentId', 'text')],
  },
  'close-mismatch': {
    accept: WHY,
    reclassify: [
      must('amountMinor', 'money'),
      must('from', 'text'),
      must('to', 'text'),
      must('reason', 'text'),
    ],
  },
  'close-late-bill': {
    accrue: [must('account', 'text'), must('amountMinor', 'money')],
    'next-period': WHY,
  },
  'close-unposted': { 'next-period': WHY },
  'count-unknown-item': { identify: [must('sku', 'sku')] },
  'count-root-cause': { explained: [must('cause', 'text')] },
  'transfer-overdue': {
    'keep-waiting': [may('until', 'date')],
    'write-off': MAYBE_WHY,
    claim: MAYBE_WHY,
  },
  'transit-short': { 'write-off': MAYBE_WHY, claim: MAYBE_WHY },
  'transfer-incomplete': { 'write-off': MAYBE_WHY, claim: MAYBE_WHY },
  'refund-over-limit': { reduce: PERCENT },
  'return-not-as-sent': { reduce: PERCENT },
  'return-unannounced': { create: [must('orderNumber', 'text')] },
  'warehouse-unsent': { 'mark-sent': WHY },
  'warehouse-document': { reject: WHY },
  'warehouse-difference': { explained: WHY, wait: WHY },
  'settlement-type-unknown': {
    'map-type': [must('treatment', 'text'), ...WHY],
    suspense: PUT_OFF,
  },
  'settlement-order-unknown': { 'map-account': [must('treatment', 'text')], suspense: PUT_OFF },
  'settlement-reimbursement': { 'match-claim': [must('claim', 'text')], suspense: PUT_OFF },
  'settlement-short-paid': {
    claim: [may('openKey', 'text')],
    accept: [may('openKey', 'text')],
    wait: PUT_OFF,
  },
  'payout-difference': { wait: PUT_OFF },
  'supplier-late': { expedite: [must('expectedOn', 'date')] },
  'stockout-in-lead-time': {
    air: [must('days', 'units')],
    'throttle-channel': [must('channel', 'channel'), must('buffer', 'units')],
  },
}

/** What to ask before a case is decided this way; empty when the choice says it all. */
export function paramsOf(type: CaseType, resolution: Resolution): readonly ChoiceParam[] {
  return PARAMS[type]?.[resolution] ?? []
}
