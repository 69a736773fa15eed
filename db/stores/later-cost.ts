import type { Tx } from '#db/client'
import type { OrderOfShare, SpreadDifference } from '#domain/ledger/posting-bills'
import { spreadCost, type CostShare, type LayerFate } from '#domain/purchasing/spread-cost'
import { json } from './records.ts'

/** A receipt's line, as the cost layer that it made or the pool that it went into. */
export interface ReceiptLayer {
  receiptId: bigint
  receiptLineNo: number
}

/** Keeps issues of these items waiting, so that who has which units stands still, in whatever condition they are. */
export async function lockItems(tx: Tx, itemIds: readonly number[]): Promise<void> {
  const unique = [...new Set(itemIds)]
  await tx`
    SELECT 1 FROM stock_position WHERE item_id = ANY(${unique}::int[]) ORDER BY item_id, site_id, condition FOR UPDATE`
}

/**
 * Spreads a later cost of a receipt's line over its units, functional minor units; the items are
 * locked. Sold shares know their order.
 */
export async function spreadOver(
  tx: Tx,
  layer: ReceiptLayer,
  totalMinor: bigint,
): Promise<SpreadDifference['shares']> {
  if (totalMinor === 0n) return []
  const fate = await fateOf(tx, layer)
  const shares = keepAboveZero(spreadCost(totalMinor, fate.layer), fate.values)
  const orders = await ordersOf(
    tx,
    shares.flatMap((share) => (share.at === 'sold' ? [share.orderLineId] : [])),
  )
  return shares.map((share) => {
    const order = share.at === 'sold' ? orders.get(share.orderLineId) : undefined
    return order ? { ...share, order } : share
  })
}

/** Writes the shares of what is on hand to their layers; the entry says the same in money. */
export async function adjustLayers(
  tx: Tx,
  shares: readonly CostShare[],
  cause: { causeType: string; causeId: string; effectiveOn: string },
): Promise<void> {
  const onHand = shares.flatMap((share) =>
    share.at === 'on-hand' ? [{ layerId: share.layerId, minor: share.minor }] : [],
  )
  if (onHand.length === 0) return
  await tx`
    INSERT INTO layer_adjustment (layer_id, value_minor, cause_type, cause_id, effective_on)
    SELECT "layerId", sum(minor), ${cause.causeType}, ${cause.causeId}, ${cause.effectiveOn}
    FROM jsonb_to_recordset(${json(tx, onHand)}) AS a ("layerId" bigint, minor bigint) GROUP BY "layerId" ORDER BY 1`
}

/** A layer cannot be worth less than nothing (odoo#187169): what it cannot give back is a gain beside it. */
function keepAboveZero(shares: CostShare[], values: Map<bigint, bigint>): CostShare[] {
  const kept: CostShare[] = []
  for (const share of shares) {
    const least = share.at === 'on-hand' ? -(values.get(share.layerId) ?? 0n) : share.minor
    if (share.minor >= least) {
      kept.push(share)
      continue
    }
    const { itemId, siteId, qty } = share
    if (least !== 0n) kept.push({ ...share, minor: least })
    kept.push({ itemId, siteId, at: 'gone', qty, minor: share.minor - least })
  }
  return kept
}

interface LayerRow {
  layerId: bigint
  itemId: number
  siteId: number
  condition: string
  remainingQty: bigint
  remainingMinor: bigint
}

interface Fate {
  layer: LayerFate
  /** What each layer of it is worth now. */
  values: Map<bigint, bigint>
}

async function fateOf(tx: Tx, { receiptId, receiptLineNo }: ReceiptLayer): Promise<Fate> {
  const source = `${receiptId}/${receiptLineNo}`
  const [own] = await tx<LayerRow[]>`
    SELECT ${layerColumns(tx)} FROM cost_layer l JOIN item i ON i.id = l.item_id
    WHERE l.source_type = 'receipt' AND l.source_id = ${source} AND i.cost_method = 'fifo'`
  const values = new Map<bigint, bigint>()
  if (own) return { layer: await follow(tx, own, values), values }
  return { layer: await pooled(tx, { receiptId, receiptLineNo, source }, values), values }
}

const layerColumns = (tx: Tx) => tx`
  l.id AS "layerId", l.item_id AS "itemId", l.site_id AS "siteId", l.condition, l.remaining_qty AS "remainingQty", l.remaining_minor AS "remainingMinor"`

interface UseRow {
  qty: bigint
  orderLineId: bigint | null
  causeType: string
  causeId: string
}

