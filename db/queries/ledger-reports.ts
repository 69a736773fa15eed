import type { Reader } from '../client.ts'

/** Which books, up to which business date, as known at which instant. */
export interface ReportScope {
  entityId: number
  /** Entries effective on or before; bitemporal with `knownAt`. */
  asOf: string
  /**
   * What was sealed at this instant, which is at most seconds behind what was recorded; now unless
   * given. An instant that has passed gives the same report for ever, whatever commits later.
   */
  knownAt?: string
  from?: string
  book?: string
}

export interface TrialBalanceRow {
  accountId: number
  code: string
  name: string
  class: 'asset' | 'liability' | 'equity' | 'income' | 'expense'
  currency: string
  amountMinor: bigint
  funcMinor: bigint
}

/**
 * Where knowledge ended at an instant. Asked in a statement of its own: the report's snapshot must
 * be younger than the seal that it goes by.
 */
export async function horizonAt(
  db: Reader,
  knownAt: string | undefined,
): Promise<string | undefined> {
  if (knownAt === undefined) return undefined
  const [known] = await db<{ horizon: string }[]>`
    SELECT known_horizon(${knownAt})::text AS horizon`
  return known!.horizon
}

export const inScope = (
  db: Reader,
  { entityId, asOf, from, book = 'main' }: ReportScope,
  horizon: string | undefined,
) => db`
  e.entity_id = ${entityId} AND e.book = ${book} AND l.effective_on <= ${asOf}
  ${from === undefined ? db`` : db`AND l.effective_on >= ${from}`}
  ${horizon === undefined ? db`` : db`AND e.xid < ${horizon}::text::xid8`}`

/** Balance of every account and currency; its functional column sums to zero. */
export async function trialBalance(db: Reader, scope: ReportScope): Promise<TrialBalanceRow[]> {
  const horizon = await horizonAt(db, scope.knownAt)
  return db<TrialBalanceRow[]>`
    SELECT a.id AS "accountId", a.code, a.name, a.class, l.currency, sum(l.amount_minor)::bigint AS "amountMinor",
      sum(l.func_minor)::bigint AS "funcMinor"
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id JOIN gl_account a ON a.id = l.account_id
    WHERE ${inScope(db, scope, horizon)}
    GROUP BY a.id, l.currency HAVING sum(l.amount_minor) <> 0 OR sum(l.func_minor) <> 0 ORDER BY a.code, l.currency`
}

export interface AccountBalance {
  currency: string
  amountMinor: bigint
  funcMinor: bigint
}

/** Balance now, from the last snapshot and the entries after its horizon. */
export async function accountBalance(
  db: Reader,
  entityId: number,
  accountId: number,
): Promise<AccountBalance[]> {
  return db<AccountBalance[]>`
    SELECT currency, amount_minor AS "amountMinor", func_minor AS "funcMinor"
    FROM account_balance(${entityId}, ${accountId})`
}

export type ProfitGrain = 'order' | 'channel' | 'item' | 'segment' | 'site' | 'promotion'

export interface ProfitRow {
  /** Id of the order, channel, item…, or its name where it has no id; null for what belongs to none. */
  of: string | null
  /** What people call it: the code of the channel or site, the SKU. */
  code: string | null
  accountId: number
  accountName: string
  /** Income above zero, cost below. */
  resultMinor: bigint
}

/**
 * Profit and loss by one dimension (FIN-21 to FIN-24): the same journal lines each time, so every
 * grain sums to the same result, to the minor unit, and what belongs to no order is a row itself.
 */
export async function profitBy(
  db: Reader,
  grain: ProfitGrain,
  scope: ReportScope,
): Promise<ProfitRow[]> {
  const horizon = await horizonAt(db, scope.knownAt)
  const columns = {
    order: [db`l.order_id`, db`l.order_id::text`],
    channel: [db`l.channel_id`, db`(SELECT code FROM channel WHERE id = l.channel_id)`],
    item: [db`l.item_id`, db`(SELECT sku FROM item WHERE id = l.item_id)`],
    segment: [db`l.segment`, db`l.segment`],
    site: [db`l.site_id`, db`(SELECT code FROM site WHERE id = l.site_id)`],
    promotion: [db`l.promotion`, db`l.promotion`],
  } as const
  const [column, code] = columns[grain]
  return db<ProfitRow[]>`
    SELECT ${column}::text AS of, ${code} AS code, a.id AS "accountId", a.name AS "accountName",
      (-sum(l.func_minor))::bigint AS "resultMinor"
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id JOIN gl_account a ON a.id = l.account_id
    WHERE a.class IN ('income', 'expense') AND e.event_type <> 'year-closed' AND ${inScope(db, scope, horizon)}
    GROUP BY ${column}, a.id ORDER BY ${column} NULLS LAST, a.id`
}

