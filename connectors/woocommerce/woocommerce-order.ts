import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { taxesOf, type OrderHeader } from '../draft-order.ts'
import { Field } from '../field.ts'
import { finishOrder } from '../finish-order.ts'
import { refused, type Translated } from '../result.ts'
import { absorbTaxRounding, roundingAllowance } from '../taxes.ts'
import { amountOf } from '../draft-order.ts'
import { LEGACY, REST, type Dialect } from './dialect.ts'
import { readAddress, readCustomer } from './party.ts'
import { readPayment } from './payment.ts'
import { readMoney } from './read-money.ts'

/** Orders in these states are still being typed or thrown away. */
const NOT_ORDERS = ['checkout-draft', 'auto-draft', 'trash']

/**
 * Reads one WooCommerce order: the object of the REST API v1 to v3 and of webhooks, or the
 * legacy API's `{ "order": … }`. WooCommerce states lines without tax whatever the shop does;
 * where `prices_include_tax` the tax is put back, so that prices are what the customer saw.
 * `channel` is the channel's code here; `externalVersion` is the modification instant in UTC.
 */
export function woocommerceOrder(document: unknown, channel: string): Translated<OrderDocument> {
  const problems: DocumentProblem[] = []
  const root = new Field(document, problems)
  const legacy = root.at('order').isObject
  const order = legacy ? root.at('order') : root
  const dialect = legacy || order.at('created_at').present ? LEGACY : REST
  if (!order.isObject || !order.at('line_items').present) {
    return refused('wrong-document', '$', 'expected a WooCommerce order with line_items')
  }
  const status = order.at('status').text()
  if (status === null) order.at('status').needText()
  else if (NOT_ORDERS.includes(status)) {
    order.at('status').refuse('order-not-ready', `is ${status}: no order yet, or none any more`)
  }
  const currency = order.at('currency').currency()
  if (currency === '') return { ok: false, problems }
  const money = readMoney(order, currency, dialect)
  const header = readHeader(order, channel, currency, dialect, money.total)
  const taxes = taxesOf(money)
  const allowed = roundingAllowance(taxes.length + money.lines.length + money.shipping.length)
  checkTax(order, currency, taxes, allowed)
  const footing = { totalField: order.at('total').path, linesField: order.at('line_items').path }
  return finishOrder(header, money, { ...footing, allowed }, problems)
}

/** One result for each order of a list: a page, the legacy `{ "orders": … }`, or a batch answer. */
export function woocommerceOrders(document: unknown, channel: string): Translated<OrderDocument>[] {
  const root = new Field(document, [])
  const batch = [...root.at('create').list(), ...root.at('update').list()]
  const pages = root.at('orders').present ? root.at('orders').list() : root.list()
  const orders = batch.length > 0 ? batch : pages
  if (orders.length > 0) return orders.map((order) => woocommerceOrder(order.value, channel))
  if (Array.isArray(document) || Array.isArray(root.at('orders').value)) return []
  return [refused('wrong-document', '$', 'expected a list of WooCommerce orders')]
}

function readHeader(
  order: Field,
  channel: string,
  currency: string,
  dialect: Dialect,
  total: bigint,
): OrderHeader {
  const externalId = order.at('id').needId()
  const modifiedAt = order.firstOf(...dialect.modified).needInstant('utc')
  const service = order.at('shipping_lines').list()[0]?.firstOf('method_id', 'method_title').text()
  const note = order.at(dialect.note).text()
  return {
    channel,
    externalId,
    externalVersion: modifiedAt,
    orderNumber: order.firstOf(...dialect.number).id() ?? externalId,
    placedAt: order.firstOf(...dialect.created).needInstant('utc'),
    currency,
    customer: readCustomer(order, dialect),
    shipTo: readAddress(order.at(dialect.shipping)) ?? readAddress(order.at(dialect.billing)),
    billTo: readAddress(order.at(dialect.billing)),
    payment: readPayment(order, dialect, total),
    fulfilledBy: 'merchant',
    ...(service ? { requestedService: service } : {}),
    ...(order.at('status').value === 'cancelled'
      ? { cancelled: { at: modifiedAt, reason: 'cancelled' } }
      : {}),
    ...(note === null ? {} : { note }),
  }
}

/** `total_tax` is what was charged; the shares of the lines may differ by their rounding. */
function checkTax(
  order: Field,
  currency: string,
  taxes: ReturnType<typeof taxesOf>,
  allowed: bigint,
): void {
  const stated = order.at('total_tax').amount(currency)
  if (stated === null) return
  const difference = stated - amountOf(taxes)
  if (difference > allowed || -difference > allowed) {
    const parts = `its parts come to ${amountOf(taxes)} minor units`
    order.at('total_tax').refuse('totals-do-not-foot', `is ${stated} minor units, ${parts}`)
  } else {
    absorbTaxRounding(taxes, difference)
  }
}
