import type { AddressDocument, DocumentProblem, OrderDocument } from '#contracts/order-intake'
import type { DraftDiscount, DraftLine, DraftShipping, OrderHeader } from '../draft-order.ts'
import { serviceLine } from '../draft-order.ts'
import { Field } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { amazonTax, type TaxShares } from './amazon-tax.ts'
import { finishAmazonOrder, type AmazonMoney } from './finish-amazon-order.ts'
import { amazonMoney, readPlace } from './read-place.ts'

const NOT_READY = ['Pending', 'PendingAvailability']

/**
 * Reads one order of the Selling Partner API Orders v0: the answer of `getOrder`, or an entry of
 * `getOrders`, with the answer of `getOrderItems` (or a list of its pages). Pending orders are
 * refused with `order-not-ready`: Amazon tells neither price nor address yet; ask again later.
 * Item prices are line totals; what does not divide is split in two lines (see `exactLines`).
 */
export function amazonOrder(
  orderDocument: unknown,
  itemsDocument: unknown,
  channel: string,
): Translated<OrderDocument> {
  const problems: DocumentProblem[] = []
  const root = new Field(orderDocument, problems)
  const order = root.at('payload').isObject ? root.at('payload') : root
  const externalId = order.at('AmazonOrderId').id()
  if (externalId === null || order.at('Orders').present) {
    return refused('wrong-document', 'AmazonOrderId', 'expected one order with an AmazonOrderId')
  }
  const notReady = readiness(order)
  if (notReady) return notReady
  const items = readItems(itemsDocument, externalId, problems)
  if (items === null) return { ok: false, problems }
  if (items.length === 0) {
    return refused('missing-items', 'OrderItems', 'the items are asked for with getOrderItems')
  }
  const total = order.at('OrderTotal')
  const replacement = order.at('IsReplacementOrder').value === true && !total.present
  const currencyField = replacement ? items[0]!.at('ItemPrice').at('CurrencyCode') : null
  const currency = (currencyField ?? total.at('CurrencyCode')).currency()
  if (currency === '') return { ok: false, problems }
  const money = readMoney(items, currency)
  money.total = replacement ? 0n : total.at('Amount').needAmount(currency)
  const header = readHeader(order, externalId, channel, currency, money.total)
  const footing = { totalField: total.at('Amount').path, linesField: 'OrderItems' }
  return finishAmazonOrder(header, money, footing, problems)
}

/**
 * One result for each order of a `getOrders` page. `itemsOf` hands out the `getOrderItems` answer
 * of an order id, or undefined when it has not been fetched.
 */
export function amazonOrders(
  listDocument: unknown,
  itemsOf: (amazonOrderId: string) => unknown,
  channel: string,
): Translated<OrderDocument>[] {
  const root = new Field(listDocument, [])
  const orders = root.at('payload').isObject ? root.at('payload').at('Orders') : root.at('Orders')
  if (!Array.isArray(orders.value)) {
    return [refused('wrong-document', 'payload.Orders', 'expected a page of Amazon orders')]
  }
  return orders.list().map((order) => {
    const id = order.at('AmazonOrderId').id()
    return amazonOrder(order.value, id === null ? undefined : itemsOf(id), channel)
  })
}

function readiness(order: Field): Translated<never> | null {
  const status = order.at('OrderStatus').text() ?? ''
  const field = order.at('OrderStatus').path
  if (NOT_READY.includes(status)) {
    return refused('order-not-ready', field, `the order is ${status}; ask again later`)
  }
  if (status === 'Canceled' && !order.at('OrderTotal').present) {
    return refused('order-cancelled', field, 'the order was cancelled before it had a price')
  }
  return null
}

/** The items of all pages, or null after a problem that leaves nothing to read. */
function readItems(
  document: unknown,
  externalId: string,
  problems: DocumentProblem[],
): Field[] | null {
  const pages = (Array.isArray(document) ? document : [document]).map((page: unknown) => {
    const root = new Field(page, problems)
    return root.at('payload').isObject ? root.at('payload') : root
  })
  const stranger = pages.find((page) => {
    const id = page.at('AmazonOrderId')
    return id.present && id.value !== externalId
  })
  stranger?.at('AmazonOrderId').refuse('wrong-document', `must be ${externalId}, the order's id`)
  const next = pages.at(-1)?.at('NextToken')
  if (next?.present) next.refuse('incomplete-items', 'tells of more items; fetch every page first')
  if (problems.length > 0) return null
  return pages.flatMap((page) => page.at('OrderItems').list())
}

/** Items cancelled before shipment stay in the document with a quantity of nothing. */
function readMoney(items: Field[], currency: string): AmazonMoney {
  const live = items.filter((item) => !item.at('QuantityOrdered').isZero)
  return {
    lines: live.map((item) => readLine(item, currency)),
    services: live.flatMap((item) => readServices(item, currency)),
    shipping: live.flatMap((item) => readShipping(item, currency)),
    total: 0n,
  }
}

