import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { shopifyOrder, shopifyOrders } from '#connectors/shopify/shopify-order'
import { parseShopifyJson, shopifyTopic, verifyShopifyHmac } from '#connectors/shopify/webhook'
import { orderOf, problemsOf } from './expectations.ts'

const line = {
  id: 11,
  variant_id: 21,
  sku: 'MUG',
  title: 'Mug',
  quantity: 3,
  price: '10.00',
  tax_lines: [{ title: 'NY', rate: 0.08875, price: '2.40' }],
  discount_allocations: [{ amount: '3.00', discount_application_index: 0 }],
}

/** 3 x 10.00 − 3.00 + 2.40 tax + 5.00 shipping = 34.40. */
const order = {
  id: 1001,
  name: '#1001',
  currency: 'USD',
  created_at: '2026-01-31T20:00:00-05:00',
  updated_at: '2026-01-31T20:00:05-05:00',
  financial_status: 'paid',
  taxes_included: false,
  total_line_items_price: '30.00',
  total_discounts: '3.00',
  subtotal_price: '27.00',
  total_tax: '2.40',
  total_price: '34.40',
  payment_gateway_names: ['gift_card', 'shopify_payments'],
  discount_applications: [{ type: 'discount_code', code: 'TENOFF' }],
  line_items: [line],
  shipping_lines: [{ title: 'Standard', price: '5.00' }],
  shipping_address: { first_name: 'Ann', last_name: 'Lee', city: 'Ghent', country_code: 'BE' },
  customer: { id: 7, first_name: 'Ann', last_name: 'Lee', email: 'ann@example.com' },
}

const read = (changes: object = {}) => shopifyOrder({ ...order, ...changes }, 'shopify-us')

