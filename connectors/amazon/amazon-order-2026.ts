import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { formatMinor } from '#domain/money'
import { apportion } from '#domain/apportion'
import { serviceLine, type DraftLine, type OrderHeader } from '../draft-order.ts'
import { Field } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import type { TaxShares } from './amazon-tax.ts'
import { finishAmazonOrder, type AmazonMoney } from './finish-amazon-order.ts'
import { amazonMoney, readPlace } from './read-place.ts'

const NOT_READY = ['PENDING', 'PENDING_AVAILABILITY']
const SERVICES: Record<string, string> = {
  GIFT_WRAP: 'Gift wrap',
  COD_FEE: 'Cash on delivery fee',
  DELIVERY_TIP: 'Tip',
  OTHER: 'Other charges',
}

/**
 * Reads one order of the Orders API 2026-01-01: an entry of `orders`, or `{ "order": … }`, with
 * its items inside. Pending orders are refused with `order-not-ready`; ask again later.
 */
export function amazonOrder2026(document: unknown, channel: string): Translated<OrderDocument> {
  const problems: DocumentProblem[] = []
  const root = new Field(document, problems)
  const order = root.at('order').isObject ? root.at('order') : root
  const externalId = order.at('orderId').id()
  if (externalId === null) {
    return refused('wrong-document', 'orderId', 'expected an Amazon order with an orderId')
  }
  const statusField = order.at('fulfillment').at('fulfillmentStatus')
  const status = statusField.text() ?? ''
  const grandTotal = order.at('proceeds').at('grandTotal')
  if (NOT_READY.includes(status)) {
    return refused('order-not-ready', statusField.path, `the order is ${status}; ask again later`)
  }
  if (status === 'CANCELLED' && !grandTotal.present) {
    return refused('order-cancelled', statusField.path, 'cancelled before it had a price')
  }
  if (!grandTotal.present) {
    const message = 'is not told: ask for includedData=PROCEEDS, or again later'
    return refused('missing-field', grandTotal.path, message)
  }
  const currency = grandTotal.at('currencyCode').currency()
  if (currency === '') return { ok: false, problems }
  const money = readMoney(order, currency)
  money.total = grandTotal.at('amount').needAmount(currency)
  const header = readHeader(order, externalId, channel, currency, money.total)
  const totalField = grandTotal.at('amount').path
  const linesField = order.at('orderItems').path
  return finishAmazonOrder(header, money, { totalField, linesField }, problems)
}

/** One result for each order of a `searchOrders` answer. */
export function amazonOrders2026(document: unknown, channel: string): Translated<OrderDocument>[] {
  const orders = new Field(document, []).at('orders')
  if (!Array.isArray(orders.value)) {
    return [refused('wrong-document', 'orders', 'expected a page of Amazon orders')]
  }
  return orders.list().map((order) => amazonOrder2026(order.value, channel))
}

/** Items cancelled before shipment stay in the document with a quantity of nothing. */
function readMoney(order: Field, currency: string): AmazonMoney {
  const items = order
    .at('orderItems')
    .list()
    .filter((item) => !item.at('quantityOrdered').isZero)
  const money: AmazonMoney = { lines: [], services: [], shipping: [], total: 0n }
  const seen = new Set<string>()
  for (const item of items) readItem(item, currency, money, seen)
  const whole = breakdownsOf(order.at('proceeds'), currency)
  for (const part of whole) {
    if (!seen.has(part.type)) addToOrder(part, money)
  }
  return money
}

interface Breakdown {
  type: string
  amount: bigint
  field: Field
}

function breakdownsOf(proceeds: Field, currency: string): Breakdown[] {
  return proceeds
    .at('breakdowns')
    .list()
    .map((part) => {
      const money = part.at('subtotal')
      // Discounts are told with a minus in some marketplaces and without in others.
      const signed = money.firstOf('amount').amount(currency) ?? 0n
      const type = part.at('type').needText()
      const discount = type === 'DISCOUNT' && signed < 0n
      return { type, amount: discount ? -signed : amazonMoney(money, currency), field: part }
    })
}

function readItem(item: Field, currency: string, money: AmazonMoney, seen: Set<string>): void {
  const quantity = item.at('quantityOrdered').quantity()
  const parts = breakdownsOf(item.at('proceeds'), currency)
  checkProceeds(item, parts, currency)
  for (const part of parts) seen.add(part.type)
  const sumOf = (type: string) =>
    parts.filter((part) => part.type === type).reduce((all, part) => all + part.amount, 0n)
  const unitPrice = item.at('product').at('price').at('unitPrice')
  const listed = unitPrice.at('amount').amountTimes(quantity, currency) ?? 0n
  const gross = parts.some((part) => part.type === 'ITEM') ? sumOf('ITEM') : listed
  const taxes = taxShares(parts, currency)
  const id = item.at('orderItemId').needId()
  money.lines.push({ ...goodsLine(item, id, quantity, gross, sumOf('DISCOUNT')), tax: taxes.item })
  if (sumOf('SHIPPING') > 0n) {
    money.shipping.push({
      title: 'Shipping',
      amount: sumOf('SHIPPING'),
      discounts: [],
      taxes: [],
      path: item.at('proceeds').path,
      tax: taxes.shipping,
    })
  }
  for (const part of parts) addService(part, `${id}#${part.type.toLowerCase()}`, money)
}

