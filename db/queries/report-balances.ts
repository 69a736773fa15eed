import type { Reader } from '#db/client'
import { addDays } from '#domain/dates'
import type { AccountBalanceOf } from '#domain/reports/frame'
import type { Grain } from '#domain/reports/links'

/** One company's main book, at two days and one horizon of knowledge, narrowed by dimensions. */
export interface BalanceScope {
  entityId: number
  /** First day of the movement; what lies before is the opening balance. */
  from: string
  /** Last day of the movement. */
  to: string
  /** Of `horizonAt`; everything that is recorded where undefined. */
  horizon: string | undefined
  channelId?: number | undefined
  siteId?: number | undefined
  itemId?: number | undefined
  segment?: string | undefined
}

interface BalanceAsk extends BalanceScope {
  /** Tells rows of one account apart by this; left out, an account and currency is one row. */
  by?: Grain | undefined
  /** Movement of income and expense only, without what moves a result into retained earnings. */
  result?: boolean | undefined
}

/**
 * Opening balance and movement of each account and currency: from the daily totals (by item from
 * the monthly ones) and the entries after their horizon, in one statement, so that both are of one
 * snapshot. A question that no total answers (by promotion; by channel of one item) reads the lines.
 */
export async function periodBalances(db: Reader, ask: BalanceAsk): Promise<AccountBalanceOf[]> {
  const { by, result = false } = ask
  const key = by === undefined ? db`NULL::text` : codeOf(db, by)
  return db<AccountBalanceOf[]>`
    WITH run AS (${newestRun(db, ask.horizon)}), part AS (${parts(db, ask)}), total AS (
      SELECT account_id, currency, of, sum(amount) FILTER (WHERE opening) AS amount0, sum(func) FILTER (WHERE opening) AS func0,
        sum(amount) FILTER (WHERE closing) AS amount1, sum(func) FILTER (WHERE closing) AS func1
      FROM part GROUP BY account_id, currency, of)
    SELECT a.id AS "accountId", a.code, a.name, a.class, t.currency, ${key} AS of,
      coalesce(t.amount0, 0)::bigint AS "openingMinor", (coalesce(t.amount1, 0) - coalesce(t.amount0, 0))::bigint AS "movementMinor",
      coalesce(t.func0, 0)::bigint AS "openingFuncMinor", (coalesce(t.func1, 0) - coalesce(t.func0, 0))::bigint AS "movementFuncMinor"
    FROM total t JOIN gl_account a ON a.id = t.account_id
    WHERE ${result ? db`a.class IN ('income', 'expense') AND (t.amount0, t.func0) IS DISTINCT FROM (t.amount1, t.func1)` : db`(t.amount0 <> 0 OR t.func0 <> 0 OR t.amount1 <> 0 OR t.func1 <> 0)`}
    ORDER BY a.code, t.currency, 6 NULLS LAST`
}

/** The totals that a report of this horizon may use; none is run 0, which holds nothing. */
export function newestRun(db: Reader, horizon: string | undefined) {
  const until = horizon === undefined ? db`` : db`WHERE upto_xid <= ${horizon}::text::xid8`
  return db`SELECT coalesce(max(id), 0) AS id, coalesce(max(upto_xid), '0'::xid8) AS upto FROM ledger_day_run ${until}`
}

/** Which totals hold what is asked for. */
function projectionFor({ by, channelId, segment, itemId }: BalanceAsk): 'day' | 'month' | 'none' {
  if (by === 'promotion') return 'none'
  const ofItem = by === 'item' || itemId !== undefined
  if (!ofItem) return 'day'
  const ofChannel = by === 'channel' || by === 'segment' || channelId !== undefined
  return ofChannel || segment !== undefined ? 'none' : 'month'
}

function parts(db: Reader, ask: BalanceAsk) {
  const projection = projectionFor(ask)
  if (projection === 'none') return lines(db, ask)
  if (projection === 'day') return db`${days(db, ask)} UNION ALL ${newLines(db, ask)}`
  return db`${months(db, ask)} ${edges(db, ask)} UNION ALL ${newLines(db, ask)}`
}

const column = (db: Reader, by: Grain | undefined) =>
  by === undefined
    ? db`NULL::text`
    : {
        channel: db`channel_id::text`,
        item: db`item_id::text`,
        site: db`site_id::text`,
        segment: db`segment`,
        promotion: db`promotion`,
      }[by]

function days(db: Reader, ask: BalanceAsk) {
  return db`
    SELECT l.account_id, l.currency, ${column(db, ask.by)} AS of, l.effective_on < ${ask.from} AS opening, true AS closing,
      l.amount_minor AS amount, l.func_minor AS func
    FROM ledger_day l WHERE l.run_id <= (SELECT id FROM run) AND l.effective_on <= ${ask.to} ${narrowed(db, ask)}
      ${ask.result ? db`AND NOT l.transfer AND l.effective_on >= ${ask.from} ${ofResult(db)}` : db``}`
}

const ofResult = (db: Reader) =>
  db`AND l.account_id IN (SELECT id FROM gl_account WHERE class IN ('income', 'expense'))`

