import {
  amountOf,
  serviceLine,
  type DraftDiscount,
  type DraftLine,
  type DraftMoney,
  type DraftShipping,
  type DraftTax,
} from '../draft-order.ts'
import type { Field } from '../field.ts'
import { impliedRatePpm, ratePpm, spreadTax } from '../taxes.ts'
import { shopCharge, shopMoney } from './shop-money.ts'

/** Lines, shipping, discounts, taxes and total of an order, in minor units of the shop currency. */
export function readMoney(order: Field, currency: string): DraftMoney {
  const goods = order
    .at('line_items')
    .list()
    .map((line) => readLine(line, order, currency))
  const shipping = order
    .at('shipping_lines')
    .list()
    .filter((line) => line.at('is_removed').value !== true)
    .map((line) => readShipping(line, order, currency))
  const lines = [...goods, ...extraCharges(order, currency)]
  if (goods.length === 0) order.at('line_items').refuse('no-lines', 'has nothing to sell')
  const total = shopMoney(order, 'total_price', currency)
  if (total === null) order.at('total_price').needAmount(currency)
  const money: DraftMoney = {
    lines,
    shipping,
    orderDiscounts: remainingDiscount(order, currency, goods, shipping),
    pricesIncludeTax: order.at('taxes_included').flag(false),
    total: total ?? 0n,
  }
  if (goods.every((line) => line.taxes.length === 0)) taxFromOrder(order, currency, goods, shipping)
  return money
}

function readLine(line: Field, order: Field, currency: string): DraftLine {
  const quantity = line.at('quantity').quantity()
  const giftCard = line.at('gift_card').flag(false)
  return {
    externalLineId: line.at('id').needId(),
    externalListingId: line.at('variant_id').id(),
    sku: line.at('sku').text(),
    title: line.firstOf('name', 'title').text() ?? '',
    quantity,
    gross: lineGross(line, quantity, currency),
    discounts: readDiscounts(line, order, currency, 'total_discount'),
    taxes: line
      .at('tax_lines')
      .list()
      .map((tax) => readTax(tax, currency)),
    requiresShipping: line.at('requires_shipping').flag(true) && !giftCard,
    giftCard,
    path: line.path,
  }
}

function lineGross(line: Field, quantity: number, currency: string): bigint {
  const shopPrice = line.at('price_set').at('shop_money').at('amount')
  const price = shopPrice.present ? shopPrice : line.at('price')
  if (!price.present) line.at('price').needAmount(currency)
  shopCharge(line, 'price', currency)
  return price.amountTimes(quantity, currency) ?? 0n
}

/**
 * Allocations are complete; `total_discount` counts only where a document has none of them,
 * as it leaves out discount codes.
 */
function readDiscounts(
  line: Field,
  order: Field,
  currency: string,
  plainField: string,
): DraftDiscount[] {
  const allocated = line
    .at('discount_allocations')
    .list()
    .map((allocation) => ({
      code: discountCode(allocation, order),
      amount: shopCharge(allocation, 'amount', currency),
      fundedBy: 'merchant' as const,
    }))
  if (amountOf(allocated) > 0n) return allocated
  const plain = shopCharge(line, plainField, currency)
  return plain === 0n ? [] : [{ code: 'manual', amount: plain, fundedBy: 'merchant' }]
}

function discountCode(allocation: Field, order: Field): string {
  const index = allocation.at('discount_application_index').value
  const application =
    typeof index === 'number' ? order.at('discount_applications').list()[index] : null
  if (!application || application.at('type').value === 'manual') return 'manual'
  return application.firstOf('code', 'title', 'type').text() ?? 'manual'
}

function readTax(tax: Field, currency: string): DraftTax {
  return {
    jurisdiction: tax.at('title').text() ?? 'Tax',
    ratePpm: ratePpm(tax.at('rate'), 1),
    amount: shopCharge(tax, 'price', currency),
    collectedBy: tax.at('channel_liable').flag(false) ? 'marketplace' : 'seller',
  }
}

