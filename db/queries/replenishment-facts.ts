import type { Reader } from '#db/client'
import { dayNumber, type DemandEvent } from '#domain/replenishment/calendar'
import type { Lane } from '#domain/replenishment/options'
import type { NodeFacts, Wishes } from '#domain/replenishment/plan'
import type { ComingUnits } from '#domain/replenishment/position'
import type { DayDemand } from '#domain/replenishment/statistics'
import {
  policiesById,
  replenishedNodes,
  type ItemRange,
  type ReplenishedNode,
} from './replenishment-nodes.ts'
import { believed, offersOf } from './replenishment-offers.ts'

/** A node with what people call it. */
export interface NamedFacts {
  node: ReplenishedNode
  facts: NodeFacts
}

interface AtNode {
  itemId: number
  siteId: number
}

/** Whatever the formula asks for, of all items of a range, in a few statements however many there are. */
export async function readFacts(
  reader: Reader,
  range: ItemRange,
  functionalCurrency: string,
): Promise<NamedFacts[]> {
  const nodes = await replenishedNodes(reader, range)
  if (nodes.length === 0) return []
  const policies = await policiesById(reader, [...new Set(nodes.map((node) => node.policyId))])
  const longest = Math.max(...[...policies.values()].map((policy) => policy.historyDays))
  const [history, coming, missing, bound, waiting, offers, lanes, events, wishes] =
    await Promise.all([
      historyOf(reader, range, longest),
      comingOf(reader, range),
      unitsAt(missingStock(reader, range)),
      unitsAt(boundBackorders(reader, range)),
      backordersOf(reader, range),
      offersOf(reader, range, functionalCurrency),
      lanesOf(reader, range.entityId),
      eventsOf(reader, range),
      wishesOf(reader, range),
    ])
  const unbound = unboundBackorders(nodes, { waiting, bound, history })
  return nodes.map((node) => {
    const key = keyOf(node)
    const stock = {
      onHand: node.onHand,
      missing: missing.get(key) ?? 0n,
      reserved: node.reserved,
      backordered: (bound.get(key) ?? 0n) + (unbound.get(key) ?? 0n),
      coming: coming.get(key) ?? [],
    }
    const policy = policies.get(node.policyId)!
    return {
      node,
      facts: {
        itemId: node.itemId,
        siteId: node.siteId,
        ...{ policy, stock, history: history.get(key) ?? [] },
        events: events.filter(({ about }) => about(node)).map(({ event }) => event),
        offers: (offers.get(node.itemId) ?? []).map((offer) => believed(offer, policy.leadTime)),
        lanes: lanes.get(node.siteId) ?? [],
        wishes: wishes.get(key) ?? NOTHING_WISHED,
      },
    }
  })
}

const NOTHING_WISHED: Wishes = { transferFirst: false, without: [], airDays: null }

function keyOf({ itemId, siteId }: AtNode): string {
  return `${itemId}/${siteId}`
}

/** What left each site for customers, day by day; one text an item-node, as three million rows would be slow. */
async function historyOf(
  reader: Reader,
  { after, to, on }: ItemRange,
  days: number,
): Promise<Map<string, DayDemand[]>> {
  const rows = await reader<(AtNode & { days: string })[]>`
    SELECT item_id AS "itemId", from_site_id AS "siteId", string_agg(day || ':' || qty, ',') AS days FROM (
      SELECT item_id, from_site_id, effective_on - DATE '1970-01-01' AS day, sum(qty) AS qty FROM stock_movement
      WHERE kind = 'issue' AND item_id > ${after} AND item_id <= ${to} AND effective_on >= ${on}::date - ${days}::int AND effective_on < ${on}::date
      GROUP BY 1, 2, 3) d GROUP BY 1, 2`
  return new Map(rows.map((row) => [keyOf(row), readDays(row.days)]))
}

function readDays(text: string): DayDemand[] {
  return text.split(',').map((pair) => {
    const colon = pair.indexOf(':')
    return { day: Number(pair.slice(0, colon)), qty: BigInt(pair.slice(colon + 1)) }
  })
}

/**
 * Expected supply; drafts of purchase orders, whoever wrote them; and what was converted and has no
 * document yet: what is under way is not bought twice.
 */
