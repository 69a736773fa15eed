import { apportion } from '../apportion.ts'

/** What became of the units of one cost layer. */
export interface LayerFate {
  layerId: bigint
  itemId: number
  siteId: number
  condition: string
  remainingQty: bigint
  uses: readonly LayerUsed[]
}

export interface LayerUsed {
  qty: bigint
  /** The order line that took them; null for what was lost, scrapped or moved. */
  orderLineId: bigint | null
  /** Where they lie now, when they were only moved: another site, or out of quarantine. */
  movedTo?: LayerFate
}

/** A part of a later cost, in functional minor units, and what it belongs to. */
export type CostShare = { itemId: number; siteId: number; minor: bigint } & (
  | { at: 'on-hand'; layerId: bigint; condition: string; qty: bigint }
  | { at: 'sold'; orderLineId: bigint; qty: bigint }
  | { at: 'gone'; qty: bigint }
)

/**
 * Splits a cost that became known later over the units of the very layer that it is about: what
 * is on hand keeps its share, what was sold passes it on to the order lines that took the units,
 * what was lost bears it where the loss was booked (§3.4). Exact: the shares sum to the cost.
 */
export function spreadCost(totalMinor: bigint, layer: LayerFate): CostShare[] {
  const units = [layer.remainingQty, ...layer.uses.map(({ qty }) => qty)]
  const [onHand, ...used] = apportion(totalMinor, units)
  const { itemId, siteId, layerId, condition, remainingQty } = layer
  const place = { itemId, siteId }
  const shares: CostShare[] = [
    { ...place, at: 'on-hand', layerId, condition, qty: remainingQty, minor: onHand! },
  ]
  for (const [n, { qty, orderLineId, movedTo }] of layer.uses.entries()) {
    const minor = used[n]!
    if (movedTo) shares.push(...spreadCost(minor, movedTo))
    else if (orderLineId === null) shares.push({ ...place, at: 'gone', qty, minor })
    else shares.push({ ...place, at: 'sold', orderLineId, qty, minor })
  }
  return shares.filter(({ minor }) => minor !== 0n)
}
