import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { settlementDocument, toStatement } from '#connectors/settlements/neutral'
import { approveSettlement } from '#contracts/settlement'
import {
  feeSums,
  listSettlements,
  matchSummary,
  overchargesOf,
  settlementLines,
  settlementSums,
  unexplainedOf,
  type SettlementRow,
} from '#db/queries/settlements'
import { Refusal } from '#domain/refusal'
import { claimFile } from '../claim-file.ts'
import { commandDocument } from '../document-commands.ts'
import { documentProgress } from '../document-schemas.ts'
import { documentRefused } from '../channel-intake.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { callerOf } from '../order-commands.ts'
import { idCursor, intCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, code, reason } from '../schemas.ts'
import { requireScope } from '../scope.ts'
import { takeStatements } from '../settlement-intake.ts'
import { settlementFormats, settlementReader } from '../statement-readers.ts'
import {
  receivedStatement,
  statementDetail,
  statementLine,
  statementSummary,
  workDone,
} from '../settlement-schemas.ts'

const tags = ['settlements']
const params = z.object({ settlementId: bigId })
/** A hundred thousand lines and more. */
const MOST_BYTES = 64 * 1024 * 1024
const OVERCHARGES_SHOWN = 100

/** Statements of channels and processors: taken in, matched, posted, and found at the bank. */
export async function settlementStatementRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addIntake(server, deps)
  addFiles(server, deps)
  addReads(server, deps)
  addDetails(server, deps)
  addClaimFile(server, deps)
  addApproval(server, deps)
}

function addIntake(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/settlements/statements',
    {
      bodyLimit: MOST_BYTES,
      config: { permission: 'settlements:create', asksProcess: true },
      schema: {
        summary: 'Take a statement of a channel or processor in, and start its process',
        description:
          'Its lines must add up to its total. The same content again, in whatever order, is known and changes nothing; other content under the same id is refused.',
        tags,
        body: settlementDocument.extend({
          entity: code,
          channel: code.optional().describe('On which a marketplace’s account sells.'),
        }),
        response: { 202: receivedStatement },
      },
    },
    async (request, reply) => {
      const { entity, channel, ...document } = request.body
      const statements = [toStatement(document)]
      const asked = request as FastifyRequest
      const items = await takeStatements(deps, asked, { entity, channel }, statements)
      return reply.code(202).send({ items })
    },
  )
}

function addFiles(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/settlements/statements/files',
    {
      bodyLimit: MOST_BYTES,
      config: { permission: 'settlements:create', fileBody: true, asksProcess: true },
      schema: {
        summary: 'Take a file of statements in, as the provider gives it',
        description: `Content type \`application/octet-stream\`; provider and format: ${settlementFormats.join(', ')}.`,
        tags,
        querystring: z.strictObject({
          provider: code,
          format: code,
          entity: code,
          channel: code.optional(),
        }),
        response: { 202: receivedStatement },
      },
    },
    async (request, reply) => {
      const { provider, format, ...owner } = request.query
      requireScope(request.principal, { entity: owner.entity })
      const read = settlementReader(provider, format)
      if (!read)
        throw new Refusal(
          'FormatUnknown',
          `Nobody reads ${provider}/${format} here. Send one of ${settlementFormats.join(', ')}.`,
          { field: 'querystring.format' },
        )
      const found = read(request.body as Uint8Array)
      if (!found.ok) throw documentRefused(found.problems)
      const items = await takeStatements(deps, request as FastifyRequest, owner, found.value)
      return reply.code(202).send({ items })
    },
  )
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/settlements/statements',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary: 'Statements, the newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          provider: code.optional(),
        }),
        response: { 200: pageOf(statementSummary) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listSettlements(db, { ...filter, before, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toSummary)
    },
  )
  server.get(
    '/settlements/statements/:settlementId/lines',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary: 'Lines of a statement, what each was matched to and by which rule',
        tags,
        params,
        querystring: z.strictObject({
          ...pageQuery,
          held: z.enum(['true', 'false']).default('false').describe('Only what waits in suspense.'),
        }),
        response: { 200: pageOf(statementLine) },
      },
    },
    async ({ params: { settlementId }, query: { limit, cursor, held }, principal }) => {
      const after = intCursor(cursor)
      const { id } = await statementInScope(db, principal, settlementId)
      const wanted = { id, after, limit: limit + 1, held: held === 'true' }
      const rows = await settlementLines(db, wanted)
      return toPage(
        rows,
        limit,
        (row) => row.lineNo,
        (row) => ({ ...row, amountMinor: `${row.amountMinor}` }),
      )
    },
  )
}

