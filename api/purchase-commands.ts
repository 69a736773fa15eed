import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PurchaseCommand, PurchaseProgress } from '#contracts/procure-to-pay'
import { placeOfPurchase, type PurchasePlace } from '#db/queries/purchase-orders'
import { Refusal } from '#domain/refusal'
import { isInScope } from '#domain/scopes'
import type { ApiDeps, Principal } from './deps.ts'
import { notFound } from './problem.ts'
import { callerOf, onceForProcess } from './order-commands.ts'
import { commandProcess } from './process-commands.ts'
import { money } from './schemas.ts'

/** Where a purchase stands; the answer of every command on it. */
export const purchaseProgress = z.object({
  purchaseId: z.string(),
  poNumber: z.string(),
  version: z.int(),
  revision: z.int(),
  open: z.boolean(),
  phase: z.string(),
  waitingFor: z.string(),
  whoMayAct: z.string(),
  nextDeadline: z.string().nullable(),
  effects: z.array(z.object({ key: z.string(), summary: z.string() })),
  cases: z.array(z.object({ id: z.string(), type: z.string(), dueAt: z.string() })),
  sites: z.array(z.string()),
  entity: z.string(),
  supplier: z.string(),
  openValue: money,
  lines: z.int(),
  total: money,
})

/** A purchase that brings goods to no site of the caller's is none of theirs. */
export function reaches(principal: Principal, { entity, sites }: Reached): boolean {
  const held = principal.scopes.sites
  return (
    isInScope(principal.scopes, { entity }) &&
    (held === null || sites.some((site) => held.includes(site)))
  )
}

type Reached = Pick<PurchasePlace, 'entity' | 'sites'>

/** The purchase order, when it exists and its caller may command it. */
export async function purchaseInScope(
  { db }: Pick<ApiDeps, 'db'>,
  { principal }: Pick<FastifyRequest, 'principal'>,
  poNumber: string,
): Promise<PurchasePlace> {
  const place = await placeOfPurchase(db, poNumber)
  if (!place || !reaches(principal, place)) throw notFound('purchase order')
  return place
}

/**
 * Sends a command to the purchase's own process and answers where it stands after it, once per
 * caller and Idempotency-Key, also when the purchase is over.
 */
export async function commandPurchase<C extends PurchaseCommand>(
  { db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>,
  place: PurchasePlace,
  update: UpdateDefinition<PurchaseProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
  request: FastifyRequest | ReturnType<typeof callerOf>,
): Promise<PurchaseProgress> {
  const caller = 'asked' in request ? request : callerOf(request)
  const told = { ...command, key: caller.commandKey, actor: caller.principal.actor } as C
  const process = {
    ...{ workflowId: place.workflowId, under: `purchase-order/${place.id}/` },
    closed: () =>
      new Refusal(
        'PurchaseClosed',
        'The process of this purchase has ended: nothing can be commanded any more. Order anew, or receive goods that nobody expects.',
      ),
  }
  return onceForProcess(db, caller, (attempt) => {
    const asked = { command: told, updateId: `${update.name}/${attempt}` }
    return commandProcess({ db, temporal }, process, update, asked)
  })
}
