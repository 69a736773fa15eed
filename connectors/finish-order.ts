import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { formatMinor } from '#domain/money'
import { LARGEST_MINOR } from './decimal.ts'
import {
  amountOf,
  discountDocuments,
  draftTotal,
  netOf,
  serviceLine,
  taxDocuments,
  taxesOf,
  type DraftMoney,
  type OrderHeader,
} from './draft-order.ts'
import { exactLines } from './exact-lines.ts'
import { accepted, refused, type Translated } from './result.ts'

export interface Footing {
  /** The field of the sender's document that states the total. */
  totalField: string
  /** The field that lists the lines. */
  linesField: string
  /** Minor units by which the sender's own rounding may let parts and total differ. */
  allowed: bigint
}

/**
 * Turns what was read into the neutral document, or into what is wrong with it. The document
 * foots to the minor unit: a difference within `footing.allowed` becomes a service line
 * `rounding` or an order discount `rounding`, so that no cent is lost and none is hidden.
 */
export function finishOrder(
  header: OrderHeader,
  money: DraftMoney,
  footing: Footing,
  problems: readonly DocumentProblem[],
): Translated<OrderDocument> {
  if (problems.length > 0) return { ok: false, problems: withoutRepeats(problems) }
  if (money.lines.length === 0) {
    return refused('no-lines', footing.linesField, `${footing.linesField} has nothing to sell`)
  }
  const unsound = partProblems(money, footing)
  if (unsound.length > 0) return { ok: false, problems: unsound }
  const difference = money.total - draftTotal(money)
  const size = difference < 0n ? -difference : difference
  if (size > footing.allowed) return refusedTotal(header.currency, money, footing)
  return accepted(orderDocument(header, withRounding(money, difference)))
}

/** A field that is read twice is wrong once. */
function withoutRepeats(problems: readonly DocumentProblem[]): DocumentProblem[] {
  const seen = new Map(problems.map((problem) => [`${problem.code} ${problem.field}`, problem]))
  return [...seen.values()]
}

function refusedTotal(currency: string, money: DraftMoney, footing: Footing): Translated<never> {
  return refused(
    'totals-do-not-foot',
    footing.totalField,
    `${footing.totalField} says ${formatMinor(money.total, currency)}, ` +
      `but the parts come to ${formatMinor(draftTotal(money), currency)}`,
  )
}

function partProblems(money: DraftMoney, footing: Footing): DocumentProblem[] {
  const problems: DocumentProblem[] = []
  const refuse = (code: string, field: string, message: string) =>
    problems.push({ code, field, message: `${field} ${message}` })
  for (const line of money.lines) {
    if (line.gross < 0n) refuse('negative-amount', line.path, 'must not cost less than nothing')
    else if (netOf(line) < 0n) refuse('discount-exceeds-price', line.path, 'is discounted below 0')
    if (line.gross > LARGEST_MINOR) refuse('amount-out-of-range', line.path, 'is too large')
  }
  const ids = new Set<string>()
  for (const line of money.lines) {
    if (ids.has(line.externalLineId)) refuse('duplicate-line', line.path, 'repeats a line id')
    ids.add(line.externalLineId)
  }
  for (const shipping of money.shipping) {
    if (shipping.amount < 0n) refuse('negative-amount', shipping.path, 'must not be negative')
    else if (shipping.amount < amountOf(shipping.discounts)) {
      refuse('discount-exceeds-price', shipping.path, 'is discounted below 0')
    }
  }
  if (taxesOf(money).some((tax) => tax.amount < 0n)) {
    refuse('negative-amount', footing.linesField, 'must not carry a negative tax')
  }
  if (money.total < 0n) refuse('negative-amount', footing.totalField, 'must not be negative')
  if (money.total > LARGEST_MINOR) {
    refuse('amount-out-of-range', footing.totalField, 'is too large')
  }
  return problems
}

function withRounding(money: DraftMoney, difference: bigint): DraftMoney {
  if (difference === 0n) return money
  if (difference > 0n) {
    const line = serviceLine('rounding', 'Rounding', difference, '$')
    return { ...money, lines: [...money.lines, line] }
  }
  const discount = { code: 'rounding', amount: -difference, fundedBy: 'merchant' as const }
  return { ...money, orderDiscounts: [...money.orderDiscounts, discount] }
}

function orderDocument(header: OrderHeader, money: DraftMoney): OrderDocument {
  const { payment, ...rest } = header
  const taxes = taxesOf(money).filter((tax) => tax.amount !== 0n)
  const byMarketplace = taxes.length > 0 && taxes.every((tax) => tax.collectedBy === 'marketplace')
  return {
    ...rest,
    pricesIncludeTax: money.pricesIncludeTax,
    lines: money.lines.flatMap(exactLines),
    shipping: money.shipping.map((charge) => ({
      title: charge.title,
      amountMinor: charge.amount.toString(),
      discounts: discountDocuments(charge.discounts),
      taxes: taxDocuments(charge.taxes),
    })),
    orderDiscounts: discountDocuments(money.orderDiscounts),
    payment,
    total: { currency: header.currency, minor: money.total.toString() },
    taxCollectedBy: byMarketplace ? 'marketplace' : 'seller',
  }
}
