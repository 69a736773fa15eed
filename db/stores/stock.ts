import type { Tx } from '#db/client'
import { sendAlong } from '#db/transaction'
import { invariant } from '#domain/refusal'
import { consumeLayers, type LayerUse, type OpenLayer } from '#domain/valuation'
import { json } from './records.ts'

export interface Position {
  itemId: number
  siteId: number
  onHand: bigint
  reserved: bigint
}

/**
 * Locks what is sellable of these items at these sites, in key order, until the transaction ends.
 * Whoever changes a quantity, a reservation or a cost layer holds this lock first.
 */
export async function lockPositions(
  tx: Tx,
  itemIds: readonly number[],
  siteIds: readonly number[],
): Promise<Position[]> {
  if (itemIds.length === 0 || siteIds.length === 0) return []
  return tx<Position[]>`
    SELECT item_id AS "itemId", site_id AS "siteId", on_hand AS "onHand", reserved
    FROM stock_position
    WHERE condition = 'sellable' AND item_id = ANY(${[...itemIds]}::int[]) AND site_id = ANY(${[...siteIds]}::int[])
    ORDER BY item_id, site_id, condition FOR UPDATE`
}

export interface Pool {
  itemId: number
  siteId: number
  channelId: number
  qty: bigint
}

/** Units set aside for channels; read under the position lock. */
export async function poolsOf(tx: Tx, itemIds: readonly number[]): Promise<Pool[]> {
  return tx<Pool[]>`
    SELECT item_id AS "itemId", site_id AS "siteId", channel_id AS "channelId", qty FROM stock_pool
    WHERE item_id = ANY(${[...itemIds]}::int[]) AND qty > 0`
}

/** A channel's own pool shrinks by what it takes, so that nobody else's units are counted twice. */
export async function drawPool(
  tx: Tx,
  channelId: number,
  draws: { itemId: number; siteId: number; fromPool: number }[],
): Promise<void> {
  for (const draw of draws) {
    if (draw.fromPool === 0) continue
    const write = tx`UPDATE stock_pool SET qty = greatest(0, qty - ${draw.fromPool})
      WHERE channel_id = ${channelId} AND item_id = ${draw.itemId} AND site_id = ${draw.siteId}`
    await sendAlong(tx, write)
  }
}

export interface NewReservation {
  orderId: bigint
  orderLineId: bigint
  itemId: number
  siteId: number
  qty: number
  priority: number
  /** Units of it that the channel's own pool gives. */
  fromPool: number
}

/** Reserves; the CHECK on stock_position refuses what is not there, whoever calls this. */
export async function insertReservations(
  tx: Tx,
  rows: readonly NewReservation[],
): Promise<{ id: bigint; orderLineId: bigint; itemId: number; siteId: number; qty: number }[]> {
  if (rows.length === 0) return []
  return tx`
    INSERT INTO reservation (order_id, order_line_id, item_id, site_id, qty, priority, from_pool)
    SELECT order_id, order_line_id, item_id, site_id, qty, priority, from_pool
    FROM jsonb_to_recordset(${json(
      tx,
      rows.map((row) => ({
        order_id: row.orderId,
        order_line_id: row.orderLineId,
        item_id: row.itemId,
        site_id: row.siteId,
        qty: row.qty,
        priority: row.priority,
        from_pool: row.fromPool,
      })),
    )})
      AS r (order_id bigint, order_line_id bigint, item_id int, site_id int, qty int, priority int, from_pool int)
    ORDER BY item_id, site_id
    RETURNING id, order_line_id AS "orderLineId", item_id AS "itemId", site_id AS "siteId", qty`
}

interface ReservationUse {
  id: bigint
  qty: number
}

/** Reserved units go out of the door (`consumed`), or to another order in this very commit (`handed-over`). */
export async function useReservations(
  tx: Tx,
  how: 'consumed' | 'handed-over',
  uses: readonly ReservationUse[],
): Promise<void> {
  if (uses.length === 0) return
  const counter = tx(how === 'consumed' ? 'consumed' : 'released')
  await sendAlong(
    tx,
    tx`UPDATE reservation r SET ${counter} = r.${counter} + u.qty FROM ${usesById(tx, uses)} WHERE r.id = u.id`,
  )
}

