import type { Reader } from '#db/client'

export interface ChannelDemand {
  channel: string
  /** Units of the last seven days, and of an average week of the eight before. */
  week: bigint
  usualWeek: bigint
}

/** Through which channels the last seven days were sold, the largest first (INV-25); by `item/site`. */
export async function channelsBehind(
  reader: Reader,
  nodes: readonly { itemId: number; siteId: number }[],
  on: string,
): Promise<Map<string, ChannelDemand[]>> {
  if (nodes.length === 0) return new Map()
  const rows = await reader<(ChannelDemand & { itemId: number; siteId: number })[]>`
    SELECT m.item_id AS "itemId", m.from_site_id AS "siteId", c.code AS channel,
      coalesce(sum(m.qty) FILTER (WHERE m.effective_on >= ${on}::date - 7), 0)::bigint AS week,
      (coalesce(sum(m.qty) FILTER (WHERE m.effective_on < ${on}::date - 7), 0) / 8)::bigint AS "usualWeek"
    FROM unnest(${nodes.map((node) => node.itemId)}::int[], ${nodes.map((node) => node.siteId)}::int[]) AS n (item_id, site_id)
    JOIN stock_movement m ON m.kind = 'issue' AND (m.item_id, m.from_site_id) = (n.item_id, n.site_id) AND m.effective_on >= ${on}::date - 63 AND m.effective_on < ${on}::date
    JOIN shipment h ON h.id = CASE WHEN m.cause_type = 'shipment' THEN m.cause_id::bigint END JOIN sales_order o ON o.id = h.order_id JOIN channel c ON c.id = o.channel_id
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3`
  const byNode = new Map<string, ChannelDemand[]>()
  for (const { itemId, siteId, ...demand } of rows) {
    const key = `${itemId}/${siteId}`
    byNode.set(key, [...(byNode.get(key) ?? []), demand])
  }
  return byNode
}
