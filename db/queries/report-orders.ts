import type { Reader } from '#db/client'
import type { AccountBalanceOf } from '#domain/reports/frame'
import type { OrderResults } from '#domain/reports/order-profit'
import { RESULT_SECTIONS, resultSection, type ResultSection } from '#domain/reports/sections'
import type { BalanceScope } from './report-balances.ts'

/** Lines of the result in a period, without what moves it into retained earnings. */
export function resultOf(db: Reader, ask: BalanceScope) {
  return db`
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${ask.entityId} AND e.book = 'main' AND l.effective_on BETWEEN ${ask.from} AND ${ask.to}
      AND l.account_id IN (SELECT id FROM gl_account WHERE class IN ('income', 'expense'))
      AND NOT EXISTS (SELECT FROM journal_line r WHERE r.entry_id = l.entry_id AND r.account_id = 3200)
      ${ask.horizon === undefined ? db`` : db`AND e.xid < ${ask.horizon}::text::xid8`}
      ${ask.channelId === undefined ? db`` : db`AND l.channel_id = ${ask.channelId}`}
      ${ask.siteId === undefined ? db`` : db`AND l.site_id = ${ask.siteId}`}
      ${ask.itemId === undefined ? db`` : db`AND l.item_id = ${ask.itemId}`}
      ${ask.segment === undefined ? db`` : db`AND l.segment = ${ask.segment}`}`
}

/** The result of each order of a period, the worst first; those beyond `most` as one sum. */
export async function orderResults(
  db: Reader,
  ask: BalanceScope,
  most: number,
): Promise<OrderResults> {
  const accounts = await db<{ id: number }[]>`
    SELECT id FROM gl_account WHERE class IN ('income', 'expense')`
  const columns = RESULT_SECTIONS.map((section, n) => {
    const ids = accounts.map(({ id }) => id).filter((id) => resultSection(id) === section)
    return db`, coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = ANY(${ids}::int[])), 0)::bigint AS ${db(`s${n}`)}`
  })
  const sums = RESULT_SECTIONS.map((_, n) => db`, sum(${db(`s${n}`)})::bigint`)
  const joined = (parts: typeof columns) => parts.reduce((all, one) => db`${all}${one}`, db``)
  const named = RESULT_SECTIONS.map((_, n) => db`, ${db(`s${n}`)}`)
  const rows = await db<(Record<string, bigint> & OrderRow)[]>`
    WITH per_order AS MATERIALIZED (
      SELECT l.order_id, (-sum(l.func_minor))::bigint AS result${joined(columns)} ${resultOf(db, ask)} AND l.order_id IS NOT NULL GROUP BY l.order_id
    ), shown AS (SELECT * FROM per_order ORDER BY result, order_id LIMIT ${most})
    SELECT t.*, t.order_id::text AS "orderId", o.order_number AS "orderNumber", c.code AS channel FROM (
      SELECT order_id, result, 1::bigint AS count${joined(named)} FROM shown
      UNION ALL
      SELECT NULL, sum(result)::bigint, count(*)${joined(sums)} FROM per_order p WHERE NOT EXISTS (SELECT FROM shown s WHERE s.order_id = p.order_id)) t
    LEFT JOIN sales_order o ON o.id = t.order_id LEFT JOIN channel c ON c.id = o.channel_id ORDER BY t.order_id IS NULL, t.result, t.order_id`
  const sectionsOf = (row: Record<string, bigint>): Partial<Record<ResultSection, bigint>> =>
    Object.fromEntries(RESULT_SECTIONS.map((section, n) => [section, row[`s${n}`] ?? 0n]))
  const others = rows.find((row) => row.orderId === null)
  return {
    orders: rows
      .filter((row) => row.orderId !== null)
      .map((row) => ({
        orderId: row.orderId!,
        orderNumber: row.orderNumber,
        channel: row.channel,
        resultMinor: row.result,
        sections: sectionsOf(row),
      })),
    others: {
      count: Number(others?.count ?? 0n),
      resultMinor: others?.result ?? 0n,
      sections: others ? sectionsOf(others) : {},
    },
  }
}

interface OrderRow {
  orderId: string | null
  orderNumber: string | null
  channel: string | null
  result: bigint
  count: bigint
}

/** Account by account, what of the result names no order. */
export async function resultWithoutOrder(
  db: Reader,
  ask: BalanceScope,
): Promise<AccountBalanceOf[]> {
  return db<AccountBalanceOf[]>`
    SELECT a.id AS "accountId", a.code, a.name, a.class, t.currency, NULL AS of, 0::bigint AS "openingMinor", t.amount AS "movementMinor",
      0::bigint AS "openingFuncMinor", t.func AS "movementFuncMinor"
    FROM (SELECT l.account_id, l.currency, sum(l.amount_minor)::bigint AS amount, sum(l.func_minor)::bigint AS func ${resultOf(db, ask)} AND l.order_id IS NULL
      GROUP BY l.account_id, l.currency) t JOIN gl_account a ON a.id = t.account_id
    WHERE t.func <> 0 ORDER BY a.code, t.currency`
}
