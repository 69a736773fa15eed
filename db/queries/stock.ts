import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'
import {
  cautionUnits,
  stockConfidence,
  type CountFacts,
  type StockConfidence,
} from '#domain/stock-confidence'

/** Only what lies in the caller's sites and entities; `s` is the site and `e` its entity. */
const inScope = (reader: Reader, { sites, entities }: Scopes) => reader`
  (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[])) AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))`

/** Available to sell of one item at one site for one channel, with every part that it is made of. */
export interface AtsRow extends CountFacts {
  sku: string
  site: string
  /** Why nothing of it is available whatever lies there, or null. */
  excluded: string | null
  onHand: bigint
  reserved: bigint
  safetyStock: bigint
  otherPools: bigint
  ownPool: bigint
  buffer: bigint
  /** Raises every buffer where the books may be wrong. */
  caution: bigint
  confidence: StockConfidence
  inbound: bigint
  /** Lie in a bin or lot that is blocked. */
  blocked: bigint
  /** on hand − reserved − safety − other channels' pools − what nobody found − what is blocked − the largest buffer − caution, never below zero. */
  ats: bigint
  /** Of the channel's first live listing; 1 without any. */
  packFactor: number
  /** How many of that listing it makes. */
  listable: bigint
  /** Every live listing of the channel, with how many of it the units make after its own buffer. */
  listings: Listable[]
}

interface Listable {
  externalId: string
  packFactor: number
  buffer: string
  listable: string
}

export interface AtsAsk {
  skus?: readonly string[] | undefined
  channel?: string | undefined
  /** Stock that the channel itself ships, instead of ours. */
  byChannel?: boolean | undefined
  scopes: Scopes
  afterSku: string
  afterSite: string
  limit: number
}

/**
 * INV-2, Q-1: what may be promised now: never more than an order of the channel would be
 * allocated. Inbound supply is shown beside it and is not part of it: an order that needs it is
 * promised by backorder, with a date.
 */
export async function availableToSell(reader: Reader, ask: AtsAsk): Promise<AtsRow[]> {
  // A condition that only sometimes holds would be planned anew at every call, which takes longer than the query.
  const wanted = ask.skus ? reader`i.sku = ANY(${[...ask.skus]}::text[])` : reader`true`
  const rows = await reader<StockedRow[]>`
    SELECT sku, site, excluded, "onHand", reserved, "safetyStock", "otherPools", "ownPool", buffer, inbound, missing, blocked, "lastCountedAt", "lastDifference", "lastExpected",
      "packFactor", free, live
    FROM (
      SELECT i.sku, s.code AS site, p.on_hand AS "onHand", p.reserved, coalesce(sp.safety_stock, 0) AS "safetyStock",
        coalesce(po.others, 0)::bigint AS "otherPools", coalesce(po.own, 0)::bigint AS "ownPool", coalesce(l.buffer, 0) AS buffer, coalesce(es.inbound, 0)::bigint AS inbound,
        coalesce(m.qty, 0)::bigint AS missing, coalesce(bl.qty, 0)::bigint AS blocked, coalesce(l.pack_factor, 1) AS "packFactor", coalesce(l.live, '[]') AS live,
        k.recorded_at AS "lastCountedAt", coalesce(k.counted - k.expected, 0) AS "lastDifference", coalesce(k.expected, 0) AS "lastExpected", x.excluded,
        CASE WHEN x.excluded IS NULL THEN p.on_hand - p.reserved - coalesce(sp.safety_stock, 0) - coalesce(po.others, 0)::bigint - coalesce(m.qty, 0)::bigint - coalesce(bl.qty, 0)::bigint ELSE 0 END AS free
      FROM item i
      JOIN stock_position p ON p.item_id = i.id AND p.condition = 'sellable'
      JOIN site s ON s.id = p.site_id
      JOIN entity e ON e.id = s.entity_id
      LEFT JOIN channel c ON c.code = ${ask.channel ?? ''}
      LEFT JOIN LATERAL (SELECT safety_stock FROM stock_policy sp WHERE sp.item_id = i.id AND sp.site_id = s.id AND sp.effective_from <= (clock_timestamp() AT TIME ZONE e.timezone)::date
        ORDER BY sp.effective_from DESC, sp.id DESC LIMIT 1) sp ON true
      LEFT JOIN LATERAL (SELECT sum(qty) FILTER (WHERE po.channel_id IS DISTINCT FROM c.id) AS others, sum(qty) FILTER (WHERE po.channel_id = c.id) AS own
        FROM stock_pool po WHERE po.item_id = i.id AND po.site_id = s.id) po ON true
      LEFT JOIN LATERAL (SELECT count(*) AS listings, max(buffer) FILTER (WHERE l.state = 'live') AS buffer, (array_agg(pack_factor ORDER BY l.id) FILTER (WHERE l.state = 'live'))[1] AS pack_factor,
          jsonb_agg(jsonb_build_object('externalId', l.external_id, 'packFactor', l.pack_factor, 'buffer', l.buffer::text) ORDER BY l.id) FILTER (WHERE l.state = 'live') AS live
        FROM listing l WHERE l.item_id = i.id AND l.channel_id = c.id) l ON true
      LEFT JOIN LATERAL (SELECT sum(qty - received) AS inbound FROM expected_supply es WHERE es.item_id = i.id AND es.site_id = s.id AND es.state = 'open' AND es.qty > es.received) es ON true
      LEFT JOIN LATERAL (SELECT sum(qty) AS qty FROM missing_stock m WHERE m.item_id = i.id AND m.site_id = s.id AND m.settled_at IS NULL) m ON true
      LEFT JOIN LATERAL (SELECT sum(qty) AS qty FROM stock_quant q WHERE q.item_id = i.id AND q.site_id = s.id AND q.condition = 'sellable' AND q.qty > 0
        AND (q.bin <> '' OR q.lot <> '') AND place_blocked(q.item_id, q.site_id, q.bin, q.lot) IS NOT NULL) bl ON true
      LEFT JOIN LATERAL (SELECT recorded_at, counted, expected FROM stock_count k WHERE k.item_id = i.id AND k.site_id = s.id ORDER BY k.recorded_at DESC LIMIT 1) k ON true
      CROSS JOIN LATERAL (SELECT coalesce(site_exclusion(s, coalesce(c.entity_id, s.entity_id), ${ask.byChannel ?? false}),
        CASE WHEN i.status <> 'active' THEN 'the item is ' || i.status WHEN l.listings > 0 AND l.live IS NULL THEN 'its listing is paused' END) AS excluded) x
      WHERE ${wanted} AND (i.sku, s.code) > (${ask.afterSku}, ${ask.afterSite}) AND ${inScope(reader, ask.scopes)}
      ORDER BY i.sku, s.code LIMIT ${ask.limit}) a
    ORDER BY sku, site`
  const now = new Date().toISOString()
  return rows.map((row) => whatMayBeTold(row, now))
}

