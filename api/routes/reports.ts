import { z } from 'zod'
import { periodBalances, type BalanceScope } from '#db/queries/report-balances'
import type { Reader } from '#db/client'
import { balanceSheetReport } from '#domain/reports/balance-sheet'
import { cashFlowReport } from '#domain/reports/cash-flow'
import { profitAndLossReport, type Compared } from '#domain/reports/profit-and-loss'
import { profitByReport } from '#domain/reports/profit-by'
import { trialBalanceReport } from '#domain/reports/trial-balance'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { invalidInput } from '../problem.ts'
import { reportAnswer, reportSchema } from '../report-answer.ts'
import { dimensionQuery, periodQuery, reportRequest, standingQuery } from '../report-request.ts'
import { businessDate } from '../schemas.ts'

const tags = ['reports']
const config = { permission: 'ledger:read' } as const
const response = { 200: reportSchema }
const description =
  'As JSON, CSV, XLSX or PDF, by `Accept` or `?format=`. Each amount names its journal lines, each line its entry and its document. docs/reports.md says how each figure is made.'

/** The financial statements: as of a day, as known at an instant (FIN-36). */
export async function reportRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addTrialBalance(server, deps)
  addProfitAndLoss(server, deps)
  addBalanceSheet(server, deps)
  addCashFlow(server, deps)
}

function addTrialBalance(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject({ ...periodQuery, ...dimensionQuery })
  server.get(
    '/reports/trial-balance',
    { config, schema: { summary: 'Trial balance', description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo, about } = await reportRequest(db, principal, query)
      const balances = await periodBalances(db, scope)
      const link: typeof linkTo = (lines) => linkTo({ ...lines, ...about })
      const isWhole = Object.keys(about).length === 0
      const report = trialBalanceReport(frame, balances, link, isWhole)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

const profitQuery = z.strictObject({
  ...periodQuery,
  ...dimensionQuery,
  by: z.enum(['channel', 'item', 'segment', 'site', 'promotion']).optional(),
  comparedFrom: businessDate.optional().describe('First day of the period to compare with.'),
  comparedTo: businessDate.optional().describe('Last day of it.'),
})

function addProfitAndLoss(server: ApiServer, { db }: ApiDeps): void {
  const summary = 'Profit and loss, also by channel, SKU, segment or site, beside another period'
  server.get(
    '/reports/profit-and-loss',
    {
      config,
      schema: { summary, description, tags, querystring: profitQuery, response },
    },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo, about } = await reportRequest(db, principal, query)
      const { by } = query
      const [balances, compared] = await Promise.all([
        periodBalances(db, { ...scope, result: true, by }),
        comparedPeriod(db, { ...scope, by }, query),
      ])
      if (by === undefined) {
        const report = profitAndLossReport(frame, balances, compared, linkTo, about)
        return reportAnswer(request, reply, query.format, report)
      }
      const whole = await periodBalances(db, { ...scope, result: true })
      const figures = { balances, whole, compared }
      const report = profitByReport(frame, by, figures, linkTo, about)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

async function comparedPeriod(
  db: Reader,
  scope: BalanceScope & { by: z.output<typeof profitQuery>['by'] },
  { comparedFrom, comparedTo }: z.output<typeof profitQuery>,
): Promise<Compared | undefined> {
  if (comparedFrom === undefined && comparedTo === undefined) return undefined
  if (comparedFrom === undefined || comparedTo === undefined || comparedFrom > comparedTo)
    throw invalidInput({ field: 'query.comparedFrom', message: 'send both days, the first first' })
  const balances = await periodBalances(db, {
    ...{ ...scope, result: true, from: comparedFrom, to: comparedTo },
  })
  return { from: comparedFrom, to: comparedTo, balances }
}

function addBalanceSheet(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject(standingQuery)
  server.get(
    '/reports/balance-sheet',
    { config, schema: { summary: 'Balance sheet', description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo } = await reportRequest(db, principal, query)
      const balances = await periodBalances(db, scope)
      return reportAnswer(request, reply, query.format, balanceSheetReport(frame, balances, linkTo))
    },
  )
}

function addCashFlow(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject(periodQuery)
  const summary = 'Cash flow by the indirect method, tied to 1010 and 1050'
  server.get(
    '/reports/cash-flow',
    { config, schema: { summary, description, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo } = await reportRequest(db, principal, query)
      const [balances, result] = await Promise.all([
        periodBalances(db, scope),
        periodBalances(db, { ...scope, result: true }),
      ])
      const report = cashFlowReport(frame, balances, result, linkTo)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}