/** One order's result by account; the sum over all orders and `null` is the company's. */
export async function profitOfOrder(db: Reader, orderId: bigint): Promise<ProfitRow[]> {
  return db<ProfitRow[]>`
    SELECT ${orderId.toString()}::text AS of, ${orderId.toString()}::text AS code, a.id AS "accountId", a.name AS "accountName",
      (-sum(l.func_minor))::bigint AS "resultMinor"
    FROM journal_line l JOIN gl_account a ON a.id = l.account_id
    WHERE l.order_id = ${orderId} AND a.class IN ('income', 'expense') GROUP BY a.id ORDER BY a.id`
}

export interface AgedItem {
  id: bigint
  accountId: number
  accountName: string
  key: string
  currency: string
  balanceMinor: bigint
  funcMinor: bigint
  openedOn: string
  ageDays: number
}

/** What still waits, oldest first; ages are counted to the date given. */
export async function openItems(
  db: Reader,
  filter: { entityId: number; asOf: string; accountId?: number; key?: string; limit?: number },
): Promise<AgedItem[]> {
  return db<AgedItem[]>`
    SELECT i.id, i.account_id AS "accountId", a.name AS "accountName", i.key, i.currency,
      i.balance_minor AS "balanceMinor", i.func_minor AS "funcMinor", i.opened_on AS "openedOn",
      ${filter.asOf}::date - i.opened_on AS "ageDays"
    FROM open_item i JOIN gl_account a ON a.id = i.account_id
    WHERE i.entity_id = ${filter.entityId} AND i.balance_minor <> 0
      ${filter.accountId === undefined ? db`` : db`AND i.account_id = ${filter.accountId}`}
      ${filter.key === undefined ? db`` : db`AND i.key = ${filter.key}`}
    ORDER BY i.opened_on, i.id LIMIT ${filter.limit ?? 200}`
}

export interface OpenItemMovement {
  entryId: bigint
  lineNo: number
  effectiveOn: string
  eventType: string
  sourceType: string
  sourceId: string
  amountMinor: bigint
}

/** How an open item came to its balance. */
export async function openItemMovements(db: Reader, itemId: bigint): Promise<OpenItemMovement[]> {
  return db<OpenItemMovement[]>`
    SELECT m.entry_id AS "entryId", m.line_no AS "lineNo", e.effective_on AS "effectiveOn", e.event_type AS "eventType",
      e.source_type AS "sourceType", e.source_id AS "sourceId", m.amount_minor AS "amountMinor"
    FROM open_item_match m JOIN journal_entry e ON e.id = m.entry_id
    WHERE m.open_item_id = ${itemId} ORDER BY m.entry_id, m.line_no`
}

export interface LateFact {
  entryId: bigint
  eventType: string
  sourceType: string
  sourceId: string
  /** The day of the fact, in the period that was locked. */
  factOn: string
  /** Where it is booked. */
  effectiveOn: string
  period: string
  recordedAt: string
  /** Sum of its debits, in functional currency. */
  totalMinor: bigint
}

/**
 * As closed against as known (§3.4): the facts of a period that became known after it was locked
 * and stand in a later one, oldest first.
 */
export async function lateFacts(
  db: Reader,
  { entityId, period, limit = 500 }: { entityId: number; period: string; limit?: number },
): Promise<LateFact[]> {
  return db<LateFact[]>`
    SELECT e.id AS "entryId", e.event_type AS "eventType", e.source_type AS "sourceType", e.source_id AS "sourceId",
      e.fact_on AS "factOn", e.effective_on AS "effectiveOn", p.period, e.recorded_at AS "recordedAt", d.total AS "totalMinor"
    FROM journal_entry e JOIN gl_period p ON p.id = e.period_id
    CROSS JOIN LATERAL (
      SELECT sum(l.func_minor) FILTER (WHERE l.func_minor > 0)::bigint AS total, min(l.belongs_to) AS belongs_to
      FROM journal_line l WHERE l.entry_id = e.id) d
    WHERE e.entity_id = ${entityId} AND e.fact_on IS NOT NULL AND d.belongs_to = ${period}
    ORDER BY e.id LIMIT ${limit}`
}
