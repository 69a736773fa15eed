import type { OrderDocument, TaxDocument, DiscountDocument } from '#contracts/order-intake'

/** The parts of an order that carry no money; money is read and adjusted as `bigint` first. */
export type OrderHeader = Omit<
  OrderDocument,
  'lines' | 'shipping' | 'orderDiscounts' | 'pricesIncludeTax' | 'total' | 'taxCollectedBy'
>

export type DraftTax = Omit<TaxDocument, 'amountMinor'> & { amount: bigint }
export type DraftDiscount = Omit<DiscountDocument, 'amountMinor'> & { amount: bigint }

export interface DraftLine {
  externalLineId: string
  externalListingId: string | null
  sku: string | null
  title: string
  quantity: number
  /** All units together, before discount; need not divide by the quantity. */
  gross: bigint
  discounts: DraftDiscount[]
  taxes: DraftTax[]
  requiresShipping: boolean
  giftCard: boolean
  substitutionConsent?: boolean
  /** Where the line stands in the sender's document. */
  path: string
}

export interface DraftShipping {
  title: string
  amount: bigint
  discounts: DraftDiscount[]
  taxes: DraftTax[]
  path: string
}

/** The money of an order: `total` is what the channel says that the customer pays. */
export interface DraftMoney {
  lines: DraftLine[]
  shipping: DraftShipping[]
  orderDiscounts: DraftDiscount[]
  pricesIncludeTax: boolean
  total: bigint
}

/** A charge for no goods: a tip, a fee, gift wrapping. Nothing is picked or shipped for it. */
export function serviceLine(
  externalLineId: string,
  title: string,
  gross: bigint,
  path: string,
  taxes: DraftTax[] = [],
): DraftLine {
  return {
    externalLineId,
    externalListingId: null,
    sku: null,
    title,
    quantity: 1,
    gross,
    discounts: [],
    taxes,
    requiresShipping: false,
    giftCard: false,
    path,
  }
}

export function amountOf(entries: readonly { amount: bigint }[]): bigint {
  return entries.reduce((total, entry) => total + entry.amount, 0n)
}

/** What is left of a line after its own discounts, in the basis of its price. */
export function netOf(line: DraftLine): bigint {
  return line.gross - amountOf(line.discounts)
}

export function taxesOf(money: Pick<DraftMoney, 'lines' | 'shipping'>): DraftTax[] {
  return [...money.lines, ...money.shipping].flatMap((part) => part.taxes)
}

/** What the parts come to, whatever the channel's own total says. */
export function draftTotal(money: DraftMoney): bigint {
  const goods = money.lines.reduce((total, line) => total + netOf(line), 0n)
  const shipping = money.shipping.reduce((t, s) => t + s.amount - amountOf(s.discounts), 0n)
  const taxes = money.pricesIncludeTax ? 0n : amountOf(taxesOf(money))
  return goods + shipping - amountOf(money.orderDiscounts) + taxes
}

/** Leaves out discounts of nothing. */
export function discountDocuments(discounts: readonly DraftDiscount[]): DiscountDocument[] {
  return discounts
    .filter((discount) => discount.amount !== 0n)
    .map(({ amount, ...discount }) => ({ ...discount, amountMinor: amount.toString() }))
}

export function taxDocuments(taxes: readonly DraftTax[]): TaxDocument[] {
  return taxes.map(({ amount, ...tax }) => ({ ...tax, amountMinor: amount.toString() }))
}
