import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amazonOrder2026, amazonOrders2026 } from '#connectors/amazon/amazon-order-2026'
import { amazonOrder, amazonOrders } from '#connectors/amazon/amazon-order'
import { parseLosslessJson } from '#connectors/lossless-json'
import { readOrderDocument } from '#connectors/neutral/order-document'
import { shopifyOrder, shopifyOrders } from '#connectors/shopify/shopify-order'
import { readUciDay } from '#connectors/uci/uci-day'
import { woocommerceOrder, woocommerceOrders } from '#connectors/woocommerce/woocommerce-order'
import { formatMinor } from '#domain/money'
import { orderOf } from './expectations.ts'

const currency = fc.constantFrom('USD', 'JPY', 'KWD')
const price = fc.bigInt({ min: 0n, max: 10_000_00n })
const randomLine = fc.record({
  price,
  quantity: fc.integer({ min: 1, max: 1000 }),
  discountPercent: fc.integer({ min: 0, max: 100 }),
  tax: price,
  liable: fc.boolean(),
})
const randomOrder = fc.record({
  currency,
  lines: fc.array(randomLine, { minLength: 1, maxLength: 8 }),
  shipping: fc.array(price, { maxLength: 2 }),
  tip: price,
  taxesIncluded: fc.boolean(),
  withSets: fc.boolean(),
})

type RandomOrder = typeof randomOrder extends fc.Arbitrary<infer T> ? T : never

function shopifyDocument(order: RandomOrder) {
  const text = (minor: bigint) => formatMinor(minor, order.currency)
  const set = (minor: bigint) => ({
    shop_money: { amount: text(minor), currency_code: order.currency },
  })
  const lines = order.lines.map((line, n) => {
    const gross = line.price * BigInt(line.quantity)
    const discount = (gross * BigInt(line.discountPercent)) / 100n
    return { ...line, n, gross, discount }
  })
  const all = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
  const gross = all(lines.map((line) => line.gross))
  const discounts = all(lines.map((line) => line.discount))
  const tax = all(lines.map((line) => line.tax))
  const total =
    gross - discounts + all(order.shipping) + order.tip + (order.taxesIncluded ? 0n : tax)
  return {
    id: '9007199254740993',
    currency: order.currency,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    taxes_included: order.taxesIncluded,
    total_line_items_price: text(gross),
    total_discounts: text(discounts),
    subtotal_price: text(gross - discounts),
    total_tax: text(tax),
    total_tip_received: text(order.tip),
    total_price: text(total),
    line_items: lines.map((line) => ({
      id: line.n,
      quantity: line.quantity,
      price: text(line.price),
      ...(order.withSets ? { price_set: set(line.price) } : {}),
      tax_lines: [{ title: 'T', rate: 0.1, price: text(line.tax), channel_liable: line.liable }],
      discount_allocations: [{ amount: text(line.discount) }],
    })),
    shipping_lines: order.shipping.map((amount) => ({ title: 'S', price: text(amount) })),
  }
}

test('any Shopify order that adds up is accepted and its money foots', () => {
  fc.assert(
    fc.property(randomOrder, (order) => {
      const document = shopifyDocument(order)
      const read = orderOf(shopifyOrder(document, 'shopify'))
      expect(formatMinor(BigInt(read.total.minor), order.currency)).toBe(document.total_price)
      expect(read.externalId).toBe('9007199254740993')
    }),
  )
})

test('a Shopify order that is off by a minor unit is refused', () => {
  fc.assert(
    fc.property(randomOrder, (order) => {
      const document = shopifyDocument(order)
      const tip = formatMinor(order.tip + 1_000_000n, order.currency)
      expect(shopifyOrder({ ...document, total_tip_received: tip }, 'shopify').ok).toBe(false)
    }),
  )
})

const woocommerceLine = fc.record({
  quantity: fc.integer({ min: 1, max: 500 }),
  total: price,
  off: price,
  tax: price,
})

test('any WooCommerce order that adds up is accepted to the cent, whatever divides', () => {
  const lines = fc.array(woocommerceLine, { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(
      lines,
      fc.boolean(),
      fc.bigInt({ min: 0n, max: 500n }),
      (parts, included, rebate) => {
        const text = (minor: bigint) => formatMinor(minor, 'EUR')
        const sumOf = (key: 'total' | 'tax') => parts.reduce((all, part) => all + part[key], 0n)
        fc.pre(sumOf('total') >= rebate)
        const document = {
          id: 1,
          status: 'processing',
          currency: 'EUR',
          date_created_gmt: '2026-01-01T00:00:00',
          date_modified_gmt: '2026-01-01T00:00:00',
          prices_include_tax: included,
          total: text(sumOf('total') + sumOf('tax') - rebate),
          total_tax: text(sumOf('tax')),
          fee_lines: [{ id: 9, name: 'Rebate', total: text(-rebate), total_tax: '0.00' }],
          coupon_lines: [
            { code: 'A', discount: '1.00' },
            { code: 'B', discount: '2.00' },
          ],
          line_items: parts.map((part, n) => ({
            id: n + 1,
            quantity: String(part.quantity),
            subtotal: text(part.total + part.off),
            subtotal_tax: text(part.tax),
            total: text(part.total),
            total_tax: text(part.tax),
          })),
        }
        orderOf(woocommerceOrder(document, 'woo'))
      },
    ),
  )
})

const readers: Record<string, (document: unknown) => unknown> = {
  shopify: (document) => [shopifyOrder(document, 'c'), shopifyOrders(document, 'c')],
  woocommerce: (document) => [woocommerceOrder(document, 'c'), woocommerceOrders(document, 'c')],
  amazon: (document) => [
    amazonOrder(document, document, 'c'),
    amazonOrders(document, () => document, 'c'),
    amazonOrder2026(document, 'c'),
    amazonOrders2026(document, 'c'),
  ],
  neutral: readOrderDocument,
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
})

