import type { Reader } from '#db/client'
import type { CountCandidate } from '#domain/stock/count-selection'

/**
 * Every place of a site that holds or has held an item and that no count holds now, with what says
 * whether it should be counted. An item's class is its share of the value at the site.
 */
export async function countCandidates(
  reader: Reader,
  siteId: number,
  { days }: { days: number },
): Promise<CountCandidate[]> {
  return reader<CountCandidate[]>`
    WITH worth AS (
      SELECT item_id, sum(remaining_minor) AS value FROM cost_layer WHERE site_id = ${siteId} AND condition = 'sellable' GROUP BY 1),
    ranked AS (
      SELECT item_id, sum(value) OVER (ORDER BY value DESC, item_id) - value AS before, sum(value) OVER () AS total FROM worth)
    SELECT q.item_id AS "itemId", i.sku, q.bin, q.lot, q.qty AS units,
      CASE WHEN coalesce(r.total, 0) = 0 THEN 'C' WHEN r.before * 100 < r.total * 80 THEN 'A' WHEN r.before * 100 < r.total * 95 THEN 'B' ELSE 'C' END AS abc,
      (extract(epoch FROM clock_timestamp() - greatest(c.at, k.at)) / 86400)::int AS "daysSince",
      coalesce((SELECT sum(m.qty) FROM missing_stock m WHERE m.item_id = q.item_id AND m.site_id = q.site_id AND m.settled_at IS NULL), 0)::bigint AS missing,
      coalesce(c.differences, 0)::int AS differences
    FROM stock_quant q JOIN item i ON i.id = q.item_id AND i.kind = 'stock' LEFT JOIN ranked r ON r.item_id = q.item_id
    LEFT JOIN LATERAL (SELECT max(l.settled_at) AS at, count(*) FILTER (WHERE l.counted <> l.expected AND l.settled_at > clock_timestamp() - make_interval(days => ${days})) AS differences
      FROM count_line l WHERE l.site_id = q.site_id AND l.item_id = q.item_id AND l.bin = q.bin AND l.lot = q.lot AND l.settled_at IS NOT NULL) c ON true
    LEFT JOIN LATERAL (SELECT max(recorded_at) AS at FROM stock_count k WHERE k.item_id = q.item_id AND k.site_id = q.site_id AND q.bin = '') k ON true
    WHERE q.site_id = ${siteId} AND q.condition = 'sellable' AND q.owner = 'own'
      AND NOT EXISTS (SELECT FROM count_line o WHERE o.item_id = q.item_id AND o.site_id = q.site_id AND o.bin = q.bin AND o.lot = q.lot
        AND o.state IN ('to-count', 'recount', 'review', 'approved'))
    ORDER BY q.item_id, q.bin, q.lot`
}
