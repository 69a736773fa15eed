import type { Reader } from '../client.ts'

/** Rules of when products are earned, the newest first. */
export async function listRevenuePolicies(
  db: Reader,
  { before, limit }: { before: bigint; limit: number },
) {
  return db<
    {
      id: bigint
      sku: string | null
      itemClass: string | null
      revenueOn: 'shipped' | 'delivered' | 'activated' | 'over-term' | null
      termMonths: number | null
      standard: string
      reason: string
      actor: string
      recordedAt: string
    }[]
  >`
    SELECT p.id, i.sku, p.item_class AS "itemClass", p.revenue_on AS "revenueOn", p.term_months AS "termMonths", p.standard, p.reason, p.actor, p.recorded_at AS "recordedAt"
    FROM revenue_policy p LEFT JOIN item i ON i.id = p.item_id WHERE p.id < ${before} ORDER BY p.id DESC LIMIT ${limit}`
}

/** What a company has billed before it was earned, the newest first, each with what is left of it. */
export async function listDeferrals(
  db: Reader,
  ask: { entityId: number; orderId: bigint | undefined; before: bigint; limit: number },
) {
  return db<
    {
      id: bigint
      orderId: bigint
      orderLineId: bigint
      sku: string | null
      currency: string
      minor: bigint
      leftMinor: bigint
      termMonths: number | null
      startsOn: string
    }[]
  >`
    SELECT d.id, l.order_id AS "orderId", d.order_line_id AS "orderLineId", l.sku, d.currency, d.minor, coalesce(-i.balance_minor, 0) AS "leftMinor",
      d.term_months AS "termMonths", d.starts_on AS "startsOn"
    FROM deferred_revenue d JOIN sales_order_line l ON l.id = d.order_line_id
    LEFT JOIN open_item i ON i.entity_id = d.entity_id AND i.account_id = 2150 AND i.currency = d.currency AND i.book = 'main' AND i.key = 'deferral/' || d.shipment_id || '/' || d.order_line_id
    WHERE d.entity_id = ${ask.entityId} AND d.id < ${ask.before} ${ask.orderId === undefined ? db`` : db`AND l.order_id = ${ask.orderId}`}
    ORDER BY d.id DESC LIMIT ${ask.limit}`
}

/** Whose it is. */
export async function deferralPlace(
  db: Reader,
  id: bigint,
): Promise<{ entity: string; channel: string } | undefined> {
  const [place] = await db<{ entity: string; channel: string }[]>`
    SELECT e.code AS entity, c.code AS channel FROM deferred_revenue d JOIN entity e ON e.id = d.entity_id
    JOIN shipment h ON h.id = d.shipment_id JOIN sales_order o ON o.id = h.order_id JOIN channel c ON c.id = o.channel_id WHERE d.id = ${id}`
  return place
}
