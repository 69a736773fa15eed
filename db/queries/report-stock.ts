import type { Reader } from '#db/client'
import { STOCK_ACCOUNTS, type LayerTotals, type StockMoves } from '#domain/reports/roll-forward'
import { linesAfterRun, monthOf, type BalanceScope } from './report-balances.ts'

/**
 * Units and value of each item, site and condition before a period, and by event within it. What
 * lies before comes from the monthly totals, the period from its own lines.
 */
export async function stockMoves(db: Reader, ask: BalanceScope): Promise<StockMoves[]> {
  const { from, to, horizon } = ask
  const accounts = db`${[...STOCK_ACCOUNTS]}::int[]`
  const known = horizon === undefined ? db`` : db`AND e.xid < ${horizon}::text::xid8`
  const runs = horizon === undefined ? db`` : db`WHERE upto_xid <= ${horizon}::text::xid8`
  const narrowed = db`
    ${ask.itemId === undefined ? db`` : db`AND l.item_id = ${ask.itemId}`} ${ask.siteId === undefined ? db`` : db`AND l.site_id = ${ask.siteId}`}`
  const lines = db`FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${ask.entityId} AND e.book = 'main' AND l.account_id = ANY(${accounts}) ${known} ${narrowed}`
  const month = monthOf(from)
  const edge =
    month === from
      ? db``
      : db`
      UNION ALL
      SELECT l.item_id, l.site_id, l.condition, NULL, true, coalesce(l.qty, 0), l.func_minor ${lines}
        AND l.effective_on >= ${month} AND l.effective_on < ${from} AND e.xid < (SELECT upto FROM run)`
  return db<StockMoves[]>`
    WITH run AS (SELECT coalesce(max(id), 0) AS id, coalesce(max(upto_xid), '0'::xid8) AS upto FROM ledger_day_run ${runs}),
    part AS (
      SELECT l.item_id, l.site_id, l.condition, NULL::text AS event, true AS units, l.qty, l.func_minor FROM ledger_item_month l
      WHERE l.run_id <= (SELECT id FROM run) AND l.entity_id = ${ask.entityId} AND l.book = 'main' AND l.account_id = ANY(${accounts}) AND l.month < ${month} ${narrowed} ${edge}
      UNION ALL
      SELECT l.item_id, l.site_id, l.condition, NULL, true, coalesce(l.qty, 0), l.func_minor FROM ${linesAfterRun(db, ask)}
      WHERE l.account_id = ANY(${accounts}) AND l.effective_on < ${from} ${narrowed}
      UNION ALL
      SELECT l.item_id, l.site_id, l.condition, e.event_type, coalesce(l.qty, 0) <> 0, coalesce(l.qty, 0), l.func_minor ${lines}
        AND l.effective_on BETWEEN ${from} AND ${to}
    ), moved AS (
      SELECT item_id, site_id, condition, event, units, sum(qty)::bigint AS qty, sum(func_minor)::bigint AS func FROM part GROUP BY 1, 2, 3, 4, 5
    )
    SELECT i.sku, s.code AS site, m.condition, coalesce(sum(m.qty) FILTER (WHERE m.event IS NULL), 0)::bigint AS "openingQty",
      coalesce(sum(m.func) FILTER (WHERE m.event IS NULL), 0)::bigint AS "openingMinor",
      coalesce(jsonb_agg(jsonb_build_object('eventType', m.event, 'hasUnits', m.units, 'qty', m.qty::text, 'minor', m.func::text)
        ORDER BY m.event, m.units) FILTER (WHERE m.event IS NOT NULL), '[]') AS moves
    FROM moved m JOIN item i ON i.id = m.item_id JOIN site s ON s.id = m.site_id
    GROUP BY i.sku, s.code, m.condition
    HAVING count(*) FILTER (WHERE m.event IS NOT NULL) > 0 OR sum(m.qty) <> 0 OR sum(m.func) <> 0 ORDER BY 1, 2, 3`.then(
    (rows) =>
      rows.map((row) => ({
        ...row,
        moves: row.moves.map((move) => ({
          ...move,
          qty: BigInt(move.qty),
          minor: BigInt(move.minor),
        })),
      })),
  )
}

/**
 * What the cost layers hold at the end of a day, by the days on which the books have their entries:
 * a late fact counts from the day on which it is booked.
 */
export async function layerTotals(
  db: Reader,
  { entityId, to, itemId, siteId }: BalanceScope,
): Promise<LayerTotals> {
  const of = db`l.entity_id = ${entityId} ${itemId === undefined ? db`` : db`AND l.item_id = ${itemId}`} ${siteId === undefined ? db`` : db`AND l.site_id = ${siteId}`}`
  const [totals] = await db<LayerTotals[]>`
    SELECT (coalesce(sum(qty), 0) - coalesce((SELECT sum(l.qty) ${lateLines(db, { entityId, to, itemId, siteId })}), 0))::bigint AS qty,
      (coalesce(sum(value), 0) - coalesce((SELECT sum(l.func_minor) ${lateLines(db, { entityId, to, itemId, siteId })}), 0))::bigint AS "valueMinor" FROM (
      SELECT qty0 AS qty, value0_minor AS value FROM cost_layer l WHERE ${of} AND ranked_on <= ${to}
      UNION ALL
      SELECT a.qty, a.value_minor FROM layer_adjustment a JOIN cost_layer l ON l.id = a.layer_id WHERE ${of} AND a.effective_on <= ${to}
      UNION ALL
      SELECT -c.qty, -c.value_minor FROM layer_consumption c JOIN cost_layer l ON l.id = c.layer_id WHERE ${of} AND c.effective_on <= ${to}) moved`
  return totals!
}

/** Facts of that day or before, whose period was locked: the layers have them, the books later. */
function lateLines(
  db: Reader,
  { entityId, to, itemId, siteId }: Pick<BalanceScope, 'entityId' | 'to' | 'itemId' | 'siteId'>,
) {
  return db`FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE e.entity_id = ${entityId} AND e.book = 'main' AND e.fact_on <= ${to} AND l.effective_on > ${to} AND l.account_id = ANY(${[...STOCK_ACCOUNTS]}::int[])
      ${itemId === undefined ? db`` : db`AND l.item_id = ${itemId}`} ${siteId === undefined ? db`` : db`AND l.site_id = ${siteId}`}`
}