function readShipping(line: Field, order: Field, currency: string): DraftShipping {
  const amount = shopCharge(line, 'price', currency)
  const discounts = readDiscounts(line, order, currency, 'total_discount')
  const reduced = shopMoney(line, 'discounted_price', currency)
  if (discounts.length === 0 && reduced !== null && reduced < amount) {
    discounts.push({ code: 'manual', amount: amount - reduced, fundedBy: 'merchant' })
  }
  return {
    title: line.firstOf('title', 'code').text() ?? 'Shipping',
    amount,
    discounts,
    taxes: line
      .at('tax_lines')
      .list()
      .map((tax) => readTax(tax, currency)),
    path: line.path,
  }
}

/** Tips, duties and fees are part of the total, but of no line: each becomes a service line. */
function extraCharges(order: Field, currency: string): DraftLine[] {
  const tip = shopCharge(order, 'total_tip_received', currency)
  const tipped = order
    .at('line_items')
    .list()
    .filter((line) => line.firstOf('tip_payment_gateway', 'tip_payment_method').present)
    .reduce((all, line) => all + (shopMoney(line, 'price', currency) ?? 0n), 0n)
  const duties = shopCharge(order, 'original_total_duties', currency)
  const fees = shopCharge(order, 'original_total_additional_fees', currency)
  const charges = [
    // A point-of-sale tip already stands among the lines.
    serviceLine(
      'tip',
      'Tip',
      tip > tipped ? tip - tipped : 0n,
      order.at('total_tip_received').path,
    ),
    serviceLine(
      'duties',
      'Duties',
      duties,
      order.at('original_total_duties_set').path,
      chargeTaxes(
        order
          .at('line_items')
          .list()
          .flatMap((line) => line.at('duties').list()),
        currency,
      ),
    ),
    serviceLine(
      'additional-fees',
      'Additional fees',
      fees,
      order.at('original_total_additional_fees_set').path,
      chargeTaxes(order.at('additional_fees').list(), currency),
    ),
  ]
  return charges.filter((charge) => charge.gross > 0n)
}

function chargeTaxes(charges: Field[], currency: string): DraftTax[] {
  return charges
    .flatMap((charge) => charge.at('tax_lines').list())
    .map((tax) => readTax(tax, currency))
}

/** Documents before 2018 tell order discounts only in `total_discounts` and `discount_codes`. */
function remainingDiscount(
  order: Field,
  currency: string,
  goods: DraftLine[],
  shipping: DraftShipping[],
): DraftDiscount[] {
  const known = amountOf([...goods, ...shipping].flatMap((part) => part.discounts))
  const stated = shopMoney(order, 'total_discounts', currency) ?? known
  if (stated <= known || known > 0n) return []
  const code = order.at('discount_codes').list()[0]?.at('code').text() ?? 'manual'
  return [{ code, amount: stated - known, fundedBy: 'merchant' }]
}

/** Lines without taxes under an order with them: the tax is laid on the taxable lines. */
function taxFromOrder(
  order: Field,
  currency: string,
  goods: DraftLine[],
  shipping: DraftShipping[],
): void {
  const onShipping = shipping.flatMap((charge) => charge.taxes)
  const taxes = order
    .at('tax_lines')
    .list()
    .map((tax) => readTax(tax, currency))
  for (const tax of taxes) {
    const shipped = amountOf(onShipping.filter((part) => part.jurisdiction === tax.jurisdiction))
    if (tax.amount > shipped) tax.amount -= shipped
    else tax.amount = 0n
  }
  const totalTax = shopMoney(order, 'total_tax', currency) ?? 0n
  if (taxes.length === 0 && totalTax > amountOf(onShipping)) {
    const net = goods.reduce((all, line) => all + line.gross - amountOf(line.discounts), 0n)
    const amount = totalTax - amountOf(onShipping)
    const rate = impliedRatePpm(amount, net)
    taxes.push({ jurisdiction: 'Tax', ratePpm: rate, amount, collectedBy: 'seller' })
  }
  const fields = order.at('line_items').list()
  const taxable = goods.filter((_, n) => fields[n]?.at('taxable').value !== false)
  for (const tax of taxes) spreadTax(tax, taxable.length > 0 ? taxable : goods)
}
