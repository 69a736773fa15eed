import { z } from 'zod'
import { companyByCode, type Company } from '#db/queries/books'
import { leakRows, type LeakAsk, type LeakRow } from '#db/queries/leaks'
import { frozenWeeks, measureWeek, type Measured } from '#db/queries/scorecard'
import { LEAKS, type Leak } from '#domain/reports/leaks'
import { meetsTarget, METRICS, weekOf } from '#domain/reports/scorecard'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, money } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'

const text = z.string()
const tags = ['reports']
const config = { permission: 'reports:read' } as const

const value = z.object({
  milli: text.nullable().describe('Thousandths of the unit; null where nothing was measured.'),
  sample: text.describe('Of how many orders, lines or cases; of money, minor units.'),
  meetsTarget: z.boolean().nullable(),
})
const metric = z.object({
  metric: text,
  title: text,
  definition: text,
  unit: z.enum(['percent', 'hours', 'days', 'times', 'per-order', 'units']),
  better: z.enum(['higher', 'lower']),
  targetMilli: text,
  owner: text,
  actOn: text.describe('Page of the console where one acts on it.'),
  now: value.describe('The week that is under way.'),
  trend: z.array(value.extend({ week: businessDate })).describe('Frozen weeks, the oldest first.'),
})
const leak = z.object({
  leak: text,
  title: text,
  definition: text,
  owner: text,
  threshold: z.int().describe('More rows than these need somebody.'),
  count: z.int(),
  money,
  oldest: text.nullable(),
  worrying: z.boolean(),
})
const row = z.object({ what: text, money, since: text, page: text.nullable() })
const leakName = z.enum(LEAKS.map((one) => one.leak) as [Leak, ...Leak[]])
const entityQuery = { entity: entityCode }

/** How the company does (RPT-23, FAQ-6) and where money runs out of it (CORE-3). */
export async function scorecardRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addScorecard(server, deps)
  addLeaks(server, deps)
}

function addScorecard(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/scorecard',
    {
      config,
      schema: {
        summary: 'Each figure of the company with its target, owner and the weeks that were kept',
        description:
          'A week is frozen by the worker in the first hour after it has ended, and stays as it was seen then.',
        tags,
        querystring: z.strictObject({
          ...entityQuery,
          weeks: z.coerce.number().int().min(1).max(104).default(13),
        }),
        response: {
          200: z.object({ entity: text, week: businessDate, items: z.array(metric) }),
        },
      },
    },
    async ({ query: { entity, weeks }, principal }) => {
      const company = await companyByCode(db, entity)
      const { id } = visible(principal, company, `entity ${entity}`, placeOf)
      const week = weekOf(today())
      const [now, frozen] = await Promise.all([
        measureWeek(db, { entityId: id, week }),
        frozenWeeks(db, { entityId: id, weeks }),
      ])
      const items = METRICS.map(({ targetMilli, ...told }) => ({
        ...told,
        targetMilli: `${targetMilli}`,
        now: wireValue({ ...told, targetMilli }, now.get(told.metric) ?? NOTHING),
        trend: frozen
          .filter((one) => one.metric === told.metric)
          // By the target of its own time.
          .map((one) => ({
            week: one.week,
            ...wireValue({ ...told, targetMilli: one.targetMilli }, one),
          })),
      }))
      return { entity, week, items }
    },
  )
}

const NOTHING: Measured = { milli: null, sample: 0n }

function wireValue(of: Parameters<typeof meetsTarget>[0], { milli, sample }: Measured) {
  return {
    milli: milli === null ? null : `${milli}`,
    sample: `${sample}`,
    meetsTarget: meetsTarget(of, milli),
  }
}

function addLeaks(server: ApiServer, { db }: ApiDeps): void {
  const rowsOf = (name: Leak, { id, code }: Company) =>
    leakRows(db, name, { entityId: id, entity: code, today: today() } satisfies LeakAsk)
  server.get(
    '/leaks',
    {
      config,
      schema: {
        summary: 'The six leaks: how many, how much, since when and whose',
        tags,
        querystring: z.strictObject(entityQuery),
        response: { 200: z.object({ items: z.array(leak) }) },
      },
    },
    async ({ query: { entity }, principal }) => {
      const found = await companyByCode(db, entity)
      const company = visible(principal, found, `entity ${entity}`, placeOf)
      const items = []
      for (const one of LEAKS) {
        const rows = await rowsOf(one.leak, company)
        const minor = rows.reduce((sum, each) => sum + each.minor, 0n)
        items.push({
          ...one,
          count: rows.length,
          money: wireMoney(minor, company.functionalCurrency),
          oldest: rows[0]?.since ?? null,
          worrying: rows.length > one.threshold,
        })
      }
      return { items }
    },
  )
  server.get(
    '/leaks/:leak',
    {
      config,
      schema: {
        summary: 'The rows of one leak, the oldest first, at most 500',
        tags,
        params: z.object({ leak: leakName }),
        querystring: z.strictObject(entityQuery),
        response: { 200: z.object({ items: z.array(row), nextCursor: z.null() }) },
      },
    },
    async ({ params, query: { entity }, principal }) => {
      const found = await companyByCode(db, entity)
      const company = visible(principal, found, `entity ${entity}`, placeOf)
      const rows = await rowsOf(params.leak, company)
      const items = rows.slice(0, 500).map((one) => wireRow(one, company.functionalCurrency))
      return { items, nextCursor: null }
    },
  )
}

function wireRow({ minor, ...told }: LeakRow, currency: string) {
  return { ...told, money: wireMoney(minor, currency) }
}

const today = () => new Date().toISOString().slice(0, 10)

function placeOf({ code }: Company) {
  return { entity: code }
}