describe('a Shopify order', () => {
  test('becomes a neutral document with its instants in UTC', () => {
    expect(orderOf(read())).toMatchObject({
      externalId: '1001',
      externalVersion: '2026-02-01T01:00:05.000Z',
      placedAt: '2026-02-01T01:00:00.000Z',
      lines: [
        {
          sku: 'MUG',
          unitPriceMinor: '1000',
          discounts: [{ code: 'TENOFF', amountMinor: '300', fundedBy: 'merchant' }],
          taxes: [
            { jurisdiction: 'NY', ratePpm: 88750, amountMinor: '240', collectedBy: 'seller' },
          ],
        },
      ],
      payment: { state: 'captured', provider: 'shopify_payments', amountMinor: '3440' },
      shipTo: { name: 'Ann Lee', country: 'BE' },
    })
  })

  test('is read from a REST answer too, and problems name the path in there', () => {
    expect(orderOf(shopifyOrder({ order }, 'us'))).toEqual(orderOf(shopifyOrder(order, 'us')))
    const wrapped = { order: { ...order, line_items: [{ ...line, price: 'ten' }] } }
    expect(problemsOf(shopifyOrder(wrapped, 'us'))).toContain(
      'not-a-decimal order.line_items[0].price',
    )
  })

  test('versions compare as text whatever zone they were written in', () => {
    const earlier = orderOf(read({ updated_at: '2026-03-29T01:30:00+02:00' })).externalVersion
    const later = orderOf(read({ updated_at: '2026-03-28T23:45:00Z' })).externalVersion
    expect(earlier < later).toBe(true)
  })

  test('is booked in shop money', () => {
    const set = (shop: string, shown: string) => ({
      shop_money: { amount: shop, currency_code: 'USD' },
      presentment_money: { amount: shown, currency_code: 'EUR' },
    })
    const changes = { total_price_set: set('34.40', '31.00'), presentment_currency: 'EUR' }
    expect(orderOf(read(changes)).total).toEqual({ currency: 'USD', minor: '3440' })
    const wrong = { total_price_set: { shop_money: { amount: '34.40', currency_code: 'EUR' } } }
    expect(problemsOf(read(wrong))).toEqual([
      'currency-mismatch total_price_set.shop_money.currency_code',
    ])
  })

  test('may include tax in its prices', () => {
    const order = orderOf(read({ taxes_included: true, total_price: '32.00' }))
    expect(order.pricesIncludeTax).toBe(true)
  })

  test('that was converted keeps the cent of rounding in sight', () => {
    const changes = { presentment_currency: 'EUR', total_price: '34.41' }
    const order = orderOf(read(changes))
    expect(order.lines.at(-1)).toMatchObject({ externalLineId: 'rounding', unitPriceMinor: '1' })
    const less = orderOf(read({ ...changes, total_price: '34.39' }))
    expect(less.orderDiscounts).toMatchObject([{ code: 'rounding', amountMinor: '1' }])
  })

  test('of 2017 tells its discount only for the order', () => {
    const old = { ...line, discount_allocations: undefined, tax_lines: undefined }
    const changes = { line_items: [old], discount_codes: [{ code: 'OLD', amount: '3.00' }] }
    const read2017 = orderOf(read({ ...changes, tax_lines: [{ title: 'NY', price: '2.40' }] }))
    expect(read2017.orderDiscounts).toMatchObject([{ code: 'OLD', amountMinor: '300' }])
    expect(read2017.lines[0]!.taxes).toMatchObject([{ jurisdiction: 'NY', amountMinor: '240' }])
  })

  test('lays a tax that only the order knows on its taxable lines, by largest remainder', () => {
    const plain = (id: number, taxable: boolean) => ({ id, quantity: 1, price: '10.00', taxable })
    const changes = {
      line_items: [plain(1, true), plain(2, true), plain(3, true), plain(4, false)],
      shipping_lines: [],
      total_line_items_price: '40.00',
      subtotal_price: '40.00',
      total_discounts: '0.00',
      total_tax: '1.00',
      tax_lines: [{ title: 'VAT', rate: 0.0333, price: '1.00' }],
      total_price: '41.00',
    }
    const { lines } = orderOf(read(changes))
    expect(lines.map((part) => part.taxes[0]?.amountMinor)).toEqual(['34', '33', '33', undefined])
    expect(lines[0]!.sku).toBeNull()
  })

  test('has tips, duties and fees as lines that nobody ships', () => {
    const amount = (text: string) => ({ shop_money: { amount: text, currency_code: 'USD' } })
    const changes = {
      total_tip_received: '2.00',
      original_total_duties_set: amount('4.00'),
      original_total_additional_fees_set: amount('1.50'),
      total_price: '41.90',
    }
    const { lines } = orderOf(read(changes))
    expect(lines.slice(1).map((part) => [part.title, part.unitPriceMinor])).toEqual([
      ['Tip', '200'],
      ['Duties', '400'],
      ['Additional fees', '150'],
    ])
    expect(lines.slice(1).some((part) => part.requiresShipping || part.giftCard)).toBe(false)
  })

  test('leaves out shipping that was removed and discounts what was reduced', () => {
    const shipping_lines = [
      { title: 'Express', price: '20.00', is_removed: true },
      { title: 'Standard', price: '8.00', discounted_price: '5.00' },
    ]
    const { shipping } = orderOf(read({ shipping_lines, total_discounts: '6.00' }))
    expect(shipping).toMatchObject([{ title: 'Standard', discounts: [{ amountMinor: '300' }] }])
  })

  test('knows tax that the channel itself remits', () => {
    const liable = { title: 'NY', rate: 0.08, price: '2.40', channel_liable: true }
    const order = orderOf(read({ line_items: [{ ...line, tax_lines: [liable] }] }))
    expect(order.taxCollectedBy).toBe('marketplace')
    expect(order.lines[0]!.taxes[0]!.collectedBy).toBe('marketplace')
  })

  test('does not ship gift cards', () => {
    const order = orderOf(read({ line_items: [{ ...line, gift_card: true }] }))
    expect(order.lines[0]).toMatchObject({ giftCard: true, requiresShipping: false })
  })

  test.each([
    ['paid', 'captured', '3440'],
    ['partially_refunded', 'captured', '3440'],
    ['refunded', 'captured', '3440'],
    ['authorized', 'authorised', '3440'],
    ['pending', 'pending', '0'],
    ['partially_paid', 'pending', '2440'],
    ['voided', 'pending', '0'],
    [null, 'pending', '0'],
  ])('that is %s has a payment that is %s of %s', (financial_status, state, amountMinor) => {
    const { payment } = orderOf(read({ financial_status, total_outstanding: '10.00' }))
    expect(payment).toMatchObject({ state, amountMinor })
  })

  test('paid in part by gift card names it among the other tenders', () => {
    const transactions = [
      { id: 1, kind: 'sale', status: 'success', gateway: 'gift_card', amount: '4.40' },
      { id: 2, kind: 'sale', status: 'success', gateway: 'shopify_payments', amount: '30.00' },
    ]
    expect(orderOf(read({ transactions })).payment).toMatchObject({
      amountMinor: '3000',
      reference: '2',
      otherTenders: [{ kind: 'gift-card', reference: '1', amountMinor: '440' }],
    })
  })

  test('that was cancelled says when and why', () => {
    const cancelled = { cancelled_at: '2026-02-01T00:00:00Z', cancel_reason: 'customer' }
    const expected = { at: '2026-02-01T00:00:00.000Z', reason: 'customer' }
    expect(orderOf(read(cancelled)).cancelled).toEqual(expected)
  })
})

