import { z } from 'zod'
import { RETURN_REASONS } from '#domain/returns/policy'
import { documentNo } from './document-schemas.ts'
import { bigId, businessDate, code, minorText, positiveInt, reason, sku } from './schemas.ts'

const text = z.string()
const units = z.int().min(1).max(10_000)
const grade = z.enum(['A', 'B', 'C', 'D'])
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const note = z.string().trim().max(500).optional().describe('Never personal data.')

export const returnNo = documentNo.describe('The RMA number; it names one return for ever.')
export const goods = z
  .array(
    z.strictObject({
      sku,
      qty: units,
      condition: z.enum(['unopened', 'opened', 'used', 'damaged', 'wrong-item', 'empty']),
    }),
  )
  .min(1)
  .max(200)

export const wish = z.strictObject({
  returnNo,
  orderId: bigId,
  source: z.enum(['customer', 'agent', 'channel', 'carrier']),
  reason: z.enum(RETURN_REASONS),
  note,
  site: code.optional().describe('Where the goods are to come; absent: where they were shipped.'),
  lines: z
    .array(z.strictObject({ orderLineId: bigId, qty: units }))
    .min(1)
    .max(200)
    .refine((all) => new Set(all.map((line) => line.orderLineId)).size === all.length, {
      error: 'send one line a line of the order',
    }),
  keepsGoods: z.boolean().optional().describe('The goods stay with the customer.'),
  advance: z.boolean().optional().describe('The money goes back before the goods come.'),
  refundTo: z.enum(['original', 'store-credit']).optional(),
  exchangeOrderId: bigId
    .optional()
    .describe('The order that replaces the goods, where it is placed.'),
})

export const goodwillWish = z.strictObject({
  returnNo,
  orderId: bigId,
  reason: z.enum(RETURN_REASONS),
  note,
  amountMinor: minorText.describe('With tax, in the order’s currency.'),
  refundTo: z.enum(['original', 'store-credit']).optional(),
})

export const channelRefund = z.strictObject({
  returnNo: documentNo.describe('The channel’s own id of the refund.'),
  channel: code,
  externalOrderId: z.string().min(1).max(200),
  refundedOn: businessDate,
  amountMinor: minorText.describe('What the buyer got, with tax; in the order’s currency.'),
  reason: z.enum(RETURN_REASONS).default('other'),
  lines: z
    .array(
      z.strictObject({
        externalLineId: z.string().min(1).max(200),
        qty: units,
        restock: z
          .enum(['return', 'no-restock'])
          .default('return')
          .describe('Whether the goods are to come back; what was cancelled is the order’s.'),
      }),
    )
    .max(200),
  fees: z
    .strictObject({ commissionBackMinor: minorText, adminFeeMinor: minorText })
    .optional()
    .describe('What a marketplace gives back of its commission, and takes for the refund.'),
})

export const blindParcel = z.strictObject({ returnNo, site: code, note, goods })

export const label = z.strictObject({
  carrier: code,
  trackingNumber: z.string().min(3).max(60),
  costMinor: minorText.describe(
    'What the label costs us, in the company’s currency; 0 if nothing.',
  ),
  expectedVersion,
})
export const scan = z.strictObject({ scannedOn: businessDate.optional(), expectedVersion })
export const receipt = z.strictObject({
  reference: documentNo.describe(
    'The warehouse’s own reference of this parcel; telling it twice is once.',
  ),
  receivedOn: businessDate.optional(),
  site: code.optional(),
  goods,
  expectedVersion,
})
export const inspection = z.strictObject({
  units: z
    .array(z.strictObject({ sku, qty: units, grade, condition: z.string().max(40).optional() }))
    .min(1)
    .max(200),
  expectedVersion,
})
export const disposition = z.strictObject({
  sku,
  qty: units,
  grade: grade.optional(),
  kind: z.enum(['restock', 'b-stock', 'liquidate', 'refurbish', 'scrap', 'vendor']),
  reason,
  decidedOn: businessDate.optional(),
  valueMinor: minorText
    .optional()
    .describe(
      'What all of them are worth now, or what the vendor credits; absent: what they cost.',
    ),
  workMinor: minorText.optional().describe('What work on refurbished units has cost.'),
  supplier: code.optional(),
  expectedVersion,
})
export const cancellation = z.strictObject({ reason, expectedVersion })
export const exchange = z.strictObject({ orderId: bigId, expectedVersion })

export const returnAnswer = z.object({
  id: text,
  returnNo: text,
  kind: text,
  entity: text,
  channel: text.nullable(),
  site: text,
  orderId: text.nullable(),
  orderNumber: text.nullable(),
  phase: text,
  version: z.int(),
  source: text,
  reason: text,
  note: text.nullable(),
  refundTo: text,
  refundOn: text.describe('What sets the money off, by the policy of the version beside it.'),
  policyVersion: z.int(),
  requestedBy: text,
  requestedOn: text,
  approvedBy: text.nullable(),
  refundApprovedBy: text.nullable(),
  endedAs: text.nullable(),
  expiresOn: text.nullable(),
  scannedOn: text.nullable(),
  exchangeOrderId: text.nullable(),
  units: z.array(
    z.object({
      orderLineId: text,
      sku: text,
      state: text,
      condition: text.nullable(),
      grade: text.nullable(),
      qty: z.int(),
      costMinor: text.nullable().describe('What they cost when they were shipped.'),
      creditPpm: z.int(),
      credited: z.boolean(),
    }),
  ),
  credits: z.array(
    z.object({
      number: text,
      kind: text,
      issuedOn: text,
      currency: text,
      goodsMinor: text,
      shippingMinor: text,
      taxMinor: text,
      feeMinor: text,
      goodwillUsedMinor: text,
      refundMinor: text,
      owedMinor: text,
      trigger: text,
      approvedBy: text.nullable(),
    }),
  ),
  dispositions: z.array(
    z.object({
      kind: text,
      units: z.int(),
      costMinor: text,
      valueMinor: text,
      reason: text,
      decidedOn: text,
    }),
  ),
})

export const unsettledAnswer = z.object({
  returnNo: text,
  entity: text,
  channel: text.nullable(),
  site: text,
  orderNumber: text.nullable(),
  units: z.int(),
  since: text,
  ageDays: z.int(),
})

export const previewedReturn = z.object({
  phase: text,
  waitingFor: text,
  credited: z.object({ currency: text, minor: text }),
  stock: z.array(z.object({ sku: text, site: text, condition: text, delta: text })),
  newCases: z.array(text),
  outsideCalls: z.array(text),
  entries: z.array(
    z.object({
      eventType: text,
      lines: z.array(z.object({ account: text, amountMinor: text, currency: text })),
    }),
  ),
})
