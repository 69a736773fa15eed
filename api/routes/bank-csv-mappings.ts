import { z } from 'zod'
import { readMappedCsv } from '#connectors/bank/mapped-csv'
import { bankCsvMappings } from '#db/queries/bank-csv-mappings'
import { addBankCsvMapping } from '#db/stores/bank-csv-mappings'
import type { BankCsvColumns } from '#domain/settlement/bank-statement'
import { booksOf } from '../books.ts'
import { documentRefused } from '../channel-intake.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { MAX_INT } from '../paging.ts'
import { code, currency, reason } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['settlements']
const column = z.string().trim().min(1).max(120).meta({ example: 'Buchungstag' })
const columns = z.strictObject({
  bookedOn: column,
  valueOn: column.optional(),
  amount: z
    .union([column, z.strictObject({ credit: column, debit: column })])
    .describe('One column with a sign, or one for each side without.'),
  balance: column.optional().describe('The balance that a row leads to: it proves the file whole.'),
  bankReference: column.optional().describe('The bank’s own id of an entry.'),
  reference: column.optional(),
  counterparty: column.optional(),
  purpose: column.optional(),
  delimiter: z.enum([',', ';', '|', '\t']).optional(),
  decimalMark: z.enum(['.', ',']).optional(),
  dayOrder: z.enum(['dmy', 'mdy']).optional(),
})
const account = z.string().trim().min(1).max(80).describe('IBAN or account number.')
const mapping = { entity: code, account, currency, columns }
const mappingRow = z.object({
  ...{ entity: z.string(), account: z.string(), version: z.int(), currency: z.string(), columns },
  ...{ reason: z.string(), decidedBy: z.string(), recordedAt: z.string() },
})
const readLine = z.object({
  ...{ lineNo: z.int(), bookedOn: z.string(), valueOn: z.string().nullable() },
  ...{ amountMinor: z.string(), bankReference: z.string().nullable() },
  ...{ reference: z.string().nullable(), counterparty: z.string().nullable() },
  purpose: z.string().nullable(),
})
const LINES_SHOWN = 50

/** What the columns of a bank's CSV mean: versions by account, tried on a sample before they hold. */
export async function bankCsvMappingRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addList(server, deps)
  addPreview(server)
  commandRoute(server, deps, {
    method: 'POST',
    url: '/bank/csv-mappings',
    permission: 'settlements:approve',
    summary: 'Say what the columns of an account’s CSV mean, from now on',
    tags,
    body: z.strictObject({
      ...mapping,
      basedOn: z
        .int()
        .min(0)
        .max(Number(MAX_INT) - 1)
        .describe('The newest version that you read; 0 for the first.'),
      reason,
    }),
    response: { 201: z.object({ account: z.string(), version: z.int() }) },
    work: async (tx, { body, principal, audit }) => {
      const { entity, columns: named, ...rest } = body
      const { entityId } = await booksOf(tx, principal, entity)
      const given = said(named)
      const { actor } = principal
      const version = await addBankCsvMapping(tx, { ...rest, entityId, columns: given, actor })
      await audit({
        ...{ subjectType: 'bank-csv-mapping', subjectId: `${rest.account}/${version}` },
        ...{ action: 'new-version', after: { ...given, currency: rest.currency } },
        reason: rest.reason,
      })
      return { status: 201, body: { account: rest.account, version } }
    },
  })
}

function addList(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/bank/csv-mappings',
    {
      config: { permission: 'settlements:read' },
      schema: {
        summary: 'What the columns of each account’s CSV mean, the newest version first',
        tags,
        querystring: z.strictObject({ entity: code, account: account.optional() }),
        response: { 200: z.object({ items: z.array(mappingRow), nextCursor: z.null() }) },
      },
    },
    async ({ query, principal }) => {
      requireScope(principal, { entity: query.entity })
      const items = await bankCsvMappings(db, query.entity, query.account)
      return { items, nextCursor: null }
    },
  )
}

function addPreview(server: ApiServer): void {
  server.post(
    '/bank/csv-mappings/preview',
    {
      config: { permission: 'settlements:create', idempotencyKey: false },
      schema: {
        summary: 'Read a sample by a mapping, without keeping either',
        tags,
        body: z.strictObject({ ...mapping, sample: z.string().min(1).max(200_000) }),
        response: {
          200: z.object({
            ...{ from: z.string(), to: z.string(), openingMinor: z.string().nullable() },
            closingMinor: z.string().nullable(),
            lines: z.int(),
            shown: z.array(readLine).describe(`The first ${LINES_SHOWN}.`),
          }),
        },
      },
    },
    async ({
      body: { entity, account: of, currency: money, columns: named, sample },
      principal,
    }) => {
      requireScope(principal, { entity })
      const found = readMappedCsv(sample, { ...said(named), account: of, currency: money })
      if (!found.ok) throw documentRefused(found.problems)
      const [statement] = found.value
      const lines = statement?.lines ?? []
      return {
        ...{ from: statement?.from ?? '', to: statement?.to ?? '', lines: lines.length },
        openingMinor: statement?.openingMinor?.toString() ?? null,
        closingMinor: statement?.closingMinor?.toString() ?? null,
        shown: lines.slice(0, LINES_SHOWN).map((line) => ({
          ...{ lineNo: line.lineNo, bookedOn: line.bookedOn, valueOn: line.valueOn ?? null },
          ...{ amountMinor: `${line.amountMinor}`, bankReference: line.bankReference ?? null },
          ...{ reference: line.reference ?? null, counterparty: line.counterparty ?? null },
          purpose: line.purpose ?? null,
        })),
      }
    },
  )
}

/** Without what was left out, as a mapping is kept. */
function said(named: z.output<typeof columns>): BankCsvColumns {
  const given = Object.entries(named).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as unknown as BankCsvColumns
}
