import { z } from 'zod'
import type { Reader } from '#db/client'
import { periodBalances, type BalanceScope } from '#db/queries/report-balances'
import { itemSales } from '#db/queries/report-margin'
import { orderResults, resultWithoutOrder } from '#db/queries/report-orders'
import type { MarginPeriod } from '#domain/reports/margin-bridge'
import { marginBridgeReport } from '#domain/reports/margin-bridge-report'
import { orderProfitReport } from '#domain/reports/order-profit'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { invalidInput } from '../problem.ts'
import { reportAnswer, reportSchema } from '../report-answer.ts'
import { dimensionQuery, mostRows, periodQuery, reportRequest } from '../report-request.ts'
import { businessDate } from '../schemas.ts'

const tags = ['reports']
const config = { permission: 'ledger:read' } as const
const response = { 200: reportSchema }

/** Where a result comes from: order by order, and cause by cause (FIN-33, RPT-11). */
export async function marginReportRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addOrderProfit(server, deps)
  addMarginBridge(server, deps)
}

function addOrderProfit(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject({ ...periodQuery, ...dimensionQuery, limit: mostRows })
  const summary = 'The result of each order, and of what belongs to none: together the whole result'
  server.get(
    '/reports/order-profit',
    { config, schema: { summary, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { frame, scope, linkTo, about } = await reportRequest(db, principal, query)
      const [orders, withoutOrder, whole] = await Promise.all([
        orderResults(db, scope, query.limit),
        resultWithoutOrder(db, scope),
        periodBalances(db, { ...scope, result: true }),
      ])
      const figures = { withoutOrder, whole }
      const report = orderProfitReport(frame, orders, figures, linkTo, about)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

function addMarginBridge(server: ApiServer, { db }: ApiDeps): void {
  const querystring = z.strictObject({
    ...periodQuery,
    ...dimensionQuery,
    from: businessDate.describe('First day.'),
    comparedFrom: businessDate.describe('First day of the earlier period.'),
    comparedTo: businessDate.describe('Last day of it.'),
  })
  const summary = 'Why the result of one period differs from that of another, cause by cause'
  server.get(
    '/reports/margin-bridge',
    { config, schema: { summary, tags, querystring, response } },
    async (request, reply) => {
      const { query, principal } = request
      const { comparedFrom: from, comparedTo: to } = query
      if (from > to)
        throw invalidInput({
          field: 'query.comparedFrom',
          message: 'send a day before `comparedTo`',
        })
      const { frame, scope, linkTo, about } = await reportRequest(db, principal, query)
      const [before, now] = await Promise.all([
        marginOf(db, { ...scope, from, to }),
        marginOf(db, scope),
      ])
      const report = marginBridgeReport(frame, { from, to }, before, now, linkTo, about)
      return reportAnswer(request, reply, query.format, report)
    },
  )
}

async function marginOf(db: Reader, scope: BalanceScope): Promise<MarginPeriod> {
  const [sales, balances] = await Promise.all([
    itemSales(db, scope),
    periodBalances(db, { ...scope, result: true }),
  ])
  return { sales, balances }
}
