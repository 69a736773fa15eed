import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { requestTransfer } from '#clients/stock-documents'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import * as contract from '#contracts/transfer'
import { listTransfers, type TransferRow } from '#db/queries/transfers'
import type { Permission } from '#domain/access'
import { readSite } from '#db/queries/masters'
import { commandDocument } from '../document-commands.ts'
import { documentNo, documentProgress, someUnits, wholeUnits } from '../document-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { callerOf, onceForProcess } from '../order-commands.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { businessDate, code, money, positiveInt, reason, sku } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['transfers']
const text = z.string()
const params = z.object({ transferNo: documentNo })
const transfer = z.object({
  id: text,
  transferNo: text,
  entity: text,
  from: text,
  to: text,
  phase: text,
  version: z.int(),
  reason: text,
  dueOn: text,
  value: money,
  requestedBy: text,
  approvedBy: text.nullable(),
  recalled: z.boolean().describe('Cancelled while goods were on their way.'),
  lines: z.array(
    z.object({
      sku: text,
      qty: text,
      reserved: text,
      shipped: text,
      inTransit: text,
      received: text,
      damaged: text,
      lost: text,
      cameBack: text,
      cancelled: text,
    }),
  ),
  events: z.array(
    z.object({
      kind: text,
      reference: text,
      happenedOn: text,
      reason: text.nullable(),
      actor: text,
      valueMinor: text,
    }),
  ),
})
const reference = documentNo.describe('The warehouse’s own reference; telling it twice is once.')
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const unique = (lines: readonly { sku: string }[]) =>
  new Set(lines.map((line) => line.sku)).size === lines.length
const ONE_LINE = { error: 'send one line an item' }

const wish = z.strictObject({
  transferNo: documentNo,
  from: code,
  to: code,
  dueOn: businessDate.optional(),
  reason,
  lines: z
    .array(z.strictObject({ sku, qty: someUnits }))
    .min(1)
    .max(200)
    .refine(unique, ONE_LINE),
})
const decision = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  reason,
  expectedVersion,
})
const shipment = z.strictObject({
  reference,
  shippedOn: businessDate.optional(),
  lines: z
    .array(z.strictObject({ sku, qty: someUnits }))
    .min(1)
    .max(200)
    .refine(unique, ONE_LINE)
    .optional()
    .describe('Absent: everything that is reserved.'),
  expectedVersion,
})
const arrival = z.strictObject({
  reference,
  receivedOn: businessDate.optional(),
  lines: z
    .array(
      z.strictObject({
        sku,
        received: wholeUnits,
        damaged: wholeUnits.optional(),
        short: wholeUnits.optional().describe('Should have come with these, and did not.'),
        reason: reason.optional(),
      }),
    )
    .min(1)
    .max(200)
    .refine(unique, ONE_LINE),
  expectedVersion,
})
const cancellation = z.strictObject({ reason, expectedVersion })

/** Goods from one site to another of the same company. */
export async function transferRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addRequest(server, deps)
  addCommand(server, deps, {
    path: 'decision',
    permission: 'transfers:approve',
    summary: 'Approve or reject a transfer that somebody else asked for',
    body: decision,
    update: contract.decideTransfer,
    at: 'from',
  })
  addCommand(server, deps, {
    path: 'shipments',
    permission: 'transfers:confirm',
    summary: 'Say that goods have left the source: they are on their way, at their cost',
    body: shipment,
    update: contract.shipTransfer,
    at: 'from',
  })
  addCommand(server, deps, {
    path: 'arrivals',
    permission: 'transfers:confirm',
    summary: 'Receive goods of a transfer, in parts; damaged and short ones need a reason',
    body: arrival,
    update: contract.receiveTransfer,
    at: 'to',
  })
  addCommand(server, deps, {
    path: 'cancellation',
    permission: 'transfers:cancel',
    summary: 'Send nothing more; goods that are on their way become a case',
    body: cancellation,
    update: contract.cancelTransfer,
    at: 'from',
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/transfers',
    {
      config: { permission: 'transfers:read' },
      schema: {
        summary: 'Transfers, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          site: code.optional(),
        }),
        response: { 200: pageOf(transfer) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      const rows = await listTransfers(db, {
        ...filter,
        after: idCursor(cursor),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toTransfer)
    },
  )
  server.get(
    '/transfers/:transferNo',
    {
      config: { permission: 'transfers:read' },
      schema: { summary: 'One transfer', tags, params, response: { 200: transfer } },
    },
    async ({ params: { transferNo }, principal }) =>
      toTransfer(await transferInScope(db, principal, transferNo)),
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/transfers',
    {
      config: { permission: 'transfers:create', asksProcess: true },
      schema: {
        summary: 'Ask for goods at another site; small ones are promised their units at once',
        tags,
        body: wish,
        response: { 201: documentProgress },
      },
    },
    async (request, reply) => {
      const { body, principal, commandKey } = request
      for (const site of [body.from, body.to])
        requireScope(principal, { site, entity: (await readSite(deps.db, site))?.entity })
      const wanted = { ...(body as contract.RequestedTransfer), actor: principal.actor }
      const asked = { ...wanted, key: commandKey }
      const answer = await onceForProcess(deps.db, callerOf(request as FastifyRequest), (attempt) =>
        requestTransfer(deps.temporal, asked, {
          updateId: `transferRequested/${attempt}`,
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
  /** The site where it is done, which must lie in the caller's scope. */
  at: 'from' | 'to'
}

function addCommand<Body extends z.ZodType, C extends CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { path, permission, summary, body, update, at }: Command<Body, C>,
): void {
  server.post(
    `/transfers/:transferNo/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: documentProgress } },
    },
    async (request) => {
      const { transferNo } = request.params as { transferNo: string }
      const found = await transferInScope(deps.db, request.principal, transferNo)
      requireScope(request.principal, { entity: found.entity, site: found[at] })
      const place = { ...found, subject: 'transfer' as const }
      const command = request.body as Omit<C, 'key' | 'actor'>
      return commandDocument(deps, place, update, command, callerOf(request as FastifyRequest))
    },
  )
}

async function transferInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<TransferRow> {
  const [found] = await listTransfers(db, {
    no,
    after: 0n,
    limit: 1,
    scopes,
  })
  if (!found) throw notFound('transfer')
  return found
}

function toTransfer({ id, no, valueMinor, currency, workflowId: _, ...row }: TransferRow) {
  return {
    ...row,
    id: id.toString(),
    transferNo: no,
    value: { currency, minor: valueMinor.toString() },
  }
}
