import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { requestVendorReturn } from '#clients/stock-documents'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import * as contract from '#contracts/vendor-return'
import { listVendorReturns, placeOfReceipt, type VendorReturnRow } from '#db/queries/vendor-returns'
import type { Permission } from '#domain/access'
import { commandDocument } from '../document-commands.ts'
import { documentNo, documentProgress, someUnits } from '../document-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { callerOf, onceForProcess } from '../order-commands.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { businessDate, code, money, positiveInt, reason } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['vendor returns']
const text = z.string()
const params = z.object({ returnNo: documentNo })
const receiptNo = z.string().min(1).max(80)
const vendorReturn = z.object({
  id: text,
  returnNo: text,
  entity: text,
  site: text,
  receiptNo: text,
  party: text,
  phase: text,
  version: z.int(),
  reason: text,
  requestedBy: text,
  reference: text.nullable(),
  shippedOn: text.nullable(),
  uncredited: money.describe('What the supplier is still to credit.'),
  lines: z.array(
    z.object({
      receiptLineNo: z.int(),
      sku: text,
      condition: text.describe('From where the units leave.'),
      qty: text,
      state: text,
      unbilledQty: text.nullable().describe('Units that no bill had matched when they left.'),
      creditMinor: text.nullable().describe('What was billed for the others.'),
      costMinor: text.nullable(),
    }),
  ),
})
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const wish = z.strictObject({
  returnNo: documentNo,
  receiptNo,
  reason,
  lines: z
    .array(z.strictObject({ receiptLineNo: positiveInt, qty: someUnits }))
    .min(1)
    .max(200)
    .refine((lines) => new Set(lines.map((line) => line.receiptLineNo)).size === lines.length, {
      error: 'send one line a line of the receipt',
    }),
})
const shipment = z.strictObject({
  reference: documentNo.describe('The warehouse’s own reference; telling it twice is once.'),
  shippedOn: businessDate.optional(),
  expectedVersion,
})
const cancellation = z.strictObject({ reason, expectedVersion })

/** Goods that go back to whoever sent them. */
export async function vendorReturnRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addRequest(server, deps)
  addCommand(server, deps, {
    path: 'shipment',
    permission: 'receipts:confirm',
    summary: 'Say that the goods of a return have left',
    body: shipment,
    update: contract.shipVendorReturn,
  })
  addCommand(server, deps, {
    path: 'cancellation',
    permission: 'purchase-orders:update',
    summary: 'Keep the goods of a return that have not left',
    body: cancellation,
    update: contract.cancelVendorReturn,
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/vendor-returns',
    {
      config: { permission: 'receipts:read' },
      schema: {
        summary: 'Returns to suppliers, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          receiptNo: receiptNo.optional(),
        }),
        response: { 200: pageOf(vendorReturn) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const after = idCursor(cursor)
      const rows = await listVendorReturns(db, { ...filter, after, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toVendorReturn)
    },
  )
  server.get(
    '/vendor-returns/:returnNo',
    {
      config: { permission: 'receipts:read' },
      schema: {
        summary: 'One return to a supplier',
        tags,
        params,
        response: { 200: vendorReturn },
      },
    },
    async ({ params: { returnNo }, principal }) =>
      toVendorReturn(await returnInScope(db, principal, returnNo)),
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/vendor-returns',
    {
      config: { permission: 'purchase-orders:update', asksProcess: true },
      schema: {
        summary: 'Hold units of a receipt that go back to its supplier',
        tags,
        body: wish,
        response: { 201: documentProgress },
      },
    },
    async (request, reply) => {
      const { body, principal, commandKey } = request
      const place = await placeOfReceipt(deps.db, body.receiptNo)
      if (!place) throw notFound('receipt')
      requireScope(principal, place)
      const asked = { ...body, site: place.site, actor: principal.actor, key: commandKey }
      const answer = await onceForProcess(deps.db, callerOf(request as FastifyRequest), (attempt) =>
        requestVendorReturn(deps.temporal, asked, {
          updateId: `vendorReturnRequested/${attempt}`,
          taskQueue: deps.orderTaskQueue,
        }),
      )
      return reply.code(201).send(answer)
    },
  )
}

interface Command<Body extends z.ZodType, C extends CommandBase> {
  path: string
  permission: Permission
  summary: string
  body: Body
  update: UpdateDefinition<DocumentProgress, [C]>
}

function addCommand<Body extends z.ZodType, C extends CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { path, permission, summary, body, update }: Command<Body, C>,
): void {
  server.post(
    `/vendor-returns/:returnNo/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: documentProgress } },
    },
    async (request) => {
      const { returnNo } = request.params as { returnNo: string }
      const found = await returnInScope(deps.db, request.principal, returnNo)
      const place = { ...found, subject: 'vendor-return' as const }
      const command = request.body as Omit<C, 'key' | 'actor'>
      return commandDocument(deps, place, update, command, callerOf(request as FastifyRequest))
    },
  )
}

async function returnInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<VendorReturnRow> {
  const [found] = await listVendorReturns(db, { no, after: 0n, limit: 1, scopes })
  if (!found) throw notFound('vendor return')
  return found
}

function toVendorReturn(row: VendorReturnRow) {
  const { id, no, currency, uncreditedMinor, workflowId: _, ...rest } = row
  return {
    ...rest,
    id: id.toString(),
    returnNo: no,
    uncredited: { currency, minor: uncreditedMinor.toString() },
  }
}
