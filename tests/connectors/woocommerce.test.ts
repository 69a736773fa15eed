import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { woocommerceTopic, verifyWoocommerceSignature } from '#connectors/woocommerce/webhook'
import { woocommerceOrder, woocommerceOrders } from '#connectors/woocommerce/woocommerce-order'
import { orderOf, problemsOf } from './expectations.ts'

/** 3 pieces for 10.00, of which a coupon takes 1.00; 19% tax 1.71; shipping 5.00 + 0.95. */
const order = {
  id: 55,
  number: 'W-55',
  status: 'processing',
  currency: 'EUR',
  date_created_gmt: '2026-01-31T10:00:00',
  date_modified_gmt: '2026-01-31T10:00:05',
  date_paid_gmt: '2026-01-31T10:00:04',
  payment_method: 'stripe',
  transaction_id: 'ch_1',
  prices_include_tax: false,
  total: '16.66',
  total_tax: '2.66',
  customer_id: 0,
  billing: { first_name: 'Ann', last_name: 'Lee', country: 'DE', email: 'ann@example.com' },
  shipping: { first_name: '', last_name: '', country: '' },
  line_items: [
    {
      id: 1,
      name: 'Mug',
      product_id: 7,
      variation_id: 0,
      sku: 'MUG',
      quantity: '3',
      subtotal: '10.00',
      subtotal_tax: '1.90',
      total: '9.00',
      total_tax: '1.71',
      taxes: [{ id: 4, total: '1.7123', subtotal: '1.9' }],
    },
  ],
  shipping_lines: [
    { method_title: 'Flat', total: '5.00', total_tax: '0.95', taxes: [{ id: 4, total: '0.95' }] },
  ],
  tax_lines: [{ rate_id: '4', rate_code: 'DE-VAT', rate_percent: 19 }],
  coupon_lines: [{ code: 'ONE', discount: '1.00' }],
  fee_lines: [] as object[],
}

const read = (changes: object = {}) => woocommerceOrder({ ...order, ...changes }, 'woo')

