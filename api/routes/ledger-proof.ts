import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { lateFacts } from '#db/queries/ledger-reports'
import { seals } from '#db/queries/seals'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { intCursor, MAX_INT, pageOf, pageQuery, toPage } from '../paging.ts'
import { money } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'
import { periodName } from './period-schemas.ts'

const tags = ['ledger']
const config = { permission: 'ledger:read' } as const

const seal = z.object({
  no: z.int(),
  rows: z.int().describe('Entries, or audit events, in it.'),
  root: z.string(),
  prev: z.string(),
  hash: z.string().describe('sha256 of prev ‖ root ‖ rows ‖ no, the numbers as four bytes each.'),
  sealedAt: z.string(),
})

const lateFact = z.object({
  entryId: z.string(),
  eventType: z.string(),
  sourceType: z.string(),
  sourceId: z.string(),
  factOn: z.string(),
  effectiveOn: z.string().describe('Where it is booked.'),
  period: z.string(),
  recordedAt: z.string(),
  total: money.describe('Sum of its debits.'),
})

/** What shows that the books are as they were: the seals, and what came after a month was locked. */
export async function ledgerProofRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addSeals(server, deps)
  addLateFacts(server, deps)
}

function addSeals(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/seals',
    {
      config,
      schema: {
        summary: 'Seals of the journal or of the audit trail, newest first',
        description:
          'Keep the first one where nobody of the database may write: it shows later whether anything sealed before was changed.',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          chain: z.enum(['journal', 'audit']).default('journal'),
        }),
        response: { 200: pageOf(seal) },
      },
    },
    async ({ query: { limit, cursor, chain } }) => {
      const before = cursor === undefined ? Number(MAX_INT) : intCursor(cursor)
      const rows = await seals(db, chain, { before, limit: limit + 1 })
      const hex = (bytes: Buffer) => bytes.toString('hex')
      return toPage(
        rows,
        limit,
        (row) => row.no,
        ({ root, prev, hash, ...row }) => {
          return { ...row, root: hex(root), prev: hex(prev), hash: hex(hash) }
        },
      )
    },
  )
}

function addLateFacts(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/late-facts',
    {
      config,
      schema: {
        summary: 'Facts of a period that came after it was locked and stand in a later one',
        tags,
        querystring: z.strictObject({ entity: entityCode, period: periodName }),
        response: { 200: z.object({ items: z.array(lateFact), nextCursor: z.null() }) },
      },
    },
    async ({ query: { entity, period }, principal }) => {
      const found = await companyByCode(db, entity)
      const company = visible(principal, found, `entity ${entity}`, ({ code }) => ({
        entity: code,
      }))
      const rows = await lateFacts(db, { entityId: company.id, period })
      const items = rows.map(({ entryId, totalMinor, ...row }) => ({
        ...row,
        entryId: entryId.toString(),
        total: wireMoney(totalMinor, company.functionalCurrency),
      }))
      return { items, nextCursor: null }
    },
  )
}
