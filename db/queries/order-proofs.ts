import { moneyProofs, running } from './money-proofs.ts'
import type { Proof } from './proofs.ts'
import { stockProofs } from './stock-proofs.ts'

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
        UNION ALL SELECT item_id, site_id, 0, live FROM reservation
        UNION ALL SELECT item_id, site_id, 0, live FROM transfer_reservation
        UNION ALL SELECT item_id, site_id, 0, live FROM vendor_return_reservation) t
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
    name: 'LINE-PROMISED',
    invariant: 'A line is promised no more expected units than it has units that wait.',
    sql: `SELECT l.id AS order_line_id, l.qty_backordered, sum(p.qty) AS promised FROM supply_promise p JOIN sales_order_line l ON l.id = p.order_line_id
      GROUP BY l.id HAVING sum(p.qty) > l.qty_backordered - l.qty_drop_ship`,
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
    invariant:
      'The value of cost layers is that of the inventory accounts, per entity, item, site and condition.',
    sql: `SELECT entity_id, item_id, site_id, condition, sum(layers)::bigint AS layers, sum(gl)::bigint AS gl FROM (
        SELECT entity_id, item_id, site_id, condition, remaining_minor AS layers, 0 AS gl FROM cost_layer
        UNION ALL SELECT e.entity_id, l.item_id, l.site_id, l.condition, 0, l.func_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
          WHERE l.account_id IN (1300, 1310, 1320, 1330)) t
      GROUP BY 1, 2, 3, 4 HAVING sum(layers) <> sum(gl)`,
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
    name: 'REFUND-BOUND',
    invariant:
      'No more is given back, taken back by banks or in dispute than was captured, tender by tender.',
    sql: `SELECT p.id AS payment_id, p.captured_minor, p.refunded_minor, p.refund_pending_minor, p.disputed_minor, p.charged_back_minor, c.bound, c.deposit FROM payment p
      LEFT JOIN (SELECT payment_id, sum(bound_minor) AS bound, sum(deposit_minor) AS deposit FROM chargeback GROUP BY 1) c ON c.payment_id = p.id
      WHERE p.refunded_minor + p.refund_pending_minor + p.disputed_minor + p.charged_back_minor > p.captured_minor
        OR p.disputed_minor + p.charged_back_minor <> coalesce(c.bound, 0) OR p.charged_back_minor <> coalesce(c.deposit, 0)`,
  },
  {
    name: 'CHARGEBACK',
    invariant: 'What banks hold in dispute (1140) is the open disputes, one by one.',
    sql: `SELECT entity_id, currency, key, sum(open)::bigint AS open, sum(gl)::bigint AS gl FROM (
        SELECT entity_id, currency, 'chargeback/' || no AS key, booked_minor AS open, 0 AS gl FROM chargeback WHERE booked_minor IS NOT NULL AND NOT outcome_booked
        UNION ALL
        SELECT e.entity_id, l.currency, l.open_key, 0, l.amount_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE l.account_id = 1140) t
      GROUP BY 1, 2, 3 HAVING sum(open) <> sum(gl)`,
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
    invariant: 'An order that lacks stock or is held has an open case, or a bank that decides.',
    sql: `SELECT o.id AS order_id, o.phase FROM sales_order o WHERE o.closed_at IS NULL AND o.phase IN ('short', 'held')
      AND NOT EXISTS (SELECT FROM exception_case c WHERE c.subject_type = 'order' AND c.subject_id = o.id::text AND c.state = 'open')
      AND NOT EXISTS (SELECT FROM chargeback b WHERE b.order_id = o.id AND b.closed_at IS NULL)
      AND NOT EXISTS (SELECT FROM external_effect e WHERE e.subject_type = 'order' AND e.subject_id = o.id::text AND e.state IN ('intended', 'sent', 'unknown'))`,
  },
  ...moneyProofs,
  ...stockProofs,
]
