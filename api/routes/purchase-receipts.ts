import { z } from 'zod'
import * as p2p from '#contracts/procure-to-pay'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { purchaseCommand } from '../purchase-routes.ts'
import { lotCode, lotFields } from '../lot-schemas.ts'
import { businessDate, code, minorText, positiveInt, reason, shortText, sku } from '../schemas.ts'

const units = z
  .string()
  .regex(/^\d{1,12}$/, { error: 'send whole units as text, e.g. "12"' })
  .meta({ example: '12' })
const price = minorText.refine((value) => !value.startsWith('-'), {
  error: 'a price is not negative',
})
const documentNo = z
  .string()
  .regex(/^[\w.:#/-]{1,60}$/, { error: 'send the number of the document' })
const params = z.object({ poNumber: z.string().min(1).max(60).meta({ example: 'PO-1001' }) })

const acknowledgement = z.strictObject({
  ackNo: documentNo,
  rejected: z.boolean().optional().describe('The supplier refuses the whole order.'),
  lines: z
    .array(
      z.strictObject({
        lineNo: positiveInt,
        qty: units,
        unitPriceMinor: price.optional(),
        pricePer: units.refine((value) => BigInt(value) > 0n, { error: 'from "1"' }).optional(),
        promisedOn: businessDate.optional(),
      }),
    )
    .max(500),
})
const shipNotice = z.strictObject({
  asnNo: documentNo,
  shippedOn: businessDate,
  expectedOn: businessDate.optional(),
  carrier: shortText.optional(),
  billOfLading: shortText.optional(),
  trackingNumber: shortText.optional().describe('Of the parcel that goes to a buyer.'),
  lines: z
    .array(
      z.strictObject({
        lineNo: positiveInt,
        qty: units.refine((value) => BigInt(value) > 0n, { error: 'from "1"' }),
        lot: shortText.optional(),
        packageNo: shortText.optional(),
      }),
    )
    .min(1)
    .max(500),
})
const receipt = z.strictObject({
  receiptNo: z.string().regex(/^[\w.:#-]{1,70}$/),
  site: code,
  receivedOn: businessDate.optional(),
  asnNo: documentNo.optional().describe('The ship notice that came with the goods.'),
  lines: z
    .array(
      z
        .strictObject({
          lineNo: positiveInt.optional(),
          sku: sku.optional().describe('Of an item that was not ordered, instead of a line.'),
          qty: units.describe('Units that are good.'),
          damaged: units.optional(),
          note: shortText.optional(),
          ...lotFields,
          scans: z
            .array(z.string().min(1).max(200))
            .min(1)
            .max(2000)
            .optional()
            .describe('GS1 codes that were read; together they stand for the units counted.'),
        })
        .refine((line) => (line.lineNo === undefined) !== (line.sku === undefined), {
          error: 'send lineNo, or the sku of what was not ordered',
        }),
    )
    .min(1)
    .max(2000),
})
const inspection = z.strictObject({
  receiptNo: z.string().min(1).max(80),
  inspectedOn: businessDate.optional(),
  lines: z
    .array(
      z
        .strictObject({
          receiptLineNo: positiveInt,
          accepted: units,
          rejected: units,
          reason: reason.optional(),
          rejectedLots: z
            .array(lotCode)
            .max(2000)
            .optional()
            .describe('Which lots or serials are rejected; absent: whichever come last.'),
        })
        .refine((line) => BigInt(line.accepted) + BigInt(line.rejected) > 0n, {
          error: 'judge at least one unit',
        })
        .refine((line) => BigInt(line.rejected) === 0n || line.reason !== undefined, {
          error: 'say why units are rejected',
        }),
    )
    .min(1)
    .max(500),
})

/** What suppliers say and bring: confirmations, ship notices, goods, and what is thought of them. */
export async function purchaseReceiptRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addConfirmations(server, deps)
  addGoods(server, deps)
}

function addConfirmations(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    path: '/acknowledgements',
    permission: 'purchase-orders:update',
    summary: 'What the supplier confirms; what differs too much waits for an approver',
    ...{ params, body: acknowledgement, update: p2p.acknowledgePurchase },
    tell: ({ body }) => ({ ...body, source: 'person' }),
  })
  purchaseCommand(server, deps, {
    path: '/ship-notices',
    permission: 'purchase-orders:update',
    summary: 'What is on its way and when it comes; orders that wait are promised by it',
    ...{ params, body: shipNotice, update: p2p.announceShipment },
    tell: ({ body }) => ({ ...body, source: 'person' }),
  })
}

function addGoods(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    path: '/receipts',
    permission: 'receipts:confirm',
    summary: 'Receive goods of the order: counted, valued, on the shelf and in the books',
    ...{ params, body: receipt, update: p2p.receivePurchase },
    sites: ({ site }) => [site],
  })
  purchaseCommand(server, deps, {
    path: '/inspections',
    permission: 'receipts:confirm',
    summary: 'Judge goods that wait: accepted ones may be sold, rejected ones are not owed',
    ...{ params, body: inspection, update: p2p.inspectGoods },
  })
}
