import { z } from 'zod'
import type { EntryHeader, EntryLine } from '#db/queries/ledger'
import { documentUrl } from './ledger-links.ts'
import { businessDate, code, instant, money } from '../schemas.ts'

/** What the books look like on the wire. */

export const entityCode = code.describe('Code of the company whose books are read.')
export const accountId = z.coerce
  .number({ error: 'send an account number such as 1300' })
  .int()
  .min(1)
  .max(2_147_483_647)
  .meta({ example: 1300 })

export const reportQuery = {
  entity: entityCode,
  asOf: businessDate.describe('Entries effective on or before.'),
  knownAt: instant
    .optional()
    .describe('What was sealed at this instant, which has passed; with it a report is final.'),
  from: businessDate.optional().describe('Entries effective on or after.'),
  book: z.string().min(1).max(30).default('main'),
}

export const account = z.object({
  id: z.int(),
  code: z.string(),
  name: z.string(),
  class: z.enum(['asset', 'liability', 'equity', 'income', 'expense']),
  role: z.string().nullable(),
  controlOf: z.string().nullable(),
  openItems: z.boolean(),
  manualAllowed: z.boolean(),
})

const text = z.string().nullable()

export const entry = z.object({
  id: z.string(),
  book: z.string(),
  area: z.string(),
  period: z.string(),
  effectiveOn: z.string(),
  recordedAt: z.string(),
  eventType: z.string(),
  sourceType: z.string().meta({ example: 'shipment' }),
  sourceId: z.string(),
  document: text.describe('Where the source is read.'),
  key: z.string(),
  ruleVersion: z.int(),
  reverses: text,
  reversedBy: text,
  causeId: text,
  actor: z.string(),
  approvalId: text,
  leaf: z.string().describe('Fingerprint of the entry, in hexadecimal.'),
})

export const line = z.object({
  lineNo: z.int(),
  accountId: z.int(),
  accountName: z.string(),
  amount: money.describe('Debit above zero, credit below.'),
  functional: money,
  qty: text,
  orderId: text,
  orderLineId: text,
  channelId: text,
  channel: text,
  itemId: text,
  sku: text,
  siteId: text,
  site: text,
  segment: text,
  party: text,
  taxCode: text,
  jurisdiction: text,
  provider: text,
  condition: text,
  layerId: text,
  promotion: text,
  openKey: text,
  belongsTo: text,
})

export const entryWithLines = entry.extend({ entity: z.string(), lines: z.array(line) })

export const trialBalance = z.object({
  entity: z.string(),
  asOf: z.string(),
  knownAt: text,
  rows: z.array(
    z.object({
      accountId: z.int(),
      code: z.string(),
      name: z.string(),
      class: z.string(),
      amount: money,
      functional: money,
      lines: z.string().describe('Where the lines are that sum to this cell.'),
    }),
  ),
  total: money.describe('Of the functional column; zero for whole books.'),
})

export const balances = z.object({
  entity: z.string(),
  accountId: z.int(),
  balances: z.array(z.object({ amount: money, functional: money })),
})

export const openItem = z.object({
  id: z.string(),
  accountId: z.int(),
  accountName: z.string(),
  key: z.string(),
  balance: money,
  functional: money,
  openedOn: z.string(),
  ageDays: z.int(),
})

export const openItemMovement = z.object({
  entryId: z.string(),
  lineNo: z.int(),
  effectiveOn: z.string(),
  eventType: z.string(),
  sourceType: z.string(),
  sourceId: z.string(),
  document: text.describe('Where the source is read.'),
  amount: money,
})

export const profit = z.object({
  entity: z.string(),
  rows: z.array(
    z.object({
      of: text.describe('Id of what the row belongs to; null for what belongs to none.'),
      code: text.describe('What people call it: SKU, code of the channel or site, segment.'),
      accountId: z.int(),
      accountName: z.string(),
      result: money.describe('Income above zero, cost below.'),
      lines: z
        .string()
        .describe('Where the lines are that sum to this cell, with the sign turned.'),
    }),
  ),
  total: money,
})

export function wireMoney(minor: bigint, currency: string) {
  return { currency, minor: minor.toString() }
}

export function wireEntry(header: EntryHeader) {
  const { entryId, entityId: _, leaf, reverses, reversedBy, ...rest } = header
  return {
    ...rest,
    id: entryId.toString(),
    document: documentUrl(header.sourceType, header.sourceId),
    reverses: asText(reverses),
    reversedBy: asText(reversedBy),
    leaf: leaf.toString('hex'),
  }
}

export function wireLine<Line extends EntryLine>(posted: Line, functionalCurrency: string) {
  const { currency, amountMinor, funcMinor, ...rest } = posted
  return {
    ...rest,
    amount: wireMoney(amountMinor, currency),
    functional: wireMoney(funcMinor, functionalCurrency),
    qty: asText(posted.qty),
    orderId: asText(posted.orderId),
    orderLineId: asText(posted.orderLineId),
    channelId: asText(posted.channelId),
    itemId: asText(posted.itemId),
    siteId: asText(posted.siteId),
    layerId: asText(posted.layerId),
  }
}

function asText(value: bigint | number | null): string | null {
  return value === null ? null : value.toString()
}
