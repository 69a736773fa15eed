import { describe, expect, test } from 'vitest'
import { amazonOrder2026, amazonOrders2026 } from '#connectors/amazon/amazon-order-2026'
import { amazonOrder, amazonOrders } from '#connectors/amazon/amazon-order'
import { orderOf, problemsOf } from './expectations.ts'

const usd = (Amount: string) => ({ CurrencyCode: 'USD', Amount })

const order = {
  AmazonOrderId: '902-1-1',
  PurchaseDate: '2026-01-31T10:00:00Z',
  LastUpdateDate: '2026-01-31T11:00:00Z',
  OrderStatus: 'Unshipped',
  FulfillmentChannel: 'MFN',
  OrderTotal: usd('12.80'),
  LatestShipDate: '2026-02-02T23:59:59Z',
  ShippingAddress: { Name: 'Ann', AddressLine1: '1 St', City: 'Canton', CountryCode: 'US' },
}

/** 3 for 10.00 − 1.00, tax 0.80; shipping 3.00. */
const item = {
  OrderItemId: '77',
  ASIN: 'B0',
  SellerSKU: 'MUG',
  Title: 'Mug',
  QuantityOrdered: 3,
  ItemPrice: usd('10.00'),
  ItemTax: usd('0.80'),
  PromotionDiscount: usd('1.00'),
  PromotionIds: ['SPRING'],
  ShippingPrice: usd('3.00'),
}

const items = (changes: object = {}) => ({
  payload: { AmazonOrderId: '902-1-1', OrderItems: [{ ...item, ...changes }] },
})
const read = (changes: object = {}, itemChanges: object = {}) =>
  amazonOrder({ payload: { ...order, ...changes } }, items(itemChanges), 'amazon-us')

describe('an Amazon order', () => {
  test('is settled by the marketplace, which collects the tax on top', () => {
    const read902 = orderOf(read())
    expect(read902).toMatchObject({
      externalId: '902-1-1',
      pricesIncludeTax: false,
      taxCollectedBy: 'marketplace',
      fulfilledBy: 'merchant',
      payment: { state: 'marketplace', provider: 'amazon' },
      shipBy: '2026-02-02T23:59:59.000Z',
      shipping: [{ amountMinor: '300' }],
    })
    expect(read902.lines).toMatchObject([
      { externalLineId: '77', quantity: 2, unitPriceMinor: '333', sku: 'MUG' },
      { externalLineId: '77#2', quantity: 1, unitPriceMinor: '334' },
    ])
    expect(read902.lines[0]!.discounts).toMatchObject([{ code: 'SPRING', fundedBy: 'merchant' }])
  })

  test('of a European marketplace has its tax within its prices', () => {
    const european = orderOf(read({ OrderTotal: usd('12.00') }))
    expect(european).toMatchObject({ pricesIncludeTax: true, taxCollectedBy: 'seller' })
  })

  test('may tell the tax on its promotion apart', () => {
    const net = orderOf(read({ OrderTotal: usd('12.70') }, { PromotionDiscountTax: usd('0.10') }))
    const tax = net.lines.flatMap((line) => line.taxes).map((part) => Number(part.amountMinor))
    expect(tax.reduce((all, part) => all + part)).toBe(70)
  })

  test("whose tax Amazon hands on to the seller is the seller's to remit", () => {
    const standard = read({}, { TaxCollection: { Model: 'Standard' } })
    expect(orderOf(standard).taxCollectedBy).toBe('seller')
  })

  test('that Amazon ships is not for our sites', () => {
    expect(orderOf(read({ FulfillmentChannel: 'AFN' })).fulfilledBy).toBe('channel')
  })

  test('has gift wrap and cash on delivery as service lines', () => {
    const extras = { BuyerInfo: { GiftWrapPrice: usd('2.00'), GiftWrapTax: usd('0.20') } }
    const wrapped = orderOf(read({ OrderTotal: usd('15.00') }, extras))
    expect(wrapped.lines.at(-1)).toMatchObject({ title: 'Gift wrap', requiresShipping: false })
  })

  test('that is pending is refused until it is ready', () => {
    const pending = { OrderStatus: 'Pending', OrderTotal: undefined }
    expect(problemsOf(read(pending))).toEqual(['order-not-ready payload.OrderStatus'])
  })

  test('is refused for what is wrong', () => {
    expect(problemsOf(read({ OrderTotal: usd('99.00') }))).toEqual([
      'totals-do-not-foot payload.OrderTotal.Amount',
    ])
    expect(problemsOf(amazonOrder(order, undefined, 'a'))).toEqual(['missing-items OrderItems'])
    expect(problemsOf(read({ OrderStatus: 'Canceled', OrderTotal: undefined }))).toEqual([
      'order-cancelled payload.OrderStatus',
    ])
    expect(problemsOf(read({ AmazonOrderId: 'other' }))).toEqual([
      'wrong-document payload.AmazonOrderId',
    ])
    const page = { payload: { ...items().payload, NextToken: 'more' } }
    expect(problemsOf(amazonOrder(order, page, 'a'))).toEqual([
      'incomplete-items payload.NextToken',
    ])
    expect(problemsOf(read({}, { ItemPrice: { CurrencyCode: 'EUR', Amount: '10.00' } }))).toContain(
      'currency-mismatch payload.OrderItems[0].ItemPrice.CurrencyCode',
    )
  })

  test('comes in pages, one result each', () => {
    const page = { payload: { Orders: [order, { ...order, AmazonOrderId: 'x' }] } }
    const results = amazonOrders(page, (id) => (id === '902-1-1' ? items() : undefined), 'a')
    expect(results.map((result) => result.ok)).toEqual([true, false])
    expect(problemsOf(amazonOrders({}, () => undefined, 'a')[0]!)).toEqual([
      'wrong-document payload.Orders',
    ])
  })
})

