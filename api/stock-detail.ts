import { z } from 'zod'

/** The rows behind a stock number, on the wire; units and minor units are text. */

const text = z.string()
const units = text.meta({ example: '12' })

export const stockDetail = z.object({
  sku: text,
  positions: z.array(z.object({ site: text, condition: text, onHand: units, reserved: units })),
  reservations: z.array(
    z.object({
      orderId: text,
      orderNumber: text,
      orderLineId: text,
      site: text,
      live: z.int(),
    }),
  ),
  layers: z
    .array(
      z.object({
        id: text,
        site: text,
        condition: text,
        rankedOn: text,
        remainingQty: units,
        remainingMinor: text,
        source: text.describe('Type and id of what brought it, as `receipt/12/1`.'),
      }),
    )
    .describe('In the order in which they are consumed; in the functional currency of the site.'),
  pools: z.array(z.object({ channel: text, site: text, qty: units, reason: text })),
  safetyStock: z.array(
    z.object({ site: text, safetyStock: units, from: text, reason: text, actor: text }),
  ),
  expected: z.array(z.object({ site: text, open: units, dueOn: text, source: text })),
})