describe('a WooCommerce order', () => {
  test('becomes a neutral document, with a price that does not divide on two lines', () => {
    const read55 = orderOf(read())
    expect(read55).toMatchObject({
      externalId: '55',
      orderNumber: 'W-55',
      externalVersion: '2026-01-31T10:00:05.000Z',
      customer: { externalId: null, name: 'Ann Lee' },
      shipTo: { country: 'DE' },
      payment: { state: 'captured', provider: 'stripe', reference: 'ch_1', amountMinor: '1666' },
      total: { currency: 'EUR', minor: '1666' },
    })
    expect(read55.lines).toMatchObject([
      { externalLineId: '1', quantity: 2, unitPriceMinor: '333', externalListingId: '7' },
      { externalLineId: '1#2', quantity: 1, unitPriceMinor: '334' },
    ])
    expect(read55.lines[0]!.taxes).toMatchObject([{ jurisdiction: 'DE-VAT', ratePpm: 190000 }])
    expect(read55.lines.flatMap((line) => line.discounts)).toMatchObject([
      { code: 'ONE' },
      { code: 'ONE' },
    ])
  })

  test('of a shop with gross prices shows what the customer saw', () => {
    const gross = orderOf(read({ prices_include_tax: true }))
    expect(gross.pricesIncludeTax).toBe(true)
    expect(gross.shipping[0]!.amountMinor).toBe('595')
    const listed = gross.lines.map((line) => BigInt(line.unitPriceMinor) * BigInt(line.quantity))
    expect(listed.reduce((all, amount) => all + amount)).toBe(1190n)
  })

  test('has fees as service lines and rebates as order discounts that lower the tax', () => {
    const fee = { id: 8, name: 'Wrapping', total: '2.00', total_tax: '0.38' }
    const rebate = { id: 9, name: 'Loyal', total: '-1.00', total_tax: '-0.19' }
    const changes = { fee_lines: [fee, rebate], total: '17.85', total_tax: '2.85' }
    const withFees = orderOf(read(changes))
    expect(withFees.lines.at(-1)).toMatchObject({ title: 'Wrapping', requiresShipping: false })
    expect(withFees.orderDiscounts).toMatchObject([{ code: 'Loyal', amountMinor: '100' }])
    orderOf(read({ ...changes, prices_include_tax: true }))
  })

  test.each([
    ['pending', 'pending'],
    ['on-hold', 'pending'],
    ['failed', 'pending'],
    ['processing', 'captured'],
    ['completed', 'captured'],
    ['refunded', 'captured'],
    ['packed-by-plugin', 'captured'],
  ])('that is %s has a payment that is %s', (status, state) => {
    expect(orderOf(read({ status })).payment.state).toBe(state)
  })

  test('to be paid on delivery is on account', () => {
    const cod = { payment_method: 'cod', date_paid_gmt: null }
    expect(orderOf(read(cod)).payment).toMatchObject({ state: 'terms', amountMinor: '0' })
  })

  test('that was cancelled says so', () => {
    expect(orderOf(read({ status: 'cancelled', date_paid_gmt: null }))).toMatchObject({
      cancelled: { at: '2026-01-31T10:00:05.000Z' },
      payment: { state: 'pending' },
    })
  })

  test('of the legacy API is read by its own names', () => {
    const legacy = {
      order: {
        id: 645,
        order_number: 645,
        created_at: '2015-01-26T20:00:21Z',
        updated_at: '2015-01-26T20:00:22Z',
        status: 'processing',
        currency: 'USD',
        total: '16.50',
        total_tax: '1.50',
        shipping_tax: '0.50',
        payment_details: { method_id: 'bacs', paid: true },
        billing_address: { first_name: 'Jo', country: 'US' },
        line_items: [
          {
            id: 1,
            subtotal: '10.00',
            subtotal_tax: '1.00',
            total: '10.00',
            total_tax: '1.00',
            quantity: 2,
          },
        ],
        shipping_lines: [{ method_title: 'Flat', total: '5.00' }],
        tax_lines: [{ rate_id: 5, code: 'US-CA', total: '1.50' }],
      },
    }
    expect(orderOf(woocommerceOrder(legacy, 'woo'))).toMatchObject({
      externalId: '645',
      payment: { provider: 'bacs', state: 'captured' },
      shipping: [{ amountMinor: '500', taxes: [{ amountMinor: '50' }] }],
    })
  })

  test('is refused for what is wrong, in its own words', () => {
    expect(problemsOf(read({ total: '99.00' }))).toEqual(['totals-do-not-foot total'])
    expect(problemsOf(read({ total_tax: '9.00' }))).toEqual(['totals-do-not-foot total_tax'])
    expect(problemsOf(read({ status: 'checkout-draft' }))).toEqual(['order-not-ready status'])
    expect(problemsOf(read({ line_items: [] }))).toContain('no-lines line_items')
    expect(problemsOf(read({ date_modified_gmt: undefined }))).toEqual([
      'missing-field date_modified_gmt',
    ])
    expect(problemsOf(woocommerceOrder([order], 'woo'))).toEqual(['wrong-document $'])
  })

  test('comes in pages, legacy pages and batches', () => {
    expect(woocommerceOrders([order, order], 'woo')).toHaveLength(2)
    expect(woocommerceOrders({ orders: [order] }, 'woo')).toHaveLength(1)
    expect(
      woocommerceOrders({ create: [order], update: [order], delete: [1] }, 'woo'),
    ).toHaveLength(2)
    expect(woocommerceOrders([], 'woo')).toEqual([])
    expect(problemsOf(woocommerceOrders({}, 'woo')[0]!)).toEqual(['wrong-document $'])
  })
})

test('a WooCommerce webhook is signed over its raw body and told apart by its topic', () => {
  const body = Buffer.from('{}')
  const signature = createHmac('sha256', 's').update(body).digest('base64')
  expect(verifyWoocommerceSignature(body, signature, ['s'])).toBe(true)
  expect(verifyWoocommerceSignature(body, signature, ['t'])).toBe(false)
  expect(woocommerceTopic('order.created')).toEqual({ ok: true, value: 'placed' })
  expect(problemsOf(woocommerceTopic('order.deleted'))).toEqual([
    'topic-not-handled X-WC-Webhook-Topic',
  ])
})