describe('a Shopify order is refused', () => {
  test.each([
    ['total_price', '34.41'],
    ['subtotal_price', '30.00'],
    ['total_line_items_price', '20.00'],
    ['total_tax', '9.00'],
    ['total_discounts', '2.00'],
  ])('when %s does not add up, with both amounts', (field, amount) => {
    const result = read({ [field]: amount })
    expect(problemsOf(result)).toContain(`totals-do-not-foot ${field}`)
    if (!result.ok) expect(result.problems[0]!.message).toMatch(/\d+\.\d\d.*\d+\.\d\d/)
  })

  test.each([
    [{ line_items: [] }, 'no-lines line_items'],
    [{ currency: 'DOLLARS' }, 'unknown-currency currency'],
    [{ id: undefined }, 'missing-field id'],
    [{ updated_at: 'yesterday' }, 'not-an-instant updated_at'],
    [{ created_at: '2026-02-30T00:00:00Z' }, 'not-an-instant created_at'],
    [{ line_items: 'none' }, 'not-a-list line_items'],
    [{ financial_status: 'lost' }, 'unknown-status financial_status'],
    [{ line_items: [{ ...line, quantity: 1.5 }] }, 'not-an-integer line_items[0].quantity'],
    [{ line_items: [{ ...line, quantity: 0 }] }, 'quantity-out-of-range line_items[0].quantity'],
    [{ line_items: [{ ...line, price: '-1.00' }] }, 'negative-amount line_items[0].price'],
    [{ line_items: [{ ...line, id: 2 ** 53 }] }, 'not-an-id line_items[0].id'],
    [{ id: 'a\nb' }, 'not-an-id id'],
  ])('when %j', (changes, problem) => {
    expect(problemsOf(read(changes))).toContain(problem)
  })

  test('when it is no order, or a page of them', () => {
    expect(problemsOf(shopifyOrder({ count: 1 }, 'us'))).toEqual(['wrong-document $'])
    expect(problemsOf(shopifyOrders({ count: 1 }, 'us')[0]!)).toEqual(['wrong-document orders'])
  })

  test('a draft is no order yet, wrapped or as its webhook sends it', () => {
    expect(problemsOf(shopifyOrder({ draft_order: order }, 'us'))).toEqual([
      'wrong-document draft_order',
    ])
    expect(problemsOf(shopifyOrder({ ...order, invoice_sent_at: null }, 'us'))).toEqual([
      'wrong-document invoice_sent_at',
    ])
    expect(shopifyOrders({ orders: [order, {}] }, 'us').map((result) => result.ok)).toEqual([
      true,
      false,
    ])
  })
})

describe('a Shopify webhook', () => {
  const body = Buffer.from('{"id":1}')
  const sign = (secret: string) => createHmac('sha256', secret).update(body).digest('base64')

  test('is genuine under any current secret and under no other', () => {
    expect(verifyShopifyHmac(body, sign('new'), ['old', 'new'])).toBe(true)
    expect(verifyShopifyHmac(body, sign('old'), ['old', 'new'])).toBe(true)
    expect(verifyShopifyHmac(body, sign('other'), ['old', 'new'])).toBe(false)
    expect(verifyShopifyHmac(Buffer.from('{"id":2}'), sign('new'), ['new'])).toBe(false)
    for (const header of [undefined, '', 'x', ['a', 'b']]) {
      expect(verifyShopifyHmac(body, header, ['new'])).toBe(false)
    }
    expect(verifyShopifyHmac(body, sign(''), [''])).toBe(false)
  })

  test('keeps every digit of an id beyond 2^53 and no digit of a text', () => {
    const raw = '{"id":9007199254740993,"t":"\\"9007199254740993","n":-1.5e3,"s":9007199254740991}'
    expect(parseShopifyJson(raw)).toEqual({
      ok: true,
      value: { id: '9007199254740993', t: '"9007199254740993', n: -1500, s: 9007199254740991 },
    })
    const order = parseShopifyJson('\uFEFF[9007199254740993, 12345678901234567890.5]')
    expect(order).toEqual({ ok: true, value: ['9007199254740993', 12345678901234567890.5] })
    expect(problemsOf(parseShopifyJson('{"id":"9007199254740993'))).toEqual(['not-json $'])
  })

  test('is told apart by its topic', () => {
    expect(shopifyTopic('orders/create')).toEqual({ ok: true, value: 'placed' })
    expect(problemsOf(shopifyTopic('products/update'))).toEqual([
      'topic-not-handled X-Shopify-Topic',
    ])
    expect(shopifyTopic('constructor').ok).toBe(false)
  })
})
