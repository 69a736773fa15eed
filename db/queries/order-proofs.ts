import type { Proof } from './proofs.ts'

/** Orders imported as history were placed before go-live: their stock and money are opening balances. */
function running(orderId: string): string {
  return `NOT EXISTS (SELECT FROM sales_order past WHERE past.id = ${orderId} AND past.workflow_id LIKE 'history/%')`
}

/** What must always hold between stock, orders and the ledger; each returns no row. */
export const orderProofs: readonly Proof[] = [
  {
    name: 'STOCK-MOVES',
    invariant: 'A stock position is the sum of its quants and of its movements.',
    sql: `SELECT item_id, site_id, condition, sum(position)::bigint AS position, sum(quant)::bigint AS quants, sum(moved)::bigint AS moved FROM (
        SELECT item_id, site_id, condition, on_hand AS position, 0 AS quant, 0 AS moved FROM stock_position
        UNION ALL SELECT item_id, site_id, condition, 0, qty, 0 FROM stock_quant
        UNION ALL SELECT item_id, to_site_id, to_condition, 0, 0, qty FROM stock_movement WHERE to_site_id IS NOT NULL
        UNION ALL SELECT item_id, from_site_id, from_condition, 0, 0, -qty FROM stock_movement WHERE from_site_id IS NOT NULL) t
      GROUP BY 1, 2, 3 HAVING sum(position) <> sum(quant) OR sum(position) <> sum(moved)`,
  },
  {
    name: 'STOCK-RESERVED',
    invariant: 'What is reserved of an item at a site is what live reservations hold.',
    sql: `SELECT item_id, site_id, sum(reserved)::bigint AS reserved, sum(live)::bigint AS live FROM (
        SELECT item_id, site_id, reserved, 0 AS live FROM stock_position
        UNION ALL SELECT item_id, site_id, 0, live FROM reservation) t
      GROUP BY 1, 2 HAVING sum(reserved) <> sum(live)`,
  },
  {
    name: 'LINE-RESERVED',
    invariant: 'The allocated units of a goods line are its live reservations.',
    sql: `SELECT l.id AS order_line_id, l.qty_allocated, coalesce(r.live, 0) AS live FROM sales_order_line l JOIN item i ON i.id = l.item_id AND i.kind = 'stock'
      LEFT JOIN (SELECT order_line_id, sum(live) AS live FROM reservation GROUP BY 1) r ON r.order_line_id = l.id
      WHERE l.qty_allocated <> coalesce(r.live, 0)`,
  },
  {
    name: 'LAYER-FLOW',
    invariant: 'What went into a cost layer is what remains of it and what was consumed.',
    sql: `SELECT l.id AS layer_id, l.remaining_qty, l.remaining_minor FROM cost_layer l
      LEFT JOIN (SELECT layer_id, sum(qty) AS qty, sum(value_minor) AS value FROM layer_adjustment GROUP BY 1) a ON a.layer_id = l.id
      LEFT JOIN (SELECT layer_id, sum(qty) AS qty, sum(value_minor) AS value FROM layer_consumption GROUP BY 1) c ON c.layer_id = l.id
      WHERE l.qty0 + coalesce(a.qty, 0) <> l.remaining_qty + coalesce(c.qty, 0)
         OR l.value0_minor + coalesce(a.value, 0) <> l.remaining_minor + coalesce(c.value, 0)`,
  },
  {
    name: 'LAYER-QTY',
    invariant: 'The units of an item in cost layers are the units in stock.',
    sql: `SELECT item_id, site_id, condition, sum(layers)::bigint AS layers, sum(stock)::bigint AS stock FROM (
        SELECT item_id, site_id, condition, remaining_qty AS layers, 0 AS stock FROM cost_layer
        UNION ALL SELECT item_id, site_id, condition, 0, on_hand FROM stock_position) t
      GROUP BY 1, 2, 3 HAVING sum(layers) <> sum(stock)`,
  },
  {
    name: 'LAYER-GL',
    invariant: 'The value of cost layers is the Inventory account, per item, site and condition.',
    sql: `SELECT item_id, site_id, condition, sum(layers)::bigint AS layers, sum(gl)::bigint AS gl FROM (
        SELECT item_id, site_id, condition, remaining_minor AS layers, 0 AS gl FROM cost_layer
        UNION ALL SELECT item_id, site_id, condition, 0, func_minor FROM journal_line WHERE account_id = 1300) t
      GROUP BY 1, 2, 3 HAVING sum(layers) <> sum(gl)`,
  },
  {
    name: 'LINE-SHIPPED',
    invariant:
      'The shipped counter and money of a line are those of its shipments; stock lines agree with fulfilment.',
    sql: `SELECT l.id AS order_line_id, l.qty_shipped, s.qty, l.shipped_minor, s.gross FROM sales_order_line l
      LEFT JOIN (SELECT order_line_id, sum(qty) AS qty, sum(goods_minor - discount_minor + shipping_minor + tax_minor) AS gross FROM shipment_line GROUP BY 1) s ON s.order_line_id = l.id
      LEFT JOIN (SELECT order_line_id, sum(shipped) AS qty FROM fulfilment_line GROUP BY 1) f ON f.order_line_id = l.id
      LEFT JOIN item i ON i.id = l.item_id
      WHERE ${running('l.order_id')} AND (l.qty_shipped <> coalesce(s.qty, 0) OR l.shipped_minor <> coalesce(s.gross, 0) OR (i.kind = 'stock' AND l.qty_shipped <> coalesce(f.qty, 0)))`,
  },
  {
    name: 'LINE-RELEASED',
    invariant: 'The released units of a goods line stand on open fulfilment orders.',
    sql: `SELECT l.id AS order_line_id, l.qty_released, l.qty_picked, f.released, f.picked FROM sales_order_line l JOIN item i ON i.id = l.item_id AND i.kind = 'stock'
      LEFT JOIN (SELECT f.order_line_id, sum(f.qty - f.shipped - f.cancelled) AS released, sum(greatest(0, f.picked - f.shipped)) AS picked
        FROM fulfilment_line f JOIN fulfilment_order o ON o.id = f.fulfilment_id WHERE o.state IN ('released', 'recall-requested') GROUP BY 1) f ON f.order_line_id = l.id
      WHERE l.qty_released <> coalesce(f.released, 0) OR l.qty_picked <> coalesce(f.picked, 0)`,
  },
  {
    name: 'LINE-MONEY',
    invariant:
      'Shipped and cancelled money of a line never exceed what was frozen, and are all of it when no unit is open.',
    sql: `SELECT id AS order_line_id, shipped_minor + cancelled_minor AS gone, goods_minor - discount_minor + shipping_minor + tax_minor AS gross FROM sales_order_line
      WHERE ${running('order_id')} AND (shipped_minor + cancelled_minor > goods_minor - discount_minor + shipping_minor + tax_minor
         OR qty_shipped + qty_cancelled = qty_ordered AND shipped_minor + cancelled_minor <> goods_minor - discount_minor + shipping_minor + tax_minor)`,
  },
  {
    name: 'ORDER-CLOSED',
    invariant:
      'A closed order has no deposit left, nothing receivable unless on terms, no open call and no open case.',
    sql: `SELECT o.id AS order_id, i.account_id, i.balance_minor, NULL AS open FROM sales_order o
        JOIN open_item i ON i.entity_id = o.entity_id AND i.key = 'order/' || o.id AND i.balance_minor <> 0
        WHERE o.closed_at IS NOT NULL AND (i.account_id = 2100
          OR (i.account_id = 1200 AND NOT EXISTS (SELECT FROM payment p WHERE p.order_id = o.id AND p.kind = 'terms')))
      UNION ALL
      SELECT o.id, NULL, NULL, e.key FROM sales_order o JOIN external_effect e ON e.subject_type = 'order' AND e.subject_id = o.id::text
        WHERE o.closed_at IS NOT NULL AND e.gateway <> 'mail' AND e.state IN ('intended', 'sent', 'unknown')
      UNION ALL
      SELECT o.id, NULL, NULL, c.key FROM sales_order o JOIN exception_case c ON c.subject_type = 'order' AND c.subject_id = o.id::text
        WHERE o.closed_at IS NOT NULL AND c.state = 'open'`,
  },
  {
    name: 'ORDER-MONEY',
    invariant:
      'What was captured is what was earned, refunded or granted, and what is still paid in beyond what is owed.',
    sql: `SELECT o.id AS order_id, p.captured, p.refunded, l.earned, i.open FROM sales_order o
      JOIN (SELECT order_id, sum(captured_minor) AS captured, sum(refunded_minor + refund_pending_minor) AS refunded FROM payment GROUP BY 1) p ON p.order_id = o.id
      LEFT JOIN LATERAL (SELECT sum(i.balance_minor) AS open FROM open_item i WHERE i.entity_id = o.entity_id AND i.key = 'order/' || o.id AND i.account_id IN (1200, 2100)) i ON true
      LEFT JOIN LATERAL (SELECT sum(s.goods_minor - s.discount_minor + s.shipping_minor + s.tax_minor) AS earned FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id
        JOIN sales_order_line sl ON sl.id = s.order_line_id
        WHERE h.order_id = o.id AND (o.policies->'order'->'body'->>'revenueOn' = 'shipped' OR sl.gift_card OR sl.qty_delivered > 0)) l ON true
      WHERE o.settlement <> 'marketplace' AND p.captured - p.refunded <> coalesce(l.earned, 0) - coalesce(i.open, 0)`,
  },
  {
    name: 'REFUND-BOUND',
    invariant: 'No more is given back than was captured, tender by tender.',
    sql: `SELECT id AS payment_id, captured_minor, refunded_minor, refund_pending_minor FROM payment WHERE refunded_minor + refund_pending_minor > captured_minor`,
  },
  {
    name: 'PAYMENT-EVENTS',
    invariant: 'The amounts of a payment are the sums of its events.',
    sql: `SELECT p.id AS payment_id, p.captured_minor, e.captured, p.refunded_minor, e.refunded FROM payment p
      LEFT JOIN (SELECT payment_id, sum(amount_minor) FILTER (WHERE kind = 'captured') AS captured, sum(CASE kind WHEN 'refunded' THEN amount_minor WHEN 'refund-returned' THEN -amount_minor END) AS refunded
        FROM payment_event GROUP BY 1) e ON e.payment_id = p.id
      WHERE p.captured_minor <> coalesce(e.captured, 0) OR p.refunded_minor <> coalesce(e.refunded, 0)`,
  },
  {
    name: 'CASE-OWNED',
    invariant: 'Every open case has an owner, a due time and a choice.',
    sql: `SELECT id, type FROM exception_case WHERE state = 'open' AND (owner_team = '' OR due_at IS NULL OR jsonb_array_length(allowed) = 0)`,
  },
  {
    name: 'NOBODY-STUCK',
    invariant: 'An order that lacks stock or is held has an open case.',
    sql: `SELECT o.id AS order_id, o.phase FROM sales_order o WHERE o.closed_at IS NULL AND o.phase IN ('short', 'held')
      AND NOT EXISTS (SELECT FROM exception_case c WHERE c.subject_type = 'order' AND c.subject_id = o.id::text AND c.state = 'open')
      AND NOT EXISTS (SELECT FROM external_effect e WHERE e.subject_type = 'order' AND e.subject_id = o.id::text AND e.state IN ('intended', 'sent', 'unknown'))`,
  },
  {
    name: 'TAX-GL',
    invariant:
      'Tax of shipped units is what the tax accounts hold, order by order and jurisdiction by jurisdiction.',
    sql: `SELECT order_id, jurisdiction, sum(shipped)::bigint AS shipped, sum(gl)::bigint AS gl FROM (
        SELECT h.order_id, t.jurisdiction, (t.tax_minor * (s.unit_from + s.qty)) / l.qty_ordered - (t.tax_minor * s.unit_from) / l.qty_ordered AS shipped, 0 AS gl
        FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id JOIN sales_order o ON o.id = h.order_id JOIN sales_order_line l ON l.id = s.order_line_id
        JOIN order_line_tax t ON t.order_line_id = l.id AND t.collected_by = 'seller'
        WHERE o.policies->'order'->'body'->>'revenueOn' = 'shipped' OR l.qty_delivered > 0
        UNION ALL
        SELECT j.order_id, j.jurisdiction, 0, -j.amount_minor FROM journal_line j JOIN journal_entry e ON e.id = j.entry_id
        WHERE j.account_id IN (2210, 2220, 2225, 2228) AND e.event_type IN ('goods-shipped', 'goods-delivered')) t
      GROUP BY 1, 2 HAVING sum(shipped) <> sum(gl)`,
  },
]
