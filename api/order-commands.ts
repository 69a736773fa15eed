import { createHash } from 'node:crypto'
import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import type { CommandBase, OrderProgress } from '#contracts/order-to-cash'
import { placeOfOrder, type OrderPlace } from '#db/queries/orders'
import type { Db } from '#db/client'
import { canonicalJson } from '#db/commit-once'
import { Refusal } from '#domain/refusal'
import { requireScope, visible } from './scope.ts'

/** The order, when it exists and its caller may command it. */
export async function orderInScope(
  db: Db,
  request: Pick<FastifyRequest, 'principal'>,
  id: string,
): Promise<OrderPlace> {
  const place = visible(request.principal, await placeOfOrder(db, BigInt(id)), 'order', (row) => ({
    entity: row.entity,
    channel: row.channel,
  }))
  requireScope(request.principal, { entity: place.entity, channel: place.channel })
  return place
}

/**
 * Sends a command to the order's own process and answers where the order stands after it. The
 * caller's Idempotency-Key is the key of the commit, so a repeat is one. The update's id names
 * the content too: the engine would otherwise give another request the first one's answer.
 */
export async function commandOrder<C extends CommandBase>(
  temporal: Client,
  place: OrderPlace,
  update: UpdateDefinition<OrderProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
  request: Pick<FastifyRequest, 'commandKey' | 'principal'>,
): Promise<OrderProgress> {
  const { commandKey, principal } = request
  const args = [{ ...command, key: commandKey, actor: principal.actor } as C] as [C]
  const content = createHash('sha256').update(canonicalJson(command)).digest('hex').slice(0, 16)
  const process = temporal.workflow.getHandle(place.workflowId)
  const updateId = `${update.name}/${commandKey}/${content}`
  try {
    return await process.executeUpdate(update, { args, updateId })
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    return process
      .getUpdateHandle<OrderProgress>(updateId)
      .result()
      .catch((cause: unknown) => {
        throw cause instanceof WorkflowNotFoundError || isNotFound(cause) ? orderClosed() : cause
      })
  }
}

function orderClosed(): Refusal {
  return new Refusal(
    'OrderClosed',
    'The process of this order has ended: nothing can be commanded any more. Open a return, or a new order.',
  )
}

/** The engine's answer when it knows no such update of a process that is over. */
function isNotFound(error: unknown): boolean {
  const { code, cause } = error as { code?: number; cause?: { code?: number } }
  return (code ?? cause?.code) === 5
}
