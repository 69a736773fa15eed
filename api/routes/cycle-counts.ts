import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { requestCount } from '#clients/stock-documents'
import * as contract from '#contracts/cycle-count'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import { countedLines, countSheet, listCounts, type CountRow } from '#db/queries/counts'
import { readSite } from '#db/queries/masters'
import type { Permission } from '#domain/access'
import { countedLine, toCountedLine } from '../count-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { commandDocument } from '../document-commands.ts'
import { documentNo, documentProgress, wholeUnits } from '../document-schemas.ts'
import { callerOf, onceForProcess } from '../order-commands.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { code, instant, positiveInt, reason, shortText, sku } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['cycle-counts']
const text = z.string()
const params = z.object({ countNo: documentNo })
const bin = z.string().trim().max(60).optional().describe('Absent: the place without a bin.')
const lot = z.string().trim().max(100).optional()

const count = z.object({
  id: text,
  countNo: text,
  entity: text,
  site: text,
  phase: text,
  version: z.int(),
  reason: text,
  requestedBy: text,
  requestedAt: text,
  places: z.int(),
  left: z.int().describe('Places that somebody still has to count.'),
})
const sheet = z.object({
  countNo: text,
  site: text,
  lines: z.array(
    z.object({
      lineNo: z.int(),
      sku: text,
      name: text,
      bin: text,
      lot: text,
      round: z.int().describe('From the second on it is a recount.'),
    }),
  ),
})
/** Neither what was expected nor what a difference is worth: counting is blind. */
const counted = z.object({
  countNo: text,
  phase: text,
  version: z.int(),
  open: z.boolean(),
})

const unique = (places: readonly { sku: string; bin?: string; lot?: string }[]) =>
  new Set(places.map(({ sku, bin = '', lot = '' }) => JSON.stringify([sku, bin, lot]))).size ===
  places.length

const wish = z
  .strictObject({
    countNo: documentNo,
    site: code,
    reason,
    places: z
      .array(z.strictObject({ sku, bin, lot }))
      .min(1)
      .max(500)
      .refine(unique, { error: 'send each place once' })
      .optional(),
    choose: z
      .int()
      .min(1)
      .max(500)
      .optional()
      .describe('So many, by class and risk; 20 unless given.'),
  })
  .refine((body) => !(body.places && body.choose), { error: 'send places or choose, not both' })
const entries = z.strictObject({
  entries: z
    .array(z.strictObject({ sku, bin, lot, counted: wholeUnits }))
    .min(1)
    .max(200)
    .refine(unique, { error: 'send each place once' }),
  scannedAt: instant.optional().describe('When you looked; absent: now.'),
  device: shortText.optional(),
})
const unknownItem = z.strictObject({ bin, counted: wholeUnits, description: reason })
const cancellation = z.strictObject({
  reason,
  expectedVersion: positiveInt.optional(),
})

/** Blind counts of places, by class and risk, with recount and approval. */
export async function cycleCountRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addDetails(server, deps)
  addRequest(server, deps)
  addCommand(server, deps, {
    path: 'entries',
    permission: 'counts:create',
    summary: 'Say how many units lie in places of the sheet, without knowing how many should',
    body: entries,
    update: contract.recordCount,
  })
  addCommand(server, deps, {
    path: 'unknown-items',
    permission: 'counts:create',
    summary: 'Say that something lies there that nobody can name',
    body: unknownItem,
    update: contract.reportUnknownItem,
  })
  addCommand(server, deps, {
    path: 'cancellation',
    permission: 'counts:cancel',
    summary: 'Count nothing more; what was posted stays',
    body: cancellation,
    update: contract.cancelCount,
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/cycle-counts',
    {
      config: { permission: 'counts:read' },
      schema: {
        summary: 'Counts, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          site: code.optional(),
        }),
        response: { 200: pageOf(count) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      const rows = await listCounts(db, {
        ...filter,
        after: idCursor(cursor),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toCount)
    },
  )
}

function addDetails(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/cycle-counts/:countNo/sheet',
    {
      config: { permission: 'counts:read' },
      schema: {
        summary: 'What the caller has to count, in walking order; blind',
        tags,
        params,
        response: { 200: sheet },
      },
    },
    async ({ params: { countNo }, principal }) => {
      const found = await countInScope(db, principal, countNo)
      const lines = await countSheet(db, found.id, principal.actor)
      return { countNo, site: found.site, lines }
    },
  )
  server.get(
    '/cycle-counts/:countNo',
    {
      config: { permission: 'counts:approve' },
      schema: {
        summary: 'One count with what was expected and found; for those who approve',
        tags,
        params,
        response: { 200: count.extend({ lines: z.array(countedLine) }) },
      },
    },
    async ({ params: { countNo }, principal }) => {
      const found = await countInScope(db, principal, countNo)
      const { scopes } = principal
      const lines = await countedLines(db, { taskId: found.id, after: 0n, limit: 1000, scopes })
      return { ...toCount(found), lines: lines.map(toCountedLine) }
    },
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/cycle-counts',
    {
      config: { permission: 'counts:update', asksProcess: true },
      schema: {
        summary: 'Have places counted: those you name, or those that are most likely to be wrong',
        tags,
        body: wish,
        response: { 201: documentProgress },
      },
    },
    async (request, reply) => {
      const { body, principal, commandKey } = request
      const site = await readSite(deps.db, body.site)
      requireScope(principal, { site: body.site, entity: site?.entity })
      const wanted = { ...(body as contract.RequestedCount), actor: principal.actor }
      const asked = { ...wanted, key: commandKey }
      const answer = await onceForProcess(deps.db, callerOf(request as FastifyRequest), (attempt) =>
        requestCount(deps.temporal, asked, {
          updateId: `countRequested/${attempt}`,
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
    `/cycle-counts/:countNo/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: counted } },
    },
    async (request) => {
      const { countNo } = request.params as { countNo: string }
      const found = await countInScope(deps.db, request.principal, countNo)
      const place = { ...found, subject: 'cycle-count' as const }
      const command = request.body as Omit<C, 'key' | 'actor'>
      const caller = callerOf(request as FastifyRequest)
      const { phase, version, open } = await commandDocument(deps, place, update, command, caller)
      return { countNo, phase, version, open }
    },
  )
}

async function countInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<CountRow> {
  const [found] = await listCounts(db, { no, after: 0n, limit: 1, scopes })
  if (!found) throw notFound('count')
  return found
}

function toCount({ id, no, workflowId: _, ...row }: CountRow) {
  return { ...row, id: id.toString(), countNo: no }
}