function addDetails(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/settlements/statements/:settlementId',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary: 'One statement: its tie, matches, fees, and what is unexplained',
        tags,
        params,
        response: { 200: statementDetail },
      },
    },
    async ({ params: { settlementId }, principal }) =>
      detailOf(db, await statementInScope(db, principal, settlementId)),
  )
  server.get(
    '/settlements/statements/:settlementId/progress',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary: 'How far a statement is matched and posted',
        tags,
        params,
        response: { 200: workDone },
      },
    },
    async ({ params: { settlementId }, principal }) => {
      const row = await statementInScope(db, principal, settlementId)
      const { phase, lineCount: lines, matchedTo: matchedLines, chunkCount, postedChunks } = row
      const done = phase === 'posted' || phase === 'closed'
      const posted = chunkCount === null ? 0 : postedChunks / chunkCount
      const percent = done ? 100 : Math.floor((matchedLines / lines) * 40 + posted * 59)
      return { phase, lines, matchedLines, parts: chunkCount, postedParts: postedChunks, percent }
    },
  )
}

function addClaimFile(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/settlements/statements/:settlementId/claim-file',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary: 'Over-charged orders as CSV, to claim from the marketplace',
        tags,
        params,
        response: { 200: z.string().describe('text/csv') },
      },
    },
    async ({ params: { settlementId }, principal }, reply) => {
      const row = await statementInScope(db, principal, settlementId)
      const overcharges = await overchargesOf(db, row.id, 100_000)
      const name = `claims-${row.provider}-${row.id}.csv`
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(claimFile(row, overcharges))
    },
  )
}

function addApproval(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/settlements/statements/:settlementId/approval',
    {
      config: { permission: 'settlements:approve', asksProcess: true },
      schema: {
        summary: 'Let a statement be posted although much of it is unexplained',
        description: 'What is unexplained waits in suspense, each with a case.',
        tags,
        params,
        body: z.strictObject({ reason }),
        response: { 200: documentProgress },
      },
    },
    async (request) => {
      const { settlementId } = request.params
      const row = await statementInScope(deps.db, request.principal, settlementId)
      const place = { ...row, no: row.statementId, subject: 'settlement' as const }
      const caller = callerOf(request as FastifyRequest)
      return commandDocument(deps, place, approveSettlement, request.body, caller)
    },
  )
}

async function statementInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  settlementId: string,
): Promise<SettlementRow> {
  const id = BigInt(settlementId)
  const [found] = await listSettlements(db, { id, before: MAX_BIGINT, limit: 1, scopes })
  if (!found) throw notFound('statement')
  return found
}

async function detailOf(db: ApiDeps['db'], row: SettlementRow) {
  const [sums, open, matches, fees, overcharges] = await Promise.all([
    settlementSums(db, row),
    unexplainedOf(db, row.id),
    matchSummary(db, row.id),
    feeSums(db, row.id),
    overchargesOf(db, row.id, OVERCHARGES_SHOWN),
  ])
  const { linesMinor, reserveMinor, inTransitMinor } = sums
  const { openingMinor, closingMinor, payoutMinor } = row
  const differenceMinor = openingMinor + linesMinor - payoutMinor - reserveMinor - closingMinor
  return {
    ...toSummary(row),
    tie: asTexts({
      ...{ openingMinor, linesMinor, payoutMinor, closingMinor, differenceMinor },
      reserveChangeMinor: reserveMinor,
    }),
    bank: asTexts({ inTransitMinor }),
    unexplainedMinor: `${sums.heldMinor - sums.releasedMinor}`,
    open,
    matches: matches.map((match) => ({ ...match, amountMinor: `${match.amountMinor}` })),
    fees: asTexts(fees),
    overcharges: overcharges.map(({ orderId, ...rest }) => ({
      orderId: `${orderId}`,
      ...asTexts(rest),
    })),
  }
}

type AsTexts<T> = { [K in keyof T]: T[K] extends bigint ? string : T[K] }

function asTexts<T extends object>(row: T): AsTexts<T> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString() : (value as unknown),
    ]),
  ) as AsTexts<T>
}

function toSummary(row: SettlementRow) {
  const { id, currency, payoutMinor } = row
  return { ...row, id: `${id}`, payout: { currency, minor: `${payoutMinor}` } }
}
