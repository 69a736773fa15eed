import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { returnBackTest } from '#db/queries/return-cohorts'
import { setReturnReserve } from '#db/stores/return-reserve'
import { booksOf } from '../books.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, code } from '../schemas.ts'
import { visible } from '../scope.ts'

const tags = ['ledger']
const text = z.string()

/** What the books expect to come back (IFRS 15, ASC 606), and how good such estimates were. */
export async function returnReserveRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/return-reserve',
    permission: 'journal:post',
    summary: 'Set what is expected to come back to its target, channel by channel',
    description: 'Set twice is set once; what changes meanwhile is a further entry.',
    tags,
    body: z.strictObject({ entity: code, reservedOn: businessDate }),
    response: {
      201: z.object({
        channels: z.array(
          z.object({
            channel: text,
            ratePpm: text.describe('Share of sales that came back, per million.'),
            openNetMinor: text.describe('Sales that may still come back.'),
            liabilityMinor: text,
            assetMinor: text,
          }),
        ),
      }),
    },
    work: async (tx, { body: { entity, reservedOn: on }, principal }) => {
      const books = await booksOf(tx, principal, entity)
      const targets = await setReturnReserve(tx, { ...books, on, actor: principal.actor })
      const channels = targets.map((target) => ({
        ...{ channel: target.channel, ratePpm: `${target.ratePpm}` },
        ...{ openNetMinor: `${target.openNetMinor}`, liabilityMinor: `${target.liabilityMinor}` },
        assetMinor: `${target.assetMinor}`,
      }))
      return { status: 201, body: { channels } }
    },
  })
  addBackTest(server, deps)
}

function addBackTest(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/ledger/return-reserve/back-test',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'The last three months whose returns are known: what was expected, what came',
        tags,
        querystring: z.strictObject({ entity: code, on: businessDate }),
        response: {
          200: z.object({
            items: z.array(
              z.object({
                channel: text,
                month: text,
                netMinor: text,
                estimatedMinor: text,
                actualMinor: text,
              }),
            ),
          }),
        },
      },
    },
    async ({ query: { entity, on }, principal }) => {
      const found = await companyByCode(deps.db, entity)
      const company = visible(principal, found, `entity ${entity}`, (row) => ({ entity: row.code }))
      const tests = await returnBackTest(deps.db, { entityId: company.id, on })
      return {
        items: tests.map(({ netMinor, estimatedMinor, actualMinor, ...test }) => ({
          ...{ ...test, netMinor: `${netMinor}`, estimatedMinor: `${estimatedMinor}` },
          actualMinor: `${actualMinor}`,
        })),
      }
    },
  )
}
