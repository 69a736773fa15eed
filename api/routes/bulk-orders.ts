import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { UpdateDefinition } from '@temporalio/common'
import * as contract from '#contracts/order-to-cash'
import type { Permission } from '#domain/access'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { callerOf, commandOrder, orderInScope } from '../order-commands.ts'
import { toProblem } from '../problem.ts'
import { bigId, reason, shortText } from '../schemas.ts'

const orderIds = z
  .array(bigId)
  .min(1)
  .max(100)
  .refine((ids) => new Set(ids).size === ids.length, { error: 'name each order once' })
const outcomes = z.object({
  items: z.array(
    z.object({
      orderId: z.string(),
      done: z.boolean(),
      phase: z.string().nullable(),
      waitingFor: z.string().nullable(),
      code: z.string().nullable().describe('Why not, as for one order alone.'),
      message: z.string().nullable(),
    }),
  ),
})
type Outcome = z.output<typeof outcomes>['items'][number]

/** So many orders are asked at once. */
const AT_ONCE = 8

/** Holds or releases many orders: each by a command of its own, each with its own outcome (FUL-13). */
export async function bulkOrderRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addBulk(server, deps, {
    path: 'holds',
    permission: 'orders:update',
    summary: 'Hold orders by hand; says for each what came of it',
    body: z.strictObject({ orderIds, reason, keepsStock: z.boolean().optional() }),
    update: contract.placeHold,
  })
  addBulk(server, deps, {
    path: 'releases',
    permission: 'orders:decide',
    summary: 'Release allocated orders to the warehouse; says for each what came of it',
    body: z.strictObject({ orderIds, note: shortText.optional() }),
    update: contract.releaseOrder,
  })
}

interface Bulk<C extends contract.CommandBase> {
  path: string
  permission: Permission
  summary: string
  body: z.ZodType<{ orderIds: string[] } & Omit<C, 'key' | 'actor'>>
  update: UpdateDefinition<contract.OrderProgress, [C]>
}

function addBulk<C extends contract.CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { path, permission, summary, body, update }: Bulk<C>,
): void {
  server.post(
    `/orders/${path}`,
    {
      config: { permission },
      schema: { summary, tags: ['orders'], body, response: { 200: outcomes } },
    },
    async (request) => {
      const { orderIds: ids, ...command } = request.body as { orderIds: string[] }
      const items: Outcome[] = []
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const asked = ids
          .slice(from, from + AT_ONCE)
          .map((id) => carryOut(deps, request, id, update, command as Omit<C, 'key' | 'actor'>))
        items.push(...(await Promise.all(asked)))
      }
      return { items }
    },
  )
}

/** The key names the order too, so that the same request again is the same commands again. */
async function carryOut<C extends contract.CommandBase>(
  deps: ApiDeps,
  request: FastifyRequest,
  orderId: string,
  update: UpdateDefinition<contract.OrderProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
): Promise<Outcome> {
  const caller = { ...callerOf(request), commandKey: `${request.commandKey}/${orderId}` }
  try {
    const place = await orderInScope(deps.db, request, orderId)
    const { phase, waitingFor } = await commandOrder(deps, place, update, command, caller)
    return { orderId, done: true, phase, waitingFor, code: null, message: null }
  } catch (error) {
    const { code, detail } = toProblem(error)
    if (code === 'Internal') throw error
    return { orderId, done: false, phase: null, waitingFor: null, code, message: detail }
  }
}