type StockedRow = Omit<AtsRow, 'ats' | 'listable' | 'listings' | 'caution' | 'confidence'> & {
  free: bigint
  live: Omit<Listable, 'listable'>[]
}

function whatMayBeTold({ free, live, ...row }: StockedRow, now: string): AtsRow {
  const confidence = stockConfidence(row, now)
  const caution = cautionUnits(confidence.score, row.onHand)
  const after = (buffer: bigint) => (free > buffer + caution ? free - buffer - caution : 0n)
  return {
    ...row,
    confidence,
    caution,
    ats: after(row.buffer),
    listable: after(row.buffer) / BigInt(row.packFactor),
    listings: live.map((listing) => ({
      ...listing,
      listable: `${after(BigInt(listing.buffer)) / BigInt(listing.packFactor)}`,
    })),
  }
}

/** The rows behind an ATS number: reservations with their orders, layers, pools and expected supply. */
export async function stockDetail(reader: Reader, sku: string, scopes: Scopes) {
  const mine = reader`(SELECT s.id, s.code FROM site s JOIN entity e ON e.id = s.entity_id WHERE ${inScope(reader, scopes)})`
  const [row] = await reader<{ detail: Record<string, unknown> }[]>`
    SELECT jsonb_build_object('sku', i.sku,
      'positions', (SELECT coalesce(jsonb_agg(jsonb_build_object('site', s.code, 'condition', p.condition, 'onHand', p.on_hand::text, 'reserved', p.reserved::text) ORDER BY s.code), '[]')
        FROM stock_position p JOIN ${mine} s ON s.id = p.site_id WHERE p.item_id = i.id),
      'reservations', (SELECT coalesce(jsonb_agg(jsonb_build_object('orderId', r.order_id::text, 'orderNumber', o.order_number, 'orderLineId', r.order_line_id::text, 'site', s.code, 'live', r.live) ORDER BY r.id), '[]')
        FROM reservation r JOIN sales_order o ON o.id = r.order_id JOIN ${mine} s ON s.id = r.site_id WHERE r.item_id = i.id AND r.live > 0
          AND (${scopes.channels === null} OR o.channel_id IN (SELECT id FROM channel WHERE code = ANY(${[...(scopes.channels ?? [])]}::text[])))),
      'layers', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id::text, 'site', s.code, 'condition', l.condition, 'rankedOn', l.ranked_on, 'remainingQty', l.remaining_qty::text,
        'remainingMinor', l.remaining_minor::text, 'source', l.source_type || '/' || l.source_id) ORDER BY l.ranked_on, l.id), '[]') FROM cost_layer l JOIN ${mine} s ON s.id = l.site_id WHERE l.item_id = i.id AND l.remaining_qty > 0),
      'pools', (SELECT coalesce(jsonb_agg(jsonb_build_object('channel', c.code, 'site', s.code, 'qty', po.qty::text, 'reason', po.reason)), '[]') FROM stock_pool po JOIN channel c ON c.id = po.channel_id JOIN ${mine} s ON s.id = po.site_id WHERE po.item_id = i.id
        AND (${scopes.channels === null} OR c.code = ANY(${[...(scopes.channels ?? [])]}::text[]))),
      'safetyStock', (SELECT coalesce(jsonb_agg(jsonb_build_object('site', s.code, 'safetyStock', sp.safety_stock::text, 'from', sp.effective_from, 'reason', sp.reason, 'actor', sp.actor) ORDER BY sp.id DESC), '[]')
        FROM stock_policy sp JOIN ${mine} s ON s.id = sp.site_id WHERE sp.item_id = i.id),
      'expected', (SELECT coalesce(jsonb_agg(jsonb_build_object('site', s.code, 'open', (es.qty - es.received)::text, 'dueOn', es.due_on, 'source', es.source_type || '/' || es.source_id) ORDER BY es.due_on), '[]')
        FROM expected_supply es JOIN ${mine} s ON s.id = es.site_id WHERE es.item_id = i.id AND es.state = 'open')
    ) AS detail FROM item i WHERE i.sku = ${sku}`
  return row?.detail
}

