import { debit, type Dimensions, type LineInput } from './journal.ts'
import { orderKey } from './sales-terms.ts'

/** Who bears a discount: a merchant's own lowers revenue, another's is owed to us. */
export interface DiscountShare {
  promotion: string
  fundedBy: 'merchant' | 'marketplace' | 'vendor'
  amountMinor: bigint
  /** The vendor that funds it, as `supplier/12`; the promotion itself until it is known. */
  party?: string
}

/** What the lines of a sold line are about. */
export interface SoldLine {
  orderLineId: bigint
  itemId: number
  siteId: number
  channelId: number
  segment: string
}

interface Sale {
  orderId: bigint
}

/** Dr Discounts, Marketplace clearing or Vendor receivable, by who funds each. */
export function discountLines(
  sale: Sale,
  line: SoldLine,
  shares: readonly DiscountShare[],
): LineInput[] {
  return shares.map((share) => discountLine(sale, line, share))
}

function discountLine(sale: Sale, line: SoldLine, share: DiscountShare): LineInput {
  const dimensions = { ...soldDimensions(sale, line), promotion: share.promotion }
  if (share.fundedBy === 'merchant') return debit('Discounts', share.amountMinor, dimensions)
  if (share.fundedBy === 'marketplace') {
    const openKey = orderKey(sale.orderId)
    return debit('MarketplaceClearing', share.amountMinor, { ...dimensions, openKey })
  }
  const openKey = `promotion/${share.promotion}`
  return debit('VendorReceivable', share.amountMinor, {
    ...dimensions,
    openKey,
    party: share.party ?? openKey,
  })
}

export function soldDimensions({ orderId }: Sale, line: SoldLine): Dimensions {
  const { orderLineId, itemId, siteId, channelId, segment } = line
  return { orderId, orderLineId, channelId, itemId, siteId, segment }
}

/** The promotion that took most off, the earlier of two that took the same; none without any. */
export function mainPromotion(shares: readonly DiscountShare[]): string | undefined {
  let main: DiscountShare | undefined
  for (const share of shares)
    if (main === undefined || share.amountMinor > main.amountMinor) main = share
  return main?.promotion
}
