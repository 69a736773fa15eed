import type { Reader } from '#db/client'
import type { WaitingItem } from '#domain/reports/ageing'
import type { StandingBalance } from '#domain/reports/settlement-status'

interface OpenItemAsk {
  entityId: number
  accounts: readonly number[]
  asOf: string
  /** Of `horizonAt`; everything that is recorded where undefined. */
  horizon: string | undefined
}

/**
 * What waited at the end of a day, as known: each item by the matches of that day and before. Items
 * that are settled by now are looked at only where something moved them since.
 */
function waiting(db: Reader, { entityId, accounts, asOf, horizon }: OpenItemAsk) {
  const ids = db`${[...accounts]}::int[]`
  const since =
    horizon === undefined
      ? db``
      : db`UNION SELECT l.account_id, l.currency, l.open_key FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
          WHERE e.xid >= ${horizon}::text::xid8 AND l.open_key IS NOT NULL AND l.account_id = ANY(${ids})`
  return db`
    WITH moved AS MATERIALIZED (
      SELECT l.account_id, l.currency, l.open_key FROM journal_line l WHERE l.account_id = ANY(${ids}) AND l.effective_on > ${asOf} AND l.open_key IS NOT NULL
      ${since}
    ), candidate AS MATERIALIZED (
      SELECT i.* FROM open_item i WHERE i.entity_id = ${entityId} AND i.book = 'main' AND i.account_id = ANY(${ids})
        AND (i.balance_minor <> 0 OR i.func_minor <> 0 OR (i.account_id, i.currency, i.key) IN (SELECT account_id, currency, open_key FROM moved))
    ), waiting AS MATERIALIZED (
      SELECT i.id, i.account_id, i.currency, i.key, m.opened_on, m.balance, m.func, m.first
      FROM candidate i CROSS JOIN LATERAL (
        SELECT min(e.effective_on) AS opened_on, sum(m.amount_minor)::bigint AS balance, sum(m.func_minor)::bigint AS func,
          (array_agg(ROW(m.entry_id, m.line_no)::open_item_line ORDER BY m.entry_id, m.line_no))[1] AS first
        FROM open_item_match m CROSS JOIN LATERAL (SELECT effective_on, xid FROM journal_entry WHERE id = m.entry_id OFFSET 0) e
        WHERE m.open_item_id = i.id AND e.effective_on <= ${asOf} ${horizon === undefined ? db`` : db`AND e.xid < ${horizon}::text::xid8`}) m
      WHERE m.balance <> 0 OR m.func <> 0
    )`
}

/** Open items of some accounts, the oldest first. */
export async function waitingItems(db: Reader, ask: OpenItemAsk): Promise<WaitingItem[]> {
  return db<WaitingItem[]>`
    ${waiting(db, ask)}
    SELECT w.account_id AS "accountId", a.name AS "accountName", w.key, coalesce(l.party, l.provider, c.code) AS who, w.opened_on AS "openedOn",
      coalesce(b.due_on, v.due_on) AS "dueOn", ${ask.asOf}::date - coalesce(b.due_on, v.due_on, w.opened_on) AS "ageDays",
      w.currency, w.balance AS "balanceMinor", w.func AS "funcMinor"
    FROM waiting w JOIN gl_account a ON a.id = w.account_id
    JOIN journal_line l ON l.entry_id = (w.first).entry_id AND l.line_no = (w.first).line_no
    LEFT JOIN channel c ON c.id = l.channel_id
    LEFT JOIN vendor_bill b ON b.id = CASE WHEN w.key ~ '^bill/[0-9]{1,18}$' THEN split_part(w.key, '/', 2)::bigint END
    LEFT JOIN customer_invoice v ON v.shipment_id = CASE WHEN w.account_id = 1200 AND w.key ~ '^shipment/[0-9]{1,18}$' THEN split_part(w.key, '/', 2)::bigint END
    ORDER BY "ageDays" DESC, w.account_id, w.id`
}

/** What stands at each processor and channel: how many items, since when, how much. */
export async function standingBalances(db: Reader, ask: OpenItemAsk): Promise<StandingBalance[]> {
  return db<StandingBalance[]>`
    ${waiting(db, ask)}
    SELECT w.account_id AS "accountId", a.name AS "accountName", CASE w.account_id WHEN 1120 THEN c.code ELSE coalesce(l.provider, c.code) END AS who, w.currency, count(*)::int AS items,
      min(w.opened_on) AS "oldestOn", ${ask.asOf}::date - min(w.opened_on) AS "ageDays", sum(w.balance)::bigint AS "balanceMinor", sum(w.func)::bigint AS "funcMinor"
    FROM waiting w JOIN gl_account a ON a.id = w.account_id
    JOIN journal_line l ON l.entry_id = (w.first).entry_id AND l.line_no = (w.first).line_no LEFT JOIN channel c ON c.id = l.channel_id
    GROUP BY w.account_id, a.name, 3, w.currency ORDER BY w.account_id, 3 NULLS LAST, w.currency`
}
