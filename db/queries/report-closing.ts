import type { Reader } from '#db/client'
import type { ClosedBalance, LateEntry, PeriodSinceClosing } from '#domain/reports/closed-and-known'

interface ClosingAsk {
  entityId: number
  period: string
  horizon: string | undefined
}

/**
 * The first closing of a period and all that came since; undefined while it has never been closed.
 * A period is compared with what people read when it was first closed, however often it was reopened.
 */
export async function sinceClosing(
  db: Reader,
  { entityId, period, horizon }: ClosingAsk,
): Promise<PeriodSinceClosing | undefined> {
  const [closing] = await db<
    { id: number; periodId: number; closedAt: string; closedBy: string }[]
  >`
    SELECT c.id, p.id AS "periodId", c.recorded_at AS "closedAt", c.closed_by AS "closedBy" FROM period_closing c JOIN gl_period p ON p.id = c.period_id
    WHERE p.entity_id = ${entityId} AND p.period = ${period} ORDER BY c.id LIMIT 1`
  if (!closing) return undefined
  const known = horizon === undefined ? db`` : db`AND e.xid < ${horizon}::text::xid8`
  const reopened = db`e.period_id = ${closing.periodId} AND e.recorded_at > (SELECT recorded_at FROM period_closing WHERE id = ${closing.id})`
  const late = db`e.entity_id = ${entityId} AND e.fact_on IS NOT NULL AND e.period_id <> ${closing.periodId}
    AND EXISTS (SELECT FROM journal_line b WHERE b.entry_id = e.id AND b.belongs_to = ${period})`
  const [balances, entries, standing] = await Promise.all([
    db<ClosedBalance[]>`
      SELECT a.code, a.name, t.currency, sum(t.closed)::bigint AS "closedFuncMinor", sum(t.reopened)::bigint AS "reopenedFuncMinor", sum(t.late)::bigint AS "lateFuncMinor" FROM (
        SELECT account_id, currency, func_minor AS closed, 0 AS reopened, 0 AS late FROM period_closing_balance WHERE closing_id = ${closing.id} AND book = 'main'
        UNION ALL
        SELECT l.account_id, l.currency, 0, l.func_minor, 0 FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE ${reopened} AND e.book = 'main' ${known}
        UNION ALL
        SELECT l.account_id, l.currency, 0, 0, l.func_minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE ${late} AND e.book = 'main' ${known}) t
      JOIN gl_account a ON a.id = t.account_id GROUP BY a.code, a.name, t.currency
      HAVING sum(t.closed) <> 0 OR sum(t.reopened) <> 0 OR sum(t.late) <> 0 ORDER BY a.code, t.currency`,
    db<LateEntry[]>`
      SELECT e.id::text AS "entryId", CASE WHEN e.period_id = ${closing.periodId} THEN 'reopened' ELSE 'late' END AS why, e.event_type AS "eventType",
        e.source_type AS "sourceType", e.source_id AS "sourceId", coalesce(e.fact_on, e.effective_on) AS "factOn", e.effective_on AS "effectiveOn", e.recorded_at AS "recordedAt",
        (SELECT sum(l.func_minor) FROM journal_line l WHERE l.entry_id = e.id AND l.func_minor > 0)::bigint AS "totalMinor"
      FROM journal_entry e WHERE ((${reopened}) OR (${late})) AND e.book = 'main' ${known} ORDER BY e.id`,
    db<{ code: string; currency: string; funcMinor: bigint }[]>`
      SELECT a.code, l.currency, sum(l.func_minor)::bigint AS "funcMinor" FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
      WHERE e.period_id = ${closing.periodId} AND e.book = 'main' ${known} GROUP BY a.code, l.currency`,
  ])
  return { closing, balances, entries, standing }
}
