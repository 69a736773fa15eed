import { z } from 'zod'
import { requestCount } from '#clients/stock-documents'
import * as contract from '#contracts/cycle-count'
import type { DocumentProgress } from '#contracts/document-progress'
import { countedLines, countSheet, listCounts, type CountRow } from '#db/queries/counts'
import { readSite } from '#db/queries/masters'
import { countedLine, toCountedLine } from '../count-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { documentCommand, documentRequest } from '../document-routes.ts'
import { documentNo, wholeUnits } from '../document-schemas.ts'
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
  addCommands(server, deps)
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
  documentRequest(server, deps, {
    ...{ url: '/cycle-counts', tags, permission: 'counts:update', body: wish },
    summary: 'Have places counted: those you name, or those that are most likely to be wrong',
    update: contract.countRequested,
    begin: requestCount,
    ask: async (principal, body) => {
      const site = await readSite(deps.db, body.site)
      requireScope(principal, { site: body.site, entity: site?.entity })
      return body as contract.RequestedCount
    },
  })
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  const counts = {
    ...{ url: '/cycle-counts/:countNo', tags, params, subject: 'cycle-count' as const },
    find: (principal: Principal, { countNo }: z.output<typeof params>) =>
      countInScope(deps.db, principal, countNo),
    answer: {
      schema: counted,
      of: ({ no, phase, version, open }: DocumentProgress) => ({
        countNo: no,
        phase,
        version,
        open,
      }),
    },
  }
  documentCommand(server, deps, counts, {
    ...{ path: 'entries', permission: 'counts:create', body: entries },
    summary: 'Say how many units lie in places of the sheet, without knowing how many should',
    update: contract.recordCount,
  })
  documentCommand(server, deps, counts, {
    ...{ path: 'unknown-items', permission: 'counts:create', body: unknownItem },
    summary: 'Say that something lies there that nobody can name',
    update: contract.reportUnknownItem,
  })
  documentCommand(server, deps, counts, {
    ...{ path: 'cancellation', permission: 'counts:cancel', body: cancellation },
    summary: 'Count nothing more; what was posted stays',
    update: contract.cancelCount,
  })
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
