import { z } from 'zod'
import * as p2p from '#contracts/procure-to-pay'
import { Refusal } from '#domain/refusal'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { purchaseInScope } from '../purchase-commands.ts'
import { purchaseCommand, purchaseNumber, withoutAbsent } from '../purchase-routes.ts'
import {
  bigId,
  businessDate,
  code,
  minorText,
  money,
  positiveInt,
  reason,
  sku,
} from '../schemas.ts'

const tags = ['purchase orders']
const params = z.object({ poNumber: purchaseNumber })
const ofChange = params.extend({ changeId: bigId })
const units = z.string().regex(/^(0|[1-9]\d{0,11})$/, { error: 'send whole units as text' })
const some = units.refine((value) => value !== '0', { error: 'from "1"' })
const price = minorText.refine((value) => !value.startsWith('-'), {
  error: 'a price is not negative',
})

const terms = z
  .array(
    z.strictObject({
      lineNo: positiveInt,
      qty: units.optional().describe('Units of the line in all, with those that have come.'),
      unitPriceMinor: price.optional(),
      pricePer: some.optional(),
      neededOn: businessDate.optional(),
    }),
  )
  .max(500)
const change = z.strictObject({
  reason,
  lines: terms.optional(),
  added: z
    .array(
      z.strictObject({
        ...{ sku, site: code, qty: some, neededOn: businessDate },
        unitPriceMinor: price.optional(),
        pricePer: some.optional(),
        landedEstimateMinor: price.optional(),
        inspect: z.boolean().optional(),
      }),
    )
    .max(500)
    .optional(),
  expectedVersion: positiveInt.optional().describe('The version that you read.'),
})

/** Other terms of an order that its supplier has: asked for, signed, answered. */
export async function purchaseChangeRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addAsking(server, deps)
  addAnswers(server, deps)
}

function addAsking(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    path: '/changes',
    permission: 'purchase-orders:update',
    summary: 'Ask the supplier for other terms of an order that it has',
    description:
      'Nothing changes before it agrees. What makes the order dearer waits for a signature first.',
    ...{ params, body: change, update: p2p.changeSentPurchase },
    sites: ({ added = [] }) => added.map(({ site }) => site),
  })
  server.post(
    '/purchase-orders/:poNumber/changes/preview',
    {
      config: { permission: 'purchase-orders:update' },
      schema: {
        summary: 'What a change would do once the supplier agrees; nothing is changed by asking',
        tags,
        params,
        body: change,
        response: {
          200: z.object({
            totalBefore: money,
            totalAfter: money,
            needs: z
              .string()
              .nullable()
              .describe('Whose signature it waits for before it is sent.'),
            supply: z.array(z.object({ source: z.string(), open: z.string(), dueOn: z.string() })),
          }),
        },
      },
    },
    async (request) => {
      const place = await purchaseInScope(deps, request, request.params.poNumber)
      if (!deps.purchasePreviews)
        throw new Refusal('NothingToPreview', 'Previews of purchases are not available here.')
      return deps.purchasePreviews.changeSentPurchase(`${place.id}`, {
        ...withoutAbsent<Omit<p2p.ChangeSentPurchase, 'key' | 'actor'>>(request.body),
        ...{ key: `preview/${request.id}`, actor: request.principal.actor },
      })
    },
  )
}

function addAnswers(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    path: '/changes/:changeId/approval',
    permission: 'purchase-orders:approve',
    summary: 'Sign a change that others wrote, or refuse it; withdraw one that was sent',
    params: ofChange,
    body: z.strictObject({ decision: z.enum(['approved', 'rejected', 'withdrawn']) }),
    update: p2p.decidePurchaseChange,
    tell: ({ params: { changeId }, body, principal: { roles } }) => ({ changeId, ...body, roles }),
  })
  purchaseCommand(server, deps, {
    path: '/changes/:changeId/answer',
    permission: 'purchase-orders:update',
    summary: 'What the supplier says to a change, when it is not an X12 865 that says it',
    params: ofChange,
    body: z.strictObject({
      answer: z.enum(['accepted', 'refused']),
      lines: terms.optional().describe('What it offers instead.'),
    }),
    update: p2p.answerPurchaseChange,
    tell: ({ params: { changeId }, body }) => ({ ...body, changeId, source: 'person' }),
  })
}
