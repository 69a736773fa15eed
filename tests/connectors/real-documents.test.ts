import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { amazonMessages } from '#connectors/amazon/amazon-message'
import { amazonOrder2026, amazonOrders2026 } from '#connectors/amazon/amazon-order-2026'
import { amazonOrder, amazonOrders } from '#connectors/amazon/amazon-order'
import { readOrderDocument } from '#connectors/neutral/order-document'
import type { Translated } from '#connectors/result'
import { shopifyOrder, shopifyOrders } from '#connectors/shopify/shopify-order'
import { parseShopifyJson } from '#connectors/shopify/webhook'
import { readUciDay } from '#connectors/uci/uci-day'
import { woocommerceOrder, woocommerceOrders } from '#connectors/woocommerce/woocommerce-order'

const shared = join(import.meta.dirname, '../../../shared/data')
const tally = new Map<string, number>()

describe.skipIf(!existsSync(shared))('documents that nobody here wrote', () => {
  afterAll(() => {
    console.table([...tally].sort().map(([outcome, documents]) => ({ outcome, documents })))
  })

  const shopify = [
    ...filesIn('shopify-webhooks', /^orders/),
    ...filesIn('shopify-rest-examples/2022_04/order'),
    ...filesIn('shopify-rest-examples/2025_07/order'),
    ...filesIn('shopify-python-fixtures', /^orders?(_risks?)?\.json/),
    ...filesIn('shopify-vcr-recordings'),
  ]
  test.each(shopify)('Shopify %s', (file) => {
    const parsed = parseShopifyJson(readFileSync(join(shared, file)))
    const document = parsed.ok ? parsed.value : undefined
    const page = (document as { orders?: unknown } | undefined)?.orders
    const results = Array.isArray(page)
      ? shopifyOrders(document, 'shopify-us')
      : [shopifyOrder(document, 'shopify-us')]
    for (const result of results) expectSound('shopify', result)
  })

  const woocommerce = [
    ...filesIn('woocommerce-docs-examples/v3', /^orders/),
    ...filesIn('woocommerce-docs-examples/wp-api-v3', /^orders/),
  ]
  test.each(woocommerce)('WooCommerce %s', (file) => {
    const document = json(file)
    const results =
      'line_items' in document || 'order' in document
        ? [woocommerceOrder(document, 'woo')]
        : woocommerceOrders(document, 'woo')
    expect(results.length).toBeGreaterThan(0)
    for (const result of results) expectSound('woocommerce', result)
  })

  const amazonV0 = [
    ...filesIn('amazon-spapi-examples/ordersV0'),
    ...filesIn('amazon-peddler-recordings/vcr', /^OrdersV0/),
  ]
  test.each(amazonV0)('Amazon orders v0 %s', (file) => {
    const document = json(file)
    const isPage = Array.isArray((document.payload as { Orders?: unknown } | undefined)?.Orders)
    const results = isPage
      ? [
          ...amazonOrders(document, () => undefined, 'amazon'),
          ...amazonOrders(document, oneItem, 'amazon'),
        ]
      : [amazonOrder(document, undefined, 'amazon'), amazonOrder(document, oneItem(), 'amazon')]
    for (const result of results) expectSound('amazon v0', result)
  })

  test.each(filesIn('amazon-spapi-examples/orders_2026-01-01'))('Amazon 2026 %s', (file) => {
    const document = json(file)
    const results =
      'orders' in document
        ? amazonOrders2026(document, 'amazon')
        : [amazonOrder2026(document, 'amazon')]
    for (const result of results) expectSound('amazon 2026', result)
  })

  const drafts = [
    ...filesIn('shopify-rest-examples/2022_04/draft_order'),
    ...filesIn('shopify-rest-examples/2025_07/draft_order'),
  ]
  test.each(drafts)('Shopify %s is no order yet', (file) => {
    const document = json(file)
    const result = shopifyOrder(document, 'shopify-us')
    expectSound('shopify draft', result)
    if ('draft_order' in document || 'draft_orders' in document)
      expect(result).toMatchObject({
        ok: false,
        problems: [{ field: expect.stringMatching(/^draft_order/) }],
      })
  })

  const vendor = [
    'vendorOrders',
    'vendorDirectFulfillmentOrdersV1',
    'vendorDirectFulfillmentOrders_2021-12-28',
  ].flatMap((folder) => filesIn(`amazon-spapi-examples/${folder}`))
  test.each(vendor)('Amazon %s is a vendor order, which is not read', (file) => {
    const document = json(file)
    const reads = amazonMessages(document, 'amazon').map(({ read }) => read)
    for (const read of reads) {
      expect(read.ok).toBe(false)
      expectSound('amazon vendor', read)
    }
    if (JSON.stringify(document).includes('"purchaseOrderNumber":'))
      expect(reads).toMatchObject([
        { problems: [{ field: expect.stringMatching(/purchaseOrderNumber$/) }] },
      ])
  })

  test('every row of every UCI day is in an order, a cancellation or a rejection', () => {
    for (const file of filesIn('uci-online-retail/by-day', /\.csv$/)) {
      const text = readFileSync(join(shared, file), 'utf8')
      const day = readUciDay(text)
      const rows = text.trim().split('\n').length - 1
      expect(day.rows.total, file).toBe(rows)
      expect(day.rows.ordered + day.rows.cancelled + day.rows.rejected).toBe(rows)
      expect(day.cancellations.length + day.rejected.length).toBe(rows - day.rows.ordered)
      for (const order of day.orders) expectSound('uci', { ok: true, value: order })
      for (const row of day.rejected) {
        expect(row.field).not.toBe('')
        count(`uci row refused ${row.code}`)
      }
      count('uci row cancelled', day.rows.cancelled)
      count('uci row ordered', day.rows.ordered)
      expect(exactPennies(day.orders)).toBe(penniesOfSales(text))
    }
  }, 120_000)
})

