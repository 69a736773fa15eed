import type { OrderLineDocument } from '#contracts/order-intake'
import type { FoundItem } from '#db/queries/listings'
import type { ResolvedItem } from '#domain/orders/freeze'

/** Says of each line what it is made of: its item, a kit's components, or nothing known yet. */
export function resolverOf(
  lines: readonly OrderLineDocument[],
  found: readonly (FoundItem | null)[],
): (line: OrderLineDocument) => ResolvedItem[] {
  return (line) => {
    const item = found[lines.indexOf(line)]
    if (!item) return [{ itemId: null, kitItemId: null, packFactor: 1, weight: 1n }]
    if (item.kind !== 'kit' || item.components.length === 0)
      return [{ itemId: item.itemId, kitItemId: null, packFactor: item.packFactor, weight: 1n }]
    return item.components.map((part) => ({
      itemId: part.itemId,
      kitItemId: item.itemId,
      packFactor: part.qty * item.packFactor,
      weight: BigInt(part.listPriceMinor ?? 0) * BigInt(part.qty),
    }))
  }
}

/** Tips, wrapping and gift cards come without a SKU of ours; they stand for built-in items. */
export function lookedUpAs(
  line: OrderLineDocument,
): Pick<OrderLineDocument, 'externalListingId' | 'sku'> {
  if (line.giftCard && line.sku === null) return { externalListingId: null, sku: 'GIFT-CARD' }
  if (!line.requiresShipping && line.sku === null)
    return { externalListingId: null, sku: 'SERVICE' }
  return line
}
