import { z } from 'zod'
import type { Reader } from '#db/client'
import { companyByCode } from '#db/queries/books'
import { horizonAt } from '#db/queries/ledger-reports'
import type { BalanceScope } from '#db/queries/report-balances'
import { dimensionIds } from '#db/queries/report-dimensions'
import type { ReportFrame } from '#domain/reports/frame'
import type { LineQuery, LinkTo } from '#domain/reports/links'
import type { Principal } from './deps.ts'
import { invalidInput } from './problem.ts'
import { FORMATS } from './report-answer.ts'
import { linesUrl } from './routes/ledger-links.ts'
import { entityCode } from './routes/ledger-schemas.ts'
import { businessDate, code, instant, shortText, sku } from './schemas.ts'
import { visible } from './scope.ts'

/** Query fields of every report. */
export const reportQuery = {
  entity: entityCode,
  asKnown: instant
    .optional()
    .describe('What was sealed at this instant, which has passed; with it a report is final.'),
  format: z
    .enum(FORMATS)
    .optional()
    .describe('Instead of the `Accept` header: json, csv, xlsx or pdf.'),
}

/** Of a report at the end of a day. */
export const standingQuery = {
  ...reportQuery,
  asOf: businessDate.describe('The end of this day.'),
}

/** Of a report over a period. */
export const periodQuery = {
  ...reportQuery,
  from: businessDate.optional().describe('First day; the first of the year of `to` without it.'),
  to: businessDate.describe('Last day.'),
}

/** By which the figures are narrowed. */
export const dimensionQuery = {
  channel: code.optional(),
  site: code.optional(),
  sku: sku.optional(),
  segment: shortText.optional(),
}

export const mostRows = z.coerce
  .number({ error: 'send a whole number from 1 to 10000' })
  .int()
  .min(1)
  .max(10_000)
  .default(1000)
  .describe('Rows shown; all others are one row, so that every column still adds up.')

interface Asked {
  entity: string
  asKnown?: string | undefined
  asOf?: string | undefined
  from?: string | undefined
  to?: string | undefined
  channel?: string | undefined
  site?: string | undefined
  sku?: string | undefined
  segment?: string | undefined
}

/** What every report is made of: its company, its days, its knowledge, and how its cells are found again. */
export interface ReportRequest {
  frame: ReportFrame & { from: string }
  scope: BalanceScope
  linkTo: LinkTo
  /** The dimensions asked for, as filters of lines. */
  about: LineQuery
}

/** @throws 404 for a company out of reach; 422 for a dimension that does not exist. */
export async function reportRequest(
  db: Reader,
  principal: Principal,
  asked: Asked,
): Promise<ReportRequest> {
  const { entity, asKnown, segment } = asked
  const company = await companyByCode(db, entity)
  const { id, functionalCurrency } = visible(principal, company, `entity ${entity}`, (row) => ({
    entity: row.code,
  }))
  const to = asked.to ?? asked.asOf!
  const from = asked.from ?? `${to.slice(0, 4)}-01-01`
  if (from > to) throw invalidInput({ field: 'query.from', message: 'send a day before `to`' })
  const ids = await dimensionIds(db, id, asked)
  for (const field of ['channel', 'site', 'sku'] as const)
    if (asked[field] !== undefined && ids[field] === null)
      throw invalidInput({
        field: `query.${field}`,
        message: `${entity} has no ${field} ${asked[field]}`,
      })
  const horizon = await horizonAt(db, asKnown)
  const knownAt = asKnown
  return {
    frame: { entity, currency: functionalCurrency, from, asOf: to, asKnown: asKnown ?? null },
    scope: {
      entityId: id,
      from,
      to,
      horizon,
      channelId: ids.channel ?? undefined,
      siteId: ids.site ?? undefined,
      itemId: ids.sku ?? undefined,
      segment,
    },
    linkTo: (lines) => linesUrl({ entity, knownAt, ...wireQuery(lines) }),
    about: given({ channel: asked.channel, site: asked.site, sku: asked.sku, segment }),
  }
}

function wireQuery({ accounts, ...rest }: LineQuery) {
  return { ...(accounts === undefined ? {} : { accounts: accounts.join(',') }), ...rest }
}

function given<T extends object>(query: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
