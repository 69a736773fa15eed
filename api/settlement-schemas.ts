import { z } from 'zod'
import { money } from './schemas.ts'

const text = z.string()
const minor = z.string().describe('Minor units of the statement’s currency.')

export const receivedStatement = z.object({
  items: z.array(
    z.object({
      id: text,
      statementId: text,
      workflowId: text,
      known: z.boolean().describe('The very same content was here before; nothing was added.'),
      lines: z.int(),
    }),
  ),
})

export const statementSummary = z.object({
  id: text,
  entity: text,
  channel: text.nullable(),
  provider: text,
  account: text,
  statementId: text,
  workflowId: text,
  currency: text,
  from: text.nullable(),
  to: text.nullable(),
  effectiveOn: text,
  phase: text,
  version: z.int(),
  payout: money,
  payoutReference: text.nullable(),
  lineCount: z.int(),
  approvedBy: text.nullable(),
  receivedBy: text,
  recordedAt: text,
})

export const statementDetail = statementSummary.extend({
  tie: z
    .object({
      openingMinor: minor,
      linesMinor: minor,
      payoutMinor: minor,
      reserveChangeMinor: minor,
      closingMinor: minor,
      differenceMinor: minor.describe('Opening and lines less payout, reserve and closing: zero.'),
    })
    .describe('What was there and what came is what was paid, kept back and carried on.'),
  bank: z.object({ inTransitMinor: minor.describe('What of the payout the bank has not shown.') }),
  unexplainedMinor: minor.describe('What waits in suspense; zero, or listed below with an owner.'),
  open: z.array(
    z.object({
      caseId: text,
      type: text,
      summary: text,
      amountMinor: text.nullable(),
      owner: text,
      dueAt: text,
    }),
  ),
  matches: z.array(z.object({ rule: text, treatment: text, lines: z.int(), amountMinor: minor })),
  fees: z.object({
    expectedCommissionMinor: minor,
    actualCommissionMinor: minor,
    expectedFulfilmentMinor: minor,
    actualFulfilmentMinor: minor,
    processingMinor: minor,
    overchargedMinor: minor,
    overchargedOrders: z.int(),
  }),
  overcharges: z
    .array(
      z.object({
        orderId: text,
        orderReference: text,
        orderNumber: text,
        kind: text,
        saleMinor: minor,
        expectedMinor: minor,
        actualMinor: minor,
      }),
    )
    .describe('The largest hundred; all of them are in the claim file.'),
})

export const statementLine = z.object({
  lineNo: z.int(),
  class: text,
  type: text,
  amountMinor: minor,
  postedOn: text,
  orderReference: text.nullable(),
  sku: text.nullable(),
  quantity: z.int().nullable(),
  paymentReference: text.nullable(),
  rule: text.nullable().describe('The rung of the match ladder that found what it is about.'),
  treatment: text.nullable(),
  held: text.nullable().describe('Why it waits in suspense, or waited.'),
  orderId: text.nullable(),
  openKey: text.nullable(),
  releasedAs: text.nullable(),
  releasedBy: text.nullable(),
  state: z.enum(['unmatched', 'matched', 'held', 'explained']),
})

export const workDone = z.object({
  phase: text,
  lines: z.int(),
  matchedLines: z.int(),
  parts: z.int().nullable().describe('Known once all lines are matched.'),
  postedParts: z.int(),
  percent: z.int().describe('Of matching and posting together.'),
})

export const settlementPreviewSchema = z.object({
  phase: text,
  waitingFor: text,
  casesLeft: z.array(text),
  entries: z.array(
    z.object({
      eventType: text,
      effectiveOn: text,
      lines: z.array(
        z.object({
          account: text,
          amountMinor: text,
          currency: text,
          orderId: text.nullable(),
        }),
      ),
    }),
  ),
})
