import { z } from 'zod'
import { stockValuation } from '#db/queries/stock-valuation'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { ANY_TEXT, cursorParts, pageOf, pageQuery, toPage } from '../paging.ts'
import { businessDate, code } from '../schemas.ts'

const text = z.string()

/** What stock is worth, beside what the books say it is worth (INV-15). */
export async function stockValuationRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/stock/valuation',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'Value of the cost layers beside the inventory accounts, per company and item',
        description:
          'In the company’s own currency. As of a day: every fact of that day or before, also one that became known later; what the books hold on a later day, because its period was locked, is told apart.',
        tags: ['stock'],
        querystring: z.strictObject({
          ...pageQuery,
          entity: code.optional(),
          asOf: businessDate.default('2999-12-31').describe('The end of this day; now without it.'),
        }),
        response: {
          200: pageOf(
            z.object({
              sku: text,
              entity: text,
              currency: text,
              qty: text,
              layersMinor: text,
              ledgerMinor: text,
              bookedLaterMinor: text,
              inTransitMinor: text,
            }),
          ),
        },
      },
    },
    async ({ query: { limit, cursor, entity, asOf }, principal }) => {
      const [afterSku = '', afterEntity = ''] = cursorParts(cursor, [ANY_TEXT, ANY_TEXT]) ?? []
      const rows = await stockValuation(db, {
        asOf,
        entity,
        entities: principal.scopes.entities,
        after: { sku: afterSku, entity: afterEntity },
        limit: limit + 1,
      })
      return toPage(
        rows,
        limit,
        (row) => [row.sku, row.entity],
        (row) => ({
          ...row,
          qty: `${row.qty}`,
          layersMinor: `${row.layersMinor}`,
          ledgerMinor: `${row.ledgerMinor}`,
          bookedLaterMinor: `${row.bookedLaterMinor}`,
          inTransitMinor: `${row.inTransitMinor}`,
        }),
      )
    },
  )
}