async function comingOf(
  reader: Reader,
  { entityId, after, to }: ItemRange,
): Promise<Map<string, ComingUnits[]>> {
  const rows = await reader<(AtNode & { qty: bigint; dueOn: string; kind: ComingUnits['kind'] })[]>`
    SELECT item_id AS "itemId", site_id AS "siteId", qty - received AS qty, due_on AS "dueOn",
      CASE WHEN source_type IN ('transfer', 'production', 'return') THEN source_type ELSE 'purchase-order' END AS kind
    FROM expected_supply WHERE state = 'open' AND qty > received AND item_id > ${after} AND item_id <= ${to}
    UNION ALL
    SELECT l.item_id, l.site_id, l.qty_open, l.needed_on, 'draft' FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id
    WHERE l.qty_open > 0 AND l.item_id > ${after} AND l.item_id <= ${to} AND p.entity_id = ${entityId} AND p.sent_at IS NULL AND p.cancelled_at IS NULL
      AND NOT EXISTS (SELECT FROM expected_supply e WHERE (e.item_id, e.site_id) = (l.item_id, l.site_id) AND split_part(e.source_id, '/', 1) = p.po_number)
    UNION ALL
    SELECT q.item_id, q.site_id, q.qty, q.arrives_on, 'draft' FROM replenishment_proposal q
    WHERE q.state = 'converted' AND q.item_id > ${after} AND q.item_id <= ${to} AND CASE q.kind
      WHEN 'transfer' THEN NOT EXISTS (SELECT FROM expected_supply e WHERE (e.source_type, e.source_id, e.item_id, e.site_id) = ('transfer', q.transfer_no, q.item_id, q.site_id))
      ELSE NOT EXISTS (SELECT FROM purchase_order p WHERE p.po_number = q.po_number) END`
  const byNode = new Map<string, ComingUnits[]>()
  for (const { qty, dueOn, kind, ...at } of rows) {
    const known = byNode.get(keyOf(at))
    const units = { qty, dueDay: dayNumber(dueOn), kind }
    if (known) known.push(units)
    else byNode.set(keyOf(at), [units])
  }
  return byNode
}

type Units = AtNode & { qty: bigint }

async function unitsAt(rows: PromiseLike<Units[]>): Promise<Map<string, bigint>> {
  return new Map((await rows).map((row) => [keyOf(row), row.qty]))
}

function missingStock(reader: Reader, { after, to }: ItemRange) {
  return reader<Units[]>`
    SELECT item_id AS "itemId", site_id AS "siteId", sum(qty)::bigint AS qty FROM missing_stock
    WHERE settled_at IS NULL AND item_id > ${after} AND item_id <= ${to} GROUP BY 1, 2`
}

/** Units that customers wait for and are promised from what comes to a site. */
function boundBackorders(reader: Reader, { after, to }: ItemRange) {
  return reader<Units[]>`
    SELECT e.item_id AS "itemId", e.site_id AS "siteId", sum(p.qty)::bigint AS qty FROM supply_promise p JOIN expected_supply e ON e.id = p.supply_id
    WHERE e.item_id > ${after} AND e.item_id <= ${to} GROUP BY 1, 2`
}

async function backordersOf(
  reader: Reader,
  { entityId, after, to }: ItemRange,
): Promise<Map<number, bigint>> {
  const rows = await reader<{ itemId: number; qty: bigint }[]>`
    SELECT l.item_id AS "itemId", sum(l.qty_backordered - l.qty_drop_ship)::bigint AS qty FROM sales_order o JOIN sales_order_line l ON l.order_id = o.id
    WHERE o.closed_at IS NULL AND o.entity_id = ${entityId} AND l.qty_backordered > l.qty_drop_ship AND l.item_id > ${after} AND l.item_id <= ${to} GROUP BY 1`
  return new Map(rows.map(({ itemId, qty }) => [itemId, qty]))
}

