import type { Reader } from '#db/client'
import { addDays } from '#domain/dates'
import type { AccountBalanceOf } from '#domain/reports/frame'
import type { OrderResults } from '#domain/reports/order-profit'
import { RESULT_SECTIONS, resultSection, type ResultSection } from '#domain/reports/sections'
import { linesAfterRun, monthOf, newestRun, type BalanceScope } from './report-balances.ts'

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

/** Whether the monthly totals answer; by a dimension of single lines only the lines do. */
const isWhole = ({ channelId, siteId, itemId, segment }: BalanceScope) =>
  [channelId, siteId, itemId, segment].every((one) => one === undefined)

/** Lines of the result that no monthly total holds: those of months that a day cuts, and the newest. */
function otherLines(db: Reader, ask: BalanceScope) {
  const end = addDays(ask.to, 1)
  const [first, last] = wholeMonths(ask)
  const edge = (from: string, before: string) =>
    from >= before
      ? db``
      : db`UNION ALL SELECT l.order_id, l.account_id, l.currency, l.amount_minor, l.func_minor ${resultOf(db, { ...ask, from, to: addDays(before, -1) })} AND e.xid < (SELECT upto FROM run)`
  const edges = first > last ? edge(ask.from, end) : db`${edge(ask.from, first)} ${edge(last, end)}`
  return db`
    SELECT l.order_id, l.account_id, l.currency, l.amount_minor, l.func_minor FROM ${linesAfterRun(db, ask)}
    WHERE l.effective_on BETWEEN ${ask.from} AND ${ask.to} AND l.account_id IN (SELECT id FROM gl_account WHERE class IN ('income', 'expense'))
      AND NOT EXISTS (SELECT FROM journal_line r WHERE r.entry_id = l.entry_id AND r.account_id = 3200) ${edges}`
}

/** The first whole month of a period, and the one after its last; the first is later where none is whole. */
function wholeMonths({ from, to }: BalanceScope): [string, string] {
  const first = monthOf(from) === from ? from : monthOf(addDays(monthOf(from), 31))
  return [first, monthOf(addDays(to, 1))]
}

const inWholeMonths = (db: Reader, ask: BalanceScope) => {
  const [first, last] = wholeMonths(ask)
  return db`m.run_id <= (SELECT id FROM run) AND m.entity_id = ${ask.entityId} AND m.book = 'main' AND m.month >= ${first} AND m.month < ${last}`
}

/** Order by order, and account by account over all of them: from the monthly totals where these answer. */
function orderFigures(db: Reader, ask: BalanceScope) {
  if (!isWhole(ask))
    return db`
      line AS MATERIALIZED (SELECT l.order_id, l.account_id, l.func_minor ${resultOf(db, ask)} AND l.order_id IS NOT NULL),
      per_order AS MATERIALIZED (SELECT order_id, (-sum(func_minor))::bigint AS result FROM line GROUP BY order_id),
      per_account AS (SELECT account_id, sum(func_minor) AS func FROM line GROUP BY account_id)`
  return db`
    run AS (${newestRun(db, ask.horizon)}), line AS MATERIALIZED (SELECT * FROM (${otherLines(db, ask)}) o WHERE order_id IS NOT NULL),
    per_order AS MATERIALIZED (
      SELECT order_id, sum(result)::bigint AS result FROM (
        SELECT m.order_id, m.result_minor AS result FROM ledger_order_month m WHERE ${inWholeMonths(db, ask)}
        UNION ALL SELECT order_id, -func_minor FROM line) r GROUP BY order_id),
    per_account AS (
      SELECT account_id, sum(func) AS func FROM (
        SELECT m.account_id, m.func_minor AS func FROM ledger_result_month m WHERE ${inWholeMonths(db, ask)} AND m.of_order
        UNION ALL SELECT account_id, func_minor FROM line) f GROUP BY account_id)`
}

/** The result of each order of a period, the worst first; those beyond `most` as one sum. */
export async function orderResults(
  db: Reader,
  ask: BalanceScope,
  most: number,
): Promise<OrderResults> {
  const accounts = await db<{ id: number }[]>`
    SELECT id FROM gl_account WHERE class IN ('income', 'expense')`
  const idsOf = (section: ResultSection) =>
    accounts.map(({ id }) => id).filter((id) => resultSection(id) === section)
  const joined = (of: (section: ResultSection, n: number) => ReturnType<typeof db>) =>
    RESULT_SECTIONS.map(of).reduce((all, one) => db`${all}${one}`, db``)
  const ofLines = joined(
    (section, n) =>
      db`, coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = ANY(${idsOf(section)}::int[])), 0)::bigint AS ${db(`s${n}`)}`,
  )
  const named = joined((_, n) => db`, ${db(`s${n}`)}`)
  const rest = joined(
    (section, n) =>
      db`, (coalesce(-sum(a.func) FILTER (WHERE a.account_id = ANY(${idsOf(section)}::int[])), 0) - (SELECT coalesce(sum(${db(`s${n}`)}), 0) FROM shown))::bigint`,
  )
  const rows = await db<(Record<string, bigint> & OrderRow)[]>`
    WITH ${orderFigures(db, ask)}, worst AS MATERIALIZED (SELECT * FROM per_order ORDER BY result, order_id LIMIT ${most}), shown AS MATERIALIZED (
      SELECT w.order_id, w.result${named} FROM worst w CROSS JOIN LATERAL (
        SELECT 1${ofLines} ${resultOf(db, ask)} AND l.order_id = w.order_id OFFSET 0) s)
    SELECT t.*, t.order_id::text AS "orderId", o.order_number AS "orderNumber", c.code AS channel FROM (
      SELECT order_id, result, 1::bigint AS count${named} FROM shown
      UNION ALL
      SELECT NULL, (coalesce(-sum(a.func), 0) - (SELECT coalesce(sum(result), 0) FROM shown))::bigint, (SELECT count(*) FROM per_order) - (SELECT count(*) FROM shown)${rest} FROM per_account a) t
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
  const figures = isWhole(ask)
    ? db`
      SELECT account_id, currency, sum(amount_minor)::bigint AS amount, sum(func_minor)::bigint AS func FROM (
        SELECT m.account_id, m.currency, m.amount_minor, m.func_minor FROM ledger_result_month m WHERE ${inWholeMonths(db, ask)} AND NOT m.of_order
        UNION ALL SELECT account_id, currency, amount_minor, func_minor FROM (${otherLines(db, ask)}) o WHERE order_id IS NULL) f GROUP BY account_id, currency`
    : db`
      SELECT l.account_id, l.currency, sum(l.amount_minor)::bigint AS amount, sum(l.func_minor)::bigint AS func ${resultOf(db, ask)} AND l.order_id IS NULL
      GROUP BY l.account_id, l.currency`
  return db<AccountBalanceOf[]>`
    WITH run AS (${newestRun(db, ask.horizon)})
    SELECT a.id AS "accountId", a.code, a.name, a.class, t.currency, NULL AS of, 0::bigint AS "openingMinor", t.amount AS "movementMinor",
      0::bigint AS "openingFuncMinor", t.func AS "movementFuncMinor"
    FROM (${figures}) t JOIN gl_account a ON a.id = t.account_id
    WHERE t.func <> 0 ORDER BY a.code, t.currency`
}
