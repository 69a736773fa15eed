import { z } from 'zod'
import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { isCountry } from '../countries.ts'
import { isCurrency } from '../currencies.ts'
import { LARGEST_MINOR } from '../decimal.ts'
import { LARGEST_QUANTITY, LONGEST_ID } from '../field.ts'
import { utcInstant } from '../instants.ts'
import { accepted, type Translated } from '../result.ts'
import { checkTotals } from './check-totals.ts'

const MOST_LINES = 5_000

const id = z
  .string()
  .min(1)
  .max(LONGEST_ID, { error: `must be at most ${LONGEST_ID} characters` })
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: 'must hold no control character' })

/** PostgreSQL stores every character but this one. */
const text = z.string().regex(/^[^\0]*$/, { error: 'must hold no NUL character' })
const optionalText = text.nullable().default(null)
const optionalId = id.nullable().default(null)

const amount = z
  .string({ error: 'must be minor units as text: "1099" is 10.99 in a currency with cents' })
  .regex(/^\d{1,16}$/, { error: 'must be whole minor units as text, not negative: "1099"' })
  .refine((minor) => /^\d{1,16}$/.test(minor) && BigInt(minor) <= LARGEST_MINOR, {
    error: `must be at most ${LARGEST_MINOR} minor units`,
  })

const currency = z
  .string()
  .refine(isCurrency, { error: 'must be an ISO 4217 code in capitals, such as "EUR"' })

const instant = z
  .string()
  .refine((at) => utcInstant(at) !== null, { error: 'must be like 2026-01-31T10:00:00Z' })

const country = z
  .string()
  .refine(isCountry, { error: 'must be an ISO 3166-1 alpha-2 code in capitals, such as "DE"' })

const discount = z.strictObject({
  code: text.default('manual'),
  amountMinor: amount,
  fundedBy: z.enum(['merchant', 'marketplace', 'vendor']).default('merchant'),
  vendor: id.optional(),
})

const tax = z.strictObject({
  jurisdiction: text,
  ratePpm: z.int().min(0).max(10_000_000),
  amountMinor: amount,
  collectedBy: z.enum(['seller', 'marketplace']).default('seller'),
})

const line = z.strictObject({
  externalLineId: id,
  externalListingId: optionalId,
  sku: text.min(1).max(255).nullable().default(null),
  title: text.default(''),
  quantity: z.int().min(1).max(LARGEST_QUANTITY),
  unitPriceMinor: amount,
  discounts: z.array(discount).default([]),
  taxes: z.array(tax).default([]),
  requiresShipping: z.boolean().default(true),
  giftCard: z.boolean().default(false),
  substitutionConsent: z.boolean().optional(),
})

const shippingCharge = z.strictObject({
  title: text.default('Shipping'),
  amountMinor: amount,
  discounts: z.array(discount).default([]),
  taxes: z.array(tax).default([]),
})

const address = z.strictObject({
  name: optionalText,
  company: optionalText,
  line1: optionalText,
  line2: optionalText,
  city: optionalText,
  region: optionalText,
  postalCode: optionalText,
  country: country.nullable().default(null),
})

const customer = z.strictObject({
  externalId: optionalId,
  name: optionalText,
  email: optionalText,
  phone: optionalText,
  class: text.optional(),
})

const payment = z.strictObject({
  state: z.enum(['captured', 'authorised', 'pending', 'terms', 'marketplace']),
  provider: id,
  reference: optionalText,
  amountMinor: amount,
  authorisationExpiresAt: instant.optional(),
  otherTenders: z
    .array(
      z.strictObject({
        kind: z.enum(['gift-card', 'store-credit']),
        reference: id,
        amountMinor: amount,
      }),
    )
    .optional(),
})

/**
 * The body of `POST /v1/orders`: an {@link OrderDocument}, with what can be left out filled in.
 * A field that is not known is refused rather than dropped. That the amounts add up is not part
 * of the schema: see {@link checkTotals}, or use {@link readOrderDocument} for both.
 */
export const orderDocumentSchema = z.strictObject({
  channel: id,
  externalId: id,
  externalVersion: id.default('0000000001'),
  orderNumber: id,
  placedAt: instant,
  currency,
  pricesIncludeTax: z.boolean().default(false),
  customer,
  shipTo: address.nullable().default(null),
  billTo: address.nullable().default(null),
  lines: z.array(line).min(1, { error: 'must have at least one line' }).max(MOST_LINES),
  shipping: z.array(shippingCharge).default([]),
  orderDiscounts: z.array(discount).default([]),
  payment,
  total: z.strictObject({ currency, minor: amount }),
  taxCollectedBy: z.enum(['seller', 'marketplace']).default('seller'),
  fulfilledBy: z.enum(['merchant', 'channel']).default('merchant'),
  requestedService: text.optional(),
  shipBy: text.optional(),
  deliverBy: text.optional(),
  shipComplete: z.boolean().optional(),
  cancelled: z.strictObject({ at: instant, reason: text }).optional(),
  note: text.optional(),
  enteredBy: text.optional(),
})

/** Reads and checks a neutral order document in whole, its shape and its sums. */
export function readOrderDocument(document: unknown): Translated<OrderDocument> {
  const parsed = orderDocumentSchema.safeParse(document)
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(problemOf) }
  const order: OrderDocument = parsed.data as OrderDocument
  const problems = checkTotals(order)
  return problems.length > 0 ? { ok: false, problems } : accepted(order)
}

function problemOf(issue: z.core.$ZodIssue): DocumentProblem {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const field = pathText([...issue.path, ...keys]) || '$'
  return { code: codeOf(issue, field), field, message: `${field}: ${issue.message}` }
}

function codeOf(issue: z.core.$ZodIssue, field: string): string {
  if (issue.code === 'unrecognized_keys') return 'unknown-field'
  if (field === 'lines' && issue.code === 'too_small') return 'no-lines'
  if (/[cC]urrency$/.test(field)) return 'unknown-currency'
  if (issue.code === 'invalid_type' && issue.message.includes('received undefined')) {
    return 'missing-field'
  }
  if (/[mM]inor$/.test(field)) return 'not-minor-units'
  if (field.endsWith('quantity')) return 'quantity-out-of-range'
  return issue.code.replaceAll('_', '-')
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}