/** What customers wait for and nothing that comes is promised for: owed by the site that sells most of the item. */
function unboundBackorders(
  nodes: readonly ReplenishedNode[],
  {
    waiting,
    bound,
    history,
  }: {
    waiting: ReadonlyMap<number, bigint>
    bound: ReadonlyMap<string, bigint>
    history: ReadonlyMap<string, readonly DayDemand[]>
  },
): Map<string, bigint> {
  const owed = new Map<string, bigint>()
  for (const [itemId, qty] of waiting) {
    const own = nodes.filter((node) => node.itemId === itemId)
    const promised = own.reduce((sum, node) => sum + (bound.get(keyOf(node)) ?? 0n), 0n)
    const sold = (node: ReplenishedNode) =>
      (history.get(keyOf(node)) ?? []).reduce((sum, day) => sum + day.qty, 0n)
    const [first] = own
      .map((node) => ({ node, sold: sold(node) }))
      .sort((one, other) => Number(other.sold - one.sold) || one.node.siteId - other.node.siteId)
    if (first && qty > promised) owed.set(keyOf(first.node), qty - promised)
  }
  return owed
}

async function lanesOf(reader: Reader, entityId: number): Promise<Map<number, Lane[]>> {
  const rows = await reader<(Lane & { status: string })[]>`
    SELECT DISTINCT ON (l.from_site_id, l.to_site_id) l.from_site_id AS "fromSiteId", f.code AS "fromSite", l.to_site_id AS "toSiteId", l.days,
      l.fixed_minor AS "fixedMinor", l.per_unit_minor AS "perUnitMinor", l.status
    FROM replenishment_lane l JOIN site f ON f.id = l.from_site_id AND f.status = 'active'
    WHERE f.entity_id = ${entityId} ORDER BY l.from_site_id, l.to_site_id, l.id DESC`
  const byTarget = new Map<number, Lane[]>()
  for (const { status, ...lane } of rows)
    if (status === 'active')
      byTarget.set(lane.toSiteId, [...(byTarget.get(lane.toSiteId) ?? []), lane])
  return byTarget
}

interface ScopedEvent {
  event: DemandEvent
  about: (node: ReplenishedNode) => boolean
}

async function eventsOf(
  reader: Reader,
  { entityId, after, to }: ItemRange,
): Promise<ScopedEvent[]> {
  const rows = await reader<
    {
      id: bigint
      kind: DemandEvent['kind']
      itemId: number | null
      itemClass: string | null
      siteId: number | null
      fromOn: string
      toOn: string
      factorPpm: bigint
      unitsPerDay: bigint
    }[]
  >`
    SELECT id, kind, item_id AS "itemId", item_class AS "itemClass", site_id AS "siteId", from_on AS "fromOn", to_on AS "toOn",
      factor_ppm AS "factorPpm", units_per_day AS "unitsPerDay"
    FROM demand_event WHERE entity_id = ${entityId} AND withdrawn_at IS NULL AND (item_id IS NULL OR item_id > ${after} AND item_id <= ${to}) ORDER BY id`
  return rows.map(
    ({ id, kind, itemId, itemClass, siteId, fromOn, toOn, factorPpm, unitsPerDay }) => ({
      event: {
        ...{ id: id.toString(), kind, factorPpm, unitsPerDay },
        ...{ fromDay: dayNumber(fromOn), toDay: dayNumber(toOn) },
      },
      about: (node) =>
        (itemId === null || itemId === node.itemId) &&
        (itemClass === null || itemClass === node.itemClass) &&
        (siteId === null || siteId === node.siteId),
    }),
  )
}

async function wishesOf(
  reader: Reader,
  { after, to, on }: ItemRange,
): Promise<Map<string, Wishes>> {
  const rows = await reader<
    (AtNode & { kind: string; supplierId: number | null; days: number | null })[]
  >`
    SELECT item_id AS "itemId", site_id AS "siteId", kind, supplier_id AS "supplierId", days FROM replenishment_wish
    WHERE until_on >= ${on} AND item_id > ${after} AND item_id <= ${to} ORDER BY id`
  const byNode = new Map<string, Wishes>()
  for (const { kind, supplierId, days, ...at } of rows) {
    const before = byNode.get(keyOf(at)) ?? NOTHING_WISHED
    byNode.set(keyOf(at), {
      transferFirst: before.transferFirst || kind === 'transfer',
      without: supplierId === null ? before.without : [...before.without, supplierId],
      airDays: days ?? before.airDays,
    })
  }
  return byNode
}
