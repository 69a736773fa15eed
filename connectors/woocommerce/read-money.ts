import { apportion } from '#domain/apportion'
import {
  amountOf,
  serviceLine,
  taxesOf,
  type DraftDiscount,
  type DraftLine,
  type DraftMoney,
  type DraftShipping,
  type DraftTax,
} from '../draft-order.ts'
import type { Field } from '../field.ts'
import { impliedRatePpm, ratePpm } from '../taxes.ts'
import type { Dialect } from './dialect.ts'

/** What the parts of one order are read with. */
interface Reading {
  order: Field
  currency: string
  pricesIncludeTax: boolean
}

/** Lines, shipping, fees, discounts and total of an order, in minor units of its currency. */
export function readMoney(order: Field, currency: string, dialect: Dialect): DraftMoney {
  const pricesIncludeTax = dialect.tellsTaxBasis && order.at('prices_include_tax').flag(false)
  const reading = { order, currency, pricesIncludeTax }
  const fees = order.at('fee_lines').list()
  const lines = order
    .at('line_items')
    .list()
    .map((line) => readLine(line, reading))
  const money: DraftMoney = {
    lines: [...lines, ...fees.flatMap((fee) => feeLine(fee, reading))],
    shipping: readShipping(reading),
    orderDiscounts: fees.flatMap((fee) => feeDiscount(fee, reading)),
    pricesIncludeTax,
    total: order.at('total').needAmount(currency),
  }
  if (money.lines.length === 0) order.at('line_items').refuse('no-lines', 'has nothing to sell')
  const forgone = fees.reduce((all, fee) => all + negativeTax(fee, currency), 0n)
  if (forgone > 0n) lessenTaxes(money, forgone, order)
  return money
}

function readLine(line: Field, reading: Reading): DraftLine {
  const { currency, pricesIncludeTax } = reading
  const total = line.at('total').needAmount(currency)
  const totalTax = line.at('total_tax').charge(currency)
  const before = line.at('subtotal').amount(currency) ?? total
  const beforeTax = line.at('subtotal_tax').amount(currency) ?? totalTax
  const paid = pricesIncludeTax ? total + totalTax : total
  const listed = pricesIncludeTax ? before + beforeTax : before
  // A price raised by hand leaves a subtotal below the total: then there is no discount.
  const gross = listed > paid ? listed : paid
  if (paid < 0n) line.at('total').refuse('negative-amount', 'must not be negative')
  const variation = line.at('variation_id')
  const isVariation = variation.present && !variation.isZero
  return {
    externalLineId: line.at('id').needId(),
    externalListingId: (isVariation ? variation : line.at('product_id')).id(),
    sku: line.at('sku').text(),
    title: line.at('name').text() ?? '',
    quantity: line.at('quantity').quantity(),
    gross,
    discounts: couponDiscounts(reading.order, gross - paid, currency),
    taxes: readTaxes(line, reading, total, totalTax),
    requiresShipping: true,
    giftCard: false,
    path: line.path,
  }
}

/** A line tells only how much is off; several coupons share it as they share the order. */
function couponDiscounts(order: Field, amount: bigint, currency: string): DraftDiscount[] {
  if (amount <= 0n) return []
  const coupons = order.at('coupon_lines').list()
  const codes = coupons.map((coupon) => coupon.at('code').text() ?? 'coupon')
  if (codes.length === 0) return [{ code: 'manual', amount, fundedBy: 'merchant' }]
  const weights = coupons.map((coupon) => coupon.firstOf('discount', 'amount').charge(currency))
  const shares = apportion(amount, weights)
  return codes
    .map((code, n) => ({ code, amount: shares[n]!, fundedBy: 'merchant' as const }))
    .filter((discount) => discount.amount > 0n)
}