export interface MovementRow {
  id: bigint
  sku: string
  qty: bigint
  kind: string
  fromSite: string | null
  toSite: string | null
  condition: string
  cause: string
  reason: string | null
  actor: string
  effectiveOn: string
  recordedAt: string
}

export async function listMovements(
  reader: Reader,
  ask: { before: bigint; limit: number; sku?: string | undefined; scopes: Scopes },
): Promise<MovementRow[]> {
  return reader<MovementRow[]>`
    SELECT m.id, i.sku, m.qty, m.kind, f.code AS "fromSite", t.code AS "toSite", coalesce(CASE WHEN t.id IS NULL THEN m.from_condition ELSE m.to_condition END, '') AS condition,
      m.cause_type || '/' || m.cause_id AS cause, m.reason, m.actor, m.effective_on AS "effectiveOn", m.recorded_at AS "recordedAt"
    FROM stock_movement m JOIN item i ON i.id = m.item_id LEFT JOIN site f ON f.id = m.from_site_id LEFT JOIN site t ON t.id = m.to_site_id
    WHERE EXISTS (SELECT FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.id IN (m.from_site_id, m.to_site_id) AND ${inScope(reader, ask.scopes)})
      AND m.id < ${ask.before} AND (${ask.sku ?? null}::text IS NULL OR i.sku = ${ask.sku ?? null}) ORDER BY m.id DESC LIMIT ${ask.limit}`
}

export interface FulfilmentRow {
  id: bigint
  orderId: bigint
  orderNumber: string
  site: string
  entity: string
  channel: string
  state: string
  carrier: string | null
  service: string | null
  shipOn: string
  promiseOn: string | null
  releasedAt: string
  lines: {
    orderLineId: string
    sku: string
    qty: number
    picked: number
    shipped: number
    cancelled: number
  }[]
}

export async function listFulfilments(
  reader: Reader,
  ask: {
    after: bigint
    limit: number
    state?: string | undefined
    site?: string | undefined
    scopes: Scopes
    id?: bigint | undefined
  },
): Promise<FulfilmentRow[]> {
  return reader<FulfilmentRow[]>`
    SELECT f.id, f.order_id AS "orderId", o.order_number AS "orderNumber", s.code AS site, e.code AS entity, c.code AS channel, f.state, f.carrier, f.service,
      f.ship_on AS "shipOn", f.promise_on AS "promiseOn", f.released_at AS "releasedAt",
      (SELECT jsonb_agg(jsonb_build_object('orderLineId', l.order_line_id::text, 'sku', i.sku, 'qty', l.qty, 'picked', l.picked, 'shipped', l.shipped, 'cancelled', l.cancelled) ORDER BY l.order_line_id)
        FROM fulfilment_line l JOIN item i ON i.id = l.item_id WHERE l.fulfilment_id = f.id) AS lines
    FROM fulfilment_order f JOIN site s ON s.id = f.site_id JOIN sales_order o ON o.id = f.order_id JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id
    WHERE f.id > ${ask.after} AND (${ask.id ?? null}::bigint IS NULL OR f.id = ${ask.id ?? null}) AND (${ask.state ?? null}::text IS NULL OR f.state = ${ask.state ?? null})
      AND (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null})
      AND (${ask.scopes.channels === null} OR c.code = ANY(${[...(ask.scopes.channels ?? [])]}::text[])) AND ${inScope(reader, ask.scopes)}
    ORDER BY f.id LIMIT ${ask.limit}`
}
