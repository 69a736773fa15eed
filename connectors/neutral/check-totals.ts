import type { DiscountDocument, DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { formatMinor } from '#domain/money'
import { LARGEST_MINOR } from '../decimal.ts'

/**
 * What the parts of an order come to, in minor units:
 * Σ (price × quantity − discounts) + Σ (shipping − discounts) − order discounts,
 * and the taxes on top unless prices include them.
 */
export function orderTotal(order: OrderDocument): bigint {
  const goods = order.lines.map((line) => lineGross(line) - off(line.discounts))
  const shipping = order.shipping.map((part) => BigInt(part.amountMinor) - off(part.discounts))
  const taxes = [...order.lines, ...order.shipping].flatMap((part) => part.taxes)
  const onTop = order.pricesIncludeTax ? [] : taxes.map((tax) => BigInt(tax.amountMinor))
  const parts = [...goods, ...shipping, ...onTop, -off(order.orderDiscounts)]
  return parts.reduce((total, part) => total + part, 0n)
}

/**
 * What is wrong with the amounts of a document whose shape is right: it must foot to the minor
 * unit, no discount exceeds what it is taken from, line ids are unique, one currency throughout.
 * An empty list when nothing is.
 */
export function checkTotals(order: OrderDocument): DocumentProblem[] {
  const problems: DocumentProblem[] = []
  const refuse = (code: string, field: string, message: string) =>
    problems.push({ code, field, message: `${field} ${message}` })
  const lineIds = new Set<string>()
  order.lines.forEach((line, n) => {
    const gross = lineGross(line)
    if (gross > LARGEST_MINOR) refuse('amount-out-of-range', `lines[${n}]`, 'is too large')
    if (off(line.discounts) > gross) {
      refuse('discount-exceeds-price', `lines[${n}].discounts`, 'take off more than the line costs')
    }
    if (lineIds.has(line.externalLineId)) {
      refuse('duplicate-line', `lines[${n}].externalLineId`, 'is the id of an earlier line')
    }
    lineIds.add(line.externalLineId)
  })
  order.shipping.forEach((charge, n) => {
    if (off(charge.discounts) <= BigInt(charge.amountMinor)) return
    refuse('discount-exceeds-price', `shipping[${n}].discounts`, 'take off more than it costs')
  })
  if (order.total.currency !== order.currency) {
    refuse('currency-mismatch', 'total.currency', `must be the order's ${order.currency}`)
  }
  const stated = BigInt(order.total.minor)
  const parts = orderTotal(order)
  if (stated !== parts) {
    const says = formatMinor(stated, order.currency)
    const come = formatMinor(parts, order.currency)
    refuse('totals-do-not-foot', 'total', `says ${says}, but the parts come to ${come}`)
  }
  return problems
}

function lineGross(line: OrderDocument['lines'][number]): bigint {
  return BigInt(line.unitPriceMinor) * BigInt(line.quantity)
}

function off(discounts: readonly DiscountDocument[]): bigint {
  return discounts.reduce((total, discount) => total + BigInt(discount.amountMinor), 0n)
}
