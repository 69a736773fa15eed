import type { Proof } from './proofs.ts'

/** What must always hold of transfers and counts; each returns no row. */
export const stockProofs: readonly Proof[] = [
  {
    name: 'TRANSFER-UNITS',
    invariant:
      'What is in transit of an item at a site is what its open transfers have under way, and what is ours of purchases.',
    sql: `SELECT item_id, site_id, sum(lying)::bigint AS lying, sum(underway)::bigint AS underway FROM (
        SELECT item_id, site_id, on_hand AS lying, 0 AS underway FROM stock_position WHERE condition = 'in-transit'
        UNION ALL SELECT l.item_id, t.from_site_id, 0, l.in_transit FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id
        UNION ALL SELECT l.item_id, l.site_id, 0, l.remaining_qty FROM purchase_title t JOIN cost_layer l ON l.id = t.layer_id) x
      GROUP BY 1, 2 HAVING sum(lying) <> sum(underway)`,
  },
  {
    name: 'TRANSFER-VALUE',
    invariant:
      'The units and value of each transfer line under way are those of its own layers, and what left is what arrived, was lost, came back or is under way.',
    sql: `SELECT l.id AS line_id, l.in_transit, coalesce(c.qty, 0) AS layers, coalesce(v.left_minor, 0) AS left_minor, coalesce(v.ended_minor, 0) AS ended_minor, coalesce(c.value, 0) AS under_way_minor
      FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id
      LEFT JOIN LATERAL (SELECT sum(remaining_qty) AS qty, sum(remaining_minor) AS value FROM cost_layer
        WHERE source_type = 'transfer' AND source_id = t.transfer_no || '/' || l.line_no AND condition = 'in-transit') c ON true
      LEFT JOIN LATERAL (SELECT sum(x.value_minor) FILTER (WHERE e.kind = 'shipped') AS left_minor, sum(x.value_minor) FILTER (WHERE e.kind <> 'shipped') AS ended_minor
        FROM transfer_event_line x JOIN transfer_event e ON e.id = x.event_id WHERE x.line_id = l.id) v ON true
      WHERE l.in_transit <> coalesce(c.qty, 0) OR coalesce(v.left_minor, 0) <> coalesce(v.ended_minor, 0) + coalesce(c.value, 0)`,
  },
]
