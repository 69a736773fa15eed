import { z } from 'zod'
import { companyByCode, type Company } from '#db/queries/books'
import { LINE_DIMENSIONS, ledgerLines, ledgerLineTotals } from '#db/queries/ledger-lines'
import { sum } from '#domain/money'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { AN_ID, cursorParts, MAX_BIGINT, pageQuery, toPage } from '../paging.ts'
import { bigId, businessDate, code, currency, money, sku } from '../schemas.ts'
import { visible } from '../scope.ts'
import { documentUrl } from './ledger-links.ts'
import * as wire from './ledger-schemas.ts'

const name = z.string().min(1).max(300)
const dimension = z.enum(LINE_DIMENSIONS)

const query = z.strictObject({
  ...pageQuery,
  ...wire.reportQuery,
  asOf: businessDate.default('2999-12-31').describe('Entries effective on or before.'),
  account: wire.accountId.optional(),
  accounts: z
    .string()
    .regex(/^\d{1,9}(,\d{1,9}){0,199}$/, { error: 'send account numbers such as 4010,4110' })
    .transform((list) => list.split(',').map(Number))
    .optional()
    .describe('Lines of any of these accounts.'),
  condition: name.optional(),
  resultTransfers: z
    .literal('left-out')
    .optional()
    .describe('Without entries that move a result into retained earnings.'),
  currency: currency.optional(),
  period: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-3])$/, { error: 'send a period such as 2026-06' })
    .optional(),
  order: bigId.optional(),
  sku: sku.optional(),
  channel: code.optional(),
  site: code.optional(),
  segment: name.optional(),
  promotion: name.optional(),
  provider: name.optional(),
  taxCode: name.optional(),
  openKey: name.optional(),
  sourceType: name.optional().meta({ example: 'shipment' }),
  sourceId: name.optional(),
  without: z
    .union([dimension.transform((one) => [one]), z.array(dimension).max(9)])
    .default([])
    .describe('Only lines that are about none of these.'),
})

const ledgerLine = wire.line.extend({
  entryId: z.string(),
  book: z.string(),
  period: z.string(),
  effectiveOn: z.string(),
  recordedAt: z.string(),
  eventType: z.string(),
  sourceType: z.string(),
  sourceId: z.string(),
  document: z.string().nullable().describe('Where the source is read.'),
})

/** The lines behind any figure: same filters as the reports, so they sum to the cell (FIN-32). */
export async function ledgerLineRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/ledger/lines',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'Journal lines by every dimension of the reports, newest first, with their sum',
        description: 'All filters are about the same line. `totals` are of all pages together.',
        tags: ['ledger'],
        querystring: query,
        response: {
          200: z.object({
            items: z.array(ledgerLine),
            nextCursor: z.string().nullable(),
            lines: z.int().describe('How many there are on all pages.'),
            total: money.describe('Of the functional column.'),
            totals: z.array(z.object({ amount: money, functional: money })),
          }),
        },
      },
    },
    async ({ query: { limit, cursor, entity, account, order, ...asked }, principal }) => {
      const { accounts: accountIds, resultTransfers, ...rest } = asked
      const company = await companyByCode(db, entity)
      const place = (row: Company) => ({ entity: row.code })
      const { id, functionalCurrency } = visible(principal, company, `entity ${entity}`, place)
      const [entryId = `${MAX_BIGINT}`, lineNo = '0'] =
        cursorParts(cursor, [AN_ID, /^\d{1,5}$/]) ?? []
      const orderId = order === undefined ? {} : { orderId: BigInt(order) }
      const withoutTransfers = resultTransfers !== undefined
      const figure = { accountId: account, accountIds, withoutTransfers }
      const filter = { ...given(rest), ...orderId, ...figure, entityId: id }
      const before = { entryId: BigInt(entryId), lineNo: Number(lineNo) }
      const [rows, totals] = await Promise.all([
        ledgerLines(db, filter, { before, limit: limit + 1 }),
        ledgerLineTotals(db, filter),
      ])
      return {
        ...toPage(
          rows,
          limit,
          (row) => [row.entryId, row.lineNo],
          ({ entryId: of, ...row }) => ({
            ...wire.wireLine(row, functionalCurrency),
            entryId: of.toString(),
            document: documentUrl(row.sourceType, row.sourceId),
          }),
        ),
        lines: totals.reduce((all, row) => all + row.lines, 0),
        total: wire.wireMoney(sum(totals.map((row) => row.funcMinor)), functionalCurrency),
        totals: totals.map((row) => ({
          amount: wire.wireMoney(row.amountMinor, row.currency),
          functional: wire.wireMoney(row.funcMinor, functionalCurrency),
        })),
      }
    },
  )
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** What was not asked for is no filter. */
function given<T extends object>(asked: T): Given<T> {
  return Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined),
  ) as Given<T>
}
