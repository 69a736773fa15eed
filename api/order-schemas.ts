import { z } from 'zod'
import { money } from './schemas.ts'

/** Where an order stands; the answer of every command on it. */
export const progress = z.object({
  orderId: z.string(),
  orderNo: z.string(),
  version: z.int(),
  open: z.boolean(),
  phase: z.string(),
  waitingFor: z.string(),
  whoMayAct: z.string(),
  nextDeadline: z.string().nullable(),
  effects: z.array(z.object({ key: z.string(), summary: z.string() })),
  cases: z.array(z.object({ id: z.string(), type: z.string(), dueAt: z.string() })),
  sites: z.array(z.string()),
  entity: z.string(),
  moneyAtRisk: money,
  lines: z.int(),
  total: money,
})

/** What became of a refused document that somebody decided on; its process goes on by itself. */
export const documentDecided = z.object({
  inboxId: z.string(),
  outcome: z.enum(['received', 'refused']),
})

export const previewedEffect = z.object({
  phase: z.string(),
  waitingFor: z.string(),
  money: z.object({
    currency: z.string(),
    orderValueBeforeMinor: z.string(),
    orderValueAfterMinor: z.string(),
    refundMinor: z.string(),
    marginAfterMinor: z
      .string()
      .nullable()
      .describe('Null: nobody knows what some of its units cost.'),
  }),
  stock: z.array(z.object({ sku: z.string(), site: z.string(), reservedDelta: z.int() })),
  split: z
    .object({
      reason: z.string(),
      sites: z.array(z.string()),
      freightMinor: z.string(),
      extraMinor: z.string(),
      currency: z.string(),
    })
    .nullable(),
  promises: z.array(z.object({ sku: z.string(), promiseOn: z.string().nullable() })),
  newCases: z.array(z.string()),
  outsideCalls: z.array(z.string()),
  entries: z.array(
    z.object({
      eventType: z.string(),
      lines: z.array(
        z.object({ account: z.string(), amountMinor: z.string(), currency: z.string() }),
      ),
    }),
  ),
})
