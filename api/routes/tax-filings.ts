import { z } from 'zod'
import type { Tx } from '#db/client'
import { companyByCode } from '#db/queries/books'
import {
  linesOfReturn,
  salesOfReturn,
  taxReturns,
  type ReturnLine,
  type TaxReturn,
} from '#db/queries/tax-returns'
import { draftReturn, payReturn, prepareReturn, recordReturn } from '#db/stores/tax-returns'
import { dateAt } from '#domain/dates'
import { isInScope } from '#domain/scopes'
import { firstDayOf, RETURN_PERIOD } from '#domain/tax/return-period'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, minorText, money, shortText } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'
import { companyInReach } from './periods.ts'

const tags = ['ledger']
const named = {
  entity: entityCode,
  scheme: z.enum(['domestic', 'oss', 'ioss']).default('domestic'),
  jurisdiction: shortText.describe('As the registration names it.').meta({ example: 'US-NY' }),
  period: z
    .string()
    .regex(RETURN_PERIOD, {
      error: 'send a month, quarter or year such as 2026-03, 2026-Q1 or 2026',
    })
    .meta({ example: '2026-Q1' }),
}
const line = z.object({
  jurisdiction: z.string(),
  taxCode: z.string(),
  account: z.int(),
  ofPeriod: z
    .string()
    .describe('The return’s own, or an earlier one that it corrects or completes.'),
  tax: money,
})
const params = z.object({ returnId: bigId })
const taxReturn = z.object({
  id: z.string(),
  entity: z.string(),
  scheme: z.string(),
  jurisdiction: z.string(),
  period: z.string(),
  due: money.describe('What is paid; below zero what comes back.'),
  state: z.enum(['prepared', 'filed', 'rejected', 'paid']),
  preparedBy: z.string(),
  reference: z.string().nullable(),
})

/** Returns as they were sent: a draft at any time, kept before it leaves, filed or rejected, paid. */
export async function taxFilingRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addDraft(server, deps)
  addReads(server, deps)
  addPreparation(server, deps)
  addOutcomes(server, deps)
  addPayment(server, deps)
}

function addDraft(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/tax-returns/draft',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary:
          'What a return would say now: its own tax, corrections of earlier ones, and the sales behind it',
        tags,
        querystring: z.strictObject(named),
        response: {
          200: z.object({
            due: money,
            lines: z.array(line),
            outside: z
              .array(line)
              .describe('Corrections too old for OSS: they go to the state itself.'),
            earlierOpen: z.array(z.string()).describe('Earlier periods with tax and no return.'),
            sales: z.array(
              z.object({
                jurisdiction: z.string(),
                taxCode: z.string(),
                collectedBy: z.enum(['seller', 'marketplace']),
                net: money,
              }),
            ),
          }),
        },
      },
    },
    async ({ query: { entity, ...of }, principal }) => {
      const company = visible(
        principal,
        await companyByCode(db, entity),
        `entity ${entity}`,
        (one) => ({
          entity: one.code,
        }),
      )
      const asked = { entityId: company.id, ...of }
      const { functionalCurrency } = company
      const draft = await draftReturn(db, { ...asked, functionalCurrency })
      const sales = await salesOfReturn(db, { ...asked, from: firstDayOf(of.period) })
      return {
        due: wireMoney(draft.dueMinor, draft.currency),
        lines: draft.lines.map(wireLine),
        outside: draft.outside.map(wireLine),
        earlierOpen: draft.earlierOpen,
        sales: sales.map(({ currency, netMinor, ...sale }) => ({
          ...sale,
          net: wireMoney(netMinor, currency),
        })),
      }
    },
  )
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/tax-returns',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'Returns of a company, newest first',
        tags,
        querystring: z.strictObject({ ...pageQuery, entity: entityCode }),
        response: { 200: pageOf(taxReturn) },
      },
    },
    async ({ query: { limit, cursor, entity }, principal }) => {
      const company = await companyByCode(db, entity)
      visible(principal, company, `entity ${entity}`, (one) => ({ entity: one.code }))
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await taxReturns(db, { entity, before, limit: limit + 1 })
      return toPage(rows, limit, (row) => row.id, wireReturn)
    },
  )
  server.get(
    '/ledger/tax-returns/:returnId',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'One return with its lines',
        tags,
        params,
        response: { 200: taxReturn.extend({ lines: z.array(line) }) },
      },
    },
    async ({ params: { returnId }, principal }) => {
      const [found] = await taxReturns(db, { id: BigInt(returnId) })
      const row = visible(principal, found, 'tax return', ({ entity }) => ({ entity }))
      return { ...wireReturn(row), lines: (await linesOfReturn(db, row.id)).map(wireLine) }
    },
  )
}

