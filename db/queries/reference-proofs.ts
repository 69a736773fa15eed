import type { Proof } from './proofs.ts'

/**
 * What the dimensions of journal lines name exists. The guard of a line asks for its account and
 * its entry only: more look-ups a line would cost a posting as much as all its other guards.
 */
export const referenceProofs: readonly Proof[] = [
  {
    name: 'LINE-REFERENCES',
    invariant:
      'Every order, order line, item, layer, site, channel and rate that a line names exists.',
    sql: `SELECT l.entry_id, l.line_no, l.order_id, l.order_line_id, l.item_id, l.layer_id, l.site_id, l.channel_id, l.fx_rate_id
      FROM journal_line l
      LEFT JOIN sales_order o ON o.id = l.order_id LEFT JOIN sales_order_line ol ON ol.id = l.order_line_id
      LEFT JOIN item i ON i.id = l.item_id LEFT JOIN cost_layer y ON y.id = l.layer_id
      LEFT JOIN site s ON s.id = l.site_id LEFT JOIN channel c ON c.id = l.channel_id LEFT JOIN fx_rate r ON r.id = l.fx_rate_id
      WHERE (l.order_id IS NULL) <> (o.id IS NULL) OR (l.order_line_id IS NULL) <> (ol.id IS NULL)
        OR (l.item_id IS NULL) <> (i.id IS NULL) OR (l.layer_id IS NULL) <> (y.id IS NULL)
        OR (l.site_id IS NULL) <> (s.id IS NULL) OR (l.channel_id IS NULL) <> (c.id IS NULL)
        OR (l.fx_rate_id IS NULL) <> (r.id IS NULL)`,
  },
  {
    name: 'LINE-OWNERS',
    invariant:
      'A line’s order line is of its order, its layer of its item, and both of its entry’s company.',
    sql: `SELECT l.entry_id, l.line_no, l.order_id, l.order_line_id, l.item_id, l.layer_id FROM journal_line l
      JOIN journal_entry e ON e.id = l.entry_id LEFT JOIN sales_order o ON o.id = l.order_id
      LEFT JOIN sales_order_line ol ON ol.id = l.order_line_id LEFT JOIN cost_layer y ON y.id = l.layer_id
      WHERE ol.order_id <> l.order_id OR y.item_id <> l.item_id OR o.entity_id <> e.entity_id OR y.entity_id <> e.entity_id`,
  },
]
