import { z } from 'zod'
import * as contract from '#contracts/order-to-cash'
import { listFulfilments, type FulfilmentRow } from '#db/queries/stock'
import type { UpdateDefinition } from '@temporalio/common'
import type { Permission } from '#domain/access'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { fulfilmentInScope } from '../fulfilment-scope.ts'
import { callerOf, commandOrder } from '../order-commands.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { bigId, businessDate, code, positiveInt, reason, shortText } from '../schemas.ts'
import { placeOfOrder } from '#db/queries/orders'
import { progress } from '../order-schemas.ts'

const tags = ['fulfilment']
const params = z.object({ fulfilmentId: bigId })
const fulfilment = z.object({
  id: z.string(),
  orderId: z.string(),
  orderNumber: z.string(),
  site: z.string(),
  entity: z.string(),
  channel: z.string(),
  state: z.string(),
  carrier: z.string().nullable(),
  service: z.string().nullable(),
  shipOn: z.string(),
  promiseOn: z.string().nullable(),
  releasedAt: z.string(),
  lines: z.array(
    z.object({
      orderLineId: z.string(),
      sku: z.string(),
      qty: z.int(),
      picked: z.int(),
      shipped: z.int(),
      cancelled: z.int(),
    }),
  ),
})
const reference = z.string().regex(/^[\w.:#-]{1,80}$/, {
  error: 'send the warehouse’s own reference, letters, digits and .:#-_',
})
const pick = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        orderLineId: bigId,
        picked: z.int().min(0).max(1_000_000),
        shortReason: reason.optional(),
      }),
    )
    .min(1)
    .max(500),
})
const parcel = z.strictObject({
  trackingNumber: z
    .string()
    .regex(/^[\w-]{4,60}$/)
    .optional(),
  carrier: shortText.optional(),
  service: shortText.optional(),
  weightG: positiveInt.optional(),
  lines: z
    .array(z.strictObject({ orderLineId: bigId, qty: positiveInt }))
    .min(1)
    .max(500)
    .optional()
    .describe('What it holds; said of every parcel or of none.'),
})
const shipment = z.strictObject({
  reference,
  shippedOn: businessDate.optional(),
  parcels: z.array(parcel).max(100).optional(),
  lines: z
    .array(z.strictObject({ orderLineId: bigId, qty: positiveInt }))
    .min(1)
    .max(500)
    .optional()
    .describe('Absent: everything that is still open.'),
})
const dimension = positiveInt.optional()
const labels = z.strictObject({
  parcels: z
    .array(
      z.strictObject({
        weightG: positiveInt,
        lengthMm: dimension,
        widthMm: dimension,
        heightMm: dimension,
      }),
    )
    .min(1)
    .max(50),
  service: z.strictObject({ carrier: shortText, service: shortText, reason }).optional(),
})

/** What the warehouse sees and says: fulfilment orders, picks, labels, shipments. */
export async function fulfilmentRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addCommands(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/fulfilment-orders',
    {
      config: { permission: 'fulfilment:read' },
      schema: {
        summary: 'What the warehouse has to do',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z
            .enum(['released', 'recall-requested', 'recalled', 'rejected', 'shipped', 'cancelled'])
            .optional(),
          site: code.optional(),
        }),
        response: { 200: pageOf(fulfilment) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      const rows = await listFulfilments(db, {
        ...filter,
        after: idCursor(cursor),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toFulfilment)
    },
  )
  server.get(
    '/fulfilment-orders/:fulfilmentId',
    {
      config: { permission: 'fulfilment:read' },
      schema: { summary: 'One fulfilment order', tags, params, response: { 200: fulfilment } },
    },
    async (request) =>
      toFulfilment(await fulfilmentInScope(db, request.principal, request.params.fulfilmentId)),
  )
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  addCommand(server, deps, {
    path: 'picks',
    permission: 'fulfilment:confirm',
    summary: 'Say what was picked; less than asked needs a reason',
    body: pick,
    update: contract.confirmPick,
  })
  addCommand(server, deps, {
    path: 'shipments',
    permission: 'shipments:confirm',
    summary:
      'Confirm that goods have left: stock, cost, revenue, tax and invoice follow in one transaction',
    body: shipment,
    update: contract.confirmShipment,
  })
  addCommand(server, deps, {
    path: 'rejection',
    permission: 'fulfilment:confirm',
    summary: 'Say that the site will not ship this; the order goes to another one',
    body: z.strictObject({ reason }),
    update: contract.rejectFulfilment,
  })
  addCommand(server, deps, {
    path: 'labels',
    permission: 'shipments:confirm',
    summary:
      'Buy a label for each parcel: the cheapest service that keeps the promise; another one needs a reason',
    body: labels,
    update: contract.buyLabels,
  })
}

interface Command<C extends contract.CommandBase> {
  path: string
  permission: Permission
  summary: string
  body: z.ZodType
  update: UpdateDefinition<contract.OrderProgress, [C]>
}

function addCommand<C extends contract.CommandBase & { fulfilmentId: string }>(
  server: ApiServer,
  deps: ApiDeps,
  { path, permission, summary, body, update }: Command<C>,
): void {
  server.post(
    `/fulfilment-orders/:fulfilmentId/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: progress } },
    },
    async (request) => {
      const { fulfilmentId } = request.params as { fulfilmentId: string }
      const row = await fulfilmentInScope(deps.db, request.principal, fulfilmentId)
      const place = (await placeOfOrder(deps.db, row.orderId))!
      const command = { fulfilmentId, ...(request.body as object) } as Omit<C, 'key' | 'actor'>
      return commandOrder(deps, place, update, command, callerOf(request))
    },
  )
}

function toFulfilment({ id, orderId, ...row }: FulfilmentRow) {
  return { ...row, id: id.toString(), orderId: orderId.toString() }
}