/**
 * Gives reserved units back: to the channel's pool what came out of it, and to whoever waits for
 * the items, who are told in the order of the demand policy (INV-29, FUL-3).
 */
export async function freeReservations(tx: Tx, uses: readonly ReservationUse[]): Promise<void> {
  if (uses.length === 0) return
  const ids = uses.map((use) => use.id.toString())
  // Pools are read and drawn under the positions' locks, so these come first here too.
  await sendAlong(
    tx,
    tx`
    SELECT 1 FROM stock_position p WHERE p.condition = 'sellable' AND (p.item_id, p.site_id) IN (SELECT item_id, site_id FROM reservation WHERE id = ANY(${ids}::bigint[]))
    ORDER BY p.item_id, p.site_id FOR UPDATE`,
  )
  await sendAlong(
    tx,
    tx`
    WITH freed AS (
      UPDATE reservation r SET released = r.released + u.qty FROM ${usesById(tx, uses)} WHERE r.id = u.id
      RETURNING r.id, r.order_id, r.item_id, r.site_id, new.released, least(new.released, r.from_pool) - least(old.released, r.from_pool) AS to_pool),
    pooled AS (
      UPDATE stock_pool p SET qty = p.qty + b.qty
      FROM (SELECT o.channel_id, f.item_id, f.site_id, sum(f.to_pool) AS qty FROM freed f JOIN sales_order o ON o.id = f.order_id WHERE f.to_pool > 0 GROUP BY 1, 2, 3) b
      WHERE (p.channel_id, p.item_id, p.site_id) = (b.channel_id, b.item_id, b.site_id))
    INSERT INTO outbox (topic, key, body)
    SELECT 'stock-arrived', 'freed/' || id || '/' || released, jsonb_build_object('itemIds', jsonb_build_array(item_id)) FROM freed ORDER BY id`,
  )
}

function usesById(tx: Tx, uses: readonly ReservationUse[]) {
  return tx`(SELECT id, sum(qty)::int AS qty FROM jsonb_to_recordset(${json(tx, uses)}) AS u (id bigint, qty int) GROUP BY id) u`
}

export interface Movement {
  itemId: number
  qty: bigint
  kind: 'opening' | 'receipt' | 'issue' | 'adjustment' | 'transfer' | 'bin-move' | 'return'
  fromSiteId?: number
  fromCondition?: string
  fromBin?: string
  fromLot?: string
  toSiteId?: number
  toCondition?: string
  toBin?: string
  toLot?: string
  causeType: string
  causeId: string
  reason?: string
  actor: string
  device?: string
  effectiveOn: string
}

/** The only way in which a quantity changes; balances follow in the same statement. */
export async function moveStock(tx: Tx, movements: readonly Movement[]): Promise<void> {
  if (movements.length === 0) return
  await sendAlong(
    tx,
    tx`
    INSERT INTO stock_movement (item_id, qty, kind, from_site_id, from_condition, from_bin, from_lot, to_site_id, to_condition, to_bin, to_lot, cause_type, cause_id, reason, actor, device, effective_on)
    SELECT "itemId", qty, kind, "fromSiteId", coalesce("fromCondition", 'sellable'), coalesce("fromBin", ''), coalesce("fromLot", ''), "toSiteId", coalesce("toCondition", 'sellable'), coalesce("toBin", ''), coalesce("toLot", ''),
      "causeType", "causeId", reason, actor, device, "effectiveOn"
    FROM jsonb_to_recordset(${json(tx, movements)}) AS m ("itemId" int, qty bigint, kind text, "fromSiteId" int, "fromCondition" text, "fromBin" text, "fromLot" text,
      "toSiteId" int, "toCondition" text, "toBin" text, "toLot" text, "causeType" text, "causeId" text, reason text, actor text, device text, "effectiveOn" date)
    ORDER BY "itemId"`,
  )
}

