import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { consolidatedTrialBalance } from '#db/queries/consolidation'
import { sum } from '#domain/money'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, currency as currencyCode, money } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'

const entities = z
  .string()
  .transform((text) => [...new Set(text.split(','))])
  .pipe(z.array(entityCode).min(1).max(50))
  .describe('Codes of the companies, with commas between them.')

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
      for (const code of codes) {
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
