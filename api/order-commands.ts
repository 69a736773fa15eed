import { WorkflowNotFoundError } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import type { AddressDocument } from '#contracts/order-intake'
import type { CommandBase, OrderProgress } from '#contracts/order-to-cash'
import { placeOfOrder, type OrderPlace } from '#db/queries/orders'
import type { Db } from '#db/client'
import { askOnce, committedAnswer } from '#db/commit-once'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { withGivenAddress } from './given-address.ts'
import { isRefused } from './problem.ts'
import { requireScope, visible } from './scope.ts'

/** Who commands, under which key, and what: the key belongs to exactly that for ever. */
export interface CommandCaller {
  commandKey: string
  principal: { actor: string }
  asked: unknown
  /** Travels not with the command: the process is told where it is kept. */
  address?: AddressDocument | undefined
}

/** A request of a known caller, as the one who commands. */
export function callerOf(request: FastifyRequest): CommandCaller {
  const { commandKey, principal, routeOptions, method, params, body } = request
  const route = `${method} ${routeOptions.url}`
  return { commandKey, principal, asked: { route, params, body: body ?? null } }
}

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
 * Sends a command to the order's own process and answers where the order stands after it, once per
 * caller and Idempotency-Key: the same request gets the first answer again, also when the order
 * is over; another one under that key is refused. What was refused may be sent again.
 */
export async function commandOrder<C extends CommandBase>(
  { db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>,
  place: OrderPlace,
  update: UpdateDefinition<OrderProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
  caller: CommandCaller,
  /** Who may still take the command when the process has ended; undefined says nobody. */
  whenEnded?: (command: C, updateId: string) => Promise<OrderProgress | undefined>,
): Promise<OrderProgress> {
  const { commandKey, principal, address } = caller
  const process = temporal.workflow.getHandle(place.workflowId)
  const tell = async (updateId: string, kept: { addressId?: string }) => {
    const args = [{ ...command, ...kept, key: commandKey, actor: principal.actor } as C] as [C]
    try {
      return await process.executeUpdate(update, { args, updateId })
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      return process
        .getUpdateHandle<OrderProgress>(updateId)
        .result()
        .catch(async (cause: unknown) => {
          if (!isNotFound(cause)) throw cause
          // The engine may not know any more what a process was asked; the commit is there for ever.
          const done = { under: `order/${place.id}/`, key: commandKey }
          const answer =
            (await committedAnswer<OrderProgress>(db, done)) ??
            (await whenEnded?.(args[0], updateId))
          if (!answer) throw orderClosed()
          return answer
        })
    }
  }
  return onceForProcess(db, caller, (attempt) =>
    withGivenAddress(db, { orderId: place.id, attempt, address }, (kept) =>
      tell(`${update.name}/${attempt}`, kept),
    ),
  )
}

/** A command whose commit is a process's: its key belongs to this route and this request for ever. */
export async function onceForProcess<T>(
  db: Db,
  { commandKey: key, principal, asked }: CommandCaller,
  ask: (attempt: string) => Promise<T>,
): Promise<T> {
  const command = { key, request: asked, actor: principal.actor }
  return askOnce(db, command, ask, isRefused)
}

function orderClosed(): Refusal {
  return new Refusal(
    'OrderClosed',
    'The process of this order has ended: nothing can be commanded any more. Open a return, or a new order.',
  )
}

/** The engine's answer when it knows no such update of a process that is over. */
export function isNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true
  const { code, cause } = error as { code?: number; cause?: { code?: number } }
  return (code ?? cause?.code) === 5
}
