import { z } from 'zod'
import { companyByCode, type Company } from '#db/queries/books'
import { readTaxReturn, taxRegistrations } from '#db/queries/tax-report'
import { insertTaxRegistration } from '#db/stores/tax-registrations'
import { firstDayOf, RETURN_PERIOD } from '#domain/tax/return-period'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, money, reason, shortText } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'
import { companyInReach } from './periods.ts'

const tags = ['ledger']
const jurisdiction = shortText.meta({ example: 'US-NY' })

const registration = z.object({
  scheme: z.enum(['domestic', 'oss', 'ioss']),
  jurisdiction,
  number: shortText.meta({ example: 'DE123456789' }),
  frequency: z.enum(['month', 'quarter', 'year']),
  validFrom: businessDate,
})

/** What is owed to whom in which return, and how often each is filed. */
export async function taxReturnRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReport(server, deps)
  addRegistrations(server, deps)
}

function addReport(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/tax-report',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'Tax of one return by jurisdiction and code: the ledger beside the documents',
        description:
          'A return is a month, a quarter or a year, as the registration of each jurisdiction says; one without a registration files monthly.',
        tags,
        querystring: z.strictObject({
          entity: entityCode,
          period: z
            .string()
            .regex(RETURN_PERIOD, {
              error: 'send a month, quarter or year such as 2026-03, 2026-Q1 or 2026',
            })
            .meta({ example: '2026-Q1' }),
        }),
        response: {
          200: z.object({
            entity: z.string(),
            period: z.string(),
            ties: z.boolean().describe('Ledger and documents say the same of every line.'),
            rows: z.array(
              z.object({
                jurisdiction: z.string(),
                taxCode: z.string(),
                ledger: money,
                documents: money,
                facilitator: money.describe('Collected by marketplaces; nothing of it is owed.'),
              }),
            ),
          }),
        },
      },
    },
    async ({ query: { entity, period }, principal }) => {
      const company = await companyByCode(db, entity)
      const { id } = visible(principal, company, `entity ${entity}`, placeOf)
      const rows = await readTaxReturn(db, { entityId: id, period, from: firstDayOf(period) })
      return {
        entity,
        period,
        ties: rows.every((row) => row.ledgerMinor === row.documentsMinor),
        rows: rows.map((row) => ({
          jurisdiction: row.jurisdiction,
          taxCode: row.taxCode,
          ledger: wireMoney(row.ledgerMinor, row.currency),
          documents: wireMoney(row.documentsMinor, row.currency),
          facilitator: wireMoney(row.facilitatorMinor, row.currency),
        })),
      }
    },
  )
}

function addRegistrations(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/ledger/tax-registrations',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'Where a company files its taxes, and how often',
        tags,
        querystring: z.strictObject({ entity: entityCode }),
        response: { 200: z.object({ items: z.array(registration), nextCursor: z.null() }) },
      },
    },
    async ({ query: { entity }, principal }) => {
      const company = await companyByCode(deps.db, entity)
      const { id } = visible(principal, company, `entity ${entity}`, placeOf)
      return { items: await taxRegistrations(deps.db, id), nextCursor: null }
    },
  )

  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/tax-registrations',
    permission: 'periods:create',
    summary: 'Say how often a jurisdiction is filed from a day on',
    tags,
    body: z.strictObject({
      entity: entityCode,
      ...registration.shape,
      scheme: registration.shape.scheme.default('domestic'),
      reason,
    }),
    response: { 201: registration },
    work: async (tx, { body: { entity, reason: why, ...added }, principal, audit }) => {
      const { id } = await companyInReach(tx, principal, entity)
      await insertTaxRegistration(tx, id, added)
      const subjectId = `${entity}/${added.scheme}/${added.jurisdiction}`
      const event = { subjectType: 'tax-registration', subjectId, action: 'registered' }
      await audit({ ...event, after: added, reason: why })
      return { status: 201, body: added }
    },
  })
}

function placeOf({ code }: Company) {
  return { entity: code }
}
