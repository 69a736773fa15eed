import { formatMinor } from '../money.ts'
import type { AddressDocument, OrderDocument } from './document.ts'
import type { CaseType, HoldType } from './exceptions.ts'
import type { FraudPolicy, OrderPolicy } from './policies.ts'

/** What the validation rules look at; nothing here is looked up by the rules themselves. */
export interface OrderUnderReview {
  document: DocumentUnderReview
  /** Bought on account by a customer who has no terms: nothing is paid then. */
  termsRefused: boolean
  items: {
    line: number
    sku: string | null
    known: boolean
    status: string
    missing: string[]
    restrictedCountries: string[]
    minimumAge: number | null
    hazmatClass: string | null
    listPriceMinor: bigint | null
    listCurrency: string | null
    unitPriceMinor: bigint
    qty: number
  }[]
  customerBlocked: string | null
  /** What people decided about earlier orders of this mail address and this destination. */
  marks: readonly {
    kind: 'email' | 'address'
    verdict: 'blocked' | 'trusted'
    reason: string
  }[]
  deniedParties: { id: number; list: string; name: string; country: string | null }[]
  siteCountries: string[]
  policy: OrderPolicy
  fraud: FraudPolicy
}

export interface PartiesUnderReview {
  customer: { name: string | null }
  shipTo: AddressDocument | null
  billTo: AddressDocument | null
}

/** What the rules read of a document; an order that stands already is described by the same. */
export interface DocumentUnderReview extends PartiesUnderReview {
  currency: string
  lines: readonly { requiresShipping: boolean }[]
  payment: Pick<OrderDocument['payment'], 'state' | 'amountMinor' | 'otherTenders'>
  total: OrderDocument['total']
}

export interface FoundHold {
  type: HoldType
  caseType: CaseType
  reason: string
  evidence: Record<string, unknown>
}

/** Every reason why the order may not go on yet; each becomes a hold of its own with its own owner. */
export function findHolds(order: OrderUnderReview): FoundHold[] {
  return [
    payment(order),
    fraud(order),
    address(order),
    compliance(order),
    data(order),
    price(order),
  ].filter((hold) => hold !== null)
}

function payment({ document, termsRefused }: OrderUnderReview): FoundHold | null {
  const { payment, total } = document
  if (payment.state === 'terms' || payment.state === 'marketplace') return null
  const tenders =
    payment.otherTenders?.reduce((paid, tender) => paid + BigInt(tender.amountMinor), 0n) ?? 0n
  const covered = BigInt(payment.amountMinor) + tenders
  if (payment.state !== 'pending' && covered >= BigInt(total.minor)) return null
  return {
    type: 'payment',
    caseType: 'payment-pending',
    reason: termsRefused
      ? 'Bought on account, but this customer has no payment terms.'
      : payment.state === 'pending'
        ? 'Nothing has been paid or authorised yet.'
        : 'The payment covers less than the total.',
    evidence: { state: payment.state, coveredMinor: covered.toString(), totalMinor: total.minor },
  }
}

export interface FraudScore {
  score: number
  reviewFrom: number
  reasons: { rule: string; score: number }[]
}