function addPreparation(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/tax-returns',
    permission: 'periods:update',
    summary: 'Keep what a return says, before it is sent',
    description:
      'What is posted for its period later goes into the next return and names the period.',
    tags,
    body: z.strictObject(named),
    response: { 201: taxReturn.extend({ lines: z.array(line) }) },
    work: async (tx, { body: { entity, ...of }, principal, audit }) => {
      const { id: entityId, functionalCurrency } = await companyInReach(tx, principal, entity)
      const by = { actor: principal.actor, today: dateAt(Date.now(), 'UTC') }
      const { id, draft } = await prepareReturn(tx, { entityId, functionalCurrency, ...of }, by)
      const subjectId = id.toString()
      await audit({
        subjectType: 'tax-return',
        subjectId,
        action: 'prepared',
        after: { entity, ...of },
      })
      const [row] = await taxReturns(tx, { id })
      return { status: 201, body: { ...wireReturn(row!), lines: draft.lines.map(wireLine) } }
    },
  })
}

function addOutcomes(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/tax-returns/:returnId/outcome',
    permission: 'periods:close',
    summary: 'Say that the authority took a return, or rejected it; not by who prepared it',
    description: 'A rejected return has said nothing: it is prepared again.',
    tags,
    params,
    body: z.strictObject({
      outcome: z.enum(['filed', 'rejected']),
      on: businessDate,
      reference: shortText.describe('The authority’s receipt, or its reason.'),
    }),
    response: { 204: z.null() },
    work: async (
      tx,
      { body: { outcome, on, reference }, params: { returnId }, principal, audit },
    ) => {
      const { id } = await returnInReach(tx, returnId, principal)
      await recordReturn(tx, id, outcome, { on, reference, actor: principal.actor })
      await audit({
        subjectType: 'tax-return',
        subjectId: returnId,
        action: outcome,
        after: { on, reference },
      })
      return {}
    },
  })
}

function addPayment(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/tax-returns/:returnId/payment',
    permission: 'payments:pay',
    summary: 'Book that a filed return was paid, or paid out: its tax is settled with the bank',
    tags,
    params,
    body: z.strictObject({ paidOn: businessDate, amountMinor: minorText, reference: shortText }),
    response: { 204: z.null() },
    work: async (tx, { body, params: { returnId }, principal, audit }) => {
      const found = await returnInReach(tx, returnId, principal)
      const { paidOn: on, reference } = body
      const paid = { on, reference, actor: principal.actor, amountMinor: BigInt(body.amountMinor) }
      await payReturn(tx, found, paid)
      await audit({ subjectType: 'tax-return', subjectId: returnId, action: 'paid', after: body })
      return {}
    },
  })
}

async function returnInReach(tx: Tx, id: string, { scopes }: Principal): Promise<TaxReturn> {
  const [found] = await taxReturns(tx, { id: BigInt(id) })
  if (!found || !isInScope(scopes, { entity: found.entity })) throw notFound('tax return')
  return found
}

function wireReturn({
  id,
  entity,
  scheme,
  jurisdiction,
  period,
  dueMinor,
  currency,
  ...row
}: TaxReturn) {
  const { state, preparedBy, reference } = row
  const due = wireMoney(dueMinor, currency)
  return {
    id: id.toString(),
    entity,
    scheme,
    jurisdiction,
    period,
    due,
    state,
    preparedBy,
    reference,
  }
}

function wireLine(row: ReturnLine) {
  return {
    ...{ jurisdiction: row.jurisdiction, taxCode: row.taxCode, account: row.accountId },
    ofPeriod: row.correctsPeriod ?? row.postedPeriod,
    tax: wireMoney(row.taxMinor, row.currency),
  }
}