/** Where a layer's units are: still there, with a buyer, or moved into another layer by the same cause. */
async function follow(
  tx: Tx,
  { remainingMinor, ...layer }: LayerRow,
  values: Map<bigint, bigint>,
): Promise<LayerFate> {
  values.set(layer.layerId, remainingMinor)
  const uses = await tx<UseRow[]>`
    SELECT qty, order_line_id AS "orderLineId", cause_type AS "causeType", cause_id AS "causeId" FROM layer_consumption
    WHERE layer_id = ${layer.layerId} ORDER BY id`
  const followed: LayerFate['uses'][number][] = []
  for (const { qty, orderLineId, causeType, causeId } of uses) {
    // Refused goods are owed to nobody, so no bill is about them.
    if (causeType === 'inspection' && causeId.endsWith('/rejected')) continue
    const moved = orderLineId === null ? await movedInto(tx, layer, { causeType, causeId }) : null
    followed.push({
      qty,
      orderLineId,
      ...(moved ? { movedTo: await follow(tx, moved, values) } : {}),
    })
  }
  return { ...layer, uses: followed }
}

async function movedInto(
  tx: Tx,
  { itemId, layerId }: Pick<LayerRow, 'itemId' | 'layerId'>,
  { causeType, causeId }: Pick<UseRow, 'causeType' | 'causeId'>,
): Promise<LayerRow | null> {
  // An inspection names its part behind its id; only what it accepted lies in a layer again.
  const source = causeType === 'inspection' ? causeId.replace(/\/accepted$/, '') : causeId
  const [next] = await tx<LayerRow[]>`
    SELECT ${layerColumns(tx)} FROM cost_layer l WHERE l.source_type = ${causeType} AND (l.source_id = ${source} OR starts_with(l.source_id, ${`${source}/`}))
      AND l.item_id = ${itemId} AND l.id > ${layerId} ORDER BY l.id LIMIT 1`
  return next ?? null
}

/**
 * A moving average keeps one pool: of the receipt's units as many are taken to be on hand as the
 * pool has, and the others to be with those who were served last (§3.4, coverage rule).
 */
async function pooled(
  tx: Tx,
  { receiptId, receiptLineNo, source }: ReceiptLayer & { source: string },
  values: Map<bigint, bigint>,
): Promise<LayerFate> {
  const [pool] = await tx<(LayerRow & { received: bigint })[]>`
    SELECT ${layerColumns(tx)}, g.received_qty AS received FROM goods_receipt_line g JOIN goods_receipt r ON r.id = g.receipt_id
    JOIN cost_layer l ON l.item_id = g.item_id AND l.site_id = r.site_id AND l.condition = g.condition
    WHERE g.receipt_id = ${receiptId} AND g.line_no = ${receiptLineNo} AND (l.source_type = 'receipt' AND l.source_id = ${source}
      OR EXISTS (SELECT FROM layer_adjustment a WHERE a.layer_id = l.id AND a.cause_type = 'receipt' AND a.cause_id = ${source}))
    ORDER BY l.id LIMIT 1`
  const { received, remainingMinor, ...layer } = pool!
  values.set(layer.layerId, remainingMinor)
  const onHand = layer.remainingQty < received ? layer.remainingQty : received
  const served = await tx<UseRow[]>`
    SELECT qty, order_line_id AS "orderLineId", cause_type AS "causeType", cause_id AS "causeId" FROM layer_consumption
    WHERE layer_id = ${layer.layerId} ORDER BY id DESC LIMIT 10000`
  const uses: LayerFate['uses'][number][] = []
  let missing = received - onHand
  for (const { qty, orderLineId } of served) {
    if (missing === 0n) break
    const taken = qty < missing ? qty : missing
    uses.push({ qty: taken, orderLineId })
    missing -= taken
  }
  return { ...layer, remainingQty: onHand, uses }
}

async function ordersOf(
  tx: Tx,
  orderLineIds: readonly bigint[],
): Promise<Map<bigint, OrderOfShare>> {
  if (orderLineIds.length === 0) return new Map()
  const rows = await tx<(OrderOfShare & { lineId: bigint })[]>`
    SELECT l.id AS "lineId", o.id AS "orderId", o.channel_id AS "channelId", o.segment FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id
    WHERE l.id = ANY(${orderLineIds.map(String)}::bigint[])`
  return new Map(rows.map(({ lineId, ...order }) => [lineId, order]))
}