type Taxed<T> = T & { tax: TaxShares }

function readLine(item: Field, currency: string): Taxed<DraftLine> {
  const promotion = amazonMoney(item.at('PromotionDiscount'), currency)
  const ids = item.at('PromotionIds').list()
  const code = ids.map((id) => id.text()).filter((id) => id !== null)
  return {
    externalLineId: item.at('OrderItemId').needId(),
    externalListingId: item.at('ASIN').id(),
    sku: item.at('SellerSKU').text(),
    title: item.at('Title').text() ?? '',
    quantity: item.at('QuantityOrdered').quantity(),
    gross: amazonMoney(item.at('ItemPrice'), currency),
    discounts: discountOf(code.join(',').slice(0, 100) || 'promotion', promotion),
    taxes: [],
    requiresShipping: true,
    giftCard: false,
    path: item.path,
    tax: amazonTax(item, 'ItemTax', 'PromotionDiscountTax', currency),
  }
}

function readShipping(item: Field, currency: string): Taxed<DraftShipping>[] {
  const amount = amazonMoney(item.at('ShippingPrice'), currency)
  if (amount === 0n) return []
  const charge: Taxed<DraftShipping> = {
    title: 'Shipping',
    amount,
    discounts: discountOf('shipping', amazonMoney(item.at('ShippingDiscount'), currency)),
    taxes: [],
    path: item.at('ShippingPrice').path,
    tax: amazonTax(item, 'ShippingTax', 'ShippingDiscountTax', currency),
  }
  return [charge]
}

function readServices(item: Field, currency: string): Taxed<DraftLine>[] {
  const id = item.at('OrderItemId').id() ?? ''
  const buyerInfo = item.at('BuyerInfo')
  const wrapped = buyerInfo.at('GiftWrapPrice').present ? buyerInfo : item
  const wrap = serviceLine(
    `${id}#gift-wrap`,
    'Gift wrap',
    amazonMoney(wrapped.at('GiftWrapPrice'), currency),
    wrapped.at('GiftWrapPrice').path,
  )
  const fee = amazonMoney(item.at('CODFee'), currency)
  const cod = serviceLine(`${id}#cod`, 'Cash on delivery fee', fee, item.at('CODFee').path)
  cod.discounts = discountOf('cod', amazonMoney(item.at('CODFeeDiscount'), currency))
  const none = amazonTax(item, 'none', 'none', currency)
  return [
    { ...wrap, tax: amazonTax(wrapped, 'GiftWrapTax', 'none', currency) },
    { ...cod, tax: none },
  ].filter((line) => line.gross > 0n)
}

/** Promotions on the seller's offer are the seller's to pay. */
function discountOf(code: string, amount: bigint): DraftDiscount[] {
  return amount === 0n ? [] : [{ code, amount, fundedBy: 'merchant' }]
}

function readHeader(
  order: Field,
  externalId: string,
  channel: string,
  currency: string,
  total: bigint,
): OrderHeader {
  const buyer = order.at('BuyerInfo').isObject ? order.at('BuyerInfo') : order
  const updatedAt = order.at('LastUpdateDate').needInstant()
  const service = order.firstOf('ShipServiceLevel', 'ShipmentServiceLevelCategory').text()
  const shipBy = order.at('LatestShipDate').instant()
  const deliverBy = order.at('LatestDeliveryDate').instant()
  const shipTo = shippingAddress(order.at('ShippingAddress'))
  return {
    channel,
    externalId,
    externalVersion: updatedAt,
    orderNumber: order.at('SellerOrderId').id() ?? externalId,
    placedAt: order.at('PurchaseDate').needInstant(),
    currency,
    customer: {
      // Amazon has no lasting id of a buyer; the address it hands out is an alias.
      externalId: null,
      name: buyer.at('BuyerName').text() ?? shipTo?.name ?? null,
      email: buyer.at('BuyerEmail').text(),
      phone: order.at('ShippingAddress').at('Phone').text(),
    },
    shipTo,
    billTo: null,
    payment: {
      state: 'marketplace',
      provider: 'amazon',
      reference: null,
      amountMinor: total.toString(),
    },
    fulfilledBy: order.at('FulfillmentChannel').value === 'AFN' ? 'channel' : 'merchant',
    ...(service === null ? {} : { requestedService: service }),
    ...(shipBy === null ? {} : { shipBy }),
    ...(deliverBy === null ? {} : { deliverBy }),
    ...(order.at('OrderStatus').value === 'Canceled'
      ? { cancelled: { at: updatedAt, reason: 'cancelled' } }
      : {}),
  }
}

function shippingAddress(address: Field): AddressDocument | null {
  return readPlace(address, {
    name: 'Name',
    company: 'CompanyName',
    lines: ['AddressLine1', 'AddressLine2', 'AddressLine3'],
    city: 'City',
    region: 'StateOrRegion',
    postalCode: 'PostalCode',
    country: 'CountryCode',
  })
}