/** The first of its month. */
export const monthOf = (on: string): string => `${on.slice(0, 7)}-01`

/** Whole months before each of the two days. */
function months(db: Reader, ask: BalanceAsk) {
  const [from, end] = [monthOf(ask.from), monthOf(addDays(ask.to, 1))]
  return db`
    SELECT l.account_id, l.currency, ${column(db, ask.by)} AS of, l.month < ${from} AS opening, l.month < ${end} AS closing, l.amount_minor AS amount, l.func_minor AS func
    FROM ledger_item_month l WHERE l.run_id <= (SELECT id FROM run) AND l.month < ${end} ${narrowed(db, ask)}
      ${ask.result ? db`AND NOT l.transfer AND l.month >= ${from} ${ofResult(db)}` : db``}`
}

/** The days of a month that one of the two days cuts; none where a report is of whole months. */
function edges(db: Reader, ask: BalanceAsk) {
  const end = addDays(ask.to, 1)
  const edge = (since: string, before: string, opening: boolean) => db`
    UNION ALL
    SELECT l.account_id, l.currency, ${column(db, ask.by)} AS of, ${opening}, ${!opening}, l.amount_minor AS amount, l.func_minor AS func
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${ask.entityId} AND e.book = 'main' AND e.xid < (SELECT upto FROM run)
      AND l.effective_on >= ${since} AND l.effective_on < ${before} ${narrowedLines(db, ask)}`
  return db`
    ${monthOf(ask.from) === ask.from ? db`` : edge(monthOf(ask.from), ask.from, true)}
    ${monthOf(end) === end ? db`` : edge(monthOf(end), end, false)}`
}

/** Every line in reach, for a question that no total answers. */
function lines(db: Reader, ask: BalanceAsk) {
  const known = ask.horizon === undefined ? db`` : db`AND e.xid < ${ask.horizon}::text::xid8`
  return db`${lineFigures(db, ask)}
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${ask.entityId} AND e.book = 'main' ${known} ${inPeriod(db, ask)}`
}

/** The lines that no total holds yet. */
function newLines(db: Reader, ask: BalanceAsk) {
  return db`${lineFigures(db, ask)} FROM ${linesAfterRun(db, ask)} WHERE true ${inPeriod(db, ask)}`
}

/**
 * Lines of the entries after the horizon of `run`, as `l` with their entry as `e`. They are few and
 * nobody's statistics know it: they are reached by the index of transactions, entry by entry.
 */
export function linesAfterRun(
  db: Reader,
  { entityId, horizon }: Pick<BalanceScope, 'entityId' | 'horizon'>,
) {
  const known = horizon === undefined ? db`` : db`AND xid < ${horizon}::text::xid8`
  return db`(
    SELECT id, event_type FROM journal_entry WHERE xid >= (SELECT upto FROM run) AND entity_id = ${entityId} AND book = 'main' ${known} ORDER BY xid OFFSET 0) e
    CROSS JOIN LATERAL (SELECT * FROM journal_line own WHERE own.entry_id = e.id OFFSET 0) l`
}

const lineFigures = (db: Reader, ask: BalanceAsk) => db`
  SELECT l.account_id, l.currency, ${column(db, ask.by)} AS of, l.effective_on < ${ask.from} AS opening, true AS closing, l.amount_minor AS amount, l.func_minor AS func`

const inPeriod = (db: Reader, ask: BalanceAsk) => db`
  AND l.effective_on <= ${ask.to} ${narrowedLines(db, ask)} ${ask.result ? db`AND l.effective_on >= ${ask.from}` : db``}`

function narrowed(db: Reader, { entityId, channelId, siteId, itemId, segment }: BalanceAsk) {
  return db`AND l.entity_id = ${entityId} AND l.book = 'main'
    ${channelId === undefined ? db`` : db`AND l.channel_id = ${channelId}`}
    ${siteId === undefined ? db`` : db`AND l.site_id = ${siteId}`}
    ${itemId === undefined ? db`` : db`AND l.item_id = ${itemId}`}
    ${segment === undefined ? db`` : db`AND l.segment = ${segment}`}`
}

function narrowedLines(db: Reader, { channelId, siteId, itemId, segment, result }: BalanceAsk) {
  return db`
    ${channelId === undefined ? db`` : db`AND l.channel_id = ${channelId}`}
    ${siteId === undefined ? db`` : db`AND l.site_id = ${siteId}`}
    ${itemId === undefined ? db`` : db`AND l.item_id = ${itemId}`}
    ${segment === undefined ? db`` : db`AND l.segment = ${segment}`}
    ${result ? db`${ofResult(db)} AND NOT EXISTS (SELECT FROM journal_line r WHERE r.entry_id = l.entry_id AND r.account_id = 3200)` : db``}`
}

/** What people call it. */
function codeOf(db: Reader, by: Grain) {
  return {
    channel: db`(SELECT code FROM channel WHERE id = t.of::int)`,
    item: db`(SELECT sku FROM item WHERE id = t.of::int)`,
    site: db`(SELECT code FROM site WHERE id = t.of::int)`,
    segment: db`t.of`,
    promotion: db`t.of`,
  }[by]
}
