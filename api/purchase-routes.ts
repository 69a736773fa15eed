import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PurchaseCommand, PurchaseProgress } from '#contracts/procure-to-pay'
import type { Permission } from '#domain/access'
import type { ApiDeps, ApiServer, Principal } from './deps.ts'
import { commandPurchase, purchaseInScope, purchaseProgress } from './purchase-commands.ts'
import { requireScope } from './scope.ts'

/** The number of a purchase order, as we give it. */
export const purchaseNumber = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$/, {
    error: 'send letters, digits, dots, dashes and underscores, at most 41',
  })
  .meta({ example: 'PO-1001' })

/** Members that were left out are absent, as processes expect them. */
export function withoutAbsent<Told>(body: object): Told {
  return JSON.parse(JSON.stringify(body)) as Told
}

interface Asked<P, B> {
  params: P
  body: B
  principal: Principal
}

interface PurchaseRoute<
  P extends z.ZodType<{ poNumber: string }>,
  B extends z.ZodType<object>,
  C extends PurchaseCommand,
> {
  method?: 'POST' | 'PUT'
  /** What follows `/purchase-orders/:poNumber`. */
  path: string
  permission: Permission
  summary: string
  description?: string
  params: P
  body: B
  update: UpdateDefinition<PurchaseProgress, [C]>
  /** Sites that the caller has to reach beside one of the order's. */
  sites?(body: z.output<B>): readonly string[]
  /** What the process is told; absent: the body as it came. */
  tell?(asked: Asked<z.output<P>, z.output<B>>): object
}

/** A command on a purchase order, told to its own process and answered with where it then stands. */
export function purchaseCommand<
  P extends z.ZodType<{ poNumber: string }>,
  B extends z.ZodType<object>,
  C extends PurchaseCommand,
>(server: ApiServer, deps: ApiDeps, route: PurchaseRoute<P, B, C>): void {
  const { method = 'POST', path, permission, update, sites, tell, ...described } = route
  const { summary, description, params, body } = described
  server.route({
    method,
    url: `/purchase-orders/:poNumber${path}`,
    config: { permission, asksProcess: true },
    schema: {
      ...{ summary, tags: ['purchase orders'], params, body, response: { 200: purchaseProgress } },
      ...(description === undefined ? {} : { description }),
    },
    handler: async (request) => {
      const asked = request as FastifyRequest as FastifyRequest & Asked<z.output<P>, z.output<B>>
      const place = await purchaseInScope(deps, asked, asked.params.poNumber)
      for (const site of sites?.(asked.body) ?? [])
        requireScope(asked.principal, { entity: place.entity, site })
      const command = withoutAbsent<Omit<C, 'key' | 'actor'>>(tell ? tell(asked) : asked.body)
      return commandPurchase(deps, place, update, command, asked)
    },
  })
}
