import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

/** Orders that do not go on by themselves, by the reason. */
export interface BlockedRow {
  /** Type of the case that is open, or `backordered`, `release` or `warehouse-late` where none is. */
  reason: string
  owner: string
  entity: string
  currency: string
  orders: number
  overdue: number
  since: string
  moneyMinor: bigint
  /** Choices of the case; none where no case is open. */
  allowed: string[]
  /** The oldest few. */
  first: {
    orderId: string
    orderNumber: string
    channel: string
    caseId: string | null
    since: string
    until: string | null
    moneyMinor: string
  }[]
}

/**
 * why orders stand still, oldest and overdue first. An order with two open cases stands under
 * both; one without any stands where its phase says, since the step that brought it there.
 */
export async function blockedOrders(
  reader: Reader,
  ask: { scopes: Scopes; first: number },
): Promise<BlockedRow[]> {
  const { entities, channels, sites } = ask.scopes
  return reader<BlockedRow[]>`
    WITH open_order AS (
      SELECT o.id, o.order_number, o.currency, o.phase, e.code AS entity, e.timezone, c.code AS channel,
        EXISTS (SELECT FROM exception_case x WHERE x.subject_type = 'order' AND x.subject_id = o.id::text AND x.state = 'open') AS has_case
      FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id
      WHERE o.closed_at IS NULL
        AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
        AND (${channels === null} OR c.code = ANY(${[...(channels ?? [])]}::text[]))
    ), blocked AS (
      SELECT o.id, x.type AS reason, x.owner_team AS owner, x.id AS case_id, x.allowed, x.opened_at AS since, x.due_at AS until,
        x.money_at_risk_minor AS money, x.currency, s.code AS site
      FROM open_order o JOIN exception_case x ON x.subject_type = 'order' AND x.subject_id = o.id::text AND x.state = 'open' LEFT JOIN site s ON s.id = x.site_id
      UNION ALL
      SELECT o.id, CASE o.phase WHEN 'backordered' THEN 'backordered' ELSE 'release' END, CASE o.phase WHEN 'backordered' THEN 'purchasing' ELSE 'oms-supervisor' END,
        NULL, '[]', stood.since, worth.promised::timestamptz, worth.money, o.currency, NULL
      FROM open_order o CROSS JOIN LATERAL ${standing(reader)} stood CROSS JOIN LATERAL ${worth(reader)} worth
      WHERE NOT o.has_case AND o.phase IN ('backordered', 'allocated')
      UNION ALL
      SELECT o.id, 'warehouse-late', 'warehouse', NULL, '[]', f.released_at, (f.ship_on + 1)::timestamp AT TIME ZONE o.timezone, worth.money, o.currency, s.code
      FROM open_order o JOIN fulfilment_order f ON f.order_id = o.id AND f.state = 'released' JOIN site s ON s.id = f.site_id CROSS JOIN LATERAL ${worth(reader)} worth
      WHERE f.ship_on < (clock_timestamp() AT TIME ZONE o.timezone)::date
    ), ranked AS (
      SELECT b.*, o.order_number, o.entity, o.channel, row_number() OVER (PARTITION BY b.reason, b.owner, o.entity, b.currency ORDER BY b.since, b.id) AS nth
      FROM blocked b JOIN open_order o ON o.id = b.id
      WHERE ${sites === null} OR b.site IS NULL OR b.site = ANY(${[...(sites ?? [])]}::text[])
    )
    SELECT reason, owner, entity, currency, count(DISTINCT id)::int AS orders, count(DISTINCT id) FILTER (WHERE until < clock_timestamp())::int AS overdue,
      min(since) AS since, sum(money)::bigint AS "moneyMinor", (array_agg(allowed ORDER BY nth))[1] AS allowed,
      jsonb_agg(jsonb_build_object('orderId', id::text, 'orderNumber', order_number, 'channel', channel, 'caseId', case_id::text, 'since', since, 'until', until,
        'moneyMinor', money::text) ORDER BY nth) FILTER (WHERE nth <= ${ask.first}) AS first
    FROM ranked GROUP BY reason, owner, entity, currency ORDER BY overdue DESC, since, reason, entity, currency`
}

/** Since when the order has stood in its phase. */
const standing = (reader: Reader) => reader`
  (SELECT max(a.recorded_at) AS since FROM audit_event a WHERE a.subject_type = 'order' AND a.subject_id = o.id::text
    AND a.before->>'phase' IS DISTINCT FROM a.after->>'phase')`

/** What of the order is neither shipped nor cancelled, and when the last of it is promised. */
const worth = (reader: Reader) => reader`
  (SELECT sum(l.goods_minor - l.discount_minor + l.shipping_minor + l.tax_minor - l.cancelled_minor - l.shipped_minor)::bigint AS money, max(l.promise_on) AS promised
    FROM sales_order_line l WHERE l.order_id = o.id)`