describe('an Amazon order of 2026', () => {
  const gbp = (amount: string) => ({ amount, currencyCode: 'GBP' })
  const part = (type: string, amount: string, more: object = {}) => ({
    type,
    subtotal: gbp(amount),
    ...more,
  })
  const order2026 = {
    orderId: '202-1',
    createdTime: '2026-01-31T10:00:00Z',
    lastUpdatedTime: '2026-01-31T11:00:00Z',
    recipient: { deliveryAddress: { name: 'Jo', city: 'Leeds', countryCode: 'GB' } },
    proceeds: {
      grandTotal: gbp('15.00'),
      breakdowns: [part('ITEM', '9.00'), part('DELIVERY_TIP', '2.00')],
    },
    fulfillment: { fulfillmentStatus: 'UNSHIPPED', fulfilledBy: 'AMAZON' },
    orderItems: [
      {
        orderItemId: '5',
        quantityOrdered: 3,
        product: { asin: 'B0', sellerSku: 'MUG', price: { unitPrice: gbp('3.00') } },
        proceeds: {
          breakdowns: [
            part('ITEM', '9.00'),
            part('SHIPPING', '3.00'),
            part('TAX', '2.00', {
              detailedBreakdowns: [{ subtype: 'SHIPPING', value: gbp('0.50') }],
            }),
            part('DISCOUNT', '-1.00'),
          ],
        },
        promotion: { breakdowns: [{ promotionId: 'BOX' }] },
      },
    ],
  }

  test('holds its items, its tip and its tax on shipping', () => {
    const read202 = orderOf(amazonOrder2026({ order: order2026 }, 'amazon-uk'))
    expect(read202).toMatchObject({
      fulfilledBy: 'channel',
      lines: [
        { unitPriceMinor: '300', discounts: [{ code: 'BOX', amountMinor: '100' }] },
        { title: 'Tip', unitPriceMinor: '200' },
      ],
      shipping: [{ amountMinor: '300', taxes: [{ amountMinor: '50' }] }],
    })
  })

  test('is refused while it is pending, or when its breakdowns do not add up', () => {
    const pending = { ...order2026, fulfillment: { fulfillmentStatus: 'PENDING' } }
    expect(problemsOf(amazonOrder2026(pending, 'a'))).toEqual([
      'order-not-ready fulfillment.fulfillmentStatus',
    ])
    const [item5] = order2026.orderItems
    const proceeds = { ...item5!.proceeds, proceedsTotal: gbp('7.00') }
    const wrong = { ...order2026, orderItems: [{ ...item5, proceeds }] }
    expect(problemsOf(amazonOrder2026(wrong, 'a'))).toEqual([
      'totals-do-not-foot orderItems[0].proceeds.proceedsTotal',
    ])
    expect(amazonOrders2026({ orders: [order2026, {}] }, 'a').map((one) => one.ok)).toEqual([
      true,
      false,
    ])
  })
})
