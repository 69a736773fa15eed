import { z } from 'zod'
import { EXPORT_MODES } from '#domain/ledger/journal-export'
import { money } from '../schemas.ts'

const text = z.string()
const maybe = z.string().nullable()

export const mappingSchema = z.object({
  version: z.int(),
  package: text,
  codes: z.record(text, text),
  reason: text,
  actor: text,
  recordedAt: text,
})

export const journalBatch = z.object({
  entity: text,
  number: z.int(),
  mode: z.enum(EXPORT_MODES),
  to: text,
  mappingVersion: z.int(),
  rowCount: z.int(),
  debit: money.describe('Sum of the debits; the credits are the same.'),
  contentHash: text.describe('sha256 of its CSV without our accounts’ names, in hexadecimal.'),
  actor: text,
  recordedAt: text,
})

export const journalFile = z.object({
  entity: text,
  batch: journalBatch.nullable().describe('Null for a copy without a number.'),
  mappingVersion: z.int().nullable(),
  formatVersion: z.literal(1),
  functionalCurrency: text,
  totals: z.object({ debitMinor: text, creditMinor: text }),
  rows: z.array(
    z.object({
      date: text,
      account: text.describe('Of the outside package.'),
      debitMinor: text.describe('In functional currency.'),
      creditMinor: text.describe('In functional currency.'),
      currency: text,
      amountMinor: text.describe('In `currency`, debit above zero.'),
      correction: z.boolean().describe('Came after a batch that ran to this day or later.'),
      belongsTo: maybe.describe('The closed period that a late fact is about.'),
      channel: maybe,
      site: maybe,
      taxCode: maybe,
      jurisdiction: maybe,
      entry: maybe.describe('Null where a row is a day’s.'),
      line: z.int().nullable(),
      event: maybe,
      document: maybe,
      ourAccount: z.int(),
      ourAccountName: text,
    }),
  ),
})
