import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { deferralPlace, listDeferrals, listRevenuePolicies } from '#db/queries/deferred-revenue'
import {
  activateDeferral,
  insertRevenuePolicy,
  recogniseRevenue,
} from '#db/stores/deferred-revenue'
import { isInScope } from '#domain/scopes'
import { booksOf } from '../books.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, code, money, reason, shortText } from '../schemas.ts'
import { visible } from '../scope.ts'

const tags = ['ledger']
const text = z.string()
const moments = z.enum(['shipped', 'delivered', 'activated', 'over-term'])
const policy = z.object({
  id: text,
  sku: text.nullable(),
  itemClass: text.nullable(),
  revenueOn: moments.nullable().describe('Null: by the channel’s policy again.'),
  termMonths: z.int().nullable(),
  standard: text,
  reason: text,
  actor: text,
  recordedAt: text,
})
const wish = z
  .strictObject({
    sku: code.optional(),
    itemClass: shortText.optional(),
    revenueOn: moments.nullable(),
    termMonths: z.int().min(1).max(240).optional(),
    standard: shortText.meta({ example: 'ASC 606-10-25-27(a), IFRS 15.35(a)' }),
    reason,
  })
  .refine(({ sku, itemClass }) => (sku === undefined) !== (itemClass === undefined), {
    error: 'send a sku or an itemClass, one of both',
  })
  .refine(
    ({ revenueOn, termMonths }) => (termMonths !== undefined) === (revenueOn === 'over-term'),
    {
      error: 'a term is said of over-term, and of nothing else',
    },
  )
const deferral = z.object({
  id: text,
  orderId: text,
  orderLineId: text,
  sku: text.nullable(),
  billed: money,
  left: money.describe('What is not earned yet.'),
  termMonths: z.int().nullable(),
  startsOn: text,
})

/** When products are earned, and what has been billed before it was. */
export async function revenueRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addPolicies(server, deps)
  addDeferrals(server, deps)
  addRecognition(server, deps)
}

function addPolicies(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/revenue-policies',
    {
      config: { permission: 'policies:read' },
      schema: {
        summary: 'When items and classes of items are earned, newest rule first',
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(policy) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listRevenuePolicies(deps.db, { before, limit: limit + 1 })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        (row) => ({ ...row, id: `${row.id}` }),
      )
    },
  )
  commandRoute(server, deps, {
    method: 'POST',
    url: '/revenue-policies',
    permission: 'policies:approve',
    summary: 'Say when an item, or a class of items, is earned',
    description:
      'Item before class before channel. Lines keep the rule that held when they were placed. Only services are earned at activation or over a term.',
    tags,
    body: wish,
    response: { 201: z.object({ id: text }) },
    work: async (tx, { body, principal, audit }) => {
      const id = await insertRevenuePolicy(tx, { ...body, actor: principal.actor })
      const subjectId = body.sku ?? `class ${body.itemClass}`
      const { reason: why, ...after } = body
      const event = { subjectType: 'revenue-policy', subjectId, action: 'new-version', after }
      await audit({ ...event, reason: why })
      return { status: 201, body: { id: `${id}` } }
    },
  })
}

function addDeferrals(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/deferred-revenue',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'What was billed before it is earned, newest first, with what is left of each',
        tags,
        querystring: z.strictObject({ ...pageQuery, entity: code, order: bigId.optional() }),
        response: { 200: pageOf(deferral) },
      },
    },
    async ({ query: { limit, cursor, entity, order }, principal }) => {
      const found = await companyByCode(deps.db, entity)
      const company = visible(principal, found, `entity ${entity}`, (row) => ({ entity: row.code }))
      const rows = await listDeferrals(deps.db, {
        entityId: company.id,
        orderId: order === undefined ? undefined : BigInt(order),
        before: idCursor(cursor, MAX_BIGINT),
        limit: limit + 1,
      })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        ({ currency, minor, leftMinor, ...row }) => ({
          ...row,
          ...{ id: `${row.id}`, orderId: `${row.orderId}`, orderLineId: `${row.orderLineId}` },
          billed: { currency, minor: `${minor}` },
          left: { currency, minor: `${leftMinor}` },
        }),
      )
    },
  )
  commandRoute(server, deps, {
    method: 'POST',
    url: '/deferred-revenue/:deferralId/activation',
    permission: 'orders:update',
    summary: 'Say that a service works for its customer: what was billed for it is earned',
    tags,
    params: z.object({ deferralId: bigId }),
    body: z.strictObject({ activatedOn: businessDate }),
    response: { 200: z.object({ earnedMinor: text }) },
    work: async (tx, { body, params, principal }) => {
      const id = BigInt(params.deferralId)
      const place = await deferralPlace(tx, id)
      if (!place || !isInScope(principal.scopes, place)) throw notFound('deferred revenue')
      const by = { ...body, actor: principal.actor }
      const { earnedMinor } = await activateDeferral(tx, id, by)
      return { body: { earnedMinor: `${earnedMinor}` } }
    },
  })
}

function addRecognition(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/revenue-recognition',
    permission: 'journal:post',
    summary: 'Earn what is due of running terms by the end of a day; a second run changes nothing',
    tags,
    body: z.strictObject({ entity: code, through: businessDate }),
    response: {
      201: z.object({ lines: z.int(), earned: z.array(money) }),
    },
    work: async (tx, { body: { entity, through }, principal }) => {
      const { entityId } = await booksOf(tx, principal, entity)
      const done = await recogniseRevenue(tx, { entityId, through, actor: principal.actor })
      const earned = done.earned.map(({ currency, minor }) => ({ currency, minor: `${minor}` }))
      return { status: 201, body: { lines: done.lines, earned } }
    },
  })
}
