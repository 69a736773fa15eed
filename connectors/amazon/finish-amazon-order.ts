import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import {
  amountOf,
  draftTotal,
  type DraftLine,
  type DraftMoney,
  type DraftShipping,
  type DraftTax,
  type OrderHeader,
} from '../draft-order.ts'
import { finishOrder } from '../finish-order.ts'
import type { Translated } from '../result.ts'
import { impliedRatePpm } from '../taxes.ts'
import type { TaxShares } from './amazon-tax.ts'

/** An order whose taxes are known in amount, but not yet in kind. */
export interface AmazonMoney {
  lines: (DraftLine & { tax: TaxShares })[]
  /** Gift wrap and fees. */
  services: (DraftLine & { tax: TaxShares })[]
  shipping: (DraftShipping & { tax: TaxShares })[]
  total: bigint
}

/** The ways in which Amazon's marketplaces mean their tax, the usual one first. */
const BASES = [
  { included: false, lessForgone: true },
  { included: false, lessForgone: false },
  { included: true, lessForgone: false },
] as const

/**
 * Finds the tax basis under which the order comes to its total: on top of prices as in North
 * America, or within them as in Europe. Tax on top is Amazon's to remit unless the item says
 * otherwise, tax within prices the seller's. Refused when it foots under no basis.
 */
export function finishAmazonOrder(
  header: OrderHeader,
  money: AmazonMoney,
  footing: { totalField: string; linesField: string },
  problems: readonly DocumentProblem[],
): Translated<OrderDocument> {
  const candidates = BASES.map((basis) => withTaxes(money, basis))
  const drafted = candidates.find((draft) => draftTotal(draft) === money.total) ?? candidates[0]!
  return finishOrder(header, drafted, { ...footing, allowed: 0n }, problems)
}

function withTaxes(money: AmazonMoney, basis: (typeof BASES)[number]): DraftMoney {
  const lines = [...money.lines, ...money.services].map(({ tax, ...line }) => ({
    ...line,
    taxes: taxesFor(tax, line.gross - amountOf(line.discounts), basis),
  }))
  const shipping = money.shipping.map(({ tax, ...charge }) => ({
    ...charge,
    taxes: taxesFor(tax, charge.amount - amountOf(charge.discounts), basis),
  }))
  const { total } = money
  return { lines, shipping, orderDiscounts: [], pricesIncludeTax: basis.included, total }
}

function taxesFor(tax: TaxShares, net: bigint, basis: (typeof BASES)[number]): DraftTax[] {
  const amount = basis.lessForgone ? tax.full - tax.forgone : tax.full
  if (amount === 0n) return []
  const base = basis.included ? net - amount : net
  return [
    {
      jurisdiction: 'Amazon',
      ratePpm: amount > 0n ? impliedRatePpm(amount, base) : 0,
      amount,
      collectedBy: tax.collectedBy ?? (basis.included ? 'seller' : 'marketplace'),
    },
  ]
}
