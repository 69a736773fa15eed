import { z } from 'zod'
import { readBillSides, type BillSides } from '#db/queries/bill-sides'
import { billTolerances } from '#db/queries/bill-tolerances'
import { differencesOf, type Tolerance } from '#domain/purchasing/bill-match'
import { billParams } from '../bill-schemas.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { visible } from '../scope.ts'

const text = z.string()
const difference = z
  .object({ by: text, passes: z.boolean() })
  .nullable()
  .describe('Above zero: more than expected; it passes within the percentage and the amount.')

const line = z.object({
  lineNo: z.int(),
  sku: text.nullable(),
  description: text,
  ordered: z
    .object({
      poNumber: text,
      lineNo: z.int(),
      qty: text,
      unitPriceMinor: text.describe('For `pricePer` units.'),
      pricePer: text,
      billedQty: text.describe('By all bills that are posted.'),
    })
    .nullable(),
  received: z.array(
    z.object({
      receiptNo: text,
      lineNo: z.int(),
      receivedOn: text,
      qty: text,
      rejectedQty: text,
      valueMinor: text.describe('Of the goods, without freight expected with them.'),
    }),
  ),
  billed: z.object({ qty: text, netMinor: text, acceptedNetMinor: text.nullable() }),
  expectedMinor: text.nullable().describe('Null where no order or receipt is known for the line.'),
  allowedQty: text.nullable(),
  price: difference,
  qty: difference,
  tolerance: z.object({ pricePpm: text, priceMinor: text, qtyPpm: text, qtyUnits: text }),
  approvedBy: z.object({ price: text.nullable(), qty: text.nullable() }),
})

/** Order, receipt and bill side by side. */
export async function billMatchRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/vendor-bills/:billId/match',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'Order, receipts and bill side by side, with what differs and what is tolerated',
        tags: ['vendor-bills'],
        params: billParams,
        response: { 200: z.object({ currency: text, lines: z.array(line) }) },
      },
    },
    async ({ params, principal }) => {
      const found = await readBillSides(db, BigInt(params.billId))
      const bill = visible(principal, found, 'bill', ({ entity }) => ({ entity }))
      const toleranceOf = await billTolerances(db, bill)
      return {
        currency: bill.currency,
        lines: bill.lines.map((one) => wireLine(one, toleranceOf(one.itemId))),
      }
    },
  )
}

function wireLine(side: BillSides, tolerance: Tolerance) {
  const { lineNo, sku, description, ordered, received, qty, netMinor, found } = side
  const differences =
    found &&
    differencesOf({
      ...{ qty, netMinor, tolerance },
      expectedMinor: BigInt(found.expectedMinor),
      allowedQty: BigInt(found.allowedQty),
    })
  return {
    ...{ lineNo, sku, description, ordered, received },
    billed: {
      qty: `${qty}`,
      netMinor: `${netMinor}`,
      acceptedNetMinor: side.acceptedNetMinor === null ? null : `${side.acceptedNetMinor}`,
    },
    expectedMinor: found?.expectedMinor ?? null,
    allowedQty: found?.allowedQty ?? null,
    price: differences && {
      by: `${differences.price.byMinor}`,
      passes: differences.price.passes,
    },
    qty: differences && { by: `${differences.qty.byQty}`, passes: differences.qty.passes },
    tolerance: {
      pricePpm: `${tolerance.pricePpm}`,
      priceMinor: `${tolerance.priceMinor}`,
      qtyPpm: `${tolerance.qtyPpm}`,
      qtyUnits: `${tolerance.qtyUnits}`,
    },
    approvedBy: { price: side.priceApprovedBy, qty: side.qtyApprovedBy },
  }
}