export interface CostDemand {
  itemId: number
  siteId: number
  condition?: string
  qty: bigint
  causeType: string
  causeId: string
  orderLineId?: bigint
  /** The day that the entry will have too. */
  effectiveOn: string
}

export interface CostUse extends LayerUse {
  demand: CostDemand
}

/**
 * Consumes cost layers for goods that leave, in rank order (FIFO) or from the one pool of a
 * moving average. The caller holds the positions' locks, which also guard their layers.
 */
export async function consumeCost(tx: Tx, demands: readonly CostDemand[]): Promise<CostUse[]> {
  if (demands.length === 0) return []
  const layersOf = await openLayers(tx, demands)
  const uses: CostUse[] = []
  for (const demand of demands) {
    const layers = layersOf.get(layerKey(demand))
    invariant(layers, 'layers were read for every demand')
    for (const use of consumeLayers(layers, demand.qty)) {
      const layer = layers.find((candidate) => candidate.layerId === use.layerId)!
      layer.remainingQty -= use.qty
      layer.remainingMinor -= use.valueMinor
      uses.push({ ...use, demand })
    }
  }
  await sendAlong(
    tx,
    tx`
    INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, order_line_id, effective_on)
    SELECT layer_id, qty, value_minor, cause_type, cause_id, order_line_id, effective_on
    FROM jsonb_to_recordset(${json(
      tx,
      uses.map((use) => ({
        layer_id: use.layerId,
        qty: use.qty,
        value_minor: use.valueMinor,
        cause_type: use.demand.causeType,
        cause_id: use.demand.causeId,
        order_line_id: use.demand.orderLineId ?? null,
        effective_on: use.demand.effectiveOn,
      })),
    )})
      AS c (layer_id bigint, qty bigint, value_minor bigint, cause_type text, cause_id text, order_line_id bigint, effective_on date)`,
  )
  return uses
}

/** Reads a few layers per key first and doubles only where they do not suffice: flat in their number. */
async function openLayers(
  tx: Tx,
  demands: readonly CostDemand[],
): Promise<Map<string, OpenLayer[]>> {
  const wanted = new Map<
    string,
    { itemId: number; siteId: number; condition: string; qty: bigint }
  >()
  for (const demand of demands) {
    const key = layerKey(demand)
    const known = wanted.get(key)
    wanted.set(key, {
      itemId: demand.itemId,
      siteId: demand.siteId,
      condition: demand.condition ?? 'sellable',
      qty: (known?.qty ?? 0n) + demand.qty,
    })
  }
  for (let limit = 8; ; limit *= 4) {
    const rows = await tx<(OpenLayer & { key: string })[]>`
      SELECT w."itemId" || '/' || w."siteId" || '/' || w.condition AS key, l.id AS "layerId", l.remaining_qty AS "remainingQty", l.remaining_minor AS "remainingMinor"
      FROM jsonb_to_recordset(${json(tx, [...wanted.values()])}) AS w ("itemId" int, "siteId" int, condition text)
      CROSS JOIN LATERAL (
        SELECT id, remaining_qty, remaining_minor FROM cost_layer l
        WHERE l.item_id = w."itemId" AND l.site_id = w."siteId" AND l.condition = w.condition AND l.remaining_qty > 0
        ORDER BY l.ranked_on, l.id LIMIT ${limit}) l`
    const found = new Map<string, OpenLayer[]>([...wanted.keys()].map((key) => [key, []]))
    for (const { key, ...layer } of rows) found.get(key)!.push(layer)
    const short = [...wanted].some(([key, want]) => {
      const layers = found.get(key)!
      return (
        layers.length === limit &&
        layers.reduce((qty, layer) => qty + layer.remainingQty, 0n) < want.qty
      )
    })
    if (!short) return found
  }
}

function layerKey(demand: Pick<CostDemand, 'itemId' | 'siteId' | 'condition'>): string {
  return `${demand.itemId}/${demand.siteId}/${demand.condition ?? 'sellable'}`
}

export interface IncomingCost {
  entityId: number
  itemId: number
  siteId: number
  condition?: string
  rankedOn: string
  qty: bigint
  valueMinor: bigint
  sourceType: string
  sourceId: string
}