test.each(Object.entries(readers))('%s throws at no garbage', (_name, read) => {
  fc.assert(fc.property(anything, (garbage) => void read(garbage)))
})

const seeds = [
  shopifyDocument({
    currency: 'USD',
    lines: [{ price: 100n, quantity: 2, discountPercent: 10, tax: 5n, liable: true }],
    shipping: [100n],
    tip: 5n,
    taxesIncluded: false,
    withSets: true,
  }),
  {
    id: 1,
    status: 'processing',
    currency: 'EUR',
    date_created_gmt: '2026-01-01T00:00:00',
    date_modified_gmt: '2026-01-01T00:00:00',
    total: '10.00',
    line_items: [{ id: 1, quantity: 3, total: '11.00', total_tax: '0.00', taxes: [{ id: 1 }] }],
    tax_lines: [{ rate_id: 1 }],
    fee_lines: [{ id: 2, total: '-1.00', total_tax: '0' }],
    shipping_lines: [{ total: '0', taxes: [] }],
  },
  {
    payload: {
      AmazonOrderId: '1',
      OrderStatus: 'Unshipped',
      PurchaseDate: '2026-01-01T00:00:00Z',
      LastUpdateDate: '2026-01-01T00:00:00Z',
      OrderTotal: { CurrencyCode: 'USD', Amount: '10.00' },
      OrderItems: [
        {
          OrderItemId: '1',
          QuantityOrdered: 3,
          ItemPrice: { CurrencyCode: 'USD', Amount: '10.00' },
          ItemTax: { CurrencyCode: 'USD', Amount: '0.00' },
        },
      ],
    },
  },
  {
    orderId: '1',
    createdTime: '2026-01-01T00:00:00Z',
    lastUpdatedTime: '2026-01-01T00:00:00Z',
    fulfillment: { fulfillmentStatus: 'SHIPPED' },
    proceeds: { grandTotal: { amount: '10', currencyCode: 'USD' } },
    orderItems: [
      {
        orderItemId: '1',
        quantityOrdered: 1,
        proceeds: {
          breakdowns: [{ type: 'ITEM', subtotal: { amount: '10', currencyCode: 'USD' } }],
        },
      },
    ],
  },
]

/** Deletes, retypes or replaces the value at one path, chosen by `steps`. */
function mutated(value: unknown, steps: number[], replacement: unknown): unknown {
  if (typeof value !== 'object' || value === null || steps.length === 0) return replacement
  const keys = Object.keys(value)
  if (keys.length === 0) return replacement
  const key = keys[steps[0]! % keys.length]!
  const inner = (value as Record<string, unknown>)[key]
  const child = mutated(inner, steps.slice(1), replacement)
  if (Array.isArray(value)) return value.map((entry, n) => (String(n) === key ? child : entry))
  return { ...value, [key]: child }
}

test('a document with one wrong field is accepted with its money in order, or refused', () => {
  const replacement = fc.oneof(
    anything,
    fc.constantFrom(undefined, null, '', '-1', '1e9', NaN, Infinity, '9'.repeat(400), -0, '\0'),
  )
  const steps = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...seeds), steps, replacement, (seed, at, value) => {
      const document = mutated(seed, at, value)
      const results = Object.values(readers).flatMap((read) => [read(document)].flat(2)) as {
        ok: boolean
        problems?: { field: string }[]
      }[]
      for (const result of results) {
        if (result.ok) orderOf(result as Parameters<typeof orderOf>[0])
        else expect(result.problems!.every((problem) => problem.field !== '')).toBe(true)
      }
    }),
    { numRuns: 3000 },
  )
})

test('the seeds themselves are accepted', () => {
  orderOf(shopifyOrder(seeds[0], 'c'))
  orderOf(woocommerceOrder(seeds[1], 'c'))
  orderOf(amazonOrder(seeds[2], seeds[2], 'c'))
  orderOf(amazonOrder2026(seeds[3], 'c'))
})

test('lossless JSON reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const read = parseLosslessJson(text)
      const long = /\d{16}/.test(text)
      if (!long) expect(read).toEqual({ ok: true, value: JSON.parse(text) })
      expect(read.ok).toBe(true)
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => void parseLosslessJson(text)))
})

test('the UCI reader accounts for every row of any text', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('536365', 'C1', 'D', '2', '-1', '0.001', '"'))
  const line = fc.array(cell, { maxLength: 9 }).map((cells) => cells.join(','))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const { rows } = readUciDay(['InvoiceNo', ...lines].join('\n'))
      expect(rows.ordered + rows.cancelled + rows.rejected).toBe(rows.total)
    }),
  )
})