/** `total_tax` of a line is what counts; `taxes[]` is finer than a cent and tells the rates. */
function readTaxes(part: Field, reading: Reading, net: bigint, totalTax: bigint): DraftTax[] {
  const { order, currency } = reading
  const rates = order.at('tax_lines').list()
  const shares = part
    .at('taxes')
    .list()
    .map((tax) => ({ tax, amount: tax.at('total').charge(currency) }))
    .filter((share) => share.amount > 0n)
  if (totalTax === 0n) return []
  if (shares.length === 0) {
    const jurisdiction = rates.map(jurisdictionOf).join('+') || 'Tax'
    const rate = impliedRatePpm(totalTax, net)
    return [{ jurisdiction, ratePpm: rate, amount: totalTax, collectedBy: 'seller' }]
  }
  const amounts = apportion(
    totalTax,
    shares.map((share) => share.amount),
  )
  return shares.map(({ tax }, n) => {
    const id = tax.at('id').text()
    const rate = rates.find((candidate) => candidate.at('rate_id').text() === id)
    const percent = rate?.at('rate_percent')
    return {
      jurisdiction: rate ? jurisdictionOf(rate) : `rate ${id}`,
      ratePpm: percent?.present ? ratePpm(percent, 100) : impliedRatePpm(amounts[n]!, net),
      amount: amounts[n]!,
      collectedBy: 'seller' as const,
    }
  })
}

function jurisdictionOf(rate: Field): string {
  return rate.firstOf('rate_code', 'code', 'label', 'title').text() ?? 'Tax'
}

/** The legacy API states the tax on shipping only for the order; it is shared by the charges. */
function readShipping(reading: Reading): DraftShipping[] {
  const { order, currency, pricesIncludeTax } = reading
  const charges = order.at('shipping_lines').list()
  const totals = charges.map((charge) => charge.at('total').charge(currency))
  const perCharge = charges.some((charge) => charge.at('total_tax').present)
  const shared = perCharge ? [] : apportion(shippingTax(order, currency, charges), totals)
  return charges.map((charge, n) => {
    const total = totals[n]!
    const tax = shared[n] ?? charge.at('total_tax').charge(currency)
    return {
      title: charge.firstOf('method_title', 'method_id').text() ?? 'Shipping',
      amount: pricesIncludeTax ? total + tax : total,
      discounts: [],
      taxes: readTaxes(charge, reading, total, tax),
      path: charge.path,
    }
  })
}

function shippingTax(order: Field, currency: string, charges: Field[]): bigint {
  return charges.length === 0 ? 0n : order.at('shipping_tax').charge(currency)
}

function feeLine(fee: Field, reading: Reading): DraftLine[] {
  const total = fee.at('total').amount(reading.currency) ?? 0n
  if (total <= 0n) return []
  const tax = fee.at('total_tax').charge(reading.currency)
  const gross = reading.pricesIncludeTax ? total + tax : total
  const taxes = readTaxes(fee, reading, total, tax)
  return [serviceLine(fee.at('id').needId(), feeName(fee), gross, fee.path, taxes)]
}

/** Shops give rebates as fees below zero. */
function feeDiscount(fee: Field, reading: Reading): DraftDiscount[] {
  const total = fee.at('total').amount(reading.currency) ?? 0n
  if (total >= 0n) return []
  const tax = reading.pricesIncludeTax ? negativeTax(fee, reading.currency) : 0n
  return [{ code: feeName(fee), amount: -total + tax, fundedBy: 'merchant' }]
}

function feeName(fee: Field): string {
  return fee.firstOf('name', 'title').text() ?? 'Fee'
}

function negativeTax(fee: Field, currency: string): bigint {
  if ((fee.at('total').amount(currency) ?? 0n) >= 0n) return 0n
  const tax = fee.at('total_tax').amount(currency) ?? 0n
  return tax < 0n ? -tax : 0n
}

/** A rebate on the order lowers the tax that was charged on its parts. */
function lessenTaxes(money: DraftMoney, forgone: bigint, order: Field): void {
  const taxes = taxesOf(money)
  if (taxes.some((tax) => tax.amount < 0n) || amountOf(taxes) < forgone) {
    order.at('fee_lines').refuse('negative-amount', 'give back more tax than was charged')
    return
  }
  const shares = apportion(
    forgone,
    taxes.map((tax) => tax.amount),
  )
  taxes.forEach((tax, n) => {
    tax.amount -= shares[n]!
  })
}
