import { z } from 'zod'
import { LANDED_COST_BASES } from '#domain/purchasing/landed-cost'
import { bigId, businessDate, code, currency, minorText, money, shortText, sku } from './schemas.ts'

const text = z.string()
const units = z
  .string()
  .regex(/^\d{1,12}$/, { error: 'send whole units as text, e.g. "12"' })
  .meta({ example: '12' })
/** A supplier's own number; it stands in the id of the bill's process. */
export const billNumber = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/[\p{L}\p{N}]/u, { error: 'a bill number has a letter or a digit' })
  .meta({ example: 'INV-2026-0012' })
const receiptNo = z.string().regex(/^[\w.:#-]{1,80}$/)

const billLine = z.strictObject({
  kind: z.enum(['goods', 'charge']).default('goods').describe('A charge is freight and the like.'),
  sku: sku.optional(),
  vendorSku: shortText.optional(),
  description: shortText,
  qty: units.default('0').describe('Base units; none for a charge.'),
  netMinor: minorText.describe('Before recoverable tax; below zero for an allowance.'),
  poNumber: code.optional(),
  receiptNo: receiptNo.optional(),
})

export const recoverableTaxes = z
  .array(
    z.strictObject({
      jurisdiction: z
        .string()
        .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/)
        .optional(),
      taxCode: z
        .string()
        .regex(/^[\w.-]{1,40}$/)
        .default('standard'),
      amountMinor: minorText,
    }),
  )
  .max(20)
  .default([])

export const billInput = z.strictObject({
  entity: code.optional().describe('Whose bill it is; refused when the supplier is another’s.'),
  supplier: code,
  number: billNumber,
  billedOn: businessDate,
  currency: currency.optional(),
  poNumber: code.optional(),
  terms: z
    .strictObject({
      termsDays: z.int().min(0).max(365),
      discountPpm: z.int().min(0).max(1_000_000).default(0),
      discountDays: z.int().min(0).max(365).default(0),
    })
    .optional()
    .describe('The supplier’s own unless given.'),
  lines: z.array(billLine).min(1).max(1000),
  taxes: recoverableTaxes,
  totalMinor: minorText.describe('What the vendor wants, tax included.'),
  landedCost: z
    .strictObject({
      basis: z.enum(LANDED_COST_BASES),
      clearsEstimate: z.boolean().default(true).describe('No further bill comes for these lines.'),
      receiptLines: z
        .array(
          z.strictObject({
            receiptNo,
            lineNo: z.int().min(1).max(100_000),
            manualMinor: minorText.optional(),
          }),
        )
        .min(1)
        .max(2000),
    })
    .optional()
    .describe('For freight, duty and insurance: the receipt lines that bear it.'),
})

export const billProgressSchema = z.object({
  billId: text,
  supplier: text,
  number: text,
  version: z.int(),
  open: z.boolean(),
  phase: text,
  waitingFor: text,
  whoMayAct: text,
  nextDeadline: text.nullable(),
  cases: z.array(z.object({ id: text, type: text, dueAt: text })),
  entity: text,
  dueOn: text,
  total: money,
  owed: money,
})

export const billPreviewSchema = z.object({
  phase: text,
  waitingFor: text,
  owed: money,
  disputedMinor: text,
  casesLeft: z.array(text),
  entries: z.array(
    z.object({
      eventType: text,
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

export const billSummary = z.object({
  id: text,
  entity: text,
  supplier: text,
  number: text,
  kind: text,
  billedOn: text,
  dueOn: text,
  discountUntil: text.nullable(),
  total: money,
  owed: money.nullable(),
  postedOn: text.nullable(),
  source: text,
  capturedBy: text,
  approvedBy: text.nullable(),
  phase: text,
  waitingFor: text,
  version: z.int(),
})

export const billDetailSchema = billSummary.extend({
  workflowId: text,
  rejectReason: text.nullable(),
  lines: z.array(
    z.object({
      lineNo: z.int(),
      kind: text,
      sku: text.nullable(),
      description: text,
      qty: text,
      netMinor: text,
      acceptedNetMinor: text.nullable(),
      poNumber: text.nullable(),
      matches: z.array(
        z.object({
          kind: text,
          receipt: text.nullable(),
          receiptLine: z.int().nullable(),
          qty: text,
          receivedMinor: text,
          billedMinor: text,
          matchedOn: text,
        }),
      ),
    }),
  ),
  taxes: z.array(
    z.object({
      jurisdiction: text,
      taxCode: text,
      taxMinor: text,
      postedMinor: text.nullable(),
    }),
  ),
  payment: z.object({ runId: text, state: text, payMinor: text, currency: text }).nullable(),
})

export const unbilledDecided = z.object({
  caseId: text,
  outcome: z.enum(['cleared', 'waiting']),
})

export const billParams = z.object({ billId: bigId })
