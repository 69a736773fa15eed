import { unitShare } from '../apportion.ts'
import { sum } from '../money.ts'

export interface FrozenDiscountShare {
  code: string
  fundedBy: 'merchant' | 'marketplace' | 'vendor'
  vendor?: string | null
  amountMinor: bigint
}

/** The frozen money of a line, each part by itself, in the order's minor units. */
export interface FrozenMoney {
  ordered: number
  goodsMinor: bigint
  shippingMinor: bigint
  discounts: readonly FrozenDiscountShare[]
  taxes: readonly {
    component: 'goods' | 'shipping'
    jurisdiction: string
    taxCode: string
    taxMinor: bigint
    collectedBy: 'seller' | 'marketplace'
  }[]
}

export interface UnitsMoney {
  goodsMinor: bigint
  shippingMinor: bigint
  discounts: FrozenDiscountShare[]
  taxes: {
    jurisdiction: string
    taxCode: string
    amountMinor: bigint
    collectedBy: 'seller' | 'marketplace'
  }[]
  discountMinor: bigint
  /** Tax that we collect; a facilitator's is its own. */
  taxMinor: bigint
  /** What the customer owes us for the units. */
  grossMinor: bigint
}

/**
 * What the units `from`..`to` of a line are worth, part by part. Every document about units
 * (shipment, invoice, cancellation, refund) uses this one function, so their sums are the line's
 * amounts to the last minor unit, in whatever order and number they come.
 */
export function moneyOfUnits(line: FrozenMoney, from: number, to: number): UnitsMoney {
  const share = (total: bigint) => unitShare(total, line.ordered, from, to)
  const discounts = line.discounts.map((discount) => ({
    ...discount,
    amountMinor: share(discount.amountMinor),
  }))
  const taxes = line.taxes.map((tax) => ({
    jurisdiction: tax.jurisdiction,
    taxCode: tax.taxCode,
    amountMinor: share(tax.taxMinor),
    collectedBy: tax.collectedBy,
  }))
  const goodsMinor = share(line.goodsMinor)
  const shippingMinor = share(line.shippingMinor)
  const discountMinor = sum(discounts.map((discount) => discount.amountMinor))
  const taxMinor = sum(
    taxes.filter((tax) => tax.collectedBy === 'seller').map((tax) => tax.amountMinor),
  )
  return {
    goodsMinor,
    shippingMinor,
    discounts,
    taxes,
    discountMinor,
    taxMinor,
    grossMinor: goodsMinor - discountMinor + shippingMinor + taxMinor,
  }
}