/** What speaks for a look at the order, each with its weight; also of one that nobody needs to look at (FUL-10). */
export function fraudScore({
  document,
  items,
  customerBlocked,
  marks,
  fraud: policy,
}: OrderUnderReview): FraudScore {
  const reasons: FraudScore['reasons'] = []
  if (customerBlocked) reasons.push({ rule: `customer is blocked: ${customerBlocked}`, score: 100 })
  if (
    document.payment.state !== 'marketplace' &&
    document.payment.state !== 'terms' &&
    BigInt(document.total.minor) >= BigInt(policy.reviewFromMinor)
  ) {
    reasons.push({
      rule: `order value from ${amount(BigInt(policy.reviewFromMinor), document.currency)}`,
      score: policy.reviewScore,
    })
  }
  const country = document.shipTo?.country
  if (country && policy.reviewCountries.includes(country))
    reasons.push({ rule: `destination ${country} is reviewed`, score: policy.reviewScore })
  if (items.reduce((units, item) => units + item.qty, 0) > policy.maxUnits)
    reasons.push({ rule: `more than ${policy.maxUnits} units`, score: policy.reviewScore })
  if (country && document.billTo?.country && document.billTo.country !== country) {
    reasons.push({
      rule: `billed in ${document.billTo.country}, shipped to ${country}`,
      score: policy.countryMismatchScore,
    })
  }
  for (const { kind, verdict, reason } of marks)
    if (verdict === 'blocked') reasons.push({ rule: `${kind} is blocked: ${reason}`, score: 100 })
  // Only both together: a stolen mail address orders to another place.
  if (marks.filter((mark) => mark.verdict === 'trusted').length === 2)
    reasons.push({ rule: 'accepted by a person before', score: -policy.trustedScore })
  const score = reasons.reduce((total, reason) => total + reason.score, 0)
  return { score, reviewFrom: policy.reviewScore, reasons }
}

function fraud(order: OrderUnderReview): FoundHold | null {
  const { score, reviewFrom, reasons } = fraudScore(order)
  if (score < reviewFrom) return null
  return {
    type: 'fraud',
    caseType: 'fraud-review',
    reason: reasons.map((reason) => reason.rule).join('; '),
    evidence: { score, reviewFrom, reasons },
  }
}

function address({ document }: OrderUnderReview): FoundHold | null {
  return document.lines.some((line) => line.requiresShipping) ? ofAddress(document.shipTo) : null
}

/** The hold of an address that cannot be delivered to. */
export function ofAddress(shipTo: AddressDocument | null): FoundHold | null {
  const problems = addressProblems(shipTo)
  if (problems.length === 0) return null
  const fields = problems.map((problem) => problem.field)
  return {
    type: 'address',
    caseType: 'address-invalid',
    reason: `The ship-to address cannot be delivered to: ${problems.map((problem) => problem.message).join('; ')}.`,
    evidence: {
      fields,
      country: shipTo?.country ?? null,
      postalCode: shipTo?.postalCode ?? null,
    },
  }
}

/** Postal code shapes of the countries that we ship to most (Universal Postal Union addressing guides). */
const POSTAL_CODES: Record<string, RegExp> = {
  US: /^\d{5}(-?\d{4})?$/,
  CA: /^[A-Z]\d[A-Z] ?\d[A-Z]\d$/i,
  GB: /^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$/i,
  DE: /^\d{5}$/,
  FR: /^\d{5}$/,
  ES: /^\d{5}$/,
  IT: /^\d{5}$/,
  NL: /^\d{4} ?[A-Z]{2}$/i,
  PL: /^\d{2}-?\d{3}$/,
  AU: /^\d{4}$/,
  AT: /^\d{4}$/,
  CH: /^\d{4}$/,
  BE: /^\d{4}$/,
}

const WITHOUT_POSTAL_CODE = new Set(['AE', 'HK', 'IE', 'QA', 'PA', 'AO', 'BO', 'BZ', 'GH', 'UG'])

export function addressProblems(
  address: AddressDocument | null,
): { field: string; message: string }[] {
  if (!address) return [{ field: 'shipTo', message: 'there is no ship-to address' }]
  const problems: { field: string; message: string }[] = []
  if (!address.country) problems.push({ field: 'country', message: 'the country is missing' })
  if (!address.line1) problems.push({ field: 'line1', message: 'the street is missing' })
  if (!address.city) problems.push({ field: 'city', message: 'the city is missing' })
  const shape = address.country ? POSTAL_CODES[address.country] : undefined
  const code = address.postalCode?.trim() ?? ''
  if (code === '' && !WITHOUT_POSTAL_CODE.has(address.country ?? ''))
    problems.push({ field: 'postalCode', message: 'the postal code is missing' })
  else if (shape && !shape.test(code))
    problems.push({
      field: 'postalCode',
      message: `"${code}" is not a postal code of ${address.country}`,
    })
  return problems
}

