import { z } from 'zod'
import type { BankStatement } from '#domain/settlement/bank-statement'
import type { SettlementStatement, StatementLineClass } from '#domain/settlement/statement'
import { accepted, refused, type Translated } from '../result.ts'

const minor = z
  .string()
  .regex(/^-?\d{1,18}$/, { error: 'send whole minor units as text, e.g. "1099" for 10.99' })
  .meta({ example: '1099' })
const day = z.iso
  .date({ error: 'send a date such as 2026-01-31' })
  .refine((text) => /^(19|2\d)\d\d-/.test(text), { error: 'send a year from 1900 to 2999' })
  .meta({ example: '2026-01-31' })
const name = z.string().trim().min(1).max(200)
/** Part of a process's id, and of journal keys; some providers' own names hold slashes and spaces. */
const identifier = z.string().regex(/^[\w.:#@+/%-]([\w.:#@+/% -]{0,78}[\w.:#@+/%-])?$/, {
  error: 'send the provider’s own id: letters, digits, spaces, .:#@+-_/%',
})
const lineNo = z.int().min(1).max(10_000_000)
const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'send an ISO 4217 code such as USD' })

const CLASSES = [
  'sale',
  'sale-tax',
  'withheld-tax',
  'promotion',
  'refund',
  'refund-tax',
  'fee',
  'fee-refund',
  'advertising',
  'storage',
  'subscription',
  'reimbursement',
  'chargeback',
  'chargeback-reversal',
  'reserve',
  'carried-balance',
  'payout',
  'conversion',
  'adjustment',
  'unknown',
] as const satisfies readonly StatementLineClass[]

/** A settlement statement as JSON: amounts are texts of minor units. */
export const settlementDocument = z.strictObject({
  provider: z.enum(['amazon', 'shopify', 'stripe', 'paypal', 'adyen']),
  account: z.union([identifier, z.literal('')]).default(''),
  statementId: identifier,
  currency,
  from: day.optional(),
  to: day.optional(),
  depositedOn: day.optional(),
  openingMinor: minor.optional(),
  closingMinor: minor.optional(),
  totalMinor: minor.describe('As stated: the lines without `payout`.'),
  payoutMinor: minor.describe('What goes to the bank.'),
  payoutReference: identifier.optional(),
  lines: z
    .array(
      z.strictObject({
        lineNo,
        class: z.enum(CLASSES),
        type: name,
        amountMinor: minor.describe('Above zero is owed to us.'),
        postedOn: day,
        orderReference: name.optional(),
        itemReference: name.optional(),
        sku: name.optional(),
        quantity: z.int().optional(),
        paymentReference: name.optional(),
        externalId: name.optional(),
      }),
    )
    .min(1)
    .max(500_000),
})

/** A bank's statement as JSON. */
export const bankDocument = z.strictObject({
  account: identifier.describe('IBAN or account number.'),
  statementId: identifier,
  currency,
  from: day,
  to: day,
  openingMinor: minor.optional(),
  closingMinor: minor.optional(),
  lines: z
    .array(
      z.strictObject({
        lineNo,
        bookedOn: day,
        valueOn: day.optional(),
        amountMinor: minor.refine((text) => BigInt(text) !== 0n, {
          error: 'a line moves something',
        }),
        bankReference: name.optional(),
        reference: name.optional(),
        counterparty: name.optional(),
        purpose: z.string().max(1000).optional(),
      }),
    )
    .max(100_000),
})

/** What was checked, with its amounts as numbers; fields that are not there stay away. */
export function toStatement(document: z.output<typeof settlementDocument>): SettlementStatement {
  const { openingMinor, closingMinor, totalMinor, payoutMinor, lines, ...rest } = document
  return {
    ...said(rest),
    ...(openingMinor === undefined ? {} : { openingMinor: BigInt(openingMinor) }),
    ...(closingMinor === undefined ? {} : { closingMinor: BigInt(closingMinor) }),
    totalMinor: BigInt(totalMinor),
    payoutMinor: BigInt(payoutMinor),
    lines: lines.map(({ amountMinor, ...line }) => ({
      ...said(line),
      amountMinor: BigInt(amountMinor),
    })),
  }
}

export function toBankStatement(document: z.output<typeof bankDocument>): BankStatement {
  const { openingMinor, closingMinor, lines, ...rest } = document
  return {
    ...rest,
    ...(openingMinor === undefined ? {} : { openingMinor: BigInt(openingMinor) }),
    ...(closingMinor === undefined ? {} : { closingMinor: BigInt(closingMinor) }),
    lines: lines.map(({ amountMinor, ...line }) => ({
      ...said(line),
      amountMinor: BigInt(amountMinor),
    })),
  }
}

type Said<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Optional fields of a checked document are either there or away. */
function said<T extends object>(fields: T): Said<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Said<T>
}

/** A file of neutral statements: one, or a list of them. */
export function readNeutralStatements(bytes: Uint8Array): Translated<SettlementStatement[]> {
  return read(bytes, settlementDocument, toStatement)
}

export function readNeutralBankStatements(bytes: Uint8Array): Translated<BankStatement[]> {
  return read(bytes, bankDocument, toBankStatement)
}

function read<S extends z.ZodType, T>(
  bytes: Uint8Array,
  schema: S,
  translate: (document: z.output<S>) => T,
): Translated<T[]> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refused('not-json', '$', 'the file is not JSON in UTF-8')
  }
  const parsed = z
    .array(schema)
    .min(1)
    .safeParse(Array.isArray(json) ? json : [json])
  if (parsed.success) return accepted(parsed.data.map((one) => translate(one)))
  const problems = parsed.error.issues.slice(0, 20).map(({ path, message }) => ({
    ...{ code: 'invalid', field: path.join('.') || '$', message },
  }))
  return { ok: false, problems }
}
