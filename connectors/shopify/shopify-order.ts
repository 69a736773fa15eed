import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { formatMinor } from '#domain/money'
import { amountOf, netOf, taxesOf, type DraftMoney, type OrderHeader } from '../draft-order.ts'
import { Field } from '../field.ts'
import { finishOrder } from '../finish-order.ts'
import { refused, type Translated } from '../result.ts'
import { absorbTaxRounding, roundingAllowance } from '../taxes.ts'
import { readAddress, readCustomer } from './party.ts'
import { readPayment } from './payment.ts'
import { shopMoney } from './shop-money.ts'
import { readMoney } from './read-money.ts'

/**
 * Reads one Shopify order: a webhook's body or the `{ "order": … }` of the REST API, from the
 * documents of 2017 without `*_set` to today's. Booked in shop money, before refunds: `quantity`
 * and `total_price` never fall on a refund, which arrives as its own document.
 * `channel` is the channel's code here; `externalVersion` is `updated_at` in UTC.
 */
export function shopifyOrder(document: unknown, channel: string): Translated<OrderDocument> {
  const problems: DocumentProblem[] = []
  const root = new Field(document, problems)
  const order = root.at('order').isObject ? root.at('order') : root
  const draft = ['draft_order', 'draft_orders', 'invoice_sent_at'].find(
    (name) => root.isObject && Object.hasOwn(root.value as object, name),
  )
  if (draft !== undefined)
    return refused(
      'wrong-document',
      draft,
      `${draft} tells of a draft: nothing is bought yet; once it is completed Shopify sends the order`,
    )
  if (!order.isObject || !(order.at('line_items').present || order.at('id').present)) {
    return refused('wrong-document', '$', 'expected a Shopify order with id and line_items')
  }
  const currency = order.at('currency').currency()
  if (currency === '') return { ok: false, problems }
  const money = readMoney(order, currency)
  const header = readHeader(order, channel, currency, money.total)
  const allowed = roundingAllowance(roundedParts(order, money))
  if (problems.length === 0) checkIdentities(order, currency, money, allowed)
  // Where the tax is stated it has absorbed the rounding of its shares, and the total is exact.
  const exact = order.at('total_tax').present && !isConverted(order)
  const footing = { totalField: path(order, 'total_price'), linesField: path(order, 'line_items') }
  return finishOrder(header, money, { ...footing, allowed: exact ? 0n : allowed }, problems)
}

/** One result for each order of a page of `GET /orders.json`, as the gap sweep reads it. */
export function shopifyOrders(document: unknown, channel: string): Translated<OrderDocument>[] {
  const problems: DocumentProblem[] = []
  const orders = new Field(document, problems).at('orders')
  if (!Array.isArray(orders.value)) {
    return [refused('wrong-document', 'orders', 'expected a page of Shopify orders')]
  }
  return orders.list().map((order) => shopifyOrder(order.value, channel))
}

function readHeader(order: Field, channel: string, currency: string, total: bigint): OrderHeader {
  const externalId = order.at('id').needId()
  const number = order.at('order_number').id()
  const updatedAt = order.at('updated_at').needInstant()
  const cancelledAt = order.at('cancelled_at').instant()
  const note = order.at('note').text()
  const reason = order.at('cancel_reason').text() ?? 'other'
  const shippingLines = order.at('shipping_lines').list()
  const shippingLine = shippingLines.find((line) => line.at('is_removed').value !== true)
  const service = shippingLine?.firstOf('code', 'title').text()
  return {
    channel,
    externalId,
    externalVersion: updatedAt,
    orderNumber: order.at('name').id() ?? (number === null ? externalId : `#${number}`),
    placedAt: order.firstOf('processed_at', 'created_at').needInstant(),
    currency,
    customer: readCustomer(order),
    shipTo: readAddress(order.at('shipping_address')),
    billTo: readAddress(order.at('billing_address')),
    payment: readPayment(order, currency, total),
    fulfilledBy: 'merchant',
    ...(service ? { requestedService: service } : {}),
    ...(cancelledAt === null ? {} : { cancelled: { at: cancelledAt, reason } }),
    ...(note === null ? {} : { note }),
  }
}

/**
 * How many amounts were rounded on their way to the total. An order shown in another currency
 * was converted price by price, so there every unit may be off by half a minor unit.
 */
function roundedParts(order: Field, money: DraftMoney): number {
  const taxes = taxesOf(money).length
  if (!isConverted(order)) return taxes
  const units = money.lines.reduce((all, line) => all + line.quantity + line.discounts.length, 0)
  return units + taxes + money.shipping.length * 2 + money.orderDiscounts.length
}

function isConverted(order: Field): boolean {
  const presented = order.at('presentment_currency')
  return presented.present && presented.value !== order.at('currency').value
}

/** Shopify states every sum; each must be the sum of what it names, or nothing here is sure. */
function checkIdentities(order: Field, currency: string, money: DraftMoney, allowed: bigint) {
  const goods = money.lines.filter((line) => line.path.includes('line_items['))
  const gross = goods.reduce((total, line) => total + line.gross, 0n)
  const net = goods.reduce((total, line) => total + netOf(line), 0n)
  const onOrder = amountOf(money.orderDiscounts)
  const discounts = gross - net + onOrder + amountOf(money.shipping.flatMap((s) => s.discounts))
  const taxes = taxesOf(money)
  const stated = (name: string) => shopMoney(order, name, currency)
  const slack = isConverted(order) ? allowed : 0n
  expectSum('total_line_items_price', gross, slack)
  expectSum('subtotal_price', net - onOrder, slack)
  expectSum('total_discounts', discounts, slack)
  const totalTax = stated('total_tax')
  expectSum('total_tax', amountOf(taxes), allowed)
  if (totalTax !== null) absorbTaxRounding(taxes, totalTax - amountOf(taxes))

  function expectSum(name: string, sum: bigint, slackMinor: bigint): void {
    const amount = stated(name)
    if (amount === null) return
    const difference = amount > sum ? amount - sum : sum - amount
    if (difference <= slackMinor) return
    const parts = formatMinor(sum, currency)
    order
      .at(name)
      .refuse('totals-do-not-foot', `says ${formatMinor(amount, currency)}, its parts ${parts}`)
  }
}

function path(order: Field, name: string): string {
  return order.at(name).path
}