/** Adds cost for goods that arrive: a new layer, or more in the pool of a moving-average item. */
export async function receiveCost(tx: Tx, incoming: readonly IncomingCost[]): Promise<bigint[]> {
  if (incoming.length === 0) return []
  const pools = await costPools(tx, incoming)
  const layerOf: (bigint | undefined)[] = incoming.map((cost) => pools.get(layerKey(cost))?.layerId)
  const opening = incoming.flatMap((cost, n) => {
    const pool = pools.get(layerKey(cost))
    if (layerOf[n] !== undefined || pool?.opens) return []
    // The first arrival of an averaged item opens its pool, the others of this set add to it.
    if (pool) pool.opens = true
    return [n]
  })
  const opened = await insertLayers(
    tx,
    opening.map((n) => incoming[n]!),
  )
  for (const [nth, n] of opening.entries()) {
    layerOf[n] = opened[nth]
    const pool = pools.get(layerKey(incoming[n]!))
    if (pool) pool.layerId = opened[nth]
  }
  const added = incoming.flatMap((cost, n) =>
    opening.includes(n) ? [] : [{ ...cost, layerId: pools.get(layerKey(cost))!.layerId! }],
  )
  await insertAdditions(tx, added)
  return incoming.map((cost, n) => layerOf[n] ?? pools.get(layerKey(cost))!.layerId!)
}

interface CostPool {
  layerId: bigint | undefined
  opens?: boolean
}

/** The pool of each moving-average item among these, where it has one that is not empty. */
async function costPools(
  tx: Tx,
  incoming: readonly IncomingCost[],
): Promise<Map<string, CostPool>> {
  const rows = await tx<{ key: string; layerId: bigint | null }[]>`
    SELECT DISTINCT ON (w.key) w.key, l.id AS "layerId"
    FROM unnest(${incoming.map(layerKey)}::text[], ${incoming.map((cost) => cost.itemId)}::int[], ${incoming.map((cost) => cost.siteId)}::int[],
      ${incoming.map((cost) => cost.condition ?? 'sellable')}::text[]) AS w (key, item_id, site_id, condition)
    JOIN item i ON i.id = w.item_id AND i.cost_method = 'moving-average'
    LEFT JOIN cost_layer l ON l.item_id = w.item_id AND l.site_id = w.site_id AND l.condition = w.condition AND l.remaining_qty > 0
    ORDER BY w.key, l.id`
  return new Map(rows.map((row) => [row.key, { layerId: row.layerId ?? undefined }]))
}

async function insertLayers(tx: Tx, costs: readonly IncomingCost[]): Promise<bigint[]> {
  if (costs.length === 0) return []
  const rows = await tx<{ id: bigint }[]>`
    INSERT INTO cost_layer (entity_id, item_id, site_id, condition, ranked_on, qty0, value0_minor, remaining_qty, remaining_minor, source_type, source_id)
    SELECT "entityId", "itemId", "siteId", coalesce(condition, 'sellable'), "rankedOn", qty, "valueMinor", qty, "valueMinor", "sourceType", "sourceId"
    FROM jsonb_to_recordset(${json(
      tx,
      costs.map((cost, nth) => ({ ...cost, nth })),
    )}) AS c (nth int, "entityId" int, "itemId" int, "siteId" int, condition text,
      "rankedOn" date, qty bigint, "valueMinor" bigint, "sourceType" text, "sourceId" text)
    ORDER BY nth RETURNING id`
  return rows.map((row) => row.id)
}

async function insertAdditions(
  tx: Tx,
  costs: readonly (IncomingCost & { layerId: bigint })[],
): Promise<void> {
  if (costs.length === 0) return
  await sendAlong(
    tx,
    tx`
    INSERT INTO layer_adjustment (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
    SELECT "layerId", qty, "valueMinor", "sourceType", "sourceId", "rankedOn"
    FROM jsonb_to_recordset(${json(tx, costs)}) AS c ("layerId" bigint, qty bigint, "valueMinor" bigint, "sourceType" text, "sourceId" text, "rankedOn" date)`,
  )
}
