import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { grni, grniTotals } from '#db/queries/grni'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { businessDate, code, money } from '../schemas.ts'
import { visible } from '../scope.ts'

const text = z.string()
const row = z.object({
  kind: z.enum(['received-not-billed', 'billed-not-received', 'ours-in-transit', 'other']),
  key: text,
  supplier: text.nullable(),
  receipt: text.nullable(),
  bill: text.nullable(),
  lineNo: z.int().nullable(),
  sku: text.nullable(),
  poNumber: text.nullable(),
  openedOn: text,
  ageDays: z.int(),
  currency: text,
  receivedQty: text.nullable(),
  matchedQty: text.nullable(),
  receivedMinor: text,
  billedMinor: text.describe('What bills have taken of it.'),
  otherMinor: text.describe('What anything else has: refused goods, a clearing.'),
  remainingMinor: text.describe('Above zero: bills will bring it; below: goods will.'),
  remainingFuncMinor: text,
  movements: z.array(
    z.object({ on: text, what: text, document: text, entryId: text, amountMinor: text }),
  ),
})

/** Goods received and not invoiced, explained line by line (FIN-4). */
export async function grniRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/grni',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'What came and is not billed, and what is billed and has not come, with its age',
        description:
          'Each line is the sum of its movements; `totals` compares all lines with account 2020. `settled=true` shows lines that are billed too.',
        tags: ['vendor-bills'],
        querystring: z.strictObject({
          ...pageQuery,
          entity: code,
          asOf: businessDate.optional(),
          receiptNo: z
            .string()
            .regex(/^[\w.:#-]{1,80}$/)
            .optional(),
          settled: z.enum(['true', 'false']).default('false'),
        }),
        response: {
          200: pageOf(row).extend({ totals: z.object({ account: money, openItems: money }) }),
        },
      },
    },
    async ({ query, principal }) => {
      const found = await companyByCode(db, query.entity)
      const company = visible(principal, found, `entity ${query.entity}`, () => ({
        entity: query.entity,
      }))
      const { limit, cursor, receiptNo } = query
      const rows = await grni(db, {
        entityId: company.id,
        asOf: query.asOf ?? new Date().toISOString().slice(0, 10),
        after: idCursor(cursor, 0n),
        limit: limit + 1,
        settled: query.settled === 'true',
        receiptNo,
      })
      const { accountMinor, openItemsMinor } = await grniTotals(db, company.id)
      const currency = company.functionalCurrency
      const page = toPage(
        rows,
        limit,
        (each) => each.id,
        ({ id: _id, ...each }) => each,
      )
      return {
        ...page,
        totals: {
          account: { currency, minor: accountMinor.toString() },
          openItems: { currency, minor: openItemsMinor.toString() },
        },
      }
    },
  )
}
