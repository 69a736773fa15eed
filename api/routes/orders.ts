import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { OrderDocument } from '#contracts/order-intake'
import type { OrderProgress } from '#contracts/order-to-cash'
import type { OrderPhase } from '#domain/orders/phase'
import { readOrderDocument, orderDocumentSchema } from '#connectors/neutral/order-document'
import { listOrders, readOrder, type OrderRow } from '#db/queries/orders'
import { refuseSecond, storeDocument } from '#db/stores/inbox'
import { Refusal } from '#domain/refusal'
import { allows } from '#domain/access'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { callerOf, onceForProcess, orderInScope } from '../order-commands.ts'
import { isNotFound } from '../process-commands.ts'
import { orderDetail } from '../order-detail.ts'
import { progress } from '../order-schemas.ts'
import { placeOrder } from '#clients/order-process'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden, invalidInput, toProblem } from '../problem.ts'
import { bigId, businessDate, code, money, shortText, sku } from '../schemas.ts'
import { requireChannelScope } from '../scope.ts'

const tags = ['orders']
const params = z.object({ orderId: bigId })

const orderSummary = z.object({
  id: z.string(),
  orderNumber: z.string(),
  channel: z.string(),
  entity: z.string(),
  externalId: z.string(),
  phase: z.string(),
  waitingFor: z.string(),
  total: money,
  placedAt: z.string(),
  segment: z.string(),
  customerClass: z.string(),
  version: z.int(),
  closedAt: z.string().nullable(),
  openCases: z.int(),
  workflowId: z.string(),
})

const PHASES = [
  'held',
  'short',
  'backordered',
  'allocated',
  'released',
  'part-shipped',
  'shipped',
  'closed',
  'cancelled',
] as const satisfies OrderPhase[]

const orderFilter = z.strictObject({
  ...pageQuery,
  channel: code.optional(),
  phase: z.enum(PHASES).optional(),
  open: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  search: z.string().min(1).max(100).optional().describe('Order number or the channel’s order id.'),
  sku: sku.optional(),
  exceptionType: shortText.optional(),
  placedFrom: businessDate.optional(),
  placedTo: businessDate.optional(),
})

/** Sales orders: placing and reading. */
export async function orderRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addPlacing(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/orders',
    {
      config: { permission: 'orders:read' },
      schema: {
        summary: 'List orders, newest first',
        tags,
        querystring: orderFilter,
        response: { 200: pageOf(orderSummary) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      const rows = await listOrders(db, {
        ...filter,
        before: idCursor(cursor, MAX_BIGINT),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toSummary)
    },
  )
  server.get(
    '/orders/:orderId',
    {
      config: { permission: 'orders:read' },
      schema: {
        summary:
          'One order with its lines, holds, cases, stock, parcels, money, entries and time line',
        tags,
        params,
        response: { 200: orderDetail },
      },
    },
    async (request) => {
      const { id } = await orderInScope(db, request, request.params.orderId)
      return (await readOrder(db, id)) as z.output<typeof orderDetail>
    },
  )
}

function toSummary({ id, totalMinor, currency, ...row }: OrderRow) {
  return { ...row, id: id.toString(), total: { currency, minor: totalMinor.toString() } }
}

function addPlacing(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/orders',
    {
      config: { permission: 'orders:create' },
      schema: {
        summary: 'Place an order and learn whether it is released, held or short',
        tags,
        body: orderDocumentSchema,
        response: {
          201: progress,
          202: z
            .object({ outcome: z.literal('received'), inboxId: z.string(), detail: z.string() })
            .describe('Kept; its process starts as soon as the process engine is there again.'),
        },
      },
    },
    async (request, reply) => {
      const read = readOrderDocument(request.body)
      if (!read.ok)
        throw invalidInput(
          ...read.problems.map(({ field, message }) => ({ field: `body.${field}`, message })),
        )
      const document = { ...read.value, enteredBy: request.principal.actor }
      requirePaymentRight(request.principal, document)
      await requireChannelScope(deps.db, request.principal, document.channel)
      let inboxId: string | undefined
      try {
        const placed = await onceForProcess(deps.db, callerOf(request), async (attempt) => {
          ;({ inboxId } = await storeDocument(deps.db, {
            source: 'api',
            eventId: request.commandKey,
            topic: 'placed',
            document,
          }))
          return place(deps, request, { document, inboxId, attempt })
        })
        return reply.code(201).send(placed)
      } catch (error) {
        const { status, detail } = toProblem(error)
        if (inboxId === undefined || (status !== 202 && status !== 503)) throw error
        request.log.warn({ err: error, inboxId }, 'stored; the sweep will tell the order process')
        return reply.code(202).send({ outcome: 'received', inboxId, detail })
      }
    },
  )
}

/** FUL-8: who types an order in cannot say by themselves that it is paid, and so pass its holds. */
function requirePaymentRight(principal: Principal, { payment }: OrderDocument): void {
  if (payment.state === 'pending' || payment.state === 'terms') return
  if (allows(principal.roles, 'payments:state')) return
  throw forbidden(
    'PaymentNotStatable',
    `Your role cannot state that an order is ${payment.state}: send it as pending, or ask a supervisor to place it.`,
  )
}

interface Placing {
  document: OrderDocument
  inboxId: string
  attempt: string
}

async function place(
  { db, temporal, orderTaskQueue }: ApiDeps,
  { principal }: FastifyRequest,
  { document, inboxId, attempt }: Placing,
): Promise<OrderProgress> {
  const taskQueue = orderTaskQueue ? { taskQueue: orderTaskQueue } : {}
  const message = {
    inboxId,
    topic: 'placed',
    document,
    actor: principal.actor,
    ...taskQueue,
  } as const
  const placed = await placeOrder(temporal, message, attempt).catch((error: unknown) => {
    // The process is over and never heard of this request: another one placed the order.
    if (!isNotFound(error)) throw error
    return undefined
  })
  if ((await refuseSecond(db, inboxId)) || placed === undefined)
    throw new Refusal(
      'OrderExists',
      `${document.channel} has placed order ${document.externalId} before. Read it, or change it by its commands.`,
      { orderId: await idOf(db, document), field: 'body.externalId' },
    )
  return placed
}

async function idOf(db: ApiDeps['db'], document: OrderDocument): Promise<string | null> {
  const [row] = await db<{ id: bigint }[]>`
    SELECT o.id FROM sales_order o JOIN channel c ON c.id = o.channel_id WHERE c.code = ${document.channel} AND o.external_id = ${document.externalId}`
  return row ? row.id.toString() : null
}
