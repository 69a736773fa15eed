import { z } from 'zod'
import { periodBalances } from '#db/queries/report-balances'
import { sinceClosing } from '#db/queries/report-closing'
import { standingBalances, waitingItems } from '#db/queries/report-open-items'
import { layerTotals, stockMoves } from '#db/queries/report-stock'
import { ageingReport, type AgeingReport } from '#domain/reports/ageing'
import { closedAndKnownReport } from '#domain/reports/closed-and-known'
import { rollForwardReport, STOCK_ACCOUNTS } from '#domain/reports/roll-forward'
import { SETTLEMENT_ACCOUNTS, settlementStatusReport } from '#domain/reports/settlement-status'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { notFound } from '../problem.ts'
import { reportAnswer, reportSchema } from '../report-answer.ts'
import {
  mostRows,
  periodQuery,
  reportQuery,
  reportRequest,
  standingQuery,
} from '../report-request.ts'
import { businessDate, code, sku } from '../schemas.ts'
import { accountId } from './ledger-schemas.ts'
import { periodName } from './period-schemas.ts'

const tags = ['reports']
const config = { permission: 'ledger:read' } as const
const response = { 200: reportSchema }
const description =
  'As JSON, CSV, XLSX or PDF, by `Accept` or `?format=`. Each amount names its journal lines, each line its entry and its document. docs/reports.md says how each figure is made.'

/** What waits, what lies in stock, and what came after the books were closed. */
export async function openReportRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addAgeing(server, deps, {
    path: 'aged-receivables',
    title: 'Receivables by age',
    accounts: [1200],
  })
  addAgeing(server, deps, {
    path: 'aged-payables',
    title: 'Payables by age',
    accounts: [2010],
    turned: true,
  })
  addAgeing(server, deps, {
    path: 'clearing',
    title: 'Clearing accounts, item by item',
    accounts: CLEARING,
  })
  addSettlementStatus(server, deps)
  addRollForward(server, deps)
  addClosedAndKnown(server, deps)
}

/** Every account that must return to zero, item by item (§5.1 step 3). */
const CLEARING: readonly number[] = [
  1050, 1110, 1120, 1130, 1140, 1220, 1230, 1400, 2020, 2030, 2040, 2100, 2110, 2120, 2140,
]

interface AgeingRoute {
  path: string
  title: string
  accounts: readonly number[]
  turned?: true
}

function addAgeing(server: ApiServer, { db }: ApiDeps, route: AgeingRoute): void {
  const querystring = z.strictObject({
    ...standingQuery,
    account: accountId.optional().describe('One of the accounts of the report.'),
    limit: mostRows,
  })
  server.get(
    `/reports/${route.path}`,
    { config, schema: { summary: route.title, description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo } = await reportRequest(db, principal, query)
      const { account } = query
      const accounts = route.accounts.filter((id) => account === undefined || id === account)
      const { entityId, horizon, to: asOf } = scope
      const [items, all] = await Promise.all([
        waitingItems(db, { entityId, accounts, asOf, horizon }),
        periodBalances(db, scope),
      ])
      const balances = all.filter((row) => accounts.includes(row.accountId))
      const { path: name, title, turned = false } = route
      const about: AgeingReport = { name, title, turned, most: query.limit }
      const report = ageingReport(frame, about, items, balances, linkTo)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

function addSettlementStatus(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject(standingQuery)
  const summary = 'Where the money of past sales is: captured, unsettled, held, paid out, unknown'
  server.get(
    '/reports/settlement-status',
    { config, schema: { summary, description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo } = await reportRequest(db, principal, query)
      const { entityId, horizon, to: asOf } = scope
      const accounts = SETTLEMENT_ACCOUNTS
      const [standing, all] = await Promise.all([
        standingBalances(db, { entityId, accounts, asOf, horizon }),
        periodBalances(db, scope),
      ])
      const balances = all.filter((row) => accounts.includes(row.accountId))
      const report = settlementStatusReport(frame, standing, balances, linkTo)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

function addRollForward(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject({
    ...periodQuery,
    site: code.optional(),
    sku: sku.optional(),
    limit: mostRows,
  })
  const summary = 'Inventory from opening to closing, units and value, by SKU, site and condition'
  server.get(
    '/reports/inventory-roll-forward',
    { config, schema: { summary, description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo } = await reportRequest(db, principal, query)
      // The layers are not kept as they were known, so they are asked only about now.
      const layers = query.asKnown === undefined ? layerTotals(db, scope) : undefined
      const [stock, all, totals] = await Promise.all([
        stockMoves(db, scope),
        periodBalances(db, scope),
        layers,
      ])
      const balances = all.filter((row) => STOCK_ACCOUNTS.includes(row.accountId))
      const against = { balances, layers: totals }
      const report = rollForwardReport(frame, stock, against, linkTo, query.limit)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

function addClosedAndKnown(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject({ ...reportQuery, period: periodName })
  const summary = 'A period as it was closed beside what is known of it now, with the late facts'
  server.get(
    '/reports/closed-and-known',
    { config, schema: { summary, description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { period } = query
      const month = period.endsWith('-13') ? `${period.slice(0, 4)}-12` : period
      const days = { from: `${month}-01`, to: lastDayOf(month) }
      const { frame, scope } = await reportRequest(db, principal, { ...query, ...days })
      const { entityId, horizon } = scope
      const since = await sinceClosing(db, { entityId, period, horizon })
      if (!since) throw notFound(`closing of ${period}: it has not been closed`)
      const entryUrl = (id: string) => `/v1/ledger/entries/${id}`
      const report = closedAndKnownReport(frame, period, since, entryUrl)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

function lastDayOf(month: string): string {
  const [year, no] = month.split('-').map(Number) as [number, number]
  return businessDate.parse(new Date(Date.UTC(year, no, 0)).toISOString().slice(0, 10))
}
