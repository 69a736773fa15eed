import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { readMappedCsv } from '#connectors/bank/mapped-csv'
import { bankDocument, toBankStatement } from '#connectors/settlements/neutral'
import { lookAtBank } from '#contracts/settlement'
import { commitOnce } from '#db/commit-once'
import { bankCsvMapping } from '#db/queries/bank-csv-mappings'
import { listBankLines, payoutsUnderway } from '#db/queries/bank-lines'
import { takeBankStatement } from '#db/stores/bank-statements'
import { recordAudit } from '#db/stores/records'
import { Refusal } from '#domain/refusal'
import type { BankStatement } from '#domain/settlement/bank-statement'
import { bankContent } from '#domain/settlement/check-statement'
import { booksOf } from '../books.ts'
import { documentRefused } from '../channel-intake.ts'
import { commandDocument } from '../document-commands.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { callerOf } from '../order-commands.ts'
import { AN_ID, cursorParts, pageOf, pageQuery, toPage } from '../paging.ts'
import { code, money } from '../schemas.ts'
import { requireScope } from '../scope.ts'
import { bankFormats, bankReader } from '../statement-readers.ts'

const tags = ['settlements']
const text = z.string()
const MOST_BYTES = 32 * 1024 * 1024

const received = z.object({
  items: z.array(
    z.object({
      id: text,
      statementId: text,
      known: z.boolean().describe('The very same content was here before; nothing was added.'),
      lines: z.int(),
    }),
  ),
})
const bankLine = z.object({
  bankStatementId: text,
  lineNo: z.int(),
  entity: text,
  account: text,
  statementId: text,
  amount: money,
  bookedOn: text,
  reference: text.nullable(),
  counterparty: text.nullable(),
  purpose: text.nullable(),
  owner: text,
  dueOn: text,
  openKey: text.nullable().describe('The payout that it is.'),
  rule: text.nullable(),
  feeMinor: text.nullable(),
})

/** What the bank says: its statements, and its lines with the payout that each is. */
export async function bankStatementRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addIntake(server, deps)
  addFiles(server, deps)
  addLines(server, deps)
}

function addIntake(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/bank/statements',
    {
      bodyLimit: MOST_BYTES,
      config: { permission: 'settlements:create', asksProcess: true },
      schema: {
        summary: 'Take a bank’s statement in, and look for payouts on it',
        description:
          'Opening balance and lines must come to the closing balance, where both are stated. A line that no payout explains is listed with its owner.',
        tags,
        body: bankDocument.extend({ entity: code }),
        response: { 202: received },
      },
    },
    async (request, reply) => {
      const { entity, ...document } = request.body
      const statements = [toBankStatement(document)]
      const items = await take(deps, request as FastifyRequest, entity, statements)
      return reply.code(202).send({ items })
    },
  )
}

function addFiles(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/bank/statements/files',
    {
      bodyLimit: MOST_BYTES,
      config: { permission: 'settlements:create', fileBody: true, asksProcess: true },
      schema: {
        summary: 'Take a file of a bank in, as the bank gives it',
        description: `Content type \`application/octet-stream\`; format: ${bankFormats.join(', ')}.`,
        tags,
        querystring: z.strictObject({
          format: code,
          entity: code,
          account: z
            .string()
            .min(1)
            .max(80)
            .optional()
            .describe('Of a `csv` file: the account whose mapping reads it.'),
        }),
        response: { 202: received },
      },
    },
    async (request, reply) => {
      const { format, entity, account } = request.query
      requireScope(request.principal, { entity })
      const read =
        format === 'csv' ? await csvReader(deps.db, { entity, account }) : bankReader(format)
      if (!read)
        throw new Refusal(
          'FormatUnknown',
          `Nobody reads "${format}" here. Send one of ${bankFormats.join(', ')}.`,
          { field: 'querystring.format' },
        )
      const found = read(request.body as Uint8Array)
      if (!found.ok) throw documentRefused(found.problems)
      const items = await take(deps, request as FastifyRequest, entity, found.value)
      return reply.code(202).send({ items })
    },
  )
}

/** @throws Refusal `BankMappingMissing` where nobody has said what the account's columns mean. */
async function csvReader(db: ApiDeps['db'], of: { entity: string; account?: string | undefined }) {
  const account = of.account ?? ''
  const mapping = await bankCsvMapping(db, { entity: of.entity, account })
  if (!mapping)
    throw new Refusal(
      'BankMappingMissing',
      `Nobody has said what the columns of account "${account}" mean. Map them first: POST /v1/bank/csv-mappings.`,
      { field: 'querystring.account' },
    )
  const { currency, columns } = mapping
  return (file: Uint8Array) => readMappedCsv(file, { ...columns, account, currency })
}

interface TakenBank {
  id: string
  statementId: string
  known: boolean
  lines: number
}

/** Keeps the statements, then tells every process that waits for the bank; telling it twice is once. */
async function take(
  deps: ApiDeps,
  request: FastifyRequest,
  entity: string,
  statements: readonly BankStatement[],
): Promise<TakenBank[]> {
  const { principal, commandKey: key } = request
  const { actor } = principal
  const content = createHash('sha256').update(statements.map(bankContent).join('\n\n'))
  const identity = { route: request.routeOptions.url, entity, content: content.digest('hex') }
  const taken = await commitOnce(deps.db, { key, request: identity, actor }, async (tx) => {
    const { entityId } = await booksOf(tx, principal, entity)
    const items: TakenBank[] = []
    for (const statement of statements) {
      const kept = await takeBankStatement(tx, { statement, entityId, actor })
      const { statementId, lines, account } = statement
      items.push({ ...kept, statementId, lines: lines.length })
      if (!kept.known)
        await recordAudit(tx, [
          {
            ...{ subjectType: 'bank-statement', subjectId: `${account}/${statementId}` },
            ...{ action: 'received', after: { lines: lines.length }, actor, commandKey: key },
          },
        ])
    }
    return { entityId, items }
  })
  for (const currency of new Set(statements.map((statement) => statement.currency)))
    await tellWaiting(deps, request, { entityId: taken.entityId, currency })
  return taken.items
}

async function tellWaiting(
  deps: ApiDeps,
  request: FastifyRequest,
  of: { entityId: number; currency: string },
): Promise<void> {
  for (const waiting of await payoutsUnderway(deps.db, of)) {
    const place = { ...waiting, subject: 'settlement' as const }
    const caller = callerOf(request)
    const commandKey = `${caller.commandKey}/${waiting.id}`
    await commandDocument(deps, place, lookAtBank, {}, { ...caller, commandKey, asked: commandKey })
  }
}

function addLines(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/bank/lines',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary:
          'Lines of the bank that no payout explains, with their owner; or those that one does',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          matched: z.enum(['true', 'false']).default('false'),
        }),
        response: { 200: pageOf(bankLine) },
      },
    },
    async ({ query: { limit, cursor, matched }, principal: { scopes } }) => {
      const [statement = '0', line = '0'] = cursorParts(cursor, [AN_ID, AN_ID]) ?? []
      const after = [BigInt(statement), Number(line)] as const
      const wanted = { after, limit: limit + 1, matched: matched === 'true', scopes }
      const rows = await listBankLines(db, wanted)
      return toPage(
        rows,
        limit,
        (row) => [`${row.bankStatementId}`, `${row.lineNo}`],
        ({ bankStatementId, amountMinor, currency, feeMinor, ...row }) => ({
          ...row,
          bankStatementId: `${bankStatementId}`,
          amount: { currency, minor: `${amountMinor}` },
          feeMinor: feeMinor === null ? null : `${feeMinor}`,
        }),
      )
    },
  )
}
