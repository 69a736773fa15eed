import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import type { AddressDocument } from '#contracts/order-intake'
import type { CommandBase, OrderProgress } from '#contracts/order-to-cash'
import { placeOfOrder, type OrderPlace } from '#db/queries/orders'
import type { Db } from '#db/client'
import { askOnce } from '#db/commit-once'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { withGivenAddress } from './given-address.ts'
import { isRefused } from './problem.ts'
import { commandProcess } from './process-commands.ts'
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
  return onceForProcess(db, caller, (attempt) =>
    withGivenAddress(db, { orderId: place.id, attempt, address }, (kept) => {
      const told = { ...command, ...kept, key: commandKey, actor: principal.actor } as C
      const updateId = `${update.name}/${attempt}`
      const process = {
        ...{ workflowId: place.workflowId, under: `order/${place.id}/`, closed: orderClosed },
        whenEnded: async () => whenEnded?.(told, updateId),
      }
      return commandProcess({ db, temporal }, process, update, { command: told, updateId })
    }),
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