function compliance({
  document,
  items,
  deniedParties,
  siteCountries,
}: OrderUnderReview): FoundHold | null {
  const country = document.shipTo?.country ?? null
  const matches: Record<string, unknown>[] = []
  const names = {
    'ship-to name': document.shipTo?.name,
    'ship-to company': document.shipTo?.company,
    'bill-to name': document.billTo?.name,
    'bill-to company': document.billTo?.company,
    customer: document.customer.name,
  }
  for (const party of deniedParties) {
    if (party.country !== null && country !== null && party.country !== country) continue
    for (const [who, name] of Object.entries(names))
      // The party by its id: its name is the customer's, and evidence is copied where nobody can erase it.
      if (name && normalName(name) === normalName(party.name))
        matches.push({ kind: 'denied-party', list: party.list, partyId: party.id, who })
  }
  for (const item of items) {
    if (country && item.restrictedCountries.includes(country))
      matches.push({ kind: 'restricted-item', sku: item.sku, country })
    if (item.hazmatClass && country && !siteCountries.includes(country))
      matches.push({ kind: 'hazmat-abroad', sku: item.sku, class: item.hazmatClass })
    if (item.minimumAge)
      matches.push({ kind: 'age-check', sku: item.sku, minimumAge: item.minimumAge })
  }
  if (matches.length === 0) return null
  return {
    type: 'compliance',
    caseType: 'compliance-match',
    reason: `Trade compliance: ${[...new Set(matches.map((match) => match['kind']))].join(', ')}.`,
    evidence: { matches },
  }
}

function normalName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N} ]/gu, '')
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .sort()
    .join(' ')
}

function data({ items }: OrderUnderReview): FoundHold | null {
  const unknown = items.filter((item) => !item.known)
  if (unknown.length > 0) {
    const skus = unknown.map((item) => item.sku ?? '(none)')
    return {
      type: 'data',
      caseType: 'unknown-sku',
      reason: `No item is listed for ${skus.join(', ')}.`,
      evidence: { lines: unknown.map((item) => item.line), skus },
    }
  }
  const incomplete = items.filter((item) => item.status !== 'active')
  if (incomplete.length === 0) return null
  return {
    type: 'data',
    caseType: 'data-missing',
    reason: incomplete
      .map(
        (item) =>
          `${item.sku} is ${item.status}${item.missing.length > 0 ? `, ${item.missing.join(', ')} missing` : ''}`,
      )
      .join('; '),
    evidence: { items: incomplete.map(({ sku, status, missing }) => ({ sku, status, missing })) },
  }
}

function price({ document, items, policy }: OrderUnderReview): FoundHold | null {
  const suspects = items.filter((item) => {
    if (
      !item.listPriceMinor ||
      item.listCurrency !== document.currency ||
      item.listPriceMinor === 0n
    )
      return false
    const gap = item.unitPriceMinor - item.listPriceMinor
    return (
      (gap < 0n ? -gap : gap) * 1_000_000n > item.listPriceMinor * BigInt(policy.priceTolerancePpm)
    )
  })
  if (suspects.length === 0) return null
  return {
    type: 'price',
    caseType: 'price-suspect',
    reason: suspects
      .map(
        (item) =>
          `${item.sku} is sold at ${amount(item.unitPriceMinor, document.currency)}, listed at ${amount(item.listPriceMinor!, document.currency)}`,
      )
      .join('; '),
    evidence: { lines: suspects.map((item) => item.line), tolerancePpm: policy.priceTolerancePpm },
  }
}

/** As people say it: `1000.00 USD`. */
function amount(minor: bigint, currency: string): string {
  return `${formatMinor(minor, currency)} ${currency}`
}
