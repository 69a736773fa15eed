import { divideRounded } from './money.ts'
import { Refusal } from './refusal.ts'

/** A cost layer as it stands: quantity in base units, value in the entity's minor units. */
export interface OpenLayer {
  layerId: bigint
  remainingQty: bigint
  remainingMinor: bigint
}

export interface LayerUse {
  layerId: bigint
  qty: bigint
  valueMinor: bigint
}

/** Units and what they cost together, of which the cost of one is derived and never kept. */
export interface KnownCost {
  qty: bigint
  valueMinor: bigint
}

/** What `qty` found units cost at a known cost, rounded half up: row 25. */
export function costOfFound({ qty, valueMinor }: KnownCost, found: bigint): bigint {
  return divideRounded(valueMinor * found, qty)
}

/**
 * Takes `qty` units from layers in the order given (first in, first out, or the one pool of a
 * moving average). A part of a layer costs its share of the remaining value, rounded half up;
 * the last unit takes all that is left, so a layer always ends at exactly zero (IAS 2.25).
 * @throws Refusal `StockWithoutCost` when the layers hold fewer units than asked.
 */
export function consumeLayers(layers: readonly OpenLayer[], qty: bigint): LayerUse[] {
  const uses: LayerUse[] = []
  let missing = qty
  for (const layer of layers) {
    if (missing === 0n) break
    const taken = missing < layer.remainingQty ? missing : layer.remainingQty
    if (taken === 0n) continue
    const all = taken === layer.remainingQty
    const valueMinor = all
      ? layer.remainingMinor
      : divideRounded(layer.remainingMinor * taken, layer.remainingQty)
    uses.push({ layerId: layer.layerId, qty: taken, valueMinor })
    missing -= taken
  }
  if (missing > 0n) {
    throw new Refusal(
      'StockWithoutCost',
      `${missing} units on hand have no cost layer. Receive them with a cost first.`,
    )
  }
  return uses
}
