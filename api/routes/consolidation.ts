import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { consolidatedTrialBalance } from '#db/queries/consolidation'
import { sum } from '#domain/money'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, currency as currencyCode, money } from '../schemas.ts'
import { visible } from '../scope.ts'
import { wireMoney } from './ledger-schemas.ts'

const entities = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}(,[A-Za-z0-9][A-Za-z0-9_.-]{0,60}){0,49}$/, {
    error: 'send codes of companies with commas between them, at most 50',
  })
  .meta({ example: 'ACME-US,ACME-DE' })

/** Several companies as one. */
export async function consolidationRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/ledger/consolidation',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary:
          'Trial balance of a group in one currency, without what its companies owe each other',
        tags: ['ledger'],
        querystring: z.strictObject({ entities, currency: currencyCode, asOf: businessDate }),
        response: {
          200: z.object({
            currency: z.string(),
            asOf: z.string(),
            rows: z.array(
              z.object({
                accountId: z.int(),
                code: z.string(),
                name: z.string(),
                class: z.string(),
                companies: z.record(z.string(), money),
                eliminated: money,
                consolidated: money,
              }),
            ),
            unmatched: money.describe('What the sides of eliminated balances differ by.'),
            total: money.describe('Of what is consolidated: zero but for what is unmatched.'),
          }),
        },
      },
    },
    async ({ query: { entities: codes, currency, asOf }, principal }) => {
      const companies = []
      for (const code of new Set(codes.split(','))) {
        const found = await companyByCode(db, code)
        companies.push(visible(principal, found, `entity ${code}`, (row) => ({ entity: row.code })))
      }
      const { rows, unmatchedMinor } = await consolidatedTrialBalance(db, {
        companies,
        currency,
        asOf,
      })
      const wire = (minor: bigint) => wireMoney(minor, currency)
      return {
        ...{ currency, asOf },
        rows: rows.map(({ companies: by, eliminatedMinor, consolidatedMinor, ...row }) => ({
          ...row,
          companies: Object.fromEntries(
            Object.entries(by).map(([code, minor]) => [code, wire(minor)]),
          ),
          eliminated: wire(eliminatedMinor),
          consolidated: wire(consolidatedMinor),
        })),
        unmatched: wire(unmatchedMinor),
        total: wire(sum(rows.map(({ consolidatedMinor }) => consolidatedMinor))),
      }
    },
  )
}