/** The price of one piece as the order total tells it; Amazon's examples come without items. */
function oneItem(): unknown {
  return {
    payload: {
      OrderItems: [
        {
          OrderItemId: '1',
          SellerSKU: 'S',
          QuantityOrdered: 1,
          ItemPrice: { CurrencyCode: 'USD', Amount: '11.01' },
        },
      ],
    },
  }
}

function expectSound(channel: string, result: Translated<OrderDocument>): void {
  if (result.ok) {
    expect(readOrderDocument(result.value)).toEqual({ ok: true, value: result.value })
    count(`${channel} accepted`)
    return
  }
  expect(result.problems.length).toBeGreaterThan(0)
  for (const problem of result.problems) {
    expect(problem.field).not.toBe('')
    expect(problem.code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  }
  count(
    `${channel} refused ${[...new Set(result.problems.map((problem) => problem.code))].join(', ')}`,
  )
}

function exactPennies(orders: OrderDocument[]): bigint {
  return orders.reduce((total, order) => total + BigInt(order.total.minor), 0n)
}

/** A second reading of the file, by other means: sums tenths of pennies, rounds each row. */
function penniesOfSales(text: string): bigint {
  let pennies = 0n
  for (const line of text.trim().split('\n').slice(1)) {
    const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g)!.map((cell) => cell.replace(/,$/, ''))
    const [invoice, code, , quantity, , price] = cells as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    if (/^[CA]/.test(invoice) || Number(quantity) <= 0 || Number(price) <= 0) continue
    if (['S', 'AMAZONFEE', 'B'].includes(code)) continue
    pennies += BigInt(Math.round((Math.round(Number(price) * 1000) * Number(quantity)) / 10))
  }
  return pennies
}

function count(outcome: string, documents = 1): void {
  tally.set(outcome, (tally.get(outcome) ?? 0) + documents)
}

function filesIn(folder: string, name = /\.json$/): string[] {
  const path = join(shared, folder)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .filter((file) => name.test(file))
    .sort()
    .map((file) => join(folder, file))
}

function json(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(shared, file), 'utf8')) as Record<string, unknown>
}