function goodsLine(
  item: Field,
  id: string,
  quantity: number,
  gross: bigint,
  discount: bigint,
): DraftLine {
  const product = item.at('product')
  const promotions = item.at('promotion').at('breakdowns').list()
  const ids = promotions.map((promotion) => promotion.at('promotionId').text())
  const code =
    ids
      .filter((promotion) => promotion !== null)
      .join(',')
      .slice(0, 100) || 'promotion'
  const preference = item.at('fulfillment').at('picking').at('substitutionPreference')
  const substitution = preference.at('substitutionType').value
  return {
    externalLineId: id,
    externalListingId: product.at('asin').id(),
    sku: product.at('sellerSku').text(),
    title: product.at('title').text() ?? '',
    quantity,
    gross,
    discounts: discount > 0n ? [{ code, amount: discount, fundedBy: 'merchant' }] : [],
    taxes: [],
    requiresShipping: true,
    giftCard: false,
    path: item.path,
    ...(substitution === undefined
      ? {}
      : { substitutionConsent: substitution !== 'DO_NOT_SUBSTITUTE' }),
  }
}

/** Tax on shipping is told apart only in the detailed breakdown; the rest is on the goods. */
function taxShares(parts: Breakdown[], currency: string): { item: TaxShares; shipping: TaxShares } {
  const taxes = parts.filter((part) => part.type === 'TAX')
  const total = taxes.reduce((all, part) => all + part.amount, 0n)
  const shipping = taxes
    .flatMap((part) => part.field.at('detailedBreakdowns').list())
    .filter((detail) => detail.at('subtype').value === 'SHIPPING')
    .reduce((all, detail) => all + amazonMoney(detail.at('value'), currency), 0n)
  const hasShipping = parts.some((part) => part.type === 'SHIPPING' && part.amount > 0n)
  const onShipping = hasShipping && shipping <= total ? shipping : 0n
  const share = (full: bigint): TaxShares => ({ full, forgone: 0n, collectedBy: null })
  return { item: share(total - onShipping), shipping: share(onShipping) }
}

function checkProceeds(item: Field, parts: Breakdown[], currency: string): void {
  const total = item.at('proceeds').at('proceedsTotal')
  if (!total.present || parts.length === 0) return
  const stated = amazonMoney(total, currency)
  const signed = parts.map((part) => (part.type === 'DISCOUNT' ? -part.amount : part.amount))
  const sum = signed.reduce((all, amount) => all + amount, 0n)
  const withoutTax =
    sum - parts.reduce((t, part) => t + (part.type === 'TAX' ? part.amount : 0n), 0n)
  if (stated === sum || stated === withoutTax) return
  total.refuse(
    'totals-do-not-foot',
    `says ${formatMinor(stated, currency)}, its breakdowns ${formatMinor(sum, currency)}`,
  )
}

function addService(part: Breakdown, id: string, money: AmazonMoney): void {
  const title = Object.hasOwn(SERVICES, part.type) ? SERVICES[part.type]! : null
  if (title === null || part.amount === 0n) return
  const tax: TaxShares = { full: 0n, forgone: 0n, collectedBy: null }
  money.services.push({ ...serviceLine(id, title, part.amount, part.field.path), tax })
}

/** What only the order tells: a tip, or the tax of an answer without item breakdowns. */
function addToOrder(part: Breakdown, money: AmazonMoney): void {
  if (part.type === 'TAX') {
    if (money.lines.length === 0 || money.lines.some((line) => line.gross < 0n)) return
    const shares = apportion(
      part.amount,
      money.lines.map((line) => line.gross),
    )
    money.lines.forEach((line, n) => {
      line.tax = { ...line.tax, full: line.tax.full + shares[n]! }
    })
  } else if (part.type === 'SHIPPING' && part.amount > 0n) {
    const tax: TaxShares = { full: 0n, forgone: 0n, collectedBy: null }
    const { amount } = part
    const path = part.field.path
    money.shipping.push({ title: 'Shipping', amount, discounts: [], taxes: [], path, tax })
  } else {
    addService(part, part.type.toLowerCase(), money)
  }
}

function readHeader(
  order: Field,
  externalId: string,
  channel: string,
  currency: string,
  total: bigint,
): OrderHeader {
  const fulfillment = order.at('fulfillment')
  const updatedAt = order.at('lastUpdatedTime').needInstant()
  const service = fulfillment.at('fulfillmentServiceLevel').text()
  const shipBy = fulfillment.at('shipByWindow').at('latestDateTime').instant()
  const deliverBy = fulfillment.at('deliverByWindow').at('latestDateTime').instant()
  const address = order.at('recipient').at('deliveryAddress')
  const shipTo = readPlace(address, {
    name: 'name',
    company: 'companyName',
    lines: ['addressLine1', 'addressLine2', 'addressLine3'],
    city: 'city',
    region: 'stateOrRegion',
    postalCode: 'postalCode',
    country: 'countryCode',
  })
  return {
    channel,
    externalId,
    externalVersion: updatedAt,
    orderNumber: externalId,
    placedAt: order.at('createdTime').needInstant(),
    currency,
    customer: {
      externalId: null,
      name: order.at('buyer').at('buyerName').text() ?? shipTo?.name ?? null,
      email: order.at('buyer').at('buyerEmail').text(),
      phone: address.at('phone').text(),
    },
    shipTo,
    billTo: null,
    payment: {
      state: 'marketplace',
      provider: 'amazon',
      reference: null,
      amountMinor: total.toString(),
    },
    fulfilledBy: fulfillment.at('fulfilledBy').value === 'AMAZON' ? 'channel' : 'merchant',
    ...(service === null ? {} : { requestedService: service }),
    ...(shipBy === null ? {} : { shipBy }),
    ...(deliverBy === null ? {} : { deliverBy }),
    ...(fulfillment.at('fulfillmentStatus').value === 'CANCELLED'
      ? { cancelled: { at: updatedAt, reason: 'cancelled' } }
      : {}),
  }
}
