import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  resolvePurchaseCase,
  type PreviewedPurchase,
  type PurchasePreviews,
  type PurchaseProgress,
  type ResolvePurchaseCase,
} from '#contracts/procure-to-pay'
import type { CaseRow } from '#db/queries/exceptions'
import { placeOfPurchaseId } from '#db/queries/purchase-orders'
import { Refusal } from '#domain/refusal'
import type { Resolution } from '#domain/orders/exceptions'
import { answerOf } from './case-scope.ts'
import type { ApiDeps } from './deps.ts'
import { notFound } from './problem.ts'
import type { CommandCaller } from './order-commands.ts'
import { commandPurchase } from './purchase-commands.ts'

/** What a choice would do to stock, what is to come, and the books. */
export const previewedPurchase = z.object({
  phase: z.string(),
  waitingFor: z.string(),
  stock: z.array(
    z.object({ sku: z.string(), site: z.string(), condition: z.string(), delta: z.string() }),
  ),
  supply: z.array(z.object({ source: z.string(), open: z.string(), dueOn: z.string() })),
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

interface Chosen {
  resolution: Resolution
  params?: Record<string, unknown> | undefined
}

/** Tells a purchase's process what was chosen about its case. */
export async function decidePurchaseCase(
  deps: ApiDeps,
  found: CaseRow,
  chosen: Chosen,
  caller: CommandCaller,
): Promise<PurchaseProgress> {
  const place = await placeOfPurchaseId(deps.db, found.subjectId)
  if (!place) throw notFound('purchase order')
  const command = commandOf(found, chosen)
  try {
    return await commandPurchase(deps, place, resolvePurchaseCase, command, caller)
  } catch (error) {
    throw answerOf(found, error)
  }
}

export async function previewPurchaseCase(
  previews: PurchasePreviews | undefined,
  request: FastifyRequest,
  found: CaseRow,
): Promise<PreviewedPurchase> {
  if (!previews)
    throw new Refusal('NothingToPreview', 'Previews of purchases are not available here.')
  return previews.resolvePurchaseCase(found.subjectId, {
    ...commandOf(found, request.body as Chosen),
    ...{ key: `preview/${request.id}`, actor: request.principal.actor },
  })
}

function commandOf(
  found: CaseRow,
  { resolution, params }: Chosen,
): Omit<ResolvePurchaseCase, 'key' | 'actor'> {
  return { caseId: `${found.id}`, resolution, ...(params ? { params } : {}) }
}
