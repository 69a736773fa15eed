import { z } from 'zod'
import { ROLES } from '#domain/access'
import { MAX_BIGINT, MAX_INT } from './paging.ts'

/** Shared parts of requests and answers; each field says what would be right. */

const within = (most: bigint) => (text: string) => BigInt(text) <= most

export const intId = z
  .string()
  .regex(/^[1-9]\d{0,9}$/, { error: 'send an id, a whole number from 1' })
  .refine((text) => /^\d{1,10}$/.test(text) && within(MAX_INT)(text), {
    error: 'no id is that large',
  })
  .meta({ example: '42' })

export const bigId = z
  .string()
  .regex(/^[1-9]\d{0,18}$/, { error: 'send an id, a whole number from 1' })
  .refine((text) => /^\d{1,19}$/.test(text) && within(MAX_BIGINT)(text), {
    error: 'no id is that large',
  })
  .meta({ example: '1001' })

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'send an ISO 4217 code such as USD' })
  .meta({ example: 'USD' })

export const country = z
  .string()
  .regex(/^[A-Z]{2}$/, { error: 'send an ISO 3166-1 code such as US' })
  .meta({ example: 'US' })

/** Whole minor units as text, within a PostgreSQL bigint, as sent in. */
export const minorText = z
  .string()
  .regex(/^-?\d{1,18}$/, { error: 'send whole minor units as text, e.g. "1099" for 10.99' })
  .meta({ example: '1099' })

/** Money as sent in. */
export const moneyInput = z.strictObject({ currency, minor: minorText })

/** Money as answered; no limits, so that no number of ours is refused on its way out. */
export const money = z.object({
  currency: z.string().meta({ example: 'USD' }),
  minor: z.string().meta({ example: '1099' }),
})

export const sku = z.string().trim().min(1).max(100).meta({ example: 'TSHIRT-M-BLUE' })
export const code = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$/, {
    error: 'send letters, digits, dots, dashes and underscores, at most 61',
  })
  .meta({ example: 'WH-EAST' })
export const shortText = z.string().trim().min(1).max(200)
export const reason = z
  .string()
  .trim()
  .min(3, { error: 'say why in at least 3 characters; it stands in the audit trail' })
  .max(1000)
  .meta({ example: 'New supplier data sheet' })

/** An instant with a zone, within what PostgreSQL and people mean by a date. */
export const instant = z.iso
  .datetime({ offset: true, error: 'send an ISO instant such as 2026-01-31T12:00:00Z' })
  .refine((text) => /^(19|2\d)\d\d-/.test(text), { error: 'send a year from 1900 to 2999' })
  .transform((text) => new Date(text).toISOString())
  .meta({ example: '2026-01-31T12:00:00Z' })

export const businessDate = z.iso
  .date({ error: 'send a date such as 2026-01-31' })
  .refine((text) => /^(19|2\d)\d\d-/.test(text), { error: 'send a year from 1900 to 2999' })
  .meta({ example: '2026-01-31' })

export const positiveInt = z.int().min(1).max(Number(MAX_INT))

export const role = z.enum(ROLES)

const scopeCodes = z
  .array(code)
  .max(200)
  .nullable()
  .default(null)
  .describe('Codes that are in reach; null means all.')

export const scopesInput = z
  .strictObject({ entities: scopeCodes, sites: scopeCodes, channels: scopeCodes })
  .meta({ example: { entities: null, sites: ['WH-EAST'], channels: null } })

export const scopes = z.object({
  entities: z.array(z.string()).readonly().nullable(),
  sites: z.array(z.string()).readonly().nullable(),
  channels: z.array(z.string()).readonly().nullable(),
})

/** Any JSON object, answered as it was stored. */
export const jsonObject = z.record(z.string(), z.unknown())

/** Beside an actor such as `user:17`; null for a program, a rule, or nobody. */
export const actorName = z.string().nullable().meta({ example: 'Olivia Ortiz' })
