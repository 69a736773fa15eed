import type { Reader } from '../client.ts'
import { horizonAt, inScope, type ReportScope } from './ledger-reports.ts'
import { lineColumns, type EntryLine } from './ledger.ts'

/** What a line may be about, and by which reports group it. */
export const LINE_DIMENSIONS = [
  'order',
  'channel',
  'item',
  'site',
  'segment',
  'promotion',
  'provider',
  'tax-code',
  'open-key',
] as const
export type LineDimension = (typeof LINE_DIMENSIONS)[number]

/** Every figure of a report is the sum of the lines that its cell's filter finds. */
export interface LineFilter extends ReportScope {
  accountId?: number | undefined
  /** Any of these accounts: a subtotal. */
  accountIds?: readonly number[] | undefined
  condition?: string | undefined
  /** Without entries that move a result into retained earnings, whoever posted them. */
  withoutTransfers?: boolean | undefined
  currency?: string | undefined
  /** Accounting period, as `2026-06`. */
  period?: string | undefined
  orderId?: bigint | undefined
  sku?: string | undefined
  channel?: string | undefined
  site?: string | undefined
  segment?: string | undefined
  promotion?: string | undefined
  provider?: string | undefined
  taxCode?: string | undefined
  openKey?: string | undefined
  sourceType?: string | undefined
  sourceId?: string | undefined
  /** Only lines that are about none of these kinds. */
  without: readonly LineDimension[]
}

export interface LedgerLine extends EntryLine {
  entryId: bigint
  book: string
  period: string
  effectiveOn: string
  recordedAt: string
  eventType: string
  sourceType: string
  sourceId: string
}

export interface LinePage {
  before: { entryId: bigint; lineNo: number }
  limit: number
}

const columnOf = (db: Reader, dimension: LineDimension) =>
  ({
    order: db`l.order_id`,
    channel: db`l.channel_id`,
    item: db`l.item_id`,
    site: db`l.site_id`,
    segment: db`l.segment`,
    promotion: db`l.promotion`,
    provider: db`l.provider`,
    'tax-code': db`l.tax_code`,
    'open-key': db`l.open_key`,
  })[dimension]

const tables = (db: Reader) => db`
  FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id JOIN gl_account a ON a.id = l.account_id JOIN gl_period p ON p.id = e.period_id
    LEFT JOIN item i ON i.id = l.item_id LEFT JOIN channel c ON c.id = l.channel_id LEFT JOIN site s ON s.id = l.site_id`

/** Conditions on the line itself, its entry or its master; all of them on the same line. */
function matching(db: Reader, filter: LineFilter, horizon: string | undefined) {
  const wanted = [
    [db`l.account_id`, filter.accountId],
    [db`l.currency`, filter.currency],
    [db`l.condition`, filter.condition],
    [db`p.period`, filter.period],
    [db`l.order_id`, filter.orderId],
    [db`i.sku`, filter.sku],
    [db`c.code`, filter.channel],
    [db`s.code`, filter.site],
    [db`l.segment`, filter.segment],
    [db`l.promotion`, filter.promotion],
    [db`l.provider`, filter.provider],
    [db`l.tax_code`, filter.taxCode],
    [db`l.open_key`, filter.openKey],
    [db`e.source_type`, filter.sourceType],
    [db`e.source_id`, filter.sourceId],
  ] as const
  const given = wanted.flatMap(([column, value]) =>
    value === undefined ? [] : [db`AND ${column} = ${value}`],
  )
  const absent = filter.without.map((dimension) => db`AND ${columnOf(db, dimension)} IS NULL`)
  const accounts =
    filter.accountIds === undefined ? [] : [db`AND l.account_id = ANY(${[...filter.accountIds]})`]
  const results = filter.withoutTransfers ? [db`AND NOT ${movesResult(db)}`] : []
  return [...given, ...absent, ...accounts, ...results].reduce(
    (all, one) => db`${all} ${one}`,
    inScope(db, filter, horizon),
  )
}

const movesResult = (db: Reader) => db`(
  EXISTS (SELECT FROM journal_line r WHERE r.entry_id = l.entry_id AND r.account_id = 3200)
  AND EXISTS (SELECT FROM journal_line r JOIN gl_account ra ON ra.id = r.account_id WHERE r.entry_id = l.entry_id AND ra.class IN ('income', 'expense')))`

/** Lines that match, newest first. */
export async function ledgerLines(
  db: Reader,
  filter: LineFilter,
  { before, limit }: LinePage,
): Promise<LedgerLine[]> {
  const horizon = await horizonAt(db, filter.knownAt)
  return db<LedgerLine[]>`
    SELECT l.entry_id AS "entryId", e.book, p.period, l.effective_on AS "effectiveOn", e.recorded_at AS "recordedAt", e.event_type AS "eventType",
      e.source_type AS "sourceType", e.source_id AS "sourceId", ${lineColumns(db)}
    ${tables(db)} WHERE ${matching(db, filter, horizon)}
      AND (l.entry_id, l.line_no) < (${before.entryId}::bigint, ${before.lineNo}::int)
    ORDER BY l.entry_id DESC, l.line_no DESC LIMIT ${limit}`
}

/** What all lines that match come to, by currency; not of one page but of the whole cell. */
export async function ledgerLineTotals(
  db: Reader,
  filter: LineFilter,
): Promise<{ currency: string; amountMinor: bigint; funcMinor: bigint; lines: number }[]> {
  const horizon = await horizonAt(db, filter.knownAt)
  return db<{ currency: string; amountMinor: bigint; funcMinor: bigint; lines: number }[]>`
    SELECT l.currency, sum(l.amount_minor)::bigint AS "amountMinor", sum(l.func_minor)::bigint AS "funcMinor", count(*)::int AS lines
    ${tables(db)} WHERE ${matching(db, filter, horizon)} GROUP BY l.currency ORDER BY l.currency`
}
